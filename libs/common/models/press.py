"""The press kit: versions of news items for newsrooms, and how far each got to each partner, by each way."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class PressStatus(StrEnum):
    """`pubStatus` of ninjs and NewsML-G2."""

    USABLE = "usable"
    CANCELED = "canceled"


class PressWay(StrEnum):
    FEED = "feed"
    POST = "post"
    MAIL = "mail"


class PressState(StrEnum):
    """`accepted`: the partner's server, or its mail server, took it, or its feed reader was given it. `sending` that
    outlives its lease is sent again under the same id. `dropped`: a newer version is sent instead."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DROPPED = "dropped"


class PressVersion(Base):
    """One version of an item (`item`: the first delivery's id). `position` counts a channel's versions in the order in
    which they were committed: the cursor of its feed."""

    __tablename__ = "press_versions"
    __table_args__ = (
        CheckConstraint(one_of("status", PressStatus), name="status"),
        UniqueConstraint("delivery_id", "status"),
        UniqueConstraint("item", "version"),
        UniqueConstraint("channel_id", "position"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    item: Mapped[UUID]
    version: Mapped[int]
    position: Mapped[int]
    status: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    embargoed_until: Mapped[datetime | None]


class PressSend(Base):
    """One version to one partner (its id in the channel's settings: an organisation) by one way."""

    __tablename__ = "press_sends"
    __table_args__ = (
        CheckConstraint(one_of("way", PressWay), name="way"),
        CheckConstraint(one_of("state", PressState), name="state"),
        Index("ix_press_sends_due", "not_before", postgresql_where=text("state IN ('queued', 'sending')")),
        table_rules("publish"),
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("press_versions.id"), primary_key=True)
    partner: Mapped[str] = mapped_column(primary_key=True)
    way: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime]
    updated_at: Mapped[datetime]
    trouble: Mapped[str | None]
    """Of the last try that failed: the host and its answer's number, nothing else."""
