"""Every event of the platform."""

from libs.common.events.alert import AlertRaised
from libs.common.events.base import Event
from libs.common.events.claims import ClaimSeen
from libs.common.events.content import (
    BATCH_LIMIT,
    ChangedNumber,
    ClassifiedItem,
    ContentsClassified,
    ContentsIngested,
    ContentsRevised,
    FeedbackOpened,
    RevisedItem,
    StoriesUpdated,
)
from libs.common.events.conversation import ConversationEscalated, ConversationsReceived
from libs.common.events.feedback import FeedbackResolved
from libs.common.events.publication import (
    CorrectionPublished,
    DeliveryConfirmed,
    PublicationApproved,
    PublicationPublished,
    PublicationWithdrawn,
    TakedownClosed,
)
from libs.common.events.report import ReportReady
from libs.common.events.searching import SavedQueryMatched
from libs.common.events.trends import BurstDetected

ALL_EVENTS: tuple[type[Event], ...] = (
    AlertRaised,
    ContentsIngested,
    ContentsRevised,
    ContentsClassified,
    StoriesUpdated,
    FeedbackOpened,
    FeedbackResolved,
    ConversationsReceived,
    ConversationEscalated,
    PublicationApproved,
    PublicationPublished,
    PublicationWithdrawn,
    CorrectionPublished,
    TakedownClosed,
    DeliveryConfirmed,
    ReportReady,
    BurstDetected,
    ClaimSeen,
    SavedQueryMatched,
)

__all__ = [
    "ALL_EVENTS",
    "BATCH_LIMIT",
    "AlertRaised",
    "BurstDetected",
    "ChangedNumber",
    "ClaimSeen",
    "ClassifiedItem",
    "ContentsClassified",
    "ContentsIngested",
    "ContentsRevised",
    "ConversationEscalated",
    "ConversationsReceived",
    "CorrectionPublished",
    "DeliveryConfirmed",
    "Event",
    "FeedbackOpened",
    "FeedbackResolved",
    "PublicationApproved",
    "PublicationPublished",
    "PublicationWithdrawn",
    "ReportReady",
    "RevisedItem",
    "SavedQueryMatched",
    "StoriesUpdated",
    "TakedownClosed",
]
