"""How the sources are, as intake judged each last, and which of them need somebody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from libs.common.label_names import GROUPS, SOURCE_KINDS
from libs.common.models.catalogue import SourceHealth
from libs.common.models.enums import Role, SourceGroup, SourceKind
from services.reports.daily import quoted
from services.reports.dashboards import health_queries as queries
from services.reports.dashboards.parts import SHOWN, Look, actor
from services.reports.dashboards.schemas import ItemKind, SourceFigures, SourceItem, SourcesOut

NAMES = {
    SourceHealth.NEW: "Chưa đọc",
    SourceHealth.OK: "Tốt",
    SourceHealth.SILENT: "Im lặng",
    SourceHealth.FLOODING: "Tăng đột biến",
    SourceHealth.FAILING: "Không trả lời",
    SourceHealth.BLOCKED: "Bị chặn",
    SourceHealth.BROKEN: "Đọc không hiểu",
    SourceHealth.PAUSED: "Tạm dừng",
    SourceHealth.GONE: "Đã ngừng",
}
SOURCE = "sources (tiếp nhận)"
COUNTED = tuple(health for health in SourceHealth if health is not SourceHealth.GONE)
FINE = "Không có nguồn nào gặp trục trặc."
NONE = "Chưa khai báo nguồn tin nào."
NOT_JUDGED = "Các nguồn chưa được xét lần nào; hãy xem tiến trình tiếp nhận có đang chạy không."


async def source_health(look: Look) -> SourcesOut:
    counts = await look.tried(queries.source_counts(look.session, look.as_of))
    rows = await look.tried(queries.troubled_sources(look.session, SHOWN))
    brought = await look.tried(queries.items_since(look.session, look.as_of - timedelta(days=1)))
    return SourcesOut(
        as_of=look.as_of,
        note=_note(counts, rows),
        figures=_figures(look, counts, brought),
        items=[_item(row) for row in rows or ()],
    )


def _note(counts: Sequence[Row[Any]] | None, rows: Sequence[Row[Any]] | None) -> str | None:
    if counts is not None and not counts:
        return NONE
    if counts and all(row.checked_at is None for row in counts):
        return NOT_JUDGED
    return None if rows else FINE


def _figures(look: Look, counts: Sequence[Row[Any]] | None, brought: Row[Any] | None) -> SourceFigures:
    """Nobody knows how they are before the first of them was judged; where there is none, there are none."""
    checked = max((row.checked_at for row in counts or () if row.checked_at), default=None)
    is_known = counts is not None and (not counts or checked is not None)
    by_health = {row.health: row.sources for row in counts or ()}
    late = None if counts is None else sum(row.late for row in counts)
    items = int(brought.items) if brought and brought.items is not None else None
    return SourceFigures(
        **{
            each.value: look.figure(
                by_health.get(each, 0) if is_known else None,
                SOURCE,
                f"số nguồn “{NAMES[each]}” theo lần xét gần nhất; trống khi chưa xét lần nào",
                "nguồn",
                checked,
            )
            for each in COUNTED
        },
        late=look.figure(late, SOURCE, "số nguồn quá hai chu kỳ mà chưa được đọc lại", "nguồn"),
        items_24h=look.figure(
            items,
            "source_hours (tiếp nhận)",
            "số mục tin mới của các giờ trong 24 giờ qua; trống khi chưa giờ nào được đếm",
            "mục tin",
        ),
    )


def _item(row: Row[Any]) -> SourceItem:
    health = SourceHealth(row.health)
    return SourceItem(
        kind=ItemKind.SOURCE,
        id=row.id,
        title=row.name,
        unit=None,
        since=row.health_since or row.created_at,
        who=actor(Role.EDITOR, None),
        href=f"/api/ingest/v1/sources/{row.id}/health",
        source_kind=SourceKind(row.kind),
        kind_name=SOURCE_KINDS[SourceKind(row.kind)],
        group=SourceGroup(row.group),
        group_name=GROUPS[SourceGroup(row.group)],
        health=health,
        health_name=NAMES[health],
        says=quoted(row.health_reason) if row.health_reason else None,
        last_ok_at=row.last_ok_at,
        last_item_at=row.last_item_at,
    )
