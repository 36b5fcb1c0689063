"""Real workers, really killed: kill -9 while a sending is under way, again and again, on a sandbox behind sockets.

Then a worker comes after the leases have run out (both clocks are moved, nobody waits), and the ledger is read.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.auth.dev import DEV_ISSUER, ensure_keys
from libs.common.settings import NatsSettings
from libs.common.testing.make import Make
from services.publish import domain, jobs, queries
from tests.publish.conformance.case import KINDS, ChannelCase, case_of
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import KEY, Newsroom
from tests.publish.stage import Stage

log = logging.getLogger("lantoa.test")
KILLS = int(os.environ.get("LANTOA_CHAOS_KILLS", "50"))
UNDER_WAY = ("prepared", "armed")
SETTLED = ("published", "rejected", "manual", "withdrawn")
SLOW = 0.15
"""Seconds that a platform takes for a post: there is time to die in between."""


@dataclass
class Field:
    """Where workers are killed: a publication, an account on each platform for it, and one worker at a time."""

    newsroom: Newsroom
    stage: Stage
    make: Make
    environment: dict[str, str]
    random: Random
    worker: subprocess.Popen[bytes] | None = None
    died_in: Counter[str] = field(default_factory=Counter)
    sent: dict[UUID, tuple[ChannelCase, str]] = field(default_factory=dict)
    """Of each channel: what it is, and what its only publication is called."""

    def start(self) -> None:
        argv = [sys.executable, "-m", "libs.common.worker", "services.publish.main"]
        self.worker = subprocess.Popen(argv, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.worker is not None:
            with suppress(ProcessLookupError):
                os.kill(self.worker.pid, signal.SIGKILL)
            assert self.worker.wait(10) == -signal.SIGKILL, "it ended by itself"

    async def publish(self, number: int) -> None:
        """On a bulletin and on accounts of its own, so that no lease of an earlier one holds it up."""
        marker, kinds = f"K{number:04d}", [kind for kind in KINDS if _takes_words(case_of(kind))]
        chosen = ["own_site", *self.random.sample(kinds, k=2)]
        channels = [await self._account(case_of(kind), number, marker) for kind in chosen]
        await self.newsroom.approved(*channels, title=f"Tin {marker}: việc trong ngày")

    async def _account(self, case: ChannelCase, number: int, marker: str) -> m.Channel:
        seat = case.seat(number, self.stage.url)
        answer = await self.stage.put("/control/accounts", **seat.control) if seat.control else {}
        channel = await self.make.channel(case.kind, address=seat.address, settings=seat.told(answer))
        vault, now = self.newsroom.resources.vault, self.newsroom.clock.now()
        assert vault is not None
        if seat.secret:
            async with self.newsroom.worker_db.transaction() as session:
                await queries.store_credentials(session, channel.id, vault.seal(channel.id, seat.secret), now)
        self.sent[channel.id] = (case, marker)
        return channel

    async def strike(self) -> None:
        """Dead within a moment of being seen at work: mostly while a platform is being asked."""
        wanted = self.random.choice((("prepared",), ("armed",), ("armed",)))
        end = asyncio.get_running_loop().time() + 60
        while not (seen := [d.id for d in await self.deliveries() if d.state in wanted and self._is_fresh(d)]):
            assert asyncio.get_running_loop().time() < end, "no worker took anything"
            await asyncio.sleep(0.005)
        await asyncio.sleep(self.random.uniform(0, 1.5 * SLOW))
        self.kill()
        self.died_in.update(d.state for d in await self.deliveries() if d.id in seen)

    def _is_fresh(self, delivery: m.Delivery) -> bool:
        """Of a platform, and not left behind by one that was killed before."""
        case, _ = self.sent[delivery.channel_id]
        return case.platform is not None and datetime.now(UTC) - delivery.updated_at < timedelta(seconds=2)

    async def deliveries(self) -> Sequence[m.Delivery]:
        async with self.newsroom.db.transaction() as session:
            return (await session.scalars(select(m.Delivery).where(m.Delivery.channel_id.in_(self.sent)))).all()

    async def recover(self) -> None:
        """A worker after the leases: time jumps from one thing that can be done to the next."""
        clock, context = self.newsroom.clock, self.newsroom.context
        await self._move(datetime.now(UTC) + domain.STEP_LEASE - clock.now())
        for _ in range(200):
            done = [await job(context) for job in (jobs.deliver_due, jobs.look_for_open, jobs.take_down)]
            left = [d for d in await self.deliveries() if d.state not in SETTLED]
            if not left:
                return
            if not any(done):
                leased = {d.updated_at + domain.STEP_LEASE for d in left if d.state in UNDER_WAY}
                later = [at for at in (*leased, *(d.not_before for d in left)) if at > clock.now()]
                await self._move(min(later, default=clock.now()) - clock.now() + timedelta(seconds=1))
        raise AssertionError([(self.sent[d.channel_id][0].kind, d.state, d.error) for d in left])

    async def _move(self, step: timedelta) -> None:
        self.newsroom.clock.advance(step)
        await self.stage.post("/control/clock/advance", seconds=step.total_seconds())

    async def standing(self) -> Counter[tuple[str, str]]:
        """How often each publication stands on each platform, and on the bulletin."""
        found = Counter((post["platform"], post["text"].partition("Tin ")[2][:5]) for post in await self.stage.posts())
        pages = (self.newsroom.resources.files.root / "bulletin" / "tin").glob("*.html")
        found.update(("own_site", page.stem.split("-")[1].upper()) for page in pages)
        return found


@pytest.fixture
async def battlefield(
    newsroom: Newsroom,
    stage: Stage,
    make: Make,
    postgres: Any,
    database: str,
    nats_settings: NatsSettings,
    issuer: Path,
) -> Any:
    newsroom.clock.advance(datetime.now(UTC) - newsroom.clock.now())
    await sign_in_for_long(newsroom, make, issuer)
    await stage.post("/control/reset", at=newsroom.clock.now().isoformat())
    assert nats_settings.token is not None
    environment = {
        **os.environ,
        "LANTOA_DB__URL": postgres.url(database, "lantoa_publish"),
        "LANTOA_NATS__URL": nats_settings.url,
        "LANTOA_NATS__TOKEN": nats_settings.token.get_secret_value(),
        "LANTOA_AUTH__ISSUER": DEV_ISSUER,
        "LANTOA_AUTH__JWKS_FILE": str(ensure_keys(issuer)),
        "LANTOA_FILES__ROOT": str(newsroom.resources.files.root),
        "LANTOA_PUBLIC_URL": "https://tin.example.vn",
        "LANTOA_PUBLISH__CREDENTIALS_KEY": KEY,
    }
    made = Field(newsroom, stage, make, environment, Random(3550))
    yield made
    if made.worker is not None:
        made.worker.kill()
        made.worker.wait()


def _takes_words(case: ChannelCase) -> bool:
    """A platform of the sandbox that takes what these senders carry: words alone."""
    return case.platform is not None and not case.needs_image and not case.needs_video


@pytest.mark.slow
@pytest.mark.mission("M18")
@pytest.mark.mission("M29")
@pytest.mark.timeout(1500)
async def test_workers_killed_at_work_leave_one_post_of_each(battlefield: Field) -> None:
    slow = [(case_of(kind).platform, op) for kind in KINDS for op in case_of(kind).publishes]
    plan = [
        {"platform": platform, "operation": operation, "kind": "latency", "seconds": SLOW, "times": 10_000}
        for platform, operation in slow
    ]
    assert (await battlefield.stage.http.post("/control/faults", json=plan)).is_success
    for number in range(KILLS):
        battlefield.start()
        await battlefield.publish(number)
        await battlefield.strike()
    await battlefield.stage.http.delete("/control/faults")
    await battlefield.recover()
    await _hold_against_the_ledger(battlefield)
    assert battlefield.died_in["armed"] >= KILLS // 10, "killed, but hardly ever in the middle of a sending"


async def _hold_against_the_ledger(battlefield: Field) -> None:
    standing, ends = await battlefield.standing(), Counter[tuple[str, str]]()
    for delivery in await battlefield.deliveries():
        case, marker = battlefield.sent[delivery.channel_id]
        posts = standing[case.platform or case.kind, marker]
        ends[case.kind, delivery.state] += 1
        told = f"{marker} on {case.kind}: {delivery.state}, {posts} posts, {delivery.error}"
        if delivery.state == "published":
            assert posts == 1, told
        else:
            assert delivery.state == "manual", told
            assert posts <= 1, told
            assert (
                battlefield.newsroom.resources.open(
                    m.Channel(id=delivery.channel_id, kind=case.kind, settings=case.seat(1, "").settings)
                )
                .capabilities()
                .repeatable_for
                is None
            ), told
    log.info("%d kills, under way: %s; ends: %s", KILLS, dict(battlefield.died_in), dict(ends))
