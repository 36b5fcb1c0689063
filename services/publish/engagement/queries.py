"""What was read of the posts of a channel."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.engagement import Figure

MOST = 2000
"""Posts of one channel that advice looks at."""


async def deliveries_with_channels(session: AsyncSession, publication_id: UUID) -> Sequence[Row[m.Delivery, m.Channel]]:
    query = (
        select(m.Delivery, m.Channel)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(m.Delivery.publication_id == publication_id, m.Delivery.confirmed_at.is_not(None))
        .order_by(m.Delivery.id)
    )
    return (await session.execute(query)).all()


async def posts_of(
    session: AsyncSession, channel_id: UUID, since: datetime, until: datetime
) -> Sequence[Row[UUID, UUID, datetime, list[str] | None]]:
    """Delivery, publication, when it was posted, kinds of file it shows; newest first."""
    mimes = (
        select(func.array_agg(m.Medium.mime))
        .join(m.PublicationMedium, m.PublicationMedium.medium_id == m.Medium.id)
        .where(m.PublicationMedium.publication_id == m.Delivery.publication_id)
        .scalar_subquery()
    )
    at = func.coalesce(m.Delivery.committed_at, m.Delivery.confirmed_at)
    query = (
        select(m.Delivery.id, m.Delivery.publication_id, at, mimes)
        .where(m.Delivery.channel_id == channel_id, m.Delivery.confirmed_at.is_not(None), at >= since, at <= until)
        .order_by(at.desc())
        .limit(MOST)
    )
    return (await session.execute(query)).all()


async def figures_of(
    session: AsyncSession, delivery_ids: Iterable[UUID], window: tuple[timedelta, timedelta] | None = None
) -> dict[UUID, list[Figure]]:
    """The newest figure of each metric; with a window, the newest that was read when the post was so old."""
    point, one = m.EngagementPoint, m.Delivery
    query = (
        select(point)
        .join(one, one.id == point.delivery_id)
        .where(point.delivery_id.in_(list(delivery_ids)))
        .ext(distinct_on(point.delivery_id, point.metric))
        .order_by(point.delivery_id, point.metric, point.as_of.desc(), point.id.desc())
    )
    if window is not None:
        age = point.as_of - func.coalesce(one.committed_at, one.confirmed_at)
        query = query.where(age >= window[0], age <= window[1])
    found: defaultdict[UUID, list[Figure]] = defaultdict(list)
    for row in await session.scalars(query):
        found[row.delivery_id].append(Figure(row.metric, row.value, row.definition, row.as_of))
    return found
