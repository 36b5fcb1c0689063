"""Forecasts: better than repeating yesterday, with intervals that hold what they promise, and honest refusals."""

from datetime import timedelta

import numpy as np
import pytest

from services.classify.trends.forecast import MIN_DAYS, TooShort, forecast, grid_of, seasonal_naive
from tests.classify.trends.waves import counts, times


def hourly(days: int, mean: float = 120.0, seed: int = 1) -> list[tuple]:  # type: ignore[type-arg]
    stamps = times(days, minutes=60)
    return list(zip(stamps, counts(stamps, mean, seed), strict=True))


@pytest.mark.mission("M06")
@pytest.mark.parametrize("horizon", [24, 168])
def test_it_beats_seasonal_naive_and_its_interval_covers_what_it_says(horizon: int) -> None:
    ours, naive, inside = [], [], []
    for seed in range(4):
        rows = hourly(49, seed=seed)
        for origin in (28, 35, 40):
            history, truth = rows[: origin * 24], np.array([v for _, v in rows[origin * 24 : origin * 24 + horizon]])
            grid = grid_of(history)
            found = forecast(grid, horizon)
            ours.append(np.abs(found.mean - truth).mean())
            naive.append(np.abs(seasonal_naive(grid, horizon) - truth).mean())
            inside.append(((truth >= found.low) & (truth <= found.high)).mean())
    assert np.sum(ours) < 0.85 * np.sum(naive)
    assert 0.72 <= np.mean(inside) <= 0.88


def test_times_follow_the_history_and_the_interval_holds_the_middle() -> None:
    rows = hourly(21)
    found = forecast(grid_of(rows), 30)
    assert found.times[0] == rows[-1][0] + timedelta(hours=1)
    assert found.times[-1] == rows[-1][0] + timedelta(hours=30)
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()


def test_a_count_is_never_expected_below_zero_and_what_is_below_it_may_be() -> None:
    rows = hourly(20, mean=0.3)
    found = forecast(grid_of(rows), 24)
    assert found.low.min() == 0.0
    below = forecast(grid_of([(at, value - 5) for at, value in rows]), 24)
    assert below.mean.max() < 0
    assert below.low.max() < below.mean.max()


def test_five_minute_rows_are_read_too() -> None:
    stamps = times(14)
    grid = grid_of(list(zip(stamps, counts(stamps, 10.0), strict=True)))
    assert grid.a_day == 288
    found = forecast(grid, 288)
    assert found.mean[180] > 2 * found.mean[36]  # three in the afternoon, three at night


def test_the_order_of_rows_repeats_and_gaps_are_no_matter() -> None:
    rows = hourly(28)
    odd = [*reversed(rows[:300]), *rows[300:], (rows[5][0], rows[5][1])]
    assert forecast(grid_of(odd), 24).mean == pytest.approx(forecast(grid_of(rows), 24).mean)
    holes = [row for place, row in enumerate(rows) if place % 7 and not 200 < place < 260]
    holes = [(at, None if place % 11 == 0 else value) for place, (at, value) in enumerate(holes)]
    assert forecast(grid_of(holes), 24).mean == pytest.approx(forecast(grid_of(rows), 24).mean, rel=0.35)


@pytest.mark.parametrize("value", [0.0, 12.0])
def test_a_constant_series_stays_as_it_is(value: float) -> None:
    found = forecast(grid_of([(at, value) for at in times(20, minutes=60)]), 48)
    assert found.mean == pytest.approx(value, abs=1e-6)
    assert found.low == pytest.approx(value, abs=1e-3)


def test_naive_repeats_the_last_day_that_is_known() -> None:
    rows = [(at, float(place % 24)) for place, at in enumerate(times(3, minutes=60))]
    rows[-1] = (rows[-1][0], None)  # type: ignore[assignment]
    naive = seasonal_naive(grid_of(rows), 30)
    assert naive.tolist() == [float(place % 24) for place in range(30)]


@pytest.mark.parametrize("days", [0, 1, MIN_DAYS - 1])
def test_too_little_history_is_said(days: int) -> None:
    with pytest.raises(TooShort, match=r"ngày|mốc"):
        forecast(grid_of(hourly(days)), 24)
    with pytest.raises(TooShort):
        forecast(grid_of([(at, None) for at in times(30, minutes=60)]), 24)
