"""Issues of a list: closed at their time (urgent ones at once) with a letter for each reader, and finished.

Guarantees: an issue takes only what was seen to be published and is not paused; an item is in one issue; an issue has
one letter for each reader who had confirmed when it closed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.readers import SendState
from services.publish import queries as channels
from services.publish.readers import letters, queries, rules
from services.publish.readers.letters import Issue, Sender
from services.publish.service.tasks import open_channel_task

UNSETTLED, STUCK = "letters_unsettled", "letters_stuck"
TRIES_BEFORE_TASK = 3
"""With the pauses between them some four hours."""


async def close_issue(
    session: AsyncSession, channel_id: UUID, sender: Sender, now: datetime, *, urgent: bool
) -> m.Digest | None:
    """The next issue of the list with what waits for it; None where nothing does, or somebody else is at it."""
    channel = await queries.lock_list(session, channel_id)
    if channel is None:
        return None
    slot = rules.Timetable.of(channel.settings).last(now)
    ready = await queries.lock_ready(session, channel_id, slot, rules.MOST_ITEMS, urgent=urgent)
    if not ready:
        return None
    digest = m.Digest(
        id=new_id(now),
        channel_id=channel_id,
        number=await queries.next_number(session, channel_id),
        is_urgent=urgent,
        closed_at=now,
    )
    session.add(digest)
    await session.flush()
    for item in _that_fit(ready, channel, digest, sender):
        item.digest_id = digest.id
    await session.flush()
    await queries.add_sends(session, _sends(digest, await queries.readers_of(session, channel_id), sender))
    return digest


def _that_fit(
    ready: Sequence[m.DigestItem], channel: m.Channel, digest: m.Digest, sender: Sender
) -> list[m.DigestItem]:
    """The first of them that stay under the size at which mailboxes cut; the others wait for the issue after it."""
    kept = list(ready)
    while len(kept) > 1:
        rows = [{"delivery_id": one.delivery_id, "kind": one.kind, "payload": one.payload} for one in kept]
        if letters.fits(issue_of(channel, digest, rows), sender):
            break
        kept.pop()
    return kept


def issue_of(channel: m.Channel, digest: m.Digest, rows: Sequence[dict[str, Any]]) -> Issue:
    name = str(channel.settings["list"])
    told = letters.told(rows)
    return Issue(channel.name, name, digest.number, digest.closed_at, digest.is_urgent, told)


def _sends(digest: m.Digest, readers: Sequence[rules.Due], sender: Sender) -> list[dict[str, Any]]:
    """One provider's letters are spread over minutes from the start."""
    places: dict[bytes, int] = {}
    rows = []
    for reader in readers:
        place = places[reader.domain] = places.get(reader.domain, -1) + 1
        after = timedelta(minutes=place // sender.settings.per_domain)
        rows.append(
            {
                "id": letters.send_id(digest.id, reader.id),
                "digest_id": digest.id,
                "subscription_id": reader.id,
                "state": SendState.QUEUED,
                "not_before": digest.closed_at + after,
                "updated_at": digest.closed_at,
            }
        )
    return rows


async def finish_issues(session: AsyncSession, now: datetime) -> int:
    """Issues whose last letter is settled; what is unclear or was refused becomes one task for each list, in total."""
    finished = await queries.lock_finished(session)
    counted = await queries.totals(session, [digest.id for digest in finished])
    for digest in finished:
        digest.finished_at = now
        await _tell(session, digest, counted.get(digest.id, {}), now)
    return len(finished)


async def _tell(session: AsyncSession, digest: m.Digest, counted: dict[str, int], now: datetime) -> None:
    unclear, refused = counted.get(SendState.UNCLEAR, 0), counted.get(SendState.REFUSED, 0)
    if not unclear and not refused:
        return
    channel = await channels.get_channel(session, digest.channel_id)
    assert channel is not None
    parts = [
        f"{unclear} thư không rõ đã tới chưa (mất trả lời của máy chủ thư)" if unclear else "",
        f"{refused} thư bị từ chối" if refused else "",
    ]
    what = " và ".join(filter(None, parts))
    title = f"“{channel.name}” số {digest.number}: {what}; Lan Tỏa không tự gửi lại"
    await open_channel_task(session, UNSETTLED, channel, title, now)


async def tell_stuck(session: AsyncSession, now: datetime) -> None:
    """Letters that no server takes for hours: somebody looks at the mail server before the three days are over."""
    for digest, count in await queries.stuck(session, TRIES_BEFORE_TASK):
        channel = await channels.get_channel(session, digest.channel_id)
        assert channel is not None
        title = (
            f"“{channel.name}” số {digest.number}: {count} thư thử nhiều lần vẫn chưa giao được; xem lại máy chủ thư"
        )
        await open_channel_task(session, STUCK, channel, title, now)
