"""Merges and splits by people: they hold for whoever assigns, now and after a rebuild, and can be taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.models.enums import Role
from services.classify.assigning import Seat, assign_batch
from services.classify.main import SERVICE
from tests.classify.conftest import Desk
from tests.classify.test_stories import COPIES, FIRE, FLOODS, OUTLETS, label

API = "/api/classify/v1"
WHY = "Cùng một việc, đã đối chiếu"


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


async def told(desk: Desk, title: str, body: str, source: str = "") -> UUID:
    """One content, labelled and given its story."""
    content = await desk.content(title, body, source=source)
    await label(desk, [content])
    await desk.assign()
    return content


async def two_stories(desk: Desk) -> tuple[UUID, UUID]:
    ids = [await told(desk, *FIRE), await told(desk, *FLOODS[0])]
    stories = await desk.stories()
    return stories[ids[0]], stories[ids[1]]


def follow_up(of: tuple[str, str], n: int) -> tuple[str, str]:
    return f"{of[0]} (cập nhật {n})", f"{of[1]} Tin bổ sung lần {n}."


async def restart(desk: Desk) -> None:
    """The assigner is gone; another rebuilds."""
    desk.held.seat = Seat()
    desk.clock.advance(timedelta(seconds=desk.settings.lease_seconds + 1))


@pytest.mark.mission("M03")
@pytest.mark.parametrize("killed", [False, True])
async def test_a_merge_sticks_and_is_taken_back_with_what_joined_since(
    desk: Desk, client: Any, signed_in: Any, killed: bool
) -> None:
    editor = await signed_in(Role.EDITOR)
    fire, flood = await two_stories(desk)
    made = await client.post(
        f"{API}/stories/{fire}/merge", json={"other_id": str(flood), "reason": WHY}, headers=editor
    )
    assert made.status_code == 201, made.text
    if killed:
        await restart(desk)
    later = [await told(desk, *follow_up(one, 1), source=OUTLETS[1]) for one in (FIRE, FLOODS[0])]
    stories = await desk.stories()
    assert {stories[one] for one in later} == {fire}
    shown = (await client.get(f"{API}/stories", headers=editor)).json()["items"]
    assert [(row["id"], row["items"], row["sources"]) for row in shown] == [(str(fire), 4, 2)]
    gone = (await client.get(f"{API}/stories/{flood}", headers=editor)).json()
    assert (gone["merged_into"], gone["items"], gone["contents"]) == (str(fire), 0, [])

    undone = await client.post(f"{API}/story-links/{made.json()['id']}/undo", headers=editor)
    assert undone.status_code == 200, undone.text
    stories = await desk.stories()
    assert [stories[one] for one in later] == [fire, flood], "what joined the strand goes with it"
    if killed:
        await restart(desk)
    more = [await told(desk, *follow_up(one, 2), source=OUTLETS[2]) for one in (FIRE, FLOODS[0])]
    stories = await desk.stories()
    assert [stories[one] for one in more] == [fire, flood]
    counts = {row.id: (row.items, row.sources, row.merged_into) for row in await desk.rows(m.Story)}
    assert counts == {fire: (3, 3, None), flood: (3, 3, None)}
    again = await client.post(f"{API}/story-links/{made.json()['id']}/undo", headers=editor)
    assert (again.status_code, again.json()["title"]) == (409, "Quyết định gộp hoặc tách đã được bỏ")


@pytest.mark.mission("M03")
@pytest.mark.parametrize("killed", [False, True])
async def test_a_split_sticks_and_is_taken_back(desk: Desk, client: Any, signed_in: Any, killed: bool) -> None:
    editor = await signed_in(Role.EDITOR)
    fire, flood = await two_stories(desk)
    wrong = [content for content, story in (await desk.stories()).items() if story == flood]
    async with desk.owner.transaction() as session:  # what the assigner got wrong
        await session.execute(text("UPDATE story_items SET story_id = :fire, strand_id = :fire"), {"fire": fire})
        await session.execute(text("DELETE FROM stories WHERE id = :flood"), {"flood": flood})
    await restart(desk)
    body = {"contents": [str(one) for one in wrong], "reason": "Hai việc khác nhau hoàn toàn"}
    made = await client.post(f"{API}/stories/{fire}/split", json=body, headers=editor)
    assert made.status_code == 201, made.text
    apart = UUID(made.json()["other_id"])
    if killed:
        await restart(desk)
    later = [await told(desk, *follow_up(one, 1), source=OUTLETS[1]) for one in (FIRE, FLOODS[0])]
    stories = await desk.stories()
    assert [stories[one] for one in later] == [fire, apart]
    titles = {row.id: (row.title, row.items) for row in await desk.rows(m.Story)}
    assert titles == {fire: (FIRE[0], 2), apart: (FLOODS[0][0], 2)}

    merging = {"other_id": str(apart), "reason": WHY}
    refused = await client.post(f"{API}/stories/{fire}/merge", json=merging, headers=editor)
    assert (refused.status_code, refused.json()["title"]) == (409, "Hai câu chuyện đã được một người tách ra")
    undone = await client.post(f"{API}/story-links/{made.json()['id']}/undo", headers=editor)
    assert undone.status_code == 200, undone.text
    last = await told(desk, *follow_up(FLOODS[0], 2), source=OUTLETS[2])
    stories = await desk.stories()
    assert set(stories.values()) == {fire}
    assert last in stories


async def test_decisions_are_audited_announced_and_numbered(desk: Desk, client: Any, signed_in: Any) -> None:
    editor = await signed_in(Role.EDITOR)
    fire, flood = await two_stories(desk)
    body = {"other_id": str(flood), "reason": WHY}
    link = (await client.post(f"{API}/stories/{fire}/merge", json=body, headers=editor)).json()
    await client.post(f"{API}/story-links/{link['id']}/undo", headers=editor)
    entries = await desk.rows(m.AuditEntry, m.AuditEntry.object_type == "story")
    assert sorted(one.action for one in entries) == ["story.must", "story.must_undone"]
    assert all(one.facts["other_id"] == str(flood) and one.object_id == fire for one in entries)
    both = sorted([str(fire), str(flood)])
    assert [event["story_ids"] for event in await desk.events("lantoa.story.updated.v1")][-2:] == [both, both]
    [row] = (await client.get(f"{API}/stories/{flood}/links", headers=editor)).json()
    assert (row["kind"], row["reason"], row["undone_at"] is not None) == ("must", WHY, True)
    [stored] = await desk.rows(m.StoryLink)
    assert stored.change == 2


async def test_what_cannot_be_merged_or_split(desk: Desk, client: Any, signed_in: Any) -> None:
    editor, viewer = await signed_in(Role.EDITOR), await signed_in(Role.VIEWER)
    fire, flood = await two_stories(desk)

    async def merge(who: Any, **body: Any) -> int:
        return int((await client.post(f"{API}/stories/{fire}/merge", json=body, headers=who)).status_code)

    async def split(*contents: UUID) -> int:
        body = {"contents": [str(one) for one in contents], "reason": WHY}
        return int((await client.post(f"{API}/stories/{fire}/split", json=body, headers=editor)).status_code)

    assert await merge(viewer, other_id=str(flood), reason=WHY) == 403
    assert await merge(editor, other_id=str(flood), reason="ngắn") == 422
    assert await merge(editor, other_id=str(fire), reason=WHY) == 422
    assert await merge(editor, other_id=str(UUID(int=7)), reason=WHY) == 404
    [only] = [content for content, story in (await desk.stories()).items() if story == fire]
    assert await split(only) == 422, "nothing would be left"
    assert await split(UUID(int=7)) == 422, "nothing of it is here"
    assert await merge(editor, other_id=str(flood), reason=WHY) == 201
    assert await merge(editor, other_id=str(flood), reason=WHY) == 409
    async with desk.owner.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.StoryLink)) == 1
    with pytest.raises(DBAPIError):
        async with desk.db.transaction() as session:
            await session.execute(text("UPDATE story_links SET reason = '         '"))


async def test_a_merge_while_a_batch_is_being_written_waits_for_it(desk: Desk, client: Any, signed_in: Any) -> None:
    """Both lock the row of the lease: a decision between two batches is known to the next."""
    editor = await signed_in(Role.EDITOR)
    fire, flood = await two_stories(desk)
    for n in range(4):
        copy = await desk.content(*COPIES[n + 1], source=OUTLETS[n + 1])
        await label(desk, [copy])
    desk.settings = desk.settings.model_copy(update={"batch": 1})
    desk.clock.advance(timedelta(seconds=desk.settings.settle_seconds + 1))
    assert await assign_batch(desk.db, desk.clock, desk.held.seat, desk.settings) == 1
    body = {"other_id": str(fire), "reason": WHY}
    assert (await client.post(f"{API}/stories/{flood}/merge", json=body, headers=editor)).status_code == 201
    await desk.assign(settle=False)
    assert set((await desk.stories()).values()) == {flood}
