"""What rises: stories that grow, and series (a field, a place, everything) that are far above their rhythm.

A story is called what the first published page about it is called, masked; one told only by people has no title here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from libs.common import growth
from libs.common.label_names import FIELDS, GROUPS, SOURCE_KINDS
from libs.common.models.alerts import AlertSeverity, AlertState
from libs.common.models.enums import Field, Role, SourceGroup, SourceKind
from libs.common.models.trends import Dimension
from services.reports.daily import quoted
from services.reports.dashboards import rising_queries as queries
from services.reports.dashboards.parts import SHOWN, Look, actor
from services.reports.dashboards.schemas import (
    Actor,
    ItemKind,
    RaisedAlert,
    RisingFigures,
    RisingItem,
    RisingOut,
)
from services.reports.programmes.views import today_of

SPAN = timedelta(hours=3)
LEAST = 3
"""Contents in the span before a story counts as growing."""
LINKS = 3
NOT_COUNTED = "Chưa có mục tin nào được đếm, nên chưa biết điều gì đang tăng."
QUIET = "Không có câu chuyện hay lĩnh vực nào tăng bất thường lúc này."
SERIES = "series_points, bursts (phân loại)"


@dataclass(frozen=True)
class Rise:
    """Something that rises, by what is known of it: a burst, or growth beside the hours before."""

    dimension: Dimension
    key: str
    id: UUID
    seen: int
    expected: float
    since: datetime
    says: str
    is_burst: bool

    @property
    def strength(self) -> float:
        return (self.seen + 1) / (self.expected + 1)

    @property
    def story_id(self) -> UUID | None:
        return UUID(self.key) if self.dimension is Dimension.STORY else None


@dataclass(frozen=True)
class Found:
    """All that rises, the strongest first, and of those that are shown what is told beside their counts.

    `counted`: up to when contents are counted; None where counting never began.
    """

    counted: datetime | None
    rises: Sequence[Rise] = ()
    fields: Mapping[UUID, str] = field(default_factory=dict)
    """Of the stories."""
    links: Mapping[UUID, Sequence[Row[Any]]] = field(default_factory=dict)
    at_home: frozenset[UUID] = frozenset()
    places: Mapping[str, str] = field(default_factory=dict)


async def rising(look: Look) -> RisingOut:
    sight = look.sight
    found = await look.tried(_find(look))
    alerts = await look.tried(queries.unsettled_alerts(look.session, sight.units, is_city=sight.is_city))
    raised = {row.story_id: row for row in reversed(alerts or ()) if row.story_id is not None}
    return RisingOut(
        as_of=look.as_of,
        note=_note(found),
        figures=_figures(look, found, alerts),
        items=[_item(look, one, found, raised) for one in found.rises[:SHOWN]] if found else [],
    )


def _note(found: Found | None) -> str | None:
    if found is not None and found.counted is None:
        return NOT_COUNTED
    return None if found and found.rises else QUIET


async def _find(look: Look) -> Found:
    counted = await queries.counted_until(look.session)
    if counted is None:
        return Found(None)
    rises = await _rises(look, counted)
    fields = await queries.fields_of(look.session, [one.story_id for one in rises if one.story_id is not None])
    standing = [one for one in rises if one.story_id is None or one.story_id in fields]
    shown = [one.story_id for one in standing[:SHOWN] if one.story_id is not None]
    links: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in await queries.first_pages(look.session, shown, LINKS):
        links[row.story_id].append(row)
    codes = [one.key for one in standing[:SHOWN] if one.dimension is Dimension.PLACE]
    return Found(
        counted,
        standing,
        fields,
        links,
        at_home=await queries.naming(look.session, shown, look.sight.codes, counted - SPAN, counted),
        places=await queries.place_names(look.session, codes, today_of(look.as_of)) if codes else {},
    )


async def _rises(look: Look, counted: datetime) -> list[Rise]:
    """The strongest first; a story that grows and bursts is there once, as the burst."""
    bursts = await queries.open_bursts(look.session, look.sight.codes, is_city=look.sight.is_city)
    rows = await growth.list_rising(look.session, Dimension.STORY, counted - SPAN, counted, SPAN, 1, LEAST)
    grown = [_grown(one, counted) for one in growth.by_growth(rows, 1, len(rows))]
    found = {(one.dimension, one.key): one for one in (*grown, *(_burst(row) for row in bursts))}
    return sorted(found.values(), key=lambda one: (-one.strength, str(one.id)))


def _grown(one: growth.Rising, counted: datetime) -> Rise:
    seen = int(one.row.seen)
    before = f"{one.expected:.0f}"
    says = f"{seen} nội dung trong 3 giờ, 3 giờ trước đó {before}"
    story_id = UUID(one.row.key)
    return Rise(Dimension.STORY, one.row.key, story_id, seen, one.expected, counted - SPAN, says, False)


def _burst(row: queries.OpenBurst) -> Rise:
    which = Dimension(row.dimension)
    says = growth.burst_words(row.seen, row.expected, row.window_minutes, row.once_in_weeks)
    row_id = UUID(row.key) if which is Dimension.STORY else row.id
    return Rise(which, row.key, row_id, row.seen, row.expected, row.began_at, says, True)


def _figures(look: Look, found: Found | None, alerts: Sequence[queries.UnsettledAlert] | None) -> RisingFigures:
    rises = found.rises if found and found.counted else None
    counted = found.counted if found else None
    stories = sum(one.story_id is not None for one in rises) if rises is not None else None
    others = sum(one.story_id is None for one in rises) if rises is not None else None
    unseen = sum(row.state == AlertState.OPEN for row in alerts) if alerts is not None else None
    formula = f"số câu chuyện đang tăng vọt, hoặc có từ {LEAST} nội dung trong 3 giờ và tăng rõ so với 3 giờ trước đó"
    return RisingFigures(
        stories=look.figure(stories, SERIES, formula, "câu chuyện", counted),
        bursts=look.figure(others, SERIES, "số đợt tăng bất thường khác đang diễn ra", "đợt tăng", counted),
        unseen_alerts=look.figure(unseen, "alerts (phân loại)", "số cảnh báo chưa ai nhận", "cảnh báo"),
    )


def _item(look: Look, one: Rise, found: Found, alerts: Mapping[UUID, queries.UnsettledAlert]) -> RisingItem:
    story_id = one.story_id
    links = found.links.get(story_id, ()) if story_id else ()
    raised = alerts.get(story_id) if story_id else None
    before = "số nội dung thường thấy trong khoảng ấy" if one.is_burst else "số nội dung trong 3 giờ trước đó"
    seen = "số nội dung trong khoảng cao nhất của đợt tăng" if one.is_burst else "số nội dung trong 3 giờ gần nhất"
    is_my_place = one.dimension is Dimension.PLACE and one.key in look.sight.codes
    return RisingItem(
        kind=ItemKind.STORY if story_id else ItemKind.BURST,
        id=one.id,
        title=_title(one, links, found.places),
        unit=None,
        since=one.since,
        who=_who(raised),
        href=f"/api/classify/v1/{'stories' if story_id else 'trends/bursts'}/{one.id}",
        dimension=one.dimension,
        field=FIELDS[Field(found.fields[story_id])] if story_id else None,
        seen=look.figure(one.seen, SERIES, seen, "nội dung", found.counted),
        expected=look.figure(round(one.expected, 1), SERIES, before, "nội dung", found.counted),
        says=one.says,
        links=[row.url for row in links],
        alert=_alert(raised),
        is_about_my_place=story_id in found.at_home or is_my_place,
    )


def _title(one: Rise, links: Sequence[Row[Any]], places: Mapping[str, str]) -> str | None:
    match one.dimension:
        case Dimension.STORY:
            return quoted(links[0].title) if links else None
        case Dimension.ALL:
            return "Toàn bộ các nguồn tin"
        case Dimension.FIELD:
            return FIELDS[Field(one.key)]
        case Dimension.PLACE:
            return places.get(one.key, one.key)
        case Dimension.SOURCE_KIND:
            return SOURCE_KINDS[SourceKind(one.key)]
        case Dimension.SOURCE_GROUP:
            return GROUPS[SourceGroup(one.key)]


def _who(raised: queries.UnsettledAlert | None) -> Actor | None:
    """Whoever the alert's rule names, until somebody has taken it up."""
    if raised is None or raised.state != AlertState.OPEN:
        return None
    return actor(Role(raised.role), raised.name)


def _alert(raised: queries.UnsettledAlert | None) -> RaisedAlert | None:
    if raised is None:
        return None
    return RaisedAlert(
        id=raised.id,
        severity=AlertSeverity(raised.severity),
        state=AlertState(raised.state),
        href=f"/api/classify/v1/alerts/{raised.id}",
    )
