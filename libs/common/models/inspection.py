"""What proves the audit log: each day as it was when it was over, the checks of the chains, and exports of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class CheckScope(StrEnum):
    DAILY = "daily"
    """The days that are not sealed yet, and the line of sealed days."""
    FULL = "full"
    """Every entry there is."""


class ExportState(StrEnum):
    WAITING = "waiting"
    MADE = "made"
    FAILED = "failed"


class AuditDay(Base):
    """The last entries of a day's chains once it was over, following the day before: what is missing, too, is seen.
    Append-only. `chains`: [{service, entries, root}], by service; root in hex."""

    __tablename__ = "audit_days"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32 AND octet_length(prev_digest) = 32", name="digest_lengths"),
        CheckConstraint("jsonb_typeof(chains) = 'array'", name="chains"),
        table_rules("reports"),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    chains: Mapped[list[Any]]
    prev_digest: Mapped[bytes]
    digest: Mapped[bytes]
    sealed_at: Mapped[datetime]


class AuditCheck(Base):
    """One verification of the log and what it found. Append-only. `breaks`: [{service, day, seq, entry_id, why}], at
    most a hundred; `broken` says how many there are."""

    __tablename__ = "audit_checks"
    __table_args__ = (
        CheckConstraint(one_of("scope", CheckScope), name="scope"),
        CheckConstraint("jsonb_typeof(breaks) = 'array'", name="breaks"),
        CheckConstraint("(broken = 0) = (jsonb_array_length(breaks) = 0)", name="breaks_are_named"),
        Index("ix_audit_checks_scope_id", "scope", "id"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    scope: Mapped[str]
    day_from: Mapped[date | None]
    day_to: Mapped[date | None]
    """Of the entries that were read; none where there were none to read."""
    chains: Mapped[int]
    entries: Mapped[int] = mapped_column(BigInteger)
    broken: Mapped[int]
    breaks: Mapped[list[Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]


class AuditExport(Base):
    """Whole sealed days of the log as a ZIP for an inspection; the same days give the same bytes."""

    __tablename__ = "audit_exports"
    __table_args__ = (
        CheckConstraint(one_of("state", ExportState), name="state"),
        CheckConstraint("day_to >= day_from", name="days_in_order"),
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint(
            "(state = 'made') = (file_key IS NOT NULL) AND (file_key IS NULL) = (digest IS NULL) "
            "AND (file_key IS NULL) = (size IS NULL) AND (file_key IS NULL) = (made_at IS NULL) "
            "AND (file_key IS NULL) = (broken IS NULL)",
            name="made_has_a_file",
        ),
        CheckConstraint(
            "(signed_by IS NULL) = (signed_at IS NULL) AND (signed_at IS NULL OR state = 'made')", name="signed_whole"
        ),
        Index("ix_audit_exports_waiting", "id", postgresql_where=text("state = 'waiting'")),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    day_from: Mapped[date]
    day_to: Mapped[date]
    state: Mapped[str]
    entries: Mapped[int] = mapped_column(BigInteger)
    """To be written, as the sealed days count them."""
    done: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int]
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None]
    file_key: Mapped[str | None]
    digest: Mapped[bytes | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    broken: Mapped[int | None]
    """Chains that did not hold when it was made."""
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    requested_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    signed_at: Mapped[datetime | None]
