"""How far the rows of a programme have come, as their lead units said, and what people linked to them by hand."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import AssignmentState


class Recurrence(StrEnum):
    """How often a row falls due again; a row without one falls due once."""

    YEAR = "year"
    HALF = "half"
    QUARTER = "quarter"
    MONTH = "month"


class EvidenceKind(StrEnum):
    """What can show that a row is being carried out. All but `link` are found by rules."""

    PUBLICATION = "publication"
    CORRECTION = "correction"
    REPORT = "report"
    PARTNER_DECISION = "partner_decision"
    AGENDA = "agenda"
    PLAN = "plan"
    LINK = "link"
    """A page that a person names."""


class AssignmentProgress(Base):
    """What a person of the lead unit said of a row. Append-only: the newest counts, those before it are its history."""

    __tablename__ = "assignment_progress"
    __table_args__ = (
        CheckConstraint(one_of("state", AssignmentState), name="state"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("state <> 'done' OR coalesce(percent, 100) = 100", name="done_is_whole"),
        CheckConstraint("length(btrim(note)) BETWEEN 1 AND 2000", name="note"),
        UniqueConstraint("assignment_id", "version"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    version: Mapped[int]
    """From 1; two people who report at once cannot both write the same one."""
    state: Mapped[str]
    percent: Mapped[int | None]
    note: Mapped[str]
    reported_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime]


class EvidenceChoice(Base):
    """One evidence that a person linked to a row, or took off it, and why. Append-only: the newest of each object
    counts over what the rules find."""

    __tablename__ = "evidence_choices"
    __table_args__ = (
        CheckConstraint(one_of("kind", EvidenceKind), name="kind"),
        CheckConstraint("length(btrim(title)) BETWEEN 1 AND 500", name="title"),
        CheckConstraint("url ~ '^https?://'", name="url"),
        CheckConstraint("(kind = 'link') = (url IS NOT NULL)", name="link_has_a_url"),
        CheckConstraint("length(btrim(reason)) BETWEEN 10 AND 1000", name="with_a_reason"),
        Index("ix_evidence_choices_assignment_id_object_id", "assignment_id", "object_id", "id"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    kind: Mapped[str]
    object_id: Mapped[UUID]
    """Of the publication, report, …; of a link, its own."""
    is_linked: Mapped[bool]
    title: Mapped[str]
    url: Mapped[str | None]
    happened_at: Mapped[datetime]
    reason: Mapped[str]
    chosen_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    chosen_at: Mapped[datetime]
