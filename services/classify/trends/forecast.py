"""Forecasts of one series: the hour and the kind of day, a level that returns from now to usual, and its own errors.

Values are read on the log scale of `rhythm`; the middle line is a median, which is what the absolute error asks for.
The 80% interval is what the same method missed by in the past, at the same distance: it was run again from past
origins, on what was known then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COUNT = 1.0
"""Added before the logarithm."""
PROFILE_DAYS = 40.0
"""Memory of the profile: half of it is so old."""
LEVEL_DAYS = 30.0
NOW_HOURS = 4.0
"""How the present is read: half of its weight lies in so many hours."""
RETURN_HOURS = 30.0
"""How fast the present is forgotten as the forecast goes on."""
NOW_SHARE = 0.8
KIND_HOURS = 8.0
"""So many hours of a part of a weekend weigh as much as not knowing it."""
CLIP = 2.5
ORIGINS = 40
MIN_DAYS = 10
"""Before that, there is no rhythm to speak of."""
BANDS = (1, 3, 6, 12, 24, 48, 96, 168)
"""Hours ahead; errors are pooled between these."""
_PARTS = 6


class TooShort(ValueError):
    """A history from which nothing honest can be said."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Values at a steady pace; what is missing is NaN."""

    start: datetime
    step: timedelta
    values: Floats

    def times(self, first: int, count: int) -> list[datetime]:
        return [self.start + (first + i) * self.step for i in range(count)]

    def until(self, length: int) -> "Grid":
        return Grid(self.start, self.step, self.values[:length])

    @property
    def hours(self) -> float:
        return self.step.total_seconds() / 3600

    @property
    def a_day(self) -> int:
        return max(1, round(24 / self.hours))

    @property
    def days(self) -> float:
        return len(self.values) * self.hours / 24


@dataclass(frozen=True, slots=True)
class Forecast:
    times: list[datetime]
    mean: Floats
    low: Floats
    high: Floats


def grid_of(rows: Sequence[tuple[datetime, float | None]]) -> Grid:
    """Rows in any order; of two at one time the later row counts."""
    known = dict(rows)
    times = sorted(known)
    if len(times) < 2:
        raise TooShort("cần ít nhất hai mốc thời gian (at least two times are needed)")
    pauses = np.diff(np.array([(at - times[0]).total_seconds() for at in times]))
    step = float(np.median(pauses))
    places = np.rint(np.concatenate([[0.0], np.cumsum(pauses)]) / step).astype(np.int64)
    values = np.full(int(places[-1]) + 1, np.nan)
    values[places] = [np.nan if known[at] is None else known[at] for at in times]
    return Grid(times[0], timedelta(seconds=step), values)


def forecast(grid: Grid, horizon: int) -> Forecast:
    """The next steps of the series, with an interval that eight of ten are meant to lie in."""
    if grid.days < MIN_DAYS or not np.isfinite(grid.values).any():
        raise TooShort(f"cần ít nhất {MIN_DAYS} ngày dữ liệu (at least {MIN_DAYS} days of history are needed)")
    middle = _project(grid, horizon)
    low, high = _misses(grid, horizon)
    times = grid.times(len(grid.values), horizon)
    # What was never below zero is a count.
    floor = 0.0 if np.nanmin(grid.values) >= 0 else -np.inf
    lines = (np.maximum(_plain(line), floor) for line in (middle, middle + low, middle + high))
    return Forecast(times, *lines)


def seasonal_naive(grid: Grid, horizon: int) -> Floats:
    """The last day again and again; what is missing in it is taken from the last day that has it."""
    days = -(-len(grid.values) // grid.a_day)
    padded = np.full(days * grid.a_day, np.nan)
    padded[len(padded) - len(grid.values) :] = grid.values
    last = np.full(grid.a_day, np.nan)
    for day in padded.reshape(days, grid.a_day):
        last = np.where(np.isfinite(day), day, last)
    return np.resize(np.nan_to_num(last), horizon)


def _log(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log(np.abs(values) + COUNT))


def _plain(logged: Floats) -> Floats:
    return np.asarray(np.sign(logged) * (np.exp(np.abs(logged)) - COUNT))


def _calendar(grid: Grid, first: int, count: int) -> tuple[Ints, Ints]:
    """Hour of the day, and the part of a working day (0-5) or of a weekend (6-11), of these steps."""
    start = np.datetime64(grid.start.replace(tzinfo=None), "s")
    step = np.timedelta64(round(grid.step.total_seconds()), "s")
    hour = (start + (first + np.arange(count)) * step).astype("datetime64[h]").astype(np.int64)
    weekend = (hour // 24 + 3) % 7 >= 5  # 1 January 1970 was a Thursday
    return hour % 24, (hour % 24) // 4 + _PARTS * weekend


def _means(slots: Ints, weights: Floats, values: Floats, size: int, prior: float) -> Floats:
    total = np.bincount(slots, weights, size) + prior
    return np.asarray(np.bincount(slots, weights * values, size) / np.maximum(total, 1e-9))


def _project(grid: Grid, horizon: int) -> Floats:
    """The middle line, on the log scale."""
    known = np.isfinite(grid.values)
    hour, part = (slots[known] for slots in _calendar(grid, 0, len(grid.values)))
    logged = _log(grid.values[known])
    age = (len(grid.values) - 1 - np.flatnonzero(known)) * grid.hours
    centre = float(np.median(logged))
    profile, rest = _profile(hour, logged - centre, 0.5 ** (age / 24 / PROFILE_DAYS))
    weights = 0.5 ** (age / 24 / PROFILE_DAYS)
    kinds = _means(part, weights * grid.hours, rest, 2 * _PARTS, KIND_HOURS)
    rest = rest - kinds[part]
    usual = np.average(rest, weights=0.5 ** (age / 24 / LEVEL_DAYS))
    now = np.average(rest, weights=np.maximum(0.5 ** (age / NOW_HOURS), 1e-300))
    ahead = np.arange(horizon) * grid.hours
    hour, part = _calendar(grid, len(grid.values), horizon)
    level = usual + NOW_SHARE * np.exp(-ahead / RETURN_HOURS) * (now - usual)
    return np.asarray(centre + profile[hour] + kinds[part] + level)


def _profile(hour: Ints, around: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Means of the hours, and what is left; twice, since bursts are cut by what the first pass knows."""
    profile, rest = np.zeros(24), around
    for _ in range(2):
        profile = _means(hour, weights, around, 24, 1e-6)
        rest = around - profile[hour]
        spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) + 1e-6
        rest = np.clip(rest, -CLIP * spread, CLIP * spread)
        around = profile[hour] + rest
    smooth = 0.5 * profile + 0.25 * (np.roll(profile, 1) + np.roll(profile, -1))
    return smooth, around - smooth[hour]


def _misses(grid: Grid, horizon: int) -> tuple[Floats, Floats]:
    """By how much past forecasts missed at each distance: the 10th and the 90th of a hundred."""
    errors = _past_errors(grid, horizon)
    low, high = np.zeros(horizon), np.zeros(horizon)
    ahead = np.arange(1, horizon + 1) * grid.hours
    edges = [0.0, *(float(band) for band in BANDS), np.inf]
    known = (0.0, 0.0)
    for after, until in pairwise(edges):
        inside = (ahead > after) & (ahead <= until)
        pooled = errors[:, inside][np.isfinite(errors[:, inside])]
        if pooled.size >= 20:
            known = float(np.quantile(pooled, 0.10)), float(np.quantile(pooled, 0.90))
        low[inside], high[inside] = min(known[0], 0.0), max(known[1], 0.0)
    return low, high


def _past_errors(grid: Grid, horizon: int) -> Floats:
    """Errors on the log scale from past origins: one row an origin, NaN where the truth is not known."""
    length, logged = len(grid.values), _log(grid.values)
    first = min(round((MIN_DAYS - 3) * grid.a_day), length - grid.a_day)
    origins = np.unique(np.linspace(first, length - grid.a_day // 4 - 1, ORIGINS).astype(np.int64))
    errors = np.full((len(origins), horizon), np.nan)
    for row, origin in enumerate(origins):
        count = min(horizon, length - int(origin))
        before = grid.until(int(origin))
        if np.isfinite(before.values).any():
            errors[row, :count] = logged[origin : origin + count] - _project(before, count)
    return errors
