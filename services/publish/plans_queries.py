"""Every SQL statement of the publish service about plans, themes, campaigns and their figures."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import PlanState
from libs.common.pagination import InvalidCursor, PageRequest

T = TypeVar("T", m.Plan, m.Theme, m.Campaign)


async def get(session: AsyncSession, model: type[T], row_id: UUID, *, lock: bool = False) -> T | None:
    """The row as it is now; locked, it stays so until the transaction ends."""
    return await session.get(model, row_id, with_for_update=lock or None, populate_existing=True)


async def get_programme(session: AsyncSession, programme_id: UUID) -> m.Programme | None:
    return await session.get(m.Programme, programme_id)


# --- plans --------------------------------------------------------------------------------------------------


async def list_plans(
    session: AsyncSession,
    page: PageRequest,
    units: Iterable[UUID],
    year: int | None,
    programme_id: UUID | None,
    state: PlanState | None,
) -> Sequence[m.Plan]:
    query = select(m.Plan).where(m.Plan.unit_id.in_(list(units))).order_by(m.Plan.id.desc())
    for column, wanted in ((m.Plan.year, year), (m.Plan.programme_id, programme_id), (m.Plan.state, state)):
        if wanted is not None:
            query = query.where(column == wanted)
    if page.after is not None:
        query = query.where(m.Plan.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def running_campaigns(session: AsyncSession, plan_id: UUID) -> int:
    query = select(func.count()).select_from(m.Campaign).join(m.Theme, m.Theme.id == m.Campaign.theme_id)
    running = (m.Theme.plan_id == plan_id) & (m.Campaign.state == PlanState.RUNNING)
    return int(await session.scalar(query.where(running)) or 0)


# --- themes -------------------------------------------------------------------------------------------------


async def list_themes(session: AsyncSession, plan_id: UUID, page: PageRequest) -> Sequence[m.Theme]:
    query = select(m.Theme).where(m.Theme.plan_id == plan_id).order_by(m.Theme.position, m.Theme.id)
    if page.after is not None:
        if not isinstance(page.after.key, int) or abs(page.after.key) > 1 << 30:
            raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.")
        seen = m.Theme.position > page.after.key
        same = and_(m.Theme.position == page.after.key, m.Theme.id > page.after.id)
        query = query.where(or_(seen, same))
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def next_position(session: AsyncSession, plan_id: UUID) -> int:
    last = await session.scalar(select(func.max(m.Theme.position)).where(m.Theme.plan_id == plan_id))
    return 0 if last is None else int(last) + 1


async def count_themes(session: AsyncSession, plan_id: UUID) -> int:
    query = select(func.count()).select_from(m.Theme).where(m.Theme.plan_id == plan_id)
    return int(await session.scalar(query) or 0)


async def span_of_campaigns(session: AsyncSession, theme_id: UUID) -> tuple[date, date] | None:
    """From the first day of any campaign of a theme to the last; None where it has none."""
    query = select(func.min(m.Campaign.starts_on), func.max(m.Campaign.ends_on)).where(m.Campaign.theme_id == theme_id)
    row = (await session.execute(query)).one()
    return (row[0], row[1]) if row[1] else None


# --- campaigns ----------------------------------------------------------------------------------------------


async def list_campaigns(
    session: AsyncSession,
    page: PageRequest,
    units: Iterable[UUID],
    plan_id: UUID | None,
    theme_id: UUID | None,
    state: PlanState | None,
) -> Sequence[m.Campaign]:
    """In the order in which they begin."""
    query = select(m.Campaign).where(m.Campaign.unit_id.in_(list(units)))
    if plan_id is not None:
        query = query.where(m.Campaign.theme_id.in_(select(m.Theme.id).where(m.Theme.plan_id == plan_id)))
    if theme_id is not None:
        query = query.where(m.Campaign.theme_id == theme_id)
    if state is not None:
        query = query.where(m.Campaign.state == state)
    if page.after is not None:
        begun = day_of(page.after.key)
        same = and_(m.Campaign.starts_on == begun, m.Campaign.id > page.after.id)
        query = query.where(or_(m.Campaign.starts_on > begun, same))
    query = query.order_by(m.Campaign.starts_on, m.Campaign.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


def day_of(key: object) -> date:
    try:
        return date.fromisoformat(str(key))
    except ValueError as error:
        raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.") from error


async def campaigns_of_plan(
    session: AsyncSession, plan_id: UUID, limit: int
) -> Sequence[tuple[m.Theme, m.Campaign | None]]:
    """Every theme in order, with its campaigns as they begin; a theme without any stands alone."""
    query = (
        select(m.Theme, m.Campaign)
        .outerjoin(m.Campaign, m.Campaign.theme_id == m.Theme.id)
        .where(m.Theme.plan_id == plan_id)
        .order_by(m.Theme.position, m.Theme.id, m.Campaign.starts_on, m.Campaign.id)
    )
    return [(theme, campaign) for theme, campaign in await session.execute(query.limit(limit))]


async def channels_of(session: AsyncSession, campaign_ids: Iterable[UUID]) -> dict[UUID, list[m.Channel]]:
    query = (
        select(m.CampaignChannel.campaign_id, m.Channel)
        .join(m.Channel, m.Channel.id == m.CampaignChannel.channel_id)
        .where(m.CampaignChannel.campaign_id.in_(list(campaign_ids)))
        .order_by(m.Channel.name, m.Channel.id)
    )
    found: dict[UUID, list[m.Channel]] = {}
    for campaign_id, channel in await session.execute(query):
        found.setdefault(campaign_id, []).append(channel)
    return found


async def replace_channels(session: AsyncSession, campaign_id: UUID, channel_ids: Iterable[UUID]) -> None:
    await session.execute(delete(m.CampaignChannel).where(m.CampaignChannel.campaign_id == campaign_id))
    rows = [{"campaign_id": campaign_id, "channel_id": channel_id} for channel_id in channel_ids]
    if rows:
        await session.execute(insert(m.CampaignChannel).values(rows))


async def replace_targets(session: AsyncSession, campaign_id: UUID, rows: list[dict[str, Any]]) -> None:
    await session.execute(delete(m.CampaignTarget).where(m.CampaignTarget.campaign_id == campaign_id))
    if rows:
        await session.execute(insert(m.CampaignTarget).values(rows))


# --- what became of a campaign ------------------------------------------------------------------------------


async def count_publications(session: AsyncSession, campaign_id: UUID) -> int:
    query = select(func.count()).select_from(m.Publication).where(m.Publication.campaign_id == campaign_id)
    return int(await session.scalar(query) or 0)


async def list_publications(session: AsyncSession, campaign_id: UUID, page: PageRequest) -> Sequence[m.Publication]:
    """Newest first, those without a time as well."""
    query = select(m.Publication).where(m.Publication.campaign_id == campaign_id).order_by(m.Publication.id.desc())
    if page.after is not None:
        query = query.where(m.Publication.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()
