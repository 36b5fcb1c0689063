"""The score of the bench: 0 for silence, 100 for an alert at the beginning of each window, the rest is charged."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from bench.trends import FALSE_ALERT, Labelled, best_threshold, left_out, place, standard_score, worths
from services.classify.trends.forecast import Floats

LENGTH = 4000


def labelled(*windows: tuple[int, int]) -> Labelled:
    stamps = [datetime(2026, 1, 1) + timedelta(minutes=5 * row) for row in range(LENGTH)]
    return Labelled("a", stamps, [0.0] * LENGTH, list(windows), *worths(LENGTH, windows))


def alert(*rows: int) -> Floats:
    made = np.zeros(LENGTH)
    made[list(rows)] = 1.0
    return made


def test_silence_is_nothing_and_the_beginning_of_each_window_is_all() -> None:
    series = labelled((1000, 1399), (3000, 3399))
    assert standard_score([(series, alert())]) == 0.0
    assert standard_score([(series, alert(1000, 3000))]) == pytest.approx(100.0, abs=0.1)
    assert standard_score([(series, alert(1000, 1001, 1002, 3000))]) == pytest.approx(100.0, abs=0.1)


def test_each_row_outside_is_charged_by_how_far_behind_the_window_it_is() -> None:
    series = labelled((1000, 1399))
    far, before, just_behind = (standard_score([(series, alert(1000, row))]) for row in (3900, 900, 1401))
    assert far == pytest.approx(100 - 100 * FALSE_ALERT / 2, abs=0.1)
    assert before == pytest.approx(far, abs=0.1)
    assert just_behind > far + 4


def test_the_middle_of_a_window_is_worth_what_the_sigmoid_says() -> None:
    series = labelled((1000, 1399))
    assert standard_score([(series, alert(1200))]) == pytest.approx(50 * (1 + place(-0.5) / place(-1)), abs=0.1)


def test_the_first_rows_count_for_nothing() -> None:
    series = labelled((1000, 1399))
    assert series.probation == 600
    assert standard_score([(series, alert(10, 599, 1000))]) == pytest.approx(100.0, abs=0.1)


def test_one_threshold_for_all_and_each_left_out() -> None:
    scores = [alert(1000) * 9 + alert(3900) * 5, alert(1100) * 8 + alert(3800) * 6]
    found = [(labelled((1000, 1399)), scores[0]), (labelled((1100, 1299)), scores[1])]
    score, cut = best_threshold(found)
    assert cut == 8.0
    assert score == pytest.approx(100.0, abs=0.1)
    assert left_out(found) == pytest.approx(50.0, abs=0.5)  # 9, which is best for the first, misses the 8
