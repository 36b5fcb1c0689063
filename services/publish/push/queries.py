"""The SQL of web push: subscriptions, notices, and the sending of each to each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.push import NoticeKind, PushState

N, S, B = m.PushNotice, m.PushSend, m.PushSubscription

_NEWER = (
    "EXISTS (SELECT FROM push_notices k WHERE k.thread = n.thread AND (k.noted_at, k.id) > (n.noted_at, n.id) "
    "AND k.fanned_out_at IS NOT NULL)"
)
_DUE = "s.state IN ('queued', 'sending') AND s.not_before <= :now"
_OPEN = """
    c.state = 'active' AND (n.kind = 'withdrawal' OR d.state = 'published' AND NOT is_paused(p))
"""
"""What was seen to be published, and is neither paused nor withdrawn, by the state of its delivery."""
_OWNERS = """
    JOIN channels c ON c.id = n.channel_id JOIN deliveries d ON d.id = n.delivery_id
    JOIN publications p ON p.id = d.publication_id
"""

WAITING = text(
    f"""
    SELECT n.id FROM push_notices n {_OWNERS}
    WHERE n.fanned_out_at IS NULL AND (n.removed_at IS NOT NULL OR n.expires_at <= :now OR {_OPEN})
    ORDER BY n.urgency = 'high' DESC, n.noted_at LIMIT 1 FOR UPDATE OF n SKIP LOCKED
    """  # noqa: S608 - our own words
)
TO_TOPIC = text(
    """
    INSERT INTO push_sends (notice_id, subscription_id, state, not_before, updated_at)
    SELECT :notice, b.id, 'queued', :now, :now FROM push_subscriptions b
    WHERE b.topics @> ARRAY[:topic]::text[] AND (b.expires_at IS NULL OR b.expires_at > :now)
    """
)
TO_WHOM_IT_REACHED = text(
    """
    INSERT INTO push_sends (notice_id, subscription_id, state, not_before, updated_at)
    SELECT DISTINCT CAST(:notice AS uuid), s.subscription_id, 'queued', at, at
    FROM push_sends s JOIN push_notices n ON n.id = s.notice_id CROSS JOIN CAST(:now AS timestamptz) AS at
    WHERE n.thread = :thread AND n.kind = 'news' AND s.attempts > 0 AND s.state <> 'refused'
    """
)
"""Also where nobody knows whether it did."""
CLAIM = text(
    f"""
    WITH due AS (
        SELECT s.notice_id, s.subscription_id FROM push_sends s JOIN push_notices n ON n.id = s.notice_id {_OWNERS}
        WHERE {_DUE} AND n.expires_at > :now AND n.removed_at IS NULL AND NOT {_NEWER} AND {_OPEN}
          AND NOT EXISTS (
            SELECT FROM push_sends o JOIN push_notices k ON k.id = o.notice_id
            WHERE o.subscription_id = s.subscription_id AND k.thread = n.thread AND o.notice_id <> s.notice_id
              AND o.state = 'sending' AND o.not_before > :now)
        ORDER BY n.urgency = 'high' DESC, s.not_before LIMIT :most FOR UPDATE OF s SKIP LOCKED)
    UPDATE push_sends s SET state = 'sending', attempts = attempts + 1, not_before = :lease, updated_at = :now
    FROM due, push_notices n, push_subscriptions b
    WHERE s.notice_id = due.notice_id AND s.subscription_id = due.subscription_id
      AND n.id = s.notice_id AND b.id = s.subscription_id
    RETURNING s.notice_id, s.subscription_id, s.attempts, b.ciphertext, n.payload, n.thread, n.urgency, n.expires_at
    """  # noqa: S608
)
"""Never while an older notice of the thread is under way to the same browser: it would arrive last and stay."""
SETTLE = text(
    f"""
    WITH due AS (
        SELECT s.notice_id, s.subscription_id,
               CASE WHEN n.removed_at IS NOT NULL OR {_NEWER} THEN 'dropped' ELSE 'expired' END AS state
        FROM push_sends s JOIN push_notices n ON n.id = s.notice_id
        WHERE {_DUE} AND (n.expires_at <= :now OR n.removed_at IS NOT NULL OR {_NEWER})
        LIMIT 1000 FOR UPDATE OF s SKIP LOCKED)
    UPDATE push_sends s SET state = due.state, updated_at = :now FROM due
    WHERE s.notice_id = due.notice_id AND s.subscription_id = due.subscription_id RETURNING s.notice_id, s.state
    """  # noqa: S608
)


@dataclass(frozen=True)
class Due:
    """One notice for one browser."""

    notice_id: UUID
    subscription_id: UUID
    attempts: int
    ciphertext: bytes
    payload: dict[str, Any]
    thread: UUID
    urgency: str
    expires_at: datetime


# --- who asked ---


async def find_subscription(session: AsyncSession, key_hash: bytes) -> m.PushSubscription | None:
    return await session.scalar(select(B).where(B.key_hash == key_hash).with_for_update())


async def count_subscriptions(session: AsyncSession, topic: str | None = None) -> int:
    query = select(func.count()).select_from(B)
    if topic is not None:
        query = query.where(B.topics.contains([topic]))
    return int(await session.scalar(query) or 0)


async def put_subscription(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(B).values(values).on_conflict_do_nothing(index_elements=["key_hash"]))


async def erase(session: AsyncSession, subscription_id: UUID) -> bool:
    """The browser is forgotten; what was still to be told it counts as gone."""
    mine = select(S.notice_id).where(S.subscription_id == subscription_id)
    still = mine.where(S.state.in_((PushState.QUEUED, PushState.SENDING))).order_by(S.notice_id).with_for_update()
    left = list(await session.scalars(still))
    gone = await session.execute(delete(B).where(B.id == subscription_id).returning(B.id))
    if gone.scalar_one_or_none() is None:
        return False
    await add_to_totals(session, Counter((notice_id, "gone") for notice_id in left))
    return True


async def erase_expired(session: AsyncSession, now: datetime) -> int:
    ended = list(await session.scalars(select(B.id).where(B.expires_at <= now).limit(500)))
    for subscription_id in ended:
        await erase(session, subscription_id)
    return len(ended)


async def list_channels(session: AsyncSession) -> Sequence[m.Channel]:
    query = select(m.Channel).where(m.Channel.kind == "webpush", m.Channel.state == "active").order_by(m.Channel.name)
    return (await session.scalars(query)).all()


# --- what is told ---


async def put_notice(session: AsyncSession, values: dict[str, Any]) -> None:
    query = insert(N).values(values).on_conflict_do_nothing(index_elements=["delivery_id", "kind"])
    await session.execute(query)


async def lock_thread(session: AsyncSession, thread: UUID) -> Sequence[m.PushNotice]:
    query = select(N).where(N.thread == thread).order_by(N.noted_at, N.id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def list_thread(session: AsyncSession, thread: UUID) -> Sequence[m.PushNotice]:
    return (await session.scalars(select(N).where(N.thread == thread).order_by(N.noted_at, N.id))).all()


async def find_news(session: AsyncSession, delivery_id: UUID) -> m.PushNotice | None:
    return await session.scalar(select(N).where(N.delivery_id == delivery_id, N.kind == NoticeKind.NEWS))


async def has_reached(session: AsyncSession, thread: UUID) -> bool:
    """Whether some browser got a notice of it, or may have."""
    query = (
        select(S.notice_id)
        .join(N, N.id == S.notice_id)
        .where(N.thread == thread, N.kind == NoticeKind.NEWS, S.attempts > 0, S.state != PushState.REFUSED)
    )
    return await session.scalar(query.limit(1)) is not None


async def drop_queued(session: AsyncSession, notice_ids: Sequence[UUID], now: datetime) -> None:
    query = (
        update(S)
        .where(S.notice_id.in_(notice_ids), S.state == PushState.QUEUED)
        .values(state=PushState.DROPPED, updated_at=now)
        .returning(S.notice_id)
    )
    dropped = Counter((notice_id, "dropped") for notice_id in await session.scalars(query))
    await add_to_totals(session, dropped)


async def list_notices(session: AsyncSession, channel_id: UUID, limit: int) -> Sequence[m.PushNotice]:
    query = select(N).where(N.channel_id == channel_id).order_by(N.noted_at.desc(), N.id.desc()).limit(limit)
    return (await session.scalars(query)).all()


# --- sending ---


async def lock_waiting(session: AsyncSession, now: datetime) -> m.PushNotice | None:
    """A notice whose browsers have not been named yet, the most urgent first."""
    found = await session.scalar(WAITING, {"now": now})
    return await session.get(N, found, populate_existing=True) if found else None


async def name_browsers(session: AsyncSession, notice: m.PushNotice, now: datetime) -> int:
    query = TO_TOPIC if notice.kind == NoticeKind.NEWS else TO_WHOM_IT_REACHED
    told = {"notice": notice.id, "now": now}
    told |= {"topic": notice.topic} if notice.kind == NoticeKind.NEWS else {"thread": notice.thread}
    done = await session.execute(query, told)
    return int(getattr(done, "rowcount", 0))


async def claim(session: AsyncSession, now: datetime, lease: datetime, most: int) -> list[Due]:
    rows = (await session.execute(CLAIM, {"now": now, "lease": lease, "most": most})).mappings()
    return [Due(**row) for row in rows]


async def settle(session: AsyncSession, now: datetime) -> int:
    """What is too late, or was overtaken by something newer, is told to nobody any more."""
    rows = list(await session.execute(SETTLE, {"now": now}))
    await add_to_totals(session, Counter((row.notice_id, row.state) for row in rows))
    return len(rows)


async def record(session: AsyncSession, due: Due, now: datetime, **values: Any) -> bool:
    """Whether this worker's send was still the one under way."""
    mine = (S.notice_id == due.notice_id, S.subscription_id == due.subscription_id, S.attempts == due.attempts)
    query = update(S).where(*mine, S.state == PushState.SENDING).values(**values, updated_at=now).returning(S.notice_id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def add_to_totals(session: AsyncSession, counted: Counter[tuple[UUID, str]]) -> None:
    """`counted`: how many more of which notice ended in which state; in one order, so that two workers never cross."""
    for (notice_id, state), more in sorted(counted.items(), key=lambda item: (item[0][0].bytes, item[0][1])):
        column = getattr(N, state)
        await session.execute(update(N).where(N.id == notice_id).values({state: column + more}))


async def finish(session: AsyncSession, now: datetime) -> int:
    """Notices that were told to all, or cannot be told any more."""
    settled = N.accepted + N.gone + N.refused + N.expired + N.dropped
    query = update(N).where(N.fanned_out_at.is_not(None), N.finished_at.is_(None), N.wanted <= settled)
    return len(list(await session.scalars(query.values(finished_at=now).returning(N.id))))


async def forget_sends(session: AsyncSession, before: datetime) -> None:
    done = select(N.id).where(N.finished_at < before)
    await session.execute(delete(S).where(S.notice_id.in_(done)))


async def last_refusals(session: AsyncSession, channel_id: UUID) -> tuple[int, int] | None:
    """Of the last finished notice that was sent to anybody: how many were taken, how many refused."""
    query = (
        select(N.accepted, N.refused)
        .where(N.channel_id == channel_id, N.finished_at.is_not(None), N.accepted + N.refused > 0)
        .order_by(N.finished_at.desc())
    )
    row = (await session.execute(query.limit(1))).one_or_none()
    return (row[0], row[1]) if row else None
