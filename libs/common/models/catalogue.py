"""How each source is doing: what it brings by the hour, what is usual for it, and its history."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class SourceHealth(StrEnum):
    """A source at a glance. `new` was never read; `silent` answers and brings less than its own rhythm allows;
    `flooding` brings far more; `failing` does not answer; `blocked` keeps us out (robots, a login, a captcha);
    `broken` answers, and we can no longer read what it says."""

    NEW = "new"
    OK = "ok"
    SILENT = "silent"
    FLOODING = "flooding"
    FAILING = "failing"
    BLOCKED = "blocked"
    BROKEN = "broken"
    PAUSED = "paused"
    GONE = "gone"


class HealthCause(StrEnum):
    """Why a source came to its health."""

    REGISTERED = "registered"
    READ = "read"
    RECOVERED = "recovered"
    QUIET = "quiet"
    FLOOD = "flood"
    SERVER = "server"
    MOVED = "moved"
    ROBOTS = "robots"
    LOGIN = "login"
    CAPTCHA = "captcha"
    REFUSED = "refused"
    PAGE_CHANGED = "page_changed"
    READER_BROKE = "reader_broke"
    THIN = "thin"
    PERSON = "person"
    ENDED = "ended"


class SourceEvent(Base):
    """One change of a source's health, in words that its keeper can read."""

    __tablename__ = "source_events"
    __table_args__ = (
        CheckConstraint(one_of("health", SourceHealth), name="health"),
        CheckConstraint(one_of("cause", HealthCause), name="cause"),
        Index("ix_source_events_source_id_id", "source_id", "id"),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    was: Mapped[str]
    health: Mapped[str]
    cause: Mapped[str]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    """Counts, probabilities and codes that the reason was written from."""
    happened_at: Mapped[datetime]


class SourceHour(Base):
    """How many new items a source brought in one hour (UTC, its first instant); hours without any have no row."""

    __tablename__ = "source_hours"
    __table_args__ = (
        Index("ix_source_hours_hour", "hour"),
        table_rules("ingest"),
    )

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    items: Mapped[int]


class SourceNorm(Base):
    """What is usual for a source, learned from its own hours and pages."""

    __tablename__ = "source_norms"
    __table_args__ = (table_rules("ingest"),)

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    rates: Mapped[list[float]] = mapped_column(ARRAY(Double()))
    """168 items an hour, from Monday 00:00 of Hà Nội."""
    spread: Mapped[float]
    """Shape of the gamma that days vary by; the smaller, the more they vary."""
    longest_gap: Mapped[float]
    """The longest silence there was, in items that would have been expected meanwhile."""
    busiest: Mapped[float]
    """The most that one hour brought, in multiples of what was expected of it."""
    days: Mapped[float]
    learned_at: Mapped[datetime]
    sketch: Mapped[bytes | None]
    """The structure of its document when it was last read well."""
    sketched_at: Mapped[datetime | None]
    probed_at: Mapped[datetime | None]
    """When its document was last looked at for its structure."""
