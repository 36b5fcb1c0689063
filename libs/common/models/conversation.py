"""Answering what people write under our posts: who looks at it, templates, replies, house rules, and what was hidden.

Nothing here says who wrote a comment: a comment is named by our own id of it, and everybody else named is an official.
The rules of who may answer, and of what may never be hidden, stand in the database (0021_rules.sql, 0025_rules.sql).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class ReplyState(StrEnum):
    PREPARED = "prepared"
    ARMED = "armed"
    """About to be sent, or sent and not recorded."""
    COMMITTED = "committed"
    """The platform said yes; it was not seen there yet."""
    UNKNOWN = "unknown"
    """The platform's answer does not tell; it is looked for, never sent again."""
    CONFIRMED = "confirmed"
    MANUAL = "manual"
    """Looking did not tell: a person looks, and says."""
    REJECTED = "rejected"
    """Certainly not on the platform."""
    CANCELLED = "cancelled"


OPEN_REPLIES = (ReplyState.PREPARED, ReplyState.ARMED, ReplyState.COMMITTED, ReplyState.UNKNOWN, ReplyState.MANUAL)
"""While one of these stands, a comment gets no second reply."""


class HidingState(StrEnum):
    TO_HIDE = "to_hide"
    ARMED = "armed"
    HIDDEN = "hidden"
    TO_SHOW = "to_show"
    """It is shown again: it was a mistake, or turned out to be criticism."""
    SHOWN = "shown"
    FAILED = "failed"
    """The platform never hid it."""


LIVE_HIDINGS = (HidingState.TO_HIDE, HidingState.ARMED, HidingState.HIDDEN, HidingState.TO_SHOW)


class HouseGround(StrEnum):
    """What a house rule may be about; none is a stance, a tone or a person. A new one needs a migration."""

    SCAM_LINK = "scam_link"
    IMPERSONATION = "impersonation"
    EXPOSED_PERSONAL_DATA = "exposed_personal_data"
    THREAT_OF_VIOLENCE = "threat_of_violence"
    ADVERT = "advert"


class ShownBecause(StrEnum):
    OFFICER = "officer"
    PROTECTED = "protected"
    """It is, or became, criticism, opinion, complaint or a case."""


def _open(states: tuple[StrEnum, ...]) -> str:
    return f"state IN ({', '.join(repr(state.value) for state in states)})"


class Conversation(Base):
    """How far a comment is here: who answers for it, who looks at it now, and whether it needs no answer."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("(held_by IS NULL) = (held_until IS NULL)", name="held_for_a_time"),
        CheckConstraint("(assigned_to IS NULL) = (assigned_at IS NULL)", name="assigned_at_a_time"),
        CheckConstraint("(closed_by IS NULL) = (closed_at IS NULL)", name="closed_by_somebody"),
        Index("ix_conversations_assigned_to", "assigned_to", postgresql_where=text("assigned_to IS NOT NULL")),
        table_rules("publish"),
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    assigned_by: Mapped[UUID | None]
    assigned_at: Mapped[datetime | None]
    held_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    held_until: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    """Needs no answer, as an officer said."""


class ReplyTemplate(Base):
    """A unit's words for what is asked often; its words are versions, and the newest is used."""

    __tablename__ = "reply_templates"
    __table_args__ = (
        CheckConstraint("length(btrim(name)) BETWEEN 3 AND 100", name="name"),
        UniqueConstraint("unit_id", "name"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    name: Mapped[str]
    version: Mapped[int]
    """The newest."""
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class ReplyTemplateVersion(Base):
    """What a template said; never changed, so that each reply shows what it was made of."""

    __tablename__ = "reply_template_versions"
    __table_args__ = (
        CheckConstraint("length(btrim(body)) BETWEEN 5 AND 1000", name="body"),
        CheckConstraint("version >= 1", name="version"),
        table_rules("publish"),
    )

    template_id: Mapped[UUID] = mapped_column(ForeignKey("reply_templates.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]


class CommentReply(Base):
    """An answer to one comment, as the page, by one officer who is named here: never a post of its own."""

    __tablename__ = "comment_replies"
    __table_args__ = (
        CheckConstraint(one_of("state", ReplyState), name="state"),
        CheckConstraint("length(btrim(body)) BETWEEN 1 AND 1000", name="body"),
        CheckConstraint("(template_id IS NULL) = (template_version IS NULL)", name="template_version"),
        CheckConstraint(
            "state IN ('prepared', 'rejected', 'cancelled') OR armed_at IS NOT NULL", name="armed_before_sent"
        ),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_at_a_time"),
        CheckConstraint("state <> 'confirmed' OR platform_id IS NOT NULL OR told_by IS NOT NULL", name="seen_or_told"),
        ForeignKeyConstraint(
            ["template_id", "template_version"],
            ["reply_template_versions.template_id", "reply_template_versions.version"],
        ),
        Index("ix_comment_replies_comment_id", "comment_id"),
        Index("uq_comment_replies_open", "comment_id", unique=True, postgresql_where=text(_open(OPEN_REPLIES))),
        Index("ix_comment_replies_due", "not_before", postgresql_where=text(_open(OPEN_REPLIES))),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"))
    body: Mapped[str]
    template_id: Mapped[UUID | None]
    template_version: Mapped[int | None]
    replied_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    not_before: Mapped[datetime]
    """When the worker turns to it next."""
    armed_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(server_default="0")
    platform_id: Mapped[str | None]
    """The platform's id of our own reply; it names nobody but the page."""
    confirmed_at: Mapped[datetime | None]
    told_by: Mapped[UUID | None]
    """The officer who looked on the platform, where a machine could not tell."""
    error: Mapped[str | None]


class HouseRule(Base):
    """A written rule by which a comment may be hidden: public, and put in force by somebody else than its writer."""

    __tablename__ = "house_rules"
    __table_args__ = (
        CheckConstraint(one_of("ground", HouseGround), name="ground"),
        CheckConstraint("length(btrim(title)) BETWEEN 3 AND 200", name="title"),
        CheckConstraint("length(btrim(body)) BETWEEN 20 AND 2000", name="body"),
        CheckConstraint("(in_force_by IS NULL) = (in_force_at IS NULL)", name="in_force"),
        CheckConstraint("in_force_by <> written_by", name="two_people"),
        CheckConstraint("retired_at IS NULL OR in_force_at IS NOT NULL", name="retired_was_in_force"),
        Index("ix_house_rules_unit_id", "unit_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    ground: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]
    in_force_by: Mapped[UUID | None]
    in_force_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class CommentHiding(Base):
    """That a comment was hidden: by which rule, why and by whom. It is kept for ever, also when it is shown again."""

    __tablename__ = "comment_hidings"
    __table_args__ = (
        CheckConstraint(one_of("state", HidingState), name="state"),
        CheckConstraint("length(btrim(reason)) BETWEEN 10 AND 500", name="reason"),
        CheckConstraint(one_of("shown_because", ShownBecause), name="shown_because"),
        CheckConstraint("state NOT IN ('to_show', 'shown') OR shown_because IS NOT NULL", name="shown_for_a_reason"),
        CheckConstraint("state <> 'hidden' OR hidden_at IS NOT NULL", name="hidden_at_a_time"),
        Index("ix_comment_hidings_comment_id", "comment_id"),
        Index("ix_comment_hidings_rule_id", "rule_id"),
        Index("uq_comment_hidings_live", "comment_id", unique=True, postgresql_where=text(_open(LIVE_HIDINGS))),
        Index("ix_comment_hidings_due", "not_before", postgresql_where=text(_open(LIVE_HIDINGS))),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("house_rules.id"))
    reason: Mapped[str]
    hidden_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str]
    asked_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    hidden_at: Mapped[datetime | None]
    shown_at: Mapped[datetime | None]
    shown_by: Mapped[UUID | None]
    shown_because: Mapped[str | None]
    error: Mapped[str | None]
