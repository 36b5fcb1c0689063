"""Outlines of the wards and communes for the map of reports, from a GeoJSON of their borders.

    python scripts/ward_outlines.py BORDERS.jsonl.xz > services/reports/charts/data/wards.json

One FeatureCollection a line, each feature with `properties.code`. Corners are put on a grid of a thousandth of a degree
(some 100 m): neighbours share their corners, so their outlines still meet; what a map of a page's width cannot show is
left out. Each ring is its first corner and then the steps to the next ones: [x, y, dx, dy, …].
"""

import json
import lzma
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

GRID = 1000
"""Corners for each degree."""
Corner = tuple[int, int]


def main(source: Path) -> None:
    outlines: dict[str, list[list[int]]] = {}
    with lzma.open(source, "rt", encoding="utf-8") as lines:
        for line in lines:
            for feature in json.loads(line)["features"]:
                rings = [on_grid(ring) for ring in outer_rings(feature["geometry"])]
                outlines[feature["properties"]["code"]] = [steps(ring) for ring in rings if len(ring) >= 4]
    sys.stdout.write(json.dumps({"grid": GRID, "wards": dict(sorted(outlines.items()))}, separators=(",", ":")) + "\n")


def outer_rings(geometry: dict[str, object]) -> Iterator[Sequence[Sequence[float]]]:
    coordinates = geometry["coordinates"]
    assert isinstance(coordinates, list)
    for polygon in coordinates if geometry["type"] == "MultiPolygon" else [coordinates]:
        yield polygon[0]


def on_grid(ring: Sequence[Sequence[float]]) -> list[Corner]:
    corners: list[Corner] = []
    for longitude, latitude in ring:
        corner = (round(longitude * GRID), round(latitude * GRID))
        if not corners or corner != corners[-1]:
            corners.append(corner)
    if corners[0] != corners[-1]:
        corners.append(corners[0])
    return _without_straight(corners)


def _without_straight(corners: list[Corner]) -> list[Corner]:
    """Without corners that lie on the line between their neighbours, and without spikes."""
    kept = corners[:1]
    for here, after in pairwise(corners[1:] + corners[:1]):
        (x, y), (hx, hy), (ax, ay) = kept[-1], here, after
        if (hx - x) * (ay - hy) != (hy - y) * (ax - hx):
            kept.append(here)
    if kept[0] != kept[-1]:
        kept.append(kept[0])
    return kept if len(kept) == len(corners) else _without_straight(kept)


def steps(corners: list[Corner]) -> list[int]:
    return [*corners[0], *(n for (x, y), (ax, ay) in pairwise(corners) for n in (ax - x, ay - y))]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
