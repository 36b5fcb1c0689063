"""One person stops everything that is scheduled; two let it go again, in the order it had, and told what is stale."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import delivery_queries, jobs
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officer, Officers

PAUSES = f"{API}/pauses"
WHY = "Diễn biến mới, cần xem lại mọi tin"
URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def pause(newsroom: Newsroom, who: dict[str, str], unit_id: UUID | None = None) -> Any:
    body = {"unit_id": str(unit_id) if unit_id else None, "reason": WHY}
    return await newsroom.client.post(PAUSES, json=body, headers=who)


async def resume(newsroom: Newsroom, begun: Any, who: dict[str, str]) -> Any:
    return await newsroom.client.post(f"{PAUSES}/{begun.json()['id']}/resume", headers=who)


async def scheduled(newsroom: Newsroom, hours: float, **changes: Any) -> dict[str, Any]:
    at = newsroom.clock.now() + timedelta(hours=hours)
    return await newsroom.approved(scheduled_at=at.isoformat(), title=f"Tin {hours} giờ nữa", **changes)


async def order_sent(newsroom: Newsroom) -> list[str]:
    """Titles in the order in which their deliveries were armed, one at a time on the channel."""
    sent: list[str] = []
    while await jobs.deliver_due(newsroom.context):
        async with newsroom.db.transaction() as session:
            out = set(await session.scalars(select(m.Publication.title).where(m.Publication.published_at.is_not(None))))
        fresh = out - set(sent)
        assert len(fresh) <= 1, "one at a time on one channel"
        sent += fresh
        newsroom.clock.advance(timedelta(seconds=1))
    return sent


@pytest.mark.mission("M27")
async def test_one_action_stops_all_and_resuming_keeps_the_order(newsroom: Newsroom) -> None:
    made = [await scheduled(newsroom, hours) for hours in (3, 1, 2)]
    begun = await pause(newsroom, newsroom.speaker)
    assert begun.status_code == 201, begun.text
    assert [h["title"] for h in begun.json()["held"]] == ["Tin 1 giờ nữa", "Tin 2 giờ nữa", "Tin 3 giờ nữa"]
    newsroom.clock.advance(timedelta(hours=4))
    assert await newsroom.deliver() == 0
    first = await resume(newsroom, begun, newsroom.speaker)
    assert (first.status_code, first.json()["words_missing"], first.json()["resumed_at"]) == (200, 1, None)
    assert await newsroom.deliver() == 0
    second = await resume(newsroom, begun, newsroom.second_speaker)
    assert (second.status_code, second.json()["words_missing"]) == (200, 0)
    assert second.json()["resumed_at"] is not None
    assert [h["title"] for h in second.json()["held"]] == ["Tin 1 giờ nữa", "Tin 2 giờ nữa", "Tin 3 giờ nữa"]
    assert await order_sent(newsroom) == ["Tin 1 giờ nữa", "Tin 2 giờ nữa", "Tin 3 giờ nữa"]
    assert {(await newsroom.read(p))["state"] for p in made} == {"published"}


@pytest.mark.mission("M27")
async def test_what_is_stale_is_named_and_somebody_looks_at_it(newsroom: Newsroom) -> None:
    old, fresh = await scheduled(newsroom, 1), await scheduled(newsroom, 3)
    begun = await pause(newsroom, newsroom.speaker)
    newsroom.clock.advance(timedelta(hours=4))
    shown = (await newsroom.client.get(f"{PAUSES}?open=true", headers=newsroom.editor)).json()["items"]
    assert [(h["is_stale"], h["is_due"]) for h in shown[0]["held"]] == [(True, True), (False, True)]
    first = (await resume(newsroom, begun, newsroom.speaker)).json()
    assert (first["stale"], [h["is_stale"] for h in first["held"]]) == (1, [True, False])
    url = f"{API}/tasks?state=open"
    [task] = (await newsroom.client.get(url, headers=newsroom.editor)).json()["items"]
    assert (task["kind"], task["publication_id"]) == ("stale_publication", old["id"])
    assert "quá giờ đăng" in task["title"]
    killed = await newsroom.act("withdraw", old, newsroom.speaker, reason="Không còn đúng nữa")
    assert killed.json()["state"] == "killed"
    assert (await newsroom.client.get(url, headers=newsroom.editor)).json()["items"] == []
    second = (await resume(newsroom, begun, newsroom.second_speaker)).json()
    assert [h["publication_id"] for h in second["held"]] == [fresh["id"]]
    assert await order_sent(newsroom) == ["Tin 3 giờ nữa"]


@pytest.mark.mission("M27")
async def test_a_unit_pauses_itself_and_nobody_else(newsroom: Newsroom, officers: Officers, make: Make) -> None:
    ward = await make.unit()
    theirs = await officers.sign_in(Role.SPOKESPERSON, Role.EDITOR, unit_id=ward.id)
    city = newsroom.bulletin.unit_id
    for unit in (city, None):
        refused = await pause(newsroom, theirs.headers, unit)
        assert (refused.status_code, slug_of(refused)) == (403, "not-speaking")
    assert (await pause(newsroom, newsroom.editor, city)).status_code == 403
    assert (await pause(newsroom, theirs.headers, ward.id)).status_code == 201
    again = await pause(newsroom, theirs.headers, ward.id)
    assert (again.status_code, slug_of(again)) == (409, "already-paused")
    done = await newsroom.published()
    assert done["state"] == "published", "another unit's pause holds nobody else"
    ours = (await newsroom.client.get(PAUSES, headers=newsroom.editor)).json()["items"]
    assert ours == [], "a unit's pause is its own"


async def test_one_person_cannot_resume_alone(newsroom: Newsroom, officers: Officers) -> None:
    begun = await pause(newsroom, newsroom.speaker)
    await resume(newsroom, begun, newsroom.speaker)
    again = await resume(newsroom, begun, newsroom.speaker)
    assert (again.status_code, slug_of(again)) == (409, "word-given")
    assert (await resume(newsroom, begun, newsroom.editor)).status_code == 403
    await resume(newsroom, begun, newsroom.second_speaker)
    third = await officers.sign_in(Role.SPOKESPERSON)
    late = await resume(newsroom, begun, third.headers)
    assert (late.status_code, slug_of(late)) == (409, "pause-ended")


async def test_a_word_counts_only_while_its_giver_speaks(newsroom: Newsroom, officers: Officers) -> None:
    leaving = await officers.sign_in(Role.SPOKESPERSON)
    begun = await pause(newsroom, newsroom.speaker)
    await resume(newsroom, begun, leaving.headers)
    newsroom.clock.advance(timedelta(minutes=5))
    async with newsroom.db.transaction() as session:
        ended = text("UPDATE role_grants SET valid_to = :now WHERE person_id = :who")
        await session.execute(ended, {"now": newsroom.clock.now(), "who": leaving.person.id})
    second = await resume(newsroom, begun, newsroom.speaker)
    assert (second.status_code, second.json()["words_missing"], second.json()["resumed_at"]) == (200, 1, None)
    assert (await resume(newsroom, begun, newsroom.second_speaker)).json()["words_missing"] == 0


@pytest.mark.mission("M27")
async def test_what_is_urgent_and_approved_during_the_pause_goes_out(newsroom: Newsroom, officers: Officers) -> None:
    first, second = await officers.on_duty(), await officers.on_duty()
    before = await urgent(newsroom, first, second, title="Khẩn trước khi dừng")
    newsroom.clock.advance(timedelta(minutes=1))
    await pause(newsroom, newsroom.speaker)
    newsroom.clock.advance(timedelta(minutes=1))
    after = await urgent(newsroom, first, second, title="Khẩn sau khi dừng")
    plain = await newsroom.approved(title="Tin thường")
    await newsroom.deliver()
    states = [(await newsroom.read(p))["state"] for p in (before, after, plain)]
    assert states == ["approved", "published", "approved"]


async def urgent(newsroom: Newsroom, first: Officer, second: Officer, **changes: Any) -> dict[str, Any]:
    made = await newsroom.draft(**URGENT, **changes)
    await newsroom.act("submit", made, newsroom.editor)
    for who in (first, second):
        done = await newsroom.act("approve", made, who.headers, content_hash=made["content_hash"])
        assert done.status_code == 200, done.text
    return made


async def test_the_editors_are_told_of_beginning_and_end(newsroom: Newsroom, officers: Officers, make: Make) -> None:
    ward = await make.unit()
    await officers.sign_in(Role.EDITOR, unit_id=ward.id)
    begun = await pause(newsroom, newsroom.speaker)
    for who in (newsroom.speaker, newsroom.second_speaker):
        await resume(newsroom, begun, who)
    async with newsroom.db.transaction() as session:
        rows = list(await session.scalars(select(m.Notification).order_by(m.Notification.id)))
    assert {(r.kind, r.role, r.unit_id) for r in rows} == {
        (kind, "editor", unit)
        for kind in ("pause_begun", "pause_ended")
        for unit in (ward.id, newsroom.bulletin.unit_id)
    }
    assert all(WHY in row.body for row in rows)


async def test_what_is_held_is_not_overdue(newsroom: Newsroom) -> None:
    await scheduled(newsroom, 1)
    await pause(newsroom, newsroom.speaker)
    newsroom.clock.advance(timedelta(hours=2))
    async with newsroom.db.transaction() as session:
        assert await delivery_queries.list_overdue(session, newsroom.clock.now()) == []


async def test_a_pause_and_its_words_are_in_the_audit_log(newsroom: Newsroom) -> None:
    begun = await pause(newsroom, newsroom.speaker)
    for who in (newsroom.speaker, newsroom.second_speaker):
        await resume(newsroom, begun, who)
    async with newsroom.db.transaction() as session:
        rows = await session.scalars(
            select(m.AuditEntry.action).where(m.AuditEntry.object_type == "pause").order_by(m.AuditEntry.seq)
        )
        assert list(rows) == ["pause.begun", "pause.resumption_agreed", "pause.resumption_agreed", "pause.ended"]


# --- the database's own word, against the service's role ---


@pytest.mark.mission("M27")
async def test_once_the_pause_stands_nothing_is_armed_not_even_what_was_being_armed(
    newsroom: Newsroom, db_as: Callable[[str], Database]
) -> None:
    """Arming waits for a pause that is being written, and sees it; a pause waits for what is being armed."""
    made = await newsroom.approved()
    publish = db_as("publish")
    begins = asyncio.Event()

    async def begin() -> None:
        async with publish.transaction() as session:
            person = await session.scalar(select(m.RoleGrant.person_id).where(m.RoleGrant.role == "spokesperson"))
            values = {"id": uuid4(), "who": person, "now": newsroom.clock.now()}
            sql = "INSERT INTO pauses (id, reason, paused_by, paused_at) VALUES (:id, 'Dừng tất cả', :who, :now)"
            await session.execute(text(sql), values)
            begins.set()
            await asyncio.sleep(0.5)

    async def arm() -> None:
        await begins.wait()
        async with publish.transaction() as session:
            armed = "UPDATE deliveries SET state = 'armed', updated_at = :now WHERE publication_id = :id"
            await session.execute(text(armed), {"id": made["id"], "now": newsroom.clock.now()})

    done = await asyncio.gather(begin(), arm(), return_exceptions=True)
    assert done[0] is None
    assert isinstance(done[1], DBAPIError)
    assert "paused" in str(done[1])


@pytest.mark.mission("M27")
@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE pauses SET resumed_at = :now", "two people"),
        ("UPDATE pauses SET paused_at = paused_at - interval '1 day'", "only ends"),
        ("DELETE FROM pauses", "is kept"),
        ("UPDATE pause_resumptions SET given_at = :now", r"permission denied|append-only"),
        ("DELETE FROM pause_resumptions", r"permission denied|append-only"),
        (
            "INSERT INTO pause_resumptions SELECT p.id, e.id, :now FROM pauses p, people e WHERE NOT EXISTS"
            " (SELECT FROM role_grants g WHERE g.person_id = e.id AND g.role = 'spokesperson') LIMIT 1",
            "a spokesperson of the unit resumes it",
        ),
        (
            "INSERT INTO pauses SELECT gen_random_uuid(), NULL, 'lý do', e.person_id, :now FROM role_grants e"
            " WHERE e.role = 'editor' LIMIT 1",
            "one of the city pauses all",
        ),
    ],
)
async def test_the_service_role_cannot_end_or_forge_a_pause(
    newsroom: Newsroom, db_as: Callable[[str], Database], statement: str, why: str
) -> None:
    begun = await pause(newsroom, newsroom.speaker)
    await resume(newsroom, begun, newsroom.speaker)
    with pytest.raises(DBAPIError, match=why):
        async with db_as("publish").transaction() as session:
            await session.execute(text(statement), {"now": newsroom.clock.now()} if ":now" in statement else {})
