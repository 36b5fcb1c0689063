"""One inbox over all comments: each once, by pseudonym alone, with filters, a soft lock and pages that stay small."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from services.publish.conversation import rules
from tests.publish.conversation.desk import Desk
from tests.publish.hearing.letters import WHO, WHO_ID
from tests.reports.city import City


@pytest.mark.mission("M11")
async def test_a_comment_is_there_once_under_a_pseudonym(desk: Desk) -> None:
    for _ in range(2):
        comment_id = await desk.comment("Đường ngập, gọi 0912 345 678")
    [shown] = await desk.inbox()
    assert UUID(shown["comment_id"]) == comment_id
    assert shown["pseudonym"] == f"Người đọc {comment_id.hex[-5:].upper()}"
    assert shown["body"] == "Đường ngập, gọi [số điện thoại]"
    assert (shown["publication_title"], shown["is_answered"]) == (desk.post["title"], False)
    assert not any(planted in str(shown) for planted in (WHO, WHO_ID, "0912"))


@pytest.mark.mission("M11", "M37")
async def test_nobody_is_looked_for_by_who_wrote(desk: Desk) -> None:
    await desk.comment()
    for name in ("author", "from", "pseudonym", "q", "user_id", "writer"):
        refused = await desk.get("conversations", **{name: WHO})
        assert (refused.status_code, refused.json()["title"]) == (422, "Bộ lọc không có"), name
        assert "Không tìm theo người viết" in refused.json()["detail"]
    assert (await desk.get("conversation-posts", author=WHO)).status_code == 422


async def test_filters(desk: Desk) -> None:
    first = await desk.comment("Câu hỏi thứ nhất", 1)
    desk.theatre.advance(timedelta(hours=5))
    second = await desk.comment("Câu hỏi thứ hai", 2)

    async def found(**query: Any) -> list[UUID]:
        return [UUID(one["comment_id"]) for one in await desk.inbox(**query)]

    assert await found() == [second, first]
    assert await found(channel_id=str(desk.page.id), state="visible", unanswered=True) == [second, first]
    assert await found(channel_id=str(uuid4())) == []
    assert await found(state="hidden") == []
    assert await found(older_than_hours=4) == [first]
    assert await found(delivery_id=desk.post["deliveries"][0]["id"], limit=1) == [second]
    done = await desk.do("PUT", f"comments/{first}/assignment", person_id=desk.officer.id)
    assert done.status_code == 204, done.text
    assert await found(mine=True) == [first]
    assert (await desk.do("POST", f"comments/{second}/close")).status_code == 204
    assert await found(unanswered=True) == [first]
    assert await found(unanswered=False) == [second]
    assert (await desk.do("POST", f"comments/{second}/reopen")).status_code == 204
    assert await found(unanswered=True) == [second, first]


async def test_only_the_units_own_pages_and_officers(desk: Desk) -> None:
    comment_id = await desk.comment()
    ward = await desk.make.unit()
    elsewhere = await desk.sign_in(Role.FEEDBACK_OFFICER, unit_id=ward.id)
    assert (await desk.get("conversations", elsewhere)).json()["items"] == []
    for method, path in (("POST", "hold"), ("POST", "replies"), ("POST", "close"), ("GET", "replies")):
        body: dict[str, Any] = {"body": "x"} if path == "replies" and method == "POST" else {}
        answer = await desk.do(method, f"comments/{comment_id}/{path}", elsewhere, **body)
        assert answer.status_code == 404, (path, answer.text)
    refused = await desk.do("PUT", f"comments/{comment_id}/assignment", person_id=elsewhere.id)
    assert (refused.status_code, refused.json()["title"]) == (409, "Người này không trả lời cho trang của đơn vị")
    editor = await desk.sign_in(Role.EDITOR)
    assert (await desk.get("conversations", editor)).status_code == 200
    assert (await desk.do("POST", f"comments/{comment_id}/hold", editor)).status_code == 403


@pytest.mark.mission("M11")
async def test_who_looks_at_it_is_told_and_may_be_taken_over(desk: Desk) -> None:
    comment_id = await desk.comment()
    hold = f"comments/{comment_id}/hold"
    assert (await desk.do("POST", hold)).status_code == 200
    refused = await desk.do("POST", hold, desk.other)
    assert refused.status_code == 409
    assert desk.officer.person.display_name in refused.json()["detail"]
    assert (await desk.do("POST", f"comments/{comment_id}/replies", desk.other, body="Tôi trả lời")).status_code == 409
    taken = await desk.do("POST", hold, desk.other, take_over=True)
    assert (taken.status_code, taken.json()["taken_from"]) == (200, desk.officer.id)
    [notice] = (await desk.get("notifications")).json()["items"]
    assert (notice["kind"], notice["object_id"]) == ("comment_taken_over", str(comment_id))
    assert desk.other.person.display_name in notice["subject"]
    for somebody in (desk.other, desk.speaker):
        others = (await desk.get("notifications", somebody)).json()["items"]
        assert "comment_taken_over" not in {one["kind"] for one in others}, "nobody else is told"
    told = await desk.reply(comment_id)
    assert (told.status_code, told.json()["title"]) == (409, "Người khác đang xem bình luận này")
    assert desk.other.person.display_name in told.json()["detail"]
    assert "comment.taken_over" in {one.action for one in await desk.kept(m.AuditEntry)}
    assert (await desk.do("DELETE", hold, desk.other)).status_code == 204
    assert (await desk.do("POST", hold)).json()["taken_from"] is None


async def test_a_look_ends_by_the_clock(desk: Desk) -> None:
    comment_id = await desk.comment()
    await desk.do("POST", f"comments/{comment_id}/hold")
    desk.theatre.advance(rules.HELD - timedelta(seconds=1))
    assert (await desk.do("POST", f"comments/{comment_id}/hold", desk.other)).status_code == 409
    desk.theatre.advance(timedelta(seconds=1))
    answer = await desk.do("POST", f"comments/{comment_id}/hold", desk.other)
    assert (answer.status_code, answer.json()["taken_from"]) == (200, None)


@pytest.mark.mission("M11")
async def test_a_flood_is_read_in_pages_and_by_post(desk: Desk) -> None:
    async with desk.theatre.newsroom.db.transaction() as session:
        now, delivery = desk.theatre.newsroom.clock.now(), UUID(desk.post["deliveries"][0]["id"])
        session.add_all(
            m.Comment(
                id=UUID(int=n + (1 << 100)),
                channel_id=desk.page.id,
                delivery_id=delivery,
                digest=n.to_bytes(32, "big"),
                parent_digest=None,
                body=f"Ý kiến {n}",
                is_ours=False,
                state="visible",
                posted_at=now,
                seen_at=now,
                updated_at=now,
            )
            for n in range(1, 251)
        )
    [group] = (await desk.get("conversation-posts")).json()["items"]
    assert (group["comments"], group["unanswered"], group["publication_title"]) == (250, 250, desk.post["title"])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        got = (await desk.get("conversations", limit=100, **cursor)).json()
        seen += [one["comment_id"] for one in got["items"]]
        if got["next_cursor"] is None:
            break
        cursor = {"cursor": got["next_cursor"]}
    assert len(seen) == len(set(seen)) == 250
    assert (await desk.get("conversations", limit=101)).status_code == 422


async def test_the_case_of_a_comment_stands_beside_it_and_its_end_is_offered(desk: Desk) -> None:
    comment_id = await desk.comment()
    await desk.do("POST", f"comments/{comment_id}/escalation")
    [shown] = await desk.inbox()
    assert (shown["is_escalated"], shown["case_state"], shown["offered_reply"]) == (True, None, None)
    city = City(desk.theatre.newsroom.db, desk.make, desk.theatre.newsroom.clock)
    case = await city.case("complaint", state="in_progress")
    await desk.make.add(m.ConversationCase(comment_id=comment_id, case_id=case.id))
    [shown] = await desk.inbox()
    assert (shown["case_reference"], shown["case_state"], shown["offered_reply"]) == (
        case.reference,
        "in_progress",
        None,
    )
    assert await desk.inbox(resolved=True) == []
    async with desk.theatre.newsroom.db.transaction() as session:
        kept = await session.get_one(m.FeedbackCase, case.id)
        kept.state, kept.answered_at = "answered", desk.theatre.newsroom.clock.now()
    [shown] = await desk.inbox(resolved=True)
    assert case.reference in shown["offered_reply"]
    assert (await desk.reply(comment_id, shown["offered_reply"])).status_code == 202
    [shown] = await desk.inbox(resolved=True)
    assert shown["offered_reply"] is None


def test_templates_are_filled_once() -> None:
    assert rules.fill("Chào {ten}, mã {ma}", {"ten": "{ma}", "ma": "A1"}) == "Chào {ma}, mã A1"
    assert rules.placeholders("{a} {b} {a} {C} { d }") == ["a", "b"]
    with pytest.raises(rules.Unfilled) as unfilled:
        rules.fill("{a} {b}", {"a": "1", "b": ""})
    assert unfilled.value.names == ["b"]
