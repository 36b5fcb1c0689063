"""Many publications due at once on many channels: the order of each channel, every cap, and what is urgent first.

Both clocks stand still and are moved together, so that minutes of waiting cost none. The sandbox counts by itself:
had it ever to refuse, it would have answered 429.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from libs.common import models as m
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import delivery_queries, jobs
from tests.publish.conformance.case import KINDS, case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

FEW, MANY = ("own_site", "telegram", "mastodon"), ("own_site", *(("bluesky", "mastodon", "telegram") * 3))
POSTING = [
    kind for kind in KINDS if case_of(kind).platform and not case_of(kind).needs_image and not case_of(kind).needs_video
]
WIDE = ("own_site", *(POSTING * 49)[:49])
"""Fifty channels, of every kind in turn that takes words alone."""
URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}
OPEN = ("pending", "prepared", "armed", "accepted", "unknown", "throttled")
PER_SECOND, PER_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MASTODON_WINDOW, MASTODON_REQUESTS = timedelta(minutes=5), 300


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@dataclass
class Rush:
    """Publications that are all due at one instant, and a worker whose clock the test moves."""

    theatre: Theatre
    channels: Sequence[m.Channel]
    due: datetime

    async def write(self, count: int) -> None:
        """A second apart, so that the order in which they were approved is known."""
        for n in range(count):
            self.theatre.advance(timedelta(seconds=1))
            await self.theatre.newsroom.approved(
                *self.channels, title=f"Tin N{n:03d}: việc trong ngày", scheduled_at=self.due.isoformat()
            )

    async def cry_out(self, officers: Officers) -> datetime:
        """Something urgent, released by two on duty; when that was."""
        room = self.theatre.newsroom
        author, other = await officers.on_duty(Role.EDITOR), await officers.on_duty()
        ids = [str(channel.id) for channel in self.channels]
        body = {"title": "Sơ tán vùng trũng KHAN-CAP", "body": "Rời vùng trũng.", "channel_ids": ids, **URGENT}
        made = await room.client.post(f"{API}/publications", json=body, headers=author.headers)
        assert made.status_code == 201, made.text
        await room.act("submit", made.json(), author.headers)
        for who in (author, other):
            done = await room.act("approve", made.json(), who.headers, content_hash=made.json()["content_hash"])
            assert done.status_code == 200, done.text
        return room.clock.now()

    async def work(self, until_left: int) -> None:
        """Until no more deliveries than that are open; time jumps to the next thing to do."""
        room = self.theatre.newsroom
        context = JobContext(room.worker_db, room.clock, self.theatre.resources(), asyncio.Event())
        while await self._left() > until_left:
            done = await jobs.deliver_due(context) + await jobs.look_for_open(context)
            if not done:
                self.theatre.advance(await self._next())

    async def _left(self) -> int:
        async with self.theatre.newsroom.db.transaction() as session:
            query = select(func.count()).select_from(m.Delivery).where(m.Delivery.state.in_(OPEN))
            return int(await session.scalar(query) or 0)

    async def _next(self) -> timedelta:
        now = self.theatre.newsroom.clock.now()
        async with self.theatre.newsroom.db.transaction() as session:
            query = select(func.min(m.Delivery.not_before)).where(
                m.Delivery.state.in_(OPEN), m.Delivery.not_before > now
            )
            soonest = await session.scalar(query)
        assert soonest is not None, "nothing is left to wait for, and something is open"
        return max(soonest - now, timedelta(milliseconds=1))


@dataclass(frozen=True)
class Post:
    at: datetime
    text: str

    @property
    def is_urgent(self) -> bool:
        return "KHAN-CAP" in self.text

    @property
    def number(self) -> int:
        return int(self.text.partition("Tin N")[2][:3])


async def on_platforms(theatre: Theatre) -> dict[str, list[Post]]:
    """What each account posted, in the order of the ledger."""
    read = await theatre.control.get("/control/ledger")
    found: dict[str, list[Post]] = defaultdict(list)
    for post in reversed(read.json()["posts"]):
        at = datetime.fromisoformat(post["at"])
        found[f"{post['platform']} {post['account']}"].append(Post(at, post["text"]))
    return {who: sorted(posts, key=lambda post: post.at) for who, posts in found.items()}


async def on_bulletin(theatre: Theatre, channel_id: UUID) -> list[Post]:
    """In the order of printing: several pages have the same instant where the clock stands still."""
    async with theatre.newsroom.db.transaction() as session:
        query = select(m.Delivery).where(m.Delivery.channel_id == channel_id)
        payloads = {d.handle["payload"]["slug"]: d for d in await session.scalars(query)}
    rows = [payloads[slug] for slug in theatre.printed]
    return [Post(d.committed_at or d.updated_at, d.handle["payload"]["title"]) for d in rows]


def most_within(times: Iterable[datetime], window: timedelta) -> int:
    """The most of them in any window of this length, wherever it begins."""
    ordered = sorted(times)
    return max((sum(1 for at in ordered[i:] if at - first < window) for i, first in enumerate(ordered)), default=0)


@pytest.mark.mission("M29")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        pytest.param(FEW, 24, id="few"),
        pytest.param(MANY, 100, id="many", marks=pytest.mark.slow),
        pytest.param(WIDE, 20, id="wide", marks=pytest.mark.slow),
    ],
)
async def test_due_at_once_each_channel_keeps_its_order_and_every_cap(
    theatre: Theatre, officers: Officers, kinds: tuple[str, ...], count: int
) -> None:
    channels = [await theatre.account(case_of(kind), next_number()) for kind in kinds]
    due = theatre.newsroom.clock.now() + timedelta(hours=1)
    rush = Rush(theatre, channels, due)
    await rush.write(count)
    theatre.advance(due - theatre.newsroom.clock.now())
    await rush.work(until_left=len(kinds) * count // 5)
    cried = await rush.cry_out(officers)
    await rush.work(until_left=0)

    posted: dict[str, list[Post]] = await on_platforms(theatre)
    posted["bulletin"] = await on_bulletin(theatre, channels[0].id)
    assert len(posted) == len(kinds)
    for who, posts in posted.items():
        plain = [post.number for post in posts if not post.is_urgent]
        assert plain == list(range(count)), f"{who}: another order, or not each once"
        _require_urgent_first(who, posts, cried)
        if who.startswith("telegram"):
            assert most_within([post.at for post in posts], PER_SECOND) <= 1, who
            assert most_within([post.at for post in posts], PER_MINUTE) <= 20, who
    assert any(post.at > cried for posts in posted.values() for post in posts if not post.is_urgent)
    await _require_never_refused(theatre)


def _require_urgent_first(who: str, posts: Sequence[Post], cried: datetime) -> None:
    """Out within seconds, and nothing else of that channel between the cry and it."""
    [urgent] = [post for post in posts if post.is_urgent]
    between = [post for post in posts if cried < post.at < urgent.at]
    assert not between, f"{who}: {len(between)} went before what is urgent"
    assert urgent.at - cried <= timedelta(seconds=10), who


async def _require_never_refused(theatre: Theatre) -> None:
    """No platform ever had to say "slower", by whichever status or code it says so."""
    assert not [one for one in theatre.heard if one.status == 429]
    async with theatre.newsroom.db.transaction() as session:
        assert not list(await session.scalars(select(m.ChannelLimit.channel_id).where(m.ChannelLimit.name == "*")))
    spent: dict[Any, int] = defaultdict(int)
    for one in theatre.heard:
        if one.path.startswith("/mastodon"):
            window = int(one.at.timestamp()) // int(MASTODON_WINDOW.total_seconds())
            spent[one.who, window] += 1
    assert max(spent.values(), default=0) <= MASTODON_REQUESTS


async def test_after_a_long_wait_a_channel_still_sends_one_at_a_time_and_in_order(theatre: Theatre) -> None:
    """Workers that were all away for longer than order is kept behind what does not get through."""
    channel = await theatre.account(case_of("telegram"), next_number())
    rush = Rush(theatre, [channel], theatre.newsroom.clock.now() + timedelta(minutes=1))
    await rush.write(4)
    theatre.advance(timedelta(hours=2))
    async with theatre.newsroom.worker_db.transaction() as session:
        claimed = await delivery_queries.claim_due(session, theatre.newsroom.clock.now())
        assert [delivery.handle["text"].partition("Tin N")[2][:3] for delivery in claimed] == ["000"]
    theatre.advance(timedelta(minutes=2))
    await rush.work(until_left=0)
    [posts] = (await on_platforms(theatre)).values()
    assert [post.number for post in posts] == [0, 1, 2, 3]
