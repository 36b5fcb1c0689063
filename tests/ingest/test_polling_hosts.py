"""One budget for each host: the server's own log is the witness."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from protego import Protego

from libs.common import models as m
from libs.common.clock import FrozenClock, SystemClock
from libs.common.db import Database
from libs.common.http import Fetched, PublicFetcher
from libs.common.jobs import JobContext
from services.ingest import polls
from services.ingest.hosts import HostBusy, Hosts, host_of, rest_seconds
from services.ingest.jobs import poll_due_source
from services.ingest.resources import open_resources
from services.ingest.robots import Robots, delay_seconds
from services.ingest.settings import PollSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, Item, article, rss
from tests.ingest.site import Answer, Request, Site

PAUSE = 0.15


@asynccontextmanager
async def working(desk: Desk) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """A worker that goes on: lets time pass, and polls what is due then."""
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        context = JobContext(desk.worker_db, desk.clock, held, asyncio.Event())

        async def later(**by: float) -> int:
            desk.clock.advance(timedelta(**by))
            done = 0
            while await poll_due_source(context):
                done += 1
            return done

        yield later


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [
        ("User-agent: *\nCrawl-delay: 7\n", 7.0),
        ("User-agent: LanToaBot\nCrawl-delay: 2.5\n\nUser-agent: *\nCrawl-delay: 90\n", 2.5),
        ("User-agent: *\nRequest-rate: 1/10\n", 10.0),
        ("User-agent: *\nCrawl-delay: 99999\n", 300.0),
        ("User-agent: *\nCrawl-delay: -5\n", 0.0),
        ("User-agent: *\nCrawl-delay: nan\n", 0.0),
        ("User-agent: *\nDisallow: /x\n", 0.0),
    ],
)
def test_the_pause_that_robots_asks_for(rules: str, seconds: float) -> None:
    assert delay_seconds(Protego.parse(rules), "LanToaBot", 300.0) == seconds
    assert delay_seconds(None, "LanToaBot", 300.0) == 0.0


@pytest.mark.parametrize(
    ("status", "header", "refusals", "seconds"),
    [
        (200, "60", 0, None),
        (429, "60", 0, 60),
        (503, "5", 4, 5),
        (429, None, 0, 60),
        (429, None, 2, 240),
        (429, None, 30, 3600),
        (503, None, 0, None),
        (429, "soon", 0, 60),
    ],
)
def test_how_long_a_host_is_left_alone(
    clock: FrozenClock, status: int, header: str | None, refusals: int, seconds: int | None
) -> None:
    answer = Fetched("http://bao.vn/", status, {} if header is None else {"retry-after": header})
    assert rest_seconds(answer, refusals, clock.now()) == seconds


def test_a_host_has_one_name() -> None:
    assert host_of("https://BÁO.vn/x") == host_of("https://xn--bo-mia.vn:8443/") == "xn--bo-mia.vn"
    assert host_of("http://[::1") == ""


async def test_two_processes_share_the_budget_of_a_host(
    db_as: Callable[[str], Database], site: Site, clock: FrozenClock
) -> None:
    seen: list[float] = []
    under_way = [0]

    def answer(request: Request) -> Answer:
        seen.append(time.monotonic())
        return Answer(stream=slowly)

    async def slowly(writer: asyncio.StreamWriter) -> None:
        under_way[0] += 1
        assert under_way[0] == 1, "two requests at once"
        await asyncio.sleep(0.05)
        under_way[0] -= 1

    site.routes["/rss"] = answer
    processes = [Hosts(db_as("ingest"), SystemClock(), PAUSE, 10.0, 30.0) for _ in range(2)]
    async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True) as fetcher:
        turns = [hosts.turn for hosts in processes for _ in range(4)]
        await asyncio.gather(*(fetcher.fetch(site.url("/rss"), turn=turn) for turn in turns))
    gaps = [after - before for before, after in itertools.pairwise(seen)]
    assert len(seen) == 8
    assert min(gaps) >= PAUSE + 0.05 - 0.02


async def test_who_waits_too_long_is_told_and_a_dead_holder_holds_no_longer_than_a_fetch(
    db_as: Callable[[str], Database], clock: FrozenClock
) -> None:
    url = httpx.URL("http://bao.vn/")
    held = Hosts(db_as("ingest"), clock, 0.0, 30.0, 0.1)
    other = Hosts(db_as("ingest"), clock, 0.0, 30.0, 0.1)
    async with held.turn(url):
        for hosts in (held, other):
            with pytest.raises(HostBusy, match=r"bao\.vn"):
                async with hosts.turn(url):
                    pass
        clock.advance(timedelta(seconds=31))  # as if the holder had been killed
        async with other.turn(url):
            pass
    async with held.turn(url):
        pass


async def test_crawl_delay_counts_from_robots_on(desk_with: DeskWith, site: Site) -> None:
    desk: Desk = await desk_with(poll=PollSettings(patience_seconds=0.2, articles_seconds=0.5))
    site.routes["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 20\n")
    site.routes["/rss"] = Answer(rss(Item(site.url("/bai"), "Tin", "Tóm tắt.")))
    site.routes["/bai"] = Answer(article("Tin", "Không tới lượt."))
    source = await desk.register(site.url("/rss"))
    async with working(desk) as later:
        assert await later() == 1
        assert site.paths() == ["/robots.txt"]
        seen = await desk.health(source["id"])
        assert (seen["failures"], seen["last_error"]) == (0, None)
        assert await desk.fetches() == []
        assert await later(seconds=19) == 0
        assert await later(seconds=24) == 1
    assert site.paths() == ["/robots.txt", "/rss"], "a page every twenty seconds: what the feed says is enough"
    assert [one.text for one in await desk.contents()] == ["Tóm tắt."]


async def test_what_a_host_asks_of_one_source_holds_for_all_of_its_sources(desk: Desk, site: Site) -> None:
    site.routes["/a"] = Answer(b"", 429, {"Retry-After": "3600"})
    site.routes["/b"] = Answer(rss())
    await desk.register(site.url("/a"))
    await desk.poll()
    await desk.register(site.url("/b"))
    assert await desk.poll() == 0
    assert await desk.later(minutes=59) == 0
    assert "/b" not in site.paths()
    site.routes["/a"] = Answer(rss())
    assert await desk.later(minutes=2) >= 1
    assert "/b" in site.paths()


async def test_a_429_without_a_time_rests_ever_longer(
    db_as: Callable[[str], Database], clock: FrozenClock, site: Site
) -> None:
    site.routes["/rss"] = Answer(b"", 429)
    hosts = Hosts(db_as("ingest"), clock, 0.0, 30.0, 0.1)
    async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True) as fetcher:
        for rest in (60, 120, 240):
            await fetcher.fetch(site.url("/rss"), turn=hosts.turn)
            clock.advance(timedelta(seconds=rest - 1))
            with pytest.raises(HostBusy):
                await fetcher.fetch(site.url("/rss"), turn=hosts.turn)
            clock.advance(timedelta(seconds=1))
    assert len(site.log) == 3


async def test_robots_of_a_host_that_cannot_be_asked_closes_it_and_says_so(desk: Desk, site: Site) -> None:
    site.routes["/robots.txt"] = Answer(b"", 500)
    site.routes["/rss"] = Answer(rss())
    source = await desk.register(site.url("/rss"))
    await desk.poll()
    (row,) = await desk.fetches(source["id"])
    assert (row.outcome, site.paths()) == ("robots", ["/robots.txt"])
    assert "Chưa đọc được robots.txt" in (row.error or "")


async def test_robots_itself_waits_for_its_turn(db_as: Callable[[str], Database], clock: FrozenClock) -> None:
    hosts = Hosts(db_as("ingest"), clock, 0.0, 30.0, 0.1)
    async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True) as fetcher:
        robots = Robots(fetcher, clock, "LanToaTest", turn=hosts.turn)
        async with hosts.turn(httpx.URL("http://127.0.0.1:9/")):
            with pytest.raises(HostBusy):
                await robots.admit(httpx.URL("http://127.0.0.1:9/rss"))


@pytest.mark.mission("M01")
async def test_a_page_in_two_feeds_is_asked_for_once(desk: Desk, site: Site) -> None:
    """Two hosts, two workers at the same moment, one page that takes its time."""

    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await site.pour(writer, article("Chung", "Bài này có trong hai nguồn tin."), 1)

    site.routes["/chung"] = Answer(stream=slowly)
    feed = Answer(rss(Item(site.url("/chung"), "Chung", "Tóm tắt.")), headers={"ETag": '"1"'})
    site.routes |= {"/a": feed, "/b": feed}
    await desk.register(site.url("/a"))
    await desk.register(site.url("/b").replace("127.0.0.1", "localhost"))
    await asyncio.gather(desk.poll(loops=2), desk.poll(loops=2))
    assert site.paths().count("/chung") == 1
    (kept,) = await desk.contents()
    assert "có trong hai nguồn tin" in kept.text
    await desk.later(hours=1)
    assert site.paths().count("/chung") == 1
    assert len(await desk.contents()) == 1
    assert await desk.count(m.ArticleClaim) == 0


async def test_a_move_to_another_site_is_believed_when_three_polls_agree(desk: Desk, site: Site) -> None:
    there = site.url("/new").replace("127.0.0.1", "localhost")
    site.routes["/old"] = Answer(status=308, headers={"Location": there})
    site.routes["/new"] = Answer(rss())
    source = await desk.register(site.url("/old"))
    for _ in range(2):
        await desk.later(hours=1)
        assert (await desk.health(source["id"]))["url"] == site.url("/old")
    await desk.later(hours=1)
    assert (await desk.health(source["id"]))["url"] == there


async def test_a_passing_redirect_moves_nothing(desk: Desk, site: Site) -> None:
    site.routes["/old"] = Answer(status=307, headers={"Location": "/new"})
    site.routes["/new"] = Answer(rss())
    source = await desk.register(site.url("/old"))
    await desk.poll()
    assert (await desk.health(source["id"]))["url"] == site.url("/old")


async def test_places_of_the_healthy_are_not_given_to_the_failing(desk: Desk) -> None:
    for n, failures in enumerate([1, 1, 1, 0]):
        at = desk.clock.now() - timedelta(minutes=10 - n)
        await desk.make.source(url=f"http://{n}.bao.vn/rss", failures=failures, next_poll_at=at)
    lease = timedelta(minutes=5)
    async with desk.worker_db.transaction() as session:
        healthy = await polls.claim_due_sources(session, desk.clock.now(), lease, limit=4, troubled=False)
        assert [each.host for each in healthy] == ["3.bao.vn"]
        others = await polls.claim_due_sources(session, desk.clock.now(), lease, limit=2, busy=["1.bao.vn"])
        assert [each.host for each in others] == ["0.bao.vn", "2.bao.vn"]


async def test_of_one_host_one_source_is_claimed(desk: Desk) -> None:
    for n in range(3):
        await desk.make.source(url=f"https://Bao.vn:8443/{n}", next_poll_at=desk.clock.now())
    async with desk.worker_db.transaction() as session:
        lease = timedelta(minutes=5)
        assert len(await polls.claim_due_sources(session, desk.clock.now(), lease, limit=9)) == 1


async def test_a_quiet_source_is_read_less_often_once_it_is_known(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss())
    await desk.register(site.url("/rss"), poll_seconds=1800)
    async with working(desk) as later:
        for _ in range(50):
            await later(minutes=33)
        before = len(await desk.fetches())
        assert before >= 40
        for _ in range(12):
            await later(minutes=33)
    assert len(await desk.fetches()) - before <= 6
