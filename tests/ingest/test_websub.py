"""A hub tells us: subscribed, verified, pushed, renewed and left, against a played hub and a real database."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from libs.common import models as m
from libs.common.jobs import JobContext
from services.ingest.resources import open_resources
from services.ingest.settings import IntakeSettings, WebSubSettings
from services.ingest.websub.jobs import ask_hubs
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, Item, article, rss
from tests.ingest.hub import PlayedHub, played_hub
from tests.ingest.site import Answer, Site

KEY = SecretStr("k" * 40)
INGESTED = "lantoa.content.ingested.v1"


@dataclass
class Told:
    """A desk whose source names a hub."""

    desk: Desk
    hub: PlayedHub
    site: Site
    source: dict[str, Any]

    def feed(self, *items: Item) -> bytes:
        links = (
            f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='{self.hub.url}'/>"
            f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='{self.site.url('/rss')}'/>"
        )
        return rss(*items).replace(b"<title>", links.encode() + b"<title>", 1)

    async def ask_hubs(self) -> int:
        async with open_resources(self.desk.settings, self.desk.worker_db, self.desk.clock) as held:
            context = JobContext(self.desk.worker_db, self.desk.clock, held, asyncio.Event())
            done = 0
            while await ask_hubs(context):
                done += 1
            return done

    async def verify(self, mode: str = "subscribe", **more: str) -> httpx.Response:
        told = {"hub.mode": mode, "hub.topic": self.site.url("/rss"), "hub.challenge": "thử-thách", **more}
        told = {"hub.lease_seconds": "864000"} | told
        return await self.desk.client.get(self.hub.callback, params=told)

    async def push(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        sent = self.hub.sign(body) if headers is None else headers
        return await self.desk.client.post(self.hub.callback, content=body, headers=sent)

    async def row(self) -> m.WebSubSubscription:
        async with self.desk.db.transaction() as session:
            return (await session.scalars(select(m.WebSubSubscription))).one()

    async def subscribe(self) -> None:
        await self.desk.poll()
        assert await self.ask_hubs() == 1
        assert (await self.verify()).status_code == 200


@pytest.fixture
async def told(desk_with: DeskWith, site: Site) -> AsyncIterator[Told]:
    # Nothing relays events here, and the clock leaps: they may wait for long.
    desk: Desk = await desk_with(websub=WebSubSettings(key=KEY), intake=IntakeSettings(pending_seconds=10**6))
    async with played_hub() as hub:
        made = Told(desk, hub, site, {})
        site.routes["/rss"] = lambda _: Answer(made.feed())
        made.source = await desk.register(site.url("/rss"), settings={"full_text": False})
        yield made


async def test_a_hub_is_asked_verified_and_shown(told: Told) -> None:
    await told.desk.poll()
    assert await told.ask_hubs() == 1
    form = told.hub.last
    assert {key: form[key] for key in ("hub.mode", "hub.topic", "hub.lease_seconds")} == {
        "hub.mode": "subscribe",
        "hub.topic": told.site.url("/rss"),
        "hub.lease_seconds": "864000",
    }
    assert form["hub.callback"].startswith("http://127.0.0.1:8080/api/ingest/v1/websub/")
    assert len(form["hub.secret"]) == 64
    assert (await told.row()).state == "asked"
    answer = await told.verify()
    assert (answer.status_code, answer.text) == (200, "thử-thách")
    assert answer.headers["content-type"].startswith("text/plain")
    seen = (await told.desk.ask("GET", f"/sources/{told.source['id']}/websub")).json()
    assert (seen["state"], seen["hub"], seen["missed"]) == ("active", told.hub.url, 0)
    assert form["hub.secret"] not in str(seen)
    assert await told.ask_hubs() == 0


@pytest.mark.mission("M02")
async def test_a_signed_push_is_stored_in_under_two_seconds(told: Told) -> None:
    await told.subscribe()
    body = told.feed(Item(told.site.url("/a"), "Tin được báo", "Tóm tắt."), Item(told.site.url("/b"), "Tin hai"))
    began = time.monotonic()
    answer = await told.push(body)
    assert (answer.status_code, time.monotonic() - began < 2) == (200, True)
    assert sorted(one.title for one in await told.desk.contents()) == ["Tin hai", "Tin được báo"]
    assert len(await told.desk.events(INGESTED)) == 1
    assert (await told.push(body)).status_code == 200
    assert len(await told.desk.contents()) == 2, "told twice, stored once"
    fetches = await told.desk.fetches(told.source["id"])
    assert [(row.outcome, row.items_new) for row in fetches] == [("ok", 0), ("pushed", 2), ("pushed", 0)]


@pytest.mark.mission("M02")
async def test_what_is_not_signed_as_it_should_be_is_refused_and_stores_nothing(told: Told) -> None:
    await told.subscribe()
    body = told.feed(Item(told.site.url("/a"), "Tin giả mạo"))
    good = told.hub.sign(body)["X-Hub-Signature"]
    wrong = [{}, {"X-Hub-Signature": good[:-1] + ("0" if good[-1] != "0" else "1")}, {"X-Hub-Signature": "sha256="}]
    wrong += [told.hub.sign(body + b" "), {"X-Hub-Signature": good.replace("sha256", "sha1")}]
    for headers in wrong:
        assert (await told.push(body, headers)).status_code == 403
    path = told.hub.callback
    elsewhere = [path[:-1] + ("A" if path[-1] != "A" else "B"), "/".join(path.split("/")[:-1]) + "/x"]
    for other in elsewhere:
        assert (await told.desk.client.post(other, content=body, headers={"X-Hub-Signature": good})).status_code == 404
    assert await told.desk.contents() == []
    assert await told.desk.events(INGESTED) == []
    assert (await told.row()).pushed_at is None


async def test_every_method_of_the_standard_is_taken(told: Told) -> None:
    await told.subscribe()
    for method in ("sha1", "sha256", "sha384", "sha512"):
        body = told.feed(Item(told.site.url(f"/{method}"), f"Ký bằng {method}"))
        assert (await told.push(body, told.hub.sign(body, method))).status_code == 200
    assert len(await told.desk.contents()) == 4


async def test_only_what_we_asked_for_is_confirmed(told: Told) -> None:
    await told.subscribe()
    assert (await told.verify("unsubscribe")).status_code == 404
    assert (await told.verify("subscribe", **{"hub.topic": "https://khac.vn/"})).status_code == 404
    assert (await told.verify("subscribe", **{"hub.challenge": "x" * 5000})).status_code == 404
    assert (await told.row()).state == "active"


async def test_a_long_push_is_cut_off_and_an_unreadable_one_makes_the_source_due(told: Told) -> None:
    await told.subscribe()
    long = b" " * (4 * 1024**2 + 1)
    assert (await told.push(long)).status_code == 413
    assert (await told.push(b"Co tin moi")).status_code == 200
    assert await told.desk.contents() == []
    assert await told.desk.poll() == 1, "a hub that only says that there is news is believed, and asked of"


async def test_the_page_of_a_pushed_entry_is_read_at_once_or_by_the_next_poll(told: Told) -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5)
        await told.site.pour(writer, article("Chậm", "Cây cầu qua sông được thông xe sáng nay."), 1)

    told.site.routes["/cham"] = Answer(stream=slowly)
    await told.subscribe()
    changed = await told.desk.ask("PATCH", f"/sources/{told.source['id']}", json={"settings": {"full_text": True}})
    assert changed.status_code == 200
    body = told.feed(Item(told.site.url("/cham"), "Chậm", "Tóm tắt của tòa soạn."))
    told.site.routes["/rss"] = Answer(body)
    began = time.monotonic()
    assert (await told.push(body)).status_code == 200
    assert time.monotonic() - began < 2
    assert [one.text for one in await told.desk.contents()] == ["Tóm tắt của tòa soạn."]
    assert await told.desk.poll() == 1
    (kept,) = await told.desk.contents()
    assert "thông xe sáng nay" in kept.text
    assert await told.desk.count(m.ArticleClaim) == 0


async def test_while_a_hub_tells_us_polls_are_rare_and_a_hub_that_does_not_is_not_relied_on(told: Told) -> None:
    changed = await told.desk.ask("PATCH", f"/sources/{told.source['id']}", json={"poll_seconds": 300})
    assert changed.status_code == 200
    await told.subscribe()
    assert await told.desk.later(minutes=6) == 1
    assert await told.desk.later(minutes=30) == 0
    for n in range(3):
        told.site.routes["/rss"] = Answer(told.feed(Item(told.site.url(f"/{n}"), f"Hub không báo {n}")))
        assert await told.desk.later(minutes=67) == 1
    assert (await told.row()).missed == 3
    assert await told.desk.later(minutes=6) == 1
    body = told.feed(Item(told.site.url("/x"), "Hub lại báo"))
    assert (await told.push(body)).status_code == 200
    assert (await told.row()).missed == 0


async def test_a_lease_is_renewed_before_it_ends(told: Told) -> None:
    await told.subscribe()
    ends = (await told.row()).lease_ends_at
    told.desk.clock.advance(timedelta(days=7))
    assert await told.ask_hubs() == 0
    told.desk.clock.advance(timedelta(days=1, minutes=1))
    assert await told.ask_hubs() == 1
    assert (await told.row()).state == "active", "still told while it is renewed"
    assert [form["hub.mode"] for form in told.hub.asked] == ["subscribe", "subscribe"]
    assert told.hub.asked[0]["hub.secret"] == told.hub.asked[1]["hub.secret"]
    assert (await told.verify()).status_code == 200
    row = await told.row()
    assert ends is not None
    assert row.lease_ends_at == ends + timedelta(days=8, minutes=1)


async def test_after_its_lease_a_push_is_not_taken(told: Told) -> None:
    await told.subscribe()
    told.desk.clock.advance(timedelta(days=11))
    body = told.feed(Item(told.site.url("/a"), "Muộn"))
    assert (await told.push(body)).status_code == 410
    assert await told.desk.contents() == []


async def test_a_denied_subscription_is_asked_again_a_day_later(told: Told) -> None:
    await told.desk.poll()
    await told.ask_hubs()
    assert (await told.verify("denied", **{"hub.reason": "không"})).status_code == 200
    assert (await told.row()).state == "denied"
    told.desk.clock.advance(timedelta(hours=23))
    assert await told.ask_hubs() == 0
    told.desk.clock.advance(timedelta(hours=2))
    assert await told.ask_hubs() == 1


async def test_a_hub_that_fails_is_asked_ever_more_seldom(told: Told) -> None:
    told.hub.status = 500
    await told.desk.poll()
    asked = 0
    for _ in range(12):
        asked += await told.ask_hubs()
        told.desk.clock.advance(timedelta(minutes=5))
    assert 3 <= asked <= 4
    assert "500" in ((await told.row()).last_error or "")


async def test_a_hub_may_hand_us_on(told: Told) -> None:
    told.hub.status, told.hub.location = 307, "/elsewhere"
    await told.desk.poll()
    assert await told.ask_hubs() == 1
    assert told.hub.paths == ["/hub", "/elsewhere"]
    assert (await told.verify()).status_code == 200


async def test_a_retired_source_is_given_up_at_its_hub(told: Told) -> None:
    await told.subscribe()
    body = told.feed(Item(told.site.url("/a"), "Sau khi thôi"))
    assert (await told.desk.ask("DELETE", f"/sources/{told.source['id']}")).status_code == 204
    assert (await told.push(body)).status_code == 410
    assert await told.ask_hubs() == 1
    assert told.hub.last["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in told.hub.last
    answer = await told.verify("unsubscribe")
    assert (answer.status_code, answer.text) == (200, "thử-thách")
    assert (await told.row()).state == "ended"
    assert await told.ask_hubs() == 0


async def test_a_feed_that_names_its_hub_no_longer_is_polled_alone(told: Told) -> None:
    await told.subscribe()
    told.site.routes["/rss"] = Answer(rss())
    assert await told.desk.later(hours=2) == 1
    assert (await told.row()).state == "leaving"


async def test_a_hub_inside_is_never_asked(told: Told) -> None:
    inside = told.feed().replace(told.hub.url.encode(), b"http://169.254.169.254/hub")
    told.site.routes["/rss"] = Answer(inside)
    await told.desk.poll()
    assert await told.ask_hubs() == 1
    assert told.hub.asked == []
    assert "169.254.169.254" in ((await told.row()).last_error or "")


async def test_without_a_key_no_hub_is_asked(desk: Desk, site: Site) -> None:
    async with played_hub() as hub:
        told = Told(desk, hub, site, {})
        site.routes["/rss"] = Answer(told.feed())
        await desk.register(site.url("/rss"))
        await desk.poll()
        assert await told.ask_hubs() == 0
    assert await desk.count(m.WebSubSubscription) == 0
