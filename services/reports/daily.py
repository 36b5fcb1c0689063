"""The figures of the daily brief, read in one instant of the database and put into plain data to be frozen.

Nothing personal goes in: no author, no count by place, no words of a citizen; other people's texts are titles of
published pages, masked and at most 300 characters long, with their links.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Row

from libs.common import models as m
from libs.common.engagement import NAMES, VERSION, Figure, printed_formula, rate_of
from libs.common.ids import id_time
from libs.common.label_names import FIELDS, GROUPS, KINDS, SOURCE_KINDS
from libs.common.masking import mask_personal_data
from libs.common.models.enums import (
    DeliveryState,
    Field,
    PublicationKind,
    PublicationState,
    SourceGroup,
    SourceKind,
    TextKind,
    Verdict,
)
from libs.common.models.totals import Measure
from libs.common.verdicts import LABELS
from services.reports import domain, labels, queries
from services.reports.domain import Health, SourceFacts, clip, figure, iso, known_part
from services.reports.events import gather_events
from services.reports.kinds.base import Data, Gather
from services.reports.totals import queries as totals
from services.reports.totals.measures import ALL

LINKS = 5
TOP_STORIES = 10
HEALTH = {Health.FAILING: "Đọc không được", Health.SILENT: "Im lặng"}


async def gather_daily(gather: Gather) -> Data:
    """What the period brought in numbers, and what is named of it."""
    counts = await gather_counts(gather)
    return {
        **counts,
        "stories": {**counts["stories"], "top": await _top_stories(gather)},
        "publications": await _publications(gather),
        "events": await gather_events(gather.session, gather.period, gather.as_of),
        "engagement": await _engagement(gather),
        "sources": await _sources(gather),
    }


async def gather_counts(gather: Gather) -> Data:
    """The sections that count what a period brought, without what is named in them: to set beside another period."""
    items = await _items(gather)
    arrived = items["total"]["value"] or 0
    return {
        "items": items,
        "stories": {"count": await _story_count(gather, arrived)},
        "kinds": await _kinds(gather, arrived),
        "feedback": await gather_feedback_counts(gather),
        "claims": await _claims(gather),
    }


def quoted(text: str) -> str:
    """Somebody else's words as a report may carry them."""
    return clip(mask_personal_data(text))


async def _items(gather: Gather) -> Data:
    source = "contents, sources (tiếp nhận)"
    counts = await gather.counts(Measure.ITEMS)
    by_group: dict[str, list[int]] = defaultdict(list)
    for source_id, group in (await queries.source_groups(gather.session)).items():
        by_group[group].append(counts.get(source_id, 0))
    groups = [
        {
            "group": group,
            "name": GROUPS[SourceGroup(group)],
            "items": gather.brought(sum(found), source, "số mục tin gặp lần đầu trong kỳ", "mục tin"),
            "sources": gather.brought(
                sum(count > 0 for count in found), source, "số nguồn có ít nhất một mục tin trong kỳ", "nguồn"
            ),
        }
        for group, found in sorted(by_group.items())
    ]
    total = sum(counts.values())
    return {"total": gather.brought(total, source, "tổng số mục tin gặp lần đầu trong kỳ", "mục tin"), "groups": groups}


async def _top_stories(gather: Gather) -> list[Data]:
    rows = await totals.top_stories(gather.session, gather.read_by, TOP_STORIES)
    links = await _links(gather, [story.id for story, _, _ in rows])
    return [_story(gather, story, items, sources, links[story.id]) for story, items, sources in rows]


async def _story_count(gather: Gather, arrived: int) -> Data:
    source = "stories, story_items (phân loại)"
    told, grouped = await totals.stories(gather.session, gather.read_by)
    count = known_part(told, done=grouped, of=arrived)
    formula = "số câu chuyện có mục tin trong kỳ; trống khi chưa mục tin nào được xếp vào câu chuyện"
    return gather.brought(count, source, formula, "câu chuyện")


async def _links(gather: Gather, story_ids: Sequence[UUID]) -> dict[UUID, list[Data]]:
    found: dict[UUID, list[Data]] = defaultdict(list)
    for row in await queries.story_links(gather.session, story_ids, gather.period):
        link = {
            "title": quoted(row.title),
            "url": row.url,
            "source": row.name,
            "group": row.group,
            "published_at": iso(row.published_at),
            "first_seen_at": iso(row.first_seen_at),
        }
        found[row.story_id].append(link)
    return found


def _story(gather: Gather, story: m.Story, items: int, sources: int, links: list[Data]) -> Data:
    """A story is called what the first published page about it is called; one told only by people has no title here."""
    source = "story_items (phân loại)"
    return {
        "story_id": str(story.id),
        "title": links[0]["title"] if links else None,
        "field": story.field,
        "field_name": FIELDS[Field(story.field)],
        "first_at": iso(story.first_at),
        "last_at": iso(story.last_at),
        "items": gather.brought(items, source, "số mục tin của câu chuyện gặp trong kỳ", "mục tin"),
        "sources": gather.brought(sources, source, "số nguồn khác nhau đưa câu chuyện trong kỳ", "nguồn"),
        "links": links[:LINKS],
    }


async def _kinds(gather: Gather, arrived: int) -> Data:
    source = "annotations (phân loại)"
    counts = await gather.counts(Measure.KINDS)
    done = sum(counts.values())
    formula = "số mục tin trong kỳ mang nhãn này; trống khi chưa mục tin nào được phân loại"
    return {
        "classified": gather.brought(done, source, "số mục tin gặp trong kỳ đã được phân loại", "mục tin"),
        "counts": [
            {
                "kind": kind.value,
                "name": KINDS[kind],
                "items": gather.brought(
                    known_part(counts.get(kind, 0), done=done, of=arrived), source, formula, "mục tin"
                ),
            }
            for kind in TextKind
        ],
    }


async def gather_feedback_counts(gather: Gather) -> Data:
    opened = await gather.counts(Measure.FEEDBACK_OPENED)
    answered = await gather.counts(Measure.FEEDBACK_ANSWERED)
    now = {kind: (waiting, late) for kind, waiting, late in await queries.feedback_now(gather.session, gather.as_of)}
    counts = {
        kind: (opened.get(kind, 0), answered.get(kind, 0), *now.get(kind, (0, 0)))
        for kind in sorted({*opened, *answered, *now})
    }
    sums = [sum(column) for column in zip(*counts.values(), strict=True)] or [0, 0, 0, 0]
    return {
        **_case_figures(gather, *sums),
        "by_kind": [
            {"kind": kind, "name": KINDS[TextKind(kind)], **_case_figures(gather, *found)}
            for kind, found in counts.items()
        ],
    }


def _case_figures(gather: Gather, opened: int, answered: int, waiting: int, late: int) -> Data:
    source = "feedback_cases (tiếp nhận)"
    return {
        "opened": gather.brought(opened, source, "số phản ánh nhận trong kỳ", "phản ánh"),
        "answered": gather.brought(answered, source, "số phản ánh được trả lời trong kỳ", "phản ánh"),
        "waiting": gather.count(waiting, source, "số phản ánh chưa trả lời tại lúc chốt số liệu", "phản ánh"),
        "overdue": gather.count(
            late, source, "chưa trả lời và đã quá hạn tiếp nhận hoặc quá hạn xử lý tại lúc chốt số liệu", "phản ánh"
        ),
    }


async def _claims(gather: Gather) -> Data:
    session, period = gather.session, gather.period
    source = "claims, claim_matches (phân loại)"
    by_verdict = await queries.verdicts(session, period)
    opened, matches, corrected = [
        (await gather.counts(one)).get(ALL, 0)
        for one in (Measure.CLAIMS_OPENED, Measure.CLAIM_MATCHES, Measure.CORRECTIONS)
    ]
    verdict_formula = "số tuyên bố có kết luận này, cập nhật trong kỳ"
    return {
        "opened": gather.brought(opened, source, "số tuyên bố mở trong kỳ", "tuyên bố"),
        "verdicts": [
            {
                "verdict": verdict.value,
                "name": LABELS[verdict],
                "claims": gather.count(by_verdict.get(verdict, 0), source, verdict_formula, "tuyên bố"),
            }
            for verdict in Verdict
            if verdict is not Verdict.CHUA_XAC_MINH
        ],
        "confirmed_matches": gather.brought(
            matches, source, "số bài mở trong kỳ được người kiểm chứng xác nhận là nhắc lại một tuyên bố", "bài"
        ),
        "corrections": gather.brought(
            corrected, "publications (đăng tin)", "số bản đính chính đăng trong kỳ", "bản đính chính"
        ),
        "published": [
            {"text": quoted(text), "verdict": verdict, "name": LABELS[Verdict(verdict)]}
            for text, verdict in await queries.published_claims(session, period)
            if verdict
        ],
    }


async def _publications(gather: Gather) -> Data:
    source = "publications, deliveries (đăng tin)"
    states = await queries.publication_states(gather.session, gather.period)
    rows = await queries.named_publications(gather.session, gather.period)
    sent = await queries.deliveries(gather.session, [one.id for one, _ in rows])
    formula = "số bài được soạn, sửa, đăng hoặc rút trong kỳ, đang ở trạng thái này"
    return {
        "states": [
            {
                "state": state.value,
                "name": labels.PUBLICATION_STATES[state],
                "publications": gather.count(states[state], source, formula, "bài"),
            }
            for state in PublicationState
            if state in states
        ],
        "as_of": iso(gather.as_of),
        "source": source,
        "named": [publication_told(one, unit, sent) for one, unit in rows],
    }


def publication_told(one: m.Publication, unit: str, sent: Iterable[Row[m.Delivery, str, str]]) -> Data:
    return {
        "publication_id": str(one.id),
        "title": clip(one.title),
        "kind": one.kind,
        "is_correction": one.kind == PublicationKind.CORRECTION,
        "unit": unit,
        "state": one.state,
        "state_name": labels.PUBLICATION_STATES[PublicationState(one.state)],
        "published_at": iso(one.published_at),
        "withdrawn_at": iso(one.withdrawn_at),
        "channels": [
            {
                "channel": name,
                "kind": kind,
                "state": delivery.state,
                "state_name": labels.DELIVERY_STATES[DeliveryState(delivery.state)],
                "url": delivery.platform_url,
                "confirmed_at": iso(delivery.confirmed_at),
            }
            for delivery, name, kind in sent
            if delivery.publication_id == one.id
        ],
    }


async def _engagement(gather: Gather) -> Data:
    rows = await queries.measured_deliveries(gather.session, gather.period)
    points: dict[UUID, list[m.EngagementPoint]] = defaultdict(list)
    for point in await queries.latest_points(gather.session, [row.id for row in rows], gather.period):
        points[point.delivery_id].append(point)
    return {"deliveries": [_measured(title, channel, kind, points[one]) for one, title, channel, kind in rows]}


def _measured(title: str, channel: str, kind: str, points: Sequence[m.EngagementPoint]) -> Data:
    source = "engagement_points (đăng tin, đọc từ nền tảng)"
    rate = rate_of(kind, [Figure(one.metric, one.value, one.definition, one.as_of) for one in points])
    return {
        "title": clip(title),
        "channel": channel,
        "metrics": [
            {
                "metric": point.metric,
                "name": NAMES.get(point.metric, point.metric),
                "figure": figure(point.value, as_of=point.as_of, source=source, formula=point.definition, unit="lượt"),
            }
            for point in points
        ],
        "rate": figure(
            rate.percent if rate else None,
            as_of=(rate.as_of if rate else None) or max(point.as_of for point in points),
            source=source,
            formula=printed_formula(kind),
            unit="%",
        ),
        "rate_version": VERSION,
        "missing": list(rate.missing) if rate else [],
    }


async def _sources(gather: Gather) -> Data:
    source = "sources, contents (tiếp nhận)"
    judged = [(row, newest, _health(gather, row, newest)) for row, newest in await queries.sources(gather.session)]
    silent_hours = int(gather.silent_after.total_seconds() // 3600)
    formulas = {
        Health.OK: "số nguồn đang theo dõi, đọc được và không im lặng",
        Health.FAILING: "số nguồn mà lần đọc gần nhất không thành công",
        Health.SILENT: f"số nguồn đọc được nhưng không có mục tin mới từ {silent_hours} giờ",
        Health.STOPPED: "số nguồn đang tạm dừng",
    }
    counts = {
        health.value: gather.count(sum(found is health for *_, found in judged), source, formulas[health], "nguồn")
        for health in Health
    }
    troubled = [_troubled(row, newest, found) for row, newest, found in judged if found in HEALTH]
    return {"counts": counts, "troubled": troubled, "as_of": iso(gather.as_of), "source": source}


def _health(gather: Gather, row: m.Source, newest: UUID | None) -> Health:
    last = id_time(newest) if newest else None
    facts = SourceFacts(row.kind, row.state, row.failures, row.created_at, last)
    return domain.source_health(facts, gather.as_of, gather.silent_after)


def _troubled(row: m.Source, newest: UUID | None, health: Health) -> Data:
    return {
        "name": row.name,
        "group": row.group,
        "kind": row.kind,
        "kind_name": SOURCE_KINDS[SourceKind(row.kind)],
        "health": health.value,
        "health_name": HEALTH[health],
        "failures": row.failures,
        "last_ok_at": iso(row.last_ok_at),
        "last_item_at": iso(id_time(newest)) if newest else None,
        "last_error": quoted(row.last_error) if row.last_error and health is Health.FAILING else None,
    }
