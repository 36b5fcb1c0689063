"""The SQL of readers' mail: subscriptions, what waits for the next letter, issues and their letters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.readers import DigestItemKind, EndReason, SendState, SubscriptionState, SuppressionReason
from services.publish.readers.rules import Due

ENDED = {"state": SubscriptionState.ENDED, "ciphertext": None, "key_id": None, "key_hash": None, "domain_hash": None}
OUT = ("sending", "handed_over", "unclear", "bounced", "complained")
"""What was said in such a letter may have been read."""
WINDOW = 500

LETTERS = text(
    """
    SELECT i.removed_at IS NOT NULL AS is_removed, g.number, (
        SELECT count(*) FROM digest_sends x WHERE x.digest_id = i.digest_id AND x.state = ANY(:out)
          AND (i.removed_at IS NULL OR x.claimed_at <= i.removed_at)) AS letters
    FROM digest_items i LEFT JOIN digests g ON g.id = i.digest_id
    WHERE i.delivery_id = :delivery AND i.kind = 'news'
    """
)
"""Of what was taken out, the letters that were claimed before."""
READY = text(
    """
    SELECT i.id FROM digest_items i
    JOIN deliveries d ON d.id = i.delivery_id JOIN publications p ON p.id = d.publication_id
    WHERE i.channel_id = :channel AND i.digest_id IS NULL AND i.removed_at IS NULL
      AND (i.kind = 'withdrawal' OR d.state = 'published' AND NOT is_paused(p))
      AND CASE WHEN :urgent THEN i.is_urgent ELSE i.added_at <= :slot END
    ORDER BY i.added_at, i.id LIMIT :limit FOR UPDATE OF i SKIP LOCKED
    """
)
"""What was seen to be published, and is not withdrawn, by the state of its delivery."""
CONTENT = text(
    """
    SELECT i.id, i.delivery_id, i.kind, i.payload FROM digest_items i JOIN deliveries d ON d.id = i.delivery_id
    WHERE i.digest_id = :digest AND i.removed_at IS NULL AND (i.kind = 'withdrawal' OR d.state = 'published')
    ORDER BY i.added_at, i.id
    """
)
OPEN = text(
    """
    SELECT g.id, g.is_urgent FROM digests g JOIN channels c ON c.id = g.channel_id
    WHERE g.finished_at IS NULL AND c.state = 'active' AND NOT EXISTS (
        SELECT FROM digest_items i JOIN deliveries d ON d.id = i.delivery_id
        JOIN publications p ON p.id = d.publication_id
        WHERE i.digest_id = g.id AND i.kind = 'news' AND i.removed_at IS NULL AND d.state = 'published'
          AND is_paused(p))
    """
)
"""Nothing of an issue leaves while a pause holds anything that it says."""
DUE = text(
    """
    SELECT x.id, s.domain_hash AS domain FROM digest_sends x
    JOIN mail_subscriptions s ON s.id = x.subscription_id AND s.state = 'confirmed'
    WHERE x.state = 'queued' AND x.not_before <= :now AND x.digest_id = ANY(:digests)
    ORDER BY x.not_before, x.id LIMIT :limit
    """
)
RECENT = text(
    """
    SELECT s.domain_hash, count(*) AS count FROM digest_sends x JOIN mail_subscriptions s ON s.id = x.subscription_id
    WHERE x.claimed_at > :since AND s.domain_hash IS NOT NULL GROUP BY s.domain_hash
    """
)
ONE_CLAIMS = text("SELECT pg_advisory_xact_lock(hashtextextended('digest_sends', 0))")
STRIKES = text(
    """
    SELECT code FROM digest_sends WHERE subscription_id = :id AND state <> 'dropped' AND state <> 'queued'
    ORDER BY updated_at DESC, id LIMIT :most
    """
)


# --- the basket of the channel ---------------------------------------------------------------------------


async def put_item(session: AsyncSession, values: dict[str, Any]) -> None:
    query = insert(m.DigestItem).values(values)
    await session.execute(query.on_conflict_do_nothing(index_elements=["delivery_id", "kind"]))


async def find_item(session: AsyncSession, delivery_id: UUID) -> dict[str, Any] | None:
    """`{is_removed, number, letters}` of a delivery's news."""
    row = (await session.execute(LETTERS, {"delivery": delivery_id, "out": list(OUT)})).mappings().one_or_none()
    return dict(row) if row is not None else None


async def lock_item(session: AsyncSession, delivery_id: UUID) -> m.DigestItem | None:
    """And its issue: no letter of it is written meanwhile."""
    mine = (m.DigestItem.delivery_id == delivery_id) & (m.DigestItem.kind == DigestItemKind.NEWS)
    item = await session.scalar(select(m.DigestItem).where(mine).with_for_update())
    if item is not None and item.digest_id is not None:
        await session.execute(select(m.Digest.id).where(m.Digest.id == item.digest_id).with_for_update())
    return item


# --- issues ----------------------------------------------------------------------------------------------


async def list_lists(session: AsyncSession) -> Sequence[m.Channel]:
    query = select(m.Channel).where(m.Channel.kind == "email", m.Channel.state == "active")
    return (await session.scalars(query.order_by(m.Channel.created_at, m.Channel.id))).all()


async def lock_list(session: AsyncSession, channel_id: UUID) -> m.Channel | None:
    return await session.scalar(select(m.Channel).where(m.Channel.id == channel_id).with_for_update(skip_locked=True))


async def lock_ready(
    session: AsyncSession, channel_id: UUID, slot: datetime, limit: int, *, urgent: bool
) -> Sequence[m.DigestItem]:
    asked = {"channel": channel_id, "slot": slot, "urgent": urgent, "limit": limit}
    ids = list(await session.scalars(READY, asked))
    query = select(m.DigestItem).where(m.DigestItem.id.in_(ids)).order_by(m.DigestItem.added_at, m.DigestItem.id)
    return (await session.scalars(query)).all()


async def next_number(session: AsyncSession, channel_id: UUID) -> int:
    query = select(func.coalesce(func.max(m.Digest.number), 0) + 1).where(m.Digest.channel_id == channel_id)
    return int(await session.scalar(query) or 1)


async def readers_of(session: AsyncSession, channel_id: UUID) -> list[Due]:
    """Who confirmed, and by which provider."""
    s = m.MailSubscription
    query = select(s.id, s.domain_hash).where(s.channel_id == channel_id, s.state == SubscriptionState.CONFIRMED)
    return [Due(id_, domain or b"") for id_, domain in await session.execute(query.order_by(s.id))]


async def add_sends(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 2000):
        await session.execute(insert(m.DigestSend).values(list(rows[start : start + 2000])))


async def content_of(session: AsyncSession, digest_id: UUID) -> list[dict[str, Any]]:
    """`{id, delivery_id, kind, payload}`, in the order in which it is told; without what was withdrawn since."""
    rows = (await session.execute(CONTENT, {"digest": digest_id})).mappings()
    return [dict(row) for row in rows]


async def waiting(session: AsyncSession, channel_id: UUID, limit: int) -> Sequence[m.DigestItem]:
    query = select(m.DigestItem).where(
        m.DigestItem.channel_id == channel_id, m.DigestItem.digest_id.is_(None), m.DigestItem.removed_at.is_(None)
    )
    return (await session.scalars(query.order_by(m.DigestItem.added_at, m.DigestItem.id).limit(limit))).all()


async def list_digests(session: AsyncSession, channel_id: UUID, limit: int, before: int | None) -> Sequence[m.Digest]:
    query = select(m.Digest).where(m.Digest.channel_id == channel_id)
    if before is not None:
        query = query.where(m.Digest.number < before)
    return (await session.scalars(query.order_by(m.Digest.number.desc()).limit(limit))).all()


async def totals(session: AsyncSession, digest_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """Letters by state, of each issue."""
    x = m.DigestSend
    query = select(x.digest_id, x.state, func.count()).where(x.digest_id.in_(list(digest_ids)))
    found: dict[UUID, dict[str, int]] = {}
    for digest_id, state, count in await session.execute(query.group_by(x.digest_id, x.state)):
        found.setdefault(digest_id, {})[state] = count
    return found


# --- letters ---------------------------------------------------------------------------------------------


async def due_letters(session: AsyncSession, now: datetime) -> tuple[list[Due], dict[bytes, int]]:
    """What is due, urgent issues before all others, and how many letters each provider got in the last minute; nobody
    else claims until this ends."""
    await session.execute(ONE_CLAIMS)
    issues = [(row.id, row.is_urgent) for row in await session.execute(OPEN)]
    due: list[Due] = []
    for urgent in (True, False):
        asked = {"now": now, "limit": WINDOW, "digests": [id_ for id_, is_urgent in issues if is_urgent is urgent]}
        due = due or [Due(**row) for row in (await session.execute(DUE, asked)).mappings()]
    recent = await session.execute(RECENT, {"since": now - timedelta(minutes=1)})
    return due, {row[0]: int(row[1]) for row in recent}


async def put_off(session: AsyncSession, ids: Sequence[UUID], until: datetime) -> None:
    await session.execute(update(m.DigestSend).where(m.DigestSend.id.in_(ids)).values(not_before=until))


async def share_digests(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Nothing of the issues is taken out until the letters are marked as being sent."""
    mine = select(m.DigestSend.digest_id).where(m.DigestSend.id.in_(ids))
    await session.execute(select(m.Digest.id).where(m.Digest.id.in_(mine)).with_for_update(read=True))


@dataclass(frozen=True)
class Letter:
    """One to be written: of which issue, to whom."""

    send: m.DigestSend
    digest: m.Digest
    channel: m.Channel
    subscription: m.MailSubscription


async def claim(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> list[Letter]:
    values = {"state": SendState.SENDING, "claimed_at": now, "updated_at": now, "attempts": m.DigestSend.attempts + 1}
    await session.execute(update(m.DigestSend).where(m.DigestSend.id.in_(ids)).values(values))
    query = (
        select(m.DigestSend, m.Digest, m.Channel, m.MailSubscription)
        .join(m.Digest, m.Digest.id == m.DigestSend.digest_id)
        .join(m.Channel, m.Channel.id == m.Digest.channel_id)
        .join(m.MailSubscription, m.MailSubscription.id == m.DigestSend.subscription_id)
        .where(m.DigestSend.id.in_(ids))
    )
    return [Letter(*row) for row in await session.execute(query.execution_options(populate_existing=True))]


async def lock_send(session: AsyncSession, send_id: UUID) -> m.DigestSend | None:
    return await session.get(m.DigestSend, send_id, with_for_update=True)


async def mark_stale(session: AsyncSession, before: datetime, now: datetime) -> int:
    """What was claimed so long ago and never recorded may be out."""
    stale = (m.DigestSend.state == SendState.SENDING) & (m.DigestSend.claimed_at < before)
    values = {"state": SendState.UNCLEAR, "updated_at": now}
    done = await session.execute(update(m.DigestSend).where(stale).values(values).returning(m.DigestSend.id))
    return len(done.all())


async def lock_finished(session: AsyncSession) -> Sequence[m.Digest]:
    """Issues of which no letter is under way any more."""
    x = m.DigestSend
    open_ = select(x.id).where(x.digest_id == m.Digest.id, x.state.in_((SendState.QUEUED, SendState.SENDING)))
    query = select(m.Digest).where(m.Digest.finished_at.is_(None), ~open_.exists())
    return (await session.scalars(query.with_for_update(skip_locked=True))).all()


async def stuck(session: AsyncSession, attempts: int) -> list[tuple[m.Digest, int]]:
    """Issues with letters that were tried so often and are not taken yet, and how many."""
    x = m.DigestSend
    tried = (x.state == SendState.QUEUED) & (x.attempts >= attempts)
    query = select(m.Digest, func.count()).join(x, x.digest_id == m.Digest.id).where(m.Digest.finished_at.is_(None))
    return [(row[0], int(row[1])) for row in await session.execute(query.where(tried).group_by(m.Digest.id))]


async def last_codes(session: AsyncSession, subscription_id: UUID, most: int) -> list[str | None]:
    return list(await session.scalars(STRIKES, {"id": subscription_id, "most": most}))


# --- subscriptions ---------------------------------------------------------------------------------------


async def suppression_of(session: AsyncSession, key_hash: bytes) -> m.MailSuppression | None:
    return await session.get(m.MailSuppression, key_hash)


async def suppress(session: AsyncSession, key_hash: bytes, reason: SuppressionReason, now: datetime) -> None:
    """A complaint outweighs a bounce, and stays."""
    query = insert(m.MailSuppression).values(key_hash=key_hash, reason=reason, since=now)
    changed = {"reason": query.excluded.reason, "since": query.excluded.since}
    is_weaker = m.MailSuppression.reason != SuppressionReason.COMPLAINED
    await session.execute(query.on_conflict_do_update(index_elements=["key_hash"], set_=changed, where=is_weaker))


async def forget_suppression(session: AsyncSession, key_hash: bytes) -> None:
    await session.execute(delete(m.MailSuppression).where(m.MailSuppression.key_hash == key_hash))


async def add_subscription(session: AsyncSession, values: dict[str, Any]) -> m.MailSubscription:
    """Or the one that is there; locked."""
    query = insert(m.MailSubscription).values(values)
    await session.execute(query.on_conflict_do_nothing(index_elements=["channel_id", "key_hash"]))
    s = m.MailSubscription
    mine = (s.channel_id == values["channel_id"]) & (s.key_hash == values["key_hash"])
    return (await session.scalars(select(s).where(mine).with_for_update())).one()


async def lock_subscription(session: AsyncSession, subscription_id: UUID) -> m.MailSubscription | None:
    return await session.get(m.MailSubscription, subscription_id, with_for_update=True)


async def claim_asks(session: AsyncSession, now: datetime, limit: int) -> list[tuple[m.MailSubscription, m.Channel]]:
    s = m.MailSubscription
    query = select(s, m.Channel).join(m.Channel, m.Channel.id == s.channel_id)
    query = query.where(s.ask_at <= now, s.state == SubscriptionState.PENDING).order_by(s.ask_at).limit(limit)
    found = [(one, channel) for one, channel in await session.execute(query.with_for_update(skip_locked=True, of=s))]
    for subscription, _ in found:
        subscription.ask_at = None
        subscription.asks += 1
    return found


async def with_hash(session: AsyncSession, key_hash: bytes) -> Sequence[m.MailSubscription]:
    query = select(m.MailSubscription).where(m.MailSubscription.key_hash == key_hash).order_by(m.MailSubscription.id)
    return (await session.scalars(query.with_for_update())).all()


async def end(session: AsyncSession, subscription_id: UUID, reason: EndReason, now: datetime) -> bool:
    """Erased, and nothing of it that waits is sent; whether it had not ended before."""
    s, x = m.MailSubscription, m.DigestSend
    mine = (s.id == subscription_id) & (s.state != SubscriptionState.ENDED)
    values = {**ENDED, "ask_at": None, "ended_at": now, "end_reason": reason}
    done = await session.execute(update(s).where(mine).values(values).returning(s.id))
    waits = (x.subscription_id == subscription_id) & (x.state == SendState.QUEUED)
    await session.execute(update(x).where(waits).values(state=SendState.DROPPED, updated_at=now))
    return done.first() is not None


async def forget_unconfirmed(session: AsyncSession, before: datetime) -> int:
    s = m.MailSubscription
    old = (s.state == SubscriptionState.PENDING) & (s.asked_at < before)
    return len((await session.execute(delete(s).where(old).returning(s.id))).all())


async def counts(session: AsyncSession, channel_id: UUID) -> dict[str, int]:
    """How many are pending, confirmed, and ended for which reason."""
    s = m.MailSubscription
    name = func.coalesce(s.end_reason, s.state)
    rows = await session.execute(select(name, func.count()).where(s.channel_id == channel_id).group_by(name))
    return {row[0]: int(row[1]) for row in rows}
