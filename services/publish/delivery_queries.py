"""The SQL of sending: what is due, what is in doubt, what must come down, whose figures are to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import DeliveryState
from services.publish import domain
from services.publish.adapters.retired import PLATFORMS as RETIRED

CLAIM_DUE = text(
    """
    WITH due AS (
      SELECT d.id, row_number() OVER (PARTITION BY d.channel_id ORDER BY NOT p.is_urgent,
          coalesce(p.scheduled_at, '-infinity'), d.id) AS turn,
        NOT p.is_urgent AS is_calm, coalesce(p.scheduled_at, '-infinity') AS scheduled_at
      FROM deliveries d
      JOIN channels c ON c.id = d.channel_id
      JOIN publications p ON p.id = d.publication_id
      WHERE (d.state IN ('pending', 'throttled') OR (d.state = 'prepared' AND d.updated_at <= :stale))
        AND d.not_before <= :now
        AND (c.state = 'active' OR c.kind = ANY(:ended))  -- which refuses, and says why
        AND p.revision = d.revision
        AND p.state IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
        AND NOT is_paused(p)
        AND NOT EXISTS (
          SELECT FROM channel_limits l WHERE l.channel_id = d.channel_id AND l.name = '*' AND l.blocked_until > :now)
        AND (c.kind = 'own_site' OR p.is_urgent AND d.not_before <= :bulletin_late OR NOT EXISTS (
          SELECT FROM deliveries b JOIN channels bc ON bc.id = b.channel_id AND bc.kind = 'own_site'
          WHERE b.publication_id = d.publication_id AND b.state <> 'published'))
        AND NOT EXISTS (
          SELECT FROM deliveries e JOIN publications ep ON ep.id = e.publication_id
          WHERE e.channel_id = d.channel_id AND e.id <> d.id
            AND (e.state IN ('armed', 'prepared') AND e.updated_at > :stale
              OR e.state = 'throttled' AND e.not_before > :now AND (ep.is_urgent OR NOT p.is_urgent)
              OR e.state IN ('pending', 'prepared', 'throttled')
                AND ep.state IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
                AND coalesce(ep.scheduled_at, '-infinity') <= :now
                AND greatest(e.updated_at, ep.scheduled_at) > :order_kept
                AND (NOT ep.is_urgent, coalesce(ep.scheduled_at, '-infinity'), e.id)
                  < (NOT p.is_urgent, coalesce(p.scheduled_at, '-infinity'), d.id)
                AND NOT is_paused(ep))))
    SELECT d.id FROM deliveries d JOIN due ON due.id = d.id AND due.turn = 1
    WHERE (d.state IN ('pending', 'throttled') OR (d.state = 'prepared' AND d.updated_at <= :stale))
      AND d.not_before <= :now
    ORDER BY due.is_calm, due.scheduled_at, d.id
    LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    """
)
"""Due, on a channel that can be used, approved as it stands and not paused; the bulletin before everything that links
to it; on one channel one at a time and in order, except behind a delivery that does not get through. What is urgent
goes before everything, and does not wait long for the bulletin. What is asked of `d` once more is for a row that
another worker took in the meantime."""


async def claim_due(session: AsyncSession, now: datetime, limit: int = 10) -> Sequence[m.Delivery]:
    """Mark what is due as prepared: nobody else takes it until its lease ends."""
    values = {
        "now": now,
        "stale": now - domain.STEP_LEASE,
        "order_kept": now - domain.ORDER_KEPT,
        "bulletin_late": now - domain.BULLETIN_FIRST,
        "ended": list(RETIRED),
        "limit": limit,
    }
    ids = list(await session.scalars(CLAIM_DUE, values))
    return await _take(session, ids, state=DeliveryState.PREPARED, attempt=m.Delivery.attempt + 1, updated_at=now)


async def hold(session: AsyncSession, delivery_id: UUID, attempt: int, now: datetime) -> None:
    """Renew the lease of whoever is at this attempt; of a later one nothing changes."""
    mine = (m.Delivery.id == delivery_id) & (m.Delivery.attempt == attempt)
    query = update(m.Delivery).where(mine, m.Delivery.state == DeliveryState.PREPARED)
    await session.execute(query.values(updated_at=now))


async def claim_in_doubt(session: AsyncSession, now: datetime, limit: int = 10) -> Sequence[m.Delivery]:
    """What was armed and not recorded, and what is open: to be looked for on the platform, not sent."""
    stale_armed = (m.Delivery.state == DeliveryState.ARMED) & (m.Delivery.updated_at <= now - domain.STEP_LEASE)
    open_ones = m.Delivery.state.in_((DeliveryState.COMMITTED, DeliveryState.ACCEPTED, DeliveryState.UNKNOWN))
    query = select(m.Delivery.id).where(stale_armed | (open_ones & (m.Delivery.not_before <= now)))
    return await _claim(session, query, limit, not_before=now + domain.STEP_LEASE, updated_at=now)


async def claim_to_look_again(session: AsyncSession, now: datetime, limit: int = 10) -> Sequence[m.Delivery]:
    """Seen, or taken down, some minutes ago, and not looked at since."""
    handle, due = m.Delivery.handle, m.Delivery.not_before
    seen = (m.Delivery.state == DeliveryState.PUBLISHED) & ~handle.has_key("looked_again") & (due <= now)
    gone = (m.Delivery.state == DeliveryState.WITHDRAWN) & handle.has_key("arming") & ~handle.has_key("looked_after")
    seen &= m.Delivery.platform_id.is_not(None)  # a person posted it: nothing is known of it there
    gone &= due <= now - domain.LOOK_AGAIN
    query = select(m.Delivery.id).where(seen | gone, due >= now - domain.LOOK_AGAIN_WITHIN)
    return await _claim(session, query, limit, not_before=now + domain.STEP_LEASE, updated_at=now)


async def claim_withdrawing(session: AsyncSession, now: datetime, limit: int = 10) -> Sequence[m.Delivery]:
    query = select(m.Delivery.id).where(m.Delivery.state == DeliveryState.WITHDRAWING, m.Delivery.not_before <= now)
    attempt = m.Delivery.attempt + 1
    return await _claim(session, query, limit, not_before=now + domain.STEP_LEASE, attempt=attempt, updated_at=now)


async def claim_to_collect(session: AsyncSession, now: datetime, limit: int = 100) -> Sequence[m.Delivery]:
    query = select(m.Delivery.id).where(m.Delivery.state == DeliveryState.PUBLISHED, m.Delivery.collect_at <= now)
    return await _claim(session, query, limit, collect_at=now + timedelta(minutes=15))


async def list_overdue(session: AsyncSession, now: datetime, limit: int = 50) -> Sequence[m.Delivery]:
    """Due for a while, not seen on the platform, and nobody told yet."""
    told = select(m.Task.id).where(m.Task.delivery_id == m.Delivery.id)
    query = (
        select(m.Delivery)
        .join(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .where(
            m.Delivery.state.in_(("pending", "prepared", "armed", "committed", "throttled", "unknown", "accepted")),
            m.Publication.state.in_(("approved", "scheduled", "publishing", "partly_published", "failed")),
            m.Publication.scheduled_at.is_(None) | (m.Publication.scheduled_at <= now - domain.OVERDUE),
            m.Publication.updated_at <= now - domain.OVERDUE,
            text("NOT is_paused(publications)"),
            ~told.exists(),
        )
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def _claim(session: AsyncSession, query: Any, limit: int, **changes: Any) -> Sequence[m.Delivery]:
    locked = query.order_by(m.Delivery.id).limit(limit).with_for_update(of=m.Delivery, skip_locked=True)
    return await _take(session, list(await session.scalars(locked)), **changes)


async def _take(session: AsyncSession, ids: list[UUID], **changes: Any) -> Sequence[m.Delivery]:
    if not ids:
        return []
    query = update(m.Delivery).where(m.Delivery.id.in_(ids)).values(**changes).returning(m.Delivery)
    taken = (await session.scalars(query, execution_options={"populate_existing": True})).all()
    return sorted(taken, key=lambda d: ids.index(d.id))


async def lock_delivery(session: AsyncSession, delivery_id: UUID) -> m.Delivery | None:
    query = select(m.Delivery).where(m.Delivery.id == delivery_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def lock_limits(session: AsyncSession, channel_id: UUID) -> dict[str, m.ChannelLimit]:
    """What an account has used of each cap, by name; nobody else counts until this transaction ends."""
    key = f"limits:{channel_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    query = select(m.ChannelLimit).where(m.ChannelLimit.channel_id == channel_id)
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return {row.name: row for row in rows}


async def store_limit(
    session: AsyncSession, channel_id: UUID, name: str, used: list[Any], blocked_until: datetime | None, now: datetime
) -> None:
    changed = {"used": used, "blocked_until": blocked_until, "updated_at": now}
    query = insert(m.ChannelLimit).values(channel_id=channel_id, name=name, **changed)
    await session.execute(query.on_conflict_do_update(index_elements=["channel_id", "name"], set_=changed))


@dataclass(frozen=True)
class Renewal:
    was_unheard: bool
    """An earlier renewal was begun and nobody knows how it ended."""


async def lock_credentials(session: AsyncSession, channel_id: UUID) -> None:
    """Until the transaction ends nobody begins a renewal, or stores what came of one."""
    c = m.ChannelCredential
    await session.execute(select(c.channel_id).where(c.channel_id == channel_id).with_for_update())


async def begin_renewal(session: AsyncSession, channel_id: UUID, now: datetime, stale: datetime) -> Renewal | None:
    """Ours where nobody renews now; None while somebody does."""
    c = m.ChannelCredential
    before = await session.scalar(select(c.renewing_since).where(c.channel_id == channel_id).with_for_update())
    if before is not None and before > stale:
        return None
    await session.execute(update(c).where(c.channel_id == channel_id).values(renewing_since=now))
    return Renewal(was_unheard=before is not None)


async def end_renewal(session: AsyncSession, channel_id: UUID) -> None:
    c = m.ChannelCredential
    await session.execute(update(c).where(c.channel_id == channel_id).values(renewing_since=None))


async def claim_to_check(session: AsyncSession, before: datetime, now: datetime) -> Sequence[m.Channel]:
    """Channels in use whose account was not asked about since; marked as asked, so that one worker asks."""
    due = or_(m.Channel.health_at.is_(None), m.Channel.health_at <= before)
    query = select(m.Channel.id).where(m.Channel.state.in_(("active", "needs_reconnect")), due).limit(10)
    ids = list(await session.scalars(query.with_for_update(skip_locked=True)))
    changed = update(m.Channel).where(m.Channel.id.in_(ids)).values(health_at=now).returning(m.Channel)
    return (await session.scalars(changed)).all() if ids else []


async def set_collect_at(session: AsyncSession, delivery_id: UUID, at: datetime | None) -> None:
    await session.execute(update(m.Delivery).where(m.Delivery.id == delivery_id).values(collect_at=at))


async def add_points(session: AsyncSession, points: list[dict[str, Any]]) -> None:
    if points:
        await session.execute(insert(m.EngagementPoint).values(points))
