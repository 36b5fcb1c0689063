"""Web push: browsers whose readers asked to be told (their endpoint under seal, no more), what they are told, and
what became of each."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules

MOST_TOPICS = 20


class NoticeKind(StrEnum):
    NEWS = "news"
    """Also a correction: it takes the place of what it corrects."""
    WITHDRAWAL = "withdrawal"
    """Takes the place of what was told before, and says that it was withdrawn."""


class Urgency(StrEnum):
    """RFC 8030, section 5.3."""

    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class PushState(StrEnum):
    """`sending` that outlives its lease is sent again: a repeat takes the place of what it repeats. `accepted` is the
    push service's word, not that anybody saw it. `dropped`: something newer was to be told instead."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    DROPPED = "dropped"


class PushSubscription(Base):
    """One browser. Endpoint and keys lie sealed (`ciphertext`); `key_hash`, the HMAC of the endpoint, finds them again.
    The row is deleted when the reader leaves or the push service says that the subscription is gone."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        CheckConstraint("octet_length(key_hash) = 32", name="hash_length"),
        CheckConstraint(f"cardinality(topics) BETWEEN 1 AND {MOST_TOPICS}", name="topics"),
        UniqueConstraint("key_hash"),
        Index("ix_push_subscriptions_topics", "topics", postgresql_using="gin"),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    ciphertext: Mapped[bytes]
    key_id: Mapped[str]
    """Names the key that wraps the row's own key."""
    key_hash: Mapped[bytes]
    topics: Mapped[list[str]]
    subscribed_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    """Where the browser said that it will end."""


class PushNotice(Base):
    """What a delivery tells the browsers of one topic. All notices of a `thread` (the first delivery's id) take each
    other's place on a reader's screen; only the newest is sent."""

    __tablename__ = "push_notices"
    __table_args__ = (
        CheckConstraint(one_of("kind", NoticeKind), name="kind"),
        CheckConstraint(one_of("urgency", Urgency), name="urgency"),
        UniqueConstraint("delivery_id", "kind"),
        Index("ix_push_notices_thread", "thread"),
        Index("ix_push_notices_channel_id", "channel_id", "finished_at"),
        Index("ix_push_notices_waiting", "noted_at", postgresql_where=text("fanned_out_at IS NULL")),
        Index(
            "ix_push_notices_unfinished",
            "id",
            postgresql_where=text("fanned_out_at IS NOT NULL AND finished_at IS NULL"),
        ),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    kind: Mapped[str]
    thread: Mapped[UUID]
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    urgency: Mapped[str]
    noted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Nobody is told it any more from then on."""
    removed_at: Mapped[datetime | None]
    fanned_out_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    wanted: Mapped[int] = mapped_column(server_default="0")
    """Browsers to be told; it is the sum of what follows and of those still open."""
    accepted: Mapped[int] = mapped_column(server_default="0")
    gone: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    expired: Mapped[int] = mapped_column(server_default="0")
    dropped: Mapped[int] = mapped_column(server_default="0")


class PushSend(Base):
    """One notice to one browser; it goes with the subscription, and some weeks after the notice was done."""

    __tablename__ = "push_sends"
    __table_args__ = (
        CheckConstraint(one_of("state", PushState), name="state"),
        Index("ix_push_sends_due", "not_before", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_push_sends_subscription_id", "subscription_id"),
        table_rules("publish", readers=("publish",)),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("push_notices.id"), primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("push_subscriptions.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime]
    status: Mapped[int | None]
    """What the push service answered last; None where its answer was lost."""
    updated_at: Mapped[datetime]
