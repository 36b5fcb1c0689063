"""Every table of the one schema. `from libs.common import models as m`."""

from libs.common.models.agenda import AgendaCalendar, AgendaEvent, AgendaImport, AgendaKind
from libs.common.models.alerts import Alert, AlertHit, AlertMemory, AlertRule, AlertStep, AlertTelling
from libs.common.models.base import Base
from libs.common.models.bulletin import BulletinText, HubSubscription, PublicationTranslation
from libs.common.models.catalogue import SourceEvent, SourceHour, SourceNorm
from libs.common.models.claims import Claim, ClaimMatch
from libs.common.models.classify import (
    Annotation,
    LabelProposal,
    LabelRecord,
    Lease,
    LegalRiskCase,
    Story,
    StoryItem,
)
from libs.common.models.consultation import Consultation, ConsultationOption, ConsultationToken
from libs.common.models.conversation import (
    CommentHiding,
    CommentReply,
    Conversation,
    HouseRule,
    ReplyTemplate,
    ReplyTemplateVersion,
)
from libs.common.models.corrections import Correction, CorrectionTarget
from libs.common.models.crisis import Playbook, PlaybookSuggestion, Situation, SituationEntry
from libs.common.models.doors import ConversationCase, MailboxPosition, PushKey
from libs.common.models.event_subscribers import EventSubscriber
from libs.common.models.feedback import (
    CaseCode,
    CaseContact,
    CaseEvent,
    CaseRelabelling,
    DataRequest,
    FeedbackCase,
    feedback_reference_seq,
)
from libs.common.models.hearing import Comment, CommentCase, CommentReading, PlatformEvent, ReplyAddress
from libs.common.models.identity import NearCopy, NearKey, NearText
from libs.common.models.ingest import (
    Content,
    ContentKey,
    ContentRevision,
    Fetch,
    Source,
)
from libs.common.models.inspection import AuditCheck, AuditDay, AuditExport
from libs.common.models.lanes import LateContent
from libs.common.models.media import (
    LinkClicks,
    MediaFile,
    Medium,
    PublicationMedium,
    ShortLink,
)
from libs.common.models.models import InstalledModel, LabelCorrection, PlaceAlias
from libs.common.models.open_data import DatasetVersion, PlaceMonth, RegisterChange
from libs.common.models.partners import (
    ChannelChoice,
    KitPost,
    Partner,
    PartnerKit,
    PartnerProof,
    PartnerSelection,
)
from libs.common.models.people import DutyRoster, Person, RoleGrant
from libs.common.models.plans import (
    CalendarFeed,
    Campaign,
    CampaignChannel,
    CampaignTarget,
    Plan,
    Theme,
)
from libs.common.models.plumbing import (
    AuditEntry,
    DeadLetter,
    InboxEvent,
    Notification,
    OutboxEvent,
    SchemaState,
)
from libs.common.models.press import PressSend, PressVersion
from libs.common.models.programmes import AssignmentProgress, EvidenceChoice
from libs.common.models.publish import (
    Approval,
    Channel,
    ChannelCredential,
    ChannelLimit,
    Delivery,
    EngagementPoint,
    NotificationMail,
    Pause,
    PauseResumption,
    Publication,
    PublicationRevision,
    Takedown,
    Task,
    Variant,
    WatchdogAlert,
)
from libs.common.models.push import PushNotice, PushSend, PushSubscription
from libs.common.models.readers import (
    Digest,
    DigestItem,
    DigestSend,
    MailSubscription,
    MailSuppression,
)
from libs.common.models.reports import Assignment, Programme, Report, ReportRun, ReportVersion, Snapshot
from libs.common.models.rhythm import ArticleClaim, HostBudget, SourceRhythm, WebSubSubscription
from libs.common.models.searching import SavedQuery, SavedQueryHit, SearchDocument
from libs.common.models.sending import ReportRecipient, ReportSchedule, ReportSending, SchedulePeriod
from libs.common.models.storytelling import StoryLink
from libs.common.models.totals import CountedDay, DailyStoryTotal, DailyTotal
from libs.common.models.transfers import CaseTransfer
from libs.common.models.trends import Burst, Series, SeriesForecast, SeriesItem, SeriesMark, SeriesPoint
from libs.common.models.units import OrganizationUnit, UnitAlias
from libs.common.models.units_desk import Syndication
from libs.common.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookSubscription

__all__ = [
    "AgendaCalendar",
    "AgendaEvent",
    "AgendaImport",
    "AgendaKind",
    "Alert",
    "AlertHit",
    "AlertMemory",
    "AlertRule",
    "AlertStep",
    "AlertTelling",
    "Annotation",
    "Approval",
    "ArticleClaim",
    "Assignment",
    "AssignmentProgress",
    "AuditCheck",
    "AuditDay",
    "AuditEntry",
    "AuditExport",
    "Base",
    "BulletinText",
    "Burst",
    "CalendarFeed",
    "Campaign",
    "CampaignChannel",
    "CampaignTarget",
    "CaseCode",
    "CaseContact",
    "CaseEvent",
    "CaseRelabelling",
    "CaseTransfer",
    "Channel",
    "ChannelChoice",
    "ChannelCredential",
    "ChannelLimit",
    "Claim",
    "ClaimMatch",
    "Comment",
    "CommentCase",
    "CommentHiding",
    "CommentReading",
    "CommentReply",
    "Consultation",
    "ConsultationOption",
    "ConsultationToken",
    "Content",
    "ContentKey",
    "ContentRevision",
    "Conversation",
    "ConversationCase",
    "Correction",
    "CorrectionTarget",
    "CountedDay",
    "DailyStoryTotal",
    "DailyTotal",
    "DataRequest",
    "DatasetVersion",
    "DeadLetter",
    "Delivery",
    "Digest",
    "DigestItem",
    "DigestSend",
    "DutyRoster",
    "EngagementPoint",
    "EventSubscriber",
    "EvidenceChoice",
    "FeedbackCase",
    "Fetch",
    "HostBudget",
    "HouseRule",
    "HubSubscription",
    "InboxEvent",
    "InstalledModel",
    "KitPost",
    "LabelCorrection",
    "LabelProposal",
    "LabelRecord",
    "LateContent",
    "Lease",
    "LegalRiskCase",
    "LinkClicks",
    "MailSubscription",
    "MailSuppression",
    "MailboxPosition",
    "MediaFile",
    "Medium",
    "NearCopy",
    "NearKey",
    "NearText",
    "Notification",
    "NotificationMail",
    "OrganizationUnit",
    "OutboxEvent",
    "Partner",
    "PartnerKit",
    "PartnerProof",
    "PartnerSelection",
    "Pause",
    "PauseResumption",
    "Person",
    "PlaceAlias",
    "PlaceMonth",
    "Plan",
    "PlatformEvent",
    "Playbook",
    "PlaybookSuggestion",
    "PressSend",
    "PressVersion",
    "Programme",
    "Publication",
    "PublicationMedium",
    "PublicationRevision",
    "PublicationTranslation",
    "PushKey",
    "PushNotice",
    "PushSend",
    "PushSubscription",
    "RegisterChange",
    "ReplyAddress",
    "ReplyTemplate",
    "ReplyTemplateVersion",
    "Report",
    "ReportRecipient",
    "ReportRun",
    "ReportSchedule",
    "ReportSending",
    "ReportVersion",
    "RoleGrant",
    "SavedQuery",
    "SavedQueryHit",
    "SchedulePeriod",
    "SchemaState",
    "SearchDocument",
    "Series",
    "SeriesForecast",
    "SeriesItem",
    "SeriesMark",
    "SeriesPoint",
    "ShortLink",
    "Situation",
    "SituationEntry",
    "Snapshot",
    "Source",
    "SourceEvent",
    "SourceHour",
    "SourceNorm",
    "SourceRhythm",
    "Story",
    "StoryItem",
    "StoryLink",
    "Syndication",
    "Takedown",
    "Task",
    "Theme",
    "UnitAlias",
    "Variant",
    "WatchdogAlert",
    "WebSubSubscription",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookSubscription",
    "feedback_reference_seq",
]
