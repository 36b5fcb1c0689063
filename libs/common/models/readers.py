"""Readers who asked for mails or pushes, and what they say under our own posts; nobody's name is kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import CommentState, ReaderSendState


class ReaderSubscription(Base):
    """A reader's mail address or push endpoint: sealed, found by no index, deleted when the reader leaves."""

    __tablename__ = "reader_subscriptions"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="hash_length"),
        Index("ix_reader_subscriptions_channel_id_id", "channel_id", "id"),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    sealed: Mapped[bytes]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the token by which the reader confirms and leaves."""
    confirmed_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]


class DigestItem(Base):
    """A publication that waits for the next mail of a channel, or went out with one."""

    __tablename__ = "digest_items"
    __table_args__ = (
        Index("ix_digest_items_channel_id_edition_at", "channel_id", "edition_at"),
        table_rules("publish"),
    )

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    payload: Mapped[dict[str, Any]]
    edition_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class ReaderSend(Base):
    """One edition or push to one subscription, so that nobody gets it twice; `key`: the edition or the delivery."""

    __tablename__ = "reader_sends"
    __table_args__ = (
        CheckConstraint(one_of("state", ReaderSendState), name="state"),
        table_rules("publish", readers=("publish",)),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("reader_subscriptions.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str]
    at: Mapped[datetime]


class PlatformEvent(Base):
    """A webhook of a platform that was taken, by the platform's own name of it, so that each counts once."""

    __tablename__ = "platform_events"
    __table_args__ = (
        UniqueConstraint("channel_id", "dedupe"),
        Index("ix_platform_events_open", "id", postgresql_where=text("done_at IS NULL")),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    dedupe: Mapped[str]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    """Ids and states only: never a name, a handle or a text."""
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Comment(Base):
    """What a reader wrote under a post of ours: masked, and without its author. Criticism can't be hidden."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(one_of("state", CommentState), name="state"),
        UniqueConstraint("channel_id", "platform_id"),
        Index("ix_comments_delivery_id_id", "delivery_id", "id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    platform_id: Mapped[str]
    parent_id: Mapped[str | None]
    """The platform's id of the comment it answers."""
    text: Mapped[str]
    state: Mapped[str]
    written_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]
