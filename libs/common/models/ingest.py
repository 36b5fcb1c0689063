"""What was said in public, and what citizens report. No author anywhere."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.catalogue import SourceHealth
from libs.common.models.enums import (
    ContentKind,
    DateProvenance,
    SourceGroup,
    SourceKind,
    SourceState,
)


class Source(Base):
    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint(one_of("kind", SourceKind), name="kind"),
        CheckConstraint(one_of('"group"', SourceGroup), name="group"),
        CheckConstraint(one_of("state", SourceState), name="state"),
        CheckConstraint(one_of("health", SourceHealth), name="health"),
        CheckConstraint("poll_seconds BETWEEN 5 AND 604800", name="poll_seconds"),
        Index("ix_sources_due", "next_poll_at", postgresql_where=text("state = 'active'")),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str | None] = mapped_column(unique=True)
    group: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="vi")
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    poll_seconds: Mapped[int] = mapped_column(server_default="900")
    next_poll_at: Mapped[datetime | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    state: Mapped[str]
    last_ok_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    homepage: Mapped[str | None]
    owner: Mapped[str | None]
    """The agency or company that publishes it."""
    terms: Mapped[str | None]
    """Licence or terms of use, as far as they are known."""
    audience: Mapped[dict[str, Any] | None]
    """{value, unit, as_of, source}; nothing where nobody has said it, never 0."""
    state_reason: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    place: Mapped[str | None]
    """Code of the unit it speaks for."""
    health: Mapped[str] = mapped_column(server_default="new")
    health_since: Mapped[datetime | None]
    health_reason: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    last_item_at: Mapped[datetime | None]


class Fetch(Base):
    __tablename__ = "fetches"
    __table_args__ = (
        Index("ix_fetches_source_id_id", "source_id", "id"),
        table_rules("ingest"),
    )

    id: Mapped[UUID] = primary_key()
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    url: Mapped[str]
    status: Mapped[int | None]
    outcome: Mapped[str]
    bytes: Mapped[int]
    duration_ms: Mapped[int]
    items_seen: Mapped[int]
    items_new: Mapped[int]
    error: Mapped[str | None]
    fetched_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    """When the poll was to begin; it began `duration_ms` before `fetched_at`."""


class Content(Base):
    __tablename__ = "contents"
    __table_args__ = (
        CheckConstraint(one_of("kind", ContentKind), name="kind"),
        CheckConstraint(one_of("published_from", DateProvenance), name="published_from"),
        Index("ix_contents_source_id_id", "source_id", "id"),
        table_rules("ingest", partitioned="month"),
    )

    id: Mapped[UUID] = primary_key()
    source_id: Mapped[UUID]
    kind: Mapped[str]
    url: Mapped[str | None]
    title: Mapped[str]
    summary: Mapped[str | None]
    text: Mapped[str]
    language: Mapped[str]
    published_at: Mapped[datetime | None]
    published_from: Mapped[str]
    first_seen_at: Mapped[datetime]
    content_hash: Mapped[bytes]
    revision: Mapped[int]


class ContentKey(Base):
    """Uniqueness of contents, which a partitioned table cannot hold: one row for each canonical address."""

    __tablename__ = "content_keys"
    __table_args__ = (
        Index("ix_content_keys_expires_at", "expires_at"),
        Index("ix_content_keys_content_hash", "content_hash"),
        table_rules("ingest"),
    )

    url_hash: Mapped[bytes] = mapped_column(primary_key=True)
    content_id: Mapped[UUID]
    content_hash: Mapped[bytes]
    expires_at: Mapped[datetime]


class ContentRevision(Base):
    __tablename__ = "content_revisions"
    __table_args__ = (
        Index("ix_content_revisions_content_id", "content_id"),
        table_rules("ingest", partitioned="month"),
    )

    id: Mapped[UUID] = primary_key()
    content_id: Mapped[UUID]
    revision: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str | None]
    text: Mapped[str]
    content_hash: Mapped[bytes]
    seen_at: Mapped[datetime]
