"""How much of each cap an account has used, kept in the database so that every worker counts together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.publish import delivery_queries
from services.publish.limits import Limit
from services.publish.limits import spend as spend_points

BLOCKED = "*"
"""The row that holds the platform's own "not before"."""


async def spend(
    session: AsyncSession,
    channel_id: UUID,
    limits: Sequence[Limit],
    operation: str,
    now: datetime,
    is_urgent: bool = False,
    times: int = 1,
) -> datetime | None:
    """Count an operation (or so many of it) against every cap of the account, or against none and say until when it
    has to wait."""
    known = await delivery_queries.lock_limits(session, channel_id)
    blocked = known.get(BLOCKED)
    if blocked is not None and blocked.blocked_until is not None and blocked.blocked_until > now:
        return blocked.blocked_until
    costly = [limit for limit in limits if limit.cost(operation)]
    used = {limit.name: known[limit.name].used if limit.name in known else [] for limit in costly}
    verdicts = {
        limit.name: spend_points(limit, used[limit.name], operation, now, is_urgent=is_urgent, times=times)
        for limit in costly
    }
    waits = [verdict.until for verdict in verdicts.values() if verdict.until is not None]
    if waits:
        return max(waits)
    for name, verdict in verdicts.items():
        await delivery_queries.store_limit(session, channel_id, name, verdict.used, None, now)
    return None


async def block(session: AsyncSession, channel_id: UUID, until: datetime, now: datetime) -> None:
    """The platform itself said not before: nothing is sent there until then, urgent or not."""
    await delivery_queries.lock_limits(session, channel_id)
    await delivery_queries.store_limit(session, channel_id, BLOCKED, [], until, now)
