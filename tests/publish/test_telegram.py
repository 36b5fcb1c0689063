"""Telegram end to end against the sandbox: one attempt, proof by an edit to the same, receipts, take-down."""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from services.publish import jobs
from services.publish.adapters.base import (
    Account,
    AuthRequired,
    ChannelError,
    Deleted,
    Found,
    NotFound,
    Prepared,
    Published,
    Rejected,
    StillLive,
    Throttled,
    Undecidable,
    Unknown,
)
from services.publish.adapters.botapi import BotApi, Refused
from services.publish.adapters.telegram import Telegram
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import shelve
from tests.publish.stage import Stage
from tests.sandbox.bot import CHANNEL, TOKEN, png
from tests.sandbox.receiver import receiving

SECRET = TOKEN.split(":")[1]


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


@dataclass
class Desk:
    """The channel on the sandbox, and what a test does to it."""

    newsroom: Newsroom
    stage: Stage
    account: dict[str, Any]
    channel: m.Channel

    async def fault(self, kind: str, operation: str = "sendMessage", **more: Any) -> None:
        await self.stage.post("/control/faults", platform="telegram", operation=operation, kind=kind, **more)

    async def later(self, minutes: float) -> None:
        """Both clocks: the platform's and ours."""
        self.newsroom.clock.advance(timedelta(minutes=minutes))
        await self.stage.post("/control/clock/advance", seconds=minutes * 60)

    async def posts(self) -> list[dict[str, Any]]:
        return [p for p in await self.stage.posts() if p["platform"] == "telegram"]

    async def entries(self, kind: str = "post", effect: str = "created") -> list[dict[str, Any]]:
        told = (await self.stage.http.get("/control/ledger", params={"platform": "telegram"})).json()["entries"]
        return [e for e in told if (e["kind"], e["effect"]) == (kind, effect)]

    async def put(self, **changes: Any) -> None:
        options = {"discussion": True, **changes.pop("options", {})}
        body = {"platform": "telegram", "handle": CHANNEL, "password": TOKEN, "options": options, **changes}
        self.account = await self.stage.put("/control/accounts", **body)

    async def by_hand(self, number: int) -> None:
        """Somebody deletes a post in the app; the app is not held by the bot's 48 hours."""
        await self.stage.post("/control/telegram/remove", post=f"{self.account['chat_id']}/{number}")

    def open(self, token: str = TOKEN, **settings: Any) -> Telegram:
        """The adapter itself, for an account of our choice."""
        whole = {"chat": f"@{CHANNEL}", "service": f"{self.stage.url}/telegram", "web": "https://t.me", **settings}
        return Telegram(Account(uuid4(), whole, {"token": token}), self.newsroom.resources.tools)

    @property
    def group(self) -> int:
        return int(self.account["discussion_id"])

    async def row(self, publication: dict[str, Any]) -> m.Delivery:
        async with self.newsroom.db.transaction() as session:
            found = await session.get(m.Delivery, UUID(on(publication, self.channel)["id"]))
        assert found is not None
        return found

    async def settle(self, publication: dict[str, Any], rounds: int = 12) -> dict[str, Any]:
        for _ in range(rounds):
            await self.later(2)
            await self.newsroom.look()
            await self.newsroom.deliver()
            await self.newsroom.take_down()
        return await self.newsroom.read(publication)

    async def withdrawn(self, publication: dict[str, Any]) -> dict[str, Any]:
        await self.newsroom.act("withdraw", publication, self.newsroom.speaker, reason="Sai")
        await self.newsroom.take_down()
        return await self.newsroom.read(publication)


async def make_desk(newsroom: Newsroom, stage: Stage, **settings: Any) -> Desk:
    desk = Desk(newsroom, stage, {}, newsroom.bulletin)
    await desk.put()
    if settings.pop("receipts", False):
        settings["discussion"] = desk.group
    body = {
        "kind": "telegram",
        "name": "Telegram của thành phố",
        "address": f"@{CHANNEL}",
        "settings": {"chat": f"@{CHANNEL}", "service": f"{stage.url}/telegram", **settings},
        "secret": {"token": TOKEN},
    }
    made = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert made.status_code == 201, made.text
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, UUID(made.json()["id"]))
    assert channel is not None
    return replace(desk, channel=channel)


@pytest.fixture
async def desk(newsroom: Newsroom, stage: Stage) -> Desk:
    """A channel without receipts."""
    return await make_desk(newsroom, stage)


@pytest.fixture
async def receipted(newsroom: Newsroom, stage: Stage) -> Desk:
    """A channel whose settings name its discussion group."""
    return await make_desk(newsroom, stage, receipts=True)


def text(words: str = "Xin chào", **more: Any) -> dict[str, Any]:
    entities = [{"type": "bold", "offset": 0, "length": 3}]
    preview = {"is_disabled": True}
    sent = {"method": "sendMessage", "chat_id": f"@{CHANNEL}", "text": words, "entities": entities}
    return {**sent, "link_preview_options": preview, **more}


def prepared(desk: Desk, payload: dict[str, Any], **more: Any) -> Prepared:
    now = desk.newsroom.clock.now()
    return Prepared(str(uuid4()), payload, {"at": now.isoformat()}, at=now, **more)


# --- a post ---


@pytest.mark.mission("M18")
async def test_a_post_reaches_the_channel_and_is_seen_there(desk: Desk) -> None:
    done = await desk.newsroom.published(desk.newsroom.bulletin, desk.channel, title="Cầu Ô Chợ Dừa 🚧 thông xe")
    assert done["state"] == "published"
    [post] = await desk.posts()
    assert post["text"].startswith("Cầu Ô Chợ Dừa 🚧 thông xe\n\nTừ ngày 1/12")
    [link] = post["links"]
    assert link.startswith("https://tin.example.vn/")
    assert post["text"].endswith(f"• Vé tháng vẫn dùng được.\n\n{link}")
    delivery = on(done, desk.channel)
    assert (delivery["platform_id"], delivery["platform_url"]) == ("1", f"https://t.me/{CHANNEL}/1")
    assert delivery["proof"]["edit"] == "message is not modified"
    assert len(await desk.entries()) == 1


@pytest.mark.mission("M29")
async def test_what_stands_there_is_the_preview(desk: Desk) -> None:
    made = await desk.newsroom.draft(desk.newsroom.bulletin, desk.channel)
    url = f"{API}/publications/{made['id']}/preview"
    previews = (await desk.newsroom.client.get(url, headers=desk.newsroom.editor)).json()["channels"]
    payload = next(p["payload"] for p in previews if p["kind"] == "telegram")
    await desk.newsroom.act("submit", made, desk.newsroom.editor)
    await desk.newsroom.act("approve", made, desk.newsroom.speaker, content_hash=made["content_hash"])
    await desk.newsroom.deliver()
    [entry] = await desk.entries()
    assert payload.pop("method") == entry["operation"] == "sendMessage"
    assert payload.pop("chat_id") == f"@{entry['account']}"
    assert payload["text"] == entry["data"]["text"]
    shown = [e for e in entry["data"]["entities"] if e["type"] != "url"]
    assert payload["entities"] == shown
    assert payload["link_preview_options"] == entry["data"]["preview"]


@pytest.mark.mission("M18", "M28")
@pytest.mark.parametrize("count", [1, 2])
async def test_pictures_of_the_library_arrive_as_approved(desk: Desk, count: int) -> None:
    files = [png(shade=number) for number in range(count)]
    media = [str(await shelve(desk.newsroom, data, alt=f"Ảnh {n}", size=(40, 30))) for n, data in enumerate(files)]
    done = await desk.newsroom.published(desk.newsroom.bulletin, desk.channel, media_ids=media)
    delivery = on(done, desk.channel)
    assert (delivery["state"], delivery["platform_id"]) == ("published", "1m" if count == 1 else "1,2m")
    entries = await desk.entries()
    assert [e["data"]["media_sha256"] for e in entries] == [[hashlib.sha256(data).hexdigest()] for data in files]
    assert entries[0]["data"]["text"].startswith("Điều chỉnh lộ trình xe buýt số 32")
    gone = await desk.withdrawn(done)
    assert on(gone, desk.channel)["state"] == "withdrawn"
    assert await desk.posts() == []


@pytest.mark.mission("M30")
@pytest.mark.parametrize("lost", [False, True], ids=["heard", "lost"])
async def test_a_correction_stands_in_the_post_it_corrects(desk: Desk, lost: bool) -> None:
    newsroom = desk.newsroom
    first = await newsroom.published(newsroom.bulletin, desk.channel)
    await desk.later(60 * 4)
    if lost:
        await desk.fault("executed_response_lost", "editMessageText")
    told = {"kind": "correction", "corrects_id": first["id"], "title": "Xe buýt 32 đổi từ 2/12"}
    fixed = await newsroom.draft(newsroom.bulletin, desk.channel, **told)
    await newsroom.act("submit", fixed, newsroom.editor)
    for speaker in (newsroom.speaker, newsroom.second_speaker):
        agreed = await newsroom.act("approve", fixed, speaker, content_hash=fixed["content_hash"])
        assert agreed.status_code == 200, agreed.text
    await newsroom.deliver()
    done = await desk.settle(fixed, rounds=1) if lost else await newsroom.read(fixed)
    [post] = await desk.posts()
    assert post["text"].startswith("Đính chính: Xe buýt 32 đổi từ 2/12")
    delivery = on(done, desk.channel)
    assert (delivery["state"], delivery["platform_id"]) == ("published", "1")
    assert len(await desk.entries(effect="created")) == 1


# --- when the answer goes missing ---


@pytest.mark.mission("M39")
@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        ({"kind": "executed_response_lost"}, 1),
        ({"kind": "not_executed_timeout", "seconds": 0.2}, 0),
        ({"kind": "http_status", "status": 502}, 0),
        ({"kind": "http_status", "status": 504, "executed": True}, 1),
        ({"kind": "http_status", "status": 500, "executed": True}, 1),
    ],
    ids=lambda value: "-".join(str(v) for v in value.values()) if isinstance(value, dict) else None,
)
async def test_without_receipts_a_lost_answer_goes_to_a_person(desk: Desk, fault: dict[str, Any], posts: int) -> None:
    await desk.fault(**fault)
    made = await desk.newsroom.approved(desk.channel)
    await desk.newsroom.deliver()
    delivery = on(await desk.newsroom.read(made), desk.channel)
    assert (delivery["state"], delivery["attempt"]) == ("unknown", 1)
    for _ in range(10):
        await desk.later(90)
        await desk.newsroom.look()
        await desk.newsroom.deliver()
    assert (await desk.row(made)).state == "manual"
    assert len(await desk.posts()) == posts, "it was never sent again"


@pytest.mark.mission("M39")
@pytest.mark.parametrize(
    "fault",
    [{"kind": "executed_response_lost"}, {"kind": "http_status", "status": 502, "executed": True}],
    ids=["lost", "502"],
)
async def test_a_lost_answer_is_found_by_its_receipt(receipted: Desk, fault: dict[str, Any]) -> None:
    await receipted.fault(**fault)
    made = await receipted.newsroom.approved(receipted.channel)
    await receipted.newsroom.deliver()
    assert on(await receipted.newsroom.read(made), receipted.channel)["state"] == "unknown"
    done = await receipted.settle(made, rounds=2)
    delivery = on(done, receipted.channel)
    assert (delivery["state"], delivery["platform_id"], delivery["attempt"]) == ("published", "1", 1)
    assert delivery["proof"]["edit"] == "message is not modified"
    assert delivery["proof"]["receipt"]
    assert len(await receipted.posts()) == 1


@pytest.mark.mission("M39")
async def test_what_was_not_done_is_not_claimed(receipted: Desk) -> None:
    await receipted.fault("not_executed_timeout", seconds=0.1)
    made = await receipted.newsroom.approved(receipted.channel)
    await receipted.newsroom.deliver()
    done = await receipted.settle(made, rounds=4)
    delivery = on(done, receipted.channel)
    assert delivery["state"] == "unknown"
    assert "biên nhận" in delivery["error"]
    assert await receipted.posts() == []


@pytest.mark.mission("M39")
async def test_an_older_post_of_the_same_words_is_not_taken_for_it(receipted: Desk) -> None:
    first = await receipted.newsroom.published(receipted.channel)
    assert on(first, receipted.channel)["platform_id"] == "1"
    await receipted.later(1)
    await receipted.fault("not_executed_timeout", seconds=0.1)
    second = await receipted.newsroom.approved(receipted.channel)
    await receipted.newsroom.deliver()
    done = await receipted.settle(second, rounds=3)
    assert on(done, receipted.channel)["state"] == "unknown"
    assert len(await receipted.posts()) == 1


@pytest.mark.mission("M39")
async def test_a_second_post_made_by_the_platform_is_noticed(receipted: Desk) -> None:
    await receipted.fault("executed_twice")
    done = await receipted.newsroom.published(receipted.channel)
    delivery = on(done, receipted.channel)
    assert (delivery["state"], delivery["platform_id"]) == ("published", "1")
    assert len(await receipted.posts()) == 2
    await receipted.later(4)
    assert await jobs.look_again(receipted.newsroom.context) == 1
    tasks = await receipted.newsroom.client.get(f"{API}/tasks", headers=receipted.newsroom.editor)
    assert any("đăng trùng" in task["title"] for task in tasks.json()["items"]), tasks.text


async def test_two_receipts_of_a_lost_answer_are_one_post_and_a_twin(receipted: Desk) -> None:
    adapter = receipted.open(discussion=receipted.group)
    one = prepared(receipted, text())
    for _ in range(2):
        await adapter.commit(one)
        await receipted.later(0.1)
    seen = await adapter.reconcile(one.as_handle())
    assert isinstance(seen, Found)
    assert (seen.id, seen.duplicates) == ("1", ("2",))


async def test_what_went_out_is_not_held_up_by_its_receipt(receipted: Desk) -> None:
    await receipted.stage.put("/control/lag", platform="telegram", seconds=20)
    done = await receipted.newsroom.published(receipted.channel)
    proof = on(done, receipted.channel)["proof"]
    assert (proof["edit"], proof["receipt"]) == ("message is not modified", None)


@pytest.mark.mission("M30")
async def test_a_later_look_does_not_undo_a_correction(receipted: Desk) -> None:
    """The proof by the same edit is only for the moment after the sending."""
    done = await receipted.newsroom.published(receipted.channel)
    adapter = receipted.open()
    await adapter.commit(prepared(receipted, text("Đính chính: giờ mới", method="editMessageText", edits="1")))
    await receipted.later(4)
    assert await jobs.look_again(receipted.newsroom.context) == 1
    assert [p["text"] for p in await receipted.posts()] == ["Đính chính: giờ mới"]
    assert (await receipted.row(done)).handle["looked_again"]


async def test_an_edit_that_was_not_proved_in_time_goes_to_a_person(desk: Desk) -> None:
    adapter = desk.open()
    await adapter.commit(prepared(desk, text("Giờ cũ")))
    one = prepared(desk, text("Đính chính: giờ mới", method="editMessageText", edits="1"), id="1")
    await desk.later(4)
    seen = await adapter.reconcile(one.as_handle())
    assert isinstance(seen, Undecidable)
    assert [p["text"] for p in await desk.posts()] == ["Giờ cũ"]


async def test_reading_receipts_takes_nothing_from_others(receipted: Desk) -> None:
    await receipted.newsroom.published(receipted.channel)
    await receipted.later(1)
    await receipted.newsroom.published(receipted.channel)
    await receipted.later(1)
    told = await receipted.stage.http.get(f"/telegram/bot{TOKEN}/getUpdates")
    assert len(told.json()["result"]) == 2


async def test_a_full_queue_hides_new_receipts_unless_it_is_ours(receipted: Desk) -> None:
    adapter = receipted.open(discussion=receipted.group)
    await adapter.commit(prepared(receipted, text("Bài đầu")))
    await receipted.later(1)
    post = f"{receipted.account['chat_id']}/1"
    replies = [{"text": str(number)} for number in range(99)]
    await receipted.stage.post("/control/telegram/engage", post=post, replies=replies)
    one = prepared(receipted, text("Bài sau"))
    await adapter.commit(one)
    await receipted.later(1)
    assert isinstance(await adapter.reconcile(one.as_handle()), Undecidable)
    ours = receipted.open(discussion=receipted.group, owns_updates=True)
    assert isinstance(await ours.reconcile(one.as_handle()), Found)


async def test_a_webhook_elsewhere_leaves_only_the_post_as_proof(receipted: Desk) -> None:
    url = f"{receipted.stage.url}/nowhere"
    await receipted.stage.http.post(f"/telegram/bot{TOKEN}/setWebhook", json={"url": url})
    done = await receipted.newsroom.published(receipted.channel)
    assert "409" in on(done, receipted.channel)["proof"]["receipt"]


# --- what the platform refuses ---


async def test_a_throttle_is_waited_for(desk: Desk) -> None:
    await desk.fault("throttle", seconds=35)
    outcome = await desk.open().commit(prepared(desk, text()))
    assert isinstance(outcome, Throttled)
    assert outcome.until == desk.newsroom.clock.now() + timedelta(seconds=35)
    assert await desk.posts() == []


@pytest.mark.parametrize(
    ("changes", "token", "words"),
    [
        ({"status": "kicked"}, TOKEN, "bot was kicked"),
        ({"status": "readonly"}, TOKEN, "need administrator rights"),
        ({"status": "revoked"}, TOKEN, "Unauthorized"),
        ({"handle": "kenh_khac"}, TOKEN, "chat not found"),
        ({"options": {"migrated_to": -1009}}, TOKEN, "upgraded to a supergroup"),
        ({}, "không phải mã", "Unauthorized"),
    ],
    ids=["kicked", "readonly", "revoked", "unknown", "moved", "no-token"],
)
async def test_an_account_that_cannot_post_needs_a_person(
    newsroom: Newsroom, stage: Stage, changes: dict[str, Any], token: str, words: str
) -> None:
    desk = Desk(newsroom, stage, {}, newsroom.bulletin)
    await desk.put(**changes)
    adapter = desk.open(token=token)
    outcome = await adapter.commit(prepared(desk, text()))
    assert isinstance(outcome, AuthRequired), outcome
    assert words in outcome.reason.vi
    health = await adapter.health()
    assert health.problem is not None
    assert "cần kết nối lại" in health.problem.vi


async def test_the_core_is_told_to_reconnect(desk: Desk) -> None:
    await desk.put(status="revoked")
    made = await desk.newsroom.approved(desk.channel)
    await desk.newsroom.deliver()
    assert on(await desk.newsroom.read(made), desk.channel)["state"] == "auth_required"
    assert await desk.posts() == []


async def test_what_it_does_not_take_is_refused_for_good(desk: Desk) -> None:
    outcome = await desk.open().commit(prepared(desk, text("x" * 4097)))
    assert isinstance(outcome, Rejected)
    assert outcome.permanent
    assert outcome.reason.vi == "Telegram trả lời: bài dài quá (Bad Request: message is too long)"


async def test_a_server_that_is_not_there_gets_it_later(desk: Desk) -> None:
    adapter = desk.open(service="http://127.0.0.1:9")
    outcome = await adapter.commit(prepared(desk, text()))
    assert isinstance(outcome, Rejected)
    assert not outcome.permanent
    with pytest.raises(ChannelError):
        await adapter.health()


async def test_it_speaks_to_channels_not_to_people(desk: Desk) -> None:
    group = desk.open(chat=str(desk.group))
    problem = (await group.health()).problem
    assert problem is not None
    assert "phải là một kênh" in problem.vi
    made = {"kind": "telegram", "name": "x", "address": "1", "secret": {"token": TOKEN}, "settings": {"chat": "12345"}}
    answer = await desk.newsroom.client.post(f"{API}/channels", json=made, headers=desk.newsroom.admin)
    told = {"title": "Tin", "body": "Tin", "channel_ids": [answer.json()["id"]]}
    refused = await desk.newsroom.client.post(f"{API}/publications", json=told, headers=desk.newsroom.editor)
    assert (refused.status_code, "phải là một kênh" in refused.text) == (409, True)


async def test_a_healthy_account_and_what_it_can_do(desk: Desk) -> None:
    adapter = desk.open()
    assert (await adapter.health()).problem is None
    facts = await adapter.fetch_capabilities()
    assert facts == {
        "chat_id": desk.account["chat_id"],
        "username": CHANNEL,
        "linked_chat_id": desk.group,
        "can_post": True,
        "can_edit": True,
        "can_delete": True,
    }


async def test_a_channel_known_by_number_has_its_address_from_the_facts(desk: Desk) -> None:
    number = str(desk.account["chat_id"])
    adapter = desk.open(chat=number)
    sent = await adapter.commit(prepared(desk, text(chat_id=number)))
    assert isinstance(sent, Published)
    assert sent.url == f"https://t.me/c/{number.removeprefix('-100')}/1"
    known = Account(uuid4(), {"chat": number, **adapter._account.settings}, {"token": TOKEN}, {"username": CHANNEL})
    standing = await Telegram(known, desk.newsroom.resources.tools).status("1")
    assert standing.url == f"https://t.me/{CHANNEL}/1"


# --- editing, proving, taking down ---


@pytest.mark.mission("M30")
async def test_a_withdrawn_post_is_gone_and_proved_gone(desk: Desk) -> None:
    done = await desk.newsroom.published(desk.channel)
    gone = await desk.withdrawn(done)
    assert [d["state"] for d in gone["deliveries"]] == ["withdrawn"]
    assert await desk.posts() == []


@pytest.mark.mission("M30")
async def test_after_two_days_a_person_deletes_and_it_is_seen(desk: Desk, signed_in: Any) -> None:
    done = await desk.newsroom.published(desk.channel)
    await desk.later(48 * 60)
    desk.newsroom.speaker = await signed_in(Role.SPOKESPERSON)
    desk.newsroom.editor = await signed_in(Role.EDITOR)
    delivery = on(await desk.withdrawn(done), desk.channel)
    assert delivery["state"] == "withdrawing"
    assert f"https://t.me/{CHANNEL}/1" in delivery["error"]
    tasks = (await desk.newsroom.client.get(f"{API}/tasks", headers=desk.newsroom.editor)).json()["items"]
    assert any("xóa tay" in task["title"] for task in tasks)
    [case] = (await desk.newsroom.client.get(f"{API}/takedowns", headers=desk.newsroom.editor)).json()["items"]
    await desk.by_hand(1)
    again = await desk.newsroom.client.post(f"{API}/takedowns/{case['id']}/retry", headers=desk.newsroom.editor)
    assert again.status_code == 202, again.text
    await desk.newsroom.take_down()
    gone = await desk.row(done)
    assert gone.state == "withdrawn"
    assert gone.withdrawal_proof["answer"] == "message to delete not found"


@pytest.mark.mission("M30")
@pytest.mark.parametrize(
    ("fault", "retry", "reconnect"),
    [
        ({"kind": "throttle", "seconds": 40}, True, False),
        ({"kind": "token_expired"}, False, True),
        ({"kind": "executed_response_lost"}, False, False),
        ({"kind": "http_status", "status": 502}, False, False),
    ],
    ids=["throttle", "token", "lost", "502"],
)
async def test_a_deletion_that_is_not_proved_is_not_one(
    desk: Desk, fault: dict[str, Any], retry: bool, reconnect: bool
) -> None:
    adapter = desk.open()
    await adapter.commit(prepared(desk, text()))
    await desk.fault(**fault, operation="deleteMessage")
    first = await adapter.delete("1")
    assert isinstance(first, StillLive)
    assert (first.retry_at is not None, first.needs_reconnect) == (retry, reconnect)
    assert isinstance(await adapter.delete("1"), Deleted)
    assert await desk.posts() == []


@pytest.mark.mission("M30")
async def test_a_yes_is_no_proof(desk: Desk) -> None:
    """A platform that says yes to everything and does nothing."""
    with receiving() as liar:
        liar.says = b'{"ok": true, "result": true}'
        adapter = desk.open(service=liar.address)
        removal = await adapter.delete("1,2m")
        assert isinstance(removal, StillLive)
        assert "vẫn còn" in removal.reason.vi
        assert [body["message_id"] for body in liar.bodies()] == [1, 2, 1, 2]
        assert isinstance(await adapter.commit(prepared(desk, text())), Unknown), "a yes without a number of the post"


async def test_whether_it_stands_can_be_asked_any_time(desk: Desk) -> None:
    adapter = desk.open()
    await adapter.commit(prepared(desk, text()))
    standing = await adapter.status("1")
    assert (standing.is_live, standing.url) == (True, f"https://t.me/{CHANNEL}/1")
    await adapter.delete("1")
    assert (await adapter.status("1")).is_live is False
    assert await adapter.list_posts() is None
    assert {metric.value for metric in (await adapter.metrics(["1"]))["1"]} == {None}
    for unreadable in ("", "abc", "1m2"):
        with pytest.raises(ChannelError):
            await adapter.status(unreadable)
        assert isinstance(await adapter.delete(unreadable), StillLive)


async def test_gone_in_the_meantime_is_not_published(desk: Desk) -> None:
    adapter = desk.open()
    one = prepared(desk, text())
    await adapter.commit(one)
    await adapter.delete("1")
    assert isinstance(await adapter.reconcile(replace(one, id="1").as_handle()), NotFound)
    await desk.fault("http_status", "editMessageText", status=500)
    assert isinstance(await adapter.reconcile(replace(one, id="1").as_handle()), Undecidable)
    assert isinstance(await adapter.reconcile({"key": "", "payload": {}}), Undecidable)


async def test_the_proof_by_edit_can_be_switched_off(desk: Desk) -> None:
    adapter = desk.open(confirm_by_edit=False)
    one = prepared(desk, text())
    await adapter.commit(one)
    seen = await adapter.reconcile(replace(one, id="1").as_handle())
    assert isinstance(seen, Found)
    assert seen.proof == {"answer": [1]}
    assert await desk.entries(effect="unchanged") == []


async def test_a_correction_edits_the_post(desk: Desk) -> None:
    adapter = desk.open()
    await adapter.commit(prepared(desk, text("Giờ cũ")))
    payload = text("Đính chính: giờ mới", method="editMessageText", edits="1")
    one = adapter.prepare(payload, uuid4(), desk.newsroom.clock.now())
    for expected in ("edited", "message is not modified"):
        outcome = await adapter.commit(one)
        assert isinstance(outcome, Published)
        assert (outcome.id, outcome.proof) == ("1", {"edit": expected})
    await desk.fault("executed_response_lost", "editMessageText")
    lost = await adapter.commit(one)
    assert isinstance(lost, Unknown)
    assert isinstance(await adapter.reconcile(lost.handle), Found)
    assert [p["text"] for p in await desk.posts()] == ["Đính chính: giờ mới"]
    await adapter.delete("1")
    refused = await adapter.commit(one)
    assert isinstance(refused, Rejected)
    assert refused.permanent


# --- pictures ---


@dataclass
class Shelf:
    """The files that a payload names."""

    files: dict[str, bytes]

    async def read(self, sha256: str) -> bytes:
        return self.files[sha256]


def pictures(count: int) -> tuple[Shelf, list[dict[str, Any]]]:
    files = {hashlib.sha256(body).hexdigest(): body for body in (png(shade=number) for number in range(count))}
    media = [{"sha256": key, "mime": "image/png", "alt": "Ảnh", "width": 40, "height": 30} for key in files]
    return Shelf(files), media


@pytest.mark.mission("M28")
@pytest.mark.parametrize("count", [1, 3])
async def test_pictures_arrive_as_they_were_approved(desk: Desk, count: int) -> None:
    shelf, media = pictures(count)
    adapter = desk.open()
    adapter._tools = replace(adapter._tools, media=shelf)
    bold = [{"type": "bold", "offset": 0, "length": 8}]
    method = "sendPhoto" if count == 1 else "sendMediaGroup"
    payload = {"method": method, "chat_id": f"@{CHANNEL}", "caption": "Cầu mới ở sông Hồng", "caption_entities": bold}
    one = prepared(desk, {**payload, "media": media})
    sent = await adapter.commit(one)
    assert isinstance(sent, Published), sent
    assert sent.id == ("1m" if count == 1 else "1,2,3m")
    entries = await desk.entries()
    assert [entry["data"]["media_sha256"] for entry in entries] == [[medium["sha256"]] for medium in media]
    assert entries[0]["data"]["entities"] == bold
    assert [entry["data"]["text"] for entry in entries] == ["Cầu mới ở sông Hồng", "", ""][:count]
    seen = await adapter.reconcile(replace(one, id=sent.id).as_handle())
    assert isinstance(seen, Found)
    assert (await adapter.status(sent.id)).is_live
    removal = await adapter.delete(sent.id)
    assert isinstance(removal, Deleted)
    assert await desk.posts() == []


async def test_an_album_without_an_answer_is_found_whole(receipted: Desk) -> None:
    shelf, media = pictures(2)
    adapter = receipted.open(discussion=receipted.group)
    adapter._tools = replace(adapter._tools, media=shelf)
    payload = {"method": "sendMediaGroup", "chat_id": f"@{CHANNEL}", "caption": "Hai góc", "caption_entities": []}
    one = prepared(receipted, {**payload, "media": media})
    await receipted.fault("executed_response_lost", "sendMediaGroup")
    assert isinstance(await adapter.commit(one), Unknown)
    await receipted.later(0.1)
    seen = await adapter.reconcile(one.as_handle())
    assert isinstance(seen, Found)
    assert (seen.id, seen.duplicates) == ("1,2m", ())


async def test_a_missing_file_sends_nothing(desk: Desk) -> None:
    payload = {"method": "sendPhoto", "chat_id": f"@{CHANNEL}", "caption": "x", "caption_entities": []}
    media = [{"sha256": "00" * 32, "mime": "image/png", "alt": "Ảnh"}]
    outcome = await desk.open().commit(prepared(desk, {**payload, "media": media}))
    assert isinstance(outcome, Rejected)
    assert not outcome.permanent


# --- the token ---


async def test_the_token_is_in_no_log_and_no_error(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    adapter = desk.open()
    outcomes: list[object] = [await adapter.commit(prepared(desk, text()))]
    for fault in (
        {"kind": "token_expired"},
        {"kind": "http_status", "status": 400},
        {"kind": "executed_response_lost"},
    ):
        await desk.fault(**fault)
        outcomes.append(await adapter.commit(prepared(desk, text())))
    outcomes.append(await desk.open(service="http://127.0.0.1:9").commit(prepared(desk, text())))
    with pytest.raises(ChannelError) as trouble:
        await desk.open(service="http://127.0.0.1:9").health()
    outcomes += [trouble.value, trouble.value.__cause__, trouble.value.reason, adapter]
    try:
        raise trouble.value
    except ChannelError:
        logging.getLogger("lantoa.publish").exception("seen")
    assert "HTTP Request: POST" in caplog.text
    assert "/bot…/sendMessage" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(outcomes)


@pytest.mark.parametrize("lead", [0, 280, 295])
def test_a_platform_that_repeats_the_token_is_not_quoted(lead: int) -> None:
    """Also where the quotation is cut in the middle of it."""
    account = Account(uuid4(), {}, {"token": TOKEN})
    told = {"ok": False, "error_code": 400, "description": "x" * lead + f" /bot{TOKEN}/sendMessage {TOKEN}"}
    with pytest.raises(Refused) as refused:
        BotApi(account, httpx.AsyncClient())._read(httpx.Response(400, json=told))
    assert SECRET[:6] not in f"{refused.value} {refused.value.reason} {refused.value.description}"
