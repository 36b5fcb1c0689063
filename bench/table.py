"""Rows of the table of figures: a value, the baseline of the same run, and their ratio."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.stage import machine


def row(name: str, value: float, baseline: float, against: str) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value),
        "baseline": round(baseline),
        "ratio": round(value / baseline, 1),
        "against": against,
    }


def wait(name: str, value: float, baseline: float, against: str) -> dict[str, object]:
    """A time: the ratio says how many times shorter than its baseline."""
    told: dict[str, object] = {"name": name, "value": round(value, 2), "baseline": round(baseline, 2)}
    return {**told, "ratio": round(baseline / max(value, 0.001), 1), "against": against}


def score(name: str, value: float, baseline: float, against: str) -> dict[str, object]:
    """A figure between 0 and 1, or a score: the higher the better."""
    ratio = round(value / baseline, 3) if baseline > 0 else "—"
    return {"name": name, "value": round(value, 3), "baseline": round(baseline, 3), "ratio": ratio, "against": against}


def show(rows: Sequence[dict[str, object]], *, as_json: bool) -> None:
    """Print the table, or its rows as JSON, with the machine they were measured on."""
    if as_json:
        print(json.dumps({"machine": machine(), "figures": rows}, ensure_ascii=False))
        return
    table = Table("số đo", "giá trị", "mốc so sánh", "tỉ lệ", "mốc là", title=machine())
    for one in rows:
        table.add_row(*(str(one[part]) for part in ("name", "value", "baseline", "ratio", "against")))
    Console().print(table)
