"""An answer on Mastodon stands under the comment, as visible as that, tells its writer, and stands there once."""

from typing import Any

import pytest

from libs.common import models as m
from services.publish.adapters.answering import HidesComments
from services.publish.adapters.base import Rejected
from services.publish.adapters.mastodon import Mastodon
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import READER, WORDS, heard, looked_for, made, state_of, why
from tests.publish.hearing.letters import everything, listen, of

CASE = case_of("mastodon")
CREATE = "statuses.create"


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


def answers(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in made(desk, CREATE) if one["in_reply_to_id"] is not None]


@pytest.mark.mission("M11")
async def test_an_answer_stands_under_the_comment_and_names_its_writer_only_there(desk: Desk) -> None:
    comment_id = await heard(desk)
    assert (await desk.reply(comment_id)).status_code == 202
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = answers(desk)
    [asked] = desk.theatre.app.state.world.ledger.current.of("mastodon", "reader-reply")
    assert (answer["in_reply_to_id"], answer["visibility"]) == (asked.subject, "public")
    assert answer["text"] == f"@{READER}@ban-doc.test {WORDS}", "without the name their server tells them nothing"
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    await listen(desk.theatre)
    assert sorted((one.is_ours, one.body) for one in await desk.kept(m.Comment)) == [
        (False, "Đường ngập quá"), (True, WORDS)
    ]  # fmt: skip
    assert READER not in await everything(desk.theatre)


async def test_who_a_comment_names_is_not_kept(desk: Desk) -> None:
    _, seat = desk.theatre.seats[desk.page.id]
    names = f"{seat.address} @ban_khac@ban-doc.test"
    said = [{"text": f"{names} đường ngập, hỏi @ba_tu@ban-doc.test nhé", "author": READER}]
    await desk.theatre.post("mastodon/engage", post=of(desk.post), replies=said)
    await listen(desk.theatre)
    assert [one["body"] for one in await desk.inbox()] == ["đường ngập, hỏi @… nhé"]
    kept = await everything(desk.theatre)
    assert not [name for name in ("ban_khac", "ba_tu", READER) if name in kept]


@pytest.mark.mission("M11")
@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "not_executed_timeout", "seconds": 0.2}, False),
        ({"kind": "http_status", "status": 503, "executed": True}, True),
        ({"kind": "http_status", "status": 502}, False),
    ],
    ids=lambda told: "-".join(str(v) for v in told.values()) if isinstance(told, dict) else "",
)
async def test_an_answer_that_was_not_heard_of_is_looked_for_and_never_sent_again(
    desk: Desk, fault: dict[str, Any], is_there: bool
) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, CREATE, times=1, **fault)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert len(answers(desk)) == is_there
    assert await state_of(desk) == ("confirmed" if is_there else "manual")


async def test_the_same_words_under_one_comment_are_one_answer_for_an_hour(desk: Desk) -> None:
    """The worst that could happen: a worker that was thought dead sends as well."""
    await desk.reply(await heard(desk))
    await desk.work()
    [asked] = desk.theatre.app.state.world.ledger.current.of("mastodon", "reader-reply")
    adapter = desk.theatre.opened(desk.page)
    assert isinstance(adapter, Mastodon)
    await adapter.reply(asked.subject, WORDS, desk.theatre.newsroom.clock.now())
    assert len(answers(desk)) == 1
    await adapter.reply(asked.subject, "Lời khác.", desk.theatre.newsroom.clock.now())
    assert len(answers(desk)) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "throttle", "seconds": 120}, "chờ"),
        ({"kind": "token_expired"}, "kết nối lại"),
    ],
    ids=["throttled", "token"],
)
async def test_what_was_certainly_not_sent_waits(desk: Desk, fault: dict[str, Any], told: str) -> None:
    await desk.reply(await heard(desk))
    await desk.theatre.fault(CASE, CREATE, times=1, **fault)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("prepared", [])
    assert told in await why(desk)


async def test_an_answer_too_long_for_the_instance_says_how_long_it_may_be(desk: Desk) -> None:
    await desk.reply(await heard(desk), "ă" * 490)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("rejected", [])
    assert await why(desk) == "Câu trả lời dài 506 ký tự (kể cả tên người được trả lời), Mastodon nhận 500"


async def test_what_is_gone_is_answered_by_nobody(desk: Desk) -> None:
    adapter = desk.theatre.opened(desk.page)
    assert isinstance(adapter, Mastodon)
    outcome = await adapter.reply("1", WORDS, desk.theatre.newsroom.clock.now())
    assert isinstance(outcome, Rejected)
    assert (outcome.permanent, outcome.reason.vi) == (True, "Bình luận không còn trên Mastodon")


@pytest.mark.mission("M11")
async def test_nothing_is_hidden_there_and_the_officer_reads_why(desk: Desk) -> None:
    comment_id, rule_id = await heard(desk), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    refused = await desk.hide(comment_id, rule_id)
    assert (refused.status_code, refused.json()["title"]) == (409, "Không ẩn được bình luận này")
    assert refused.json()["detail"].startswith("Mastodon không có cách ẩn một câu trả lời")
    assert not isinstance(desk.theatre.opened(desk.page), HidesComments)
    assert await desk.kept(m.CommentHiding) == []
