"""The line the product does not cross, held by the database against the service's own role."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.db import Database
from libs.common.models.base import Base
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

WRITTEN_HERE = {
    "people", "role_grants", "channels", "channel_credentials", "publications", "publication_revisions", "variants",
    "approvals", "deliveries", "duty_rosters", "engagement_points", "tasks", "takedowns", "pauses", "pause_resumptions",
}  # fmt: skip
OF_PEOPLE = ("author", "handle_of", "username", "screen_name", "nickname", "follower", "sharer", "shared_by", "user_id")


async def run(db_as: Callable[[str], Database], statement: str, **values: Any) -> None:
    async with db_as("publish").transaction() as session:
        await session.execute(text(statement), values)


@pytest.mark.mission("M28")
@pytest.mark.parametrize("state", ["approved", "publishing", "published", "corrected"])
async def test_nothing_begins_past_its_draft(newsroom: Newsroom, db_as: Callable[[str], Database], state: str) -> None:
    made = await newsroom.draft()
    copied = """
        INSERT INTO publications (id, unit_id, kind, title, summary, body, slug, state, revision, content_hash,
                                  created_by, created_at, updated_at)
        SELECT :new, unit_id, kind, title, summary, body, slug || '-2', :state, revision, content_hash,
               created_by, created_at, updated_at FROM publications WHERE id = :id"""
    with pytest.raises(DBAPIError, match="begins as a draft"):
        await run(db_as, copied, new=uuid4(), state=state, id=made["id"])


@pytest.mark.mission("M28")
@pytest.mark.parametrize("state", ["pending", "armed", "published"])
async def test_nothing_is_delivered_without_an_approval(
    newsroom: Newsroom, db_as: Callable[[str], Database], state: str
) -> None:
    made = await newsroom.draft()
    await newsroom.act("submit", made, newsroom.editor)
    smuggled = """
        INSERT INTO deliveries (id, publication_id, channel_id, revision, state, not_before, confirmed_at, updated_at)
        VALUES (:new, :id, :channel, 1, :state, :now, :now, :now)"""
    values = {"new": uuid4(), "id": made["id"], "channel": newsroom.bulletin.id, "now": newsroom.clock.now()}
    with pytest.raises(DBAPIError, match="not of an approved revision"):
        await run(db_as, smuggled, state=state, **values)


@pytest.mark.mission("M28")
async def test_a_correction_with_one_approval_is_not_approved_by_sql(
    newsroom: Newsroom, db_as: Callable[[str], Database]
) -> None:
    made = await newsroom.draft(kind="correction", title="Cải chính")
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    with pytest.raises(DBAPIError, match="not been approved by a second person"):
        await run(db_as, "UPDATE publications SET state = 'approved' WHERE id = :id", id=made["id"])


FORGED = """
    INSERT INTO approvals (id, publication_id, revision, content_hash, approver_id, approved_at)
    SELECT gen_random_uuid(), id, revision, content_hash, :who, :now FROM publications WHERE id = :id"""
URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}


@pytest.mark.mission("M28")
async def test_what_is_urgent_is_not_released_by_one_nor_by_two_of_its_authors_by_sql(
    newsroom: Newsroom, officers: Officers, db_as: Callable[[str], Database]
) -> None:
    author, co_author = await officers.on_duty(Role.EDITOR), await officers.on_duty(Role.EDITOR)
    body = {"title": "Khẩn", "body": "Một", "channel_ids": [str(newsroom.bulletin.id)], **URGENT}
    made = (await newsroom.client.post(f"{API}/publications", json=body, headers=author.headers)).json()
    url = f"{API}/publications/{made['id']}"
    assert (await newsroom.client.patch(url, json={"body": "Hai"}, headers=co_author.headers)).is_success
    await newsroom.act("submit", made, author.headers)
    now = newsroom.clock.now()
    for who in (author, co_author):
        await run(db_as, FORGED, id=made["id"], who=who.person.id, now=now)
        with pytest.raises(DBAPIError, match="not been approved by a second person"):
            await run(db_as, "UPDATE publications SET state = 'approved' WHERE id = :id", id=made["id"])
    third = await officers.on_duty()
    await run(db_as, FORGED, id=made["id"], who=third.person.id, now=now)
    await run(db_as, "UPDATE publications SET state = 'approved' WHERE id = :id", id=made["id"])


@pytest.mark.mission("M28")
async def test_whoever_is_not_on_duty_approves_nothing_urgent_by_sql(
    newsroom: Newsroom, officers: Officers, make: Make, db_as: Callable[[str], Database]
) -> None:
    made = await newsroom.draft(**URGENT)
    await newsroom.act("submit", made, newsroom.editor)
    elsewhere = await make.unit()
    off, early = await officers.sign_in(Role.SPOKESPERSON), await officers.on_duty(hours=(2, 9))
    borrowed = await officers.sign_in(Role.SPOKESPERSON)
    await officers.shift(borrowed.person, elsewhere.id, (-1, 7))  # on duty where they do not speak
    editor = await officers.sign_in(Role.EDITOR)
    await officers.shift(editor.person, editor.person.unit_id, (-1, 7))
    for who in (off, early, borrowed, editor):
        with pytest.raises(DBAPIError, match="on duty where it is urgent"):
            await run(db_as, FORGED, id=made["id"], who=who.person.id, now=newsroom.clock.now())


@pytest.mark.mission("M08", "M28")
async def test_an_author_is_not_counted_for_an_urgent_correction_by_sql(
    newsroom: Newsroom, officers: Officers, db_as: Callable[[str], Database]
) -> None:
    author = await officers.on_duty(Role.EDITOR)
    original = await newsroom.published()
    body = {"title": "Khẩn", "body": "x", "kind": "correction", "channel_ids": [str(newsroom.bulletin.id)], **URGENT}
    body["corrects_id"] = original["id"]
    made = (await newsroom.client.post(f"{API}/publications", json=body, headers=author.headers)).json()
    await newsroom.act("submit", made, author.headers)
    with pytest.raises(DBAPIError, match="may not have touched"):
        await run(db_as, FORGED, id=made["id"], who=author.person.id, now=newsroom.clock.now())


@pytest.mark.mission("M27")
async def test_nothing_is_armed_in_a_pause_by_sql(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    made = await newsroom.approved()
    body = {"reason": "Diễn biến mới, cần xem lại"}
    assert (await newsroom.client.post(f"{API}/pauses", json=body, headers=newsroom.speaker)).status_code == 201
    armed = "UPDATE deliveries SET state = 'armed', updated_at = :now WHERE publication_id = :id"
    with pytest.raises(DBAPIError, match="paused"):
        await run(db_as, armed, id=made["id"], now=newsroom.clock.now())


@pytest.mark.mission("M28", "M30")
@pytest.mark.parametrize("state", ["draft", "in_review", "approved", "scheduled", "killed"])
async def test_what_may_be_out_is_never_before_its_sending_again(
    newsroom: Newsroom, pages: Callable[..., Any], db_as: Callable[[str], Database], state: str
) -> None:
    """Failed, with a delivery of which nobody can tell: it may stand there."""
    channel, _ = await pages("a", commits="loses", looks=False)
    made = await newsroom.approved(channel)
    await newsroom.deliver()
    await run(db_as, "UPDATE deliveries SET state = 'manual' WHERE publication_id = :id", id=made["id"])
    await run(db_as, "UPDATE publications SET state = 'failed' WHERE id = :id", id=made["id"])
    with pytest.raises(DBAPIError, match="cannot go from failed"):
        await run(db_as, "UPDATE publications SET state = :s WHERE id = :id", id=made["id"], s=state)


@pytest.mark.mission("M30")
@pytest.mark.parametrize("state", ["pending", "prepared", "throttled", "unknown", "armed", "manual"])
async def test_what_is_out_is_not_sent_again_by_sql(
    newsroom: Newsroom, db_as: Callable[[str], Database], state: str
) -> None:
    done = await newsroom.published()
    again = "UPDATE deliveries SET state = :s WHERE publication_id = :id"
    with pytest.raises(DBAPIError, match="only comes down"):
        await run(db_as, again, id=done["id"], s=state)


@pytest.mark.mission("M28")
@pytest.mark.parametrize("table", ["approvals", "publication_revisions"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET revision = revision", "DELETE FROM {}"])
async def test_who_wrote_and_who_approved_cannot_be_rewritten(
    newsroom: Newsroom, db_as: Callable[[str], Database], table: str, verb: str
) -> None:
    await newsroom.approved()
    with pytest.raises(DBAPIError, match=r"permission denied|append-only"):
        await run(db_as, verb.format(table))


@pytest.mark.parametrize("owner", ["person", "private", "", None])
async def test_a_private_account_cannot_become_a_channel(
    newsroom: Newsroom, db_as: Callable[[str], Database], owner: str | None
) -> None:
    inserted = """
        INSERT INTO channels (id, kind, name, unit_id, owner_kind, address, state, created_at)
        VALUES (:new, 'bluesky', 'Trang của chị A', :unit, :owner, 'chi-a', 'active', :now)"""
    values = {"new": uuid4(), "unit": newsroom.bulletin.unit_id, "now": newsroom.clock.now()}
    with pytest.raises(DBAPIError, match=r"official_only|owner_kind"):
        await run(db_as, inserted, owner=owner, **values)


def test_no_column_says_who_wrote_or_shared_on_a_platform() -> None:
    tables = {name: table for name, table in Base.metadata.tables.items() if name in WRITTEN_HERE}
    assert set(tables) == WRITTEN_HERE
    found = [f"{t}.{c.name}" for t, table in tables.items() for c in table.columns if c.name.startswith(OF_PEOPLE)]
    assert found == []
    named = {t for t, table in tables.items() for c in table.columns if c.name in ("display_name", "email", "subject")}
    assert named == {"people"}, "officials of the house, and nobody else, are in a table by name"
