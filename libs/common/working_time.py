"""Working time as a city keeps it, read from data: shifts, public holidays, days swapped by the government's notice.

The holidays by law come from the `holidays` library (Labour Code 2019, article 112); what the Prime Minister's yearly
notice moves is data, because no rule foretells it. Pure but for `load`.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import libs.common
from libs.common.clock import HANOI

FILE = Path(libs.common.__file__).parent / "data" / "clocks.yaml"
Hours = Annotated[float, Field(gt=0, le=2000)]
Days = Annotated[int, Field(ge=1, le=3650)]
MOST_DAYS = 3660
"""Ten years bound every walk over days, whatever the data says."""


class Shift(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    opens: time
    closes: time

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("a shift opens before it closes")
        return self


class WorkingDays(BaseModel):
    """Which days and hours are worked, Hà Nội time. `weekdays`: Monday is 1, as ISO 8601 has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: Annotated[frozenset[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1)]
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1)]
    country: str | None = Field(description="whose public holidays count (ISO 3166-1); null: none")
    days_off: frozenset[date] = frozenset()
    days_worked: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if any(one.closes > next_.opens for one, next_ in zip(self.shifts, self.shifts[1:], strict=False)):
            raise ValueError("shifts follow each other")
        if both := self.days_off & self.days_worked:
            raise ValueError(f"off and worked at once: {sorted(both)}")
        return self

    def is_worked(self, day: date) -> bool:
        """Extra days go before holidays, and these before weekdays."""
        if day in self.days_worked or day in self.days_off:
            return day in self.days_worked
        return day.isoweekday() in self.weekdays and day not in _holidays(self.country, day.year)

    def after(self, start: datetime, span: timedelta) -> datetime:
        """`start` plus working time; the very moment at which the time is used up."""
        at, left = start.astimezone(HANOI), span
        for _ in range(MOST_DAYS):
            for shift in self.shifts if self.is_worked(at.date()) else ():
                begin = max(at, datetime.combine(at.date(), shift.opens, HANOI))
                end = datetime.combine(at.date(), shift.closes, HANOI)
                if begin < end:
                    if left <= end - begin:
                        return (begin + left).astimezone(start.tzinfo)
                    left -= end - begin
            at = datetime.combine(at.date() + timedelta(days=1), time(0), HANOI)
        raise ValueError("no working day in ten years")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; none where `end` is not later. ValueError beyond ten years."""
        at, last = start.astimezone(HANOI), end.astimezone(HANOI)
        days = (last.date() - at.date()).days
        if days > MOST_DAYS:
            raise ValueError("more than ten years")
        worked = timedelta()
        for day in (at.date() + timedelta(days=n) for n in range(days + 1)):
            for shift in self.shifts if self.is_worked(day) else ():
                begin = max(at, datetime.combine(day, shift.opens, HANOI))
                worked += max(timedelta(), min(last, datetime.combine(day, shift.closes, HANOI)) - begin)
        return worked

    def end_of_day_after(self, start: datetime, days: int) -> datetime:
        """The close of the last of so many working days; the first is the one after the day of `start`
        (Civil Code 2015, articles 147 and 148)."""
        day, left = start.astimezone(HANOI).date(), days
        for _ in range(MOST_DAYS):
            day += timedelta(days=1)
            left -= self.is_worked(day)
            if left == 0:
                return datetime.combine(day, self.shifts[-1].closes, HANOI).astimezone(start.tzinfo)
        raise ValueError("no working day in ten years")


class Limits(BaseModel):
    """How long each step may take: working hours, or days where it says days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accept_hours: Hours
    urgent_hours: Hours
    service_hours: dict[str, Hours] = Field(default={}, description="by service code: dealt with in so many hours")
    data_request_days: Days = Field(description="working days")
    reopen_days: Days = Field(description="calendar days after the answer in which the sender may reopen")
    reopen_times: Annotated[int, Field(ge=0, le=20)]
    ask_solved_days: Days = Field(description="calendar days after the answer")
    close_days: Days = Field(description="calendar days after the answer, if the sender says nothing")
    similar_days: Days = Field(description="calendar days back in which a report may be the same")
    keep_contact_days: Days = Field(description="calendar days after the case is finished")

    @model_validator(mode="after")
    def _each_step_leaves_room_for_the_next(self) -> Self:
        if self.ask_solved_days > self.close_days or self.reopen_days > self.close_days + self.keep_contact_days:
            raise ValueError("the sender is asked before the case closes by itself, and known while it may be reopened")
        return self


class DueTimes(BaseModel):
    """When a case must be accepted, and when it must be dealt with, where there is a limit."""

    model_config = ConfigDict(frozen=True)

    accept_by: datetime
    handle_by: datetime | None


class Clocks(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    working: WorkingDays
    limits: Limits

    def due_times(self, since: datetime, *, urgent: bool, service_code: str | None = None) -> DueTimes:
        """An urgent matter has its own limit, whatever its service's is."""
        hours = self.limits.urgent_hours if urgent else self.limits.service_hours.get(service_code or "")
        return DueTimes(
            accept_by=self.working.after(since, timedelta(hours=self.limits.accept_hours)),
            handle_by=None if hours is None else self.working.after(since, timedelta(hours=hours)),
        )

    def data_request_due(self, since: datetime) -> datetime:
        return self.working.end_of_day_after(since, self.limits.data_request_days)


@cache
def load(file: Path = FILE) -> Clocks:
    """Raises ValueError that names what is wrong."""
    return Clocks.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


@cache
def _holidays(country: str | None, year: int) -> frozenset[date]:
    if country is None:
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
