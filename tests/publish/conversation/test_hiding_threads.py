"""Hiding a comment hides the answers below it too, so what is never hidden protects all that it stands under."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import PROTECTED_KINDS
from services.publish.hearing import queries as hearing_queries
from tests.publish.conversation.desk import Desk
from tests.publish.conversation.test_hiding import add, is_hidden_there, scam
from tests.publish.hearing.letters import of

CRITICISM = "Phường làm quá chậm, dân kêu mãi không ai nghe"
BELOW = "Bên dưới có phê bình, ý kiến hoặc khiếu nại nên không được ẩn"
NOT_YET = "Bên dưới có câu trả lời chưa được phân loại nên chưa thể ẩn"


def name(desk: Desk, number: int) -> str:
    """The platform's id of a comment that the hook tells of."""
    return f"{of(desk.post).partition('_')[2]}_{number}"


async def thread(desk: Desk, *words: str) -> list[UUID]:
    """Each answers the one before it; the first is labelled as a scam."""
    made = [await desk.comment("Trúng thưởng, bấm vào đây", 1)]
    await desk.label(made[0], "scam_suspect")
    for number, said in enumerate(words, start=2):
        made.append(await desk.comment(said, number, parent_id=name(desk, number - 1)))
    return made


async def answered_there(desk: Desk, comment_id: UUID, words: str = CRITICISM) -> UUID:
    """A reader's answer below a comment that stands on the platform; told by the hook. Its id here."""
    [above] = [each["id"] for each in await desk.on_platform()]
    assert comment_id is not None
    return await desk.comment(words, 900, parent_id=above)


@pytest.mark.mission("M11", "M05")
@pytest.mark.parametrize("kind", sorted(PROTECTED_KINDS))
async def test_what_stands_above_criticism_is_not_hidden(
    desk: Desk, db_as: Callable[[str], Database], kind: str
) -> None:
    """However deep it stands, and whatever two people made of its label since."""
    rule_id, publish = await desk.rule(), db_as("publish")
    top, middle, low = await thread(desk, "Quảng cáo chen ngang", CRITICISM)
    await desk.label(middle, "advert")
    await desk.label(low, kind, "advert")
    for comment_id in (top, middle):
        refused = await desk.hide(comment_id, rule_id)
        assert (refused.status_code, refused.json()["title"]) == (409, BELOW)
        with pytest.raises(DBAPIError, match="which would be hidden with it"):
            await add(publish, desk, comment_id, rule_id)
    assert await desk.kept(m.CommentHiding) == []


@pytest.mark.mission("M11")
async def test_what_stands_above_an_answer_without_a_label_waits(desk: Desk, db_as: Callable[[str], Database]) -> None:
    rule_id = await desk.rule()
    top, low = await thread(desk, "Chưa ai phân loại")
    refused = await desk.hide(top, rule_id)
    assert (refused.status_code, refused.json()["title"]) == (409, NOT_YET)
    with pytest.raises(DBAPIError, match="stands an answer without a label"):
        await add(db_as("publish"), desk, top, rule_id)
    await desk.label(low, "advert")
    assert (await desk.hide(top, rule_id)).status_code == 202


@pytest.mark.mission("M11")
async def test_a_case_below_protects_and_our_own_answer_and_a_removed_one_do_not(desk: Desk) -> None:
    rule_id = await desk.rule()
    top, ours, gone, beside = await thread(desk, "Trang trả lời", "Đã gỡ", "Ở nơi khác")
    await desk.label(beside, "criticism")
    async with desk.theatre.newsroom.db.transaction() as session:
        (await session.get_one(m.Comment, ours)).is_ours = True
        (await session.get_one(m.Comment, beside)).parent_digest = None
        await hearing_queries.erase_comments(session, [gone], desk.theatre.newsroom.clock.now())
    assert (await desk.hide(top, rule_id)).status_code == 202, "nothing of a reader stands below"
    assert (await desk.do("DELETE", f"comments/{top}/hiding")).status_code == 202
    await desk.work()
    case = await desk.comment("Rác chất đống", 50, parent_id=name(desk, 2))
    await desk.label(case, "report_of_problem")
    assert (await desk.do("POST", f"comments/{case}/escalation")).status_code == 202
    assert (await desk.hide(top, rule_id)).json()["title"] == BELOW, "also where it answers the page's own answer"


@pytest.mark.mission("M11", "M05")
async def test_a_label_below_and_a_hiding_that_arrive_together_meet(
    desk: Desk, db_as: Callable[[str], Database]
) -> None:
    rule_id = await desk.rule()
    top, low = await thread(desk, CRITICISM)
    content_id = await desk.label(low, "advert")
    now = desk.theatre.newsroom.clock.now()
    async with db_as("classify").transaction() as session:
        session.add(m.LabelRecord(id=new_id(now), content_id=content_id, kind="complaint", labelled_at=now))
        await session.flush()
        asked = asyncio.create_task(add(db_as("publish"), desk, top, rule_id))
        await asyncio.sleep(0.2)
        assert not asked.done()
    with pytest.raises(DBAPIError, match="which would be hidden with it"):
        await asked


@pytest.mark.mission("M11")
async def test_criticism_that_arrives_below_what_is_hidden_brings_it_back(desk: Desk) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    await desk.work()
    assert await is_hidden_there(desk)
    low = await answered_there(desk, comment_id)
    await desk.work(step=timedelta(seconds=10))
    assert await is_hidden_there(desk), "what it is nobody knows yet"
    await desk.label(low, "criticism")
    await desk.work(step=timedelta(seconds=10))
    assert not await is_hidden_there(desk)
    [kept] = await desk.kept(m.CommentHiding)
    assert (kept.state, kept.shown_because) == ("shown", "protected")


@pytest.mark.mission("M11")
async def test_what_arrives_below_while_the_hiding_waits_keeps_it_in_sight(
    desk: Desk, db_as: Callable[[str], Database]
) -> None:
    rule_id, comment_id = await desk.rule(), await scam(desk)
    await desk.hide(comment_id, rule_id)
    low = await answered_there(desk, comment_id)
    arm = "UPDATE comment_hidings SET state = 'armed', attempts = attempts + 1"
    with pytest.raises(DBAPIError, match="stands an answer without a label"):
        async with db_as("publish").transaction() as session:
            await session.execute(text(arm))
    await desk.work()
    assert not await is_hidden_there(desk)
    [kept] = await desk.kept(m.CommentHiding)
    assert (kept.state, kept.error) == (
        "failed", "Có câu trả lời mới bên dưới chưa phân loại nên không ẩn; nếu vẫn cần, hãy yêu cầu lại."
    )  # fmt: skip
    await desk.label(low, "opinion")
    assert (await desk.hide(comment_id, rule_id)).json()["title"] == BELOW


async def test_what_stands_below_stays_known_after_a_rotation_of_the_key(desk: Desk) -> None:
    """The answer was told of by the old key, the comment above it by the new one; a circle of answers ends."""
    top, low = await thread(desk, CRITICISM)
    new = b"n" * 32
    async with desk.theatre.newsroom.db.transaction() as session:
        above, below = await session.get_one(m.Comment, top), await session.get_one(m.Comment, low)
        await hearing_queries.name_anew(session, above.channel_id, [new, above.digest])
        await session.refresh(above)
        await session.refresh(below)
        assert (above.digest, below.parent_digest) == (new, new)
        above.parent_digest = below.digest
        await session.flush()
        assert (await session.scalars(select(func.answers_below(top)))).all() == [low]
