"""The city's organisation as a dated tree, with every name people still use for its parts."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import UnitKind


class OrganizationUnit(Base):
    __tablename__ = "organization_units"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint(one_of("kind", UnitKind), name="kind"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        table_rules("owner"),
    )

    id: Mapped[UUID] = primary_key()
    code: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    name_folded: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization_units.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str]


class UnitAlias(Base):
    """A name that leads to a unit within its dates: an old district leads to the wards after 1 July 2025."""

    __tablename__ = "unit_aliases"
    __table_args__ = (
        UniqueConstraint("alias_folded", "unit_id", "valid_from"),
        Index("ix_unit_aliases_alias_folded", "alias_folded"),
        table_rules("owner"),
    )

    id: Mapped[UUID] = primary_key()
    alias: Mapped[str]
    alias_folded: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str]
