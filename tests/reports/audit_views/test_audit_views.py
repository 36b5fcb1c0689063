"""Who saw, changed, approved, sent: over HTTP, as the role lantoa_reports."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.reports.audit_views.conftest import LOG, Ledger

pytestmark = pytest.mark.mission("M28")
Json = dict[str, Any]


async def ok(client: httpx.AsyncClient, who: dict[str, str], path: str, **params: Any) -> Json:
    answer = await client.get(f"{LOG}{path}", params=params, headers=who)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def actions(page: Json) -> list[str]:
    return [entry["action"] for entry in page["items"]]


# --- who may look -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/acts", "/entries", f"/objects/publication/{UUID(int=1)}", "/summary/people", "/summary/objects", "/exports"],
)
async def test_only_an_auditor_sees_what_is_in_the_log(
    client: httpx.AsyncClient, signed_in: Any, auditor: dict[str, str], path: str
) -> None:
    others = await signed_in(*(role for role in Role if role is not Role.AUDITOR))
    assert (await client.get(LOG + path, headers=others)).status_code == 403
    assert (await client.get(LOG + path)).status_code == 401
    assert (await client.get(LOG + path, headers=auditor)).status_code == 200


async def test_an_auditor_sees_nothing_else(client: httpx.AsyncClient, auditor: dict[str, str]) -> None:
    for path in ("reports", "programmes"):
        assert (await client.get(f"/api/reports/v1/{path}", headers=auditor)).status_code == 403


async def test_each_look_is_an_entry_with_what_was_asked(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, db: Database, clock: FrozenClock
) -> None:
    about = uuid4()
    await ledger.write(about=("publication", about))
    since = clock.now().isoformat()
    await ok(client, auditor, "/entries", act="approved", since=since, service="publish")
    await ok(client, auditor, f"/objects/publication/{about}")
    await ok(client, auditor, "/summary/people")
    await ok(client, auditor, "/summary/objects", object_type="publication")
    refused = await client.get(f"{LOG}/entries", params={"service": "Moon!"}, headers=auditor)
    assert refused.status_code == 422
    async with db.transaction() as session:
        looks = await session.scalars(
            select(m.AuditEntry).where(m.AuditEntry.action == "audit_log.read").order_by(m.AuditEntry.seq)
        )
        facts = [each.facts for each in looks]
        person = await session.scalar(select(m.RoleGrant.person_id).where(m.RoleGrant.role == "auditor"))
    assert facts[0] == {"view": "entries", "act": "approved", "since": since, "service": "publish"}
    assert facts[1] == {"view": "timeline", "object_type": "publication", "object_id": str(about)}
    assert [each["view"] for each in facts[2:]] == ["people", "objects"]
    found = await ok(client, auditor, "/entries", actor_id=str(person))
    assert actions(found) == ["audit_log.read"] * 4
    assert found["items"][0]["words"] == "Đọc nhật ký kiểm toán"


async def test_two_who_look_at_once_both_leave_their_entry(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger
) -> None:
    await ledger.write()
    await asyncio.gather(*(ok(client, auditor, "/entries") for _ in range(6)))
    assert actions(await ok(client, auditor, "/entries", act="saw")) == ["audit_log.read"] * 6


# --- entries ------------------------------------------------------------------------------------------------


async def test_an_entry_says_who_did_what_in_words(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, make: Make
) -> None:
    chief = await make.person(Role.SPOKESPERSON, display_name="Trần Thị Phát Ngôn")
    about = uuid4()
    await ledger.write(by=chief.id, about=("publication", about), revision=2)
    await ledger.write("source.gone", service="ingest", about=("source", uuid4()))
    gone, approved = (await ok(client, auditor, "/entries"))["items"]
    assert (gone["actor_id"], gone["actor_name"], gone["act"]) == (None, None, "changed")
    assert (approved["actor_id"], approved["actor_name"]) == (str(chief.id), "Trần Thị Phát Ngôn")
    assert (approved["act"], approved["words"], approved["object_name"]) == ("approved", "Duyệt bài", "Bài")
    assert (approved["object_id"], approved["facts"], approved["seq"]) == (str(about), {"revision": 2}, 1)


async def test_entries_are_found_by_who_what_which_act_where_and_when(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, clock: FrozenClock
) -> None:
    one, other, paper = uuid4(), uuid4(), uuid4()
    await ledger.write("publication.edited", by=one, about=("publication", paper))
    await ledger.write("publication.approved", by=other, about=("publication", paper))
    clock.advance(timedelta(hours=1))
    await ledger.write("feedback.contact_read", by=one, service="ingest", about=("feedback_case", uuid4()))
    await ledger.write("publication.published", about=("publication", paper))
    hour = clock.now()
    cases: list[tuple[Json, list[str]]] = [
        ({"actor_id": str(one)}, ["feedback.contact_read", "publication.edited"]),
        ({"object_type": "publication", "act": "changed"}, ["publication.edited"]),
        ({"object_id": str(paper), "act": "sent"}, ["publication.published"]),
        ({"act": "saw"}, ["feedback.contact_read"]),
        ({"act": "approved"}, ["publication.approved"]),
        ({"action": "publication.edited"}, ["publication.edited"]),
        ({"service": "ingest"}, ["feedback.contact_read"]),
        ({"until": hour.isoformat()}, ["publication.approved", "publication.edited"]),
        ({"since": hour.isoformat(), "object_type": "publication"}, ["publication.published"]),
        ({"actor_id": str(uuid4())}, []),
    ]
    for asked, wanted in cases:
        found = await ok(client, auditor, "/entries", **asked)
        assert sorted(actions(found) if asked != {"act": "saw"} else set(actions(found)) - {"audit_log.read"}) == (
            sorted(wanted)
        ), asked


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "2026-11-24T05:00:00Z", "until": "2026-11-24T05:00:00Z"},
        {"since": "2026-11-24T05:00:00"},
        {"actor_id": "nguyen-van-a"},
        {"object_type": "Bài; DROP"},
        {"act": "hid"},
        {"limit": 101},
        {"cursor": "x"},
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_refused_and_leaves_no_entry(
    client: httpx.AsyncClient, auditor: dict[str, str], db: Database, asked: Json
) -> None:
    assert (await client.get(f"{LOG}/entries", params=asked, headers=auditor)).status_code == 422
    async with db.transaction() as session:
        assert (await session.scalars(select(m.AuditEntry.id))).all() == []


async def test_pages_follow_each_other_though_each_look_adds_an_entry(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger
) -> None:
    for number in range(5):
        await ledger.write(revision=number)
    seen: list[int] = []
    cursor: Json = {}
    while True:
        page = await ok(client, auditor, "/entries", limit=2, action="publication.approved", **cursor)
        seen += [entry["facts"]["revision"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [4, 3, 2, 1, 0]


async def test_the_history_of_one_thing_runs_from_its_beginning(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, clock: FrozenClock
) -> None:
    paper = uuid4()
    steps = ["publication.created", "publication.submitted", "publication.approved", "publication.published"]
    for step in steps:
        await ledger.write(step, about=("publication", paper))
        await ledger.write(step)
        clock.advance(timedelta(minutes=5))
    first = await ok(client, auditor, f"/objects/publication/{paper}", limit=3)
    rest = await ok(client, auditor, f"/objects/publication/{paper}", limit=3, cursor=first["next_cursor"])
    assert actions(first) + actions(rest) == steps
    assert rest["next_cursor"] is None
    assert (await ok(client, auditor, f"/objects/claim/{paper}"))["items"] == []


# --- counts -------------------------------------------------------------------------------------------------


async def test_each_person_is_counted_by_class(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, make: Make
) -> None:
    editor = await make.person(Role.EDITOR, display_name="Lê Biên Tập")
    for action in ("publication.edited", "publication.edited", "publication.approved", "moon.landed"):
        await ledger.write(action, by=editor.id)
    await ledger.write("publication.published")
    busiest, nobody = (await ok(client, auditor, "/summary/people"))["items"]
    assert (busiest["actor_name"], busiest["entries"]) == ("Lê Biên Tập", 4)
    assert (busiest["saw"], busiest["changed"], busiest["approved"], busiest["sent"]) == (0, 2, 1, 0)
    assert (nobody["actor_id"], nobody["entries"], nobody["sent"]) == (None, 1, 1)


async def test_each_thing_is_counted_by_class_page_by_page(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger
) -> None:
    things = [uuid4() for _ in range(3)]
    for count, thing in enumerate(things, 1):
        for _ in range(count):
            await ledger.write("publication.edited", by=uuid4(), about=("publication", thing))
    first = await ok(client, auditor, "/summary/objects", object_type="publication", limit=2)
    rest = await ok(
        client, auditor, "/summary/objects", object_type="publication", limit=2, cursor=first["next_cursor"]
    )
    found = [*first["items"], *rest["items"]]
    assert [(UUID(each["object_id"]), each["entries"], each["people"]) for each in found] == [
        (things[2], 3, 3),
        (things[1], 2, 2),
        (things[0], 1, 1),
    ]


async def test_what_lies_outside_the_window_is_not_counted(
    client: httpx.AsyncClient, auditor: dict[str, str], ledger: Ledger, clock: FrozenClock
) -> None:
    await ledger.write(at=clock.now() - timedelta(days=8))
    await ledger.write(at=clock.now() - timedelta(days=6))
    (counted,) = (await ok(client, auditor, "/summary/people"))["items"]
    assert counted["entries"] == 1
    for since, until in (("2026-11-24T05:00:00Z", "2026-11-23T05:00:00Z"), ("2024-01-01T00:00:00Z", None)):
        asked = {"since": since} | ({"until": until} if until else {})
        refused = await client.get(f"{LOG}/summary/people", params=asked, headers=auditor)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:lantoa:problem:window-not-possible")


async def test_the_table_of_acts_is_told_in_vietnamese(client: httpx.AsyncClient, auditor: dict[str, str]) -> None:
    told = (await client.get(f"{LOG}/acts", headers=auditor)).json()
    approved = next(each for each in told if each["action"] == "publication.approved")
    assert approved == {
        "action": "publication.approved",
        "act": "approved",
        "act_name": "Đã duyệt",
        "words": "Duyệt bài",
    }
