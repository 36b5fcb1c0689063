"""Refill the stream from the outbox: the truth is in Postgres, the stream is only transport."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from nats.js import JetStreamContext
from sqlalchemy import Row

from libs.common.bus import HEADER_FOR, HEADER_REPLAYED, Outgoing, headers_of, publish_batch, replay_subject
from libs.common.db import Database
from libs.common.ids import floor_id, new_id
from libs.common.outbox import list_since

PAGE = 500
PATIENCE = 60
"""Seconds to wait for a stream that does not take what is sent (full, or its server away)."""


class ReplayStuck(RuntimeError):
    """The stream does not take the events; says how far the replay came."""


async def replay_events(
    db: Database,
    js: JetStreamContext,
    since: datetime,
    now: datetime,
    durables: Sequence[str] = (),
    *,
    patience: int = PATIENCE,
) -> AsyncIterator[int]:
    """Publish every event since then again; yields how many have gone so far.

    For the named durables, or without names for every consumer of our own, also one that is not running now; outside
    subscribers never see it. Message ids are fresh, so that the stream's duplicate window does not drop them; event ids
    are the old ones, so that consumers recognise what they have done.
    """
    last, sent = floor_id(since), 0
    while True:
        async with db.transaction() as session:
            rows = await list_since(session, last, PAGE)
        if not rows:
            return
        await _publish_all(js, [_message(row, now, durables) for row in rows], sent, patience)
        last, sent = rows[-1].id, sent + len(rows)
        yield sent


def _message(row: Row[Any], now: datetime, durables: Sequence[str]) -> Outgoing:
    headers = headers_of(row.id, row.subject, row.source, row.created_at, f"replay-{new_id(now)}")
    headers |= {HEADER_REPLAYED: "true"} | ({HEADER_FOR: ",".join(durables)} if durables else {})
    return Outgoing(replay_subject(row.subject), row.payload.encode(), headers)


async def _publish_all(js: JetStreamContext, messages: list[Outgoing], sent: int, patience: int) -> None:
    while True:
        outcomes = await publish_batch(js, messages)
        refused = [(m, o) for m, o in zip(messages, outcomes, strict=True) if isinstance(o, Exception)]
        if not refused:
            return
        if patience <= 0:
            raise ReplayStuck(f"{sent} events replayed, then the stream took no more: {refused[0][1]}")
        patience -= 1
        await asyncio.sleep(1)
        messages = [message for message, _ in refused]
