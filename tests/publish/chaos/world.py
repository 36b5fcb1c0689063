"""One seed of the chaos: which channels, which faults, where the workers die, and what the ledger must say at the end.

A seed decides everything. What happens is told in `story`, so that a failing seed can be read without running it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from libs.common import models as m
from libs.common.jobs import JobContext
from services.publish import domain, jobs
from services.publish.adapters.base import Channel, Prepared
from tests.publish.conformance.case import ChannelCase, cases
from tests.publish.conformance.theatre import Theatre
from tests.publish.newsroom import API

STEPS = ("claimed", "staged", "kept", "allowed", "armed", "committed", "confirmed", "recorded", "looked", "deleted")
WIRE = ("asking", "asked", "printing", "printed")
SETTLED = ("published", "rejected", "manual", "withdrawn")
MOST_KILLS, MOST_ROUNDS = 4, 120
WRITES = ("executed_response_lost", "not_executed_timeout", "executed_twice_on_retry", "executed_twice", "http_status")
READS = ("executed_response_lost", "not_executed_timeout", "http_status", "throttle", "token_expired")
SERVER_ERRORS, REFUSALS = (500, 502, 503, 504), (400, 422)
RECONNECTED_AFTER = timedelta(minutes=20)
NEXT_FEW_SECONDS = timedelta(seconds=5)


class Killed(BaseException):
    """What a kill -9 is to the code: nothing catches it, nothing after it runs."""


@dataclass
class Fate:
    """Decides at every point whether the worker dies there, or stands still for a while and goes on much later.

    Every task draws from its own numbers, so that who comes first does not change what happens to it. A worker that
    died is dead with all its tasks: none of them gets past another point.
    """

    number: int
    random: Random
    points: Counter[str] = field(default_factory=Counter)
    stills: Counter[str] = field(default_factory=Counter)
    is_dead: bool = False
    standing: "asyncio.Event | None" = None
    """Of the task that stands still: set, and it goes on."""
    stood: asyncio.Event = field(default_factory=asyncio.Event)
    _drawn: dict[Any, Random] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = self.random.choice((0.0, 0.04, 0.12, 0.3))
        self.aimed = self.random.choice((*STEPS, *WIRE)) if self.random.random() < 0.5 else None
        self.still = self.random.choice((*STEPS, "asked")) if self.random.random() < 0.15 else None

    async def __call__(self, point: str) -> None:
        task = asyncio.current_task()
        drawn = self._drawn.setdefault(task, Random(f"{self.number}/{len(self._drawn)}"))
        if self.is_dead:
            raise Killed(point)
        if point == self.still and self.standing is None and not self.stills and drawn.random() < 0.7:
            await self._stand_still(point)
        elif self.points.total() < MOST_KILLS and drawn.random() < (0.6 if point == self.aimed else self.chance):
            self.points[point] += 1
            self.is_dead = True
            raise Killed(point)

    async def _stand_still(self, point: str) -> None:
        self.stills[point] += 1
        self.standing = asyncio.Event()
        self.stood.set()
        await self.standing.wait()


@dataclass
class Sent:
    """One delivery of the seed, with what is known of it from outside."""

    case: ChannelCase
    channel: m.Channel
    marker: str
    has_handle: bool
    """Whether the same sending again leaves one post, for a while at least."""
    faults: list[dict[str, Any]] = field(default_factory=list)

    @property
    def may_be_doubled(self) -> bool:
        """The platform was told to do it twice: that is its own doing, and ours is to notice."""
        return any(fault["kind"] == "executed_twice" for fault in self.faults)


@dataclass
class Seed:
    number: int
    theatre: Theatre
    story: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    held: dict[tuple[str, str], datetime] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    is_film: bool = False
    """What is shown is a video."""
    asleep: asyncio.Future[int] | None = None
    was_idle: bool = False
    twins: int = 0
    """Second posts of the platform's own making that were noticed."""
    kills: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many deliveries of a kind ended in a state."""

    def __post_init__(self) -> None:
        self.random = Random(self.number)
        self.fate = Fate(self.number, self.random)
        self.theatre.hook = self.fate
        withdraws = self.fate.aimed == "deleted" or self.random.random() < 0.2
        self.withdraws_at = self.random.randint(0, 4) if withdraws else None
        self.context = self._worker()

    # --- what is planned ---

    async def prepare(self) -> None:
        await self.theatre.reset()
        known = cases()
        kinds = self.random.sample(sorted(known), k=min(len(known), self.random.choice((1, 1, 2, 3))))
        marker = f"T{self.number:06d}"
        needs_film = any(known[kind].needs_video for kind in kinds) or self._chooses_film([known[k] for k in kinds])
        if needs_film:
            kinds = [kind for kind in kinds if known[kind].takes_videos or known[kind].platform is None]
        needs = any(known[kind].needs_image for kind in kinds) and not needs_film
        kinds = [kind for kind in kinds if not needs or known[kind].takes_images or known[kind].platform is None]
        takes = all(known[kind].takes_images for kind in kinds if known[kind].platform)
        shows = takes and (self.random.random() < 0.3 or needs)
        self.pictures = [await self.theatre.picture()] if shows and not needs_film else []
        self.is_film = needs_film
        if needs_film:
            self.pictures = [await self.theatre.film()]
        for kind in kinds:
            channel = await self.theatre.account(known[kind], self.number)
            handle = self.theatre.opened(channel).capabilities().repeatable_for is not None
            one = Sent(known[kind], channel, marker, handle)
            self.sent.append(one)
            await self._plan(one)
        title = f"Tin {marker}: điều chỉnh lộ trình xe buýt số {self.random.randint(1, 150)}"
        body = " ".join("Từ ngày 1/12, tuyến xe đi đường khác; vé tháng vẫn dùng được." for _ in range(3))
        self.publication = await self.theatre.newsroom.approved(
            *(one.channel for one in self.sent),
            title=title,
            summary="Vé tháng vẫn dùng được.",
            body=body,
            media_ids=self.pictures,
        )

    def _chooses_film(self, drawn: Sequence[ChannelCase]) -> bool:
        """Where every platform of the seed takes one."""
        platforms = [case for case in drawn if case.platform]
        return bool(platforms) and all(case.takes_videos for case in platforms) and self.random.random() < 0.5

    def _publishes(self, case: ChannelCase) -> tuple[str, ...]:
        if self.is_film and case.video_publishes:
            return case.video_publishes
        return case.image_publishes or case.publishes if self.pictures else case.publishes

    async def _plan(self, one: Sent) -> None:
        case = one.case
        if case.platform is None:
            return
        for _ in range(self.random.choice((0, 1, 1, 2))):
            one.faults.append(self._write_fault(case))
        for _ in range(self.random.choice((0, 1, 1) if self.pictures else (0, 0, 1))):
            one.faults.append(self._read_fault(case))
        for fault in one.faults:
            self.story.append(f"fault {fault}")
        if one.faults:
            answer = await self.theatre.control.post("/control/faults", json=one.faults)
            assert answer.is_success, answer.text
        if self.random.random() < 0.25:
            lag = {"seconds": self.random.choice((5, 30, 90, 120)), "mode": self.random.choice(_LAGS)}
            self.story.append(f"lag {case.platform} {lag}")
            await self.theatre.put("lag", platform=case.platform, **lag)

    def _write_fault(self, case: ChannelCase) -> dict[str, Any]:
        operation = self.random.choice(self._publishes(case))
        kind = self.random.choice((*WRITES, "throttle", "token_expired"))
        fault: dict[str, Any] = {"platform": case.platform, "operation": operation, "kind": kind}
        fault["after"] = self.random.choice((0, 0, 1))
        if kind == "http_status":
            if self.random.random() < 0.2:
                return {**fault, "status": self.random.choice(REFUSALS)}
            return {**fault, "status": self.random.choice(SERVER_ERRORS), "executed": self.random.random() < 0.5}
        return {**fault, "seconds": self.random.choice((5, 30, 120))} if kind == "throttle" else fault

    def _read_fault(self, case: ChannelCase) -> dict[str, Any]:
        operation = self.random.choice(case.uploads if self.pictures and case.uploads else (*case.reads, *case.logins))
        kind = self.random.choice(READS)
        fault = {"platform": case.platform, "operation": operation, "kind": kind, "times": self.random.choice((1, 2))}
        return {**fault, "after": self.random.choice((0, 0, 1, 2)), "seconds": 20, "status": 503}

    # --- what happens ---

    async def play(self) -> None:
        """Workers come and go, and time jumps to the next thing to do, until every delivery has come to an end."""
        for turn in range(MOST_ROUNDS):
            await self._withdraw_in(turn)
            done = [await self._run(job) for job in self.random.sample(_LOOPS, k=len(_LOOPS))]
            self.was_idle = not any(done)
            if self.random.random() < 0.3:
                await self._wake()
            self._note_held()
            await self._remove_by_hand()
            held = await self._deliveries()
            if all(d.state in SETTLED for d in held) and not (self.withdraws_at or 0) > turn:
                break
            await self._wait_for_next(held)
        else:
            held = await self._deliveries()
            raise AssertionError(
                self.told(f"did not come to an end: {[(d.state, d.not_before, d.error) for d in held]}")
            )
        await self._come_back_later()

    async def _run(self, job: Callable[[JobContext[Any]], Awaitable[int]]) -> int:
        """As the worker does, again and again while there is work; how often there was."""
        for times in range(20):
            before = asyncio.all_tasks()
            worker = asyncio.ensure_future(job(self.context))
            stood = asyncio.ensure_future(self.fate.stood.wait())
            await asyncio.wait({worker, stood}, return_when=asyncio.FIRST_COMPLETED)
            stood.cancel()
            if not worker.done():
                self.story.append(f"a worker stands still at {list(self.fate.stills)} in {job.__name__}")
                self.asleep, self.context = worker, self._worker()
                self.fate.stood.clear()
            elif not await self._ended(worker, job.__name__, before):
                return times
        return 20

    async def _ended(self, worker: asyncio.Future[int], what: str, before: set[asyncio.Task[Any]]) -> int:
        """How much it did; one that died is followed by a new one."""
        try:
            return await worker
        except Killed as death:
            self.story.append(f"killed at {death} in {what}")
            left = {task for task in asyncio.all_tasks() - before if task is not self.asleep}
            if left:
                await asyncio.wait(left, timeout=5)
            self.fate.is_dead = False
            self.context = self._worker()
            return 1

    async def _wake(self) -> None:
        """The one that stood still goes on, and does not know how late it is."""
        if self.asleep is not None and self.fate.standing is not None:
            self.fate.standing.set()
            worker, self.asleep = self.asleep, None
            self.story.append("the worker that stood still goes on")
            await self._ended(worker, "its sleep", asyncio.all_tasks())

    def _worker(self) -> JobContext[Any]:
        room = self.theatre.newsroom
        return JobContext(room.worker_db, room.clock, self.theatre.resources(), asyncio.Event())

    async def _withdraw_in(self, turn: int) -> None:
        if turn == self.withdraws_at:
            room = self.theatre.newsroom
            answer = await room.act("withdraw", self.publication, room.speaker, reason="Sai thông tin")
            self.story.append(f"withdrawn: {answer.status_code}")

    async def _remove_by_hand(self) -> None:
        """Where only people may delete, one does, and says so with the address."""
        for delivery in await self._deliveries():
            if delivery.state != "withdrawing" or delivery.not_before < domain.NEVER:
                continue
            case = next(one.case for one in self.sent if one.channel.id == delivery.channel_id)
            await self.theatre.post(f"{case.platform}/remove", post=delivery.platform_id)
            async with self.theatre.newsroom.db.transaction() as session:
                query = select(m.Task.id).where(m.Task.kind == "takedown_failed", m.Task.delivery_id == delivery.id)
                task = await session.scalar(query)
            room = self.theatre.newsroom
            told = {"outcome": "removed", "evidence_url": delivery.platform_url}
            done = await room.client.post(f"{API}/tasks/{task}/done", json=told, headers=room.speaker)
            self.story.append(f"removed by hand: {done.status_code}")

    async def _wait_for_next(self, held: Sequence[m.Delivery]) -> None:
        """Jump to when the next of them can be worked on; whoever waits for a person gets one."""
        now, times, closed = self.theatre.newsroom.clock.now(), [], await self._closed_channels()
        for delivery in held:
            match delivery.state:
                case "pending" | "throttled" if delivery.channel_id in closed:
                    times.append(now + RECONNECTED_AFTER)
                case "prepared" | "armed":
                    times.append(delivery.updated_at + domain.STEP_LEASE)
                case "auth_required":
                    times.append(now + RECONNECTED_AFTER)
                case state if state not in SETTLED:
                    times.append(delivery.not_before)
        later = [at for at in times if at > now]
        waits = self.was_idle or not any(at <= now for at in times)
        step = min(later) - now if later and waits else NEXT_FEW_SECONDS
        self.theatre.advance(step + timedelta(seconds=self.random.choice((0, 0, 1, 7))))
        if step == RECONNECTED_AFTER:
            for one in self.sent:
                await self.theatre.reconnect(one.channel)
            self.story.append("reconnected")
        await self._arrive_late()

    async def _closed_channels(self) -> set[UUID]:
        """Those that a person has to connect again."""
        async with self.theatre.newsroom.db.transaction() as session:
            return set(await session.scalars(select(m.Channel.id).where(m.Channel.state == "needs_reconnect")))

    async def _arrive_late(self) -> None:
        """A request whose sender has gone may be done by itself within a minute, or when the next of its kind comes."""
        world = self.theatre.app.state.world
        now = world.clock.now()
        for key, since in list(self.held.items()):
            if now - since > timedelta(minutes=1) or self.random.random() < 0.5:
                del self.held[key]
                if now - since <= timedelta(minutes=1):
                    self.story.append(f"what was held of {key} is done")
                    await self.theatre.do_held(*key)

    def _note_held(self) -> None:
        for one in self.sent:
            for operation in self._publishes(one.case):
                if one.case.platform and self.theatre.holds(one.case.platform, operation):
                    self.held.setdefault((one.case.platform, operation), self.theatre.newsroom.clock.now())

    async def _come_back_later(self) -> None:
        """What is out is looked at once more."""
        self.fate.chance, self.fate.aimed, self.fate.still = 0.0, None, None
        await self._wake()
        await self.theatre.control.delete("/control/faults")
        for wait in (timedelta(minutes=4), timedelta(minutes=70)):
            self.theatre.advance(wait)
            for job in (*_LOOPS, jobs.look_again):
                await self._run(job)

    async def _deliveries(self) -> Sequence[m.Delivery]:
        async with self.theatre.newsroom.db.transaction() as session:
            query = select(m.Delivery).where(m.Delivery.publication_id == UUID(self.publication["id"]))
            return (await session.scalars(query)).all()

    async def payload_of(self, one: Sent) -> dict[str, Any]:
        [mine] = [delivery for delivery in await self._deliveries() if delivery.channel_id == one.channel.id]
        return mine.handle

    async def staged(self, adapter: Channel, prepared: Prepared) -> Prepared:
        ready = await adapter.stage(prepared)
        assert isinstance(ready, Prepared), ready
        return ready

    async def _tasks(self, delivery_id: UUID) -> set[str]:
        async with self.theatre.newsroom.db.transaction() as session:
            return set(await session.scalars(select(m.Task.kind).where(m.Task.delivery_id == delivery_id)))

    # --- what must be so ---

    async def verify(self) -> None:
        by_channel = {delivery.channel_id: delivery for delivery in await self._deliveries()}
        for one in self.sent:
            delivery = by_channel.get(one.channel.id)
            assert delivery is not None, self.told("a delivery is gone")
            await self._verify(one, delivery)
            self.ends[one.case.kind, delivery.state] += 1
        self.kills = self.fate.points

    async def _verify(self, one: Sent, delivery: m.Delivery) -> None:
        standing = await self.theatre.posts(one.case, one.marker)
        tasks = await self._tasks(delivery.id)
        what = f"{one.case.kind} {delivery.state}: {len(standing)} posts, tasks {sorted(tasks)}, {delivery.error}"
        self.story.append(what)
        twins = one.may_be_doubled and one.case.sees_twins
        self.twins += "duplicate_post" in tasks
        match delivery.state:
            case "published" if len(standing) > 1:
                assert one.may_be_doubled, self.told(f"posted more than once: {what}")
                assert "duplicate_post" in tasks or not one.case.sees_twins, self.told(f"a twin not noticed: {what}")
            case "published":
                assert len(standing) == 1, self.told(f"published and not there: {what}")
                assert delivery.proof, self.told(f"published without proof: {what}")
            case "manual":
                assert len(standing) <= (2 if one.may_be_doubled else 1), self.told(what)
                assert tasks, self.told(f"nobody was told: {what}")
            case "rejected":
                assert not standing, self.told(f"rejected and there: {what}")
            case "withdrawn":
                assert len(standing) <= (1 if one.may_be_doubled else 0), self.told(f"withdrawn and there: {what}")
                assert not standing or not twins or "duplicate_post" in tasks, self.told(f"a twin stands: {what}")
            case other:
                raise AssertionError(self.told(f"not at an end: {other}"))

    def told(self, what: str) -> str:
        how = f"LANTOA_CHAOS_SEED={self.number} python -m pytest tests/publish/chaos/test_chaos.py"
        return "\n".join([f"seed {self.number}: {what}", *self.story, how])


_LAGS = ("steady", "missed_once", "out_of_order")
_LOOPS = (jobs.deliver_due, jobs.look_for_open, jobs.take_down)
