"""What platforms tell us: their events, each once, and the comments under our posts. Of who wrote them nothing."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class CommentState(StrEnum):
    VISIBLE = "visible"
    HIDDEN = "hidden"
    """Somebody hid it on the platform: only its writer still sees it there. Its words stay here."""
    REMOVED = "removed"
    """Its writer or the platform took it away; its words are erased."""


class PlatformEvent(Base):
    """That an event of a platform was taken: a keyed digest tells it again. Nothing of what it said is kept here."""

    __tablename__ = "platform_events"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        Index("ix_platform_events_received_at", "received_at"),
        table_rules("publish", readers=("publish",)),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    received_at: Mapped[datetime]


class Comment(Base):
    """Words under a post of ours, masked, without who wrote them; or a message to the account, which is under none.

    `digest`: HMAC of the platform's own id of the comment, which may name its writer; the id itself is not kept but in
    `reply_addresses`. `parent_digest`: of the comment it answers.
    """

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("octet_length(parent_digest) = 32", name="parent_digest_length"),
        CheckConstraint(one_of("state", CommentState), name="state"),
        CheckConstraint("(state = 'removed') = (body IS NULL)", name="removed_is_erased"),
        UniqueConstraint("channel_id", "digest"),
        Index("ix_comments_delivery_id_id", "delivery_id", "id"),
        Index("ix_comments_own_answers", "channel_id", "parent_digest", postgresql_where=text("is_ours")),
        Index("ix_comments_answers", "channel_id", "parent_digest", postgresql_where=text("parent_digest IS NOT NULL")),
        Index("ix_comments_messages", "seen_at", postgresql_where=text("delivery_id IS NULL AND body IS NOT NULL")),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    """None: a message to the account alone, which only its officers read."""
    digest: Mapped[bytes]
    parent_digest: Mapped[bytes | None]
    body: Mapped[str | None]
    is_ours: Mapped[bool] = mapped_column(server_default=text("false"))
    """Written by the page itself."""
    state: Mapped[str]
    posted_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReplyAddress(Base):
    """The platform's id of a comment, under seal, for as long as it may be answered; then the row is gone."""

    __tablename__ = "reply_addresses"
    __table_args__ = (
        Index("ix_reply_addresses_expires_at", "expires_at"),
        table_rules("publish", readers=("publish",)),
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    ciphertext: Mapped[bytes]
    key_id: Mapped[str]
    """By which key it lies sealed."""
    expires_at: Mapped[datetime]


class CommentCase(Base):
    """A comment that an officer made a case of; the case itself belongs to ingest, which knows it by this comment."""

    __tablename__ = "comment_cases"
    __table_args__ = (table_rules("publish"),)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    escalated_at: Mapped[datetime]


class CommentReading(Base):
    """When the comments under a post are read again, where the platform has to be asked."""

    __tablename__ = "comment_readings"
    __table_args__ = (
        Index("ix_comment_readings_due_at", "due_at"),
        table_rules("publish", readers=("publish",)),
    )

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime]
