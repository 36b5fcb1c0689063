"""An answer on Bluesky is a record under a key of its own, so there is one; hiding is the control of the thread."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common import models as m
from services.publish.adapters.base import Published, Rejected
from services.publish.adapters.bluesky import Bluesky
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import WORDS, heard, looked_for, state_of, why
from tests.publish.hearing.letters import everything, listen, of

CASE, PUT = case_of("bluesky"), "com.atproto.repo.putRecord"
READER, SCAM = "docgia-rat-kin", "Trúng thưởng 100 triệu, bấm vào đây"
POST, GATE = "app.bsky.feed.post", "app.bsky.feed.threadgate"


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


def records(desk: Desk, kind: str) -> list[dict[str, Any]]:
    ledger = desk.theatre.app.state.world.ledger.current
    return [{"uri": one.subject, **one.data["record"]} for one in ledger.of("bluesky", kind)]


def answers(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in records(desk, POST) if "reply" in one]


def hidden(desk: Desk) -> list[str]:
    return [uri for gate in records(desk, GATE) for uri in gate["hiddenReplies"]]


def opened(desk: Desk) -> Bluesky:
    adapter = desk.theatre.opened(desk.page)
    assert isinstance(adapter, Bluesky)
    return adapter


@pytest.mark.mission("M11")
async def test_an_answer_names_the_comment_and_the_top_of_its_thread(desk: Desk) -> None:
    comment_id = await heard(desk, author=READER)
    assert (await desk.reply(comment_id)).status_code == 202
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = answers(desk)
    [asked] = records(desk, "reader-reply")
    assert (answer["text"], answer["reply"]["parent"]["uri"]) == (WORDS, asked["uri"])
    assert answer["reply"]["root"]["uri"] == of(desk.post)
    await listen(desk.theatre)
    assert sorted(one.is_ours for one in await desk.kept(m.Comment)) == [False, True]
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    kept = await everything(desk.theatre)
    assert READER not in kept
    assert asked["uri"] not in kept, "its address begins with its writer"


@pytest.mark.mission("M11")
@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "not_executed_timeout", "seconds": 0.2}, False),
        ({"kind": "http_status", "status": 502, "executed": True}, True),
    ],
    ids=["lost-answer", "lost-request", "error-after"],
)
async def test_an_answer_that_was_not_heard_of_is_looked_for_and_never_sent_again(
    desk: Desk, fault: dict[str, Any], is_there: bool
) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, PUT, times=1, **fault)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert len(answers(desk)) == is_there
    assert await state_of(desk) == ("confirmed" if is_there else "manual")


async def test_the_same_arming_done_twice_is_one_answer(desk: Desk) -> None:
    await heard(desk)
    [asked], now = records(desk, "reader-reply"), desk.theatre.newsroom.clock.now()
    first, second = [await opened(desk).reply(asked["uri"], WORDS, now) for _ in range(2)]
    assert isinstance(first, Published)
    assert first == second
    assert len(answers(desk)) == 1
    assert await opened(desk).find_reply(asked["uri"], WORDS, now) == first.id
    assert await opened(desk).find_reply(asked["uri"], WORDS, now + timedelta(seconds=1)) is None


async def test_what_is_too_long_or_gone_is_not_sent(desk: Desk) -> None:
    await desk.reply(await heard(desk), "ă" * 301)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("rejected", [])
    assert await why(desk) == "Câu trả lời dài 301 ký tự, Bluesky nhận 300"
    gone = await opened(desk).reply(of(desk.post) + "x", WORDS, desk.theatre.newsroom.clock.now())
    assert isinstance(gone, Rejected)
    assert (gone.permanent, gone.reason.vi) == (True, "Bình luận không còn trên Bluesky")


@pytest.mark.mission("M11")
async def test_what_is_hidden_is_folded_away_stays_known_and_is_unfolded(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await heard(desk, SCAM)
    await desk.label(comment_id, "scam_suspect")
    await desk.hide(comment_id, rule_id)
    await desk.work()
    [there] = records(desk, "reader-reply")
    assert hidden(desk) == [there["uri"]]
    [gate] = records(desk, GATE)
    assert (gate["post"], "allow" in gate) == (of(desk.post), False), "everybody may still answer"
    for _ in range(2):
        await listen(desk.theatre)
    [kept] = await desk.kept(m.Comment)
    assert (kept.state, kept.body) == ("hidden", SCAM)
    await desk.label(comment_id, "criticism")
    await desk.work()
    await desk.work()
    assert hidden(desk) == [], "it turned out to be what is never hidden"
    await listen(desk.theatre)
    [kept] = await desk.kept(m.Comment)
    assert kept.state == "visible"


async def test_what_others_hid_in_the_thread_stays_hidden(desk: Desk) -> None:
    """The control of a thread is one record: each hiding is added to what stands there."""
    await heard(desk, SCAM)
    await heard(desk, "Một câu khác")
    first, second = [one["uri"] for one in records(desk, "reader-reply")]
    for uri in (first, second, second):
        await opened(desk).set_hidden(uri, True)
    assert hidden(desk) == [first, second]
    await opened(desk).set_hidden(first, False)
    assert hidden(desk) == [second]
