"""Bursts: told soon, told once, not cried on quiet noise, the same after a restart, and never by looking ahead."""

import json
import math
from datetime import datetime, timedelta

import pytest

from services.classify.trends.detector import CALM, Detector, Reading
from tests.classify.trends.waves import DAY_ROWS, START, counts, times, with_burst

BURST = 13 * DAY_ROWS + 130


def read_all(
    stamps: list[datetime], values: list[float | None] | list[float], detector: Detector | None = None
) -> list[Reading | None]:
    detector = detector or Detector()
    return [detector.read(at, value) for at, value in zip(stamps, values, strict=True)]


def alerts(readings: list[Reading | None]) -> list[int]:
    return [row for row, reading in enumerate(readings) if reading and reading.alert]


@pytest.mark.mission("M06")
@pytest.mark.parametrize("mean", [0.1, 2.0, 10.0, 60.0])
def test_a_burst_is_told_within_an_hour_and_once(mean: float) -> None:
    stamps = times(15)
    values = with_burst(counts(stamps, mean), BURST, 36, times_more=5)
    readings = read_all(stamps, values)
    told = [row for row in alerts(readings) if row >= 12 * DAY_ROWS]
    assert len(told) == 1
    assert BURST < told[0] <= BURST + 12
    reading = readings[told[0]]
    assert reading is not None
    assert reading.told is not None
    assert reading.told.since >= stamps[BURST - 6]
    assert reading.told.seen > 2 * reading.told.expected


@pytest.mark.mission("M06")
@pytest.mark.parametrize("mean", [0.05, 0.5, 5.0, 50.0])
def test_quiet_seasonal_noise_raises_at_most_one_alert_in_four_weeks(mean: float) -> None:
    stamps = times(28)
    assert len(alerts(read_all(stamps, counts(stamps, mean, seed=7)))) <= 1


def test_a_second_burst_within_the_calm_is_the_same_event_and_a_later_one_is_another() -> None:
    stamps = times(17)
    values = with_burst(counts(stamps, 10.0), BURST, 6, 8)
    calm_rows = round(CALM / timedelta(minutes=5))
    near, later = BURST + calm_rows // 2, BURST + 2 * DAY_ROWS + 6
    values = with_burst(with_burst(values, near, 6, 8), later, 6, 8)
    found = [row for row in alerts(read_all(stamps, values)) if row >= BURST - 10]
    assert len(found) == 2
    assert BURST <= found[0] <= BURST + 6
    assert later <= found[1] <= later + 6


@pytest.mark.mission("M06")
def test_nothing_is_said_with_hindsight() -> None:
    stamps = times(15)
    values = with_burst(counts(stamps, 10.0), BURST, 36, 5)
    whole = read_all(stamps, values)
    for cut in (1, DAY_ROWS, BURST + 1, BURST + 3):
        assert read_all(stamps[:cut], values[:cut]) == whole[:cut]


@pytest.mark.mission("M06")
def test_a_restart_at_any_row_changes_nothing() -> None:
    stamps = times(14)
    values = with_burst(counts(stamps, 4.0), BURST, 12, 6)
    whole = read_all(stamps, values)
    for cut in (0, 500, BURST + 1, BURST + 2):
        before = Detector()
        read_all(stamps[:cut], values[:cut], before)
        after = Detector.from_json(json.loads(json.dumps(before.to_json())))
        assert read_all(stamps[cut:], values[cut:], after) == whole[cut:]


def test_the_state_is_small() -> None:
    stamps = times(14)
    detector = Detector()
    read_all(stamps, counts(stamps, 4.0), detector)
    assert len(json.dumps(detector.to_json())) < 6000


def test_missing_values_repeated_and_backward_times_are_passed_over() -> None:
    stamps = times(14)
    values = counts(stamps, 10.0)
    clean, odd = Detector(), Detector()
    read_all(stamps, values, clean)
    for at, value in zip(stamps, values, strict=True):
        odd.read(at, value)
        assert odd.read(at + timedelta(seconds=1), None) is None
        assert odd.read(at, 1e6) is None
        assert odd.read(at - timedelta(hours=1), 1e6) is None
    assert odd.to_json() == clean.to_json()


def test_a_gap_is_no_burst_and_does_not_carry_persistence_over() -> None:
    stamps = times(14)
    values = counts(stamps, 10.0)
    kept = [row for row in range(len(stamps)) if not 8 * DAY_ROWS <= row < 10 * DAY_ROWS]
    assert alerts(read_all([stamps[row] for row in kept], [values[row] for row in kept])) == []


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0, 1e9])
def test_a_constant_series_is_calm(value: float) -> None:
    readings = read_all(times(14), [value] * (14 * DAY_ROWS))
    assert alerts(readings) == []
    assert all(reading and math.isfinite(reading.surprise) for reading in readings)
    assert readings[-1] is not None
    assert readings[-1].expected == pytest.approx(value, abs=1e-6 * abs(value) + 1e-9)


def test_negative_values_are_read_as_they_are() -> None:
    stamps = times(14)
    values = [value - 400 for value in counts(stamps, 20.0)]
    values[BURST : BURST + 12] = [400.0] * 12
    assert [row for row in alerts(read_all(stamps, values)) if row < BURST] == []
    assert len([row for row in alerts(read_all(stamps, values)) if BURST <= row < BURST + 12]) == 1


def test_the_first_day_is_for_learning() -> None:
    stamps = times(1)
    values = with_burst(counts(stamps, 10.0), 200, 10, 20)
    assert alerts(read_all(stamps, values)) == []


def test_hourly_rows_are_read_too() -> None:
    stamps = times(42, minutes=60)
    values = with_burst(counts(stamps, 60.0), 35 * 24 + 10, 4, 8)
    found = alerts(read_all(stamps, values))
    assert [row for row in found if 35 * 24 + 10 <= row <= 35 * 24 + 13] != []
    assert len(found) <= 2


def test_how_rare_a_peak_is_grows_with_its_height_and_is_blank_in_the_first_weeks() -> None:
    detector = Detector()
    stamps = times(28)
    values = counts(stamps, 2.0)
    read_all(stamps[: 10 * DAY_ROWS], values[: 10 * DAY_ROWS], detector)
    assert detector.once_in_weeks(6.0) is None
    read_all(stamps[10 * DAY_ROWS :], values[10 * DAY_ROWS :], detector)
    rare = [detector.once_in_weeks(height) for height in (4.0, 6.0, 9.0)]
    assert None not in rare
    assert rare == sorted(rare, key=lambda weeks: weeks or 0.0)
    assert detector.once_in_weeks(1.0) is None


def test_the_start_is_not_remembered_as_an_event() -> None:
    reading = Detector().read(START, 5.0)
    assert reading is not None
    assert (reading.surprise, reading.score, reading.alert) == (0.0, 0.0, False)
