"""What citizens report: the cases, how each was dealt with, and, sealed and apart, who may be answered."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import CaseState, Field, TextKind, Urgency

feedback_reference_seq = Sequence("feedback_reference_seq", metadata=Base.metadata)


class ReportChannel(StrEnum):
    """By which door a case came in."""

    CONTENT = "content"
    """A public text that the classifier found to be a citizen's matter."""
    FORM = "form"
    OPEN311 = "open311"
    MAIL = "mail"
    IMPORT = "import"
    CONVERSATION = "conversation"
    PUSH = "push"


class DataRequestKind(StrEnum):
    """Rights of a data subject that a case's sender may use (Law 91/2025/QH15 on personal data protection)."""

    ACCESS = "access"
    ERASURE = "erasure"


class DataRequestState(StrEnum):
    OPEN = "open"
    FULFILLED = "fulfilled"
    REFUSED = "refused"


class FeedbackCase(Base):
    """A citizen's criticism, complaint, opinion, question or report, masked, routed and answered.

    `origin_digest`: keyed digest of the id that its door knows it by, so that the same report opens one case.
    The database holds that no case is deleted and that its kind leaves criticism, opinion and complaint only by a
    relabelling that two people agreed on (0008_rules.sql).
    """

    __tablename__ = "feedback_cases"
    __table_args__ = (
        CheckConstraint(one_of("kind", TextKind), name="kind"),
        CheckConstraint(one_of("urgency", Urgency), name="urgency"),
        CheckConstraint(one_of("state", CaseState), name="state"),
        CheckConstraint(one_of("channel", ReportChannel), name="channel"),
        CheckConstraint(one_of("topic", Field), name="topic"),
        CheckConstraint("octet_length(origin_digest) = 32", name="origin_digest_length"),
        CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_into_another"),
        CheckConstraint("merged_into <> id", name="merged_not_into_itself"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="position"),
        Index("ix_feedback_cases_state_due_at", "state", "due_at"),
        Index("ix_feedback_cases_unit_id_received_at", "unit_id", "received_at"),
        Index("ix_feedback_cases_received_at", "received_at"),
        Index("ix_feedback_cases_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index(
            "uq_feedback_cases_origin",
            "channel",
            "origin_digest",
            unique=True,
            postgresql_where=text("origin_digest IS NOT NULL"),
        ),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    reference: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str] = mapped_column(server_default="content")
    origin_digest: Mapped[bytes | None]
    source_id: Mapped[UUID | None]
    content_id: Mapped[UUID | None] = mapped_column(Uuid(), unique=True)
    kind: Mapped[str]
    topic: Mapped[str | None]
    """The policy area it was routed by."""
    service_code: Mapped[str | None]
    subject: Mapped[str]
    body: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization_units.id"))
    place: Mapped[str | None]
    """The ward or commune, by its name."""
    place_told: Mapped[str | None]
    """Where exactly, in the sender's words, masked: for those who deal with it, and for the sender."""
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    """Of what is reported, in degrees (WGS 84), to four places: some eleven metres."""
    media_urls: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    urgency: Mapped[str]
    state: Mapped[str]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("feedback_cases.id"))
    reopened: Mapped[int] = mapped_column(server_default="0")
    """How often its sender has reopened it."""
    received_at: Mapped[datetime]
    accept_due_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    ask_solved_at: Mapped[datetime | None]
    """When the sender is asked whether it was solved; None once that is done, or before an answer."""
    is_solved: Mapped[bool | None]
    """The sender's word on the last answer."""
    updated_at: Mapped[datetime]


class CaseEvent(Base):
    """One step of a case. `public_note` is what its sender reads; both notes are masked. `by`: the officer; None: the
    sender or the service itself. Rows are neither deleted nor changed; words may be blanked where they are erased."""

    __tablename__ = "case_events"
    __table_args__ = (
        CheckConstraint(one_of("state", CaseState), name="state"),
        CheckConstraint("state <> 'rejected' OR coalesce(legal_ground, '') <> ''", name="rejected_on_a_legal_ground"),
        Index("ix_case_events_case_id_id", "case_id", "id"),
        table_rules("ingest", readers=("ingest", "reports")),
    )

    id: Mapped[UUID] = primary_key()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"))
    action: Mapped[str]
    state: Mapped[str]
    """In which the step left the case."""
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization_units.id"))
    """To whom the case was given by this step."""
    legal_ground: Mapped[str | None]
    public_note: Mapped[str | None]
    internal_note: Mapped[str | None]


class CaseRelabelling(Base):
    """A case's kind leaves criticism, opinion or complaint: one person proposes it with a reason, another decides."""

    __tablename__ = "case_relabellings"
    __table_args__ = (
        CheckConstraint(one_of("from_kind", TextKind), name="from_kind"),
        CheckConstraint(one_of("to_kind", TextKind), name="to_kind"),
        CheckConstraint("char_length(btrim(reason)) >= 10", name="reason"),
        CheckConstraint(
            "NOT is_confirmed OR (decided_by <> proposed_by AND decided_at IS NOT NULL)", name="two_people"
        ),
        CheckConstraint("(decided_at IS NULL) = (is_confirmed IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
        Index("uq_case_relabellings_open", "case_id", unique=True, postgresql_where=text("decided_at IS NULL")),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"))
    from_kind: Mapped[str]
    to_kind: Mapped[str]
    reason: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    is_confirmed: Mapped[bool | None]


class CaseCode(Base):
    """By what a case's sender is told again: a keyed digest of the follow-up code, and how often it was guessed."""

    __tablename__ = "case_codes"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        table_rules("ingest", readers=("ingest",)),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"), primary_key=True)
    digest: Mapped[bytes]
    key_id: Mapped[str]
    wrong_tries: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]


class CaseContact(Base):
    """The only place where a sender's name, phone and mail address lie: under seal, until `purge_at`."""

    __tablename__ = "case_contacts"
    __table_args__ = (
        Index("ix_case_contacts_purge_at", "purge_at", postgresql_where=text("purge_at IS NOT NULL")),
        table_rules("ingest", readers=("ingest",)),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"), primary_key=True)
    ciphertext: Mapped[bytes]
    key_id: Mapped[str]
    purge_at: Mapped[datetime | None]
    """Set when the case is finished; None while it may still have to be answered."""


class DataRequest(Base):
    """A sender's request to see, or to have erased, what is held about them with a case."""

    __tablename__ = "data_requests"
    __table_args__ = (
        CheckConstraint(one_of("kind", DataRequestKind), name="kind"),
        CheckConstraint(one_of("state", DataRequestState), name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint(
            "state <> 'refused' OR char_length(btrim(coalesce(reason, ''))) >= 10", name="refused_with_a_reason"
        ),
        Index(
            "uq_data_requests_open",
            "case_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_data_requests_due_at", "due_at", postgresql_where=text("state = 'open'")),
        table_rules("ingest", readers=("ingest", "reports")),
    )

    id: Mapped[UUID] = primary_key()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"))
    kind: Mapped[str]
    state: Mapped[str]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
