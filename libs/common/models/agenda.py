"""The events desk: activities of the city's leadership, and how soon the city itself told of each."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class MeasuredFrom(StrEnum):
    START = "start"
    END = "end"


class AgendaState(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"


class AgendaSource(StrEnum):
    UPLOAD = "upload"
    URL = "url"


class CalendarState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"
    """Its server says that there is no such calendar any more (410): nobody asks again until a person says so."""


class AgendaKind(Base):
    """A kind of activity: the first post it asks for, and within how many minutes."""

    __tablename__ = "agenda_kinds"
    __table_args__ = (
        CheckConstraint(one_of("measured_from", MeasuredFrom), name="measured_from"),
        CheckConstraint("target_minutes BETWEEN 1 AND 10080", name="target"),
        UniqueConstraint("unit_id", "name"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    name: Mapped[str]
    words: Mapped[list[str]]
    """An event whose title or category holds one of them is of this kind."""
    target_minutes: Mapped[int] = mapped_column(server_default="60")
    measured_from: Mapped[str] = mapped_column(server_default="end")
    post_title: Mapped[str]
    post_body: Mapped[str]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgendaCalendar(Base):
    """A calendar that is read by its address again and again, by one worker at a time."""

    __tablename__ = "agenda_calendars"
    __table_args__ = (
        CheckConstraint(one_of("state", CalendarState), name="state"),
        CheckConstraint("url ~ '^https?://[^/?#@[:space:]]+([/?#][^[:space:]]*)?$'", name="url"),
        CheckConstraint("poll_seconds BETWEEN 300 AND 86400", name="rhythm"),
        CheckConstraint("failures >= 0", name="failures"),
        UniqueConstraint("unit_id", "url"),
        Index("ix_agenda_calendars_next_poll_at", "next_poll_at", postgresql_where=text("state = 'active'")),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    name: Mapped[str]
    url: Mapped[str]
    poll_seconds: Mapped[int]
    state: Mapped[str]
    next_poll_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    """While one worker reads it; what it brings counts only where the lease is still that worker's."""
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    digest: Mapped[bytes | None]
    """SHA-256 of the file as it was read last: the same file again is not read again."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """In a row."""
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    last_polled_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgendaImport(Base):
    """What one calendar file brought; `refused` says why an entry was not taken."""

    __tablename__ = "agenda_imports"
    __table_args__ = (
        CheckConstraint(one_of("source", AgendaSource), name="source"),
        CheckConstraint("(source = 'url') = (url IS NOT NULL)", name="url_of_its_source"),
        CheckConstraint("imported_by IS NOT NULL OR calendar_id IS NOT NULL", name="by_somebody_or_a_calendar"),
        Index("ix_agenda_imports_unit_id_id", "unit_id", "id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    source: Mapped[str]
    url: Mapped[str | None]
    created: Mapped[int]
    updated: Mapped[int]
    cancelled: Mapped[int]
    unchanged: Mapped[int]
    outdated: Mapped[int]
    """Older than what is known already."""
    refused: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    """None where a calendar was read by its address at its time."""
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("agenda_calendars.id"))
    imported_at: Mapped[datetime]


class AgendaEvent(Base):
    """One activity, or one occurrence of a recurring one; each once by its UID. No guests and no organizer."""

    __tablename__ = "agenda_events"
    __table_args__ = (
        CheckConstraint(one_of("state", AgendaState), name="state"),
        CheckConstraint("ends_at >= starts_at", name="dates_in_order"),
        CheckConstraint(
            "(publication_id IS NULL) = (linked_by IS NULL) AND (publication_id IS NULL) = (linked_at IS NULL)",
            name="linked_by_somebody",
        ),
        UniqueConstraint("unit_id", "uid", "occurrence"),
        Index("ix_agenda_events_unit_id_starts_at", "unit_id", "starts_at", "id"),
        Index("ix_agenda_events_publication_id", "publication_id"),
        Index(
            "ix_agenda_events_calendar_id",
            "calendar_id",
            "starts_at",
            postgresql_where=text("calendar_id IS NOT NULL AND state = 'planned'"),
        ),
        Index(
            "ix_agenda_events_unwarned",
            "ends_at",
            postgresql_where=text("warned_at IS NULL AND state = 'planned'"),
        ),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    uid: Mapped[str]
    occurrence: Mapped[str] = mapped_column(server_default="")
    """The original start (UTC) of one occurrence of a recurring activity; empty for a single one."""
    kind_id: Mapped[UUID | None] = mapped_column(ForeignKey("agenda_kinds.id"))
    title: Mapped[str]
    place: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    is_all_day: Mapped[bool]
    state: Mapped[str]
    sequence: Mapped[int]
    revised_at: Mapped[datetime | None]
    """When its calendar changed it, as the calendar says."""
    publication_id: Mapped[UUID | None] = mapped_column(ForeignKey("publications.id"))
    """The publication that told of it."""
    linked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    linked_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    import_id: Mapped[UUID] = mapped_column(ForeignKey("agenda_imports.id"))
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("agenda_calendars.id"))
    """The calendar that named it last, of those that are read by their address."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
