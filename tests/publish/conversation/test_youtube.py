"""An answer on YouTube stands in the thread of its comment, once; what is held back is kept, and can be shown again."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common import models as m
from services.publish.adapters.youtube import Youtube
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import WORDS, heard, looked_for, state_of, why
from tests.publish.hearing.letters import deliver, everything, listen

CASE = case_of("youtube")
INSERT, MODERATE, READER = "comments.insert", "comments.setModerationStatus", "Một Người Đọc Rất Kín"
SCAM = "Trúng thưởng 100 triệu, bấm vào đây"


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


@pytest.fixture
async def post(theatre: Theatre, page: m.Channel) -> dict[str, Any]:
    made = await theatre.newsroom.approved(page, media_ids=[await theatre.film()])
    await deliver(theatre)
    return await theatre.newsroom.read(made)


def under(desk: Desk) -> list[dict[str, Any]]:
    """All that was written there, straight from the platform; `author` of ours is the channel's handle."""
    ledger = desk.theatre.app.state.world.ledger.current
    return [{"id": one.subject, **one.data} for one in ledger.of("youtube", "comment")]


def answers(desk: Desk) -> list[dict[str, Any]]:
    handle = str(desk.page.address).removeprefix("@")
    return [one for one in under(desk) if one["author"] == handle]


def opened(desk: Desk) -> Youtube:
    adapter = desk.theatre.opened(desk.page)
    assert isinstance(adapter, Youtube)
    return adapter


@pytest.mark.mission("M11")
async def test_an_answer_stands_in_the_thread_of_the_comment(desk: Desk) -> None:
    comment_id = await heard(desk, author=READER)
    assert (await desk.reply(comment_id)).status_code == 202
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = answers(desk)
    [asked] = [one for one in under(desk) if one["author"] == READER]
    assert (answer["text"], answer["parent"]) == (WORDS, asked["id"])
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    await listen(desk.theatre)
    assert sorted(one.is_ours for one in await desk.kept(m.Comment)) == [False, True]
    assert READER not in await everything(desk.theatre)


async def test_an_answer_to_an_answer_joins_its_thread(desk: Desk) -> None:
    await heard(desk)
    [top], now = under(desk), desk.theatre.newsroom.clock.now()
    somebody = desk.theatre.opened(await desk.theatre.account(CASE, next_number()))
    assert isinstance(somebody, Youtube)
    said = {"snippet": {"parentId": top["id"], "textOriginal": "Tôi cũng thấy vậy"}}
    below = str((await somebody._api.post("comments", said, part="snippet"))["id"])
    outcome = await opened(desk).reply(below, WORDS, now)
    [answer] = answers(desk)
    assert (answer["parent"], answer["id"]) == (top["id"], getattr(outcome, "id", None))
    assert await opened(desk).find_reply(below, WORDS, now) == answer["id"]


@pytest.mark.mission("M11")
@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "not_executed_timeout", "seconds": 0.2}, False),
        ({"kind": "http_status", "status": 503, "executed": True}, True),
    ],
    ids=["lost-answer", "lost-request", "error-after"],
)
async def test_an_answer_that_was_not_heard_of_is_looked_for_and_never_sent_again(
    desk: Desk, fault: dict[str, Any], is_there: bool
) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, INSERT, times=1, **fault)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert len(answers(desk)) == is_there
    assert await state_of(desk) == ("confirmed" if is_there else "manual")


async def test_comments_turned_off_are_no_reason_to_connect_again(desk: Desk) -> None:
    await desk.reply(await heard(desk))
    _, seat = desk.theatre.seats[desk.page.id]
    assert seat.control is not None
    await desk.theatre.put("accounts", **seat.control | {"options": {**seat.control["options"], "comments": False}})
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("rejected", [])
    assert "đã tắt bình luận" in await why(desk)
    async with desk.theatre.newsroom.db.transaction() as session:
        assert (await session.get_one(m.Channel, desk.page.id)).state == "active"


@pytest.mark.mission("M11")
async def test_answers_count_against_the_days_units(desk: Desk) -> None:
    """What the platform counts of one answer is no more than what we count of it."""
    comment_id = await heard(desk)
    quota = f"/youtube/quota/{desk.theatre.seats[desk.page.id][1].secret['client_id']}"
    before = (await desk.theatre.control.get(quota)).json()["units"]
    await desk.reply(comment_id)
    await desk.work()
    used = (await desk.theatre.control.get(quota)).json()["units"] - before
    [counted] = [each for each in Youtube.limits if each.name == "units"]
    assert 50 < used <= counted.cost("reply")


@pytest.mark.mission("M11")
async def test_what_is_hidden_is_held_back_stays_known_and_is_shown_again(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await heard(desk, SCAM)
    await desk.label(comment_id, "scam_suspect")
    assert (await desk.hide(comment_id, rule_id)).status_code == 202
    await desk.work()
    assert [one["moderation"] for one in under(desk)] == ["heldForReview"]
    for _ in range(3):
        await listen(desk.theatre)
    [kept] = await desk.kept(m.Comment)
    assert (kept.state, kept.body) == ("hidden", SCAM), "it is not in the list of what everybody sees"
    assert (await desk.do("DELETE", f"comments/{comment_id}/hiding")).status_code == 202
    await desk.work()
    assert [one["moderation"] for one in under(desk)] == ["published"]
    await listen(desk.theatre)
    [kept] = await desk.kept(m.Comment)
    assert kept.state == "visible"


async def test_what_a_moderator_held_back_in_the_studio_is_hidden_and_not_gone(desk: Desk) -> None:
    await heard(desk, SCAM)
    [there] = under(desk)
    await opened(desk).set_hidden(there["id"], True)
    await listen(desk.theatre)
    [kept] = await desk.kept(m.Comment)
    assert (kept.state, kept.body) == ("hidden", SCAM)
    public = (await desk.theatre.newsroom.client.get("/noi-quy.json")).json()
    assert (public["hidden"], public["hidden_elsewhere"]) == (0, 1), "it is counted, whoever did it"


@pytest.mark.mission("M11")
async def test_what_turns_out_to_be_criticism_is_shown_again_there(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await heard(desk, SCAM)
    await desk.label(comment_id, "scam_suspect")
    await desk.hide(comment_id, rule_id)
    await desk.work()
    await desk.label(comment_id, "criticism")
    await desk.work()
    await desk.work()
    assert [one["moderation"] for one in under(desk)] == ["published"]


async def test_a_hiding_that_was_not_heard_of_is_done_again(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await heard(desk, SCAM)
    await desk.label(comment_id, "scam_suspect")
    await desk.hide(comment_id, rule_id)
    await desk.theatre.fault(CASE, MODERATE, "executed_response_lost", times=1)
    await desk.work()
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["armed"]
    for step in (60, 60, 300):
        await desk.work(step=timedelta(seconds=step))
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["hidden"]


async def test_what_is_gone_there_is_neither_hidden_nor_answered(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await heard(desk, SCAM)
    await desk.label(comment_id, "scam_suspect")
    [there] = under(desk)
    await desk.theatre.post("youtube/remove", post=there["id"])
    await desk.hide(comment_id, rule_id)
    await desk.reply(comment_id)
    await desk.work()
    [hiding] = await desk.kept(m.CommentHiding)
    assert (hiding.state, hiding.error) == ("failed", "Bình luận không còn trên nền tảng.")
    assert (await state_of(desk), await why(desk)) == ("rejected", "Bình luận không còn trên YouTube")
