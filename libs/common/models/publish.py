"""People, channels, publications and what became of them on each channel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import (
    ChannelState,
    DeliveryState,
    PublicationKind,
    PublicationState,
    Role,
    TaskState,
)


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
            "(granted_by IS NULL) = (granted_at IS NULL) AND (granted_by IS NULL OR length(btrim(reason)) >= 10)",
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


class Channel(Base):
    """An account the city owns, openly. A private person's account cannot be held here."""

    __tablename__ = "channels"
    __table_args__ = (
        CheckConstraint("owner_kind = 'official'", name="official_only"),
        CheckConstraint(one_of("state", ChannelState), name="state"),
        Index(
            "uq_channels_city_official",
            "programme_id",
            unique=True,
            postgresql_where=text("is_city_official"),
            postgresql_nulls_not_distinct=True,
        ),
        UniqueConstraint("kind", "address"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    name: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    owner_kind: Mapped[str] = mapped_column(server_default="official")
    address: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    state: Mapped[str]
    is_city_official: Mapped[bool] = mapped_column(server_default=text("false"))
    programme_id: Mapped[UUID | None]
    created_at: Mapped[datetime]


class ChannelCredential(Base):
    """Encrypted; no role but publish's can read it."""

    __tablename__ = "channel_credentials"
    __table_args__ = table_rules("publish", readers=("publish",))

    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    ciphertext: Mapped[bytes]
    updated_at: Mapped[datetime]


class Publication(Base):
    """One message of one unit; its approval binds to `content_hash` (trigger)."""

    __tablename__ = "publications"
    __table_args__ = (
        CheckConstraint(one_of("kind", PublicationKind), name="kind"),
        CheckConstraint(one_of("state", PublicationState), name="state"),
        CheckConstraint("octet_length(content_hash) = 32", name="hash_length"),
        Index("ix_publications_state_scheduled_at", "state", "scheduled_at"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    kind: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(server_default="vi")
    story_id: Mapped[UUID | None]
    affects_rights: Mapped[bool] = mapped_column(server_default=text("false"))
    source_note: Mapped[str | None]
    ai_label: Mapped[str | None]
    state: Mapped[str]
    revision: Mapped[int]
    content_hash: Mapped[bytes]
    scheduled_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PublicationRevision(Base):
    """Who touched which revision; whoever did can't approve it. Append-only."""

    __tablename__ = "publication_revisions"
    __table_args__ = (
        Index("ix_publication_revisions_publication_id", "publication_id", "revision"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    revision: Mapped[int]
    content_hash: Mapped[bytes]
    edited_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    edited_at: Mapped[datetime]


class Variant(Base):
    """What one channel will carry; rewritten whenever the revision changes."""

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("publication_id", "channel_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    revision: Mapped[int]
    text: Mapped[str]
    link: Mapped[str | None]


class Approval(Base):
    """A second person's word on exactly one hash. Append-only; checked by a trigger."""

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("publication_id", "revision", "approver_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    revision: Mapped[int]
    content_hash: Mapped[bytes]
    approver_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime]


class Delivery(Base):
    """One publication on one channel: prepared, armed, committed once, confirmed by looking."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("publication_id", "channel_id"),
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        CheckConstraint(
            "state <> 'published' OR confirmed_at IS NOT NULL",
            name="published_is_confirmed",
        ),
        Index("ix_deliveries_state_not_before", "state", "not_before"),
        Index("ix_deliveries_channel_id_id", "channel_id", "id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    revision: Mapped[int]
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(server_default="0")
    platform_id: Mapped[str | None]
    platform_url: Mapped[str | None]
    handle: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    error: Mapped[str | None]
    not_before: Mapped[datetime]
    committed_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    collect_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class EngagementPoint(Base):
    """One metric of one delivery at one instant; a missing value is null, never 0."""

    __tablename__ = "engagement_points"
    __table_args__ = (
        Index("ix_engagement_points_delivery_id_as_of", "delivery_id", "as_of"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    metric: Mapped[str]
    value: Mapped[int | None]
    definition: Mapped[str]
    as_of: Mapped[datetime]


class Task(Base):
    """Something only a person can do; done only with an address that shows it."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint(one_of("state", TaskState), name="state"),
        CheckConstraint(
            "state <> 'done' OR (done_by IS NOT NULL AND done_at IS NOT NULL)",
            name="done_by",
        ),
        UniqueConstraint("kind", "delivery_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    title: Mapped[str]
    link: Mapped[str | None]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    state: Mapped[str]
    evidence_url: Mapped[str | None]
    created_at: Mapped[datetime]
    done_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
