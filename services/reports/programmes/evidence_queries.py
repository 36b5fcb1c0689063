"""SQL that finds what shows a row of a programme being carried out: by the row's rules, then by what people chose.

Computed on reading, from the tables as they are: a publication that is withdrawn is no evidence any more. Drafts,
drills and what only one unit may see are never found.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, Uuid, and_, cast, func, literal, null, or_, select, tuple_, union_all
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.models.agenda import AgendaState
from libs.common.models.enums import DeliveryState, PlanState, PublicationKind, PublicationState, ReportState
from libs.common.models.programmes import EvidenceKind
from libs.common.pagination import PageRequest
from libs.common.programme_evidence import EvidenceRule, rules_of
from libs.common.text import fold

ABOUT_NAMED = ("campaign", "correction")
"""Kinds of reports about one thing that may be named here. A hand-over package of a legal-risk case never is."""
OUT = (PublicationState.PUBLISHED, PublicationState.PARTLY_PUBLISHED, PublicationState.CORRECTED)
AT_ONCE = 50
"""Rows whose evidence one statement finds: each is a part of it, and a statement of hundreds takes long to plan."""
Found = Select[*tuple[Any, ...]]


class Evidence(NamedTuple):
    """`path`: on this system's public site; `url`: of a link that a person named; `reason`: why a person linked it."""

    kind: str
    object_id: UUID
    title: str
    happened_at: datetime
    path: str | None
    url: str | None
    reason: str | None


@dataclass(frozen=True)
class Asked:
    """A row, its programme, and the time that evidence is looked for in."""

    assignment_id: UUID
    programme_id: UUID
    rules: tuple[EvidenceRule, ...]
    since: datetime
    until: datetime

    @classmethod
    def of(cls, row: m.Assignment, programme: m.Programme, now: datetime) -> "Asked":
        """From the row's first day to the programme's last: what came late still shows that it was done."""
        first = row.starts_on or programme.period_from
        until = min(now, _start(date.fromordinal(programme.period_to.toordinal() + 1)))
        return cls(row.id, programme.id, rules_of(row.evidence), _start(first), until)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), HANOI)


async def page_of_evidence(session: AsyncSession, asked: Asked, page: PageRequest) -> Sequence[Evidence]:
    """Newest first, one more than the page holds."""
    found = _all(asked)
    query = select(found).order_by(found.c.happened_at.desc(), found.c.object_id.desc()).limit(page.limit + 1)
    if page.after is not None:
        key = datetime.fromisoformat(str(page.after.key))
        query = query.where(tuple_(found.c.happened_at, found.c.object_id) < tuple_(literal(key), page.after.id))
    return [Evidence(*row) for row in (await session.execute(query)).all()]


async def newest_of(session: AsyncSession, rows: Sequence[Asked], most: int) -> dict[UUID, tuple[int, list[Evidence]]]:
    """Of each row, how many there are and the newest of them: so many rows in one statement as `AT_ONCE` says."""
    found: dict[UUID, tuple[int, list[Evidence]]] = {asked.assignment_id: (0, []) for asked in rows}
    for first in range(0, len(rows), AT_ONCE):
        query = union_all(*(_newest(asked, most) for asked in rows[first : first + AT_ONCE]))
        for assignment_id, count, *evidence in await session.execute(query):
            newest = [*found[assignment_id][1], Evidence(*evidence)]
            newest.sort(key=lambda one: (one.happened_at, one.object_id), reverse=True)
            found[assignment_id] = count, newest
    return found


def _newest(asked: Asked, most: int) -> Found:
    found = _all(asked)
    query = select(
        literal(asked.assignment_id, Uuid()).label("assignment_id"), func.count().over().label("count"), found
    )
    newest = query.order_by(found.c.happened_at.desc(), found.c.object_id.desc()).limit(most).subquery()
    return select(newest)


async def find_object(
    session: AsyncSession, asked: Asked, kind: EvidenceKind, object_id: UUID
) -> tuple[str, datetime] | None:
    """Title and time of an object that may be evidence, whatever the row's rules and time."""
    found = _FINDERS[kind](EvidenceRule(kind=kind), asked).subquery() if kind in _FINDERS else None
    if found is None:
        return None
    row = (await session.execute(select(found).where(found.c.object_id == object_id))).first()
    return (row.title, row.happened_at) if row is not None else None


async def last_choice(session: AsyncSession, assignment_id: UUID, object_id: UUID) -> m.EvidenceChoice | None:
    chosen = m.EvidenceChoice
    query = select(chosen).where(chosen.assignment_id == assignment_id, chosen.object_id == object_id)
    return await session.scalar(query.order_by(chosen.id.desc()).limit(1))


async def choices_of(session: AsyncSession, assignment_id: UUID, page: PageRequest) -> Sequence[m.EvidenceChoice]:
    """What people linked and took off, newest first."""
    chosen = m.EvidenceChoice
    query = select(chosen).where(chosen.assignment_id == assignment_id).order_by(chosen.id.desc())
    if page.after is not None:
        query = query.where(chosen.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


# --- one row's evidence -------------------------------------------------------------------------------------


def _all(asked: Asked) -> CTE:
    """What the rules find, without what was taken off, and what people linked: each object once."""
    latest = _latest_choices(asked.assignment_id)
    linked = select(
        latest.c.kind, latest.c.object_id, latest.c.title, latest.c.happened_at, cast(null(), SqlText).label("path"),
        latest.c.url, latest.c.reason,
    ).where(latest.c.is_linked)  # fmt: skip
    if not asked.rules:
        return linked.cte()
    ruled = union_all(*(_within(_FINDERS[rule.kind](rule, asked), asked) for rule in asked.rules)).subquery()
    # of one object found by several rules, or linked by hand as well, one is kept
    chosen = select(latest.c.object_id)
    by_rule = select(
        ruled.c.kind, ruled.c.object_id, ruled.c.title, ruled.c.happened_at, ruled.c.path,
        cast(null(), SqlText).label("url"), cast(null(), SqlText).label("reason"),
    ).ext(distinct_on(ruled.c.object_id)).where(ruled.c.object_id.not_in(chosen))  # fmt: skip
    return union_all(by_rule.order_by(ruled.c.object_id), linked).cte()


def _latest_choices(assignment_id: UUID) -> CTE:
    chosen = m.EvidenceChoice
    query = (
        select(chosen)
        .ext(distinct_on(chosen.object_id))
        .where(chosen.assignment_id == assignment_id)
        .order_by(chosen.object_id, chosen.id.desc())
    )
    return query.cte()


def _within(found: Found, asked: Asked) -> Found:
    inner = found.subquery()
    return select(inner).where(inner.c.happened_at >= asked.since, inner.c.happened_at < asked.until)


def _columns(kind: EvidenceKind, object_id: Any, title: Any, at: Any, path: Any = None) -> Found:
    return select(
        literal(kind.value, SqlText).label("kind"),
        object_id.label("object_id"),
        title.label("title"),
        at.label("happened_at"),
        (path if path is not None else cast(null(), SqlText)).label("path"),
    )


# --- each kind ----------------------------------------------------------------------------------------------


def _publications(rule: EvidenceRule, asked: Asked) -> Found:
    p = m.Publication
    kind = PublicationKind.CORRECTION if rule.kind is EvidenceKind.CORRECTION else PublicationKind.ANNOUNCEMENT
    query = _columns(rule.kind, p.id, p.title, p.published_at, func.concat("/tin/", p.slug))
    query = query.where(p.kind == kind, p.state.in_(OUT), p.published_at.is_not(None), p.is_drill.is_(False))
    query = query.where(*_words(rule, p.title), *_units(rule, p.unit_id))
    if rule.fields:
        stories = select(m.Story.id).where(m.Story.field.in_(list(rule.fields)))
        query = query.where(p.story_id.in_(stories))
    if rule.channel_kinds:
        d = m.Delivery
        seen = select(d.id).join(m.Channel, m.Channel.id == d.channel_id)
        seen = seen.where(d.publication_id == p.id, d.state == DeliveryState.PUBLISHED)
        query = query.where(seen.where(m.Channel.kind.in_(rule.channel_kinds)).exists())
    if rule.of_programme:
        campaigns = select(m.Campaign.id).join(m.Theme, m.Theme.id == m.Campaign.theme_id)
        plans = campaigns.join(m.Plan, m.Plan.id == m.Theme.plan_id).where(m.Plan.programme_id == asked.programme_id)
        query = query.where(p.campaign_id.in_(plans))
    return query


def _reports(rule: EvidenceRule, _: Asked) -> Found:
    r = m.Report
    query = _columns(rule.kind, r.id, r.title, func.coalesce(r.signed_at, r.created_at))
    is_named = or_(r.about.is_(None), r.kind.in_(ABOUT_NAMED))
    query = query.where(r.state != ReportState.VOID, is_named, *_words(rule, r.title))
    return query.where(r.kind.in_(rule.report_kinds)) if rule.report_kinds else query


def _partner_decisions(rule: EvidenceRule, asked: Asked) -> Found:
    """The list of partners that a spokesperson decided, and the signed choice of the official channel."""
    s, c = m.PartnerSelection, m.ChannelChoice
    lists = _columns(rule.kind, s.id, s.title, s.decided_at).where(s.decided_at.is_not(None))
    signed = _columns(rule.kind, c.id, c.title, c.signed_at).where(c.signed_at.is_not(None))
    lists = lists.where(*_words(rule, s.title), *_units(rule, s.unit_id))
    signed = signed.where(*_words(rule, c.title), *_units(rule, c.unit_id))
    if rule.of_programme:
        lists = lists.where(s.programme_id == asked.programme_id)
        signed = signed.where(c.programme_id == asked.programme_id)
    both = union_all(lists, signed).subquery()
    return select(both)


def _agenda(rule: EvidenceRule, _: Asked) -> Found:
    """Activities that the public was told of."""
    e, p = m.AgendaEvent, m.Publication
    told = _columns(rule.kind, e.id, e.title, e.starts_at, func.concat("/tin/", p.slug))
    told = told.join(p, and_(p.id == e.publication_id, p.state.in_(OUT), p.is_drill.is_(False)))
    return told.where(e.state == AgendaState.PLANNED, *_words(rule, e.title), *_units(rule, e.unit_id))


def _plans(rule: EvidenceRule, asked: Asked) -> Found:
    plan = m.Plan
    query = _columns(rule.kind, plan.id, plan.title, plan.created_at).where(plan.state != PlanState.DRAFT)
    query = query.where(*_words(rule, plan.title), *_units(rule, plan.unit_id))
    return query.where(plan.programme_id == asked.programme_id) if rule.of_programme else query


_FINDERS: dict[EvidenceKind, Callable[[EvidenceRule, Asked], Found]] = {
    EvidenceKind.PUBLICATION: _publications,
    EvidenceKind.CORRECTION: _publications,
    EvidenceKind.REPORT: _reports,
    EvidenceKind.PARTNER_DECISION: _partner_decisions,
    EvidenceKind.AGENDA: _agenda,
    EvidenceKind.PLAN: _plans,
}


def _words(rule: EvidenceRule, title: Any) -> Iterable[ColumnElement[bool]]:
    """With or without marks; a word's own % and _ are signs like any other."""
    if rule.words:
        folded = func.lower(func.f_unaccent(title))
        yield or_(*(folded.contains(fold(word), autoescape=True) for word in rule.words))


def _units(rule: EvidenceRule, unit_id: Any) -> Iterable[ColumnElement[bool]]:
    if rule.units:
        units = select(m.OrganizationUnit.id).where(m.OrganizationUnit.code.in_(rule.units))
        yield unit_id.in_(units)
