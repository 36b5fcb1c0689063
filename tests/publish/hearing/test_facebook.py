"""Facebook's own letters, signed by the sandbox and sent over: the challenge, a reader's words, what goes away."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from sandbox.platforms.meta import proof_of
from services.publish import jobs
from services.publish.hearing.base import Commented, Event, Hidden, Letter, Touched, Uncommented
from services.publish.hearing.facebook import FacebookHook
from tests.publish.conformance.channels.facebook import APP
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import URL, Theatre
from tests.publish.hearing.letters import comments, delivered, everything, hook_of, listen, of, rows

AUTHOR = "Trần Văn Giấu Tên"


@pytest.fixture
async def subscribed(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> dict[str, Any]:
    """The post of a page whose app was told our address, as an administrator does it once."""
    hook, secret = await hook_of(theatre.newsroom, page), theatre.seats[page.id][1].secret
    graph, token = f"{URL}/facebook/v26.0", str(secret["access_token"])
    told = {"object": "page", "callback_url": hook["url"], "fields": "feed", "verify_token": "sai"}
    app = {"access_token": f"{APP}|{secret['app_secret']}"}
    assert (await theatre.control.post(f"{graph}/{APP}/subscriptions", data={**told, **app})).status_code == 400
    told["verify_token"] = hook["word"]
    asked = await theatre.control.post(f"{graph}/{APP}/subscriptions", data={**told, **app})
    assert asked.json() == {"success": True}
    mine = {"access_token": token, "appsecret_proof": proof_of(token, str(secret["app_secret"]))}
    done = await theatre.control.post(
        f"{graph}/{page.settings['page']}/subscribed_apps?subscribed_fields=feed", data=mine
    )
    assert done.json() == {"success": True}
    return post


async def say(theatre: Theatre, post_id: str, *words: str) -> None:
    await theatre.post("facebook/engage", post=post_id, replies=[{"text": one, "author": AUTHOR} for one in words])


@pytest.mark.mission("M37")
async def test_however_letters_come_each_comment_is_there_once(theatre: Theatre, subscribed: dict[str, Any]) -> None:
    """One letter is overtaken, one comes twice, one after a forged copy, one late."""
    for fault in ("reorder", "duplicate", "bad_signature", "delay"):
        await theatre.post("webhooks/plans", platform="facebook", kind=fault)
    await say(theatre, of(subscribed), "Nước ngập", "Gọi 0912345678", "Khi nào xong?", "Cảm ơn")
    answers = await delivered(theatre)
    theatre.advance(timedelta(seconds=60))
    answers += await delivered(theatre)
    assert [status for is_forged, status in answers if is_forged] == [403]
    assert [status for is_forged, status in answers if not is_forged] == [200] * 5
    found = await comments(theatre.newsroom, subscribed)
    assert sorted(one["body"] for one in found) == ["Cảm ơn", "Gọi [số điện thoại]", "Khi nào xong?", "Nước ngập"]
    assert len(await rows(theatre, m.PlatformEvent)) == 4
    assert AUTHOR not in await everything(theatre)


async def test_told_and_read_it_is_one_and_answers_are_under_what_they_answer(
    theatre: Theatre, subscribed: dict[str, Any]
) -> None:
    await say(theatre, of(subscribed), "Nước ngập")
    [told] = await theatre.post("webhooks/deliver")
    assert told["status"] == 200
    [above] = await rows(theatre, m.Comment)
    vault = theatre.newsroom.resources.vault
    assert vault is not None
    [address] = await rows(theatre, m.ReplyAddress)
    await say(theatre, vault.open(above.id, address.ciphertext)["identifier"], "Đúng rồi")
    for _ in range(2):
        assert await listen(theatre) == 1
    assert await delivered(theatre) == [(False, 200)]
    by_words = {one.body: one for one in await rows(theatre, m.Comment)}
    assert set(by_words) == {"Nước ngập", "Đúng rồi"}
    assert by_words["Đúng rồi"].parent_digest == by_words["Nước ngập"].digest


async def test_what_its_writer_takes_away_there_is_erased_here(theatre: Theatre, subscribed: dict[str, Any]) -> None:
    await say(theatre, of(subscribed), "Nước ngập")
    await delivered(theatre)
    [comment], vault = await rows(theatre, m.Comment), theatre.newsroom.resources.vault
    [address] = await rows(theatre, m.ReplyAddress)
    assert vault is not None
    await theatre.post("facebook/remove", post=vault.open(comment.id, address.ciphertext)["identifier"])
    assert await delivered(theatre) == [(False, 200)]
    [after] = await comments(theatre.newsroom, subscribed)
    assert (after["state"], after["body"]) == ("removed", None)
    assert await rows(theatre, m.ReplyAddress) == []


async def test_a_post_that_somebody_removed_there_becomes_a_task_at_once(
    theatre: Theatre, subscribed: dict[str, Any]
) -> None:
    delivery_id = UUID(subscribed["deliveries"][0]["id"])
    async with theatre.newsroom.db.transaction() as session:
        delivery = await session.get(m.Delivery, delivery_id)
        assert delivery is not None
        delivery.handle = {**delivery.handle, "looked_again": theatre.newsroom.clock.now().isoformat()}
    await say(theatre, of(subscribed), "Nước ngập")
    await delivered(theatre)
    theatre.newsroom.resources = theatre.resources()
    assert await jobs.look_again(theatre.newsroom.context) == 0
    await theatre.post("facebook/remove", post=of(subscribed))
    assert await delivered(theatre) == [(False, 200)]
    assert await jobs.look_again(theatre.newsroom.context) == 1
    tasks = [task for task in await rows(theatre, m.Task) if task.delivery_id == delivery_id]
    assert len(tasks) == 1, [task.title for task in tasks]


def _events(**value: Any) -> Sequence[Event]:
    given = {"post_id": "1_2", "comment_id": "2_3", "from": {"id": "9", "name": AUTHOR}, **value}
    body = {"object": "page", "entry": [{"id": "1", "time": 5, "changes": [{"field": "feed", "value": given}]}]}
    return [one.event for one in FacebookHook().read(Letter({}, json.dumps(body).encode(), NOW))]


def test_what_each_change_says() -> None:
    assert _events(item="comment", verb="hide") == [Hidden("2_3", True)]
    assert _events(item="comment", verb="unhide") == [Hidden("2_3", False)]
    assert _events(item="comment", verb="remove") == [Uncommented("2_3")]
    assert _events(item="status", verb="add") == [Touched("1_2", is_new=True)]
    assert _events(item="video", verb="remove") == [Touched("1_2")]
    assert _events(item="reaction", verb="add") == []
    [ours] = _events(item="comment", verb="add", message="Cảm ơn", **{"from": {"id": "1"}})
    assert isinstance(ours, Commented)
    assert ours.said.is_ours
