"""Curves over time: how much was said with what is expected next, many fields side by side, how a claim spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from matplotlib.axes import Axes

from libs.common.clock import HANOI
from libs.common.papers.content import Picture
from services.reports.charts.canvas import (
    INK,
    LINES,
    MID,
    PALE,
    count_axis,
    days,
    finish,
    new_figure,
    span_axis,
    spelled,
    style,
    time_axis,
)

WIDTH_MM = 160.0


@dataclass(frozen=True)
class Point:
    """A count of one span of time; None where it is not known, and then the curve has a gap."""

    at: datetime
    value: float | None


@dataclass(frozen=True)
class Band:
    """What is expected: the mean and the bounds of its interval."""

    at: datetime
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Mark:
    """Something that happened: an alert, a correction."""

    at: datetime
    label: str


def draw_volume(
    points: Sequence[Point],
    forecast: Sequence[Band] = (),
    *,
    what: str,
    unit: str,
    marks: Sequence[Mark] = (),
    interval: int = 80,
    caption: str = "",
) -> Picture:
    """A volume curve; the forecast is dashed in a hatched band, what happened is a line across."""
    with style():
        figure = new_figure(WIDTH_MM, 70)
        axes = figure.subplots()
        axes.plot(days(p.at for p in points), _values(points), color=INK, linewidth=1.2, label="đã đếm")
        if forecast:
            times = days(band.at for band in forecast)
            axes.fill_between(
                times,
                [band.low for band in forecast],
                [band.high for band in forecast],
                facecolor="none",
                edgecolor=MID,
                hatch="////",
                linewidth=0.4,
                label=f"khoảng dự báo {interval}%",
            )
            axes.plot(times, [band.mean for band in forecast], color=INK, linestyle="--", linewidth=1, label="dự báo")
        _draw_marks(axes, marks)
        span_axis(axes, [*(p.at for p in points), *(band.at for band in forecast), *(mark.at for mark in marks)])
        if forecast or marks:
            _legend(axes)
        axes.set_ylabel(unit)
        count_axis(axes)
        time_axis(axes)
        alt = _told(points, forecast, what, unit, interval) + _told_marks(marks)
        return finish(figure, alt=alt, caption=caption, width_mm=WIDTH_MM)


def draw_multiples(
    fields: Sequence[tuple[str, Sequence[Point]]], *, what: str, unit: str, columns: int = 3, caption: str = ""
) -> Picture:
    """One small curve for each field, all on one scale, so that they can be compared."""
    columns = min(columns, max(len(fields), 1))
    rows = -(-len(fields) // columns)
    with style():
        figure = new_figure(WIDTH_MM, 8 + 27 * max(rows, 1))
        grid = figure.subplots(max(rows, 1), columns, sharex=True, sharey=True, squeeze=False)
        for axes, (name, points) in zip(grid.flat, fields, strict=False):
            axes.plot(days(p.at for p in points), _values(points), color=INK, linewidth=0.9)
            span_axis(axes, [p.at for p in points])
            axes.set_title(name, fontsize=9, loc="left", pad=2)
        for place, axes in enumerate(grid.flat):
            axes.tick_params(labelsize=8, labelbottom=place + columns >= len(fields))
            count_axis(axes)
            time_axis(axes)
            axes.xaxis.get_offset_text().set_fontsize(7)
            axes.set_visible(place < len(fields))
        figure.supylabel(unit, fontsize=9)
        return finish(figure, alt=_told_fields(fields, what, unit), caption=caption, width_mm=WIDTH_MM)


def draw_spread(points: Sequence[Point], marks: Sequence[Mark] = (), *, caption: str = "") -> Picture:
    """How many times a claim had been seen by each moment, and when it was answered."""
    total = 0.0
    summed = []
    for point in points:
        total += point.value or 0
        summed.append(total)
    with style():
        figure = new_figure(WIDTH_MM, 70)
        axes = figure.subplots()
        axes.step(days(p.at for p in points), summed, where="post", color=INK, linewidth=1.2)
        axes.fill_between(days(p.at for p in points), summed, step="post", color=PALE, linewidth=0)
        _draw_marks(axes, marks)
        span_axis(axes, [*(p.at for p in points), *(mark.at for mark in marks)])
        if marks:
            _legend(axes)
        axes.set_ylabel("bài nhắc lại, cộng dồn")
        count_axis(axes)
        time_axis(axes)
        alt = f"Đường lan truyền: {spelled(total)} bài nhắc lại tuyên bố{_span(points)}."
        return finish(figure, alt=alt + _told_marks(marks), caption=caption, width_mm=WIDTH_MM)


def _legend(axes: Axes) -> None:
    """Above the curve, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), borderaxespad=0, ncols=3, fontsize=9)


def _draw_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    for mark, line in zip(marks, LINES[1:] * len(marks), strict=False):
        label = f"{mark.label} ({_hour(mark.at)})"
        axes.axvline(days([mark.at])[0], color=MID, linestyle=line, linewidth=1, label=label)


def _told_marks(marks: Sequence[Mark]) -> str:
    return "".join(f" {mark.label} lúc {_hour(mark.at)}." for mark in marks)


def _values(points: Sequence[Point]) -> list[float]:
    """Gaps are drawn as gaps: a blank is not 0."""
    return [float("nan") if point.value is None else point.value for point in points]


def _told(points: Sequence[Point], forecast: Sequence[Band], what: str, unit: str, interval: int) -> str:
    known = [point for point in points if point.value is not None]
    if not known:
        return f"{what}: chưa có số liệu."
    top = max(known, key=lambda point: point.value or 0)
    total = sum(point.value or 0 for point in known)
    text = (
        f"{what}{_span(points)}: tổng {spelled(total)} {unit}, cao nhất {spelled(top.value or 0)} lúc {_hour(top.at)}."
    )
    if forecast:
        last = forecast[-1]
        text += (
            f" Dự báo đến {_hour(last.at)}: {spelled(round(last.mean, 1))} {unit}, khoảng {interval}% từ "
            f"{spelled(round(last.low, 1))} đến {spelled(round(last.high, 1))}."
        )
    return text


def _told_fields(fields: Sequence[tuple[str, Sequence[Point]]], what: str, unit: str) -> str:
    totals = [(name, sum(point.value or 0 for point in points)) for name, points in fields]
    said = "; ".join(f"{name}: {spelled(total)}" for name, total in sorted(totals, key=lambda one: -one[1]))
    return f"{what} theo lĩnh vực ({unit}): {said}." if fields else f"{what}: chưa có số liệu."


def _span(points: Sequence[Point]) -> str:
    return f" từ {_hour(points[0].at)} đến {_hour(points[-1].at)}" if points else ""


def _hour(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M %d/%m/%Y}"
