"""Telegram: updates with a word in a header; what readers write in the discussion group, under the post they answer."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.common import models as m
from services.publish.hearing.base import Commented, Letter
from services.publish.hearing.telegram import TelegramHook
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import URL, Theatre, next_number
from tests.publish.hearing.letters import comments, deliver, delivered, everything, hook_of, of, rows

CASE = case_of("telegram")
AUTHOR = "Lê Thị Kín Đáo"


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


async def test_what_readers_write_in_the_group_is_under_its_post(theatre: Theatre, channel: m.Channel) -> None:
    made = await theatre.newsroom.approved(channel)
    await deliver(theatre)
    hook = await hook_of(theatre.newsroom, channel)
    bot = f"{URL}/telegram/bot{theatre.seats[channel.id][1].secret['token']}/setWebhook"
    for word, status in (("mot-tu-khac", 403), (hook["word"], 200)):
        told = {"url": hook["url"], "secret_token": word, "drop_pending_updates": word == hook["word"]}
        assert (await theatre.control.post(bot, json=told)).json()["ok"]
        [wall] = (await theatre.control.get("/control/ledger", params={"platform": "telegram"})).json()["posts"]
        reply = {"text": f"Ngập quá {status}, gọi 0912345678", "author": AUTHOR}
        await theatre.post("telegram/engage", post=wall["id"], replies=[reply])
        assert {answer for _, answer in await delivered(theatre)} == {status}
    assert [each["body"] for each in await comments(theatre.newsroom, made)] == ["Ngập quá 200, gọi [số điện thoại]"]
    assert len(await rows(theatre, m.ReplyAddress)) == 1
    assert AUTHOR not in await everything(theatre)


async def test_an_answer_to_an_answer_is_under_the_same_post(theatre: Theatre, channel: m.Channel) -> None:
    made = await theatre.newsroom.approved(channel)
    await deliver(theatre)
    post, hook = of(await theatre.newsroom.read(made)), await hook_of(theatre.newsroom, channel)

    async def tell(number: int, above: dict[str, Any], text: str, kind: str = "message") -> None:
        message = {"message_id": number, "chat": GROUP, "date": 1_790_000_000, "text": text, "reply_to_message": above}
        told = {"update_id": number, kind: {**message, "from": {"id": 5_000_000_001, "first_name": AUTHOR}}}
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook["word"]}
        done = await theatre.newsroom.client.post(f"/hooks/telegram/{channel.id}", json=told, headers=headers)
        assert done.status_code == 200

    await tell(11, copy_of(post), "Ngập quá")
    await tell(12, {"message_id": 11, "chat": GROUP, "text": "Ngập quá"}, "Đúng rồi")
    await tell(13, {"message_id": 99, "chat": GROUP, "text": "Chuyện khác"}, "Không liên quan")
    found = {each.body: each for each in await rows(theatre, m.Comment)}
    assert set(found) == {"Ngập quá", "Đúng rồi"}
    assert found["Đúng rồi"].parent_digest == found["Ngập quá"].digest
    assert len(await comments(theatre.newsroom, made)) == 2


GROUP = {"id": -100_777, "type": "supergroup"}
CHANNEL = {"id": -100_555, "type": "channel"}


def copy_of(post: str) -> dict[str, Any]:
    origin = {"type": "channel", "chat": CHANNEL, "message_id": int(post)}
    return {"message_id": 10, "chat": GROUP, "is_automatic_forward": True, "forward_origin": origin}


@pytest.mark.parametrize(
    ("sender", "is_ours"), [(None, False), (CHANNEL, True), (GROUP, True), ({"id": -100_666, "type": "channel"}, False)]
)
def test_only_our_channel_and_its_group_speak_as_us(sender: dict[str, Any] | None, is_ours: bool) -> None:
    """Readers may write in the name of a channel of their own."""
    message = {"message_id": 11, "chat": GROUP, "date": 5, "text": "Cảm ơn", "reply_to_message": copy_of("42")}
    told = {"update_id": 1, "edited_message": {**message, **({"sender_chat": sender} if sender else {})}}
    [heard] = TelegramHook().read(Letter({}, json.dumps(told).encode(), NOW))
    assert isinstance(heard.event, Commented)
    said = heard.event.said
    assert (said.id, said.post_id, said.is_ours) == ("-100777/11", "42", is_ours)
    assert said.at == datetime.fromtimestamp(5, UTC)
