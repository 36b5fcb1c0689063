"""Reports on their way: what is made when, who gets it, and the proof of each letter."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class Cadence(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEAR = "half_year"
    YEARLY = "yearly"


class SentForm(StrEnum):
    """In which form a report is attached."""

    DOCX = "docx"
    PDF = "pdf"
    XLSX = "xlsx"


class RecipientState(StrEnum):
    """`flagged`: a letter was refused or came back; printed as before, and not written to until a person clears it."""

    ACTIVE = "active"
    FLAGGED = "flagged"
    REMOVED = "removed"


class SendingState(StrEnum):
    """`sent`: the mail server took it. `unknown`: it may be out, and a person finds out; `confirmed`: one did, and it
    had arrived. `refused`, `bounced`: the recipient's server said no, at once or later. `failed`: no try succeeded.
    `held`: the recipient was flagged when it was signed. `dropped`: the report was declared void before it left."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    HELD = "held"
    DROPPED = "dropped"


class ReportSchedule(Base):
    """Which report is made by itself, for whom. A cut-off that is null is the city's own (`LANTOA_REPORTS__…`)."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        CheckConstraint(one_of("cadence", Cadence), name="cadence"),
        CheckConstraint(one_of("form", SentForm), name="form"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("month_day BETWEEN 1 AND 31", name="month_day"),
        CheckConstraint("version >= 1", name="version"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    title: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str | None]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    """Whose people edit and sign it, and keep its recipients."""
    owner_id: Mapped[UUID | None]
    """The official who answers for it; null for the one that is shipped."""
    cadence: Mapped[str]
    hour: Mapped[int | None]
    weekday: Mapped[int | None]
    month_day: Mapped[int | None]
    form: Mapped[str]
    filing: Mapped[str]
    """The last line of Nơi nhận: `Lưu: VT, …`."""
    on_since: Mapped[datetime | None]
    """Periods that end later are reported; null: it is off."""
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SchedulePeriod(Base):
    """One period of a schedule was reported, once: the key lets no second scheduler in."""

    __tablename__ = "schedule_periods"
    __table_args__ = (table_rules("reports"),)

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("report_schedules.id"), primary_key=True)
    period_to: Mapped[datetime] = mapped_column(primary_key=True)
    period_from: Mapped[datetime]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"), unique=True)
    is_late: Mapped[bool]
    """Made up for: the workers were away when it fell due."""
    skipped_from: Mapped[datetime | None]
    """Where the periods begin that passed meanwhile and were not reported; null: none."""
    made_at: Mapped[datetime]


class ReportRecipient(Base):
    """An office that gets a schedule's reports, by the name that they print under Nơi nhận."""

    __tablename__ = "report_recipients"
    __table_args__ = (
        CheckConstraint(one_of("state", RecipientState), name="state"),
        CheckConstraint("(state = 'flagged') = (trouble IS NOT NULL)", name="flagged_says_why"),
        Index("ix_report_recipients_schedule_id", "schedule_id"),
        Index(
            "uq_report_recipients_email",
            "schedule_id",
            "email",
            unique=True,
            postgresql_where=text("state <> 'removed'"),
        ),
        table_rules("reports", readers=("reports",)),
    )

    id: Mapped[UUID] = primary_key()
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("report_schedules.id"))
    position: Mapped[int]
    name: Mapped[str]
    email: Mapped[str]
    """An office's own, in lower case."""
    state: Mapped[str]
    trouble: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReportSending(Base):
    """One signed report to one recipient: turn 0 by itself, each later one asked for by a person with a reason."""

    __tablename__ = "report_sendings"
    __table_args__ = (
        CheckConstraint(one_of("state", SendingState), name="state"),
        CheckConstraint(one_of("form", SentForm), name="form"),
        CheckConstraint(
            "turn >= 0 AND (turn = 0) = (asked_by IS NULL) AND (turn = 0) = (reason IS NULL)", name="again_by_a_person"
        ),
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint(
            "state <> 'sent' OR "
            "(sent_at IS NOT NULL AND digest IS NOT NULL AND answer IS NOT NULL AND message_id IS NOT NULL)",
            name="sent_has_proof",
        ),
        CheckConstraint("(state = 'confirmed') = (settled_by IS NOT NULL)", name="confirmed_by_a_person"),
        CheckConstraint("(settled_by IS NULL) = (settled_why IS NULL)", name="confirmed_says_why"),
        UniqueConstraint("report_id", "recipient_id", "turn"),
        Index("ix_report_sendings_open", "not_before", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_report_sendings_recipient_id", "recipient_id"),
        table_rules("reports", readers=("reports",)),
    )

    id: Mapped[UUID] = primary_key()
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"))
    version: Mapped[int]
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("report_recipients.id"))
    turn: Mapped[int]
    form: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    """As they were when it was asked for."""
    state: Mapped[str]
    attempts: Mapped[int]
    not_before: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    message_id: Mapped[str | None]
    """As it stands in the letter; from its first try on."""
    digest: Mapped[bytes | None]
    """SHA-256 of the document that is attached."""
    answer: Mapped[str | None]
    """The mail server's own words when it took the letter."""
    sent_at: Mapped[datetime | None]
    trouble: Mapped[str | None]
    """Of the last try that failed, or of the letter that came back: numbers, and no words of a stranger."""
    asked_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    settled_by: Mapped[UUID | None]
    settled_why: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
