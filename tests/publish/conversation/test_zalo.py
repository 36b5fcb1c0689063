"""A message to the account is answered to its writer alone, once, while Zalo allows it; who that is nobody reads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from sandbox.platforms.zalo.hooks import SENDER
from services.publish.hearing import jobs as hearing
from tests.publish.conformance.case import Seat, case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.elsewhere import WORDS, looked_for, made, state_of, why
from tests.publish.hearing.letters import deliver, delivered, everything, hook_of, of, rows

CASE, SEND = case_of("zalo"), "message.cs"
ASKED = "Hẻm 12 ngập nửa mét, gọi tôi 0912345678"


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    """An account whose app was told our address."""
    seat = CASE.seat(number := next_number(), "http://127.0.0.1:8110")

    def with_key(number: int, url: str) -> Seat:
        return replace(seat, secret=seat.secret | {"oa_secret": "khoa-bi-mat-cua-oa"})

    channel = await theatre.account(replace(CASE, seat=with_key), number)
    await tell(theatre, channel)
    return channel


async def tell(theatre: Theatre, channel: m.Channel, **options: Any) -> None:
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    hook = {"oa_secret": "khoa-bi-mat-cua-oa", "hook": (await hook_of(theatre.newsroom, channel))["url"]}
    await theatre.put("accounts", **{**seat.control, "options": {**seat.control["options"], **hook, **options}})


@pytest.fixture
async def post(theatre: Theatre, page: m.Channel) -> dict[str, Any]:
    sent = await theatre.newsroom.approved(page, media_ids=[await theatre.picture()])
    await deliver(theatre)
    return await theatre.newsroom.read(sent)


async def written(desk: Desk, words: str = ASKED) -> UUID:
    """By somebody to the account; its id here."""
    before = {one.id for one in await rows(desk.theatre, m.Comment)}
    await desk.theatre.post("zalo/engage", post=of(desk.post), replies=[{"text": words}])
    assert [status for _, status in await delivered(desk.theatre)] == [200]
    [new] = [one.id for one in await rows(desk.theatre, m.Comment) if one.id not in before]
    return UUID(str(new))


@pytest.mark.mission("M11", "M16")
async def test_a_message_stands_in_the_inbox_and_is_answered_to_its_writer_alone(desk: Desk) -> None:
    message_id = await written(desk)
    [shown] = await desk.inbox(messages=True)
    assert (shown["comment_id"], shown["body"]) == (str(message_id), "Hẻm 12 ngập nửa mét, gọi tôi [số điện thoại]")
    assert (shown["is_message"], shown["publication_id"], shown["publication_title"]) == (True, None, None)
    assert shown["pseudonym"].startswith("Người đọc ")
    assert await desk.inbox(messages=False) == []
    assert (await desk.reply(message_id)).status_code == 202
    await desk.work()
    assert await state_of(desk) == "confirmed"
    [answer] = made(desk, SEND)
    [asked] = made(desk, "message.receive")
    assert (answer["user"], answer["text"], answer["quoted"]) == (SENDER, WORDS, asked["id"])
    [shown] = await desk.inbox()
    assert (shown["is_answered"], shown["reply_state"]) == (True, "confirmed")
    assert len(await desk.kept(m.Comment)) == 1
    assert SENDER not in await everything(desk.theatre)


@pytest.mark.mission("M11", "M16")
@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "not_executed_timeout", "seconds": 0.2}, False),
        ({"kind": "http_status", "status": 502, "executed": True}, True),
        ({"kind": "http_status", "status": 502}, False),
    ],
    ids=["lost-answer", "lost-request", "page-after", "page-before"],
)
async def test_an_answer_that_was_not_heard_of_is_looked_for_and_never_sent_again(
    desk: Desk, fault: dict[str, Any], is_there: bool
) -> None:
    await desk.reply(await written(desk))
    await desk.theatre.fault(CASE, SEND, times=1, **fault)
    await desk.work()
    assert await state_of(desk) == "unknown"
    await looked_for(desk)
    assert len(made(desk, SEND)) == is_there
    assert await state_of(desk) == ("confirmed" if is_there else "manual")
    if is_there:
        return
    [task] = [one for one in await desk.kept(m.Task) if one.kind == "reply_unclear"]
    assert (task.channel_id, task.publication_id, task.state) == (desk.page.id, None, "open")
    [reply] = await desk.kept(m.CommentReply)
    assert (await desk.do("POST", f"replies/{reply.id}/told", is_posted=False)).status_code == 200
    [task] = [one for one in await desk.kept(m.Task) if one.kind == "reply_unclear"]
    assert task.state == "done"


@pytest.mark.mission("M16")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"package": False}, "Zalo: gói dịch vụ của OA không có tính năng này"),
        ({"may_message": False}, "Zalo: ứng dụng chưa được cấp quyền này cho OA"),
    ],
    ids=["package", "permission"],
)
async def test_what_zalo_refuses_shows_why_in_vietnamese(desk: Desk, options: dict[str, Any], told: str) -> None:
    await desk.reply(await written(desk))
    await tell(desk.theatre, desk.page, **options)
    await desk.work()
    assert (await state_of(desk), made(desk, SEND)) == ("rejected", [])
    assert (await why(desk)).startswith(told)


@pytest.mark.mission("M16")
async def test_after_the_platforms_window_the_address_is_gone(desk: Desk) -> None:
    message_id = await written(desk)
    desk.theatre.advance(timedelta(days=7))
    await hearing.forget(desk.theatre.newsroom.context)
    assert await desk.kept(m.ReplyAddress) == []
    refused = await desk.reply(message_id)
    assert (refused.status_code, "7 ngày" in refused.json()["detail"]) == (409, True)
    [shown] = await desk.inbox()
    assert shown["answers_until"] is None


async def test_a_channel_may_answer_for_a_shorter_time(desk: Desk) -> None:
    async with desk.theatre.newsroom.db.transaction() as session:
        channel = await session.get_one(m.Channel, desk.page.id)
        channel.settings = {**channel.settings, "answer_hours": 48}
    await written(desk)
    [address] = await desk.kept(m.ReplyAddress)
    assert address.expires_at - desk.theatre.newsroom.clock.now() == timedelta(hours=48)


async def test_a_window_that_closed_there_meanwhile_is_told(desk: Desk) -> None:
    """Ours is longer than the platform's, as a wrong setting makes it."""
    async with desk.theatre.newsroom.db.transaction() as session:
        channel = await session.get_one(m.Channel, desk.page.id)
        channel.settings = {**channel.settings, "answer_hours": 24 * 20}
    message_id = await written(desk)
    desk.theatre.advance(timedelta(days=8))
    assert (await desk.reply(message_id)).status_code == 202
    await desk.work()
    assert (
        await why(desk) == "Zalo: người nhắn không nhắn cho OA trong 7 ngày qua nên Zalo không cho trả lời nữa (-230)"
    )


async def test_a_pause_of_the_unit_holds_back_answers_to_messages_too(desk: Desk) -> None:
    await desk.reply(await written(desk))
    unit = str(desk.page.unit_id)
    begun = await desk.do("POST", "pauses", desk.speaker, unit_id=unit, reason="Sự cố, dừng mọi tin")
    assert begun.status_code == 201, begun.text
    await desk.work()
    assert (await state_of(desk), made(desk, SEND)) == ("prepared", [])
    for who in (desk.speaker, desk.second):
        await desk.do("POST", f"pauses/{begun.json()['id']}/resume", who)
    await desk.work(step=timedelta(minutes=2))
    assert len(made(desk, SEND)) == 1


async def test_a_message_is_its_units_alone(desk: Desk) -> None:
    message_id = await written(desk)
    elsewhere = await desk.sign_in(Role.SPOKESPERSON, unit_id=(await desk.make.unit()).id)
    assert (await desk.get("conversations", elsewhere)).json()["items"] == []
    assert (await desk.do("POST", f"comments/{message_id}/replies", elsewhere, body="Xin chào")).status_code == 404
    assert (await desk.do("POST", f"comments/{message_id}/escalation", elsewhere)).status_code == 404
    assert (await desk.do("POST", f"comments/{message_id}/escalation")).status_code == 202


async def test_a_template_without_a_title_serves_for_messages(desk: Desk) -> None:
    message_id = await written(desk)
    told = {"unit_id": str(desk.page.unit_id), "name": "Đã nhận", "body": "{don_vi} đã nhận tin về {tieu_de_tin}."}
    template = (await desk.do("POST", "reply-templates", **told)).json()["id"]
    path = f"comments/{message_id}/replies"
    assert (await desk.do("POST", path, template_id=template)).json()["detail"] == "Còn thiếu: tieu_de_tin."
    done = await desk.do("POST", path, template_id=template, values={"tieu_de_tin": "hẻm 12"})
    assert done.json()["body"] == "Thành phố Hà Nội đã nhận tin về hẻm 12."


async def test_the_words_of_messages_have_their_time(desk: Desk) -> None:
    await written(desk)
    desk.theatre.advance(hearing.MESSAGES_KEPT + timedelta(hours=1))
    await hearing.forget(desk.theatre.newsroom.context)
    [kept] = await desk.kept(m.Comment)
    assert (kept.state, kept.body) == ("removed", None)


async def test_there_is_nothing_to_hide(desk: Desk) -> None:
    refused = await desk.hide(await written(desk), await desk.rule())
    assert (refused.status_code, "không có gì để ẩn" in refused.json()["detail"]) == (409, True)
