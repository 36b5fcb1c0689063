"""Systems of others that are told of events by signed POST requests, what each was told, and what it answered."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.event_subscribers import CLOSED_LIST


class WebhookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """By a person: what happens meanwhile is kept and sent afterwards."""
    DISABLED = "disabled"
    """By ourselves: it said that it is gone, or failed for too long. A person opens it again."""
    ENDED = "ended"
    """For good: its address and its secret are erased."""


class DisabledReason(StrEnum):
    GONE = "gone"
    FAILING = "failing"


class WebhookDeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every try is used up; a person may send it again."""
    DROPPED = "dropped"
    """The subscription ended first."""


class WebhookOutcome(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"
    """Answered, and not with 2xx."""
    SILENT = "silent"
    """No answer in time, or none that could be read: it may have arrived."""
    NOT_SENT = "not_sent"
    """The address may not be reached, or the secret cannot be opened: no request was sent."""


class WebhookSubscription(Base):
    """The address may hold a token, so it is sealed together with the secrets; `host` is what is shown of it."""

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("state", WebhookState), name="state"),
        CheckConstraint("length(btrim(organisation)) BETWEEN 2 AND 200", name="organisation"),
        CheckConstraint("length(btrim(purpose)) BETWEEN 10 AND 500", name="purpose"),
        CheckConstraint("organisation || purpose !~ '@|[0-9]{9,}'", name="names_no_person"),
        CheckConstraint(f"events <@ {CLOSED_LIST} AND cardinality(events) >= 1", name="closed_list"),
        CheckConstraint("(state = 'disabled') = (disabled_reason IS NOT NULL)", name="disabled_says_why"),
        CheckConstraint(one_of("disabled_reason", DisabledReason), name="disabled_reason"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_at"),
        CheckConstraint(
            "(state = 'ended') = (ciphertext IS NULL) AND (ciphertext IS NULL) = (key_id IS NULL)",
            name="ended_is_erased",
        ),
        Index("ix_webhook_subscriptions_unit_id_id", "unit_id", "id"),
        table_rules("reports", readers=("reports",)),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    organisation: Mapped[str]
    purpose: Mapped[str]
    host: Mapped[str]
    ciphertext: Mapped[bytes | None]
    """`{url, secret}`, and `old_secret` while one is exchanged for another; bound to the id."""
    key_id: Mapped[str | None]
    old_secret_ends_at: Mapped[datetime | None]
    events: Mapped[list[str]]
    unit_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """Empty: of every unit. Kinds and fields likewise."""
    kinds: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    fields: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    """Its first failure since it last took something."""
    delivered_at: Mapped[datetime | None]
    """When it last took something."""
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event for one subscription. `due_at` moves to the end of the lease when it is claimed, so that whoever dies
    in between leaves it to the next; `attempts` counts all tries and fences a late answer, `tries` those since it was
    last put in the line."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("subscription_id", "event_id"),
        CheckConstraint(f"subject = ANY ({CLOSED_LIST})", name="closed_list"),
        CheckConstraint(one_of("state", WebhookDeliveryState), name="state"),
        CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name="settled_at"),
        CheckConstraint("tries BETWEEN 0 AND attempts", name="tries"),
        CheckConstraint("jsonb_typeof(document) = 'object'", name="document"),
        Index(
            "ix_webhook_deliveries_due",
            "subscription_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_subscription_id_id", "subscription_id", "id"),
        table_rules("reports", readers=("reports",)),
    )

    id: Mapped[UUID] = primary_key()
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    event_id: Mapped[UUID]
    subject: Mapped[str]
    document: Mapped[dict[str, Any]]
    """The CloudEvent as it is sent."""
    is_test: Mapped[bool]
    state: Mapped[str]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One try, written before it is made: without an outcome it is under way, or nobody knows what became of it."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        CheckConstraint(one_of("outcome", WebhookOutcome), name="outcome"),
        CheckConstraint("(outcome IS NULL) = (duration_ms IS NULL)", name="ended_whole"),
        CheckConstraint("status BETWEEN 100 AND 599", name="status"),
        CheckConstraint("(status IS NOT NULL) = (outcome IN ('delivered', 'refused'))", name="answered_with_a_status"),
        CheckConstraint("length(answer) <= 500", name="answer"),
        table_rules("reports", readers=("reports",)),
    )

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    outcome: Mapped[str | None]
    status: Mapped[int | None]
    duration_ms: Mapped[int | None]
    answer: Mapped[str | None]
    """Its first 500 characters, without personal data and secrets."""
    trouble: Mapped[str | None]
    """Why there was no answer, in Vietnamese."""
