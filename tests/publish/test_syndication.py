"""The city hands a publication to its units: each adapts, approves and posts as itself; nobody speaks for another."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

WHY = "Phường đã đăng tin riêng về việc này"
DatabaseAs = Callable[[str], Database]
Headers = dict[str, str]


@dataclass
class Ward:
    """A unit with its people and a channel of its own."""

    unit: m.OrganizationUnit
    editor: Headers
    speaker: Headers
    channel: m.Channel


@dataclass
class Desk:
    newsroom: Newsroom
    wards: list[Ward]
    source: dict[str, Any]

    async def offer(self, *wards: Ward, who: Headers | None = None, **changes: Any) -> Any:
        body = {"unit_ids": [str(ward.unit.id) for ward in wards], "note": "Xin đăng trước 17 giờ", **changes}
        url = f"{API}/publications/{self.source['id']}/syndications"
        return await self.newsroom.client.post(url, json=body, headers=who or self.newsroom.editor)

    async def get(self, path: str, who: Headers) -> Any:
        return await self.newsroom.client.get(f"{API}{path}", headers=who)

    async def received(self, ward: Ward) -> dict[str, Any]:
        (item,) = (await self.get("/syndications", ward.editor)).json()["items"]
        return dict(item)

    async def adapted(self, ward: Ward, item: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The ward makes it its own, and sends it to its spokesperson."""
        url = f"{API}/publications/{item['draft_id']}"
        change = {
            "channel_ids": [str(ward.channel.id)],
            "title": f"{ward.unit.name}: xe buýt 32 đổi lộ trình",
            **changes,
        }
        done = await self.newsroom.client.patch(url, json=change, headers=ward.editor)
        assert done.status_code == 200, done.text
        sent = await self.newsroom.client.post(f"{url}/submit", headers=ward.editor)
        assert sent.status_code == 200, sent.text
        return dict(done.json())


@pytest.fixture
async def desk(newsroom: Newsroom, make: Make, signed_in: Any) -> Desk:
    wards = []
    for _ in range(2):
        unit = await make.unit()
        editor, speaker = [await signed_in(role, unit_id=unit.id) for role in (Role.EDITOR, Role.SPOKESPERSON)]
        wards.append(Ward(unit, editor, speaker, await make.channel("manual", unit_id=unit.id)))
    return Desk(newsroom, wards, await newsroom.approved())


def slug_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"]).rsplit(":", 1)[1]


# --- the way ------------------------------------------------------------------------------------------------


@pytest.mark.mission("M22")
async def test_each_unit_gets_a_draft_of_its_own_and_posts_it_as_itself(desk: Desk) -> None:
    first, second = desk.wards
    made = await desk.offer(first, second)
    assert (made.status_code, made.json()) == (201, {"offered": 2}), made.text
    item = await desk.received(first)
    assert (item["title"], item["draft_state"], item["is_adapted"]) == (desk.source["title"], "draft", False)
    assert item["draft_id"] != (await desk.received(second))["draft_id"]
    draft = (await desk.get(f"/publications/{item['draft_id']}", first.editor)).json()
    assert (draft["unit_id"], draft["body"], draft["variants"]) == (str(first.unit.id), desk.source["body"], [])
    assert draft["source_note"].startswith("Theo ")
    adapted = await desk.adapted(first, item)
    done = await desk.newsroom.act("approve", adapted, first.speaker, content_hash=adapted["content_hash"])
    assert done.status_code == 200, done.text
    assert [d["channel_id"] for d in done.json()["deliveries"]] == [str(first.channel.id)]
    told = (await desk.get(f"/publications/{desk.source['id']}/syndications", desk.newsroom.editor)).json()["items"]
    states = {row["unit_id"]: (row["draft_state"], row["is_adapted"]) for row in told}
    assert states == {str(first.unit.id): ("approved", True), str(second.unit.id): ("draft", False)}
    assert (await desk.offer(first, second)).json() == {"offered": 0}, "what a unit has it keeps"


@pytest.mark.mission("M22")
async def test_a_unit_sees_only_its_own_and_the_city_not_its_words(desk: Desk) -> None:
    first, second = desk.wards
    await desk.offer(first)
    item = await desk.received(first)
    assert (await desk.get("/syndications", second.editor)).json()["items"] == []
    assert (await desk.get("/publications", second.editor)).json()["items"] == []
    for stranger in (second.editor, second.speaker, desk.newsroom.editor, desk.newsroom.speaker):
        url = f"/publications/{item['draft_id']}"
        assert (await desk.get(url, stranger)).status_code == 404
        assert (await desk.get(f"{url}/preview", stranger)).status_code == 404
        change = await desk.newsroom.client.patch(f"{API}{url}", json={"title": "x"}, headers=stranger)
        assert change.status_code == 404
        refused = await desk.newsroom.act("submit", {"id": item["draft_id"]}, stranger)
        assert refused.status_code == 404
    assert (await desk.get(f"/publications/{desk.source['id']}/syndications", first.editor)).status_code == 404


@pytest.mark.mission("M22")
async def test_only_the_city_hands_on_what_it_has_approved_and_to_units_that_exist(
    desk: Desk, make: Make, newsroom: Newsroom
) -> None:
    first, second = desk.wards
    assert slug_of(await desk.offer(first, unit_ids=[str(uuid4())])) == (404, "unit-not-found")
    assert slug_of(await desk.offer(unit_ids=[desk.source["unit_id"]])) == (404, "unit-not-found")
    gone = await make.unit(kind="district", valid_to=newsroom.clock.now().date() - timedelta(days=1))
    assert slug_of(await desk.offer(unit_ids=[str(gone.id)])) == (404, "unit-not-found")
    assert (await desk.offer(unit_ids=[])).status_code == 422
    assert (await desk.offer(first, who=second.editor)).status_code == 404
    whole = Desk(newsroom, desk.wards, await newsroom.draft())
    assert slug_of(await whole.offer(first)) == (409, "not-to-be-syndicated")
    body = {"title": "Tin của phường", "body": "x", "channel_ids": [str(first.channel.id)]}
    theirs = (await newsroom.client.post(f"{API}/publications", json=body, headers=first.editor)).json()
    assert slug_of(await Desk(newsroom, desk.wards, theirs).offer(second, who=first.editor)) == (403, "only-the-city")


@pytest.mark.mission("M22")
async def test_a_unit_may_decline_and_says_why(desk: Desk) -> None:
    first, second = desk.wards
    await desk.offer(first, second)
    item = await desk.received(first)
    url = f"{API}/syndications/{item['id']}/decline"
    post = desk.newsroom.client.post
    assert (await post(url, json={"reason": "không"}, headers=first.editor)).status_code == 422
    for stranger in (second.editor, desk.newsroom.speaker):
        assert slug_of(await post(url, json={"reason": WHY}, headers=stranger)) == (404, "syndication-not-found")
    done = await post(url, json={"reason": WHY}, headers=first.editor)
    assert (done.json()["draft_state"], done.json()["declined_reason"]) == ("killed", WHY)
    assert slug_of(await post(url, json={"reason": WHY}, headers=first.editor)) == (409, "syndication-settled")
    told = (await desk.get(f"/publications/{desk.source['id']}/syndications", desk.newsroom.editor)).json()["items"]
    assert {row["declined_reason"] for row in told} == {WHY, None}
    other = await desk.received(second)
    adapted = await desk.adapted(second, other)
    await desk.newsroom.act("approve", adapted, second.speaker, content_hash=adapted["content_hash"])
    late = await post(f"{API}/syndications/{other['id']}/decline", json={"reason": WHY}, headers=second.editor)
    assert slug_of(late) == (409, "syndication-settled")


async def test_the_unit_is_told_and_each_step_is_recorded(desk: Desk) -> None:
    first, _ = desk.wards
    await desk.offer(first)
    item = await desk.received(first)
    async with desk.newsroom.db.transaction() as session:
        told = await session.scalar(select(m.Notification).where(m.Notification.kind == "syndication_offered"))
        facts = await session.scalar(select(m.AuditEntry.facts).where(m.AuditEntry.action == "syndication.offered"))
    assert told is not None
    assert (told.role, told.unit_id, str(told.object_id)) == ("editor", first.unit.id, item["draft_id"])
    assert "Xin đăng trước 17 giờ" in told.body
    assert facts == {"publication_id": desk.source["id"], "unit_id": str(first.unit.id), "draft_id": item["draft_id"]}


# --- the city cannot post as the unit -----------------------------------------------------------------------


@pytest.mark.mission("M22", "M28")
async def test_the_city_approves_no_draft_of_a_unit_not_even_an_urgent_one(
    desk: Desk, officers: Officers, db_as: DatabaseAs
) -> None:
    first, _ = desk.wards
    await desk.offer(first)
    urgent = {"is_urgent": True, "urgent_reason": "Ngập sâu, cần báo ngay cho người dân"}
    adapted = await desk.adapted(first, await desk.received(first), **urgent)
    city = await officers.on_duty()
    refused = await desk.newsroom.act("approve", adapted, city.headers, content_hash=adapted["content_hash"])
    assert slug_of(refused) == (403, "not-spokesperson"), refused.text
    approval = {
        "id": new_id(desk.newsroom.clock.now()),
        "publication_id": UUID(adapted["id"]),
        "revision": adapted["revision"],
        "content_hash": bytes.fromhex(adapted["content_hash"]),
        "approver_id": city.person.id,
        "approved_at": desk.newsroom.clock.now(),
    }
    with pytest.raises(IntegrityError, match="only the unit itself approves"):
        async with db_as("publish").transaction() as session:
            session.add(m.Approval(**approval))
    ours = await officers.on_duty(unit_id=first.unit.id)
    done = await desk.newsroom.act("approve", adapted, ours.headers, content_hash=adapted["content_hash"])
    assert done.status_code == 200, done.text


@pytest.mark.mission("M22")
@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "INSERT INTO variants (id, publication_id, channel_id, revision, text) "
            "VALUES (:new, :source, :theirs, :revision, 'x')",
            "a channel carries what its own unit says",
        ),
        (
            "UPDATE variants SET channel_id = :theirs WHERE publication_id = :source",
            "a channel carries what its own unit says",
        ),
        (
            "INSERT INTO deliveries (id, publication_id, channel_id, revision, state, not_before, updated_at, handle) "
            "VALUES (:new, :source, :theirs, :revision, 'prepared', :now, :now, '{}')",
            "a channel carries what its own unit says",
        ),
        (
            "UPDATE publications SET unit_id = :unit, revision = revision + 1, state = 'draft' WHERE id = :source",
            "publications keeps its unit",
        ),
        ("UPDATE channels SET unit_id = :city WHERE id = :theirs", "channels keeps its unit"),
        ("UPDATE syndications SET draft_id = :source", "kept as it was offered"),
        ("UPDATE syndications SET note = ''", "kept as it was offered"),
        ("DELETE FROM syndications", "is kept"),
        (
            "UPDATE syndications SET declined_by = :editor, declined_at = :now, declined_reason = 'thay lời phường'",
            "only the unit itself declines",
        ),
        (
            "INSERT INTO syndications (id, publication_id, revision, unit_id, draft_id, note, offered_by, offered_at) "
            "VALUES (:new, :source, :revision, :other, :draft, '', :editor, :now)",
            "becomes a draft of another",
        ),
    ],
)
async def test_by_direct_sql_the_city_cannot_speak_as_a_unit_either(
    desk: Desk, db_as: DatabaseAs, statement: str, why: str
) -> None:
    first, second = desk.wards
    await desk.offer(first)
    item = await desk.received(first)
    values = {
        "new": new_id(desk.newsroom.clock.now()),
        "source": UUID(desk.source["id"]),
        "revision": desk.source["revision"],
        "theirs": first.channel.id,
        "unit": first.unit.id,
        "other": second.unit.id,
        "city": UUID(desk.source["unit_id"]),
        "draft": UUID(item["draft_id"]),
        "editor": UUID(desk.source["created_by"]),
        "now": desk.newsroom.clock.now(),
    }
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    with pytest.raises(IntegrityError, match=why):
        async with db_as("publish").transaction() as session:
            await session.execute(text(statement), used)


async def test_the_citys_bulletin_shows_what_a_unit_says(desk: Desk) -> None:
    first, _ = desk.wards
    await desk.offer(first)
    both = [str(first.channel.id), str(desk.newsroom.bulletin.id)]
    adapted = await desk.adapted(first, await desk.received(first), channel_ids=both)
    done = await desk.newsroom.act("approve", adapted, first.speaker, content_hash=adapted["content_hash"])
    assert {d["channel_id"] for d in done.json()["deliveries"]} == set(both), json.dumps(done.json())[:500]
