"""Dead letters: list them, and bring one back by publishing its payload again for the consumer it died in."""

from datetime import datetime
from uuid import UUID

from nats.js import JetStreamContext
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import HEADER_FOR, headers_of
from libs.common.ids import new_id
from libs.common.models import DeadLetter


async def list_open(session: AsyncSession, limit: int = 100) -> list[DeadLetter]:
    query = select(DeadLetter).where(DeadLetter.retried_at.is_(None)).order_by(DeadLetter.id).limit(limit)
    return list(await session.scalars(query))


async def retry(session: AsyncSession, js: JetStreamContext, letter_id: UUID, now: datetime) -> bool:
    """Send it to its consumer once more; False if there is no such open letter. A new death reopens the row."""
    letter = await session.scalar(
        select(DeadLetter).where(DeadLetter.id == letter_id, DeadLetter.retried_at.is_(None)).with_for_update()
    )
    if letter is None:
        return False
    headers = headers_of(letter.event_id, letter.subject, "deadletters", now, f"retry-{new_id(now)}")
    await js.publish(letter.subject, letter.payload.encode(), headers=headers | {HEADER_FOR: letter.consumer})
    await session.execute(update(DeadLetter).where(DeadLetter.id == letter_id).values(retried_at=now))
    return True
