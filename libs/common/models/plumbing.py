"""What every service stands on: outbox, inbox, dead letters, audit log, notifications, schema state."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class OutboxEvent(Base):
    """An event in the transaction of its change; kept seven days for replays."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        table_rules("all", partitioned="week"),
    )

    id: Mapped[UUID] = primary_key()
    subject: Mapped[str]
    source: Mapped[str]
    payload: Mapped[dict[str, Any]]
    headers: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class InboxEvent(Base):
    """One row for each event a consumer has taken effect of; kept a day longer than the outbox."""

    __tablename__ = "inbox"
    __table_args__ = table_rules("all", partitioned="week", partition_key="event_id")

    event_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]


class DeadLetter(Base):
    """An event no try could handle, with its error, until a command retries it."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        UniqueConstraint("event_id", "consumer"),
        Index("ix_dead_letters_open", "id", postgresql_where=text("retried_at IS NULL")),
        table_rules("all"),
    )

    id: Mapped[UUID] = primary_key()
    event_id: Mapped[UUID]
    consumer: Mapped[str]
    subject: Mapped[str]
    payload: Mapped[str]
    error: Mapped[str]
    tries: Mapped[int]
    dead_at: Mapped[datetime]
    retried_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Append-only, hash-chained per service and day; holds ids, never personal data."""

    __tablename__ = "audit_log"
    __table_args__ = (
        UniqueConstraint("service", "day", "seq"),
        CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(prev_hash) = 32",
            name="hash_lengths",
        ),
        Index("ix_audit_log_object", "object_type", "object_id"),
        Index("ix_audit_log_actor_id_id", "actor_id", "id"),
        Index("ix_audit_log_action_id", "action", "id"),
        Index("ix_audit_log_day", "day", postgresql_using="brin"),
        table_rules("all"),
    )

    id: Mapped[UUID] = primary_key()
    service: Mapped[str]
    day: Mapped[date]
    seq: Mapped[int] = mapped_column(Integer)
    action: Mapped[str]
    actor_id: Mapped[UUID | None]
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    prev_hash: Mapped[bytes]
    hash: Mapped[bytes]


class Notification(Base):
    """What somebody must be told; a sender takes it from here. `dedupe`: told once, however often it is asked for."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_unsent", "id", postgresql_where=text("sent_at IS NULL")),
        table_rules("all"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    role: Mapped[str]
    unit_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    """The official whom alone it is for; nobody: all who hold the role."""
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    subject: Mapped[str]
    body: Mapped[str]
    level: Mapped[int] = mapped_column(server_default="0")
    """0 when first told; one more each time it escalates."""
    dedupe: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class SchemaState(Base):
    """The oldest code revision that may still run against this database; one row."""

    __tablename__ = "schema_state"
    __table_args__ = (
        CheckConstraint("singleton = 1", name="one_row"),
        table_rules("owner"),
    )

    singleton: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    compatible_from: Mapped[str]
