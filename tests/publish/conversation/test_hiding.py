"""Hiding by written house rules alone, counted in public, and never criticism, complaint or opinion."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.conversation import HouseGround
from libs.common.models.enums import PROTECTED_KINDS
from services.ingest.domain import item_hash
from tests.common.test_line import FORBIDDEN_CLASSES
from tests.publish.conformance.case import case_of
from tests.publish.conversation.desk import REASON, RULE, Desk
from tests.reports.city import City

SCAM = "Trúng thưởng 100 triệu, bấm vào đây"


async def scam(desk: Desk) -> UUID:
    comment_id = await desk.real_comment(SCAM)
    await desk.label(comment_id, "scam_suspect")
    return comment_id


async def is_hidden_there(desk: Desk, words: str = SCAM) -> bool:
    [one] = [each for each in await desk.on_platform() if each["text"] == words]
    return bool(one.get("is_hidden"))


async def add(db: Database, desk: Desk, comment_id: UUID, rule_id: str, **more: Any) -> None:
    now = desk.theatre.newsroom.clock.now()
    given: dict[str, Any] = {"state": "to_hide", "reason": REASON, "hidden_by": UUID(desk.officer.id), **more}
    times = {"asked_at": now, "updated_at": now, "not_before": now}
    async with db.transaction() as session:
        session.add(m.CommentHiding(id=new_id(now), comment_id=comment_id, rule_id=UUID(rule_id), **{**times, **given}))


@pytest.mark.mission("M11")
async def test_a_comment_is_hidden_by_a_rule_and_counted_in_public(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    asked = await desk.hide(comment_id, rule_id)
    assert asked.status_code == 202, asked.text
    await desk.work()
    assert await is_hidden_there(desk)
    [shown] = await desk.inbox(state="hidden")
    assert shown["hiding_state"] == "hidden"
    [kept] = await desk.kept(m.CommentHiding)
    assert (kept.reason, str(kept.hidden_by), str(kept.rule_id)) == (REASON, desk.officer.id, rule_id)
    public = (await desk.theatre.newsroom.client.get("/noi-quy.json")).json()
    assert (public["hidden"], public["shown_again"], public["hidden_elsewhere"]) == (1, 0, 0)
    assert [(one["ground"], one["body"], one["hidden"]) for one in public["rules"]] == [("scam_link", RULE, 1)]
    page = await desk.theatre.newsroom.client.get("/noi-quy")
    assert page.status_code == 200
    assert RULE in page.text
    assert "<script" not in page.text
    assert not any(word in page.text for word in (SCAM, REASON, desk.officer.person.display_name))


async def test_a_mistake_is_shown_again_and_stays_counted(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    await desk.work()
    assert (await desk.do("DELETE", f"comments/{comment_id}/hiding")).status_code == 202
    await desk.work()
    assert not await is_hidden_there(desk)
    public = (await desk.theatre.newsroom.client.get("/noi-quy.json")).json()
    assert (public["hidden"], public["shown_again"]) == (1, 1)
    assert (await desk.do("DELETE", f"comments/{comment_id}/hiding")).status_code == 404
    assert (await desk.hide(comment_id, rule_id)).status_code == 202, "and may be asked for again"


@pytest.mark.mission("M11", "M05")
@pytest.mark.parametrize("kind", sorted(PROTECTED_KINDS))
async def test_criticism_is_never_hidden(desk: Desk, db_as: Callable[[str], Database], kind: str) -> None:
    """Nor by the API, nor in plain SQL, whatever it was labelled before or since by two people."""
    rule_id = await desk.rule()
    for number, kinds in enumerate(((kind,), (kind, "advert"), ("scam_suspect", kind, "scam_suspect"))):
        comment_id = await desk.comment(f"Lãnh đạo làm quá chậm {number}", number + 1)
        await desk.label(comment_id, *kinds)
        refused = await desk.hide(comment_id, rule_id)
        assert refused.status_code == 409
        assert refused.json()["title"] == "Phê bình, ý kiến, khiếu nại không bao giờ bị ẩn"
        with pytest.raises(DBAPIError, match="it is answered, never hidden"):
            await add(db_as("publish"), desk, comment_id, rule_id)


@pytest.mark.mission("M11")
async def test_what_has_no_label_yet_or_is_a_case_is_not_hidden(desk: Desk, db_as: Callable[[str], Database]) -> None:
    rule_id, publish = await desk.rule(), db_as("publish")
    fresh = await desk.comment("Chưa ai phân loại", 5)
    assert (await desk.hide(fresh, rule_id)).json()["title"] == "Bình luận chưa được phân loại nên chưa thể ẩn"
    with pytest.raises(DBAPIError, match="has no label yet"):
        await add(publish, desk, fresh, rule_id)
    case = await desk.comment("Rác chất đống", 6)
    await desk.label(case, "report_of_problem")
    assert (await desk.do("POST", f"comments/{case}/escalation")).status_code == 202
    assert (await desk.hide(case, rule_id)).status_code == 409
    with pytest.raises(DBAPIError, match="it is answered, never hidden"):
        await add(publish, desk, case, rule_id)


@pytest.mark.mission("M11")
async def test_a_case_of_its_words_protects_it_too(desk: Desk, db_as: Callable[[str], Database]) -> None:
    """A complaint as the officer of the case sees it, whatever the model made of the words."""
    rule_id, comment_id = await desk.rule(), await desk.comment("Bên nào nhận tiền?", 7)
    content_id = await desk.label(comment_id, "question")
    city = City(desk.theatre.newsroom.db, desk.make, desk.theatre.newsroom.clock)
    case = await city.case("complaint")
    async with desk.theatre.newsroom.db.transaction() as session:
        (await session.get_one(m.FeedbackCase, case.id)).content_id = content_id
    with pytest.raises(DBAPIError, match="it is answered, never hidden"):
        await add(db_as("publish"), desk, comment_id, rule_id)


@pytest.mark.mission("M11")
async def test_what_turns_out_to_be_criticism_comes_back(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    await desk.work()
    assert await is_hidden_there(desk)
    await desk.label(comment_id, "criticism")
    await desk.work(step=timedelta(seconds=10))
    assert not await is_hidden_there(desk)
    [kept] = await desk.kept(m.CommentHiding)
    assert (kept.state, kept.shown_because) == ("shown", "protected")


@pytest.mark.mission("M11")
async def test_criticism_that_is_labelled_while_the_hiding_waits_stays_where_it_is(
    desk: Desk, db_as: Callable[[str], Database]
) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    await desk.label(comment_id, "opinion")
    with pytest.raises(DBAPIError, match="it is answered, never hidden"):
        async with db_as("publish").transaction() as session:
            await session.execute(text("UPDATE comment_hidings SET state = 'armed', attempts = 1"))
    await desk.work()
    assert not await is_hidden_there(desk)
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["shown"]


@pytest.mark.mission("M11", "M05")
async def test_a_label_and_a_hiding_that_arrive_together_meet(desk: Desk, db_as: Callable[[str], Database]) -> None:
    """The label is written and not committed when the hiding is asked for: that waits, and is refused."""
    rule_id, comment_id = await desk.rule(), await scam(desk)
    async with desk.theatre.newsroom.db.transaction() as session:
        content_id = await session.scalar(select(func.content_of_comment(comment_id)))
    now = desk.theatre.newsroom.clock.now()
    label = m.LabelRecord(id=new_id(now), content_id=content_id, kind="complaint", labelled_at=now)
    async with db_as("classify").transaction() as session:
        session.add(label)
        await session.flush()
        asked = asyncio.create_task(add(db_as("publish"), desk, comment_id, rule_id))
        await asyncio.sleep(0.2)
        assert not asked.done()
    with pytest.raises(DBAPIError, match="it is answered, never hidden"):
        await asked


@pytest.mark.mission("M11")
async def test_the_database_holds_rule_reason_officer_and_steps(desk: Desk, db_as: Callable[[str], Database]) -> None:
    rule_id, comment_id, publish = await desk.rule(), await scam(desk), db_as("publish")
    unread = await desk.do(
        "POST", "house-rules", unit_id=str(desk.page.unit_id), ground="advert", title="Quảng cáo", body=RULE
    )
    for rule, more, match in (
        (rule_id, {"reason": "ngắn"}, "ck_comment_hidings_reason"),
        (rule_id, {"reason": " " * 30}, "ck_comment_hidings_reason"),
        (rule_id, {"hidden_by": uuid4()}, "answers for its page"),
        (rule_id, {"state": "hidden", "hidden_at": desk.theatre.newsroom.clock.now()}, "begins by being asked for"),
        (str(uuid4()), {}, "written rule in force"),
        (unread.json()["id"], {}, "written rule in force"),
    ):
        with pytest.raises(DBAPIError, match=match):
            await add(publish, desk, comment_id, rule, **more)
    await add(publish, desk, comment_id, rule_id)
    for statement, match in (
        ("UPDATE comment_hidings SET reason = 'một lý do khác hẳn'", "why a comment was hidden stands"),
        ("UPDATE comment_hidings SET state = 'hidden', hidden_at = asked_at", "cannot go from to_hide to hidden"),
        ("DELETE FROM comment_hidings", "a hiding is kept"),
        ("TRUNCATE comment_hidings", "permission denied|append-only"),
        ("UPDATE house_rules SET body = body || ' và mọi lời chê'", "stands as it was written"),
        ("DELETE FROM house_rules", "was in force is kept"),
    ):
        with pytest.raises(DBAPIError, match=match):
            async with publish.transaction() as session:
                await session.execute(text(statement))


@pytest.mark.mission("M11")
async def test_a_rule_takes_two_people(desk: Desk, db_as: Callable[[str], Database]) -> None:
    told = {"unit_id": str(desk.page.unit_id), "ground": "advert", "title": "Quảng cáo", "body": RULE}
    made = (await desk.do("POST", "house-rules", desk.speaker, **told)).json()
    path = f"house-rules/{made['id']}/in-force"
    assert (await desk.do("POST", path, desk.speaker)).json()["title"] == "Người khác phải cho quy tắc có hiệu lực"
    assert (await desk.do("POST", path, desk.officer)).status_code == 404, "only a spokesperson"
    comment_id = await scam(desk)
    assert (await desk.hide(comment_id, made["id"])).status_code == 404
    change = "UPDATE house_rules SET in_force_by = :by, in_force_at = :now WHERE id = :id"
    now = {"id": UUID(made["id"]), "now": desk.theatre.newsroom.clock.now()}
    for by, match in ((desk.speaker, "two_people"), (desk.officer, "puts a rule in force")):
        with pytest.raises(DBAPIError, match=match):
            async with db_as("publish").transaction() as session:
                await session.execute(text(change), {**now, "by": UUID(by.id)})
    assert (await desk.do("POST", path, desk.second)).status_code == 200
    assert (await desk.do("POST", f"house-rules/{made['id']}/retire", desk.second)).status_code == 200
    assert (await desk.hide(comment_id, made["id"])).status_code == 404, "a rule that was retired hides nothing"


async def test_hiding_is_tried_again_and_given_up_at_last(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    await desk.theatre.fault(case_of("facebook"), "object.update", "http_status", times=1, status=503)
    await desk.work()
    [kept] = await desk.kept(m.CommentHiding)
    assert (kept.state, kept.attempts) == ("armed", 1)
    await desk.work(step=timedelta(minutes=1))
    assert [one.state for one in await desk.kept(m.CommentHiding)] == ["hidden"]


def test_no_ground_names_a_stance() -> None:
    assert [ground for ground in HouseGround if FORBIDDEN_CLASSES.search(ground)] == []


async def test_the_database_finds_the_content_of_a_comment_as_intake_does(desk: Desk) -> None:
    comment_id = await desk.comment()
    content_id = await desk.label(comment_id, "question")
    async with desk.theatre.newsroom.db.transaction() as session:
        key = await session.get_one(m.ContentKey, item_hash(desk.page.id, str(comment_id)))
        assert key.content_id == content_id
        assert await session.scalar(select(func.content_of_comment(comment_id))) == content_id
