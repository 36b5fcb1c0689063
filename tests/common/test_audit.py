"""The audit log: one chain for each service and day, whoever writes at once; a changed row is found and named."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import audit
from libs.common import models as m
from libs.common.audit import Break, Chain
from libs.common.db import Database
from libs.common.testing.plugin import NOON

DatabaseAs = Callable[[str], Database]


async def append(db: Database, service: str = "publish", now: datetime = NOON, **facts: Any) -> None:
    async with db.transaction() as session:
        await audit.append(
            session,
            service=service,
            action="publication.approved",
            actor_id=uuid4(),
            object_type="publication",
            object_id=uuid4(),
            now=now,
            facts=facts,
        )


async def verified(db: Database) -> list[Any]:
    async with db.transaction() as session:
        return [found async for found in audit.verify(session)]


async def tampered(db: Database, *statements: str) -> None:
    """As the owner, who can switch the trigger off: the chain still tells."""
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER append_only"))
        for statement in statements:
            await session.execute(text(statement))
        await session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER append_only"))


async def entry_id(db: Database, seq: int) -> UUID:
    async with db.transaction() as session:
        found = await session.scalar(select(m.AuditEntry.id).where(m.AuditEntry.seq == seq))
    assert found is not None
    return found


async def test_many_writers_make_one_chain(db: Database, db_as: DatabaseAs) -> None:
    publish = db_as("publish")
    await asyncio.gather(*(append(publish, n=n) for n in range(24)))
    async with db.transaction() as session:
        rows = list(await session.scalars(select(m.AuditEntry).order_by(m.AuditEntry.seq)))
    assert [row.seq for row in rows] == list(range(1, 25))
    assert [row.prev_hash for row in rows] == [audit.GENESIS, *(row.hash for row in rows[:-1])]
    assert await verified(db) == [Chain("publish", NOON.date(), 24, rows[-1].hash)]


async def test_each_service_and_each_day_of_the_city_has_its_own_chain(db: Database, db_as: DatabaseAs) -> None:
    midnight = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # in Hà Nội
    for service in ("ingest", "publish"):
        await append(db_as(service), service)
        await append(db_as(service), service, midnight - timedelta(seconds=1))
        await append(db_as(service), service, midnight)
    found = await verified(db)
    assert [(chain.service, f"{chain.day}", chain.entries) for chain in found] == [
        ("ingest", "2026-11-24", 2),
        ("publish", "2026-11-24", 2),
        ("ingest", "2026-11-25", 1),
        ("publish", "2026-11-25", 1),
    ]
    assert len({chain.root for chain in found}) == 4


async def test_what_rolls_back_leaves_no_gap(db: Database, db_as: DatabaseAs) -> None:
    publish = db_as("publish")
    await append(publish)
    async with publish.transaction() as session:
        values: dict[str, Any] = {"object_type": "x", "object_id": uuid4(), "now": NOON}
        await audit.append(session, service="publish", action="a.b", actor_id=None, **values)
        await session.rollback()
    await append(publish)
    assert [row for row in await verified(db) if isinstance(row, Break)] == []


@pytest.mark.mission("M28")
@pytest.mark.parametrize(
    ("change", "seq", "why"),
    [
        ("UPDATE audit_log SET actor_id = gen_random_uuid() WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit_log SET facts = '{\"revision\": 9}' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit_log SET action = 'publication.withdrawn' WHERE seq = 1", 1, "was changed"),
        ("UPDATE audit_log SET object_id = gen_random_uuid() WHERE seq = 5", 5, "was changed"),
        ("UPDATE audit_log SET hash = sha256('x') WHERE seq = 2", 2, "was changed"),
        ("UPDATE audit_log SET prev_hash = sha256('x') WHERE seq = 2", 2, "does not follow"),
    ],
)
async def test_a_changed_row_is_found_and_named(db: Database, change: str, seq: int, why: str) -> None:
    for n in range(5):
        await append(db, revision=n)
    await tampered(db, change)
    [found] = await verified(db)
    assert isinstance(found, Break)
    assert (found.service, found.day, found.seq, found.entry_id) == (
        "publish",
        NOON.date(),
        seq,
        await entry_id(db, seq),
    )
    assert why in found.why


async def test_a_deleted_a_moved_and_a_first_row_are_missed(db: Database) -> None:
    for n in range(5):
        await append(db, revision=n)
    cases = [
        (["DELETE FROM audit_log WHERE seq = 3"], 4, "expected seq 3, found 4"),
        (["UPDATE audit_log SET seq = 3 WHERE seq = 4"], 3, "does not follow"),
        (["DELETE FROM audit_log WHERE seq = 1"], 2, "expected seq 1, found 2"),
    ]
    for statements, seq, why in cases:
        await tampered(db, *statements)
        [found] = await verified(db)
        assert isinstance(found, Break)
        assert (found.seq, why in found.why) == (seq, True)


async def test_two_rows_that_changed_places_are_found(db: Database) -> None:
    for n in range(4):
        await append(db, revision=n)
    await tampered(db, *(f"UPDATE audit_log SET seq = {to} WHERE seq = {at}" for at, to in ((2, 9), (3, 2), (9, 3))))
    [found] = await verified(db)
    assert isinstance(found, Break)
    assert (found.seq, found.why) == (2, "does not follow the entry before it")


async def test_one_broken_chain_does_not_hide_the_others(db: Database) -> None:
    for service in ("ingest", "publish", "reports"):
        await append(db, service)
    await tampered(db, "UPDATE audit_log SET action = 'x' WHERE service = 'publish'")
    assert [isinstance(found, Break) for found in await verified(db)] == [False, True, False]


async def test_a_service_writes_its_own_chain_only(db_as: DatabaseAs) -> None:
    with pytest.raises(DBAPIError, match="may not write the audit log of publish"):
        await append(db_as("ingest"), "publish")


# --- ids, never personal data ----------------------------------------------------------------------------------


@pytest.mark.mission("M37")
@pytest.mark.parametrize(
    "facts",
    [
        {"name": "Nguyễn Văn A"},
        {"phone": "0912345678"},
        {"phone": "+84 912 345 678"},
        {"mail": "an.nguyen@example.vn"},
        {"id": "001099012345"},
        {"why": "vì nội dung sai"},
        {"Nguyễn Văn A": 1},
        {"nested": [{"deep": "hai từ"}]},
        {"bytes": b"x"},
    ],
)
def test_text_and_numbers_of_people_have_no_place(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="audit entry"):
        audit.require_codes(facts)


async def test_facts_are_checked_before_they_are_written(db: Database) -> None:
    with pytest.raises(ValueError, match="audit entry"):
        await append(db, name="Nguyễn Văn A")
    assert await verified(db) == []


@given(
    st.dictionaries(
        st.sampled_from(["revision", "content_hash", "kind", "ids"]),
        st.one_of(
            st.integers(),
            st.none(),
            st.booleans(),
            st.uuids().map(str),
            st.sampled_from(["bluesky", "own_site", "0" * 63 + "a", "2026-11-24T05:00:00+00:00"]),
            st.lists(st.uuids().map(str)),
        ),
    )
)
def test_ids_codes_and_figures_are_taken(facts: dict[str, Any]) -> None:
    audit.require_codes(facts)
