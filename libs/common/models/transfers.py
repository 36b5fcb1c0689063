"""Cases that were passed on to another Open311 server, and how far each is there."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class TransferState(StrEnum):
    QUEUED = "queued"
    ARMED = "armed"
    """About to be sent, or sent without an answer yet: from here on it is never sent again by itself."""
    SENT = "sent"
    """The other server has it; its state there is read from time to time."""
    UNKNOWN = "unknown"
    """Sent without a clear answer: the other server is asked whether it has it."""
    UNDECIDED = "undecided"
    """Asking did not tell: a person looks there and says."""
    FAILED = "failed"
    """It is not there: refused, or a person found that it never arrived."""
    DONE = "done"
    """Closed there."""


class CaseTransfer(Base):
    """One sending of a case. A row leaves `queued` once and never comes back: another try is another row.

    `seen`: ids of the other server's updates that stand in the case already.
    """

    __tablename__ = "case_transfers"
    __table_args__ = (
        CheckConstraint(one_of("state", TransferState), name="state"),
        CheckConstraint("(state = 'queued') = (armed_at IS NULL)", name="armed_once"),
        CheckConstraint(
            "state NOT IN ('sent', 'done') OR remote_id IS NOT NULL OR token IS NOT NULL", name="known_there"
        ),
        Index(
            "uq_case_transfers_standing",
            "case_id",
            "server",
            unique=True,
            postgresql_where=text("state <> 'failed'"),
        ),
        Index(
            "ix_case_transfers_due_at",
            "due_at",
            postgresql_where=text("state IN ('queued', 'armed', 'sent', 'unknown')"),
        ),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_cases.id"))
    server: Mapped[str]
    """Its name in the settings."""
    service_code: Mapped[str]
    """What the matter is called there."""
    state: Mapped[str]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    armed_at: Mapped[datetime | None]
    remote_id: Mapped[str | None]
    token: Mapped[str | None]
    looks: Mapped[int] = mapped_column(server_default="0")
    """How often the other server was asked since the last change."""
    due_at: Mapped[datetime]
    """When the next step is due."""
    seen: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    trouble: Mapped[str | None]
    updated_at: Mapped[datetime]
