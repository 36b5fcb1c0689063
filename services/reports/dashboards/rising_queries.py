"""SQL of what rises: bursts that go on, and what is told of the stories in them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.alerts import AlertState
from libs.common.models.trends import Dimension
from services.reports.domain import PUBLISHED_GROUPS

OpenBurst = Row[UUID, datetime, int, float, int, float | None, str, str]
UnsettledAlert = Row[UUID, UUID | None, str, str, str, str]
_NAMING = text(
    """
    SELECT DISTINCT story_id FROM series_items
    WHERE bucket_at >= :since AND bucket_at < :until AND story_id = ANY(:stories) AND places && CAST(:codes AS text[])
    """
)
# The items of a large story are sorted once by their ids, and read only up to the first pages that may be named.
_PAGES = text(
    """
    SELECT s.id AS story_id, page.title, page.url
    FROM unnest(CAST(:stories AS uuid[])) AS s (id) CROSS JOIN LATERAL (
        SELECT c.id, c.title, c.url
        FROM (SELECT i.content_id FROM story_items AS i WHERE i.story_id = s.id ORDER BY i.content_id OFFSET 0) AS item
        JOIN contents AS c ON c.id = item.content_id
        JOIN sources AS o ON o.id = c.source_id AND o."group" = ANY(:groups)
        WHERE c.kind IN ('article', 'release') AND c.url IS NOT NULL
        ORDER BY item.content_id LIMIT :limit
    ) AS page ORDER BY story_id, page.id
    """
)


async def counted_until(session: AsyncSession) -> datetime | None:
    """Up to when all that was seen is counted; None where counting never began."""
    return await session.scalar(select(m.SeriesMark.reached_at).where(m.SeriesMark.name == "counted"))


async def open_bursts(session: AsyncSession, codes: Collection[str], *, is_city: bool) -> Sequence[OpenBurst]:
    """(id, began_at, seen, expected, window_minutes, once_in_weeks, dimension, key); of places only one's own, but for
    who works in the city."""
    one, series = m.Burst, m.Series
    query = (
        select(
            one.id,
            one.began_at,
            one.seen,
            one.expected,
            one.window_minutes,
            one.once_in_weeks,
            series.dimension,
            series.key,
        )
        .join(series, series.id == one.series_id)
        .where(one.ended_at.is_(None))
    )
    if not is_city:
        query = query.where(or_(series.dimension != Dimension.PLACE, series.key.in_(codes)))
    return (await session.execute(query)).all()


async def fields_of(session: AsyncSession, stories: Collection[UUID]) -> dict[UUID, str]:
    """Story → its field, of those that stand: one that was merged into another has no items of its own any more."""
    story = m.Story
    query = select(story.id, story.field).where(story.id.in_(stories), story.merged_into.is_(None))
    return dict((await session.execute(query)).all())


async def unsettled_alerts(
    session: AsyncSession, units: Collection[UUID], *, is_city: bool
) -> Sequence[UnsettledAlert]:
    """(id, story_id, severity, state, role that is told first, its unit's name), newest first: the city's, and those of
    one's own units."""
    one, rule, unit = m.Alert, m.AlertRule, m.OrganizationUnit
    query = (
        select(one.id, one.story_id, one.severity, one.state, rule.role, unit.name)
        .join(rule, rule.id == one.rule_id)
        .outerjoin(unit, unit.id == rule.unit_id)
        .where(one.state.in_([AlertState.OPEN, AlertState.ACKNOWLEDGED]))
        .order_by(one.id.desc())
    )
    if not is_city:
        query = query.where(or_(rule.unit_id.is_(None), rule.unit_id.in_(units)))
    return (await session.execute(query)).all()


async def first_pages(session: AsyncSession, stories: Collection[UUID], limit: int) -> Sequence[Row[Any]]:
    """(story_id, title, url) of so many published pages of each, as they came."""
    names = {"stories": list(stories), "groups": sorted(PUBLISHED_GROUPS), "limit": limit}
    return (await session.execute(_PAGES, names)).all()


async def naming(
    session: AsyncSession, stories: Collection[UUID], codes: Collection[str], since: datetime, until: datetime
) -> frozenset[UUID]:
    """Stories with a content in this span that names one of these places."""
    names = {"stories": list(stories), "codes": list(codes), "since": since, "until": until}
    return frozenset(await session.scalars(_NAMING, names))


async def place_names(session: AsyncSession, codes: Collection[str], today: date) -> dict[str, str]:
    """Code → name of the unit that bears it today, or bore it last."""
    unit = m.OrganizationUnit
    is_begun = and_(unit.code.in_(codes), unit.valid_from <= today)
    query = select(unit.code, unit.name).where(is_begun).order_by(unit.valid_from)
    return dict((await session.execute(query)).all())
