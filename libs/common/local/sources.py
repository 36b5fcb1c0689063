"""The sources as a table for a terminal: how each is, what it brought today, and when it is read next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from libs.common.clock import HANOI

Source = Mapping[str, Any]
"""A source as the interface tells it (`SourceWithHealth`)."""

GROUPS = {
    "press": "Báo chí",
    "portal": "Cổng thông tin",
    "aggregator": "Trang tổng hợp",
    "forum": "Diễn đàn",
    "official": "Kênh chính thức",
    "citizen": "Người dân",
}
HEALTH = {
    "new": "[dim]chưa đọc[/]",
    "ok": "[green]tốt[/]",
    "silent": "[yellow]im lặng[/]",
    "flooding": "[yellow]tăng đột biến[/]",
    "failing": "[red]không trả lời[/]",
    "blocked": "[red]bị chặn[/]",
    "broken": "[red]đọc không hiểu[/]",
    "paused": "[dim]tạm dừng[/]",
    "gone": "[dim]đã ngừng[/]",
}
_RESTING = {"paused", "gone"}
_ORDER = list(GROUPS)


def is_resting(source: Source) -> bool:
    """In the catalogue, and not read now."""
    return source["health"] in _RESTING


def sources_table(sources: Sequence[Source], now: datetime, *, title: str | None = None) -> Table:
    """One row for each source, group by group; what is not known is blank. It fits a terminal of 80 columns."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("Nguồn", overflow="fold", min_width=28, max_width=52)
    table.add_column("Sức khỏe", no_wrap=True)
    table.add_column("Hôm nay", justify="right", no_wrap=True)
    table.add_column("Cách đây", justify="right", no_wrap=True)
    table.add_column("Đọc sau", justify="right", no_wrap=True)
    ordered = sorted(sources, key=lambda one: (_place(one["group"]), one["name"]))
    for group, members in groupby(ordered, key=lambda one: one["group"]):
        table.add_row(f"[bold]{GROUPS.get(group, group)}[/]")
        for source in members:
            table.add_row(*_cells(source, now))
    return table


def _cells(source: Source, now: datetime) -> list[str]:
    return [
        f"  {escape(source['name'])}",
        HEALTH.get(source["health"], str(source["health"])),
        f"{source['new_today']:,}".replace(",", "."),
        "" if source["last_item_at"] is None else _span(now - datetime.fromisoformat(source["last_item_at"])),
        "" if is_resting(source) or source["next_poll_at"] is None else _ahead(source["next_poll_at"], now),
    ]


def catalogue_lines(sources: Sequence[Source]) -> list[tuple[str, str]]:
    """How many sources of each group the catalogue has, and how many of them are read: (group, words)."""
    every = Counter(one["group"] for one in sources)
    read = Counter(one["group"] for one in sources if not is_resting(one))
    return [
        (GROUPS.get(group, group), f"{every[group]} trong danh mục, {read[group]} đang đọc")
        for group in sorted(every, key=_place)
    ]


def _place(group: str) -> int:
    return _ORDER.index(group) if group in _ORDER else len(_ORDER)


def _ahead(at: str, now: datetime) -> str:
    left = datetime.fromisoformat(at) - now
    return "ngay" if left <= timedelta(seconds=1) else _span(left)


def _span(span: timedelta) -> str:
    seconds = max(int(span.total_seconds()), 0)
    for unit, size in (("ngày", 86400), ("giờ", 3600), ("phút", 60)):
        if seconds >= size * (2 if unit == "ngày" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} giây"


def clock_words(now: datetime) -> str:
    return now.astimezone(HANOI).strftime("%H:%M:%S ngày %d/%m/%Y")
