"""The line the product does not cross, held by the database against the service's own role."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.db import Database
from libs.common.models.base import Base
from tests.publish.newsroom import Newsroom

WRITTEN_HERE = {
    "people", "role_grants", "channels", "channel_credentials", "publications", "publication_revisions", "variants",
    "approvals", "deliveries", "duty_rosters", "engagement_points", "tasks",
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
