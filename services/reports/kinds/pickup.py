"""Who carried what the city said: how much later, with which headline or figure changed.

Copies are measured texts. Rewrites are found by the story, the figures and the names they share, and are told apart
from copies: they are weaker, since another paper may have been at the same place.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import ClassVar, NamedTuple
from uuid import UUID

from libs.common.ids import floor_id, id_time
from libs.common.label_names import GROUPS
from libs.common.models.enums import SourceGroup
from libs.common.papers.content import Picture
from libs.common.pickup import REWRITTEN_WITHIN, Changes, How, Picked, Shared, Wanted, judge, list_carried
from services.reports.charts.curves import draw_volume
from services.reports.daily import quoted
from services.reports.domain import PUBLISHED_GROUPS, Period, iso
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.kinds.pickup_queries import count_ours
from services.reports.longer import days_of, percent, points_of
from services.reports.periods import Cadence, period_name

COPIES = "near_copies, contents (tiếp nhận)"
REWRITES = "story_items (phân loại), contents (tiếp nhận)"
BATCH, MOST = 200, 5_000
"""Rows that are compared at once and at all: two texts of 20,000 signs each."""
NAMED, OUTLETS = 50, 50
MINUTE = timedelta(minutes=1)


class Carried(NamedTuple):
    """What is kept of a comparison: no text."""

    ours_id: UUID
    ours: str
    our_source: str
    content_id: UUID
    source_id: UUID
    source: str
    group: SourceGroup
    title: str
    url: str | None
    at: datetime
    similarity: float | None
    changes: Changes
    shared: Shared | None

    @property
    def is_altered(self) -> bool:
        return self.changes.is_headline_changed or bool(self.changes.figures)

    @property
    def minutes(self) -> int:
        return self.changes.delay_seconds // 60


@KINDS.register("pickup")
class PickupReport:
    title: ClassVar[str] = "Báo cáo lan tỏa thông tin của thành phố"
    cadence: ClassVar[Cadence] = Cadence.WEEKLY
    about: ClassVar[About | None] = None

    async def gather(self, gather: Gather) -> Data:
        copies = await _carried(gather, How.COPY)
        rewrites = await _carried(gather, How.REWRITE)
        named = [one for one in copies if one.group in PUBLISHED_GROUPS]
        return {
            "counts": await _counts(gather, copies, rewrites),
            "outlets": _outlets(gather, copies, rewrites),
            "volume": _volume(gather, copies),
            "altered": [_copy(gather, one) for one in named if one.is_altered][:NAMED],
            "unaltered": [_copy(gather, one) for one in named if not one.is_altered][:NAMED],
            "rewrites": [_rewrite(gather, one) for one in rewrites][:NAMED],
            "most": NAMED,
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Báo chí, trang tin đăng lại thông tin của thành phố {period_name(self.cadence, period)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        """`volume`: copies day by day."""
        volume = data["volume"]
        if not any(volume["values"]):
            return {}
        points = points_of(volume["days"], volume["values"])
        return {"volume": draw_volume(points, what="Số bài đăng lại mỗi ngày", unit=volume["unit"])}


async def _carried(gather: Gather, how: How) -> list[Carried]:
    """Of our items of the period, what came in the period, latest first; a batch of texts at a time."""
    wanted = Wanted(None, None, floor_id(gather.period.start), floor_id(gather.period.end))
    found: list[Carried] = []
    after: tuple[UUID, UUID] | None = None
    for _ in range(MOST // BATCH):
        rows = await list_carried(gather.session, wanted, how, after, BATCH)
        found += [_kept(one) for one in await asyncio.to_thread(judge, rows, how)]
        if len(rows) < BATCH:
            break
        after = rows[-1].content_id, rows[-1].our_id
    return found


def _kept(one: Picked) -> Carried:
    row = one.row
    return Carried(
        ours_id=row.our_id,
        ours=row.our_title,
        our_source=row.our_source,
        content_id=row.content_id,
        source_id=row.source_id,
        source=row.source,
        group=SourceGroup(row.group),
        title=row.title,
        url=row.url,
        at=row.at,
        similarity=row.similarity,
        changes=one.changes,
        shared=one.shared,
    )


async def _counts(gather: Gather, copies: Sequence[Carried], rewrites: Sequence[Carried]) -> Data:
    ours = await count_ours(gather.session, gather.period)
    carried = len({one.ours_id for one in copies})
    altered = [one for one in copies if one.is_altered]
    delays = [one.minutes for one in copies]
    later = "trung vị số phút từ tin của thành phố đến bài đăng lại; trống khi không có bài nào"
    return {
        "ours": gather.count(ours, "contents, sources (tiếp nhận)", "số tin của các kênh chính thức trong kỳ", "tin"),
        "carried": gather.count(carried, COPIES, "trong đó có ít nhất một nơi khác đăng lại gần như nguyên văn", "tin"),
        "share": gather.count(percent(carried, ours), COPIES, "tin được đăng lại / tin trong kỳ x 100", "%"),
        "copies": gather.count(len(copies), COPIES, "số bài đăng lại gần như nguyên văn, sau tin của thành phố", "bài"),
        "outlets": gather.count(len({one.source_id for one in copies}), COPIES, "số nơi đã đăng lại", "nơi"),
        "delay": gather.count(median(delays) if delays else None, COPIES, later, "phút"),
        "headlines": gather.count(
            sum(one.changes.is_headline_changed for one in copies), COPIES, "số bài đăng lại có tiêu đề khác", "bài"
        ),
        "figures": gather.count(
            sum(bool(one.changes.figures) for one in copies), COPIES, "số bài đăng lại có con số khác", "bài"
        ),
        "altered": gather.count(len(altered), COPIES, "số bài đăng lại có tiêu đề hoặc con số khác", "bài"),
        "rewrites": gather.count(
            len(rewrites),
            REWRITES,
            f"số bài cùng câu chuyện, sau tin của thành phố không quá {REWRITTEN_WITHIN // timedelta(hours=1)} giờ, "
            "chung con số và tên riêng; suy đoán, yếu hơn bản đăng lại",
            "bài",
        ),
    }


def _outlets(gather: Gather, copies: Sequence[Carried], rewrites: Sequence[Carried]) -> list[Data]:
    """Who carried most, first. A forum is named as a place, its people are not."""
    every: dict[UUID, tuple[list[Carried], list[Carried]]] = {}
    for at, group in enumerate((copies, rewrites)):
        for one in group:
            every.setdefault(one.source_id, ([], []))[at].append(one)
    ordered = sorted(every.values(), key=lambda each: (-len(each[0]), -len(each[1]), (each[0] + each[1])[0].source))
    return [_outlet(gather, *each) for each in ordered[:OUTLETS]]


def _outlet(gather: Gather, copies: Sequence[Carried], rewrites: Sequence[Carried]) -> Data:
    one = (*copies, *rewrites)[0]
    delays = [each.minutes for each in copies]
    return {
        "name": one.source,
        "group": one.group,
        "group_name": GROUPS[one.group],
        "copies": gather.count(len(copies), COPIES, "số bài đăng lại", "bài"),
        "delay": gather.count(
            median(delays) if delays else None, COPIES, "trung vị số phút sau tin của thành phố", "phút"
        ),
        "altered": gather.count(
            sum(each.is_altered for each in copies), COPIES, "số bài đăng lại có tiêu đề hoặc con số khác", "bài"
        ),
        "rewrites": gather.count(len(rewrites), REWRITES, "số bài có thể là viết lại", "bài"),
    }


def _volume(gather: Gather, copies: Sequence[Carried]) -> Data:
    days = days_of(gather.period)
    seen = [id_time(one.content_id) for one in copies]
    return {
        "days": [iso(day.start) for day in days],
        "values": [sum(day.start <= at < day.end for at in seen) for day in days],
        "as_of": iso(gather.as_of),
        "source": COPIES,
        "formula": "số bài đăng lại gặp trong mỗi 24 giờ tính từ đầu kỳ",
        "unit": "bài",
    }


def _told(gather: Gather, one: Carried, source: str) -> Data:
    return {
        "ours": quoted(one.ours),
        "our_source": one.our_source,
        "source": one.source,
        "title": quoted(one.title),
        "url": one.url,
        "at": iso(one.at),
        "minutes": gather.count(one.minutes, source, "số phút sau tin của thành phố", "phút"),
        "is_headline_changed": one.changes.is_headline_changed,
    }


def _copy(gather: Gather, one: Carried) -> Data:
    near = None if one.similarity is None else round(100 * one.similarity, 1)
    return {
        **_told(gather, one, COPIES),
        "figures": [{"before": each.before, "after": each.after} for each in one.changes.figures],
        "similarity": gather.count(
            near,
            COPIES,
            "độ giống của hai văn bản (Jaccard ước lượng) x 100; trống khi tin của thành phố là bản gặp sau",
            "%",
        ),
    }


def _rewrite(gather: Gather, one: Carried) -> Data:
    assert one.shared is not None
    return {
        **_told(gather, one, REWRITES),
        "is_source_named": one.shared.is_source_named,
        "figures": [quoted(each) for each in one.shared.figures],
        "names": [quoted(each) for each in one.shared.names],
    }
