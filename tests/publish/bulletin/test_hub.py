"""The hub against a subscriber that knows the standard alone: verified, told, signed, tried again, renewed, let go."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from libs.common import models as m
from libs.common.http import FetchRefused
from libs.common.testing.make import Make
from services.publish.hub import jobs, queries, rules, service
from services.publish.main import SERVICE
from services.publish.rotation import count_under_others
from services.publish.settings import BulletinSettings, PublishGroup
from tests.publish.bulletin.subscriber import SECRET, Subscriber, listening
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import KEY, Newsroom

SITE = "https://tin.example.vn"
TOPIC = f"{SITE}/feed.atom"


@dataclass
class HubRoom:
    room: Newsroom
    subscriber: Subscriber

    async def ask(self, **told: str) -> httpx.Response:
        return await self.room.client.post("/hub", data=told)

    async def wish(self, mode: str = "subscribe", **more: str) -> None:
        asked = await self.ask(**self.subscriber.wants(TOPIC, mode, **more))
        assert asked.status_code == 202, asked.text

    async def verify(self) -> int:
        return await jobs.verify_hub_wishes(self.room.context)

    async def tell(self) -> int:
        return await jobs.tell_hub_subscribers(self.room.context)

    async def subscribe(self, **more: str) -> None:
        await self.wish(**{"hub.secret": SECRET, **more})
        assert await self.verify() == 1

    async def rows(self) -> list[m.HubSubscription]:
        async with self.room.db.transaction() as session:
            return list(await session.scalars(select(m.HubSubscription)))

    def advance(self, **of: float) -> None:
        self.room.clock.advance(timedelta(**of))


@pytest.fixture
async def hub(newsroom: Newsroom, make: Make, client_for: Any, issuer: Path) -> AsyncIterator[HubRoom]:
    """All of outside is this machine; the bulletin has one item already."""
    await sign_in_for_long(newsroom, make, issuer)
    group = PublishGroup(credentials_key=SecretStr(KEY), bulletin=BulletinSettings(hub_per_host=3))
    client = await client_for(SERVICE, public_url=SITE, publish=group, replay=True)
    room = replace(newsroom, client=client, resources=client._transport.app.state.resources)
    await room.published(title="Tin có trước khi đăng ký")
    async with listening() as subscriber:
        yield HubRoom(room, subscriber)


@pytest.mark.mission("M36")
async def test_feeds_name_the_hub_in_their_headers_and_in_themselves(hub: HubRoom) -> None:
    for name in ("feed.rss", "feed.atom", "feed.json"):
        got = await hub.room.client.get(f"/{name}")
        assert got.links["hub"]["url"] == f"{SITE}/hub"
        assert got.links["self"]["url"] == f"{SITE}/{name}"
    for name in ("feed.rss", "feed.atom"):
        parsed = feedparser.parse((await hub.room.client.get(f"/{name}")).content)
        assert [link.href for link in parsed.feed.links if link.rel == "hub"] == [f"{SITE}/hub"]
    assert (await hub.room.client.get("/feed.json")).json()["hubs"] == [{"type": "WebSub", "url": f"{SITE}/hub"}]


@pytest.mark.mission("M36")
async def test_a_subscriber_is_asked_and_then_told_what_is_new(hub: HubRoom) -> None:
    await hub.wish(**{"hub.secret": SECRET, "hub.lease_seconds": "86400"})
    assert await hub.tell() == 0, "nobody is told before they said that it was they"
    await hub.verify()
    [asked] = hub.subscriber.asked
    assert asked | {"hub.challenge": ""} == {
        "so": "1",
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "",
        "hub.lease_seconds": "86400",
    }
    assert len(asked["hub.challenge"]) >= 32
    assert await hub.tell() == 0, "what stood there when they subscribed is no news"
    done = await hub.room.published(title="Tin mới của thành phố")
    assert await hub.tell() == 1
    [push] = hub.subscriber.pushes
    headers, body = push
    assert hub.subscriber.is_signed(push)
    assert headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert headers["link"] == f'<{SITE}/hub>; rel="hub", <{TOPIC}>; rel="self"'
    assert body == (await hub.room.client.get("/feed.atom")).content
    assert feedparser.parse(body).entries[0].title == done["title"]
    assert await hub.tell() == 0, "once"


async def test_what_is_withdrawn_is_told_too(hub: HubRoom) -> None:
    done = await hub.room.published()
    await hub.subscribe()
    await hub.room.act("withdraw", done, hub.room.speaker, reason="Sai ngày, sẽ đăng lại sau")
    await hub.room.take_down()
    assert await hub.tell() == 1
    assert b"deleted-entry" in hub.subscriber.pushes[-1][1]


async def test_whoever_did_not_ask_is_never_told(hub: HubRoom) -> None:
    hub.subscriber.agrees = False
    await hub.subscribe()
    assert await hub.rows() == []
    await hub.room.published()
    assert await hub.tell() == 0


async def test_a_push_that_fails_is_tried_again_later_with_the_newest_feed(hub: HubRoom) -> None:
    await hub.subscribe()
    await hub.room.published(title="Tin thứ nhất của phường")
    hub.subscriber.status = 500
    assert await hub.tell() == 1
    assert await hub.tell() == 0, "not at once"
    await hub.room.published(title="Tin thứ hai của phường")
    hub.subscriber.status = 200
    hub.advance(seconds=10)
    assert await hub.tell() == 1
    titles = [entry.title for entry in feedparser.parse(hub.subscriber.pushes[-1][1]).entries[:2]]
    assert sorted(titles) == ["Tin thứ hai của phường", "Tin thứ nhất của phường"]
    assert len(hub.subscriber.pushes) == 2
    hub.advance(hours=2)
    assert await hub.tell() == 0


async def test_who_says_gone_or_stays_away_for_a_day_is_let_go(hub: HubRoom) -> None:
    await hub.subscribe()
    await hub.room.published()
    hub.subscriber.status = 410
    await hub.tell()
    assert await hub.rows() == []
    await hub.subscribe()
    await hub.room.published()
    hub.subscriber.status = 503
    for _ in range(rules.MOST_FAILURES):
        assert await hub.tell() == 1
        hub.advance(hours=1)
    assert await hub.rows() == []


async def test_a_worker_that_died_with_a_push_in_hand_loses_nothing(hub: HubRoom) -> None:
    await hub.subscribe()
    await hub.room.published()
    async with hub.room.worker_db.transaction() as session:
        now = hub.room.clock.now()
        claimed = await queries.claim_pushes(session, {"feed.atom": '"x"'}, now, now + rules.CLAIMED_FOR, 9)
    assert len(claimed) == 1
    assert await hub.tell() == 0
    hub.advance(minutes=2)
    assert await hub.tell() == 1


async def test_a_lease_ends_and_a_renewed_one_lasts(hub: HubRoom) -> None:
    await hub.subscribe(**{"hub.lease_seconds": "3600"})
    hub.advance(minutes=50)
    await hub.subscribe(**{"hub.lease_seconds": "3600"})
    assert len(await hub.rows()) == 1
    hub.advance(minutes=50)
    await hub.room.published()
    assert await hub.tell() == 1, "the second lease holds"
    hub.advance(minutes=11)
    await hub.room.published()
    assert await hub.tell() == 0
    assert await jobs.forget_hub_leases(hub.room.context) == 1
    assert await hub.rows() == []


async def test_leaving_is_verified_too_and_a_stranger_cannot_end_it(hub: HubRoom) -> None:
    await hub.subscribe()
    hub.subscriber.agrees = False
    await hub.wish("unsubscribe")
    await hub.verify()
    await hub.room.published()
    assert await hub.tell() == 1, "it was not they who asked"
    hub.subscriber.agrees = True
    await hub.wish("unsubscribe")
    await hub.verify()
    assert "hub.lease_seconds" not in hub.subscriber.asked[-1]
    assert await hub.rows() == []


async def test_a_renewal_that_was_not_theirs_changes_neither_lease_nor_secret(hub: HubRoom) -> None:
    await hub.subscribe()
    [before] = await hub.rows()
    hub.subscriber.agrees = False
    await hub.wish(**{"hub.secret": "cua-ke-khac", "hub.lease_seconds": "600"})
    await hub.verify()
    [after] = await hub.rows()
    assert after.lease_ends_at == before.lease_ends_at
    await hub.room.published()
    await hub.tell()
    assert hub.subscriber.is_signed(hub.subscriber.pushes[-1])


async def test_who_does_not_answer_is_asked_three_times_and_forgotten(hub: HubRoom) -> None:
    await hub.wish()
    async with hub.room.db.transaction() as session:
        row = await session.scalar(select(m.HubSubscription))
        assert row is not None
        vault = hub.room.resources.vault
        assert vault is not None
        row.ciphertext = vault.seal(row.id, {"callback": "http://127.0.0.1:9/nobody", "secret": None})
    for _ in range(3):
        assert await hub.verify() == 1
        assert await hub.verify() == 0
        hub.advance(minutes=5)
    assert await hub.rows() == []
    assert hub.subscriber.asked == []


async def test_one_host_has_so_many_subscriptions_and_no_more(hub: HubRoom) -> None:
    for number in range(3):
        told = hub.subscriber.wants(TOPIC) | {"hub.callback": hub.subscriber.callback(f"/{number}")}
        assert (await hub.ask(**told)).status_code == 202
    full = await hub.ask(**hub.subscriber.wants(TOPIC))
    assert (full.status_code, full.headers["retry-after"]) == (503, "3600")
    told = hub.subscriber.wants(TOPIC) | {"hub.callback": hub.subscriber.callback("/1")}
    assert (await hub.ask(**told)).status_code == 202, "asked again it is the same"
    assert len(await hub.rows()) == 3


async def test_asking_without_end_is_sent_away(hub: HubRoom) -> None:
    most = hub.room.resources.bulletin.hub_asks_per_hour
    answers = [await hub.ask(**{"hub.mode": "nonsense"}) for _ in range(most + 1)]
    assert {each.status_code for each in answers[:-1]} == {400}
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "3600")


async def test_what_is_no_form_or_too_long_is_refused(hub: HubRoom) -> None:
    wrong = await hub.room.client.post("/hub", json={"hub.mode": "subscribe"})
    assert wrong.status_code == 415
    long = await hub.ask(**{"hub.callback": "x" * 9000})
    assert long.status_code == 413


async def test_addresses_and_secrets_lie_sealed_and_turn_with_the_key(hub: HubRoom) -> None:
    await hub.subscribe()
    [row] = await hub.rows()
    assert SECRET.encode() not in row.ciphertext
    assert b"nhan" not in row.ciphertext
    async with hub.room.db.transaction() as session:
        assert await count_under_others(session, "another key") == 1


@pytest.mark.parametrize(
    "callback",
    [
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
    ],
)
async def test_nothing_inside_our_networks_is_ever_asked(newsroom: Newsroom, callback: str) -> None:
    """The usual policy, without replay: the wish is taken, and its address is refused before anything is sent."""
    told = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": callback}
    assert (await newsroom.client.post("/hub", data=told)).status_code == 202
    hub = newsroom.resources.hub
    assert hub is not None
    async with newsroom.worker_db.transaction() as session:
        [asking] = await service.claim_wishes(session, hub, newsroom.clock.now(), 9)
    assert await service.verify(hub, asking) is None
    with pytest.raises(FetchRefused):
        await hub.fetcher.fetch(callback)
    with pytest.raises(FetchRefused):
        await hub.fetcher.post(callback, b"", headers={})


async def test_without_a_key_there_is_no_hub(client_for: Any) -> None:
    client = await client_for(SERVICE, public_url=SITE)
    assert (await client.post("/hub", data={"hub.mode": "subscribe"})).status_code == 404
