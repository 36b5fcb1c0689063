"""Forecasts of series by the hour, and how the same method did in the last month beside repeating the day before."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from services.classify.trends import forecast_queries as queries
from services.classify.trends import queries as counting_queries
from services.classify.trends.counting import COUNTED
from services.classify.trends.forecast import MIN_DAYS, Grid, forecast, seasonal_naive
from services.classify.trends.settings import TrendSettings

HOUR = timedelta(hours=1)
HISTORY = timedelta(days=56)
HORIZONS = (24, 168)
MONTH_DAYS = 28
MIN_ORIGINS = 4


@dataclass(frozen=True, slots=True)
class Made:
    points: list[dict[str, Any]]
    errors: dict[str, Any]


async def forecast_next(session: AsyncSession, settings: TrendSettings, *, now: datetime) -> int:
    """Forecast the series that waits longest; 0 when none does."""
    counted = await counting_queries.get_mark(session, COUNTED)
    older = now - timedelta(minutes=settings.forecast_minutes)
    series = await queries.claim_unforecast(session, now, older, settings.forecast_min_a_day) if counted else None
    if series is None or counted is None:
        return 0
    until = counted.replace(minute=0, second=0, microsecond=0)
    first = await queries.first_count(session, series.id) or until
    since = max(first.replace(minute=0, second=0, microsecond=0), until - HISTORY)
    counts = await queries.counts_by_step(session, series.id, since, until, HOUR)
    grid = _grid(counts, since, until)
    made = await asyncio.to_thread(make, grid) if grid.days >= MIN_DAYS else Made([], {})
    kept: dict[str, Any] = {"points": made.points, "errors": made.errors, "history_days": grid.days}
    await queries.keep_forecast(session, series_id=series.id, made_at=now, **kept)
    return 1


def _grid(counts: dict[datetime, int], since: datetime, until: datetime) -> Grid:
    """By the clock of the city; an hour without contents is 0."""
    hours = int((until - since) / HOUR)
    values = np.array([counts.get(since + place * HOUR, 0) for place in range(hours)], dtype=np.float64)
    return Grid(since.astimezone(HANOI), HOUR, values)


def make(grid: Grid) -> Made:
    """A week ahead, and the last month's errors at each horizon."""
    found = forecast(grid, max(HORIZONS))
    rows = zip(found.times, found.mean, found.low, found.high, strict=True)
    points = [
        {"at": at.isoformat(), "mean": _shown(mean), "low": _shown(low), "high": _shown(high)}
        for at, mean, low, high in rows
    ]
    return Made(points, judge(grid))


def _shown(value: float) -> float:
    return round(max(float(value), 0.0), 2)


def judge(grid: Grid) -> dict[str, Any]:
    """What would have been said on each day of the last month, beside what came; a horizon with too few is left out."""
    length, day = len(grid.values), grid.a_day
    first = max(MIN_DAYS * day, length - MONTH_DAYS * day)
    misses: dict[int, list[tuple[float, float, float]]] = {horizon: [] for horizon in HORIZONS}
    for origin in range(length - min(HORIZONS), first - 1, -day):
        truth, before = grid.values[origin : origin + max(HORIZONS)], grid.until(origin)
        said, naive = forecast(before, len(truth)), seasonal_naive(before, len(truth))
        inside = (truth >= np.floor(said.low)) & (truth <= np.ceil(said.high))
        for horizon in HORIZONS:
            if len(truth) >= horizon:
                parts = np.abs(said.mean - truth), np.abs(naive - truth), inside
                ours, theirs, covered = (float(part[:horizon].mean()) for part in parts)
                misses[horizon].append((ours, theirs, covered))
    return {str(horizon): _means(rows) for horizon, rows in misses.items() if len(rows) >= MIN_ORIGINS}


def _means(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    ours, naive, covered = (round(float(value), 4) for value in np.mean(rows, axis=0))
    return {"origins": len(rows), "ours": ours, "naive": naive, "covered": covered}
