"""Readers' mail: who asked for it (an address under seal, no more), what the next letter holds, what was sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class SubscriptionState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class EndReason(StrEnum):
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class SuppressionReason(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class DigestItemKind(StrEnum):
    NEWS = "news"
    WITHDRAWAL = "withdrawal"
    """That something an earlier letter said has been withdrawn."""


class SendState(StrEnum):
    """`sending` that outlives its lease, or whose answer was lost after the letter was out, becomes `unclear`: nobody
    sends it again. `dropped`: the reader left, or nothing was left to say, before it went."""

    QUEUED = "queued"
    SENDING = "sending"
    HANDED_OVER = "handed_over"
    UNCLEAR = "unclear"
    REFUSED = "refused"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    DROPPED = "dropped"


class MailSubscription(Base):
    """One reader of one list. The address lies sealed (`ciphertext`), `key_hash` is its HMAC and finds it again; both
    are erased when it ends. No name, nothing read, nothing clicked."""

    __tablename__ = "mail_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("state", SubscriptionState), name="state"),
        CheckConstraint(one_of("end_reason", EndReason), name="end_reason"),
        CheckConstraint(
            "(state = 'ended') = (ciphertext IS NULL) AND (state = 'ended') = (key_hash IS NULL) "
            "AND (state = 'ended') = (domain_hash IS NULL)",
            name="erased_at_the_end",
        ),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)", name="ended"),
        CheckConstraint("state <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_by_the_reader"),
        CheckConstraint("octet_length(key_hash) = 32", name="hash_length"),
        UniqueConstraint("channel_id", "key_hash"),
        Index("ix_mail_subscriptions_key_hash", "key_hash"),
        Index("ix_mail_subscriptions_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    state: Mapped[str]
    ciphertext: Mapped[bytes | None]
    key_id: Mapped[str | None]
    """Names the key that wraps the row's own key."""
    key_hash: Mapped[bytes | None]
    domain_hash: Mapped[bytes | None]
    """HMAC of the mailbox's domain: letters to one provider are spread out by it."""
    asks: Mapped[int] = mapped_column(server_default="0")
    """Letters sent that ask whether it was really them."""
    ask_at: Mapped[datetime | None]
    """When the next of those is due; none where no letter is owed."""
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class MailSuppression(Base):
    """Never write there again: only the HMAC of an address that does not exist, or whose reader complained."""

    __tablename__ = "mail_suppressions"
    __table_args__ = (
        CheckConstraint(one_of("reason", SuppressionReason), name="reason"),
        CheckConstraint("octet_length(key_hash) = 32", name="hash_length"),
        table_rules("publish", readers=("publish",)),
    )

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[datetime]


class Digest(Base):
    """One issue of a list. What it says is read from its items when each letter is written, so that what was withdrawn
    in the meantime goes to nobody any more."""

    __tablename__ = "digests"
    __table_args__ = (
        UniqueConstraint("channel_id", "number"),
        Index("ix_digests_unfinished", "channel_id", postgresql_where=text("finished_at IS NULL")),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    number: Mapped[int]
    is_urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    closed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class DigestItem(Base):
    """What a delivery asks readers to be told: once as news, and once more if that was sent and then withdrawn."""

    __tablename__ = "digest_items"
    __table_args__ = (
        CheckConstraint(one_of("kind", DigestItemKind), name="kind"),
        UniqueConstraint("delivery_id", "kind"),
        Index(
            "ix_digest_items_waiting",
            "channel_id",
            "added_at",
            postgresql_where=text("digest_id IS NULL AND removed_at IS NULL"),
        ),
        Index("ix_digest_items_digest_id", "digest_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    is_urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    digest_id: Mapped[UUID | None] = mapped_column(ForeignKey("digests.id"))


class DigestSend(Base):
    """One letter of one issue to one reader. Its id is made of both, so that it is one letter whoever writes it, and
    its Message-ID the same each time."""

    __tablename__ = "digest_sends"
    __table_args__ = (
        CheckConstraint(one_of("state", SendState), name="state"),
        CheckConstraint("state NOT IN ('handed_over', 'complained') OR sent_at IS NOT NULL", name="sent"),
        UniqueConstraint("digest_id", "subscription_id"),
        Index("ix_digest_sends_due", "not_before", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_digest_sends_subscription_id", "subscription_id"),
        Index("ix_digest_sends_claimed_at", "claimed_at"),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    digest_id: Mapped[UUID] = mapped_column(ForeignKey("digests.id"))
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("mail_subscriptions.id"))
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    code: Mapped[str | None]
    """What the other mail server said, as numbers: `550 5.1.1`."""
    updated_at: Mapped[datetime]
