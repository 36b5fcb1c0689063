"""SQL of the reports service. Contents are found by the instant in their id: one range of one key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.enums import (
    ClaimState,
    ContentKind,
    MatchState,
    PublicationKind,
    SourceState,
    Verdict,
)
from services.reports.domain import ANSWERED_STATES, NAMED_STATES, PUBLISHED_GROUPS, Period

StoryLink = Row[UUID, UUID, str, str | None, datetime | None, datetime, str, str]
Issue = Row[m.ReportRun, m.Snapshot]
NAMED = 50
"""Publications and deliveries a report names at most."""


def _within(key: Any, period: Period) -> ColumnElement[bool]:
    return and_(key >= floor_id(period.start), key < floor_id(period.end))


def _during(at: Any, period: Period) -> ColumnElement[bool]:
    return and_(at >= period.start, at < period.end)


# --- what came in -------------------------------------------------------------------------------------------


async def source_groups(session: AsyncSession) -> dict[str, str]:
    """Id of each source → its group."""
    return {str(source_id): group for source_id, group in await session.execute(select(m.Source.id, m.Source.group))}


async def items(session: AsyncSession, period: Period) -> dict[str, int]:
    """Id of the source → contents seen for the first time."""
    source = m.Content.source_id
    rows = await session.execute(select(source, func.count()).where(_within(m.Content.id, period)).group_by(source))
    return {str(source_id): count for source_id, count in rows}


async def kinds(session: AsyncSession, period: Period) -> dict[str, int]:
    return await _labels(session, m.Annotation.kind, period)


async def fields(session: AsyncSession, period: Period) -> dict[str, int]:
    return await _labels(session, m.Annotation.field, period)


async def _labels(session: AsyncSession, label: Any, period: Period) -> dict[str, int]:
    """Label → contents of the period that carry it."""
    query = select(label, func.count()).where(_within(m.Annotation.content_id, period)).group_by(label)
    return dict((await session.execute(query)).all())


async def story_links(session: AsyncSession, story_ids: Sequence[UUID], period: Period) -> Sequence[StoryLink]:
    """(story id, title, url, published at, first seen at, source, group): each source's first published item."""
    item, content, source = m.StoryItem, m.Content, m.Source
    query = (
        select(
            item.story_id,
            content.id,
            content.title,
            content.url,
            content.published_at,
            content.first_seen_at,
            source.name,
            source.group,
        )
        .ext(distinct_on(item.story_id, source.id))
        .join(content, content.id == item.content_id)
        .join(source, source.id == content.source_id)
        .where(
            item.story_id.in_(story_ids),
            _within(item.content_id, period),
            _within(content.id, period),
            source.group.in_(PUBLISHED_GROUPS),
            content.kind.in_([ContentKind.ARTICLE, ContentKind.RELEASE]),
            content.url.is_not(None),
        )
        .order_by(item.story_id, source.id, content.id)
    )
    rows = (await session.execute(query)).all()
    return sorted(rows, key=lambda row: row.id)


# --- feedback -----------------------------------------------------------------------------------------------


def _waits() -> ColumnElement[bool]:
    return m.FeedbackCase.state.not_in(ANSWERED_STATES)


def _is_late(as_of: datetime) -> ColumnElement[bool]:
    """Not answered, and past its time to be accepted or to be dealt with."""
    case_ = m.FeedbackCase
    unaccepted = and_(case_.accepted_at.is_(None), case_.accept_due_at < as_of)
    return and_(_waits(), or_(unaccepted, and_(case_.due_at.is_not(None), case_.due_at < as_of)))


def _count_if(condition: ColumnElement[bool]) -> Any:
    return func.count(case((condition, 1)))


async def feedback_opened(session: AsyncSession, period: Period) -> dict[str, int]:
    """Kind → cases received."""
    return await _cases(session, m.FeedbackCase.received_at, period)


async def feedback_answered(session: AsyncSession, period: Period) -> dict[str, int]:
    return await _cases(session, m.FeedbackCase.answered_at, period)


async def _cases(session: AsyncSession, at: Any, period: Period) -> dict[str, int]:
    kind = m.FeedbackCase.kind
    query = select(kind, func.count()).where(_during(at, period)).group_by(kind)
    return dict((await session.execute(query)).all())


async def feedback_now(session: AsyncSession, as_of: datetime) -> Sequence[Row[str, int, int]]:
    """(kind, waiting, late) for each kind there is a case of."""
    one = m.FeedbackCase
    query = select(one.kind, _count_if(_waits()), _count_if(_is_late(as_of))).group_by(one.kind).order_by(one.kind)
    return (await session.execute(query)).all()


async def feedback_of_all_time(session: AsyncSession, as_of: datetime) -> dict[str, tuple[int, int, int]]:
    """Kind → received, answered, late."""
    one = m.FeedbackCase
    query = select(one.kind, func.count(), _count_if(~_waits()), _count_if(_is_late(as_of))).group_by(one.kind)
    return {kind: (received, answered, late) for kind, received, answered, late in await session.execute(query)}


# --- claims and corrections ----------------------------------------------------------------------------------


async def claims_opened(session: AsyncSession, period: Period) -> int:
    query = select(func.count()).where(_during(m.Claim.created_at, period))
    return await session.scalar(query) or 0


async def verdicts(session: AsyncSession, period: Period) -> dict[str, int]:
    """Claims that carry a verdict and changed in the period, by verdict."""
    query = select(m.Claim.verdict, func.count()).where(
        _during(m.Claim.updated_at, period), m.Claim.verdict.is_not(None), m.Claim.verdict != Verdict.CHUA_XAC_MINH
    )
    return {str(verdict): count for verdict, count in await session.execute(query.group_by(m.Claim.verdict))}


async def published_claims(session: AsyncSession, period: Period) -> Sequence[Row[str, str | None]]:
    """(text, verdict) of claims whose verdict is public, brought up to date in the period."""
    claim = m.Claim
    query = (
        select(claim.text, claim.verdict)
        .where(claim.state == ClaimState.PUBLISHED, claim.verdict.is_not(None), _during(claim.updated_at, period))
        .order_by(claim.id.desc())
        .limit(NAMED)
    )
    return (await session.execute(query)).all()


async def confirmed_matches(session: AsyncSession, period: Period) -> int:
    match = m.ClaimMatch
    query = select(func.count()).where(match.state == MatchState.CONFIRMED, _during(match.created_at, period))
    return await session.scalar(query) or 0


def is_correction() -> ColumnElement[bool]:
    return and_(
        m.Publication.kind == PublicationKind.CORRECTION,
        m.Publication.published_at.is_not(None),
        m.Publication.is_drill.is_(False),
    )


async def corrections(session: AsyncSession, period: Period | None = None) -> int:
    query = select(func.count()).where(is_correction())
    if period is not None:
        query = query.where(_during(m.Publication.published_at, period))
    return await session.scalar(query) or 0


# --- the city's own words -----------------------------------------------------------------------------------


def _touched(period: Period) -> ColumnElement[bool]:
    one = m.Publication
    touched = or_(*(_during(at, period) for at in (one.updated_at, one.published_at, one.withdrawn_at)))
    return and_(touched, one.is_drill.is_(False))


async def publication_states(session: AsyncSession, period: Period) -> dict[str, int]:
    query = select(m.Publication.state, func.count()).where(_touched(period)).group_by(m.Publication.state)
    return dict((await session.execute(query)).all())


async def named_publications(session: AsyncSession, period: Period) -> Sequence[Row[m.Publication, str]]:
    """(publication, unit's name), newest first; none that is still a draft."""
    query = (
        select(m.Publication, m.OrganizationUnit.name)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Publication.unit_id)
        .where(_touched(period), m.Publication.state.in_(NAMED_STATES))
        .order_by(m.Publication.id.desc())
        .limit(NAMED)
    )
    return (await session.execute(query)).all()


async def deliveries(session: AsyncSession, publication_ids: Sequence[UUID]) -> Sequence[Row[m.Delivery, str, str]]:
    """(delivery, channel's name, channel's kind)."""
    query = (
        select(m.Delivery, m.Channel.name, m.Channel.kind)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(m.Delivery.publication_id.in_(publication_ids))
        .order_by(m.Channel.name, m.Delivery.id)
    )
    return (await session.execute(query)).all()


async def measured_deliveries(session: AsyncSession, period: Period) -> Sequence[Row[UUID, str, str, str]]:
    """(delivery id, publication's title, channel's name, its kind) of what was looked at, newest first."""
    point, one = m.EngagementPoint, m.Delivery
    seen = select(point.delivery_id).where(_during(point.as_of, period))
    query = (
        select(one.id, m.Publication.title, m.Channel.name, m.Channel.kind)
        .join(m.Publication, m.Publication.id == one.publication_id)
        .join(m.Channel, m.Channel.id == one.channel_id)
        .where(one.id.in_(seen), m.Publication.state.in_(NAMED_STATES), m.Publication.is_drill.is_(False))
        .order_by(one.id.desc())
        .limit(NAMED)
    )
    return (await session.execute(query)).all()


async def latest_points(
    session: AsyncSession, delivery_ids: Sequence[UUID], period: Period
) -> Sequence[m.EngagementPoint]:
    """The last point of each metric of each delivery in the period."""
    point = m.EngagementPoint
    query = (
        select(point)
        .ext(distinct_on(point.delivery_id, point.metric))
        .where(point.delivery_id.in_(delivery_ids), _during(point.as_of, period))
        .order_by(point.delivery_id, point.metric, point.as_of.desc(), point.id.desc())
    )
    return (await session.scalars(query)).all()


# --- sources ------------------------------------------------------------------------------------------------


async def sources(session: AsyncSession) -> Sequence[Row[m.Source, UUID]]:
    """(source, id of its newest content), by name."""
    newest = (
        select(m.Content.id)
        .where(m.Content.source_id == m.Source.id)
        .order_by(m.Content.id.desc())
        .limit(1)
        .correlate(m.Source)
        .scalar_subquery()
    )
    query = select(m.Source, newest).where(m.Source.state != SourceState.GONE).order_by(m.Source.name)
    return (await session.execute(query)).all()


async def items_by_source(session: AsyncSession, since: datetime) -> dict[UUID, int]:
    """New items of each source since then, by the hours that intake counts."""
    query = select(m.SourceHour.source_id, func.sum(m.SourceHour.items)).where(m.SourceHour.hour >= since)
    rows = await session.execute(query.group_by(m.SourceHour.source_id))
    return {source_id: int(items) for source_id, items in rows}
