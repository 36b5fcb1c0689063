"""The models that labelled, with their cards, and what people corrected: the training data of the next one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import AliasState

CORRECTION_CHARS = 2000
"""Of a corrected text that are kept, with personal data masked."""


class InstalledModel(Base):
    """A model that was in use here at some time, as its card tells of it."""

    __tablename__ = "models"
    __table_args__ = (
        Index("uq_models_current", "is_current", unique=True, postgresql_where=sql("is_current")),
        table_rules("classify"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    card: Mapped[dict[str, Any]]
    is_current: Mapped[bool]
    installed_at: Mapped[datetime]


class LabelCorrection(Base):
    """A person's label where a model had said something else: it holds, and it teaches. Append-only, for two years."""

    __tablename__ = "label_corrections"
    __table_args__ = (
        CheckConstraint("head IN ('field', 'tone', 'kind', 'risk', 'places')", name="head"),
        CheckConstraint(f"length(text) <= {CORRECTION_CHARS}", name="text_is_short"),
        Index("ix_label_corrections_content_id", "content_id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    content_id: Mapped[UUID]
    head: Mapped[str]
    model_label: Mapped[str]
    label: Mapped[str]
    """Of `risk`: `none`, the class in `model_label` being what a person dismissed. Of `places`: codes with commas."""
    text: Mapped[str]
    model: Mapped[str]
    labelled_by: Mapped[UUID]
    labelled_at: Mapped[datetime]


class PlaceAlias(Base):
    """What a place is also called, as a person read it in a text and another person agreed: texts are read with it."""

    __tablename__ = "place_aliases"
    __table_args__ = (
        CheckConstraint(one_of("state", AliasState), name="state"),
        CheckConstraint("length(name) BETWEEN 3 AND 60", name="name"),
        CheckConstraint("name !~ '@' AND name !~ '[0-9]{5,}'", name="names_no_person"),
        CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided",
        ),
        CheckConstraint("state <> 'confirmed' OR decided_by <> proposed_by", name="two_people"),
        Index(
            "uq_place_aliases_name_unit",
            "name_folded",
            "unit_code",
            unique=True,
            postgresql_where=sql("state IN ('proposed', 'confirmed')"),
        ),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    name: Mapped[str]
    name_folded: Mapped[str]
    unit_code: Mapped[str]
    content_id: Mapped[UUID]
    """Where it was read."""
    state: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    """Who confirmed it, another person; or who refused or took it back."""
    decided_at: Mapped[datetime | None]
