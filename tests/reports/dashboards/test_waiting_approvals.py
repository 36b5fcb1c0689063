"""What waits for a second person, and whether the one who asks may be that person: as the database itself judges."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from tests.reports.city import City
from tests.reports.dashboards.conftest import Ask, Newsroom

WHY = {
    "speaker": "Chỉ người phát ngôn của đơn vị được duyệt.",
    "duty": "Tin khẩn do người phát ngôn đang trong ca trực duyệt.",
    "own": "Bạn đã soạn hoặc sửa tin này; cần người khác duyệt.",
    "given": "Bạn đã duyệt bản này; còn chờ người khác.",
}
URGENT: dict[str, Any] = {"is_urgent": True, "urgent_reason": "Cháy lớn ở chợ"}


async def on_duty(city: City, person: m.Person) -> m.Person:
    shift = {"role": "spokesperson", "starts_at": city.now - timedelta(hours=1), "created_at": city.now}
    await city.make.add(
        m.DutyRoster(
            id=new_id(city.now),
            person_id=person.id,
            unit_id=person.unit_id,
            ends_at=city.now + timedelta(hours=8),
            created_by=person.id,
            **shift,
        )
    )
    return person


async def is_taken(db: Database, city: City, one: m.Publication, person: m.Person) -> bool:
    """Whether the database would take this person's approval."""
    row = m.Approval(
        id=new_id(city.now),
        publication_id=one.id,
        revision=1,
        content_hash=one.content_hash,
        approver_id=person.id,
        approved_at=city.now,
    )
    try:
        async with db.transaction() as session:
            session.add(row)
            await session.flush()
            await session.rollback()
    except DBAPIError:
        return False
    return True


@pytest.mark.mission("M28")
async def test_who_may_approve_is_what_the_database_would_take(
    ask: Ask, city: City, newsroom: Newsroom, db: Database
) -> None:
    ward, other = await city.make.unit("Phường Bến"), await city.make.unit()
    both = (Role.EDITOR, Role.SPOKESPERSON)
    author = await on_duty(city, await city.make.person(*both, unit_id=ward.id))
    people = {
        "author": author,
        "speaker": await city.make.person(Role.SPOKESPERSON, unit_id=ward.id),
        "editor": await city.make.person(Role.EDITOR, unit_id=ward.id),
        "on duty elsewhere": await on_duty(city, await city.make.person(Role.SPOKESPERSON, unit_id=other.id)),
    }
    stories = [
        await newsroom.in_review("Tin thường", author),
        await newsroom.in_review("Tin khẩn", author, **URGENT),
        await newsroom.in_review("Đính chính", author, kind="correction"),
        await newsroom.in_review("Đính chính khẩn", author, kind="correction", **URGENT),
    ]
    told: dict[str, dict[str, Any]] = {
        name: {item["id"]: item for item in (await ask("waiting-approvals", newsroom.sign_in(person)))["items"]}
        for name, person in people.items()
    }
    for one in stories:
        for name, person in people.items():
            shown = told[name].get(str(one.id))
            assert await is_taken(db, city, one, person) == bool(shown and shown["may_approve"]), (name, one.title)
    plain, urgent, correction, urgent_correction = (str(one.id) for one in stories)
    assert [told["editor"][one]["why_not"] for one in (plain, urgent)] == [WHY["speaker"], WHY["duty"]]
    assert [told["author"][one]["why_not"] for one in (plain, urgent)] == [WHY["own"], None]
    assert [told["speaker"][one]["why_not"] for one in (plain, urgent)] == [None, WHY["duty"]]
    assert set(told["on duty elsewhere"]) == {urgent, urgent_correction}
    assert [told["speaker"][one]["needed"] for one in (plain, urgent, correction)] == [1, 2, 2]
    assert told["speaker"][plain]["who"] == {
        "role": "spokesperson",
        "role_name": "Người phát ngôn",
        "unit": "Phường Bến",
    }
    assert told["speaker"][urgent]["who"]["unit"] is None
    assert told["speaker"][plain]["decide"] == f"/api/publish/v1/publications/{plain}/approve"


async def test_what_is_urgent_comes_first_then_what_waits_longest_and_drills_last_and_apart(
    ask: Ask, city: City, newsroom: Newsroom
) -> None:
    author = await city.make.person(Role.EDITOR)
    speaker = await on_duty(city, await city.make.person(Role.SPOKESPERSON))
    old = await newsroom.in_review("Cũ", author)
    new = await newsroom.in_review("Mới", author)
    asked = city.now - timedelta(hours=5)
    key = f"approval:{new.id}:1:0:spokesperson:{new.unit_id}"
    await city.make.add(
        m.Notification(
            id=new_id(city.now),
            kind="approval_needed",
            role="spokesperson",
            unit_id=new.unit_id,
            object_type="publication",
            object_id=new.id,
            subject="Chờ duyệt",
            body="Chờ duyệt",
            dedupe=key,
            created_at=asked,
        )
    )
    urgent = await newsroom.in_review("Khẩn", author, **URGENT)
    drill = await newsroom.in_review("DIỄN TẬP: cháy", author, is_drill=True, **URGENT)
    await newsroom.approve(urgent, speaker)
    told = await ask("waiting-approvals", newsroom.sign_in(speaker))
    assert [item["id"] for item in told["items"]] == [str(one.id) for one in (urgent, new, old, drill)]
    assert [item["is_drill"] for item in told["items"]] == [False, False, False, True]
    assert told["items"][1]["since"] == f"{asked:%Y-%m-%dT%H:%M:%SZ}"
    assert (told["items"][0]["given"], told["items"][0]["why_not"]) == (1, WHY["given"])
    figures = {name: figure["value"] for name, figure in told["figures"].items()}
    assert figures == {"waiting": 3, "urgent": 1, "mine": 2, "drills": 1}


async def test_what_was_handed_to_a_unit_is_approved_by_that_unit_alone(
    ask: Ask, city: City, newsroom: Newsroom
) -> None:
    ward = await city.make.unit()
    author = await city.make.person(Role.EDITOR, unit_id=ward.id)
    of_city = await on_duty(city, await city.make.person(Role.SPOKESPERSON))
    of_ward = await on_duty(city, await city.make.person(Role.SPOKESPERSON, unit_id=ward.id))
    first = await city.publication("Tin thành phố")
    handed = await newsroom.draft("Tin chuyển về", author, **URGENT)
    await city.make.add(
        m.Syndication(
            id=new_id(city.now),
            publication_id=first.id,
            revision=1,
            unit_id=ward.id,
            draft_id=handed.id,
            note="",
            offered_by=of_city.id,
            offered_at=city.now,
        )
    )
    await city.change(m.Publication, handed.id, state="in_review")
    for person, why in ((of_city, WHY["speaker"]), (of_ward, None)):
        (item,) = (await ask("waiting-approvals", newsroom.sign_in(person)))["items"]
        assert (item["why_not"], item["may_approve"]) == (why, why is None)


async def test_proposals_wait_for_anybody_but_their_own_proposer(ask: Ask, city: City, newsroom: Newsroom) -> None:
    ward, other = await city.make.unit("Phường Bến"), await city.make.unit()
    first, second, elsewhere = [
        await city.make.person(Role.FEEDBACK_OFFICER, unit_id=unit) for unit in (ward.id, ward.id, other.id)
    ]
    viewer = await city.make.person(Role.VIEWER, unit_id=ward.id)
    content = await city.item(await city.make.source(), "criticism", title="Lời của một người dân")
    case = await city.case(unit_id=ward.id)
    reason = {"reason": "Đây là một câu hỏi", "proposed_by": first.id, "proposed_at": city.now}
    label = m.LabelProposal(id=new_id(city.now), content_id=content.id, kind="question", **reason)
    kinds = {"from_kind": "criticism", "to_kind": "question"}
    move = m.CaseRelabelling(id=new_id(city.now), case_id=case.id, **kinds, **reason)
    await city.make.add(label)
    await city.make.add(move)
    seen = {
        person.id: (await ask("waiting-approvals", newsroom.sign_in(person)))["items"]
        for person in (first, second, elsewhere, viewer)
    }
    assert [(item["id"], item["may_approve"]) for item in seen[first.id]] == [
        (str(label.id), False),
        (str(move.id), False),
    ]
    assert [item["may_approve"] for item in seen[second.id]] == [True, True]
    assert [item["id"] for item in seen[elsewhere.id]] == [str(label.id)]
    assert seen[viewer.id] == []
    assert seen[second.id][1]["title"] == (f"{case.reference}: đề nghị đổi loại từ “Phê bình, góp ý” thành “Câu hỏi”")
    assert "người dân" not in str(seen)
