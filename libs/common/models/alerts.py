"""What somebody wants to be told of, what was raised, who was told. Rules look at content, never at who wrote it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import STAFF_ROLES, Field


class AlertKind(StrEnum):
    """What a rule waits for. None asks who said it."""

    THRESHOLD = "threshold"
    BURST = "burst"
    FIRST_APPEARANCE = "first_appearance"
    CLAIM_SEEN = "claim_seen"
    SOURCE_QUIET = "source_quiet"
    SAVED_QUERY = "saved_query"


PUBLIC_KINDS = (AlertKind.THRESHOLD, AlertKind.BURST, AlertKind.FIRST_APPEARANCE, AlertKind.CLAIM_SEEN)
"""Kinds of which outside subscribers may hear, where the rule is public."""


class AlertSeverity(StrEnum):
    NOTICE = "notice"
    WARNING = "warning"
    URGENT = "urgent"


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertGrouping(StrEnum):
    """Which alerts of a rule are told together."""

    RULE = "rule"
    FIELD = "field"
    PLACE = "place"
    STORY = "story"
    ALERT = "alert"


class AlertHold(StrEnum):
    """Why an alert that is due is not told yet."""

    QUIET = "quiet"
    MUTE = "mute"


class AlertStepKind(StrEnum):
    RAISED = "raised"
    HELD = "held"
    TOLD = "told"
    ESCALATED = "escalated"
    DROPPED = "dropped"
    """Not told any more: a reminder of what is over, or settled by a person meanwhile."""
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ENDED = "ended"
    """The condition is over, by itself."""


_HOUR = r"'^([01]\d|2[0-3]):[0-5]\d$'"
_PUBLIC = ", ".join(f"'{kind.value}'" for kind in PUBLIC_KINDS)


class AlertRule(Base):
    __tablename__ = "alert_rules"
    __table_args__ = (
        CheckConstraint(one_of("kind", AlertKind), name="kind"),
        CheckConstraint(one_of("severity", AlertSeverity), name="severity"),
        CheckConstraint(one_of("breaks_quiet", AlertSeverity), name="breaks_quiet"),
        CheckConstraint(one_of("role", STAFF_ROLES), name="role"),
        CheckConstraint(one_of("group_by", AlertGrouping), name="group_by"),
        CheckConstraint("group_minutes BETWEEN 0 AND 1440", name="group_minutes"),
        CheckConstraint("jsonb_array_length(escalation) <= 5", name="escalation"),
        CheckConstraint("length(name) BETWEEN 3 AND 200", name="name"),
        CheckConstraint(
            f"(quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from ~ {_HOUR} AND quiet_to ~ {_HOUR}",
            name="quiet_hours",
        ),
        CheckConstraint(
            "mute_until IS NULL OR (muted_at IS NOT NULL AND mute_until > muted_at "
            "AND mute_until <= muted_at + interval '720 hours' AND coalesce(length(btrim(mute_reason)), 0) >= 10)",
            name="mute_ends",
        ),
        CheckConstraint(
            r"name || condition::text !~ '@' AND regexp_replace(name || condition::text, "
            r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '', 'g') !~ '[0-9]{9,}'",
            name="asks_for_no_person",
        ),
        CheckConstraint(f"NOT is_public OR kind IN ({_PUBLIC})", name="public_kinds"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    slug: Mapped[str | None] = mapped_column(unique=True)
    """Of a shipped rule, so that seeding again finds it."""
    name: Mapped[str]
    kind: Mapped[str]
    condition: Mapped[dict[str, Any]]
    severity: Mapped[str]
    role: Mapped[str]
    """Who is told first."""
    unit_id: Mapped[UUID | None]
    """The unit that owns it; None: the city."""
    group_by: Mapped[str]
    group_minutes: Mapped[int]
    quiet_from: Mapped[str | None]
    quiet_to: Mapped[str | None]
    breaks_quiet: Mapped[str]
    """The least severity that is told in quiet hours too."""
    escalation: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    """[{after_minutes, role}], told in this order while nobody acknowledges."""
    mute_until: Mapped[datetime | None]
    muted_at: Mapped[datetime | None]
    mute_reason: Mapped[str | None]
    muted_by: Mapped[UUID | None]
    is_enabled: Mapped[bool] = mapped_column(server_default=sql("true"))
    is_public: Mapped[bool] = mapped_column(server_default=sql("false"))
    expires_at: Mapped[datetime | None]
    remembers_from: Mapped[datetime | None]
    """Of first appearances: how far back its memory reaches. None while it is still to be filled."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Alert(Base):
    """One event of one rule. While its condition goes on (`ended_at` is null) there is no second of its key."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(one_of("kind", AlertKind), name="kind"),
        CheckConstraint(one_of("severity", AlertSeverity), name="severity"),
        CheckConstraint(one_of("state", AlertState), name="state"),
        CheckConstraint(one_of("hold", AlertHold), name="hold"),
        CheckConstraint(one_of("field", Field), name="field"),
        CheckConstraint("count > 0", name="count"),
        CheckConstraint(
            "state = 'open' OR (state = 'acknowledged' AND acknowledged_by IS NOT NULL AND acknowledged_at IS NOT NULL)"
            " OR (state = 'resolved' AND resolved_at IS NOT NULL "
            "AND (resolved_by IS NOT NULL OR ended_at IS NOT NULL))",
            name="state_facts",
        ),
        CheckConstraint("ended_at IS NULL OR state = 'resolved'", name="ended_is_resolved"),
        Index(
            "uq_alerts_going_on",
            "rule_id",
            "event_key",
            unique=True,
            postgresql_where=sql("ended_at IS NULL"),
        ),
        Index("ix_alerts_rule_id_event_key", "rule_id", "event_key"),
        Index("ix_alerts_due_at", "due_at", postgresql_where=sql("due_at IS NOT NULL")),
        Index("ix_alerts_rule_id_bundle", "rule_id", "bundle", "told_at"),
        Index("ix_alerts_state_id", "state", "id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rules.id"))
    kind: Mapped[str]
    event_key: Mapped[str]
    bundle: Mapped[str]
    """Alerts of a rule with the same bundle are told together."""
    severity: Mapped[str]
    state: Mapped[str]
    title: Mapped[str]
    why: Mapped[dict[str, Any]]
    """{what, unusual, next, contents: [{id, title}], links}: in words that a person on duty can read."""
    field: Mapped[str | None]
    place: Mapped[str | None]
    story_id: Mapped[UUID | None]
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    is_muted: Mapped[bool]
    """Raised while its rule was muted, or first due then: recorded, and told when the mute is over, ended or not."""
    hold: Mapped[str | None]
    due_at: Mapped[datetime | None]
    """When the next level is to be told; None where nobody is to be told any more."""
    next_level: Mapped[int] = mapped_column(server_default="0")
    told_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    acknowledged_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]
    """None where it ended by itself."""
    resolved_at: Mapped[datetime | None]


class AlertTelling(Base):
    """Each level of each alert is told at most once."""

    __tablename__ = "alert_tellings"
    __table_args__ = (
        CheckConstraint(one_of("role", STAFF_ROLES), name="role"),
        CheckConstraint("level BETWEEN 0 AND 5", name="level"),
        table_rules("classify"),
    )

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str]
    notification_id: Mapped[UUID]
    told_at: Mapped[datetime]


class AlertStep(Base):
    """The timeline of an alert."""

    __tablename__ = "alert_steps"
    __table_args__ = (
        CheckConstraint(one_of("kind", AlertStepKind), name="kind"),
        Index("ix_alert_steps_alert_id", "alert_id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    done_by: Mapped[UUID | None]
    """Who acknowledged or resolved it."""
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    happened_at: Mapped[datetime]


class AlertHit(Base):
    """A content that counts for a threshold, once for each group of its rule, however often it is labelled."""

    __tablename__ = "alert_hits"
    __table_args__ = (
        Index("ix_alert_hits_rule_id_key_hit_at", "rule_id", "key", "hit_at"),
        Index("ix_alert_hits_hit_at", "hit_at"),
        table_rules("classify"),
    )

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rules.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    hit_at: Mapped[datetime]


class AlertMemory(Base):
    """When what a rule of first appearances looks for was last seen."""

    __tablename__ = "alert_memories"
    __table_args__ = (table_rules("classify"),)

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rules.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
