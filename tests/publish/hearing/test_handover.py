"""Comments are handed over by ids alone: each that is new, changed or gone; and what an officer escalates."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.conformance.theatre import Theatre
from tests.publish.hearing.letters import WHO, WHO_ID, body_of, comments, listen, of, rows, send
from tests.publish.newsroom import API
from tests.reports.city import City

RECEIVED, ESCALATED = "lantoa.conversation.received.v1", "lantoa.conversation.escalated.v1"


async def told(theatre: Theatre, subject: str) -> list[dict[str, Any]]:
    query = select(m.OutboxEvent.payload).where(m.OutboxEvent.subject == subject).order_by(m.OutboxEvent.id)
    async with theatre.newsroom.db.transaction() as session:
        return list(await session.scalars(query))


async def escalate(theatre: Theatre, comment_id: Any, who: dict[str, str] | None = None) -> Any:
    url = f"{API}/comments/{comment_id}/escalation"
    return await theatre.newsroom.client.post(url, headers=who or theatre.newsroom.editor)


@pytest.mark.mission("D04", "M37")
async def test_a_comment_is_told_by_our_own_id_of_it_alone(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    [comment] = await comments(theatre.newsroom, post)
    assert await told(theatre, RECEIVED) == [{"comment_ids": [comment["id"]]}]
    async with theatre.newsroom.db.transaction() as session:
        sent = " ".join(str(row) for row in await session.execute(select(m.OutboxEvent.payload, m.OutboxEvent.headers)))
    assert not any(planted in sent for planted in (WHO, WHO_ID, "0912", "ngập"))


async def test_an_edit_and_a_removal_are_told_again(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    for more in ({}, {"verb": "edited", "message": "Đã hết ngập"}, {"verb": "remove", "message": None}):
        await send(theatre, page, body_of(theatre, page, of(post), **more))
    [comment] = await comments(theatre.newsroom, post)
    assert await told(theatre, RECEIVED) == [{"comment_ids": [comment["id"]]}] * 3


@pytest.mark.slow
async def test_what_the_page_itself_says_is_not_told(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    ours = {"id": str(page.settings["page"]), "name": "Trang"}
    await send(theatre, page, body_of(theatre, page, of(post), **{"from": ours}))
    assert len(await rows(theatre, m.Comment)) == 1
    assert await told(theatre, RECEIVED) == []


@pytest.mark.slow
async def test_what_is_read_from_a_list_is_told_once(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    said = [{"text": f"Ý kiến {n}", "author": WHO} for n in range(3)]
    await theatre.post("facebook/engage", post=of(post), replies=said)
    await listen(theatre)
    shown = {each["id"] for each in await comments(theatre.newsroom, post)}
    assert len(shown) == 3
    assert {one for event in await told(theatre, RECEIVED) for one in event["comment_ids"]} == shown
    before = len(await told(theatre, RECEIVED))
    await listen(theatre)
    assert len(await told(theatre, RECEIVED)) == before, "nothing has changed since"


@pytest.mark.mission("D04")
async def test_an_officer_makes_a_case_of_a_comment_once(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    [comment] = await comments(theatre.newsroom, post)
    first, again = await escalate(theatre, comment["id"]), await escalate(theatre, comment["id"])
    assert (first.status_code, again.status_code) == (202, 202), first.text
    assert first.json() == again.json()
    assert await told(theatre, ESCALATED) == [{"comment_id": comment["id"]}]
    async with theatre.newsroom.db.transaction() as session:
        query = select(m.AuditEntry.object_id).where(m.AuditEntry.action == "comment.escalated")
        assert [str(one) for one in await session.scalars(query)] == [comment["id"]]


async def test_how_far_the_case_is_stands_beside_the_comment(
    theatre: Theatre, page: m.Channel, post: dict[str, Any], make: Make
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["is_escalated"], comment["case_reference"]) == (False, None)
    await escalate(theatre, comment["id"])
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["is_escalated"], comment["case_reference"]) == (True, None)
    case = await City(theatre.newsroom.db, make, theatre.newsroom.clock).case("complaint", state="in_progress")
    await make.add(m.ConversationCase(comment_id=UUID(comment["id"]), case_id=case.id))
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["case_reference"], comment["case_state"]) == (case.reference, "in_progress")


@pytest.mark.slow
async def test_what_was_taken_back_or_is_not_there_becomes_no_case(
    theatre: Theatre, page: m.Channel, post: dict[str, Any], signed_in: Any, make: Make
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    [comment] = await comments(theatre.newsroom, post)
    assert (await escalate(theatre, uuid4())).status_code == 404
    elsewhere = await signed_in(Role.FEEDBACK_OFFICER, unit_id=(await make.unit()).id)
    assert (await escalate(theatre, comment["id"], elsewhere)).status_code == 404
    assert (await escalate(theatre, comment["id"], await signed_in(Role.VIEWER))).status_code == 403
    await send(theatre, page, body_of(theatre, page, of(post), verb="remove", message=None))
    refused = await escalate(theatre, comment["id"])
    assert (refused.status_code, refused.json()["title"]) == (409, "Bình luận này không thể chuyển thành phản ánh")
    assert await told(theatre, ESCALATED) == []
