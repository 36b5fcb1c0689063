"""SQL of what rises: bursts that go on, and what is told of the stories in them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.alerts import AlertState
from libs.common.models.trends import Dimension

_NAMING = text(
    """
    SELECT DISTINCT i.story_id FROM story_items AS i JOIN annotations AS a ON a.content_id = i.content_id
    WHERE i.story_id = ANY(:stories) AND i.content_id >= :floor AND a.places && CAST(:codes AS text[])
    """
)


async def counted_until(session: AsyncSession) -> datetime | None:
    """Up to when all that was seen is counted; None where counting never began."""
    return await session.scalar(select(m.SeriesMark.reached_at).where(m.SeriesMark.name == "counted"))


async def open_bursts(
    session: AsyncSession, codes: Collection[str], *, is_city: bool
) -> Sequence[Row[m.Burst, str, str]]:
    """(burst, dimension, key), the most unusual first; of places only one's own, but for who works in the city."""
    query = select(m.Burst, m.Series.dimension, m.Series.key).join(m.Series, m.Series.id == m.Burst.series_id)
    query = query.where(m.Burst.ended_at.is_(None)).order_by(m.Burst.surprise.desc(), m.Burst.id)
    if not is_city:
        query = query.where(or_(m.Series.dimension != Dimension.PLACE, m.Series.key.in_(codes)))
    return (await session.execute(query)).all()


async def stories(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, m.Story]:
    """Those of them that stand: one that was merged into another has no items of its own any more."""
    query = select(m.Story).where(m.Story.id.in_(ids), m.Story.merged_into.is_(None))
    return {story.id: story for story in await session.scalars(query)}


async def unsettled_alerts(
    session: AsyncSession, units: Collection[UUID], *, is_city: bool
) -> Sequence[Row[m.Alert, str, str | None]]:
    """(alert, role that is told first, its unit's name), newest first: the city's, and those of one's own units."""
    rule, unit = m.AlertRule, m.OrganizationUnit
    query = (
        select(m.Alert, rule.role, unit.name)
        .join(rule, rule.id == m.Alert.rule_id)
        .outerjoin(unit, unit.id == rule.unit_id)
        .where(m.Alert.state.in_([AlertState.OPEN, AlertState.ACKNOWLEDGED]))
        .order_by(m.Alert.id.desc())
    )
    if not is_city:
        query = query.where(or_(rule.unit_id.is_(None), rule.unit_id.in_(units)))
    return (await session.execute(query)).all()


async def naming(
    session: AsyncSession, stories: Collection[UUID], codes: Collection[str], since: datetime
) -> frozenset[UUID]:
    """Stories with a text since then that names one of these places."""
    names = {"stories": list(stories), "codes": list(codes), "floor": floor_id(since)}
    return frozenset(await session.scalars(_NAMING, names))


async def place_names(session: AsyncSession, codes: Collection[str], today: date) -> dict[str, str]:
    """Code → name of the unit that bears it today, or bore it last."""
    unit = m.OrganizationUnit
    is_begun = and_(unit.code.in_(codes), unit.valid_from <= today)
    query = select(unit.code, unit.name).where(is_begun).order_by(unit.valid_from)
    return dict((await session.execute(query)).all())
