"""What people decide about stories: these contents belong together, those do not."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from libs.common.models.base import Base, one_of, primary_key, table_rules


class LinkKind(StrEnum):
    """must: the contents belong to the story (a merge); cannot: they do not (a split)."""

    MUST = "must"
    CANNOT = "cannot"


class StoryLink(Base):
    """A merge or a split by a person, with a reason; taken back by a person too, never deleted.

    `story_id`: the story merged into, or split. `other_id`: the story that was merged, or split off. `contents`: those
    that moved. `change`: numbers decisions in the order in which the assigner has to take them in.
    """

    __tablename__ = "story_links"
    __table_args__ = (
        CheckConstraint(one_of("kind", LinkKind), name="kind"),
        CheckConstraint("length(btrim(reason)) >= 10", name="reason"),
        CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_by_a_person"),
        CheckConstraint("story_id <> other_id", name="two_stories"),
        Index("ix_story_links_change", "change", unique=True),
        Index("ix_story_links_story_id", "story_id"),
        Index("ix_story_links_other_id", "other_id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    story_id: Mapped[UUID]
    other_id: Mapped[UUID]
    contents: Mapped[list[UUID]]
    strands: Mapped[list[UUID]]
    """The strands that moved, with all that joins them later."""
    reason: Mapped[str]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]
    change: Mapped[int]
