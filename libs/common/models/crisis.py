"""Playbooks for bad days, the situations opened from them, and what was done in each, minute by minute."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.alerts import AlertSeverity
from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import Field, Role
from libs.common.models.publish import MARKED


class PlaybookTrigger(StrEnum):
    MANUAL = "manual"
    ALERT = "alert"
    """An alert suggests it; a person opens it."""


class SituationState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class EntryKind(StrEnum):
    OPENED = "opened"
    NOTE = "note"
    PUBLICATION = "publication"
    ALERT = "alert"
    PAUSE = "pause"
    CLOSED = "closed"


class Playbook(Base):
    """What is said first, by whom, who agrees and who does what, written down before it is needed."""

    __tablename__ = "playbooks"
    __table_args__ = (
        CheckConstraint(one_of("trigger", PlaybookTrigger), name="trigger"),
        CheckConstraint(one_of("field", Field), name="field"),
        CheckConstraint(one_of("severity", AlertSeverity), name="severity"),
        CheckConstraint(
            "(trigger = 'manual') = (rule_id IS NULL AND field IS NULL AND severity IS NULL)", name="trigger_says_when"
        ),
        CheckConstraint("length(btrim(urgent_reason)) >= 10", name="urgent_with_a_reason"),
        CheckConstraint("jsonb_array_length(checklist) <= 50", name="checklist"),
        UniqueConstraint("unit_id", "name"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    name: Mapped[str]
    trigger: Mapped[str]
    rule_id: Mapped[UUID | None]
    field: Mapped[str | None]
    severity: Mapped[str | None]
    """The least severity that suggests it."""
    statement_title: Mapped[str]
    statement_body: Mapped[str]
    urgent_reason: Mapped[str]
    speaking_unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    """Whose spokesperson on duty speaks."""
    approving_units: Mapped[list[UUID]]
    """Whose spokespersons are asked to approve; the rule of two on duty stands whoever they are."""
    channel_ids: Mapped[list[UUID]]
    checklist: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{title, role, unit_id, minutes}]"""
    version: Mapped[int] = mapped_column(server_default="1")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Situation(Base):
    """A playbook put to work. A drill is marked for ever and makes nothing that is real (triggers)."""

    __tablename__ = "situations"
    __table_args__ = (
        CheckConstraint(one_of("state", SituationState), name="state"),
        CheckConstraint(MARKED, name="drill_is_marked"),
        CheckConstraint("NOT is_drill OR pause_id IS NULL", name="drill_pauses_nothing"),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (closed_by IS NOT NULL) "
            "AND (state = 'open' OR length(btrim(coalesce(lesson, ''))) >= 10)",
            name="closed_with_a_lesson",
        ),
        Index("ix_situations_unit_id_id", "unit_id", "id"),
        Index("ix_situations_publication_id", "publication_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    playbook_id: Mapped[UUID] = mapped_column(ForeignKey("playbooks.id"))
    playbook_version: Mapped[int]
    title: Mapped[str]
    is_drill: Mapped[bool]
    state: Mapped[str]
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    """The holding statement."""
    pause_id: Mapped[UUID | None] = mapped_column(ForeignKey("pauses.id"))
    alert_id: Mapped[UUID | None]
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    lesson: Mapped[str | None]


class SituationEntry(Base):
    """One line of the timeline. Append-only (trigger and grant); nothing is added once the situation is closed."""

    __tablename__ = "situation_entries"
    __table_args__ = (
        CheckConstraint(one_of("kind", EntryKind), name="kind"),
        CheckConstraint(one_of("role", Role), name="role"),
        CheckConstraint("(kind IN ('publication', 'alert')) <= (object_id IS NOT NULL)", name="link_leads_somewhere"),
        Index("ix_situation_entries_situation_id_id", "situation_id", "id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    situation_id: Mapped[UUID] = mapped_column(ForeignKey("situations.id"))
    kind: Mapped[str]
    body: Mapped[str]
    object_id: Mapped[UUID | None]
    """The publication, alert or pause that the entry links."""
    role: Mapped[str]
    """In which role it was done."""
    done_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    happened_at: Mapped[datetime]


class PlaybookSuggestion(Base):
    """An alert for which a playbook was written: somebody is told, once, and decides."""

    __tablename__ = "playbook_suggestions"
    __table_args__ = (
        Index("ix_playbook_suggestions_alert_id", "alert_id"),
        table_rules("publish"),
    )

    playbook_id: Mapped[UUID] = mapped_column(ForeignKey("playbooks.id"), primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    suggested_at: Mapped[datetime]
    situation_id: Mapped[UUID | None] = mapped_column(ForeignKey("situations.id"))
