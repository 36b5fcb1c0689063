"""Officials who work here, what each may do for which unit, and who serves when. Readers are never in these tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import Role


class Person(Base):
    """An official who works here. Readers and citizens are never in this table."""

    __tablename__ = "people"
    __table_args__ = table_rules("publish")

    id: Mapped[UUID] = primary_key()
    subject: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    email: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]


class RoleGrant(Base):
    """A role within a unit, between two dates, given by somebody else who is an admin there (trigger). Never deleted;
    without a giver only where the owner of the schema wrote it."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        CheckConstraint("granted_by <> person_id", name="by_another"),
        CheckConstraint(
            "(granted_by IS NULL) = (granted_at IS NULL) "
            "AND (granted_by IS NULL OR length(btrim(coalesce(reason, ''))) >= 10)",
            name="given_with_a_reason",
        ),
        CheckConstraint("valid_from >= granted_at", name="not_dated_back"),
        UniqueConstraint("person_id", "role", "unit_id", "valid_from"),
        Index("ix_role_grants_unit_id", "unit_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


class DutyRoster(Base):
    """Who serves when, in which role, for a unit. One shift at a time for a person, role and unit (trigger)."""

    __tablename__ = "duty_rosters"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        CheckConstraint("ends_at > starts_at", name="dates_in_order"),
        Index("ix_duty_rosters_unit_id_ends_at", "unit_id", "ends_at"),
        Index("ix_duty_rosters_person_id_ends_at", "person_id", "ends_at"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    role: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
