"""Feeds fetched without asking whether they changed: so many whole ones an hour for a network, and no address kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from libs.common.clock import FrozenClock
from libs.common.doorman import Doorman, network_of
from services.publish.main import SERVICE
from services.publish.settings import BulletinSettings, PublishGroup
from tests.publish.newsroom import KEY, Newsroom

MOST = 3


@dataclass
class Fetchers:
    app: Any
    clock: FrozenClock

    async def get(self, path: str, peer: str = "203.0.113.7", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://lantoa.test") as client:
            return await client.get(path, headers=headers)


@pytest.fixture
async def fetchers(newsroom: Newsroom, client_for: Any) -> Fetchers:
    await newsroom.published()
    limits = BulletinSettings(feeds_per_hour=MOST, searches_per_hour=MOST)
    group = PublishGroup(credentials_key=SecretStr(KEY), bulletin=limits)
    client = await client_for(SERVICE, public_url="https://tin.example.vn", publish=group)
    return Fetchers(client._transport.app, newsroom.clock)


async def test_who_never_asks_whether_it_changed_is_sent_away_for_a_while(fetchers: Fetchers) -> None:
    for path in ("/feed.rss", "/feed.atom", "/sitemap-news.xml"):
        assert (await fetchers.get(path)).status_code == 200
    refused = await fetchers.get("/feed.json")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3600"
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert (told["type"], told["title_en"]) == ("urn:lantoa:problem:too-many-fetches", "The feed is fetched too often")
    fetchers.clock.advance(timedelta(seconds=3599))
    assert (await fetchers.get("/feed.rss")).headers["retry-after"] == "1"
    fetchers.clock.advance(timedelta(seconds=1))
    assert (await fetchers.get("/feed.rss")).status_code == 200


async def test_who_asks_whether_it_changed_is_never_sent_away(fetchers: Fetchers) -> None:
    etag = (await fetchers.get("/feed.atom")).headers["etag"]
    told = [await fetchers.get("/feed.atom", **{"If-None-Match": etag}) for _ in range(5 * MOST)]
    assert {each.status_code for each in told} == {304}
    assert (await fetchers.get("/feed.rss")).status_code == 200


async def test_a_network_is_counted_together_and_others_are_not(fetchers: Fetchers) -> None:
    for last in range(MOST):
        assert (await fetchers.get("/feed.rss", peer=f"203.0.113.{last}")).status_code == 200
    assert (await fetchers.get("/feed.rss", peer="203.0.113.200")).status_code == 429
    assert (await fetchers.get("/feed.rss", peer="203.0.114.1")).status_code == 200
    assert (await fetchers.get("/", peer="203.0.113.200")).status_code == 200, "pages are for people"


async def test_searching_is_limited_too_and_says_so_on_a_page(fetchers: Fetchers) -> None:
    for _ in range(MOST):
        assert (await fetchers.get("/tim?q=xe")).status_code == 200
    refused = await fetchers.get("/tim?q=xe")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert "Có quá nhiều lượt tìm" in refused.text


async def test_no_address_is_kept_or_logged(fetchers: Fetchers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for _ in range(MOST + 2):
        await fetchers.get("/feed.rss", peer="203.0.113.77")
    assert "203.0.113" not in caplog.text
    assert b"203.0.113" not in repr(vars(fetchers.app.state.resources.feed_doorman)).encode()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


def test_how_long_to_wait_is_until_the_oldest_is_an_hour_ago(clock: FrozenClock) -> None:
    door = Doorman()
    assert door.wait("a", 2, clock.now()) is None
    clock.advance(timedelta(minutes=20))
    assert door.wait("a", 2, clock.now()) is None
    clock.advance(timedelta(minutes=10))
    assert door.wait("a", 2, clock.now()) == timedelta(minutes=30)
    assert door.lets_in("b", 2, clock.now())
