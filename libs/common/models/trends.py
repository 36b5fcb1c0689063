"""Counts of what is said, in five-minute series; what rose unusually; what is expected next. Never per author."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class Dimension(StrEnum):
    """By what contents are counted. There is no dimension for who wrote them."""

    ALL = "all"
    FIELD = "field"
    STORY = "story"
    PLACE = "place"
    """Code of a ward, commune or old district that the text names."""
    SOURCE_KIND = "source_kind"
    SOURCE_GROUP = "source_group"


class SeriesItem(Base):
    """What one content counts for, and in which five minutes: the one place from which buckets are counted."""

    __tablename__ = "series_items"
    __table_args__ = (
        Index("ix_series_items_bucket_at", "bucket_at"),
        table_rules("classify"),
    )

    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    bucket_at: Mapped[datetime]
    field: Mapped[str]
    places: Mapped[list[str]]
    source_kind: Mapped[str]
    source_group: Mapped[str]
    story_id: Mapped[UUID | None]
    annotated_at: Mapped[datetime]
    """Of the labels that were counted; when they change, the content is counted anew."""


class Series(Base):
    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint(one_of("dimension", Dimension), name="dimension"),
        UniqueConstraint("dimension", "key"),
        Index("ix_series_read_until", "read_until"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    dimension: Mapped[str]
    key: Mapped[str]
    detectors: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    """State of each detector by its name."""
    read_until: Mapped[datetime | None]
    """What the detectors have read: every five minutes before it, each once."""
    created_at: Mapped[datetime]


class SeriesPoint(Base):
    """A count of five minutes; no row where there was nothing."""

    __tablename__ = "series_points"
    __table_args__ = (
        CheckConstraint("count > 0", name="count"),
        Index("ix_series_points_bucket_at", "bucket_at"),
        table_rules("classify"),
    )

    series_id: Mapped[UUID] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), primary_key=True)
    bucket_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class SeriesMark(Base):
    """How far a job has come: `counted`, `swept`, `pruned`."""

    __tablename__ = "series_marks"
    __table_args__ = (table_rules("classify"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    reached_at: Mapped[datetime]


class SeriesForecast(Base):
    """The latest forecast of a series by the hour, and how its method did in the last month."""

    __tablename__ = "series_forecasts"
    __table_args__ = (table_rules("classify"),)

    series_id: Mapped[UUID] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), primary_key=True)
    made_at: Mapped[datetime]
    history_days: Mapped[float]
    points: Mapped[list[Any]]
    """[{at, mean, low, high}]; empty while there is not history enough."""
    errors: Mapped[dict[str, Any]]
    """By hours ahead: {origins, ours, naive, covered}."""


class Burst(Base):
    """An event in one series: told once, extended while it goes on, closed when it is over."""

    __tablename__ = "bursts"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ended_at"),
        Index("uq_bursts_open", "series_id", unique=True, postgresql_where=sql("ended_at IS NULL")),
        Index("ix_bursts_series_id_loud_at", "series_id", "loud_at"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    series_id: Mapped[UUID] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    began_at: Mapped[datetime]
    detected_at: Mapped[datetime]
    loud_at: Mapped[datetime]
    """The last time at which it was above what alerts."""
    ended_at: Mapped[datetime | None]
    window_minutes: Mapped[int]
    """What `seen` and `expected` count: five minutes, or an hour."""
    seen: Mapped[int]
    expected: Mapped[float]
    surprise: Mapped[float]
    """Spreads above the rhythm at the highest point so far."""
    once_in_weeks: Mapped[float | None]
    content_ids: Mapped[list[UUID]]
    """Contents that made it, when it was found."""
    story_ids: Mapped[list[UUID]]
