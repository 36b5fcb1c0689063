"""Year plans, their themes and campaigns, and the calendars others subscribe to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import PlanState


class Plan(Base):
    """A unit's communication plan of one year, under a programme or on its own."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint(one_of("state", PlanState), name="state"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        UniqueConstraint("unit_id", "programme_id", "year", postgresql_nulls_not_distinct=True),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    programme_id: Mapped[UUID | None] = mapped_column(ForeignKey("programmes.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    year: Mapped[int]
    title: Mapped[str]
    goals: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Theme(Base):
    """A theme of a year plan, with its months."""

    __tablename__ = "themes"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        Index("ix_themes_plan_id", "plan_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id"))
    title: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    position: Mapped[int]
    created_at: Mapped[datetime]


class Campaign(Base):
    """What a unit sets out to say, to whom, where and when, under a theme."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("state", PlanState), name="state"),
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        Index("ix_campaigns_theme_id", "theme_id"),
        Index("ix_campaigns_unit_id_starts_on", "unit_id", "starts_on"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    theme_id: Mapped[UUID] = mapped_column(ForeignKey("themes.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    title: Mapped[str]
    goals: Mapped[str] = mapped_column(server_default="")
    audience: Mapped[str] = mapped_column(server_default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[str]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CampaignChannel(Base):
    """A channel a campaign means to use."""

    __tablename__ = "campaign_channels"
    __table_args__ = table_rules("publish")

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"), primary_key=True)


class CampaignTarget(Base):
    """A figure a campaign wants to reach, and how it is counted."""

    __tablename__ = "campaign_targets"
    __table_args__ = (
        CheckConstraint("target >= 0", name="target"),
        UniqueConstraint("campaign_id", "metric"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    metric: Mapped[str]
    target: Mapped[int] = mapped_column(BigInteger)
    definition: Mapped[str]


class CalendarFeed(Base):
    """A subscribable calendar of one unit: whoever has its address reads it, so only the address's hash is kept."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="hash_length"),
        Index("uq_calendar_feeds_open", "unit_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
