"""Minutes from an activity of the city's leadership to the first official post of it, against the target of its kind.

One rule for the events desk and for reports: what is measured is pure, and `rows()` reads what it is measured from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, select

from libs.common.models.agenda import AgendaEvent, AgendaKind, AgendaState, MeasuredFrom
from libs.common.models.publish import Delivery

TARGET = 60
"""Minutes, where an activity has no kind."""


class Told(StrEnum):
    CANCELLED = "cancelled"
    NO_HOUR = "no_hour"
    """A whole day: nothing to count from."""
    AHEAD = "ahead"
    WAITING = "waiting"
    IN_TIME = "in_time"
    LATE = "late"
    """Told, after its time."""
    OVERDUE = "overdue"
    """Past its time, and not told yet."""


@dataclass(frozen=True)
class Activity:
    starts_at: datetime
    ends_at: datetime
    is_all_day: bool
    state: str
    target_minutes: int | None
    measured_from: str | None
    first_post_at: datetime | None


@dataclass(frozen=True)
class Measured:
    """`minutes` are null while nothing was seen, and negative where the post came before."""

    told: Told
    minutes: float | None
    target_minutes: int
    measured_from: MeasuredFrom
    counted_from: datetime
    due_at: datetime

    @property
    def is_late(self) -> bool:
        return self.told in (Told.LATE, Told.OVERDUE)


def measure(activity: Activity, now: datetime) -> Measured:
    begins = MeasuredFrom(activity.measured_from or MeasuredFrom.END)
    target = activity.target_minutes or TARGET
    base = activity.starts_at if begins is MeasuredFrom.START else activity.ends_at
    due_at, seen = base + timedelta(minutes=target), activity.first_post_at
    counts = activity.state == AgendaState.PLANNED and not activity.is_all_day
    minutes = round((seen - base).total_seconds() / 60, 1) if seen is not None and counts else None
    return Measured(_told(activity, base, due_at, now), minutes, target, begins, base, due_at)


def _told(activity: Activity, base: datetime, due_at: datetime, now: datetime) -> Told:
    if activity.state == AgendaState.CANCELLED:
        return Told.CANCELLED
    if activity.is_all_day:
        return Told.NO_HOUR
    if activity.first_post_at is not None:
        return Told.IN_TIME if activity.first_post_at <= due_at else Told.LATE
    if now > due_at:
        return Told.OVERDUE
    return Told.AHEAD if now < base else Told.WAITING


@dataclass(frozen=True)
class Figures:
    """`counted` leaves out what is cancelled, has no hour or lies ahead; the median is null where nothing was told."""

    activities: int
    counted: int
    in_time: int
    late: int
    overdue: int
    waiting: int
    median_minutes: float | None
    share_in_time: float | None
    """in_time / (in_time + late + overdue); null where nothing is decided."""


def figures(measured: Iterable[Measured]) -> Figures:
    every = list(measured)
    count = {told: sum(one.told is told for one in every) for told in Told}
    decided = count[Told.IN_TIME] + count[Told.LATE] + count[Told.OVERDUE]
    minutes = [one.minutes for one in every if one.minutes is not None]
    return Figures(
        activities=len(every),
        counted=decided + count[Told.WAITING],
        in_time=count[Told.IN_TIME],
        late=count[Told.LATE],
        overdue=count[Told.OVERDUE],
        waiting=count[Told.WAITING],
        median_minutes=round(median(minutes), 1) if minutes else None,
        share_in_time=round(count[Told.IN_TIME] / decided, 4) if decided else None,
    )


# --- what it is measured from -------------------------------------------------------------------------------


class Row(NamedTuple):
    event: AgendaEvent
    kind: AgendaKind | None
    first_post_at: datetime | None

    @property
    def activity(self) -> Activity:
        kind = self.kind
        return Activity(
            starts_at=self.event.starts_at,
            ends_at=self.event.ends_at,
            is_all_day=self.event.is_all_day,
            state=self.event.state,
            target_minutes=kind.target_minutes if kind else None,
            measured_from=kind.measured_from if kind else None,
            first_post_at=self.first_post_at,
        )


def first_post_at() -> ColumnElement[datetime]:
    """When the first post of its publication went out, of those that were seen on their platforms."""
    d = Delivery
    seen = select(func.min(func.coalesce(d.committed_at, d.confirmed_at)))
    seen = seen.where(d.publication_id == AgendaEvent.publication_id, d.confirmed_at.is_not(None))
    return seen.correlate(AgendaEvent).scalar_subquery()


def due_at() -> ColumnElement[datetime]:
    is_start = AgendaKind.measured_from == MeasuredFrom.START
    base = case((is_start, AgendaEvent.starts_at), else_=AgendaEvent.ends_at)
    minutes = func.coalesce(AgendaKind.target_minutes, TARGET)
    return base + func.make_interval(0, 0, 0, 0, 0, minutes)


def rows() -> Select[*tuple[Any, ...]]:
    """The columns of `Row`, of every activity."""
    return select(AgendaEvent, AgendaKind, first_post_at()).outerjoin(AgendaKind, AgendaKind.id == AgendaEvent.kind_id)
