"""A story's dossier: who told it and when, how much, what of it was checked in public, what the city said.

What people write themselves is in the counts alone: titles and links are those of papers and agencies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import id_time
from libs.common.label_names import FIELDS, GROUPS
from libs.common.models.enums import Field, Verdict
from libs.common.papers.content import Picture
from libs.common.verdicts import LABELS
from services.reports.charts.curves import Point, draw_volume
from services.reports.daily import publication_told, quoted
from services.reports.domain import NAMED_BRIEFLY, PUBLISHED_GROUPS, Period, clip, iso
from services.reports.kinds import about_queries as queries
from services.reports.kinds.base import KINDS, About, Data, Gather, id_of
from services.reports.periods import DAY, Cadence
from services.reports.problems import AboutNotFound
from services.reports.queries import deliveries, story_links

HOUR = timedelta(hours=1)
BY_HOUR = timedelta(days=7)
"""A story that went on longer is counted by days."""
SPANS = 400
"""Points of a curve; a story that went on longer is drawn for its last ones."""
NAMED = 100


@KINDS.register("story")
class StoryDossier:
    title: ClassVar[str] = "Hồ sơ chủ đề"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = About.STORY

    async def gather(self, gather: Gather) -> Data:
        session, story_id = gather.session, id_of(gather.about)
        story = await session.get(m.Story, story_id)
        if story is None:
            raise AboutNotFound(f"Không có câu chuyện {story_id}.")
        if story.merged_into is not None:
            raise AboutNotFound(f"Câu chuyện này đã được gộp vào câu chuyện {story.merged_into}.")
        seen = [id_time(one) for one in await queries.contents_of(session, story_id)]
        told = await _links(gather, story_id, seen)
        return {
            "story": {
                "story_id": str(story_id),
                "title": told[0]["title"] if told else None,
                "field": story.field,
                "field_name": FIELDS[Field(story.field)],
                "first_at": iso(story.first_at),
                "last_at": iso(story.last_at),
            },
            "counts": await _counts(gather, story_id, len(seen), len(told)),
            "links": told[:NAMED],
            "volume": _volume(gather, seen),
            "claims": await _claims(gather, story_id),
            "publications": await _publications(gather, story_id),
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Chủ đề: {clip(data['story']['title'] or data['story']['field_name'], NAMED_BRIEFLY)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        """`volume`: how much was told, span by span."""
        if not data["volume"]["points"]:
            return {}
        points = [Point(datetime.fromisoformat(one["at"]), one["items"]) for one in data["volume"]["points"]]
        unit = f"mục tin mỗi {data['volume']['span_name']}"
        return {"volume": draw_volume(points, what="Số mục tin của câu chuyện", unit=unit)}


async def _links(gather: Gather, story_id: UUID, seen: Sequence[datetime]) -> list[Data]:
    """Each source's first published page, oldest first."""
    if not seen:
        return []
    whole = Period(seen[0] - HOUR, seen[-1] + HOUR)
    return [
        {
            "title": quoted(row.title),
            "url": row.url,
            "source": row.name,
            "published_at": iso(row.published_at),
            "first_seen_at": iso(row.first_seen_at),
        }
        for row in await story_links(gather.session, [story_id], whole)
    ]


async def _counts(gather: Gather, story_id: UUID, items: int, named: int) -> Data:
    source = "story_items, contents (phân loại, tiếp nhận)"
    sources = await queries.count_sources(gather.session, story_id)
    groups = ", ".join(sorted(GROUPS[group].lower() for group in PUBLISHED_GROUPS))
    return {
        "items": gather.count(items, source, "số mục tin được xếp vào câu chuyện", "mục tin"),
        "sources": gather.count(sources, source, "số nguồn khác nhau đưa câu chuyện", "nguồn"),
        "named": gather.count(named, source, f"số nguồn có trang dẫn được ({groups})", "nguồn"),
    }


def _volume(gather: Gather, seen: Sequence[datetime]) -> Data:
    """Counts of every span from the first item to the last; a span without one counts 0, since it was watched."""
    source = "story_items (phân loại)"
    span = HOUR if not seen or seen[-1] - seen[0] <= BY_HOUR else DAY
    counts = Counter(_start(at, span) for at in seen)
    at, points = max(min(counts), max(counts) - (SPANS - 1) * span) if counts else gather.as_of, []
    while counts and at <= max(counts):
        points.append({"at": iso(at), "items": counts[at]})
        at += span
    top = max(counts.values(), default=None)
    name = "giờ" if span == HOUR else "ngày"
    return {
        "span_name": name,
        "points": points,
        "top": gather.count(top, source, f"số mục tin gặp trong {name} nhiều nhất", "mục tin"),
    }


def _start(at: datetime, span: timedelta) -> datetime:
    local = at.astimezone(HANOI).replace(minute=0, second=0, microsecond=0)
    return local if span == HOUR else local.replace(hour=0)


async def _claims(gather: Gather, story_id: UUID) -> list[Data]:
    formula = "số mục tin của câu chuyện được người kiểm chứng xác nhận là nhắc lại tuyên bố"
    return [
        {
            "text": quoted(claim.text),
            "verdict": claim.verdict,
            "name": LABELS[Verdict(claim.verdict)],
            "mentions": gather.count(mentions, "claims, claim_matches (phân loại)", formula, "mục tin"),
        }
        for claim, mentions in await queries.claims_of(gather.session, story_id)
        if claim.verdict
    ]


async def _publications(gather: Gather, story_id: UUID) -> list[Data]:
    rows = await queries.answers_to(gather.session, story_id)
    sent = await deliveries(gather.session, [one.id for one, _ in rows])
    return [publication_told(one, unit, sent) for one, unit in rows]
