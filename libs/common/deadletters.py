"""Dead letters: list them, and bring them back by publishing their payload again for the consumer they died in.

A letter holds the payload of its event (ids) and a description of the error without data; see faults.py.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from nats.js import JetStreamContext
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import HEADER_FOR, Outgoing, headers_of, publish_batch, replay_subject
from libs.common.ids import new_id
from libs.common.models import DeadLetter


async def list_open(session: AsyncSession, limit: int = 100, after: UUID | None = None) -> Sequence[DeadLetter]:
    query = select(DeadLetter).where(DeadLetter.retried_at.is_(None)).order_by(DeadLetter.id).limit(limit)
    return (await session.scalars(query if after is None else query.where(DeadLetter.id > after))).all()


async def retry(session: AsyncSession, js: JetStreamContext, letter_ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Send these to their consumers once more; the ones sent. A new death opens the letter again.

    Published under the lock of the row: a consumer that buries the event again waits until this has been recorded.
    """
    query = select(DeadLetter).where(DeadLetter.id.in_(letter_ids), DeadLetter.retried_at.is_(None))
    letters = (await session.scalars(query.order_by(DeadLetter.id).with_for_update(skip_locked=True))).all()
    outcomes = await publish_batch(js, [_message(letter, now) for letter in letters])
    sent = [letter.id for letter, o in zip(letters, outcomes, strict=True) if not isinstance(o, Exception)]
    await session.execute(update(DeadLetter).where(DeadLetter.id.in_(sent)).values(retried_at=now))
    return sent


def _message(letter: DeadLetter, now: datetime) -> Outgoing:
    headers = headers_of(letter.event_id, letter.subject, "deadletters", now, f"retry-{new_id(now)}")
    return Outgoing(replay_subject(letter.subject), letter.payload.encode(), headers | {HEADER_FOR: letter.consumer})
