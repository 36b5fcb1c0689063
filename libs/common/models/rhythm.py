"""How the outside is asked: budgets of hosts, rhythms of sources, pages being read, hubs that tell us (WebSub)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class SubscriptionState(StrEnum):
    """`wanted` is to be asked for, `asked` waits for the hub's question, `leaving` is to be given up."""

    WANTED = "wanted"
    ASKED = "asked"
    ACTIVE = "active"
    DENIED = "denied"
    LEAVING = "leaving"
    ENDED = "ended"


class HostBudget(Base):
    """One request at a time to a host, from whatever process: who may ask next, and from when."""

    __tablename__ = "host_budgets"
    __table_args__ = (table_rules("ingest"),)

    host: Mapped[str] = mapped_column(primary_key=True)
    free_at: Mapped[datetime]
    """Nobody asks before; while a request is under way it lies behind that request's deadline."""
    resting_until: Mapped[datetime | None]
    """The host asked to be left alone until then (429 or 503)."""
    refusals: Mapped[int] = mapped_column(server_default="0")
    """Answers of that kind in a row."""


class SourceRhythm(Base):
    """When a source speaks: items and hours of watching for each hour of the day in Hà Nội, both fading with time."""

    __tablename__ = "source_rhythms"
    __table_args__ = (
        CheckConstraint("cardinality(arrivals) = 24 AND cardinality(exposure) = 24", name="hours"),
        table_rules("ingest"),
    )

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    arrivals: Mapped[list[float]] = mapped_column(ARRAY(Double()))
    exposure: Mapped[list[float]] = mapped_column(ARRAY(Double()))
    """Hours; so `arrivals / exposure` is items per hour."""
    watched_until: Mapped[datetime]
    moved_to: Mapped[str | None]
    """Where permanent redirects lead, until enough polls agree."""
    moved_polls: Mapped[int] = mapped_column(server_default="0")


class ArticleClaim(Base):
    """A page that one source is reading, so that no other asks for it meanwhile; or one that is still to be read."""

    __tablename__ = "article_claims"
    __table_args__ = (
        Index("ix_article_claims_source_id", "source_id"),
        table_rules("ingest"),
    )

    url_hash: Mapped[bytes] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    claimed_until: Mapped[datetime]
    is_wanted: Mapped[bool]
    """What a hub pushed was stored at once, without its page; the next poll reads the page."""


class WebSubSubscription(Base):
    """What we asked of a hub for one source (W3C WebSub). Its secret and its address are derived, not stored."""

    __tablename__ = "websub_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("state", SubscriptionState), name="state"),
        Index("ix_websub_subscriptions_next_at", "next_at"),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), unique=True)
    hub: Mapped[str]
    topic: Mapped[str]
    state: Mapped[str]
    asked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    lease_ends_at: Mapped[datetime | None]
    pushed_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    """When something is to be asked of the hub; null where nothing is."""
    failures: Mapped[int] = mapped_column(server_default="0")
    missed: Mapped[int] = mapped_column(server_default="0")
    """Polls in a row that found news which the hub had not told."""
    last_error: Mapped[str | None]
