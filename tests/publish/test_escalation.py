"""Who waits for an approval is told: at once, again, and then those above; each once, and no longer than needed."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import remind_jobs
from services.publish.settings import WaitingSettings
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}
Row = tuple[int, str, UUID | None]


async def told(newsroom: Newsroom, publication: dict[str, Any]) -> list[Row]:
    """(level, role, unit) of every row about it, in order."""
    async with newsroom.db.transaction() as session:
        rows = await session.scalars(
            select(m.Notification)
            .where(m.Notification.object_id == UUID(publication["id"]), m.Notification.kind == "approval_needed")
            .order_by(m.Notification.id)
        )
        return [(row.level, row.role, row.unit_id) for row in rows]


async def after(newsroom: Newsroom, minutes: float) -> None:
    newsroom.clock.advance(timedelta(minutes=minutes))
    for _ in range(2):  # the loop comes round again and again
        await remind_jobs.remind_waiting(newsroom.context)


async def submitted(newsroom: Newsroom, **changes: Any) -> dict[str, Any]:
    made = await newsroom.draft(**changes)
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200
    return made


def of(level: int, *roles: Role, unit: UUID) -> list[Row]:
    return sorted((level, role.value, unit) for role in roles)


def sorted_from(rows: Iterable[Row], level: int) -> list[Row]:
    return sorted(row for row in rows if row[0] == level)


@pytest.mark.mission("M28")
async def test_it_is_told_at_once_then_again_then_above_each_once(newsroom: Newsroom) -> None:
    city = newsroom.bulletin.unit_id
    made = await submitted(newsroom)
    assert await told(newsroom, made) == of(0, Role.SPOKESPERSON, unit=city)
    await after(newsroom, 29)
    assert len(await told(newsroom, made)) == 1
    await after(newsroom, 1)
    rows = await told(newsroom, made)
    assert sorted_from(rows, 1) == of(1, Role.ADMIN, Role.SPOKESPERSON, unit=city)
    await after(newsroom, 89)
    assert len(await told(newsroom, made)) == 3
    await after(newsroom, 1)
    rows = await told(newsroom, made)
    assert sorted_from(rows, 2) == of(2, Role.ADMIN, Role.SPOKESPERSON, unit=city)
    await after(newsroom, 600)
    assert len(await told(newsroom, made)) == 5


@pytest.mark.mission("M28")
async def test_above_a_ward_stands_its_parent_or_the_city(newsroom: Newsroom, officers: Officers, make: Make) -> None:
    city = newsroom.bulletin.unit_id
    district = await make.unit("Đơn vị cấp trên", "agency")
    for parent, above in ((district.id, district.id), (None, city)):
        ward = await make.unit(parent_id=parent)
        editor = await officers.sign_in(Role.EDITOR, unit_id=ward.id)
        body = {"title": "Tin phường", "body": "x", "channel_ids": [str(newsroom.bulletin.id)]}
        made = (await newsroom.client.post(f"{API}/publications", json=body, headers=editor.headers)).json()
        await newsroom.act("submit", made, editor.headers)
        await after(newsroom, 120)
        rows = await told(newsroom, made)
        assert sorted_from(rows, 0) == of(0, Role.SPOKESPERSON, unit=ward.id)
        assert sorted_from(rows, 1) == of(1, Role.ADMIN, Role.SPOKESPERSON, unit=ward.id)
        assert sorted_from(rows, 2) == of(2, Role.ADMIN, Role.SPOKESPERSON, unit=above)


@pytest.mark.mission("M28")
async def test_what_is_urgent_goes_to_everybody_on_duty_and_up_within_minutes(
    newsroom: Newsroom, officers: Officers, make: Make
) -> None:
    city, ward, other = newsroom.bulletin.unit_id, await make.unit(), await make.unit()
    await officers.on_duty(unit_id=ward.id)
    await officers.on_duty(unit_id=other.id, hours=(2, 4))
    made = await submitted(newsroom, **URGENT)
    assert sorted_from(await told(newsroom, made), 0) == sorted(
        [(0, "spokesperson", city), (0, "spokesperson", ward.id)]
    )
    await after(newsroom, 5)
    assert sorted_from(await told(newsroom, made), 1) == sorted(
        [(1, "admin", city), (1, "spokesperson", city), (1, "spokesperson", ward.id)]
    )
    await after(newsroom, 5)
    assert len(sorted_from(await told(newsroom, made), 2)) == 2
    async with newsroom.db.transaction() as session:
        subjects = set(await session.scalars(select(m.Notification.subject)))
    assert f"KHẨN, chờ duyệt: {made['title']}" in subjects


@pytest.mark.mission("M28")
@pytest.mark.parametrize("end", ["approve", "edit", "kill"])
async def test_it_stops_when_it_no_longer_waits(newsroom: Newsroom, end: str) -> None:
    made = await submitted(newsroom)
    url = f"{API}/publications/{made['id']}"
    if end == "approve":
        await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    elif end == "edit":
        await newsroom.client.patch(url, json={"title": "Sửa"}, headers=newsroom.editor)
    else:
        await newsroom.act("withdraw", made, newsroom.speaker, reason="Không còn cần")
    await after(newsroom, 600)
    assert len(await told(newsroom, made)) == 1


@pytest.mark.mission("M28")
async def test_an_edited_one_begins_to_wait_anew(newsroom: Newsroom) -> None:
    made = await submitted(newsroom)
    await after(newsroom, 100)
    url = f"{API}/publications/{made['id']}"
    await newsroom.client.patch(url, json={"title": "Sửa"}, headers=newsroom.editor)
    await newsroom.act("submit", made, newsroom.editor)
    assert [row[0] for row in await told(newsroom, made)] == [0, 1, 1, 0]
    await after(newsroom, 29)
    assert len(await told(newsroom, made)) == 4
    await after(newsroom, 1)
    assert len(await told(newsroom, made)) == 6


def test_the_times_can_be_set_and_urgent_has_its_own() -> None:
    set_ = WaitingSettings(remind_minutes=10, escalate_minutes=20, urgent_remind_minutes=1, urgent_escalate_minutes=2)
    assert set_.reminders(is_urgent=False) == (timedelta(minutes=10), timedelta(minutes=20))
    assert set_.reminders(is_urgent=True) == (timedelta(minutes=1), timedelta(minutes=2))


async def test_everybody_sees_what_is_for_their_roles_in_their_units(
    newsroom: Newsroom, officers: Officers, make: Make
) -> None:
    made = await submitted(newsroom)
    await after(newsroom, 31)
    ward = await make.unit()
    theirs = await officers.sign_in(Role.SPOKESPERSON, unit_id=ward.id)
    url = f"{API}/notifications"

    async def seen(headers: dict[str, str], query: str = "") -> dict[str, Any]:
        return dict((await newsroom.client.get(url + query, headers=headers)).json())

    mine = (await seen(newsroom.speaker))["items"]
    assert [(n["level"], n["object_id"], n["role"]) for n in mine] == [
        (1, made["id"], "spokesperson"),
        (0, made["id"], "spokesperson"),
    ]
    assert "chờ duyệt đã 31 phút (gửi duyệt lúc 12:00" in mine[0]["body"]
    assert [n["level"] for n in (await seen(newsroom.admin))["items"]] == [1]
    assert (await seen(newsroom.editor))["items"] == []
    assert (await seen(theirs.headers))["items"] == []
    first = await seen(newsroom.speaker, "?limit=1")
    rest = await seen(newsroom.speaker, f"?limit=1&cursor={first['next_cursor']}")
    assert [n["level"] for n in first["items"] + rest["items"]] == [1, 0]
