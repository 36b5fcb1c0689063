"""A poll that ends at any of its points, as a kill would end it: no item lost, none twice, and polling goes on."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from libs.common import models as m
from libs.common.jobs import JobContext
from services.ingest import polls
from services.ingest.jobs import poll_source
from services.ingest.resources import open_resources
from tests.ingest.desk import Desk, Item, article, rss
from tests.ingest.site import Answer, Site

POINTS = ("polled", "storing", "stored", "recording")


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches kill -9."""


@pytest.mark.mission("M39")
@pytest.mark.parametrize("point", POINTS)
async def test_a_poll_that_is_killed_is_done_again_whole(desk: Desk, site: Site, point: str) -> None:
    async def die(at: str) -> None:
        if at == point:
            raise Killed

    items = [Item(site.url(f"/{n}"), f"Tin {n}", f"Tóm tắt {n}.") for n in range(4)]
    site.routes["/rss"] = Answer(rss(*items), headers={"ETag": '"1"'})
    site.routes |= {f"/{n}": Answer(article(f"Tin {n}", f"Chuyện thứ {n} của phố.")) for n in range(4)}
    await desk.register(site.url("/rss"))
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        context = JobContext(desk.worker_db, desk.clock, held, asyncio.Event())
        async with desk.worker_db.transaction() as session:
            (claimed,) = await polls.claim_due_sources(session, desk.clock.now(), timedelta(seconds=300))
        with pytest.raises(Killed):
            await poll_source(context, claimed, die)
    assert await desk.poll() == 0, "its lease has not ended"
    assert await desk.later(seconds=301) == 1
    assert sorted(one.title for one in await desk.contents()) == [f"Tin {n}" for n in range(4)]
    told = Counter(one for event in await desk.events("lantoa.content.ingested.v1") for one in event["content_ids"])
    assert sorted(told.values()) == [1] * 4
    assert await desk.count(m.ContentRevision) == 0
    assert await desk.count(m.ArticleClaim) == 0
    assert len(await desk.fetches()) == 1
    await desk.later(hours=1)
    assert len(await desk.contents()) == 4
