"""The calendar of publications: what stands where, what is worth a look, and moving it, which is an edit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Desk:
    """The newsroom with a calendar; it is noon on Tuesday 24 November 2026 in Hà Nội."""

    room: Newsroom
    make: Make

    @property
    def now(self) -> datetime:
        return self.room.clock.now()

    async def get(self, path: str = "/calendar", who: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        times = {"from": (self.now - 30 * DAY).isoformat(), "to": (self.now + 60 * DAY).isoformat()}
        asked = {**times, **query}
        return await self.room.client.get(f"{API}{path}", params=asked, headers=who or self.room.editor)

    async def items(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.get(**query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def at(self, hours: float, *channels: m.Channel, **more: Any) -> dict[str, Any]:
        """A draft for so many hours from now."""
        return await self.room.draft(*channels, scheduled_at=(self.now + hours * HOUR).isoformat(), **more)

    async def approved_at(self, hours: float, **more: Any) -> dict[str, Any]:
        return await self.room.approved(scheduled_at=(self.now + hours * HOUR).isoformat(), **more)

    async def move(
        self, publication: dict[str, Any], to: str | datetime, who: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        preview = {"preview": "true"} if more.pop("preview", False) else {}
        told = to if isinstance(to, str) else to.isoformat()
        body = {"scheduled_at": told, "revision": publication["revision"], **more}
        path = f"{API}/calendar/{publication['id']}/move"
        return await self.room.client.post(path, params=preview, json=body, headers=who or self.room.editor)

    async def rows(self) -> list[Any]:
        """Everything that a move could change."""
        async with self.room.db.transaction() as session:
            told = []
            for table in (m.Publication, m.PublicationRevision, m.Delivery, m.Variant, m.Approval, m.AuditEntry):
                query = select(table.__table__).order_by(table.__table__.c.id)
                told += [tuple(row) for row in await session.execute(query)]
            return told


@pytest.fixture
def desk(newsroom: Newsroom, make: Make) -> Desk:
    return Desk(newsroom, make)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["title"]
    assert document["detail"]
    return answer.status_code, str(document["type"]).rsplit(":", 1)[1]


# --- what stands in it --------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_the_calendar_shows_what_is_planned_and_what_is_out_on_days_of_hanoi(desk: Desk) -> None:
    out = await desk.room.published(title="Đã đăng")
    night = await desk.at(12.5, title="Nửa đêm")  # half past midnight in Hà Nội, still the 24th in UTC
    await desk.room.draft(title="Chưa có giờ")
    first, second = await desk.items()
    assert (first["publication_id"], second["publication_id"]) == (out["id"], night["id"])
    assert (first["state"], second["state"]) == ("published", "draft")
    assert (first["day"], second["day"]) == ("2026-11-24", "2026-11-25")
    assert first["at"] == first["published_at"]
    assert first["at"].startswith("2026-11-24T12:00:00")
    assert second["at"] == second["scheduled_at"] == "2026-11-25T00:30:00+07:00"
    assert [channel["name"] for channel in second["channels"]] == ["Bản tin"]
    assert (second["campaign"], second["is_urgent"], second["revision"]) == (None, False, 1)


async def test_the_calendar_answers_by_unit_campaign_channel_and_state(desk: Desk, signed_in: Any) -> None:
    other = await desk.make.channel("own_site", name="Bản tin 2")
    first, second = await desk.at(1), await desk.at(2, other)
    await desk.room.act("submit", second, desk.room.editor)
    plan = m.Plan(unit_id=UUID(first["unit_id"]), year=2026, title="K", state="running", **_made(desk))
    await desk.make.add(plan)
    theme = m.Theme(id=plan.id, plan_id=plan.id, title="T", position=0, created_at=desk.now, **_dates(desk))
    await desk.make.add(theme)
    campaign = m.Campaign(
        theme_id=theme.id, unit_id=plan.unit_id, title="C", state="running", **_made(desk), **_dates(desk)
    )
    await desk.make.add(campaign)
    body = {"campaign_id": str(campaign.id)}
    await desk.room.client.put(f"{API}/publications/{first['id']}/campaign", json=body, headers=desk.room.editor)

    async def found(**query: Any) -> list[str]:
        return [item["publication_id"] for item in await desk.items(**query)]

    assert await found(campaign_id=campaign.id) == [first["id"]]
    assert await found(channel_id=other.id) == [second["id"]]
    assert await found(state="in_review") == [second["id"]]
    assert await found(state=["draft", "in_review"]) == [first["id"], second["id"]]
    assert await found(unit_id=first["unit_id"]) == [first["id"], second["id"]]
    [shown] = await desk.items(campaign_id=campaign.id)
    assert shown["campaign"] == {"id": str(campaign.id), "title": "C"}
    ward = await desk.make.unit()
    stranger = await signed_in(Role.EDITOR, unit_id=ward.id)
    assert await found(who=stranger) == []
    assert problem(await desk.get(who=stranger, unit_id=first["unit_id"])) == (403, "not-of-unit")


def _made(desk: Desk) -> dict[str, Any]:
    at = {"created_at": desk.now, "updated_at": desk.now}
    return {"id": new_id(desk.now), "created_by": desk.room.people["planner"], **at}


def _dates(desk: Desk) -> dict[str, Any]:
    return {"starts_on": desk.now.date(), "ends_on": desk.now.date() + 30 * DAY}


@pytest.fixture(autouse=True)
async def planner(newsroom: Newsroom, make: Make) -> None:
    newsroom.people["planner"] = (await make.person(Role.EDITOR)).id


async def test_a_page_follows_the_other_in_time_order(desk: Desk) -> None:
    hours = [5, 1, 3, 3, 2]
    made = {(await desk.at(h, title=f"Tin {n}"))["id"]: h for n, h in enumerate(hours)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = await desk.get(limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["publication_id"] for item in answer.json()["items"]]
        if (cursor := answer.json()["next_cursor"]) is None:
            break
    assert [made[id_] for id_ in seen] == [1, 2, 3, 3, 5]
    assert len(set(seen)) == 5
    odd = "WyJob21uYXkiLCAiMDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0"  # a key that is no instant
    assert problem(await desk.get(cursor=odd)) == (422, "invalid-cursor")


@pytest.mark.mission("M12")
async def test_a_range_has_a_zone_and_is_a_quarter_at_most(desk: Desk) -> None:
    day = "2026-11-01T00:00:00"
    assert problem(await desk.get(**{"from": day, "to": f"{day}+07:00"})) == (422, "invalid-payload")
    assert problem(await desk.get(**{"from": f"{day}+07:00", "to": f"{day}+07:00"})) == (422, "calendar-range-refused")
    long = await desk.get(**{"from": f"{day}+07:00", "to": "2027-02-01T00:00:01+07:00"})
    assert problem(long) == (422, "calendar-range-refused")
    assert "92 ngày" in long.json()["detail"]
    assert (await desk.get(**{"from": f"{day}+07:00", "to": "2027-02-01T00:00:00+07:00"})).status_code == 200
    assert (await desk.room.client.get(f"{API}/calendar", headers=desk.room.editor)).status_code == 422


# --- what is worth a look -----------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_two_on_one_channel_within_half_an_hour_are_pointed_out(desk: Desk) -> None:
    other = await desk.make.channel("own_site", name="Bản tin 2")
    first, near, far = await desk.at(3), await desk.at(3.25, title="Gần"), await desk.at(3.5)
    await desk.at(3.1, other, title="Kênh khác")
    killed = await desk.at(3.05, title="Đã hủy")
    async with desk.room.db.transaction() as session:
        await session.execute(
            update(m.Publication).where(m.Publication.id == UUID(killed["id"])).values(state="killed")
        )
    shown = {item["publication_id"]: item["conflicts"] for item in await desk.items()}
    [hint] = shown[first["id"]]
    assert (hint["kind"], hint["publication_id"], hint["minutes_apart"]) == ("too_close", near["id"], 15)
    assert "Gần" in hint["message"]
    assert [h["publication_id"] for h in shown[near["id"]]] == [first["id"], far["id"]]
    assert [h["publication_id"] for h in shown[far["id"]]] == [near["id"]], "exactly half an hour is enough"
    [page] = (await desk.get(limit=1)).json()["items"]
    assert page["conflicts"] == shown[first["id"]], "also where the other one is on the next page"


async def test_quiet_hours_of_a_channel_are_pointed_out(desk: Desk) -> None:
    quiet = await desk.make.channel(
        "own_site", name="Kênh ngủ", settings={"quiet_hours": {"from": "22:00", "to": "06:00"}}
    )
    await desk.at(8, quiet)  # eight in the evening
    await desk.at(11, quiet)  # eleven at night
    evening, night = await desk.items()
    assert evening["conflicts"] == []
    [hint] = night["conflicts"]
    assert (hint["kind"], hint["channel_id"]) == ("quiet_hours", str(quiet.id))
    assert "06:00" in hint["message"]


# --- moving -------------------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_moving_an_item_moves_its_schedule_and_voids_what_was_approved(desk: Desk) -> None:
    approved = await desk.approved_at(24)
    assert approved["state"] == "scheduled"
    to = desk.now + 48 * HOUR
    moved = await desk.move(approved, to)
    assert moved.status_code == 200, moved.text
    told = moved.json()
    assert (told["is_changed"], told["is_preview"]) == (True, False)
    assert (told["state_before"], told["state"]) == ("scheduled", "draft")
    assert (told["revision_before"], told["revision"]) == (1, 2)
    assert told["voided"] == {"approvals": 1, "deliveries": 1}
    assert "1 lượt duyệt của bản 1 mất hiệu lực" in told["message"]
    assert f"{to.astimezone(HANOI):%H:%M ngày %d/%m/%Y}" in told["message"]
    after = await desk.room.read(approved)
    assert datetime.fromisoformat(after["scheduled_at"]) == to
    assert (after["state"], after["revision"], after["approvals"], after["deliveries"]) == ("draft", 2, [], [])
    [item] = await desk.items()
    assert datetime.fromisoformat(item["at"]) == to
    desk.room.clock.advance(25 * HOUR)
    assert await desk.room.deliver() == 0, "the old time passes and nothing leaves"


@pytest.mark.mission("M12")
async def test_what_was_moved_goes_out_at_its_new_time_once_it_is_approved_again(desk: Desk) -> None:
    approved = await desk.approved_at(24)
    moved = (await desk.move(approved, desk.now + 3 * HOUR)).json()
    current = await desk.room.read(approved)
    await desk.room.act("submit", current, desk.room.editor)
    done = await desk.room.act("approve", current, desk.room.speaker, content_hash=current["content_hash"])
    assert done.json()["revision"] == moved["revision"]
    desk.room.clock.advance(2 * HOUR)
    assert await desk.room.deliver() == 0
    desk.room.clock.advance(HOUR)
    await desk.room.deliver()
    assert (await desk.room.read(approved))["state"] == "published"


@pytest.mark.mission("M12")
async def test_a_preview_tells_the_same_and_changes_nothing(desk: Desk) -> None:
    approved = await desk.approved_at(24)
    close = await desk.at(48.25, title="Ngay bên cạnh")
    before = await desk.rows()
    preview = (await desk.move(approved, desk.now + 48 * HOUR, preview=True)).json()
    assert await desk.rows() == before
    assert preview["is_preview"] is True
    assert preview["message"].startswith("Nếu dời")
    assert [hint["publication_id"] for hint in preview["conflicts"]] == [close["id"]]
    moved = (await desk.move(approved, desk.now + 48 * HOUR)).json()
    told = ("is_preview", "message")
    assert {k: v for k, v in moved.items() if k not in told} == {k: v for k, v in preview.items() if k not in told}


async def test_moving_to_where_it_stands_voids_nothing(desk: Desk) -> None:
    approved = await desk.approved_at(24)
    same = (await desk.move(approved, approved["scheduled_at"])).json()
    assert (same["is_changed"], same["revision"], same["state"]) == (False, 1, "scheduled")
    assert same["voided"] == {"approvals": 0, "deliveries": 0}
    assert len((await desk.room.read(approved))["approvals"]) == 1


@pytest.mark.mission("M12")
@pytest.mark.parametrize("preview", [False, True])
async def test_what_cannot_be_moved_is_refused_with_the_way_out(desk: Desk, preview: bool) -> None:
    draft = await desk.at(5)
    before = await desk.rows()

    async def refused(to: str | datetime, publication: dict[str, Any] = draft, **more: Any) -> httpx.Response:
        return await desk.move(publication, to, preview=preview, **more)

    past = await refused(desk.now)
    assert problem(past) == (422, "time-has-passed")
    assert "12:00 ngày 24/11/2026" in past.json()["detail"]
    naive = await refused("2026-11-30T08:00:00")
    assert problem(naive) == (422, "invalid-payload")
    assert "múi giờ" in naive.json()["errors"][0]["message"]
    stale = await refused(desk.now + DAY, revision=7)
    assert problem(stale) == (409, "content-changed")
    unknown = await refused(desk.now + DAY, {**draft, "id": str(UUID(int=7))})
    assert problem(unknown) == (404, "publication-not-found")
    assert await desk.rows() == before
    out = await desk.room.published()
    gone = await refused(desk.now + DAY, out)
    assert problem(gone) == (409, "state-conflict")
    assert "cải chính" in gone.json()["detail"]


async def test_only_editors_of_the_unit_move(desk: Desk, signed_in: Any) -> None:
    draft = await desk.at(5)
    ward = await desk.make.unit()
    to = desk.now + DAY
    stranger = await signed_in(Role.EDITOR, unit_id=ward.id)
    assert problem(await desk.move(draft, to, stranger)) == (404, "publication-not-found")
    assert problem(await desk.move(draft, to, await signed_in(Role.VIEWER))) == (403, "forbidden")
    assert (await desk.move(draft, to, desk.room.speaker)).status_code == 200


@pytest.mark.mission("M37")
async def test_a_move_stands_in_the_audit_log_with_both_times(desk: Desk) -> None:
    draft = await desk.at(5)
    await desk.move(draft, desk.now + DAY)
    async with desk.room.db.transaction() as session:
        query = select(m.AuditEntry).where(m.AuditEntry.action == "publication.rescheduled")
        entry = (await session.scalars(query)).one()
    was, to = (datetime.fromisoformat(entry.facts[name]) for name in ("from", "to"))
    assert (was, to) == (desk.now + 5 * HOUR, desk.now + DAY)
    assert entry.facts["revision"] == 2
