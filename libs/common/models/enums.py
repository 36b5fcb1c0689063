"""The closed lists of the domain. Each is also a CHECK in the database; a new member needs a migration."""

from enum import StrEnum


class SourceKind(StrEnum):
    FEED = "feed"
    SITEMAP = "sitemap"
    PAGE = "page"
    PUSH = "push"
    OPEN311 = "open311"
    FORM = "form"
    CONVERSATION = "conversation"
    """What is said under posts of the city's own channels; publish hands it over."""
    MAIL = "mail"
    IMPORT = "import"
    YOUTUBE = "youtube"
    FACEBOOK_PAGE = "facebook_page"


class SourceGroup(StrEnum):
    PRESS = "press"
    PORTAL = "portal"
    AGGREGATOR = "aggregator"
    FORUM = "forum"
    OFFICIAL = "official"
    CITIZEN = "citizen"


class SourceState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


class ContentKind(StrEnum):
    ARTICLE = "article"
    REPORT = "report"
    POST = "post"
    RELEASE = "release"


class DateProvenance(StrEnum):
    """Where a publication date was read."""

    FEED = "feed"
    JSONLD = "jsonld"
    META = "meta"
    TEXT = "text"
    PUSH = "push"
    NONE = "none"


class Field(StrEnum):
    """Policy areas of a city (docs/labels.md says what belongs where); none of them names a political stance."""

    GIAO_THONG = "giao_thong"
    MOI_TRUONG = "moi_truong"
    DAT_DAI_XAY_DUNG = "dat_dai_xay_dung"
    DO_THI = "do_thi"
    Y_TE = "y_te"
    GIAO_DUC = "giao_duc"
    AN_SINH = "an_sinh"
    AN_NINH_TRAT_TU = "an_ninh_trat_tu"
    CHAY_NO = "chay_no"
    THIEN_TAI = "thien_tai"
    HANH_CHINH = "hanh_chinh"
    CHINH_TRI = "chinh_tri"
    KINH_TE = "kinh_te"
    VAN_HOA_DU_LICH = "van_hoa_du_lich"
    THE_THAO = "the_thao"
    KHOA_HOC_CONG_NGHE = "khoa_hoc_cong_nghe"
    KHAC = "khac"


class Tone(StrEnum):
    """A signal about a service, a place or an event; never a judgement of who speaks."""

    PROBLEM = "problem"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class TextKind(StrEnum):
    """What a text does. There is no class for a stance, a group or a person."""

    NEWS = "news"
    ANNOUNCEMENT = "announcement"
    QUESTION = "question"
    REPORT_OF_PROBLEM = "report_of_problem"
    COMPLAINT = "complaint"
    CRITICISM = "criticism"
    OPINION = "opinion"
    PRAISE = "praise"
    ADVERT = "advert"
    SCAM_SUSPECT = "scam_suspect"
    OTHER = "other"


PROTECTED_KINDS = frozenset({TextKind.CRITICISM, TextKind.OPINION, TextKind.COMPLAINT})
"""Lawful speech that is answered as feedback and can never enter the legal-risk queue."""


class AliasState(StrEnum):
    """Of a name that people gave to a place."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    ENDED = "ended"


class LateReason(StrEnum):
    """Why a content is labelled later than it came."""

    BEHIND = "behind"
    """It lay in the stream too long, so that fresh ones were let past it."""
    BULK = "bulk"
    """It came with many others at once, so that single ones were let past it."""
    NO_MODEL = "no_model"
    AGAIN = "again"
    """Labelled before, to be labelled anew by another model."""


class RiskClass(StrEnum):
    """The closed list of the legal-risk queue; adding one needs a migration and a changed test."""

    SCAM_LINK = "scam_link"
    IMPERSONATION = "impersonation"
    FORGED_DOCUMENT = "forged_document"
    FALSE_EMERGENCY = "false_emergency"
    EXPOSED_PERSONAL_DATA = "exposed_personal_data"
    THREAT_OF_VIOLENCE = "threat_of_violence"
    REPORTED_DEFAMATION = "reported_defamation"


class RiskState(StrEnum):
    SUGGESTED = "suggested"
    REFERRED = "referred"
    DISMISSED = "dismissed"
    RELEASED = "released"


class CaseState(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    """Accepted, and given on to the unit that will deal with it."""
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"
    REJECTED = "rejected"
    """Not a matter for the city's units, with a reason and its legal ground."""
    MERGED = "merged"
    """The same as another case, which its sender now follows."""


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class Verdict(StrEnum):
    """Labels of the national anti-fake-news centre; `chua_xac_minh` stays internal."""

    TIN_GIA = "tin_gia"
    TIN_SAI_SU_THAT = "tin_sai_su_that"
    TIN_XAC_THUC = "tin_xac_thuc"
    CHUA_XAC_MINH = "chua_xac_minh"


class ClaimState(StrEnum):
    OPEN = "open"
    CHECKED = "checked"
    PUBLISHED = "published"
    CLOSED = "closed"


class MatchState(StrEnum):
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    SPOKESPERSON = "spokesperson"
    FACT_CHECKER = "fact_checker"
    FEEDBACK_OFFICER = "feedback_officer"
    ADMIN = "admin"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"
    """Reads the audit log, and nothing else."""


STAFF_ROLES = tuple(role for role in Role if role not in (Role.INTEGRATOR, Role.AUDITOR))
"""Who works with what is collected, and may be told of it."""


class ChannelState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_RECONNECT = "needs_reconnect"
    RETIRED = "retired"


class PublicationKind(StrEnum):
    ANNOUNCEMENT = "announcement"
    CORRECTION = "correction"
    REPLY = "reply"


class PublicationState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    PARTLY_PUBLISHED = "partly_published"
    FAILED = "failed"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    KILLED = "killed"


class DeliveryState(StrEnum):
    PENDING = "pending"
    PREPARED = "prepared"
    ARMED = "armed"
    COMMITTED = "committed"
    PUBLISHED = "published"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    AUTH_REQUIRED = "auth_required"
    UNKNOWN = "unknown"
    MANUAL = "manual"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"


class TaskOutcome(StrEnum):
    """What a person found on the platform, or did there."""

    DONE = "done"
    POSTED = "posted"
    NOT_POSTED = "not_posted"
    REMOVED = "removed"


class TakedownKind(StrEnum):
    WITHDRAWAL = "withdrawal"
    CORRECTION = "correction"


class PlanState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"


class UnitKind(StrEnum):
    CITY = "city"
    DEPARTMENT = "department"
    AGENCY = "agency"
    DISTRICT = "district"
    WARD = "ward"
    COMMUNE = "commune"


class ProgrammeState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"


class AssignmentState(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class SourceCompleteness(StrEnum):
    """Whether the text a row was imported from gives the row whole."""

    WHOLE = "whole"
    INCOMPLETE_IN_SOURCE = "incomplete_in_source"


class ReportState(StrEnum):
    """A paper: drafted from figures, signed by a person, or declared void with a reason."""

    DRAFT = "draft"
    SIGNED = "signed"
    VOID = "void"


class RunState(StrEnum):
    """One format of one version of a report."""

    WAITING = "waiting"
    PRINTED = "printed"
    FAILED = "failed"
