"""Instagram and Threads: an answer stands under the comment and there once; what is hidden there nobody but its writer
sees."""

from typing import Any

import pytest

from libs.common import models as m
from services.publish.adapters.base import Rejected
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import READER, WORDS, heard, looked_for, state_of, why
from tests.publish.hearing.letters import deliver, everything, listen, of

KINDS = ("instagram", "threads")
SENDS = {"instagram": "comment.reply", "threads": "threads.publish"}
HIDES = {"instagram": "comment.hide", "threads": "reply.manage"}
OURS, THEIRS = {"instagram": "comment", "threads": "post"}, {"instagram": "comment", "threads": "reply"}
SCAM = "Trúng thưởng 100 triệu, bấm vào đây"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def page(theatre: Theatre, kind: str) -> m.Channel:
    return await theatre.account(case_of(kind), next_number())


@pytest.fixture
async def post(theatre: Theatre, page: m.Channel) -> dict[str, Any]:
    needed = await theatre.medium(case_of(page.kind))
    made = await theatre.newsroom.approved(page, **({"media_ids": [needed]} if needed else {}))
    for _ in range(3):
        await deliver(theatre)
        await theatre.newsroom.look()
    return await theatre.newsroom.read(made)


def answers(desk: Desk) -> list[dict[str, Any]]:
    """Of ours, as they stand there."""
    found = desk.theatre.app.state.world.ledger.current.of(desk.page.kind, OURS[desk.page.kind])
    above = {"instagram": "parent_id", "threads": "reply_to"}[desk.page.kind]
    is_ours = [one for one in found if one.data.get("is_ours") or (desk.page.kind == "threads" and one.data[above])]
    return [{"id": one.subject, "text": one.data["text"], "above": one.data[above]} for one in is_ours]


def there(desk: Desk, words: str) -> Any:
    """The reader's comment with these words, on the platform."""
    found = desk.theatre.app.state.world.ledger.current.of(desk.page.kind, THEIRS[desk.page.kind])
    [one] = [one for one in found if one.data["text"] == words and not one.data.get("is_ours")]
    return one


async def seen_by_readers(desk: Desk) -> str:
    """The public page of the post."""
    read = await desk.theatre.control.get("/control/ledger", params={"platform": desk.page.kind, "after": 1 << 30})
    [post] = [one for one in read.json()["posts"] if one["id"] == of(desk.post)]
    return (await desk.theatre.control.get(post["page"])).text


async def fault(desk: Desk, operation: str, **more: Any) -> None:
    await desk.theatre.fault(case_of(desk.page.kind), operation, times=1, **more)


@pytest.mark.mission("M11")
async def test_an_answer_stands_under_the_comment_and_is_known_as_ours(desk: Desk) -> None:
    comment_id = await heard(desk)
    assert (await desk.reply(comment_id)).status_code == 202
    await desk.work()
    assert (await state_of(desk), await why(desk)) == ("confirmed", "None")
    [answer] = answers(desk)
    assert (answer["text"], answer["above"]) == (WORDS, there(desk, "Đường ngập quá").subject)
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    await listen(desk.theatre)
    assert sorted((one.is_ours, one.body) for one in await desk.kept(m.Comment)) == [
        (False, "Đường ngập quá"), (True, WORDS)
    ]  # fmt: skip
    assert READER not in await everything(desk.theatre)


@pytest.mark.mission("M11")
@pytest.mark.parametrize(
    ("told", "is_there"),
    [
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "not_executed_timeout"}, False),
        ({"kind": "http_status", "status": 503, "executed": True}, True),
        ({"kind": "http_status", "status": 502}, False),
    ],
    ids=["lost_answer", "lost_request", "done_and_503", "502"],
)
async def test_an_answer_that_was_not_heard_of_is_looked_for_and_never_sent_again(
    desk: Desk, told: dict[str, Any], is_there: bool
) -> None:
    await desk.reply(await heard(desk))
    await fault(desk, SENDS[desk.page.kind], **told)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert len(answers(desk)) == is_there
    assert await state_of(desk) == ("confirmed" if is_there else "manual")


@pytest.mark.parametrize(
    ("told", "told_vi"),
    [({"kind": "throttle", "seconds": 120}, "chờ"), ({"kind": "token_expired"}, "kết nối lại")],
    ids=["throttled", "token"],
)
async def test_what_was_certainly_not_sent_waits(desk: Desk, told: dict[str, Any], told_vi: str) -> None:
    await desk.reply(await heard(desk))
    await fault(desk, SENDS[desk.page.kind], **told)
    await desk.work()
    assert (await state_of(desk), answers(desk)) == ("prepared", [])
    assert told_vi in await why(desk)


@pytest.mark.mission("M11")
async def test_an_answer_to_an_answer_is_found_where_the_platform_puts_it(desk: Desk) -> None:
    await heard(desk)
    above = there(desk, "Đường ngập quá").subject
    said = [{"text": "Ngõ tôi cũng vậy", "author": READER}]
    await desk.theatre.post(f"{desk.page.kind}/engage", post=above, replies=said)
    await listen(desk.theatre)
    [below] = [one.id for one in await desk.kept(m.Comment) if one.body == "Ngõ tôi cũng vậy"]
    await desk.reply(below)
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = answers(desk)
    wanted = above if desk.page.kind == "instagram" else there(desk, "Ngõ tôi cũng vậy").subject
    assert answer["above"] == wanted, "Instagram puts it under the first comment"


async def test_what_is_gone_is_answered_and_hidden_by_nobody(desk: Desk) -> None:
    adapter: Any = desk.theatre.opened(desk.page)
    outcome = await adapter.reply("17900000000999999", WORDS, desk.theatre.newsroom.clock.now())
    assert isinstance(outcome, Rejected), outcome
    assert outcome.permanent
    assert outcome.reason.vi.startswith("Bình luận không còn")


async def test_an_answer_that_is_refused_says_why(desk: Desk) -> None:
    await desk.reply(await heard(desk), "👍" * 600)
    await desk.work()
    state = await state_of(desk)
    if desk.page.kind == "threads":
        assert (state, answers(desk)) == ("rejected", [])
        assert "500 characters" in await why(desk)
    else:
        assert state == "confirmed", "1,200 units of 2,200"


@pytest.mark.mission("M11")
async def test_a_comment_is_hidden_there_and_shown_again(desk: Desk) -> None:
    comment_id, rule_id = await heard(desk, SCAM), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    assert SCAM in await seen_by_readers(desk)
    assert (await desk.hide(comment_id, rule_id)).status_code == 202
    await desk.work()
    assert (await desk.inbox(state="hidden"))[0]["hiding_state"] == "hidden"
    assert SCAM not in await seen_by_readers(desk)
    await listen(desk.theatre)
    assert [one.state for one in await desk.kept(m.Comment)] == ["hidden"], "the list says so too"
    assert (await desk.do("DELETE", f"comments/{comment_id}/hiding")).status_code == 202
    await desk.work()
    assert SCAM in await seen_by_readers(desk)
    acts = [one.act for one in desk.theatre.app.state.world.ledger.entries(desk.page.kind)]
    assert [act.data["hidden"] for act in acts if act.operation == HIDES[desk.page.kind]] == [True, False]


async def test_hiding_whose_answer_was_lost_is_done_again_and_changes_nothing(desk: Desk) -> None:
    comment_id, rule_id = await heard(desk, SCAM), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    await desk.hide(comment_id, rule_id)
    await fault(desk, HIDES[desk.page.kind], kind="executed_response_lost")
    await desk.work()
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["armed"]
    await looked_for(desk)
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["hidden"]
    assert SCAM not in await seen_by_readers(desk)


async def test_what_was_removed_there_meanwhile_is_hidden_by_nobody(desk: Desk) -> None:
    comment_id, rule_id = await heard(desk, SCAM), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    await desk.hide(comment_id, rule_id)
    await desk.theatre.post(f"{desk.page.kind}/remove", post=there(desk, SCAM).subject)
    await desk.work()
    [hiding] = await desk.kept(m.CommentHiding)
    assert (hiding.state, hiding.error) == ("failed", "Bình luận không còn trên nền tảng.")


@pytest.mark.mission("M11")
async def test_what_stands_above_criticism_is_not_hidden_and_comes_back_where_it_was(desk: Desk) -> None:
    """Instagram and Threads hide the answers below with it; both tell what answers what."""
    comment_id, rule_id = await heard(desk, SCAM), await desk.rule()
    await desk.label(comment_id, "scam_suspect")
    assert (await desk.hide(comment_id, rule_id)).status_code == 202
    await desk.work()
    assert SCAM not in await seen_by_readers(desk)
    said = [{"text": "Phường làm quá chậm", "author": READER}]
    await desk.theatre.post(f"{desk.page.kind}/engage", post=there(desk, SCAM).subject, replies=said)
    await listen(desk.theatre)
    [below] = [one.id for one in await desk.kept(m.Comment) if one.body == "Phường làm quá chậm"]
    await desk.label(below, "criticism")
    await desk.work()
    page = await seen_by_readers(desk)
    assert SCAM in page
    assert "Phường làm quá chậm" in page
    refused = await desk.hide(comment_id, rule_id)
    assert refused.json()["title"] == "Bên dưới có phê bình, ý kiến hoặc khiếu nại nên không được ẩn"
