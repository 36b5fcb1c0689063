"""The worker as it runs: nobody turns its loops by hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from libs.common import models as m
from libs.common.app import Worker, create_worker
from libs.common.settings import NatsSettings
from services.publish.main import SERVICE
from services.publish.settings import PublishGroup, PublishSettings
from tests.publish.newsroom import KEY, Newsroom
from tests.publish.stage import PUT, Stage


@pytest.fixture
async def worker(newsroom: Newsroom, settings_for: Any, nats_settings: NatsSettings) -> AsyncIterator[Worker]:
    group = PublishGroup(credentials_key=SecretStr(KEY))
    settings = settings_for(PublishSettings, "publish", public_url="https://tin.example.vn", publish=group)
    made = create_worker(SERVICE, settings, newsroom.clock)
    running = asyncio.create_task(made.run())
    yield made
    made.stopping.set()
    await asyncio.wait_for(running, 20)


async def until(newsroom: Newsroom, made: dict[str, Any], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read until it is so; the limit is there for a worker that does nothing, not to measure one."""
    until_when = time.monotonic() + 20
    while not wanted(now := await newsroom.read(made)):
        assert time.monotonic() < until_when, now
        await asyncio.sleep(0.02)
    return now


def is_published(publication: dict[str, Any]) -> bool:
    return bool(publication["state"] == "published")


@pytest.mark.mission("M18")
async def test_what_is_approved_goes_out_by_itself_and_its_figures_come_back(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, worker: Worker
) -> None:
    done = await until(newsroom, await newsroom.approved(newsroom.bulletin, bluesky), is_published)
    [post] = await stage.posts()
    await stage.post("/control/bluesky/engage", post=post["id"], likes=5)
    await stage.post("/control/clock/advance", seconds=10)
    newsroom.clock.advance(timedelta(minutes=2))
    read = await until(newsroom, done, lambda p: any(e["metric"] == "likes" for e in p["engagement"]))
    assert {e["metric"]: e["value"] for e in read["engagement"]}["likes"] == 5
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai")
    await until(newsroom, done, lambda p: all(d["state"] == "withdrawn" for d in p["deliveries"]))
    assert await stage.posts() == []


async def test_a_platform_that_keeps_silent_holds_up_nobody_else(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, worker: Worker
) -> None:
    await stage.fault("latency", PUT, seconds=4)
    slow = await newsroom.approved(bluesky, title="Tin chậm")
    await until(newsroom, slow, lambda p: p["deliveries"][0]["state"] == "armed")
    await until(newsroom, await newsroom.approved(title="Tin nhanh"), is_published)
    assert (await newsroom.read(slow))["state"] == "publishing"
    await until(newsroom, slow, is_published)
