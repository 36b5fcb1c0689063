"""What a text is about, which story it belongs to, which claims it repeats, and the guarded risk queue."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import (
    PROTECTED_KINDS,
    Field,
    RiskClass,
    RiskState,
    TextKind,
    Tone,
)

_RISKS = ", ".join(f"'{risk.value}'" for risk in RiskClass)
_PROTECTED = ", ".join(f"'{kind.value}'" for kind in sorted(PROTECTED_KINDS))


class Annotation(Base):
    """The labels of one content; the newest version of the content wins."""

    __tablename__ = "annotations"
    __table_args__ = (
        CheckConstraint(one_of("field", Field), name="field"),
        CheckConstraint(one_of("tone", Tone), name="tone"),
        CheckConstraint(one_of("kind", TextKind), name="kind"),
        CheckConstraint(f"risk <@ ARRAY[{_RISKS}]::text[]", name="risk_closed_list"),
        CheckConstraint("toxicity BETWEEN 0 AND 1", name="toxicity"),
        table_rules("classify", partitioned="month", partition_key="content_id"),
    )

    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    source_id: Mapped[UUID]
    field: Mapped[str]
    field_score: Mapped[float]
    tone: Mapped[str]
    tone_score: Mapped[float]
    kind: Mapped[str]
    kind_score: Mapped[float]
    risk: Mapped[list[str]]
    places: Mapped[list[str]]
    language: Mapped[str]
    toxicity: Mapped[float | None]
    """Advice only, from 0 to 1; None where the model has no such head."""
    abstained: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    """The heads that were not sure enough to say anything: their label is the empty one."""
    mentions: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    """Dates and quantities that the text names."""
    model_versions: Mapped[dict[str, Any]]
    content_revision: Mapped[int]
    annotated_at: Mapped[datetime]


class Story(Base):
    __tablename__ = "stories"
    __table_args__ = (
        CheckConstraint(one_of("field", Field), name="field"),
        Index("ix_stories_last_at_id", "last_at", "id"),
        Index("ix_stories_sources_id", "sources", "id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    title: Mapped[str]
    field: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    items: Mapped[int]
    sources: Mapped[int]
    version: Mapped[int]
    summary: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    """{content_id, text} of each sentence; at most three, of different sources."""
    merged_into: Mapped[UUID | None]
    """The story a person has put this one into; it has no items any more."""


class StoryItem(Base):
    __tablename__ = "story_items"
    __table_args__ = (
        Index("ix_story_items_story_id", "story_id"),
        Index("ix_story_items_position_content_id", "position", "content_id"),
        table_rules("classify"),
    )

    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    story_id: Mapped[UUID] = mapped_column(ForeignKey("stories.id", ondelete="CASCADE"))
    source_id: Mapped[UUID]
    score: Mapped[float]
    epoch: Mapped[int]
    assigned_at: Mapped[datetime]
    strand_id: Mapped[UUID | None]
    """What the assigner put it with, whichever story people have given that to; empty where it is the story."""
    position: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The order in which contents were assigned."""


class Lease(Base):
    """Who does a one-at-a-time job; the epoch fences off a holder that was thought dead."""

    __tablename__ = "leases"
    __table_args__ = table_rules("classify")

    name: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    holder: Mapped[str]
    expires_at: Mapped[datetime]


class LabelRecord(Base):
    """Every kind a content was ever given that matters for the firewall. Append-only."""

    __tablename__ = "label_history"
    __table_args__ = (
        CheckConstraint(one_of("kind", TextKind), name="kind"),
        CheckConstraint(
            f"from_kind IS NULL OR from_kind NOT IN ({_PROTECTED}) OR kind IN ({_PROTECTED}) "
            "OR (labelled_by IS NOT NULL AND second_by IS NOT NULL AND labelled_by <> second_by "
            "AND coalesce(length(btrim(reason)), 0) >= 10)",
            name="two_people_to_unprotect",
        ),
        Index("ix_label_history_content_id", "content_id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    content_id: Mapped[UUID]
    kind: Mapped[str]
    from_kind: Mapped[str | None]
    labelled_by: Mapped[UUID | None]
    second_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    labelled_at: Mapped[datetime]


class LabelProposal(Base):
    """A move away from criticism, opinion or complaint that waits for a second person."""

    __tablename__ = "label_proposals"
    __table_args__ = (
        CheckConstraint(one_of("kind", TextKind), name="kind"),
        Index(
            "uq_label_proposals_open",
            "content_id",
            unique=True,
            postgresql_where=sql("decided_at IS NULL"),
        ),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    content_id: Mapped[UUID]
    kind: Mapped[str]
    reason: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class LegalRiskCase(Base):
    """A suggestion about content for a person to decide. Criticism can never be here (trigger)."""

    __tablename__ = "legal_risk_cases"
    __table_args__ = (
        UniqueConstraint("content_id", "risk_class"),
        CheckConstraint(one_of("risk_class", RiskClass), name="risk_class"),
        CheckConstraint(one_of("state", RiskState), name="state"),
        CheckConstraint(
            "risk_class <> 'false_emergency' OR claim_id IS NOT NULL",
            name="needs_claim",
        ),
        CheckConstraint(
            "risk_class <> 'reported_defamation' OR reported_by_harmed",
            name="reported_by_harmed",
        ),
        CheckConstraint(
            "state IN ('suggested', 'released') "
            "OR (decided_by IS NOT NULL AND coalesce(length(btrim(reason)), 0) >= 10 AND decided_at IS NOT NULL)",
            name="decided_by_a_person",
        ),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    content_id: Mapped[UUID]
    risk_class: Mapped[str]
    state: Mapped[str]
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("claims.id"))
    reported_by_harmed: Mapped[bool] = mapped_column(server_default=sql("false"))
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
