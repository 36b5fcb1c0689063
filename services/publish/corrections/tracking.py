"""Where a correction has to be and is: open while one channel misses it, with a task where it cannot be sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import TaskOutcome
from services.publish import queries as base
from services.publish import takedown_queries
from services.publish.corrections import queries, rules
from services.publish.corrections.queries import ELSEWHERE, TRACKED, Carrier
from services.publish.corrections.rules import Median, Timing
from services.publish.service.tasks import add_publication_task

PUT_THERE = "Bản cải chính không tự đến được kênh “{name}”: hãy đăng bằng tay ở đó và gửi địa chỉ bài"
MOST_MEASURED = 500


@dataclass(frozen=True)
class Tracked:
    correction: m.Correction
    publication: m.Publication
    carriers: list[Carrier]
    timing: Timing

    @property
    def is_open(self) -> bool:
        """Released, not followed yet, and missing somewhere."""
        return self.publication.state in TRACKED and any(each.carried_at is None for each in self.carriers)


@dataclass(frozen=True)
class Measured:
    """Of the corrections that began a chain since then; medians in seconds since the claim was first seen."""

    since: datetime
    as_of: datetime
    corrections: int
    to_approved: Median
    to_first_channel: Median
    to_all_channels: Median


async def on_release(session: AsyncSession, publication: m.Publication, by: UUID, now: datetime) -> None:
    """Whoever has to put it by hand where it was not sent is asked now; what it follows is not asked for any more."""
    targets = await queries.targets_of(session, publication.id)
    if not targets:
        return
    if publication.corrects_id is not None:
        before = publication.corrects_id
        await takedown_queries.finish_tasks_of(session, before, ELSEWHERE, TaskOutcome.DONE, by, now)
    await session.flush()
    sent = {delivery.channel_id for delivery in await base.deliveries_of(session, publication.id)}
    left_out = sent | await queries.covered_by_hand(session, publication)
    channels = await base.channels_by_id(session, [target.channel_id for target in targets])
    for target in targets:
        if target.channel_id not in left_out and target.task_id is None:
            title = PUT_THERE.format(name=channels[target.channel_id].name)
            target.task_id = await add_publication_task(session, ELSEWHERE, publication, title, now)
    await session.flush()


async def tracked(session: AsyncSession, rows: Sequence[tuple[m.Correction, m.Publication]]) -> list[Tracked]:
    """In the order given."""
    ids = [correction.publication_id for correction, _ in rows]
    carriers = await queries.carriers_of(session, ids)
    approved = await queries.approved_at_of(session, ids)
    return [
        Tracked(
            correction,
            publication,
            carriers[publication.id],
            rules.timing(
                correction.first_seen_at,
                correction.created_at,
                approved.get(publication.id),
                [each.carried_at for each in carriers[publication.id]],
            ),
        )
        for correction, publication in rows
    ]


async def measure(session: AsyncSession, units: Iterable[UUID], since: datetime, now: datetime) -> Measured:
    found = await tracked(session, await queries.list_alerts(session, units, since, MOST_MEASURED))
    times = [one.timing for one in found]
    return Measured(
        since,
        now,
        len(times),
        rules.median_of(t.since_seen(t.approved_at) for t in times),
        rules.median_of(t.since_seen(t.first_channel_at) for t in times),
        rules.median_of(t.since_seen(t.all_channels_at) for t in times),
    )
