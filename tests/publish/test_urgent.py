"""What is urgent: two spokespersons on duty, of any unit, and never one person alone. One rule, told twice."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import approval
from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import PublicationState, Role
from libs.common.testing.make import Make
from services.publish import approval_queries, queries
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officer, Officers

URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def written(newsroom: Newsroom, by: Officer, **changes: Any) -> dict[str, Any]:
    """Drafted and submitted by this officer."""
    body = {"title": "Khẩn: sơ tán", "body": "Rời vùng trũng.", "channel_ids": [str(newsroom.bulletin.id)], **URGENT}
    made = await newsroom.client.post(f"{API}/publications", json={**body, **changes}, headers=by.headers)
    assert made.status_code == 201, made.text
    sent = await newsroom.act("submit", made.json(), by.headers)
    assert sent.status_code == 200, sent.text
    return dict(made.json())


async def approve(newsroom: Newsroom, made: dict[str, Any], who: Officer) -> Any:
    return await newsroom.act("approve", made, who.headers, content_hash=made["content_hash"])


async def status(newsroom: Newsroom, made: dict[str, Any]) -> dict[str, Any]:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/approval", headers=newsroom.editor)
    assert got.status_code == 200, got.text
    return dict(got.json())


@pytest.mark.mission("M28")
async def test_two_on_duty_of_other_units_release_it_at_once(
    newsroom: Newsroom, officers: Officers, make: Make
) -> None:
    ward = await make.unit()
    author = await officers.on_duty(Role.EDITOR)
    other = await officers.on_duty(unit_id=ward.id)
    made = await written(newsroom, author)
    first = await approve(newsroom, made, author)
    assert (first.status_code, first.json()["state"]) == (200, "in_review")
    assert await newsroom.deliver() == 0
    second = await approve(newsroom, made, other)
    assert (second.status_code, second.json()["state"]) == (200, "approved")
    await newsroom.deliver()
    done = await newsroom.read(made)
    assert (done["state"], done["is_urgent"], done["urgent_reason"]) == ("published", True, URGENT["urgent_reason"])


@pytest.mark.mission("M28")
async def test_one_person_alone_is_never_enough(newsroom: Newsroom, officers: Officers) -> None:
    author = await officers.on_duty(Role.EDITOR)
    made = await written(newsroom, author)
    await approve(newsroom, made, author)
    again = await approve(newsroom, made, author)
    assert (again.status_code, slug_of(again)) == (409, "already-approved")
    assert (await newsroom.read(made))["state"] == "in_review"


@pytest.mark.mission("M28")
async def test_two_who_both_touched_it_are_not_enough(newsroom: Newsroom, officers: Officers) -> None:
    author, co_author = await officers.on_duty(Role.EDITOR), await officers.on_duty(Role.EDITOR)
    body = {"title": "Khẩn", "body": "Một", "channel_ids": [str(newsroom.bulletin.id)], **URGENT}
    made = (await newsroom.client.post(f"{API}/publications", json=body, headers=author.headers)).json()
    url = f"{API}/publications/{made['id']}"
    made = (await newsroom.client.patch(url, json={"body": "Hai"}, headers=co_author.headers)).json()
    await newsroom.act("submit", made, author.headers)
    for who in (author, co_author):
        assert (await approve(newsroom, made, who)).json()["state"] == "in_review"
    told = await status(newsroom, made)
    assert (told["needed"], len(told["given"]), told["missing"], told["others_missing"]) == (2, 2, 1, 1)
    third = await officers.on_duty()
    assert [c["person_id"] for c in (await status(newsroom, made))["may_approve"]] == [third.id]
    assert (await approve(newsroom, made, third)).json()["state"] == "approved"


@pytest.mark.mission("M28")
@pytest.mark.parametrize("hours", [(1, 8), (-8, -1)])
async def test_who_is_not_on_duty_now_is_told_so(
    newsroom: Newsroom, officers: Officers, hours: tuple[float, float]
) -> None:
    author = await officers.on_duty(Role.EDITOR)
    off = await officers.on_duty(hours=hours)
    made = await written(newsroom, author)
    for who in (off.headers, newsroom.speaker):
        refused = await newsroom.act("approve", made, who, content_hash=made["content_hash"])
        assert (refused.status_code, slug_of(refused)) == (403, "not-on-duty")
        assert author.person.display_name in refused.json()["detail"], "the way out is named"


@pytest.mark.mission("M08", "M28")
async def test_an_urgent_correction_needs_two_besides_its_editors(newsroom: Newsroom, officers: Officers) -> None:
    author = await officers.on_duty(Role.EDITOR)
    first, second = await officers.on_duty(), await officers.on_duty()
    original = await newsroom.published()
    made = await written(newsroom, author, kind="correction", corrects_id=original["id"])
    own = await approve(newsroom, made, author)
    assert (own.status_code, slug_of(own)) == (403, "own-work")
    assert (await approve(newsroom, made, first)).json()["state"] == "in_review"
    assert (await approve(newsroom, made, second)).json()["state"] == "approved"


@pytest.mark.mission("M28")
async def test_it_is_urgent_for_a_reason_and_for_ever(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    body = {"title": "Khẩn", "body": "x", "channel_ids": [str(newsroom.bulletin.id)], "is_urgent": True}
    for reason in (None, "ngắn", " " * 40):
        refused = await newsroom.client.post(
            f"{API}/publications", json={**body, "urgent_reason": reason}, headers=newsroom.editor
        )
        assert refused.status_code == 422
    made = await newsroom.draft(**URGENT)
    url = f"{API}/publications/{made['id']}"
    kept = await newsroom.client.patch(url, json={"is_urgent": False}, headers=newsroom.editor)
    assert kept.status_code == 409
    unmarked = "UPDATE publications SET is_urgent = false, revision = revision + 1 WHERE id = :id"
    with pytest.raises(DBAPIError, match="stays marked"):
        async with db_as("publish").transaction() as session:
            await session.execute(text(unmarked), {"id": made["id"]})


async def test_the_api_says_who_is_missing_and_until_when(newsroom: Newsroom, officers: Officers, make: Make) -> None:
    ward = await make.unit()
    author = await officers.on_duty(Role.EDITOR)
    other = await officers.on_duty(unit_id=ward.id, hours=(-1, 2))
    made = await written(newsroom, author)
    told = await status(newsroom, made)
    assert (told["needed"], told["given"], told["missing"], told["others_missing"]) == (2, [], 2, 1)
    assert {c["person_id"]: c["has_touched"] for c in told["may_approve"]} == {author.id: True, other.id: False}
    by_id = {c["person_id"]: c for c in told["may_approve"]}
    assert by_id[other.id]["unit_name"] == ward.name
    assert by_id[other.id]["name"] == other.person.display_name
    assert by_id[other.id]["on_duty_until"].startswith("2026-11-24T07:00")
    assert told["escalates_at"].startswith("2026-11-24T05:05")
    assert told["rule"].startswith("Tin khẩn: hai người phát ngôn")
    await approve(newsroom, made, other)
    told = await status(newsroom, made)
    assert [(g["name"], g["has_touched"]) for g in told["given"]] == [(other.person.display_name, False)]
    assert ([c["person_id"] for c in told["may_approve"]], told["missing"]) == ([author.id], 1)


async def test_an_ordinary_one_names_the_spokespersons_of_the_unit(newsroom: Newsroom, officers: Officers) -> None:
    on_duty = await officers.on_duty()
    made = await newsroom.draft()
    assert (await status(newsroom, made))["may_approve"] == []
    await newsroom.act("submit", made, newsroom.editor)
    told = await status(newsroom, made)
    assert (told["needed"], told["missing"], told["is_urgent"]) == (1, 1, False)
    assert told["may_approve"][0]["person_id"] == on_duty.id, "whoever is on duty stands first"
    assert len(told["may_approve"]) == 3
    assert told["escalates_at"].startswith("2026-11-24T05:30")


@pytest.mark.mission("M22")
async def test_an_urgent_draft_is_not_shown_to_other_units_before_it_is_submitted(
    newsroom: Newsroom, officers: Officers, make: Make
) -> None:
    ward = await make.unit()
    other = await officers.on_duty(unit_id=ward.id)
    made = await newsroom.draft(**URGENT)
    url = f"{API}/publications/{made['id']}"
    assert (await newsroom.client.get(url, headers=other.headers)).status_code == 404
    await newsroom.act("submit", made, newsroom.editor)
    assert (await newsroom.client.get(url, headers=other.headers)).status_code == 200
    assert (await newsroom.client.get(f"{url}/preview", headers=other.headers)).status_code == 200
    assert (await newsroom.client.patch(url, json={"title": "x"}, headers=other.headers)).status_code == 403


# --- one truth on each side: the domain's rule and the database's, over random people ---

CASES = 30


@pytest.mark.mission("M28")
async def test_domain_and_database_judge_alike(
    newsroom: Newsroom, officers: Officers, make: Make, db_as: Callable[[str], Database]
) -> None:
    """Random grants, shifts, activity and edits: who may approve, and when it is enough, is the same on both sides."""
    rng = random.Random(20261124)
    publish = db_as("publish")
    unit, ward = newsroom.bulletin.unit_id, (await make.unit()).id
    people = [await any_person(rng, officers, unit, ward) for _ in range(12)]
    seen = set()
    for number in range(CASES):
        draft = await random_publication(rng, newsroom, publish, people, unit, number)
        async with publish.transaction() as session:
            publication = await session.get_one(m.Publication, draft)
            for person in rng.sample(people, 10):
                refused = await refusal_of(session, publication, person, newsroom)
                stored = await try_to_approve(session, publication, person, newsroom)
                assert (refused is None) == stored, (number, refused, publication.kind, publication.is_urgent)
                await session.flush()
                given = {a.approver_id for a in await queries.approvals_of(session, publication)}
                editors = await queries.editors_of(session, publication)
                enough = approval.is_enough(publication.kind, publication.is_urgent, given, editors)
                asked = select(text("is_approved(publications)")).select_from(m.Publication)
                told = await session.scalar(asked.where(m.Publication.id == publication.id))
                assert enough == told, (number, len(given), publication.kind, publication.is_urgent)
                seen.add((publication.kind, publication.is_urgent, refused, enough))
    assert len(seen) >= 18, "the random cases reach every branch of the rule"


async def any_person(rng: random.Random, officers: Officers, unit: UUID, ward: UUID) -> m.Person:
    now = officers.clock.now()
    person = await officers.make.person(unit_id=unit, is_active=rng.random() > 0.1)
    for where in rng.sample([unit, ward], rng.choice([0, 1, 2, 2])):
        begins = now + timedelta(hours=rng.choice([-48, -48, -48, 0, 2]))
        ends = rng.choice([None, None, begins + timedelta(hours=1), now + timedelta(hours=4)])
        role = rng.choice([Role.SPOKESPERSON] * 4 + [Role.EDITOR])
        await officers.grant(person, where, begins, ends if ends is None or ends >= begins else None, role)
    for where in rng.sample([unit, ward], rng.choice([0, 1, 2, 2])):
        begins_in, length = rng.choice([-2, -2, 0, 3]), rng.choice([1, 12, 12])
        await officers.shift(person, where, (begins_in, begins_in + length))
    return person


async def random_publication(
    rng: random.Random, newsroom: Newsroom, publish: Database, people: list[m.Person], unit: UUID, number: int
) -> UUID:
    """In review, as the service's own role may write it: begun and edited by some of the people."""
    now, hash_ = newsroom.clock.now(), rng.randbytes(32)
    publication_id, revision = new_id(now), rng.choice([1, 2, 3])
    authors = [rng.choice(people) for _ in range(revision)]
    is_urgent = rng.random() < 0.6
    async with publish.transaction() as session:
        publication = m.Publication(
            id=publication_id,
            unit_id=unit,
            kind=rng.choice(["announcement", "announcement", "correction"]),
            title="Tin",
            summary="",
            body="Nội dung",
            slug=f"tin-{number}",
            is_urgent=is_urgent,
            urgent_reason="Lý do đủ dài để là khẩn" if is_urgent else None,
            state=PublicationState.DRAFT,
            revision=revision,
            content_hash=hash_,
            created_by=authors[0].id,
            created_at=now,
            updated_at=now,
        )
        session.add(publication)
        await session.flush()
        for n, author in enumerate(authors, 1):
            session.add(
                m.PublicationRevision(
                    id=new_id(now),
                    publication_id=publication_id,
                    revision=n,
                    content_hash=hash_,
                    edited_by=author.id,
                    edited_at=now,
                )
            )
        await session.flush()
        publication.state = PublicationState.IN_REVIEW
    return publication_id


async def refusal_of(
    session: AsyncSession, publication: m.Publication, person: m.Person, newsroom: Newsroom
) -> approval.Refusal | None:
    """As approvals.approve_publication asks, for a person whose token would be taken."""
    now = newsroom.clock.now()
    grants = await session.scalars(
        select(m.RoleGrant).where(
            m.RoleGrant.person_id == person.id,
            m.RoleGrant.role == Role.SPOKESPERSON,
            m.RoleGrant.valid_from <= now,
            m.RoleGrant.valid_to.is_(None) | (m.RoleGrant.valid_to > now),
        )
    )
    speaks = person.is_active and publication.unit_id in {grant.unit_id for grant in grants}
    on_duty = await approval_queries.speakers(session, publication, now) if publication.is_urgent else []
    return approval.refusal(
        approval.ApprovalAttempt(
            approver_id=person.id,
            speaks_for_unit=speaks,
            editors=await queries.editors_of(session, publication),
            state=PublicationState(publication.state),
            current_hash=publication.content_hash,
            seen_hash=publication.content_hash,
            kind=publication.kind,
            is_urgent=publication.is_urgent,
            is_on_duty=any(each.person_id == person.id for each in on_duty),
        )
    )


async def try_to_approve(
    session: AsyncSession, publication: m.Publication, person: m.Person, newsroom: Newsroom
) -> bool:
    approval = m.Approval(
        id=new_id(newsroom.clock.now()),
        publication_id=publication.id,
        revision=publication.revision,
        content_hash=publication.content_hash,
        approver_id=person.id,
        approved_at=newsroom.clock.now(),
    )
    try:
        async with session.begin_nested():
            session.add(approval)
    except IntegrityError:
        return False
    return True
