"""`python -m bench.trends --data DIR [--json]`: bursts and forecasts on a folder laid out like the NAB extract.

DIR holds `realTweets/*.csv`, `windows.json` ({file: [[start, end], ...]}) and, in `hourly/origins`, NAME_oK_history.csv
with NAME_oK_truth.csv.
The score is NAB's standard one, written from its description (Lavin and Ahmad, arXiv 1510.03336): the first alert in a
window counts by a sigmoid of its place, a missed window costs 1, an alert row outside costs .11 by its distance behind
the last window, the first 15% of a file (750 rows at most) count for nothing; 0 is a silent detector, 100 a perfect
one.
Forecasts: mean absolute error over that of a seasonal naive forecast that repeats the last 24 hours, as the geometric
mean over the origins (and as the plain mean, which outliers move more).
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.stage import machine
from services.classify.trends.detector import Detector
from services.classify.trends.files import read_series
from services.classify.trends.forecast import Floats, Grid, forecast, grid_of, seasonal_naive

FALSE_ALERT = 0.11
PROBATION, PROBATION_ROWS = 0.15, 750
HORIZONS = (24, 168)
Scored = Callable[["Labelled"], tuple[Floats, Floats]]


# --- the standard score -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Labelled:
    """A series, the windows of its events as rows, and what an alert in each row would be worth."""

    name: str
    times: list[datetime]
    values: list[float]
    windows: list[tuple[int, int]]
    window_of: Floats
    worth: Floats

    @property
    def probation(self) -> int:
        return min(int(PROBATION * len(self.values)), PROBATION_ROWS)


def place(position: float) -> float:
    """Worth of an alert by its place: -1 is the beginning of a window, 0 its end, and behind it it falls to -1."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def worths(length: int, windows: Sequence[tuple[int, int]]) -> tuple[Floats, Floats]:
    window_of, worth = np.full(length, -1.0), np.full(length, -FALSE_ALERT)
    for number, (left, right) in enumerate(windows):
        wide = right - left + 1
        for row in range(left, right + 1):
            window_of[row], worth[row] = number, place(-(right - row + 1) / wide) / place(-1.0)
        until = windows[number + 1][0] if number + 1 < len(windows) else length
        for row in range(right + 1, until):
            worth[row] = FALSE_ALERT * place((row - right) / max(wide - 1, 1))
    return window_of, worth


def raw_score(series: Labelled, is_alert: Floats) -> float:
    rows = np.flatnonzero(is_alert)
    rows = rows[rows >= series.probation]
    inside = series.window_of[rows]
    best = {int(number): float(series.worth[rows[inside == number]].max()) for number in set(inside) - {-1.0}}
    missed = len(series.windows) - len(best)
    return sum(best.values()) - missed + float(series.worth[rows[inside == -1.0]].sum())


def standard_score(found: Sequence[tuple[Labelled, Floats]]) -> float:
    count = sum(len(series.windows) for series, _ in found)
    return 100.0 * (sum(raw_score(series, alerts) for series, alerts in found) + count) / (2 * count)


def above(scores: Floats, cut: float) -> Floats:
    return np.asarray(scores >= cut).astype(np.float64)


def best_threshold(found: Sequence[tuple[Labelled, Floats]]) -> tuple[float, float]:
    """The highest score that one threshold over all series reaches, and that threshold."""
    seen = np.unique(np.concatenate([scores[series.probation :] for series, scores in found]))
    tried = ((standard_score([(s, above(v, cut)) for s, v in found]), float(cut)) for cut in seen[-400:] if cut > 0)
    return max(tried, default=(0.0, math.inf))


def left_out(found: Sequence[tuple[Labelled, Floats]]) -> float:
    """Each series under the threshold that is best for the others."""
    judged = []
    for number, (series, scores) in enumerate(found):
        _, cut = best_threshold([one for other, one in enumerate(found) if other != number])
        judged.append((series, above(scores, cut)))
    return standard_score(judged)


# --- detectors ----------------------------------------------------------------------------------------------


def ours(series: Labelled) -> tuple[Floats, Floats]:
    detector = Detector()
    readings = [detector.read(at, value) for at, value in zip(series.times, series.values, strict=True)]
    scores = np.array([one.score if one else 0.0 for one in readings])
    return scores, np.array([float(bool(one and one.alert)) for one in readings])


def windowed_gaussian(series: Labelled, window: int = 6400, step: int = 150) -> tuple[Floats, Floats]:
    """The well-known baseline: the tail of a normal distribution over a sliding window."""
    values, scores = np.array(series.values), np.zeros(len(series.values))
    mean, spread = 0.0, 1.0
    for row in range(1, len(values)):
        if row < window or row % step == 0:
            past = values[max(0, row - window) : row]
            mean, spread = float(past.mean()), float(past.std()) or 1e-6
        scores[row] = 1.0 - math.erfc(abs(values[row] - mean) / spread / math.sqrt(2.0))
    return scores, above(scores, 1.0 - 1e-5)


# --- reading ------------------------------------------------------------------------------------------------


def labelled(root: Path) -> Iterator[Labelled]:
    windows = json.loads((root / "windows.json").read_text(encoding="utf-8"))
    for path in sorted((root / "realTweets").glob("*.csv")):
        times, values = read(path)
        spans = [[datetime.fromisoformat(edge) for edge in span] for span in windows[f"realTweets/{path.name}"]]
        rows = [[i for i, at in enumerate(times) if start <= at <= end] for start, end in spans]
        edges = [(found[0], found[-1]) for found in rows if found]
        yield Labelled(path.stem, times, values, edges, *worths(len(values), edges))


def read(path: Path) -> tuple[list[datetime], list[float]]:
    with path.open(encoding="utf-8") as lines:
        rows = list(read_series(lines))
    return [row.at for row in rows], [row.value if row.value is not None else math.nan for row in rows]


def bursts(root: Path) -> list[dict[str, object]]:
    series = list(labelled(root))
    rows = sum(len(one.values) for one in series)
    told: list[dict[str, object]] = []
    for name, detector in (("Lan Tỏa", ours), ("windowed Gaussian", windowed_gaussian)):
        start = time.perf_counter()
        found = [(one, *detector(one)) for one in track(series, f"{name}…", console=Console(stderr=True))]
        speed = rows / (time.perf_counter() - start)
        scores, flags = [(s, v) for s, v, _ in found], [(s, f) for s, _, f in found]
        score, cut = best_threshold(scores)
        words = f"ngưỡng {cut:.2f}; bỏ từng chuỗi ra: {left_out(scores):.1f}; {speed:,.0f} dòng/giây"
        told.append(figure(f"NAB, một ngưỡng chung: {name}", score, 78, words))
        alerts = sum(int(f[s.probation :].sum()) for s, f in flags)
        told.append(figure(f"NAB, cờ báo động: {name}", standard_score(flags), 65, f"{alerts} lần báo"))
    return told


# --- forecasts ----------------------------------------------------------------------------------------------


def hour_profile(grid: Grid, horizon: int) -> Floats:
    """The baseline of the bar: mean of the log by hour of the day, and the level of the last week."""
    hours = np.array([at.hour for at in grid.times(0, len(grid.values) + horizon)])
    past, logged = hours[: len(grid.values)], np.log1p(grid.values)
    profile = np.array([logged[past == hour].mean() for hour in range(24)])
    level = float((logged - profile[past])[-168:].mean())
    return np.asarray(np.expm1(profile[hours[len(grid.values) :]] + level))


def forecasts(root: Path) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    paths = sorted((root / "hourly" / "origins").glob("*_history.csv"))
    for horizon in HORIZONS:
        ratios: dict[str, list[float]] = {"Lan Tỏa": [], "log hour profile": []}
        inside: list[float] = []
        for path in track(paths, f"{horizon} giờ…", console=Console(stderr=True)):
            truth = np.array(read(path.with_name(path.name.replace("history", "truth")))[1][:horizon])
            grid = grid_of(list(zip(*read(path), strict=True)))
            naive = float(np.abs(seasonal_naive(grid, horizon) - truth).mean())
            found = forecast(grid, horizon)
            inside.append(float(((truth >= found.low) & (truth <= found.high)).mean()))
            for name, mean in (("Lan Tỏa", found.mean), ("log hour profile", hour_profile(grid, horizon))):
                ratios[name].append(float(np.abs(mean - truth).mean()) / naive)
        bar = {24: 0.77, 168: 0.66}[horizon]
        for name, seen in ratios.items():
            words = f"trung bình cộng {np.mean(seen):.3f}"
            words += f"; khoảng 80% phủ {np.mean(inside):.1%}" if name == "Lan Tỏa" else ""
            told.append(figure(f"sai số / ngây thơ theo ngày, {horizon} giờ: {name}", geometric(seen), bar, words))
    return told


def geometric(ratios: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(ratios))))


def figure(name: str, value: float, bar: float, words: str) -> dict[str, object]:
    return {"name": name, "value": round(value, 3), "bar": bar, "words": words}


def main() -> None:
    parser = argparse.ArgumentParser(description="Bursts by NAB's standard score, forecasts by seasonal naive.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    rows = [*bursts(wanted.data), *forecasts(wanted.data)]
    if wanted.json:
        print(json.dumps({"machine": machine(), "figures": rows}, ensure_ascii=False))
        return
    table = Table("số đo", "giá trị", "mức cần", "chi tiết", title=machine())
    for one in rows:
        table.add_row(*(str(one[key]) for key in ("name", "value", "bar", "words")))
    Console().print(table)


if __name__ == "__main__":
    main()
