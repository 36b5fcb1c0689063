"""Series as a city's counts look: a day, a week, chance, and where a test wants it a burst."""

import math
from datetime import datetime, timedelta

import numpy as np

START = datetime(2026, 9, 1)
DAY_ROWS = 288


def times(days: float, minutes: int = 5, start: datetime = START) -> list[datetime]:
    return [start + timedelta(minutes=minutes * row) for row in range(round(days * 24 * 60 / minutes))]


def usual(at: datetime, mean: float) -> float:
    """Busy at three in the afternoon, quiet at night; weekends bring six of ten."""
    day = 1 + 0.8 * math.sin(2 * math.pi * (at.hour + at.minute / 60 - 9) / 24)
    return mean * day * (0.6 if at.weekday() >= 5 else 1.0)


def counts(stamps: list[datetime], mean: float, seed: int = 3550) -> list[float]:
    """Counts that scatter more than pure chance, as real ones do."""
    chance = np.random.default_rng(seed)
    return [float(chance.poisson(usual(at, mean) * chance.gamma(8, 1 / 8))) for at in stamps]


def with_burst(values: list[float], at: int, rows: int, times_more: float, least: float = 2.0) -> list[float]:
    burst = [value * times_more + least if at <= row < at + rows else value for row, value in enumerate(values)]
    return [float(round(value)) for value in burst]
