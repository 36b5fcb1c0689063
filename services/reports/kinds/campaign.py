"""A campaign against its targets, and what was there before it, during it and after it, in spans of one length.

A post is compared by the last figures that were read within its first days: an older one had longer to be seen. Where a
platform tells nothing, a channel was not ours yet or a span has not passed, the figure is blank.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from libs.common import models as m
from libs.common.campaigns import PUBLICATIONS, TargetProgress, progress_of
from libs.common.clock import HANOI
from libs.common.engagement import NAMES, Figure, Rate, printed_formula, rate_of
from libs.common.ids import id_time
from libs.common.models.enums import PlanState, PublicationState, Role
from libs.common.papers.content import Picture
from services.reports import labels
from services.reports.charts.curves import Mark, draw_volume
from services.reports.daily import publication_told, quoted
from services.reports.domain import NAMED_BRIEFLY, Period, clip, figure, iso
from services.reports.kinds import campaign_queries as queries
from services.reports.kinds.base import KINDS, About, Data, Gather, id_of
from services.reports.longer import change, days_of, known_days, points_of
from services.reports.longer_queries import watched_since
from services.reports.periods import DAY, Cadence
from services.reports.problems import AboutNotFound
from services.reports.queries import deliveries

SETTLED = timedelta(days=8)
"""As old a post may be when its figures are read: what the desk's advice compares by, too."""
NAMED = 100
TOLD = "engagement_points (đăng tin, đọc từ nền tảng)"
POSTS = "deliveries, publications (đăng tin)"
STORIES = "story_items, sources (phân loại, tiếp nhận)"
STATES = {PlanState.DRAFT: "Dự thảo", PlanState.RUNNING: "Đang chạy", PlanState.ENDED: "Đã kết thúc"}
BLANK = "trống khi khoảng này chưa qua hết hoặc chưa theo dõi từ đầu khoảng"
ITEMS = f"số mục tin của các câu chuyện mà bài của chiến dịch nói đến, gặp trong khoảng; {BLANK}"
MORE = "(trong - trước) / trước x 100; trống khi không biết số trước hoặc số trước bằng 0"


@dataclass(frozen=True)
class Spans:
    """Of one length: before the campaign, of it (as far as it has come), after it. None where it has not passed."""

    before: Period | None
    during: Period | None
    after: Period | None

    def named(self) -> tuple[tuple[str, str, Period | None], ...]:
        return (("before", "Trước", self.before), ("during", "Trong", self.during), ("after", "Sau", self.after))


def spans_of(starts_on: date, ends_on: date, now: datetime) -> Spans:
    """The days of a campaign are days of Hà Nội, the last one counted."""
    start, end = (datetime.combine(day, time(), HANOI) for day in (starts_on, ends_on + DAY))
    if now <= start:
        return Spans(None, None, None)
    during = Period(start, min(end, now))
    after = Period(end, end + during.length)
    return Spans(during.before(), during, after if after.end <= now else None)


@KINDS.register("campaign")
class CampaignReport:
    title: ClassVar[str] = "Báo cáo chiến dịch"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = About.CAMPAIGN
    roles: ClassVar[tuple[Role, ...]] = (Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)

    async def gather(self, gather: Gather) -> Data:
        session, campaign_id = gather.session, id_of(gather.about)
        found = await queries.campaign_of(session, campaign_id)
        if found is None:
            raise AboutNotFound(f"Không có chiến dịch {campaign_id}.")
        campaign, unit, theme, plan = found
        spans = spans_of(campaign.starts_on, campaign.ends_on, gather.as_of)
        progress = (await progress_of(session, [campaign_id], gather.as_of))[campaign_id]
        return {
            "campaign": _told(campaign, unit, theme, plan),
            "spans": [_span(code, name, span) for code, name, span in spans.named()],
            "targets": [_target(gather, target) for target in progress.targets],
            "states": _states(gather, progress.publications),
            "channels": await _channels(gather, campaign_id, spans),
            "stories": await _stories(gather, campaign_id, spans),
            "publications": await _publications(gather, campaign_id),
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Kết quả chiến dịch: {clip(data['campaign']['title'], NAMED_BRIEFLY)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        """`stories`: how much was told of what the campaign speaks to, day by day."""
        told = data["stories"]["volume"]
        if not any(told["values"]):
            return {}
        begins = datetime.fromisoformat(data["spans"][1]["from"])
        points = points_of(told["days"], told["values"])
        what = "Số mục tin mỗi ngày của các câu chuyện liên quan"
        return {
            "stories": draw_volume(points, marks=[Mark(begins, "Bắt đầu chiến dịch")], what=what, unit=told["unit"])
        }

    def unit_of(self, data: Data) -> UUID | None:
        return UUID(data["campaign"]["unit_id"])

    def codes(self, data: Data) -> dict[str, str]:
        return {"campaign_id": data["campaign"]["campaign_id"]}


def _told(campaign: m.Campaign, unit: str, theme: str, plan: str) -> Data:
    return {
        "campaign_id": str(campaign.id),
        "title": quoted(campaign.title),
        "goals": quoted(campaign.goals) or None,
        "audience": quoted(campaign.audience) or None,
        "unit_id": str(campaign.unit_id),
        "unit": unit,
        "theme": theme,
        "plan": plan,
        "starts_on": campaign.starts_on.isoformat(),
        "ends_on": campaign.ends_on.isoformat(),
        "state": campaign.state,
        "state_name": STATES[PlanState(campaign.state)],
    }


def _span(code: str, name: str, span: Period | None) -> Data:
    start, end = (span.start, span.end) if span else (None, None)
    return {"span": code, "name": name, "from": iso(start), "to": iso(end)}


# --- its targets --------------------------------------------------------------------------------------------


def _target(gather: Gather, told: TargetProgress) -> Data:
    is_ours = told.metric == PUBLICATIONS
    unit = "bài" if is_ours else "lượt"
    source = "publications (đăng tin)" if is_ours else TOLD
    reached = f"{told.definition}; trống khi nền tảng chưa cho biết"
    as_of = told.as_of or gather.as_of
    return {
        "metric": told.metric,
        "name": "bài đã đăng" if is_ours else NAMES.get(told.metric, told.metric),
        "target": gather.count(told.target, "campaign_targets (đăng tin)", told.definition, unit),
        "reached": figure(told.value, as_of=as_of, source=source, formula=reached, unit=unit),
        "percent": figure(
            told.percent, as_of=as_of, source=source, formula="đạt được / chỉ tiêu x 100; trống khi thiếu số", unit="%"
        ),
        "missing": gather.count(told.posts_without_figure, TOLD, "số bài đang có trên kênh mà chưa có số này", "bài"),
        "channels": [
            {
                "channel": each.channel_name,
                "figure": figure(each.value, as_of=each.as_of, source=TOLD, formula=each.definition, unit=unit),
            }
            for each in told.channels
        ],
    }


def _states(gather: Gather, counted: Mapping[PublicationState, int]) -> list[Data]:
    formula = "số bài của chiến dịch đang ở trạng thái này"
    return [
        {
            "state": state.value,
            "name": labels.PUBLICATION_STATES[state],
            "publications": gather.count(count, "publications (đăng tin)", formula, "bài"),
        }
        for state, count in counted.items()
        if count
    ]


# --- before, during, after ----------------------------------------------------------------------------------


async def _channels(gather: Gather, campaign_id: UUID, spans: Spans) -> list[Data]:
    channels = await queries.channels_of(gather.session, campaign_id)
    rates = [(code, name, span, await _rates(gather, channels, span)) for code, name, span in spans.named()]
    return [
        {
            "channel": channel.name,
            "kind": channel.kind,
            "formula": printed_formula(channel.kind),
            "spans": [
                {"span": code, "name": name, **_measured(gather, channel, span, found[channel.id])}
                for code, name, span, found in rates
            ],
        }
        for channel in channels
    ]


async def _rates(
    gather: Gather, channels: Sequence[m.Channel], span: Period | None
) -> Mapping[UUID, list[Rate | None]]:
    """Of each post in the span, by channel."""
    found: dict[UUID, list[Rate | None]] = defaultdict(list)
    if span is None:
        return found
    kinds = {channel.id: channel.kind for channel in channels}
    rows = await queries.posts(gather.session, list(kinds), span)
    figures: dict[UUID, list[Figure]] = defaultdict(list)
    for point in await queries.points_at_age(gather.session, [row[0] for row in rows], SETTLED, gather.as_of):
        figures[point.delivery_id].append(Figure(point.metric, point.value, point.definition, point.as_of))
    for delivery_id, channel_id in rows:
        found[channel_id].append(rate_of(kinds[channel_id], figures[delivery_id]))
    return found


def _measured(gather: Gather, channel: m.Channel, span: Period | None, rates: Sequence[Rate | None]) -> Data:
    """Sums over the posts whose figures are all told; the rate is theirs together, not a mean of rates. What an account
    posted before it was connected here nobody counted."""
    is_known = span is not None and channel.created_at <= span.start
    told = [rate for rate in rates if rate is not None and rate.interactions is not None]
    posts, measured = (len(rates), len(told)) if is_known else (None, None)
    days = f"đọc lần cuối khi bài chưa quá {SETTLED.days} ngày"
    return {
        "posts": gather.count(
            posts, POSTS, f"số bài đã thấy trên kênh trong khoảng, của chiến dịch hay không; {BLANK}", "bài"
        ),
        "measured": gather.count(measured, TOLD, f"số bài đủ số liệu tương tác, {days}; {BLANK}", "bài"),
        "interactions": gather.count(
            _mean(told) if is_known else None,
            TOLD,
            f"tổng tương tác / số bài đủ số liệu, {days}; trống khi không bài nào đủ",
            "lượt",
        ),
        "rate": gather.count(
            _rate(told) if is_known else None,
            TOLD,
            f"{printed_formula(channel.kind)}; cộng trên các bài đủ số liệu, {days}",
            "%",
        ),
    }


def _mean(told: Sequence[Rate]) -> float | None:
    return round(sum(rate.interactions or 0 for rate in told) / len(told), 1) if told else None


def _rate(told: Sequence[Rate]) -> float | None:
    """Of posts that say how often they were seen."""
    seen = [(rate.interactions or 0, rate.denominator.value) for rate in told if rate.denominator]
    known = [(top, below) for top, below in seen if below]
    return round(100 * sum(top for top, _ in known) / sum(below for _, below in known), 2) if known else None


async def _stories(gather: Gather, campaign_id: UUID, spans: Spans) -> Data:
    """How much was told of the stories its publications speak to."""
    stories, since = await queries.story_ids(gather.session, campaign_id), await watched_since(gather.session)
    known = [span for _, _, span in spans.named() if span is not None]
    whole = Period(known[0].start, known[-1].end) if known and stories else None
    rows = await queries.told(gather.session, stories, whole) if whole else []
    every = [id_time(content_id) for content_id, _ in rows]
    press = [id_time(content_id) for content_id, is_published in rows if is_published]
    return {
        "count": gather.count(len(stories), "publications (đăng tin)", "số câu chuyện mà bài nói đến", "câu chuyện"),
        "rows": [
            _compared(gather, "Mục tin", ITEMS, [_within(every, span, whole, since) for _, _, span in spans.named()]),
            _compared(
                gather,
                "Trong đó báo chí, cơ quan",
                f"{ITEMS}; chỉ báo chí, cổng, trang tin",
                [_within(press, span, whole, since) for _, _, span in spans.named()],
            ),
        ],
        "volume": _volume(gather, every, days_of(whole) if whole else [], since),
    }


def _within(seen: Sequence[datetime], span: Period | None, whole: Period | None, since: datetime | None) -> int | None:
    """How many; None where nothing could be seen: no story, no such span, or nobody watched from its start."""
    if whole is None or span is None or since is None or since > span.start:
        return None
    return sum(span.start <= at < span.end for at in seen)


def _compared(gather: Gather, name: str, formula: str, values: Sequence[int | None]) -> Data:
    before, during, after = values
    return {
        "name": name,
        "before": gather.count(before, STORIES, formula, "mục tin"),
        "during": gather.count(during, STORIES, formula, "mục tin"),
        "after": gather.count(after, STORIES, formula, "mục tin"),
        "change": gather.count(change(during, before), STORIES, MORE, "%"),
    }


def _volume(gather: Gather, seen: Sequence[datetime], days: Sequence[Period], since: datetime | None) -> Data:
    counts = Counter((at - days[0].start) // DAY for at in seen)
    return {
        "days": [iso(day.start) for day in days],
        "values": known_days(days, [counts[at] for at in range(len(days))], since),
        "as_of": iso(gather.as_of),
        "source": STORIES,
        "formula": "số mục tin của các câu chuyện đó gặp trong mỗi ngày; trống trước khi theo dõi nguồn đầu tiên",
        "unit": "mục tin",
    }


async def _publications(gather: Gather, campaign_id: UUID) -> list[Data]:
    rows = await queries.named_publications(gather.session, campaign_id, NAMED)
    sent = await deliveries(gather.session, [one.id for one, _ in rows])
    return [publication_told(one, unit, sent) for one, unit in rows]
