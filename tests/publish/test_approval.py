"""Two people: over HTTP, and in the database itself as the service's own role."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import audit
from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import domain
from tests.publish.newsroom import API, Newsroom


async def in_review(newsroom: Newsroom, **changes: Any) -> dict[str, Any]:
    made = await newsroom.draft(**changes)
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200
    return made


async def as_service(db_as: Callable[[str], Database], statement: str, **values: Any) -> None:
    """A statement as the role the publish service itself runs with."""
    async with db_as("publish").transaction() as session:
        await session.execute(text(statement), values)


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


@pytest.mark.mission("M28")
async def test_the_author_cannot_approve_even_as_a_spokesperson(newsroom: Newsroom) -> None:
    body = {"title": "Tự viết tự duyệt", "body": "Nội dung", "channel_ids": [str(newsroom.bulletin.id)]}
    made = (await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.speaker)).json()
    await newsroom.act("submit", made, newsroom.speaker)
    refused = await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    assert (refused.status_code, slug_of(refused)) == (403, "own-work")
    assert "không được tự duyệt" in refused.json()["title"]


@pytest.mark.mission("M28")
async def test_whoever_touched_it_cannot_approve_it(newsroom: Newsroom) -> None:
    made = await newsroom.draft()
    url = f"{API}/publications/{made['id']}"
    edited = (
        await newsroom.client.patch(url, json={"title": "Sửa bởi người phát ngôn"}, headers=newsroom.speaker)
    ).json()
    await newsroom.act("submit", made, newsroom.editor)
    refused = await newsroom.act("approve", made, newsroom.speaker, content_hash=edited["content_hash"])
    assert slug_of(refused) == "own-work"
    other = await newsroom.act("approve", made, newsroom.second_speaker, content_hash=edited["content_hash"])
    assert other.json()["state"] == "approved"


@pytest.mark.mission("M28")
async def test_only_a_current_spokesperson_of_the_unit_approves(newsroom: Newsroom, make: Make, signed_in: Any) -> None:
    made = await in_review(newsroom)
    asked = {"content_hash": made["content_hash"]}
    ward = await make.unit()
    for who, status in [
        (await signed_in(Role.EDITOR), 403),
        (await signed_in(Role.ADMIN), 403),
        (await signed_in(Role.SPOKESPERSON, unit_id=ward.id), 404),
        ({}, 401),
    ]:
        refused = await newsroom.act("approve", made, who, **asked)
        assert refused.status_code == status
    assert (await newsroom.read(made))["state"] == "in_review"


@pytest.mark.mission("M28")
async def test_an_approval_is_of_what_was_seen(newsroom: Newsroom) -> None:
    made = await in_review(newsroom)
    refused = await newsroom.act("approve", made, newsroom.speaker, content_hash="0" * 64)
    assert (refused.status_code, slug_of(refused)) == (409, "content-changed")


@pytest.mark.mission("M28")
@pytest.mark.parametrize(
    "change",
    [
        {"title": "Tiêu đề khác"},
        {"body": "Nội dung khác"},
        {"affects_rights": True},
        {"scheduled_at": "2026-12-01T08:00:00+07:00"},
        {"ai_label": "Tóm tắt do AI viết"},
    ],
)
async def test_a_change_after_approval_voids_it(newsroom: Newsroom, change: dict[str, Any]) -> None:
    at = (newsroom.clock.now() + timedelta(days=1)).isoformat()
    made = await newsroom.approved(scheduled_at=at)
    edited = await newsroom.client.patch(f"{API}/publications/{made['id']}", json=change, headers=newsroom.editor)
    assert (edited.json()["state"], edited.json()["revision"]) == ("draft", 2)
    now = await newsroom.read(made)
    assert now["approvals"] == []
    assert now["deliveries"] == []
    newsroom.clock.advance(timedelta(days=2))
    assert await newsroom.deliver() == 0


async def test_an_edit_that_changes_nothing_keeps_the_approval(newsroom: Newsroom) -> None:
    at = (newsroom.clock.now() + timedelta(days=1)).isoformat()
    made = await newsroom.approved(scheduled_at=at)
    url = f"{API}/publications/{made['id']}"
    same = await newsroom.client.patch(url, json={"title": made["title"]}, headers=newsroom.editor)
    assert (same.json()["state"], same.json()["revision"]) == ("scheduled", 1)


async def test_an_edit_of_an_old_revision_is_refused(newsroom: Newsroom) -> None:
    made = await newsroom.draft()
    url = f"{API}/publications/{made['id']}"
    assert (await newsroom.client.patch(url, json={"revision": 1, "title": "A"}, headers=newsroom.editor)).is_success
    late = await newsroom.client.patch(url, json={"revision": 1, "title": "B"}, headers=newsroom.editor)
    assert (late.status_code, slug_of(late)) == (409, "content-changed")


@pytest.mark.mission("M08")
async def test_a_correction_needs_two_approvers(newsroom: Newsroom) -> None:
    original = await newsroom.published()
    made = await in_review(newsroom, kind="correction", title="Cải chính", corrects_id=original["id"])
    asked = {"content_hash": made["content_hash"]}
    first = await newsroom.act("approve", made, newsroom.speaker, **asked)
    assert first.json()["state"] == "in_review"
    again = await newsroom.act("approve", made, newsroom.speaker, **asked)
    assert (again.status_code, slug_of(again)) == (409, "already-approved")
    assert await newsroom.deliver() == 0
    second = await newsroom.act("approve", made, newsroom.second_speaker, **asked)
    assert second.json()["state"] == "approved"


@pytest.mark.mission("M28")
@pytest.mark.parametrize("state", ["approved", "scheduled", "publishing", "published", "partly_published", "corrected"])
async def test_the_service_role_cannot_approve_by_sql(
    newsroom: Newsroom, db_as: Callable[[str], Database], state: str
) -> None:
    made = await in_review(newsroom)
    with pytest.raises(DBAPIError, match="has not been approved by a second person"):
        await as_service(db_as, "UPDATE publications SET state = :state WHERE id = :id", id=made["id"], state=state)


@pytest.mark.mission("M28")
async def test_the_service_role_cannot_forge_an_approval(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    made = await in_review(newsroom)
    async with newsroom.db.transaction() as session:
        publication = await session.get(m.Publication, UUID(made["id"]))
    assert publication is not None
    forged = m.Approval(
        id=uuid4(),
        publication_id=publication.id,
        revision=1,
        content_hash=publication.content_hash,
        approver_id=publication.created_by,
        approved_at=newsroom.clock.now(),
    )
    with pytest.raises(DBAPIError, match="may not have touched"):
        async with db_as("publish").transaction() as session:
            session.add(forged)


@pytest.mark.mission("M28")
async def test_words_cannot_be_changed_under_an_approval(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    made = await newsroom.approved(scheduled_at=(newsroom.clock.now() + timedelta(days=1)).isoformat())
    with pytest.raises(DBAPIError, match="an edit makes a new revision"):
        await as_service(db_as, "UPDATE publications SET body = 'khác' WHERE id = :id", id=made["id"])


@pytest.mark.mission("M28")
async def test_a_payload_changed_behind_the_approval_is_not_sent(
    newsroom: Newsroom, db_as: Callable[[str], Database]
) -> None:
    made = await newsroom.approved()
    swapped = "UPDATE deliveries SET handle = jsonb_set(handle, '{payload,title}', :new) WHERE publication_id = :id"
    values = {"id": made["id"], "new": '"Tráo"'}
    with pytest.raises(DBAPIError, match="carries what was approved"):
        await as_service(db_as, swapped, **values)
    async with newsroom.db.transaction() as session:  # as somebody with the owner's hands in the database
        await session.execute(text("ALTER TABLE deliveries DISABLE TRIGGER delivers_what_was_approved"))
        await session.execute(text(swapped), values)
        await session.execute(text("ALTER TABLE deliveries ENABLE TRIGGER delivers_what_was_approved"))
    await newsroom.deliver()
    now = await newsroom.read(made)
    assert now["state"] == "failed"
    assert now["deliveries"][0]["state"] == "rejected"
    assert "khác bản đã duyệt" in now["deliveries"][0]["error"]
    assert (await newsroom.client.get(f"/tin/{made['slug']}")).status_code == 404


@pytest.mark.mission("M28")
async def test_approving_leaves_a_chained_audit_row(newsroom: Newsroom) -> None:
    made = await newsroom.approved()
    async with newsroom.db.transaction() as session:
        rows = list(await session.scalars(select(m.AuditEntry).order_by(m.AuditEntry.seq)))
        breaks = [found async for found in audit.verify(session) if isinstance(found, audit.Break)]
    assert [row.action for row in rows] == [
        "publication.created",
        "publication.submitted",
        "publication.approved",
    ]
    assert rows[2].prev_hash == rows[1].hash
    assert rows[2].facts["content_hash"] == made["content_hash"]
    assert breaks == []


@pytest.mark.mission("M22")
async def test_a_unit_sees_and_touches_only_its_own_drafts(newsroom: Newsroom, make: Make, signed_in: Any) -> None:
    made = await newsroom.draft()
    ward = await make.unit()
    stranger = await signed_in(Role.EDITOR, unit_id=ward.id)
    url = f"{API}/publications/{made['id']}"
    assert (await newsroom.client.get(url, headers=stranger)).status_code == 404
    assert (await newsroom.client.patch(url, json={"title": "x"}, headers=stranger)).status_code == 404
    assert (await newsroom.client.get(f"{API}/publications", headers=stranger)).json()["items"] == []
    theirs = await make.channel("bluesky", unit_id=ward.id, settings={"service": "https://bsky.example"})
    body = {"title": "Đăng thay phường", "body": "x", "channel_ids": [str(theirs.id)]}
    refused = await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.editor)
    assert (refused.status_code, slug_of(refused)) == (403, "channel-of-another-unit")


async def test_an_automatic_draft_cannot_be_submitted_as_it_is(newsroom: Newsroom) -> None:
    made = await newsroom.draft(body=f"{domain.AUTO_DRAFT}\n\nNội dung")
    refused = await newsroom.act("submit", made, newsroom.editor)
    assert (refused.status_code, slug_of(refused)) == (409, "still-automatic")
