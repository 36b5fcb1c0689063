"""Channels, publications and what became of them on each channel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import (
    ChannelState,
    DeliveryState,
    PublicationKind,
    PublicationState,
    TakedownKind,
    TaskOutcome,
    TaskState,
)

DRILL_MARK = "DIỄN TẬP"
MARKED = f"NOT is_drill OR title LIKE '{DRILL_MARK}%'"
DRILL_KINDS = ("bluesky", "facebook", "instagram", "mastodon", "telegram", "threads", "tiktok", "youtube", "zalo")
"""Platforms that the sandbox plays; the bulletin, mail, push and the press are never part of a drill."""
DRILL_CHANNEL = (
    f"NOT is_drill OR (kind IN ({', '.join(map(repr, DRILL_KINDS))}) AND settings ? 'service' AND NOT is_city_official)"
)


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
        CheckConstraint(DRILL_CHANNEL, name="drill_in_the_sandbox"),
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
    capabilities: Mapped[dict[str, Any] | None]
    """What the platform said it can do for this account, at `capabilities_at`."""
    capabilities_at: Mapped[datetime | None]
    health_at: Mapped[datetime | None]
    credentials_end_at: Mapped[datetime | None]
    """When a person has to connect the account again, where the platform says so."""
    is_drill: Mapped[bool] = mapped_column(server_default=text("false"))
    """An account on the sandbox: drills post here and nowhere else, and nothing real does (triggers)."""


class ChannelLimit(Base):
    """How much of one cap of a platform an account has used; `*` holds the platform's own "not before"."""

    __tablename__ = "channel_limits"
    __table_args__ = table_rules("publish")

    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    blocked_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ChannelCredential(Base):
    """Encrypted; no role but publish's can read it. `key_id` names the key that wraps the row's own key."""

    __tablename__ = "channel_credentials"
    __table_args__ = table_rules("publish", readers=("publish",))

    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    ciphertext: Mapped[bytes]
    key_id: Mapped[str | None]
    renewing_since: Mapped[datetime | None]
    """Set before a token is renewed: a refresh token that serves once is not used by two, nor twice unknowingly."""
    updated_at: Mapped[datetime]


class Publication(Base):
    """One message of one unit; its approval binds to `content_hash` (trigger)."""

    __tablename__ = "publications"
    __table_args__ = (
        CheckConstraint(one_of("kind", PublicationKind), name="kind"),
        CheckConstraint(one_of("state", PublicationState), name="state"),
        CheckConstraint("octet_length(content_hash) = 32", name="hash_length"),
        CheckConstraint(
            "NOT is_urgent OR length(btrim(coalesce(urgent_reason, ''))) >= 10", name="urgent_with_a_reason"
        ),
        CheckConstraint("NOT is_ai_made OR length(btrim(coalesce(ai_label, ''))) > 0", name="ai_is_labelled"),
        CheckConstraint(
            "corrects_id IS NULL OR (kind = 'correction' AND corrects_id <> id)", name="correction_corrects"
        ),
        CheckConstraint(MARKED, name="drill_is_marked"),
        Index("ix_publications_state_scheduled_at", "state", "scheduled_at"),
        Index("ix_publications_unit_id_scheduled_at", "unit_id", "scheduled_at"),
        Index("ix_publications_calendar", "unit_id", text("coalesce(published_at, scheduled_at)"), "id"),
        Index("ix_publications_campaign_id", "campaign_id"),
        Index("ix_publications_corrects_id", "corrects_id"),
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
    is_ai_made: Mapped[bool] = mapped_column(server_default=text("false"))
    is_urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    """Approved by any two spokespersons on duty, not in the unit's own queue; once marked, for ever (trigger)."""
    urgent_reason: Mapped[str | None]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("publications.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str]
    revision: Mapped[int]
    content_hash: Mapped[bytes]
    scheduled_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    is_drill: Mapped[bool] = mapped_column(server_default=text("false"))
    """Made by a drill: marked for ever, posted in the sandbox alone, told to nobody outside (triggers)."""
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
    proof: Mapped[dict[str, Any] | None]
    """How it was seen on the platform: what was read, and when."""
    withdrawn_at: Mapped[datetime | None]
    withdrawal_proof: Mapped[dict[str, Any] | None]
    """How it was seen to be gone: what was read, or who showed it by which address."""
    collect_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Takedown(Base):
    """A withdrawal or a correction of what went out; closed when every channel is confirmed (trigger)."""

    __tablename__ = "takedowns"
    __table_args__ = (
        CheckConstraint(one_of("kind", TakedownKind), name="kind"),
        Index("uq_takedowns_open", "publication_id", "kind", unique=True, postgresql_where=text("closed_at IS NULL")),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    kind: Mapped[str]
    correction_id: Mapped[UUID | None] = mapped_column(ForeignKey("publications.id"))
    """The publication that corrects, where this is a correction."""
    reason: Mapped[str]
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Pause(Base):
    """Nothing scheduled leaves while it lasts: of one unit, or of all (no unit). Ends only by two people (trigger)."""

    __tablename__ = "pauses"
    __table_args__ = (
        Index(
            "uq_pauses_open",
            "unit_id",
            unique=True,
            postgresql_where=text("resumed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization_units.id"))
    reason: Mapped[str]
    paused_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    paused_at: Mapped[datetime]
    resumed_at: Mapped[datetime | None]


class PauseResumption(Base):
    """A spokesperson's word that a pause may end. Append-only; checked by a trigger."""

    __tablename__ = "pause_resumptions"
    __table_args__ = table_rules("publish")

    pause_id: Mapped[UUID] = mapped_column(ForeignKey("pauses.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    given_at: Mapped[datetime]


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
        CheckConstraint(one_of("outcome", TaskOutcome), name="outcome"),
        CheckConstraint(MARKED, name="drill_is_marked"),
        UniqueConstraint("kind", "delivery_id"),
        Index("uq_tasks_open_channel", "kind", "channel_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_tasks_publication_id", "publication_id"),
        Index("ix_tasks_situation_id", "situation_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    title: Mapped[str]
    link: Mapped[str | None]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    state: Mapped[str]
    channel_id: Mapped[UUID | None] = mapped_column(ForeignKey("channels.id"))
    publication_id: Mapped[UUID | None] = mapped_column(ForeignKey("publications.id"))
    outcome: Mapped[str | None]
    evidence_url: Mapped[str | None]
    created_at: Mapped[datetime]
    done_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    situation_id: Mapped[UUID | None] = mapped_column(ForeignKey("situations.id"))
    """The situation whose checklist it stands on; `role` is who does it, `due_at` by when."""
    role: Mapped[str | None]
    due_at: Mapped[datetime | None]
    is_drill: Mapped[bool] = mapped_column(server_default=text("false"))


class NotificationMail(Base):
    """One notification on its way to one person by mail; tried again until it is sent or given up."""

    __tablename__ = "notification_mails"
    __table_args__ = (
        Index("ix_notification_mails_due", "not_before", postgresql_where=text("sent_at IS NULL")),
        table_rules("publish"),
    )

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]


class WatchdogAlert(Base):
    """What the watchdog has told, so that it tells each thing once; written by its own process."""

    __tablename__ = "watchdog_alerts"
    __table_args__ = (
        UniqueConstraint("kind", "object_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    object_id: Mapped[UUID]
    first_seen_at: Mapped[datetime]
    mailed_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
