"""Real processes killed with SIGKILL, at random times and at every fixed point, while events are emitted."""

import asyncio
import logging
import signal
from pathlib import Path
from random import Random

import pytest

from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.fleet import RELAY, STAGED, Emitter, Fleet, Member, environment, verify

log = logging.getLogger("lantoa.test")
RANDOM_KILLS = 40


@pytest.mark.slow
@pytest.mark.mission("M39")
@pytest.mark.parametrize("seed", [3550])
async def test_killed_at_random_under_load(
    seed: int, postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    await stage.prepare(db_as("owner"))
    random = Random(seed)
    relay = environment(postgres, database, "relay", nats_settings, tmp_path)
    service = environment(postgres, database, stage.SERVICE, nats_settings, tmp_path)
    members = [Member(f"relay-{n}", [RELAY], relay, tmp_path / f"relay-{n}.log") for n in (1, 2)]
    members += [
        Member("batches", [STAGED, "consumer"], service, tmp_path / "batches.log"),
        Member("singles", [STAGED, "consumer"], {**service, "STAGE_BATCH": "1"}, tmp_path / "singles.log"),
    ]
    emitter = Emitter(db_as("ingest"), random)
    async with Fleet(members) as fleet, stage.connected(nats_settings) as client:
        load = asyncio.create_task(emitter.run())
        await stage.until(lambda: _any_applied(db_as), 20)
        await fleet.kill_at_random(random, RANDOM_KILLS, (0.3, 1.5))
        await emitter.stop(load)
        events = await verify(db_as("owner"), emitter)
        await stage.until_settled(client.jetstream(), f"{stage.SERVICE}-stage-happened", 30)
        await fleet.stop()
        assert await verify(db_as("owner"), emitter, 1) == events
    log.info("seed %d: %d events, %d kills, ends %s", seed, events, fleet.kills, fleet.ends)
    assert fleet.kills == RANDOM_KILLS
    assert all(set(member.ends) <= {0, -signal.SIGKILL, -signal.SIGTERM} for member in members)


@pytest.mark.slow
@pytest.mark.mission("M39")
async def test_killed_at_every_point_under_load(
    postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    """For each point a process that dies there each time it comes to it, beside one that lives."""
    await stage.prepare(db_as("owner"))
    relay = environment(postgres, database, "relay", nats_settings, tmp_path)
    service = environment(postgres, database, stage.SERVICE, nats_settings, tmp_path)
    emitter = Emitter(db_as("ingest"), Random(1))
    points = [("relay", relay, p) for p in stage.RELAY_POINTS]
    points += [("consumer", service, p) for p in stage.CONSUMER_POINTS]
    load = asyncio.create_task(emitter.run())
    kills = 0
    for kind, env, point in points:
        dying = Member("dying", [STAGED, kind], {**env, "STAGE_DIE_AT": point}, tmp_path / f"{kind}-{point}.log")
        other = [STAGED, "consumer"] if kind == "relay" else [RELAY]
        helping = Member("other", other, service if kind == "relay" else relay, tmp_path / "other.log")
        async with Fleet([dying, helping]) as fleet:
            await stage.until(lambda dying=dying: _died(dying, 2), 40)  # type: ignore[misc]
        kills += dying.ends[-signal.SIGKILL]
    living = [
        Member("relay", [RELAY], relay, tmp_path / "relay.log"),
        Member("consumer", [STAGED, "consumer"], service, tmp_path / "consumer.log"),
    ]
    async with Fleet(living) as fleet:
        await asyncio.sleep(1)
        await emitter.stop(load)
        events = await verify(db_as("owner"), emitter)
        await fleet.stop()
    log.info("%d events, %d kills at %d points", events, kills, len(points))
    assert kills >= 2 * len(points)


async def _died(member: Member, times: int) -> bool:
    return member.ends[-signal.SIGKILL] >= times


async def _any_applied(db_as: DatabaseAs) -> bool:
    return bool(await stage.applied(db_as("owner")))
