"""SQL of the report on a campaign: what it set out to do, and the posts on its channels in a span of time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from services.reports.domain import NAMED_STATES, PUBLISHED_GROUPS, Period

Found = Row[m.Campaign, str, str, str]


async def campaign_of(session: AsyncSession, campaign_id: UUID) -> Found | None:
    """(campaign, its unit's name, its theme's title, its plan's title)."""
    query = (
        select(m.Campaign, m.OrganizationUnit.name, m.Theme.title, m.Plan.title)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Campaign.unit_id)
        .join(m.Theme, m.Theme.id == m.Campaign.theme_id)
        .join(m.Plan, m.Plan.id == m.Theme.plan_id)
        .where(m.Campaign.id == campaign_id)
    )
    return (await session.execute(query)).one_or_none()


async def channels_of(session: AsyncSession, campaign_id: UUID) -> Sequence[m.Channel]:
    """Those it means to use and those it did use, by name."""
    meant = select(m.CampaignChannel.channel_id).where(m.CampaignChannel.campaign_id == campaign_id)
    used = (
        select(m.Delivery.channel_id)
        .join(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .where(m.Publication.campaign_id == campaign_id, m.Delivery.confirmed_at.is_not(None))
    )
    is_wanted = or_(m.Channel.id.in_(meant), m.Channel.id.in_(used))
    query = select(m.Channel).where(is_wanted, m.Channel.is_drill.is_(False)).order_by(m.Channel.name, m.Channel.id)
    return (await session.scalars(query)).all()


async def named_publications(session: AsyncSession, campaign_id: UUID, most: int) -> Sequence[Row[m.Publication, str]]:
    """(publication, its unit's name) of the campaign, as they came out; none that is still a draft."""
    one = m.Publication
    query = (
        select(one, m.OrganizationUnit.name)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == one.unit_id)
        .where(one.campaign_id == campaign_id, one.state.in_(NAMED_STATES), one.is_drill.is_(False))
        .order_by(one.published_at, one.id)
        .limit(most)
    )
    return (await session.execute(query)).all()


async def posts(session: AsyncSession, channel_ids: Sequence[UUID], span: Period) -> Sequence[Row[UUID, UUID]]:
    """(delivery, channel) of what was posted in the span and seen on its platform, by the campaign or not."""
    one, publication = m.Delivery, m.Publication
    at = func.coalesce(one.committed_at, one.confirmed_at)
    query = (
        select(one.id, one.channel_id)
        .join(publication, publication.id == one.publication_id)
        .where(
            one.channel_id.in_(channel_ids),
            one.confirmed_at.is_not(None),
            publication.is_drill.is_(False),
            at >= span.start,
            at < span.end,
        )
        .order_by(one.id)
    )
    return (await session.execute(query)).all()


async def points_at_age(
    session: AsyncSession, delivery_ids: Sequence[UUID], age: timedelta, until: datetime
) -> Sequence[m.EngagementPoint]:
    """The last point of each metric that was read while the post was no older than `age`."""
    point, one = m.EngagementPoint, m.Delivery
    posted_at = func.coalesce(one.committed_at, one.confirmed_at)
    query = (
        select(point)
        .ext(distinct_on(point.delivery_id, point.metric))
        .join(one, one.id == point.delivery_id)
        .where(point.delivery_id.in_(delivery_ids), point.as_of - posted_at <= age, point.as_of < until)
        .order_by(point.delivery_id, point.metric, point.as_of.desc(), point.id.desc())
    )
    return (await session.scalars(query)).all()


async def story_ids(session: AsyncSession, campaign_id: UUID) -> list[UUID]:
    """The stories that its publications speak to."""
    one = m.Publication
    query = select(one.story_id).where(one.campaign_id == campaign_id, one.is_drill.is_(False)).distinct()
    return [each for each in await session.scalars(query) if each is not None]


async def told(session: AsyncSession, stories: Sequence[UUID], span: Period) -> Sequence[Row[UUID, bool]]:
    """(content, whether a paper or an agency has it) of the stories, first seen in the span. Ids hold the instant."""
    item = m.StoryItem
    seen = (item.content_id >= floor_id(span.start), item.content_id < floor_id(span.end))
    query = (
        select(item.content_id, m.Source.group.in_(PUBLISHED_GROUPS))
        .join(m.Source, m.Source.id == item.source_id)
        .where(item.story_id.in_(stories), *seen)
    )
    return (await session.execute(query)).all()
