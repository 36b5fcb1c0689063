"""A map of the wards and communes of Hà Nội, shaded by a count; what is held back is hatched, never white."""

import json
from collections.abc import Mapping
from functools import cache
from math import cos, radians
from pathlib import Path

from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from libs.common.papers.content import Picture
from services.reports.charts.canvas import MID, SHADES, finish, new_figure, spelled, style

OUTLINES = Path(__file__).parent / "data" / "wards.json"
LATITUDE = 21.0
"""Where a degree of longitude is measured: at this size a plane is true enough."""
WIDTH_MM = 150.0
Ring = list[tuple[float, float]]


@cache
def outlines() -> dict[str, list[Ring]]:
    """Code of the ward → its outer rings in degrees. Drawn from scripts/ward_outlines.py; see NOTICE."""
    told = json.loads(OUTLINES.read_text(encoding="utf-8"))
    grid = told["grid"]
    return {code: [_ring(steps, grid) for steps in rings] for code, rings in told["wards"].items()}


def _ring(steps: list[int], grid: int) -> Ring:
    x = y = 0
    corners = []
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        corners.append((x / grid, y / grid))
    return corners


def draw_wards(
    counts: Mapping[str, int | None], names: Mapping[str, str], *, what: str, unit: str, caption: str = ""
) -> Picture:
    """counts: code → count, None where it is held back (fewer than ten) or not known; a code without an entry has 0."""
    bounds = classes([count for count in counts.values() if count])
    with style():
        figure = new_figure(WIDTH_MM, 150)
        axes = figure.subplots()
        for shade, rings in enumerate(_by_class(counts, bounds)):
            face, hatch = (SHADES[shade], None) if shade < len(SHADES) else ("white", "/////")
            axes.add_collection(PolyCollection(rings, facecolor=face, hatch=hatch, edgecolor=MID, linewidth=0.3))
        axes.set_aspect(1 / cos(radians(LATITUDE)))
        axes.autoscale_view()
        axes.set_axis_off()
        axes.legend(handles=_legend(bounds, counts), title=f"Số {unit}", loc="lower left", fontsize=9)
        return finish(figure, alt=_told(counts, names, what, unit), caption=caption, width_mm=WIDTH_MM)


def classes(counts: list[int]) -> list[int]:
    """Upper bounds of up to four classes above none, each with about as many wards (quantiles)."""
    if not counts:
        return []
    ordered, wanted = sorted(counts), len(SHADES) - 1
    return sorted({ordered[-(-len(ordered) * part // wanted) - 1] for part in range(1, wanted + 1)})


def _by_class(counts: Mapping[str, int | None], bounds: list[int]) -> list[list[Ring]]:
    """Rings by shade: none, then each class; last what is held back."""
    shaded: list[list[Ring]] = [[] for _ in range(len(SHADES) + 1)]
    for code, rings in outlines().items():
        count = counts.get(code, 0)
        shaded[len(SHADES) if count is None else _class_of(count, bounds)] += rings
    return shaded


def _class_of(count: int, bounds: list[int]) -> int:
    if count == 0:
        return 0
    rank = next((at for at, bound in enumerate(bounds, start=1) if count <= bound), len(bounds))
    return rank + len(SHADES) - 1 - len(bounds)


def _legend(bounds: list[int], counts: Mapping[str, int | None]) -> list[Patch]:
    handles = [Patch(facecolor=SHADES[0], edgecolor=MID, label="0")]
    low = 1
    for at, bound in enumerate(bounds):
        label = spelled(bound) if low >= bound else f"{spelled(low)} – {spelled(bound)}"
        handles.append(Patch(facecolor=SHADES[len(SHADES) - len(bounds) + at], edgecolor=MID, label=label))
        low = bound + 1
    if any(count is None for count in counts.values()):
        handles.append(Patch(facecolor="white", edgecolor=MID, hatch="/////", label="dưới 10 hoặc giữ kín"))
    return handles


def _told(counts: Mapping[str, int | None], names: Mapping[str, str], what: str, unit: str) -> str:
    known = sorted(((count, code) for code, count in counts.items() if count), reverse=True)
    held = sum(count is None for count in counts.values())
    top = "; ".join(f"{names.get(code, code)}: {spelled(count)}" for count, code in known[:5])
    most = f"Nhiều nhất ({unit}): {top}." if known else "Không nơi nào có."
    text = f"Bản đồ phường, xã: {what}. {most}"
    return text + (f" {held} nơi giữ kín vì dưới 10." if held else "")
