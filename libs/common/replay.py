"""Refill the stream from the outbox: the truth is in Postgres, the stream is only transport."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

from nats.js import JetStreamContext
from sqlalchemy import select

from libs.common.bus import HEADER_FOR, headers_of
from libs.common.db import Database
from libs.common.ids import floor_id, new_id
from libs.common.models import OutboxEvent

PAGE = 500


async def replay_events(
    db: Database, js: JetStreamContext, since: datetime, now: datetime, durables: list[str]
) -> AsyncIterator[int]:
    """Publish every event since then again, for the named durables; yields how many have gone so far.

    Message ids are fresh, so that the stream's duplicate window does not drop them; event ids are the old ones,
    so that consumers recognise what they have done.
    """
    last, sent = floor_id(since), 0
    while True:
        async with db.transaction() as session:
            query = select(OutboxEvent).where(OutboxEvent.id > last).order_by(OutboxEvent.id).limit(PAGE)
            rows = list(await session.scalars(query))
        if not rows:
            return
        for row in rows:
            headers = headers_of(row.id, row.subject, row.source, row.created_at, f"replay-{new_id(now)}")
            headers |= {"ce-replayed": "true", HEADER_FOR: ",".join(durables)}
            await js.publish(row.subject, json.dumps(row.payload, ensure_ascii=False).encode(), headers=headers)
        last, sent = rows[-1].id, sent + len(rows)
        yield sent
