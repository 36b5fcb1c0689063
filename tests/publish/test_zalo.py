"""Zalo end to end against the sandbox: hidden, shown, sent once and never again by itself, tokens that serve once."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from libs.common.testing.make import Make
from services.publish import jobs, queries
from services.publish.adapters.base import Corrected, Found, NotPostable, Published, Undecidable, Unknown
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import plain, unconnected
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import API, Newsroom

CASE = case_of("zalo")


@dataclass
class Desk:
    theatre: Theatre
    channel: m.Channel

    @property
    def room(self) -> Newsroom:
        return self.theatre.newsroom

    async def put(self, **options: Any) -> None:
        control = self.theatre.seats[self.channel.id][1].control
        assert control is not None
        await self.theatre.put("accounts", **{**control, "options": {**control["options"], **options}})

    async def fault(self, operation: str, kind: str, **more: Any) -> None:
        await self.theatre.fault(CASE, operation, kind, **more)

    async def send(self, **changes: Any) -> dict[str, Any]:
        picture = await self.theatre.picture()
        made = await self.room.approved(self.channel, media_ids=[picture], **changes)
        return await self.work(made)

    async def work(self, made: dict[str, Any], rounds: int = 1) -> dict[str, Any]:
        for _ in range(rounds):
            self.room.resources = self.theatre.resources()
            await self.room.deliver()
            await self.room.look()
            await self.room.take_down()
            self.theatre.advance(timedelta(seconds=31))
        return await self.room.read(made)

    async def entries(self, operation: str) -> list[dict[str, Any]]:
        told = (await self.theatre.control.get("/control/ledger", params={"platform": "zalo"})).json()["entries"]
        return [each for each in told if each["operation"] == operation]

    async def kept_secret(self) -> dict[str, Any]:
        vault = self.room.resources.vault
        assert vault is not None
        async with self.room.db.transaction() as session:
            sealed = await queries.get_credentials(session, self.channel.id)
        assert sealed is not None
        return vault.open(self.channel.id, sealed)

    async def stands(self) -> list[dict[str, Any]]:
        return await self.theatre.posts(CASE, "")

    async def tasks(self) -> list[dict[str, Any]]:
        found = await self.room.client.get(f"{API}/tasks?state=open", headers=self.room.speaker)
        return list(found.json()["items"])


@pytest.fixture
async def desk(newsroom: Newsroom, make: Make, issuer: Path) -> Desk:
    theatre = await Theatre.build(newsroom, make, issuer)
    return Desk(theatre, await theatre.account(CASE, next_number()))


@pytest.fixture
async def loud(desk: Desk) -> Desk:
    """The channel also sends to the followers."""
    async with desk.room.db.transaction() as session:
        held = await session.get(m.Channel, desk.channel.id)
        assert held is not None
        held.settings = {**held.settings, "broadcast": True, "target": {"cities": "9"}}
        await session.flush()
        desk.channel = held
    return desk


def delivery(publication: dict[str, Any]) -> dict[str, Any]:
    [found] = publication["deliveries"]
    return dict(found)


@pytest.mark.mission("M16")
async def test_an_article_is_hidden_until_it_is_shown_and_goes_to_nobody_by_itself(desk: Desk) -> None:
    done = await desk.send()
    assert delivery(done)["state"] == "published"
    [created] = await desk.entries("article.create")
    assert created["data"]["status"] == "hide"
    [shown] = await desk.entries("article.update")
    assert shown["data"]["status"] == "show"
    assert await desk.entries("message.broadcast") == []
    assert delivery(done)["proof"]["status"] == "show"
    assert delivery(done)["platform_url"].endswith(delivery(done)["platform_id"])


@pytest.mark.mission("M16")
async def test_a_broadcast_goes_once_to_whom_was_approved(loud: Desk) -> None:
    done = await loud.send()
    assert delivery(done)["state"] == "published"
    [sent] = await loud.entries("message.broadcast")
    article, _, message = delivery(done)["platform_id"].partition(":")
    assert (sent["data"]["article"], sent["subject"]) == (article, message)
    assert sent["data"]["target"] == {"cities": "9"}
    assert delivery(done)["proof"]["broadcast"] == message


@pytest.mark.mission("M16")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"broadcasts": 0}, "hết lượt gửi tin trong tháng"),
        ({"package": False}, "cần nâng gói"),
        ({"may_message": False}, "chưa được cấp quyền"),
    ],
)
async def test_a_refused_broadcast_is_told_in_vietnamese_and_nothing_is_half_done(
    loud: Desk, options: dict[str, Any], words: str
) -> None:
    await loud.put(**options)
    done = await loud.send()
    assert delivery(done)["state"] == "rejected"
    assert words in delivery(done)["error"]
    assert await loud.stands() == [], "the article is hidden again"
    assert await loud.entries("message.broadcast") == []
    done = await loud.work(done, rounds=5)
    assert delivery(done)["state"] == "rejected"
    assert await loud.stands() == []


@pytest.mark.parametrize("kind", ["executed_response_lost", "not_executed_timeout", "http_status"])
async def test_a_broadcast_whose_answer_was_lost_is_never_sent_again(loud: Desk, kind: str) -> None:
    await loud.fault("message.broadcast", kind, **({"status": 502} if kind == "http_status" else {}))
    done = await loud.work(await loud.send(), rounds=4)
    assert delivery(done)["state"] == "manual"
    assert "trang quản trị OA" in delivery(done)["error"]
    assert len(await loud.entries("message.broadcast")) == (kind == "executed_response_lost")
    [task] = await loud.tasks()
    assert task["kind"] == "delivery_undecided"


async def test_showing_it_is_repeated_until_it_stands_and_it_is_one(desk: Desk) -> None:
    await desk.fault("article.update", "not_executed_timeout")
    done = await desk.work(await desk.send(), rounds=4)
    assert delivery(done)["state"] == "published"
    assert len(await desk.stands()) == 1


async def test_a_lost_create_is_found_again_as_the_hidden_article_it_is(desk: Desk) -> None:
    await desk.fault("article.create", "executed_response_lost")
    done = await desk.work(await desk.send(), rounds=2)
    assert delivery(done)["state"] == "published"
    assert len(await desk.entries("article.create")) == 1


async def test_pictures_take_their_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.publish.adapters.zalo.LOOKS", ())
    desk.theatre.app.state.world.settings.zalo.processing_seconds = 20.0
    done = await desk.send()
    assert delivery(done)["state"] == "pending"
    assert "đang xử lý ảnh" in delivery(done)["error"]
    done = await desk.work(done, rounds=4)
    assert delivery(done)["state"] == "published"
    assert len(await desk.entries("article.create")) == 1


async def test_a_picture_that_does_not_come_is_a_final_no(desk: Desk) -> None:
    """As where our address cannot be reached from outside."""
    medium = await desk.theatre.picture()
    async with desk.room.db.transaction() as session:
        held = await session.get(m.Medium, UUID(medium))
        assert held is not None
        path = desk.room.resources.files.path(f"objects/{held.sha256.hex()[:2]}/{held.sha256.hex()}")
    path.unlink()
    done = await desk.send()
    assert delivery(done)["state"] == "rejected"
    assert await desk.stands() == []


@pytest.mark.mission("M30")
async def test_taken_down_the_article_is_gone_and_a_broadcast_is_told_as_it_is(loud: Desk) -> None:
    done = await loud.send()
    await loud.room.act("withdraw", done, loud.room.speaker, reason="Số liệu sai")
    done = await loud.work(done)
    assert await loud.stands() == []
    assert delivery(done)["state"] == "withdrawing"
    assert "không thu hồi được" in delivery(done)["error"]
    [task] = [each for each in await loud.tasks() if each["kind"] == "takedown_failed"]
    body = {"outcome": "removed", "evidence_url": "https://oa.zalo.me/manage/broadcast"}
    ended = await loud.room.client.post(f"{API}/tasks/{task['id']}/done", json=body, headers=loud.room.editor)
    assert ended.status_code == 200, ended.text
    assert delivery(await loud.room.read(done))["state"] == "withdrawn"


async def test_a_correction_changes_the_article_and_keeps_its_cover(desk: Desk) -> None:
    done = await desk.send()
    made = desk.theatre.opened(desk.channel)
    corrects = Corrected(delivery(done)["platform_id"], delivery(done)["platform_url"])
    picture = (await desk.theatre.shown(CASE, plain())).media
    draft = replace(plain(title="Giờ cấm đường", kind="correction"), corrects=corrects, media=picture)
    prepared = made.prepare(made.compose(draft).payload, UUID(int=7), desk.room.clock.now())
    staged = await made.stage(prepared)
    assert staged == prepared
    await made.commit(replace(prepared, payload={**prepared.payload, "media": []}))
    [post] = await desk.stands()
    assert post["text"].startswith("Đính chính: Giờ cấm đường")
    assert post["id"] == delivery(done)["platform_id"]


@pytest.mark.mission("M30")
async def test_a_correction_of_what_was_sent_is_sent_too_and_shares_its_post(loud: Desk) -> None:
    """So that whoever takes the one down takes the other down, and is told of the messages."""
    done = await loud.send()
    first = delivery(done)["platform_id"]
    adapter = loud.theatre.opened(loud.channel)
    picture = (await loud.theatre.shown(CASE, plain())).media
    corrects = Corrected(first, delivery(done)["platform_url"])
    draft = replace(plain(title="Giờ cấm đường", kind="correction"), corrects=corrects, media=picture)
    prepared = adapter.prepare(adapter.compose(draft).payload, UUID(int=7), loud.room.clock.now())
    sent = await adapter.commit(prepared)
    assert isinstance(sent, Published)
    assert sent.id == first
    assert len(await loud.entries("message.broadcast")) == 2
    assert isinstance(await adapter.reconcile(replace(prepared, id=sent.id).as_handle()), Found)
    unheard = await adapter.reconcile(prepared.as_handle())
    assert isinstance(unheard, Undecidable), "whether the second message went out cannot be read"
    assert unheard.is_final


async def test_a_correction_that_may_not_be_sent_on_is_told_as_it_is(loud: Desk) -> None:
    done = await loud.send()
    await loud.put(broadcasts=0)
    adapter = loud.theatre.opened(loud.channel)
    corrects = Corrected(delivery(done)["platform_id"], delivery(done)["platform_url"])
    picture = (await loud.theatre.shown(CASE, plain())).media
    draft = replace(plain(title="Giờ cấm đường", kind="correction"), corrects=corrects, media=picture)
    sent = await adapter.commit(adapter.prepare(adapter.compose(draft).payload, UUID(int=7), loud.room.clock.now()))
    assert isinstance(sent, Unknown)
    [post] = await loud.stands()
    assert post["text"].startswith("Đính chính")
    seen = await adapter.reconcile(sent.handle)
    assert isinstance(seen, Undecidable)
    assert "đã được sửa" in seen.reason.vi
    assert "hết lượt gửi tin" in seen.reason.vi


# --- tokens ---


@pytest.mark.mission("M16")
async def test_a_token_is_renewed_before_it_ends_and_the_pair_is_kept(desk: Desk) -> None:
    await desk.send()
    desk.theatre.advance(timedelta(seconds=90_000 - 300))
    heard = len(await desk.entries("token.refresh"))
    done = await desk.send(title="Tin thứ hai")
    assert delivery(done)["state"] == "published"
    assert len(await desk.entries("token.refresh")) == heard + 1
    kept = await desk.kept_secret()
    [*_, last] = await desk.entries("token.refresh")
    assert hashlib.sha256(kept["refresh_token"].encode()).hexdigest() == last["data"]["refresh_sha256"]


@pytest.mark.mission("M16")
@pytest.mark.parametrize(
    ("kind", "state"), [("not_executed_timeout", "published"), ("executed_response_lost", "auth_required")]
)
async def test_a_renewal_that_was_not_heard(desk: Desk, kind: str, state: str) -> None:
    """Where it was not done, the second question does it; where it was, the new pair is lost, and a person is told."""
    await desk.fault("token.refresh", kind)
    done = await desk.send()
    assert delivery(done)["state"] == state
    if state == "auth_required":
        assert "cấp quyền lại" in delivery(done)["error"]
        assert "đã mất" in delivery(done)["error"]
        assert {each["kind"] for each in await desk.tasks()} == {"channel_reconnect"}
        await desk.theatre.reconnect(desk.channel)
        assert delivery(await desk.work(done, rounds=2))["state"] == "published"


async def test_a_withdrawn_consent_is_found_by_the_hourly_look(desk: Desk) -> None:
    await desk.put()
    control = desk.theatre.seats[desk.channel.id][1].control
    assert control is not None
    await desk.theatre.put("accounts", **{**control, "status": "revoked"})
    adapter = desk.theatre.opened(desk.channel)
    health = await adapter.health()
    assert health.problem is not None
    assert "cấp quyền lại" in health.problem.vi
    desk.room.resources = desk.theatre.resources()
    await jobs.check_accounts(desk.room.context)
    listed = await desk.room.client.get(f"{API}/channels", headers=desk.room.editor)
    assert {one["id"]: one["state"] for one in listed.json()["items"]}[str(desk.channel.id)] == "needs_reconnect"


# --- words ---


@pytest.mark.mission("M29")
def test_an_article_needs_a_cover_and_says_so() -> None:
    with pytest.raises(NotPostable) as refused:
        unconnected("zalo").compose(plain())
    assert "ảnh bìa" in refused.value.reason.vi
