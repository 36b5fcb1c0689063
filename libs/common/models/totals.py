"""What each day of the city brought, counted once it is over: a report of a year does not read a year of rows."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, table_rules


class Measure(StrEnum):
    """What is counted of a day, and by what. None is by place: totals tell nothing that k >= 10 would hold back."""

    ITEMS = "items"
    """Contents seen for the first time, by source id."""
    KINDS = "kinds"
    """Contents that carry labels, by kind of text."""
    FIELDS = "fields"
    FEEDBACK_OPENED = "feedback_opened"
    """Cases received, by kind of text."""
    FEEDBACK_ANSWERED = "feedback_answered"
    CLAIMS_OPENED = "claims_opened"
    CLAIM_MATCHES = "claim_matches"
    """Matches confirmed by a person, by the day on which they were found."""
    CORRECTIONS = "corrections"
    """Corrections published; drills are none."""


class CountedDay(Base):
    """A day of Hà Nội whose totals are there: what has no row in them that day was 0. A day without a row here is not
    known, and never 0. Once the rows that it was counted from are no longer kept, it stays as it was counted last."""

    __tablename__ = "counted_days"
    __table_args__ = (table_rules("reports"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    """When it was counted last."""


class DailyTotal(Base):
    __tablename__ = "daily_totals"
    __table_args__ = (
        CheckConstraint(one_of("measure", Measure), name="measure"),
        CheckConstraint("value > 0", name="value"),
        table_rules("reports"),
    )

    measure: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """Of what is counted, by the measure; `all` where it is not divided."""
    value: Mapped[int] = mapped_column(BigInteger)


class DailyStoryTotal(Base):
    """A story on one day. How many different stories or sources a year had does not follow from counts of its days:
    the ids are kept."""

    __tablename__ = "daily_story_totals"
    __table_args__ = (
        CheckConstraint("items > 0", name="items"),
        CheckConstraint("cardinality(source_ids) BETWEEN 1 AND items", name="source_ids"),
        table_rules("reports"),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    story_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    items: Mapped[int]
    source_ids: Mapped[list[UUID]]
    """The different sources that told it on this day."""
