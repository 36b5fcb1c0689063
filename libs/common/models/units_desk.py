"""What the city hands to its units: each gets a draft of its own, and says itself what becomes of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class Syndication(Base):
    """A publication of one unit, offered to another as a draft of that other's own (trigger). Never deleted; it ends
    by the unit's word alone: it approves the draft, or declines it."""

    __tablename__ = "syndications"
    __table_args__ = (
        UniqueConstraint("publication_id", "unit_id"),
        UniqueConstraint("draft_id"),
        CheckConstraint("draft_id <> publication_id", name="a_draft_of_its_own"),
        CheckConstraint("length(note) <= 1000", name="note"),
        CheckConstraint(
            "(declined_at IS NULL) = (declined_by IS NULL) "
            "AND (declined_at IS NULL OR length(btrim(coalesce(declined_reason, ''))) >= 10)",
            name="declined_with_a_reason",
        ),
        Index("ix_syndications_unit_id_id", "unit_id", "id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    revision: Mapped[int]
    """Of the publication, when it was offered."""
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    note: Mapped[str]
    offered_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    offered_at: Mapped[datetime]
    declined_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    declined_at: Mapped[datetime | None]
    declined_reason: Mapped[str | None]
