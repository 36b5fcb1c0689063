"""A reply leaves as the page, by a named officer, under one comment, at most once, and in time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.events.conversation import ConversationsReceived
from libs.common.ids import new_id
from libs.common.models.enums import Role
from sandbox.ledger import Act, Effect
from services.publish.conversation import jobs, rules
from services.publish.hearing import jobs as hearing_jobs
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import StopAt, Stopped
from tests.publish.conversation.desk import Desk
from tests.publish.hearing.letters import listen

WORDS = "Đội thoát nước đang xử lý."
FACEBOOK = case_of("facebook")


async def state_of(desk: Desk) -> str:
    [reply] = await desk.kept(m.CommentReply)
    return str(reply.state)


async def ours(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in await desk.on_platform() if one.get("is_ours")]


@pytest.mark.mission("M11")
async def test_a_reply_leaves_as_the_page_under_the_comment(desk: Desk) -> None:
    comment_id = await desk.real_comment()
    made = await desk.reply(comment_id)
    assert (made.status_code, made.json()["state"], made.json()["replied_by"]) == (202, "prepared", desk.officer.id)
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = await ours(desk)
    [asked] = [one for one in await desk.on_platform() if not one.get("is_ours")]
    assert (answer["text"], answer["parent_id"]) == (WORDS, asked["id"])
    assert len(desk.theatre.app.state.world.ledger.current.of("facebook", "post")) == 1, "a reply is no post"
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    assert await desk.inbox(unanswered=True) == []


@pytest.mark.mission("M11")
async def test_our_own_answer_read_from_the_platform_is_no_comment_of_a_reader(desk: Desk) -> None:
    await desk.reply(await desk.real_comment())
    await desk.work()
    await listen(desk.theatre)
    assert len(await desk.inbox()) == 1
    assert sorted(one.is_ours for one in await desk.kept(m.Comment)) == [False, True]


@pytest.mark.mission("M11")
@pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
async def test_an_answer_that_was_not_heard_is_looked_for_and_never_sent_again(desk: Desk, fault: str) -> None:
    comment_id = await desk.real_comment()
    await desk.reply(comment_id)
    kind = {"lost_answer": "executed_response_lost", "lost_request": "not_executed_timeout"}[fault]
    await desk.theatre.fault(FACEBOOK, "comment.reply", kind, times=1)
    await desk.work()
    assert await state_of(desk) == "unknown"
    assert (await desk.reply(comment_id, "Câu thứ hai")).json()["title"].startswith("Bình luận này đang có một câu")
    for step in rules.LOOKS:
        await desk.work(step=step)
    is_there = fault == "lost_answer"
    assert len(await ours(desk)) == (1 if is_there else 0)
    assert await state_of(desk) == ("confirmed" if is_there else "manual")


@pytest.mark.mission("M11")
async def test_what_looking_does_not_tell_a_person_says(desk: Desk) -> None:
    comment_id = await desk.real_comment()
    await desk.reply(comment_id)
    await desk.theatre.fault(FACEBOOK, "comment.reply", "not_executed_timeout", times=1)
    for step in (timedelta(0), *rules.LOOKS):
        await desk.work(step=step)
    [reply] = await desk.kept(m.CommentReply)
    [task] = [one for one in await desk.kept(m.Task) if one.kind == "reply_unclear"]
    assert (reply.state, task.state) == ("manual", "open")
    assert desk.post["title"] in task.title
    told = await desk.do("POST", f"replies/{reply.id}/told", is_posted=False)
    assert (told.status_code, told.json()["state"]) == (200, "rejected")
    assert (await desk.do("POST", f"replies/{reply.id}/told", is_posted=True)).status_code == 409
    [task] = [one for one in await desk.kept(m.Task) if one.kind == "reply_unclear"]
    assert (task.state, str(task.done_by)) == ("done", desk.officer.id)
    assert (await desk.reply(comment_id)).status_code == 202, "now it may be written again"


@pytest.mark.mission("M11")
@pytest.mark.parametrize("point", ["reply_armed", "reply_out"])
async def test_a_worker_that_ends_midway_leaves_one_answer_at_most(desk: Desk, point: str) -> None:
    await desk.reply(await desk.real_comment())
    desk.theatre.hook = StopAt(point)
    with pytest.raises(Stopped):
        await desk.work()
    desk.theatre.hook = StopAt("nowhere")
    assert await state_of(desk) == "armed"
    await desk.work(step=timedelta(seconds=120))
    for step in rules.LOOKS:
        await desk.work(step=step)
    was_sent = point == "reply_out"
    assert len(await ours(desk)) == (1 if was_sent else 0)
    assert await state_of(desk) == ("confirmed" if was_sent else "manual")


async def test_a_throttled_reply_waits_and_leaves_once(desk: Desk) -> None:
    await desk.reply(await desk.real_comment())
    await desk.theatre.fault(FACEBOOK, "comment.reply", "throttle", times=1, seconds=120)
    await desk.work()
    assert (await state_of(desk), await ours(desk)) == ("prepared", [])
    await desk.work(step=timedelta(minutes=30))
    assert (await state_of(desk), len(await ours(desk))) == ("confirmed", 1)


@pytest.mark.mission("M11")
async def test_after_the_window_nothing_is_answered(desk: Desk) -> None:
    comment_id = await desk.real_comment()
    late = await desk.real_comment("Chờ mãi")
    await desk.reply(late)
    desk.theatre.advance(hearing_jobs.READ_FOR)
    refused = await desk.reply(comment_id)
    assert (refused.status_code, refused.json()["title"]) == (409, "Không trả lời được bình luận này")
    assert "30 ngày" in refused.json()["detail"]
    await desk.work()
    assert (await state_of(desk), await ours(desk)) == ("rejected", [])


async def test_what_was_taken_back_is_not_answered(desk: Desk) -> None:
    comment_id = await desk.comment()
    await desk.reply(comment_id)
    await desk.comment(verb="remove", message=None)
    await desk.work()
    assert await state_of(desk) == "rejected"
    assert (await desk.reply(comment_id)).status_code == 409


async def test_nothing_leaves_in_a_pause(desk: Desk) -> None:
    await desk.reply(await desk.real_comment())
    begun = await desk.do("POST", "pauses", desk.speaker, unit_id=str(desk.page.unit_id), reason="Sự cố, dừng mọi tin")
    assert begun.status_code == 201, begun.text
    await desk.work()
    assert (await state_of(desk), await ours(desk)) == ("prepared", [])
    for who in (desk.speaker, desk.second):
        resumed = await desk.do("POST", f"pauses/{begun.json()['id']}/resume", who)
        assert resumed.status_code == 200, resumed.text
    await desk.work(step=timedelta(minutes=2))
    assert len(await ours(desk)) == 1


async def test_a_channel_that_stands_still_answers_nobody(desk: Desk) -> None:
    await desk.reply(await desk.real_comment())
    for state, seen in (("paused", 0), ("active", 1)):
        async with desk.theatre.newsroom.db.transaction() as session:
            (await session.get_one(m.Channel, desk.page.id)).state = state
        await desk.work(step=timedelta(minutes=20))
        assert len(await ours(desk)) == seen


async def test_a_reply_that_waits_may_be_cancelled(desk: Desk) -> None:
    made = (await desk.reply(await desk.real_comment())).json()
    assert (await desk.do("DELETE", f"replies/{made['id']}")).json()["state"] == "cancelled"
    assert (await desk.do("DELETE", f"replies/{made['id']}")).status_code == 409
    await desk.work()
    assert await ours(desk) == []


@pytest.mark.mission("M11")
async def test_a_template_is_filled_and_each_reply_keeps_its_version(desk: Desk) -> None:
    comment_id = await desk.real_comment()
    body = "{don_vi}: chúng tôi đã nhận câu hỏi về “{tieu_de_tin}”. Hẹn trả lời {khi_nao}."
    told = {"unit_id": str(desk.page.unit_id), "name": "Đã nhận", "body": body}
    made = await desk.do("POST", "reply-templates", **told)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert made.json()["placeholders"] == ["don_vi", "tieu_de_tin", "khi_nao"]
    assert (await desk.do("POST", "reply-templates", **told)).status_code == 409
    path = f"comments/{comment_id}/replies"
    unfilled = await desk.do("POST", path, template_id=made.json()["id"])
    assert (unfilled.status_code, unfilled.json()["detail"]) == (422, "Còn thiếu: khi_nao.")
    both = await desk.do("POST", path, template_id=made.json()["id"], body="x")
    assert both.status_code == 422
    values = {"khi_nao": "trước thứ Sáu", "don_vi": "Kẻ mạo danh"}
    reply = await desk.do("POST", path, template_id=made.json()["id"], values=values)
    assert reply.status_code == 202, reply.text
    assert reply.json()["body"].startswith("Thành phố Hà Nội: chúng tôi")
    changed = await desk.do("PUT", f"reply-templates/{made.json()['id']}", body="Cảm ơn bạn.")
    assert (changed.json()["version"], changed.json()["body"]) == (2, "Cảm ơn bạn.")
    [kept] = (await desk.get(path)).json()
    assert (kept["template_version"], kept["body"]) == (1, reply.json()["body"])
    assert (await desk.do("DELETE", f"reply-templates/{made.json()['id']}")).status_code == 204
    assert (await desk.do("POST", path, template_id=made.json()["id"])).status_code in (404, 409)


async def test_a_turn_of_the_worker_is_small_however_many_wait(desk: Desk) -> None:
    for number in range(jobs.AT_ONCE + 3):
        await desk.reply(await desk.comment(f"Câu {number}", number + 100))
    desk.theatre.newsroom.resources = desk.theatre.resources()
    assert await jobs.answer(desk.theatre.newsroom.context) == jobs.AT_ONCE


# --- what the database itself holds, told in plain SQL as the role of the service ---


async def test_the_database_holds_the_steps_of_a_reply(desk: Desk, db_as: Callable[[str], Database]) -> None:
    comment_id = await desk.comment()
    await desk.reply(comment_id)
    publish, now = db_as("publish"), desk.theatre.newsroom.clock.now()

    async def refused(match: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=match):
            async with publish.transaction() as session:
                await session.execute(text(statement), values)

    await refused("stays what its officer wrote", "UPDATE comment_replies SET body = 'khác'")
    await refused("stays what its officer wrote", "UPDATE comment_replies SET replied_by = :by", by=UUID(desk.other.id))
    await refused("cannot go from", "UPDATE comment_replies SET state = 'committed', armed_at = :now", now=now)
    await refused("a reply is kept", "DELETE FROM comment_replies")
    async with publish.transaction() as session:
        await session.execute(text("UPDATE comment_replies SET state = 'armed', armed_at = :now"), {"now": now})
        await session.execute(text("UPDATE comment_replies SET state = 'unknown'"))
    for state in ("prepared", "armed", "rejected", "cancelled"):
        await refused("cannot go from", f"UPDATE comment_replies SET state = '{state}'")
    async with publish.transaction() as session:
        await session.execute(text("UPDATE comment_replies SET state = 'manual'"))
    await refused("a person says", "UPDATE comment_replies SET state = 'rejected'")


async def test_the_database_lets_only_officers_of_the_unit_answer_in_time(
    desk: Desk, db_as: Callable[[str], Database]
) -> None:
    comment_id = await desk.comment()
    publish, now = db_as("publish"), desk.theatre.newsroom.clock.now()
    editor = await desk.sign_in(Role.EDITOR)
    elsewhere = await desk.sign_in(Role.SPOKESPERSON, unit_id=(await desk.make.unit()).id)

    async def add(by: str, at: Any = now, **more: Any) -> None:
        row = m.CommentReply(
            id=new_id(at),
            comment_id=comment_id,
            body="Xin chào",
            replied_by=UUID(by),
            **{"state": "prepared", "created_at": at, "updated_at": at, "not_before": at, **more},
        )
        async with publish.transaction() as session:
            session.add(row)

    for somebody in (editor, elsewhere):
        with pytest.raises(DBAPIError, match="answers for its page"):
            await add(somebody.id)
    with pytest.raises(DBAPIError, match="begins as prepared"):
        await add(desk.officer.id, state="armed", armed_at=now)
    with pytest.raises(DBAPIError, match="and in time"):
        await add(desk.officer.id, now + hearing_jobs.READ_FOR)
    await add(desk.officer.id)
    with pytest.raises(DBAPIError, match="uq_comment_replies_open"):
        await add(desk.other.id)


# --- between the sending and the seeing ---


async def handed_over(desk: Desk) -> set[str]:
    """The comments that those who listen were told of."""
    rows = await desk.kept(m.OutboxEvent)
    told = [row.payload for row in rows if row.subject == ConversationsReceived.subject]
    return {str(one) for event in told for one in event["comment_ids"]}


async def heard_before_seen(desk: Desk) -> None:
    """The reply leaves, and the list is read before anybody looked for the reply."""
    desk.theatre.newsroom.resources = desk.theatre.resources()
    await jobs.answer(desk.theatre.newsroom.context)
    await listen(desk.theatre)


@pytest.mark.mission("M11")
@pytest.mark.parametrize("fault", [None, "executed_response_lost"])
async def test_our_answer_listed_before_it_is_seen_is_nobody_elses(desk: Desk, fault: str | None) -> None:
    """Whether its id is known by then or not; and nothing of it is told on as a reader's words."""
    comment_id = await desk.real_comment()
    await desk.reply(comment_id)
    if fault:
        await desk.theatre.fault(FACEBOOK, "comment.reply", fault, times=1)
    await heard_before_seen(desk)
    assert [one["comment_id"] for one in await desk.inbox()] == [str(comment_id)]
    for step in rules.LOOKS:
        await desk.work(step=step)
    await listen(desk.theatre)
    assert await state_of(desk) == "confirmed"
    assert sorted((one.is_ours, one.body) for one in await desk.kept(m.Comment)) == [
        (False, "Đường ngập quá"), (True, WORDS)
    ]  # fmt: skip
    assert await handed_over(desk) == {str(comment_id)}


@pytest.mark.mission("M11")
async def test_a_reader_who_repeats_our_words_is_heard_once_it_is_known_which_are_ours(desk: Desk) -> None:
    comment_id = await desk.real_comment()
    await desk.reply(comment_id)
    await desk.theatre.fault(FACEBOOK, "comment.reply", "not_executed_timeout", times=1)
    await desk.work()
    said = [{"text": WORDS, "author": "Bạn đọc"}]
    await desk.theatre.post("facebook/engage", post=desk.post["deliveries"][0]["platform_id"], replies=said)
    await listen(desk.theatre)
    assert len(await desk.inbox()) == 1, "it may be ours"
    async with desk.theatre.newsroom.db.transaction() as session:
        await session.execute(text("UPDATE comment_replies SET state = 'manual'"))
    [reply] = await desk.kept(m.CommentReply)
    assert (await desk.do("POST", f"replies/{reply.id}/told", is_posted=False)).status_code == 200
    await listen(desk.theatre)
    assert sorted(one["body"] for one in await desk.inbox()) == sorted(["Đường ngập quá", WORDS])


async def test_what_a_person_says_stands_there_is_ours_when_it_is_listed(desk: Desk) -> None:
    await desk.reply(await desk.real_comment())
    await desk.theatre.fault(FACEBOOK, "comment.reply", "executed_response_lost", times=1)
    await desk.work()
    async with desk.theatre.newsroom.db.transaction() as session:
        await session.execute(text("UPDATE comment_replies SET state = 'manual'"))
    [reply] = await desk.kept(m.CommentReply)
    assert (await desk.do("POST", f"replies/{reply.id}/told", is_posted=True)).status_code == 200
    await listen(desk.theatre)
    assert len(await desk.inbox()) == 1
    [answer], [reply] = await ours(desk), await desk.kept(m.CommentReply)
    assert reply.platform_id is not None
    assert reply.platform_id.rpartition("_")[2] == answer["id"].rpartition("_")[2]


@pytest.mark.mission("M11")
async def test_the_same_words_said_before_are_no_proof_of_a_second_answer(desk: Desk) -> None:
    """In one thread, where an answer stands under the first comment whichever it answers."""
    await desk.reply(await desk.real_comment())
    await desk.work()
    thread = next(one["id"] for one in await desk.on_platform() if one["text"] == "Đường ngập quá")
    second = await desk.comment("Còn ngõ tôi", number=int(thread.rpartition("_")[2]) + 500, parent_id=thread)
    platform = desk.theatre.app.state.world.ledger
    [asked] = [one for one in platform.current.of("facebook", "comment") if one.subject == thread]
    below = f"{thread.partition('_')[0]}_{int(thread.rpartition('_')[2]) + 500}"
    said = {**asked.data, "text": "Còn ngõ tôi", "parent_id": thread}
    platform.record(Act("facebook", "engage", asked.account, "comment", below, Effect.CREATED, said))
    await desk.reply(second)
    await desk.theatre.fault(FACEBOOK, "comment.reply", "not_executed_timeout", times=1)
    await desk.work()
    for step in rules.LOOKS:
        await desk.work(step=step)
    assert sorted(one.state for one in await desk.kept(m.CommentReply)) == ["confirmed", "manual"]
