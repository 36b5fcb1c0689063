"""Lists by keyset: every row once, whatever is written meanwhile; a cursor is foreign data until it is checked."""

import asyncio
import base64
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, tuple_

from libs.common import models as m
from libs.common.app import Service
from libs.common.auth import public
from libs.common.clock import FrozenClock
from libs.common.db import Database, SessionDep
from libs.common.errors import MEDIA_TYPE, problems
from libs.common.ids import new_id
from libs.common.pagination import MAX_LIMIT, Cursor, InvalidCursor, Page, PageDep, page_of
from libs.common.settings import CommonSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON, ClientFor

keys = st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")) | st.integers(-(2**63) + 1, 2**63 - 1)


@given(key=keys | st.floats(allow_nan=False, allow_infinity=False), row_id=st.uuids())
def test_a_cursor_comes_back_as_it_went(key: str | int | float | None, row_id: UUID) -> None:
    assert Cursor.decode(Cursor(key, row_id).encode()) == Cursor(key, row_id)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD = [
    "x", "%%%", "ô", "=", "W10", encoded({}), encoded([1]), encoded(["a", "b"]), encoded([1, 2, 3]), encoded([None, 7]),
    *(encoded([key, str(UUID(int=1))]) for key in ([], {}, True, 2**63, "a\0b", "\ud800", float("nan"), float("inf"))),
    base64.urlsafe_b64encode(b"[" * 5000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.decode(text)


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    with suppress(InvalidCursor):
        Cursor.decode(text)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.uuids()), unique_by=lambda row: row[1], max_size=40),
    late=st.lists(st.tuples(st.integers(0, 4), st.uuids()), unique_by=lambda row: row[1], max_size=20),
    limit=st.integers(1, 7),
)
def test_walking_shows_each_row_once_while_others_are_written(
    rows: list[tuple[int, UUID]], late: list[tuple[int, UUID]], limit: int
) -> None:
    """Rows with equal keys too; what comes meanwhile may be seen or not, and never twice."""
    table, coming, seen = set(rows), list(late), []
    after: Cursor | None = None
    while True:
        place = (after.key, after.id) if after else None
        found = sorted(row for row in table if place is None or row > place)[: limit + 1]
        page = page_of(found, limit, lambda row: Cursor(*row))
        seen += page["items"]
        table |= {coming.pop() for _ in range(min(3, len(coming)))}
        if page["next_cursor"] is None:
            break
        after = Cursor.decode(page["next_cursor"])
    assert len(seen) == len(set(seen))
    assert set(rows) <= set(seen)
    assert seen == sorted(seen)


# --- over HTTP, on the database --------------------------------------------------------------------------------

router = APIRouter(prefix="/x", dependencies=[public()])


@router.get("/sources", response_model=Page[str], responses=problems(InvalidCursor))
async def list_sources(session: SessionDep, page: PageDep) -> dict[str, Any]:
    query = select(m.Source).order_by(m.Source.group, m.Source.id).limit(page.limit + 1)
    if page.after:
        query = query.where(tuple_(m.Source.group, m.Source.id) > (page.after.key, page.after.id))
    found = list(await session.scalars(query))
    listed = page_of(found, page.limit, lambda row: Cursor(row.group, row.id))
    return {**listed, "items": [row.name for row in listed["items"]]}


@pytest.fixture
async def client(client_for: ClientFor) -> httpx.AsyncClient:
    return await client_for(Service("reports", CommonSettings, routers=[router]))


async def test_a_walk_over_a_table_that_grows(client: httpx.AsyncClient, make: Make, db: Database) -> None:
    groups = ("press", "portal", "forum")
    first = {(await make.source(group=groups[n % 3])).name for n in range(20)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = await client.get("/x/sources", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
        if len(seen) < 30:
            await asyncio.gather(make.source(group="forum"), make.source(group="press"))
    assert len(seen) == len(set(seen))
    assert first <= set(seen)


@pytest.mark.parametrize(
    "query",
    [{"cursor": "x"}, {"cursor": encoded([{}, str(UUID(int=7))])}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}],
)
async def test_a_bad_page_is_a_problem_of_the_payload(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await client.get("/x/sources", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)


def test_a_last_page_that_is_exactly_full_has_no_next(clock: FrozenClock) -> None:
    rows = [(0, new_id(NOON)) for _ in range(MAX_LIMIT)]
    assert page_of(rows, MAX_LIMIT, lambda row: Cursor(*row))["next_cursor"] is None
