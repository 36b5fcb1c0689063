"""An answer in the discussion group stands under its comment, once; where Telegram told nothing a person looks."""

from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from services.publish.adapters.answering import HidesComments
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import URL, Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import WORDS, looked_for, state_of, why
from tests.publish.hearing.letters import delivered, everything, hook_of, rows

CASE, SEND, READER = case_of("telegram"), "sendMessage", "Lê Thị Kín Đáo"
SCAM = "Trúng thưởng 100 triệu, bấm vào đây"


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


async def heard(desk: Desk, words: str = "Đường ngập quá") -> UUID:
    """Said in the group by a reader, and told by a hook; its id here."""
    hook = await hook_of(desk.theatre.newsroom, desk.page)
    bot = f"{URL}/telegram/bot{desk.theatre.seats[desk.page.id][1].secret['token']}/setWebhook"
    told = {"url": hook["url"], "secret_token": hook["word"], "drop_pending_updates": True}
    assert (await desk.theatre.control.post(bot, json=told)).json()["ok"]
    [post] = await desk.theatre.posts(CASE, "")
    await desk.theatre.post("telegram/engage", post=post["id"], replies=[{"text": words, "author": READER}])
    assert {status for _, status in await delivered(desk.theatre)} == {200}
    [comment_id] = [one.id for one in await rows(desk.theatre, m.Comment) if one.body == words]
    return UUID(str(comment_id))


def in_group(desk: Desk) -> list[dict[str, Any]]:
    ledger = desk.theatre.app.state.world.ledger.current
    return [{"id": one.subject, **one.data} for one in ledger.of("telegram", "group-message")]


def answers(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in in_group(desk) if one["bot_id"] is not None]


@pytest.mark.mission("M11")
async def test_an_answer_stands_under_the_comment_and_is_proved_by_the_same_words(desk: Desk) -> None:
    comment_id = await heard(desk)
    assert (await desk.reply(comment_id)).status_code == 202
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = answers(desk)
    [asked] = [one for one in in_group(desk) if one["bot_id"] is None]
    assert (answer["text"], answer["reply_to"], answer.get("edit_date")) == (WORDS, asked["message_id"], None)
    [kept] = await desk.kept(m.CommentReply)
    assert kept.platform_id == answer["id"]
    assert len(await desk.theatre.posts(CASE, "")) == 1, "a reply is no post"
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    assert READER not in await everything(desk.theatre)


@pytest.mark.mission("M11")
@pytest.mark.parametrize(
    ("fault", "is_there"),
    [({"kind": "executed_response_lost"}, True), ({"kind": "not_executed_timeout", "seconds": 0.2}, False)],
    ids=["lost-answer", "lost-request"],
)
async def test_of_what_telegram_told_nothing_a_person_looks_and_nothing_is_sent_again(
    desk: Desk, fault: dict[str, Any], is_there: bool
) -> None:
    comment_id = await heard(desk)
    await desk.reply(comment_id)
    await desk.theatre.fault(CASE, SEND, times=1, **fault)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert (await state_of(desk), len(answers(desk))) == ("manual", is_there)
    assert await why(desk) == "Telegram không cho bot đọc lại nhóm: hãy mở nhóm thảo luận để xem"
    assert (await desk.reply(comment_id)).status_code == 409, "nobody sends another meanwhile"
    [reply] = await desk.kept(m.CommentReply)
    told = await desk.do("POST", f"replies/{reply.id}/told", is_posted=is_there)
    assert told.json()["state"] == ("confirmed" if is_there else "rejected")


async def test_an_answer_that_somebody_deleted_at_once_is_not_called_seen(desk: Desk) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, "editMessageText", "http_status", status=502, times=1)
    await desk.work()
    assert await state_of(desk) == "unknown"
    [answer] = answers(desk)
    await desk.theatre.post("telegram/remove", post=answer["id"])
    await looked_for(desk)
    assert await state_of(desk) == "manual"


async def test_a_throttled_answer_waits(desk: Desk) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, SEND, "throttle", times=1, seconds=40)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("prepared", [])


async def test_a_bot_that_may_not_write_in_the_group_leaves_the_channel_open(desk: Desk) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, SEND, "http_status", status=403, times=1)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("rejected", [])
    assert "thêm bot làm quản trị viên của nhóm" in await why(desk)
    async with desk.theatre.newsroom.db.transaction() as session:
        assert (await session.get_one(m.Channel, desk.page.id)).state == "active"


async def test_a_comment_that_is_gone_is_not_answered(desk: Desk) -> None:
    await desk.reply(await heard(desk))
    [asked] = in_group(desk)
    await desk.theatre.post("telegram/remove", post=asked["id"])
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("rejected", [])
    assert await why(desk) == "Bình luận không còn trong nhóm thảo luận"


@pytest.mark.mission("M11")
async def test_what_could_only_be_deleted_is_not_hidden_and_the_officer_reads_why(desk: Desk) -> None:
    comment_id, rule_id = await heard(desk, SCAM), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    refused = await desk.hide(comment_id, rule_id)
    assert (refused.status_code, refused.json()["title"]) == (409, "Không ẩn được bình luận này")
    assert refused.json()["detail"].startswith("Telegram không có cách ẩn, chỉ có xóa hẳn")
    assert not isinstance(desk.theatre.opened(desk.page), HidesComments)
    assert len(in_group(desk)) == 1
