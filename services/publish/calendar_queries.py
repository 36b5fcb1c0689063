"""Every SQL statement of the publish service about the calendar and its subscribable addresses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import PublicationState
from libs.common.pagination import Cursor, InvalidCursor, PageRequest
from services.publish.calendar_rules import CLOSE, DEAD, CampaignTold, ChannelTold, Entry, Neighbour

AT = func.coalesce(m.Publication.published_at, m.Publication.scheduled_at)
"""Where something stands in the calendar; what has no time stands nowhere."""


@dataclass(frozen=True)
class Asked:
    """Of which units, from when (included) to when (excluded), and what of it."""

    units: frozenset[UUID]
    since: datetime
    until: datetime
    campaign_id: UUID | None = None
    channel_id: UUID | None = None
    states: frozenset[PublicationState] = frozenset()
    plan_id: UUID | None = None
    with_drills: bool = True


async def list_entries(session: AsyncSession, asked: Asked, limit: int, after: Cursor | None = None) -> list[Entry]:
    """In time order, with channels; `limit` rows at most."""
    query = _in_range(asked).order_by(AT, m.Publication.id).limit(limit)
    if after is not None:
        seen = _instant(after.key)
        query = query.where(or_(seen < AT, and_(AT == seen, m.Publication.id > after.id)))  # noqa: SIM300
    entries = [_entry(p, at, campaign) for p, at, campaign in await session.execute(query)]
    return await _with_channels(session, entries)


async def get_entry(session: AsyncSession, publication_id: UUID) -> Entry | None:
    query = select(m.Publication, AT, m.Campaign).outerjoin(m.Campaign, m.Campaign.id == m.Publication.campaign_id)
    row = (await session.execute(query.where(m.Publication.id == publication_id, AT.is_not(None)))).first()
    return (await _with_channels(session, [_entry(*row)]))[0] if row else None


def _in_range(asked: Asked) -> Select[*tuple[Any, ...]]:
    query = (
        select(m.Publication, AT, m.Campaign)
        .outerjoin(m.Campaign, m.Campaign.id == m.Publication.campaign_id)
        .where(m.Publication.unit_id.in_(asked.units), asked.since <= AT, asked.until > AT)
    )
    if asked.campaign_id is not None:
        query = query.where(m.Publication.campaign_id == asked.campaign_id)
    if asked.plan_id is not None:
        query = query.join(m.Theme, m.Theme.id == m.Campaign.theme_id).where(m.Theme.plan_id == asked.plan_id)
    if asked.channel_id is not None:
        carried = select(m.Variant.publication_id).where(m.Variant.channel_id == asked.channel_id)
        query = query.where(m.Publication.id.in_(carried))
    if not asked.with_drills:
        query = query.where(m.Publication.is_drill.is_(False))
    if asked.states:
        query = query.where(m.Publication.state.in_(asked.states))
    return query


def cursor_of(entry: Entry) -> Cursor:
    return Cursor(entry.at.isoformat(), entry.publication_id)


def _instant(key: object) -> datetime:
    wrong = InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.")
    try:
        at = datetime.fromisoformat(str(key))
    except ValueError as error:
        raise wrong from error
    if at.tzinfo is None or not 2000 <= at.year <= 2200:
        raise wrong
    return at


def _entry(publication: m.Publication, at: datetime, campaign: m.Campaign | None) -> Entry:
    told = CampaignTold(campaign.id, campaign.title, campaign.starts_on, campaign.ends_on) if campaign else None
    return Entry(
        publication_id=publication.id,
        unit_id=publication.unit_id,
        title=publication.title,
        slug=publication.slug,
        kind=publication.kind,
        state=PublicationState(publication.state),
        revision=publication.revision,
        is_urgent=publication.is_urgent,
        is_drill=publication.is_drill,
        at=at,
        scheduled_at=publication.scheduled_at,
        published_at=publication.published_at,
        updated_at=publication.updated_at,
        campaign=told,
    )


async def _with_channels(session: AsyncSession, entries: list[Entry]) -> list[Entry]:
    query = (
        select(m.Variant.publication_id, m.Channel.id, m.Channel.name, m.Channel.kind, m.Channel.settings)
        .join(m.Channel, m.Channel.id == m.Variant.channel_id)
        .where(m.Variant.publication_id.in_([entry.publication_id for entry in entries]))
        .order_by(m.Channel.name, m.Channel.id)
    )
    found: dict[UUID, list[ChannelTold]] = defaultdict(list)
    for publication_id, *told in await session.execute(query):
        found[publication_id].append(ChannelTold(*told))
    return [replace(entry, channels=tuple(found[entry.publication_id])) for entry in entries]


async def neighbours_of(session: AsyncSession, entries: Sequence[Entry], units: Iterable[UUID]) -> list[Neighbour]:
    """What else of these units goes to the entries' channels around their times."""
    moving = [entry for entry in entries if entry.may_change]
    channels = {channel.id for entry in moving for channel in entry.channels}
    if not channels:
        return []
    first, last = min(entry.at for entry in moving) - CLOSE, max(entry.at for entry in moving) + CLOSE
    query = (
        select(m.Publication.id, m.Publication.title, m.Variant.channel_id, AT)
        .join(m.Variant, m.Variant.publication_id == m.Publication.id)
        .where(
            m.Publication.unit_id.in_(list(units)),
            m.Publication.state.not_in(DEAD),
            m.Variant.channel_id.in_(channels),
            first < AT,
            last > AT,
        )
        .order_by(AT, m.Publication.id)
    )
    return [Neighbour(*row) for row in await session.execute(query)]


async def get_unit(session: AsyncSession, unit_id: UUID) -> m.OrganizationUnit | None:
    return await session.get(m.OrganizationUnit, unit_id)


# --- subscribable addresses ---------------------------------------------------------------------------------


async def list_feeds(session: AsyncSession, page: PageRequest, units: Iterable[UUID]) -> Sequence[m.CalendarFeed]:
    query = select(m.CalendarFeed).where(m.CalendarFeed.unit_id.in_(list(units))).order_by(m.CalendarFeed.id.desc())
    if page.after is not None:
        query = query.where(m.CalendarFeed.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def lock_feed(session: AsyncSession, feed_id: UUID) -> m.CalendarFeed | None:
    return await session.get(m.CalendarFeed, feed_id, with_for_update=True, populate_existing=True)


async def feed_by_hash(session: AsyncSession, token_hash: bytes) -> m.CalendarFeed | None:
    query = select(m.CalendarFeed).where(m.CalendarFeed.token_hash == token_hash, m.CalendarFeed.revoked_at.is_(None))
    return await session.scalar(query)
