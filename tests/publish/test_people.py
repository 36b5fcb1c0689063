"""People, what they may do, when they serve: over HTTP as each of them, and to the database as the service's role."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from libs.common.testing.plugin import ClientFor
from services.publish.main import SERVICE
from tests.publish.newsroom import API

DatabaseAs = Callable[[str], Database]
WHY = "Quyết định phân công số 12/QĐ"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Office:
    """Two admins of one ward, and somebody who works there."""

    client: httpx.AsyncClient
    make: Make
    clock: FrozenClock
    issuer: Path
    db: Database
    ward: UUID
    admin: m.Person
    other_admin: m.Person
    clerk: m.Person

    def headers(self, person: m.Person) -> dict[str, str]:
        return {"Authorization": f"Bearer {dev_token(self.issuer, person.subject, self.clock.now())}"}

    async def call(self, who: m.Person, method: str, path: str, **body: Any) -> httpx.Response:
        return await self.client.request(method, API + path, json=body or None, headers=self.headers(who))

    async def get(self, who: m.Person, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(API + path, params=query, headers=self.headers(who))

    async def grant(self, to: m.Person, role: Role = Role.EDITOR, by: m.Person | None = None, **more: Any) -> Any:
        body = {"role": role, "reason": WHY, **more}
        return await self.call(by or self.admin, "POST", f"/people/{to.id}/grants", **body)

    async def shift(self, of: m.Person, start: float = 0, hours: float = 8, **more: Any) -> httpx.Response:
        begins = self.clock.now() + start * HOUR
        times = {"starts_at": begins.isoformat(), "ends_at": (begins + hours * HOUR).isoformat()}
        body = {"person_id": str(of.id), "role": Role.EDITOR, **times, **more}
        return await self.call(self.admin, "POST", "/rosters", **body)

    async def me(self, who: m.Person) -> dict[str, Any]:
        return dict((await self.get(who, "/me")).json())

    async def audited(self) -> list[tuple[Any, ...]]:
        async with self.db.transaction() as session:
            query = select(m.AuditEntry.action, m.AuditEntry.actor_id, m.AuditEntry.object_id, m.AuditEntry.facts)
            return [tuple(row) for row in await session.execute(query.order_by(m.AuditEntry.seq))]


@pytest.fixture
async def office(client_for: ClientFor, make: Make, clock: FrozenClock, issuer: Path, db: Database) -> Office:
    client, ward = await client_for(SERVICE), (await make.unit("Phường Thượng Cát")).id
    admin, other = [await make.person(Role.ADMIN, unit_id=ward) for _ in range(2)]
    return Office(client, make, clock, issuer, db, ward, admin, other, await make.person(unit_id=ward))


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["title"]
    assert document["title_en"]
    return answer.status_code, str(document["type"]).rsplit(":", 1)[1]


# --- people -------------------------------------------------------------------------------------------------


@pytest.mark.mission("M22")
async def test_an_admin_registers_somebody_of_the_unit(office: Office) -> None:
    body = {"subject": "sso|42", "display_name": "Nguyễn Thị Hòa", "email": "hoa@thuongcat.hanoi.gov.vn"}
    made = await office.call(office.admin, "POST", "/people", **body)
    assert made.status_code == 201
    person = made.json()
    assert (person["unit_id"], person["is_active"]) == (str(office.ward), True)
    assert problem(await office.call(office.admin, "POST", "/people", **body)) == (409, "person-exists")
    elsewhere = {**body, "subject": "sso|43", "unit_id": str(await office.make.city())}
    assert problem(await office.call(office.admin, "POST", "/people", **elsewhere)) == (403, "not-admin-of-unit")
    assert (await office.call(office.clerk, "POST", "/people", **{**body, "subject": "x"})).status_code == 403
    [(action, actor, object_id, facts)] = await office.audited()
    assert (action, actor, str(object_id)) == ("person.registered", office.admin.id, person["id"])
    assert facts == {"unit_id": str(office.ward)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": " a"},
        {"subject": "a\0"},
        {"subject": "ho\u0300a"},
        {"email": "a@b@c"},
        {"email": "a b@c"},
        {"email": "a\0@b"},
        {"email": "a@b\n"},
        {"display_name": "a\0"},
        {"is_active": False},
        {"display_name": ""},
    ],
)
async def test_what_is_no_person_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    body = {"subject": "sso|42", "display_name": "A", **wrong}
    assert (await office.call(office.admin, "POST", "/people", **body)).status_code == 422


async def test_an_admin_sees_the_people_of_their_units_and_finds_others_by_their_subject(office: Office) -> None:
    stranger, guest = await office.make.person(Role.EDITOR), await office.make.person()
    await office.grant(guest)
    seen = (await office.get(office.admin, "/people")).json()["items"]
    mine = {str(p.id) for p in (office.admin, office.other_admin, office.clerk, guest)}
    assert {p["id"] for p in seen} == mine
    [found] = (await office.get(office.admin, "/people", subject=stranger.subject)).json()["items"]
    assert found["id"] == str(stranger.id)
    assert problem(await office.get(office.admin, f"/people/{stranger.id}")) == (404, "person-not-found")
    detail = (await office.get(office.admin, f"/people/{guest.id}")).json()
    assert [grant["role"] for grant in detail["grants"]] == ["editor"]
    first = (await office.get(office.admin, "/people", limit=3)).json()
    rest = (await office.get(office.admin, "/people", limit=3, cursor=first["next_cursor"])).json()
    assert {p["id"] for p in first["items"] + rest["items"]} == mine
    assert rest["next_cursor"] is None


async def test_who_is_made_inactive_is_nobody_at_once(office: Office) -> None:
    await office.grant(office.clerk)
    assert (await office.get(office.clerk, "/me")).status_code == 200
    path = f"/people/{office.clerk.id}"
    assert (await office.call(office.admin, "PATCH", path, is_active=False)).json()["is_active"] is False
    assert (await office.get(office.clerk, "/me")).status_code == 401
    assert problem(await office.grant(office.clerk, Role.VIEWER)) == (409, "person-inactive")
    assert (await office.call(office.other_admin, "PATCH", path, is_active=True)).status_code == 200
    assert (await office.get(office.clerk, "/me")).status_code == 200
    own = await office.call(office.admin, "PATCH", f"/people/{office.admin.id}", is_active=False)
    assert problem(own) == (409, "own-account")
    foreign = await office.make.person()
    refused = await office.call(office.admin, "PATCH", f"/people/{foreign.id}", display_name="X")
    assert problem(refused) == (403, "not-admin-of-unit")
    assert (await office.call(office.admin, "PATCH", path, subject="quan-tri")).status_code == 422
    await office.call(office.admin, "PATCH", path, email="clerk@hanoi.gov.vn", display_name=None)
    kept = (await office.call(office.admin, "PATCH", path, email=None)).json()
    assert (kept["email"], kept["display_name"]) == (None, office.clerk.display_name)
    facts = [facts for action, *_, facts in await office.audited() if action == "person.changed"]
    assert facts == [{"fields": ["is_active"]}] * 2 + [{"fields": ["email"]}] * 2


async def test_odd_words_and_times_in_a_question_are_refused_and_break_nothing(office: Office) -> None:
    for subject in ("a\0", "", "x" * 256, "a\n"):
        assert (await office.get(office.admin, "/people", subject=subject)).status_code == 422
    assert (await office.get(office.admin, "/people", subject="' OR 1=1 --")).json()["items"] == []
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-24T10:00:00", "mai"):
        assert (await office.get(office.admin, "/rosters", since=at)).status_code == 422
        assert (await office.grant(office.clerk, valid_to=at)).status_code == 422
        assert (await office.shift(office.clerk, ends_at=at)).status_code == 422


# --- roles --------------------------------------------------------------------------------------------------


@pytest.mark.mission("M22", "M28")
async def test_a_role_counts_from_when_another_admin_gives_it_until_it_is_taken(office: Office) -> None:
    assert (await office.get(office.clerk, "/publications")).status_code == 403
    made = await office.grant(office.clerk)
    assert made.status_code == 201, made.text
    grant = made.json()
    assert (grant["granted_by"], grant["reason"]) == (str(office.admin.id), WHY)
    assert (await office.get(office.clerk, "/publications")).status_code == 200
    office.clock.advance(HOUR)
    ended = await office.call(office.other_admin, "POST", f"/grants/{grant['id']}/revoke")
    assert ended.status_code == 200, ended.text
    assert ended.json()["revoked_by"] == str(office.other_admin.id)
    assert (await office.get(office.clerk, "/publications")).status_code == 403
    told = [(action, actor, str(what)) for action, actor, what, _ in await office.audited()]
    assert told == [
        ("role.granted", office.admin.id, grant["id"]),
        ("role.revoked", office.other_admin.id, grant["id"]),
    ]
    async with office.db.transaction() as session:
        assert await session.get(m.RoleGrant, UUID(grant["id"])) is not None


@pytest.mark.mission("M28")
@pytest.mark.parametrize("role", list(Role))
async def test_nobody_gives_a_role_to_themselves(office: Office, role: Role) -> None:
    assert problem(await office.grant(office.admin, role)) == (403, "grant-to-oneself")
    assert (await office.grant(office.admin, role, by=office.clerk)).status_code == 403  # no admin
    assert (await office.grant(office.clerk, role, by=office.clerk)).status_code == 403


@pytest.mark.mission("M28")
async def test_a_spokesperson_is_made_by_an_admin_of_that_very_unit(office: Office) -> None:
    city, foreign = await office.make.city(), await office.make.person(Role.ADMIN)
    speaker = await office.make.person(Role.SPOKESPERSON, unit_id=office.ward)
    for by in (foreign, speaker):
        refused = await office.grant(office.clerk, Role.SPOKESPERSON, by=by, unit_id=str(office.ward))
        assert refused.status_code == 403
    refused = await office.grant(office.clerk, Role.SPOKESPERSON, unit_id=str(city))
    assert problem(refused) == (403, "not-admin-of-unit")
    assert (await office.grant(office.clerk, Role.SPOKESPERSON)).status_code == 201


async def test_a_grant_has_a_reason_and_does_not_reach_into_the_past(office: Office) -> None:
    now = office.clock.now()
    for lacking in ({"reason": "ngắn"}, {"reason": " " * 20}, {"reason": None}, {"role": "owner"}, {"granted_by": "x"}):
        assert (await office.grant(office.clerk, **lacking)).status_code == 422
    for times in (
        {"valid_from": (now - timedelta(seconds=1)).isoformat()},
        {"valid_to": now.isoformat()},
        {"valid_from": (now + DAY).isoformat(), "valid_to": (now + HOUR).isoformat()},
    ):
        assert problem(await office.grant(office.clerk, **times)) == (422, "invalid-dates")
    assert (await office.grant(office.clerk, valid_from="2027-01-01T00:00:00")).status_code == 422  # no zone
    unknown = await office.call(office.admin, "POST", f"/people/{uuid4()}/grants", role="editor", reason=WHY)
    assert problem(unknown) == (404, "person-not-found")


async def test_one_role_is_granted_once_at_a_time(office: Office) -> None:
    """Otherwise taking the one would leave the other."""
    now = office.clock.now()
    first = (await office.grant(office.clerk, valid_to=(now + DAY).isoformat())).json()
    for times in ({}, {"valid_from": (now + HOUR).isoformat()}):
        assert problem(await office.grant(office.clerk, **times)) == (409, "grant-exists")
    assert (await office.grant(office.clerk, Role.VIEWER)).status_code == 201
    later = await office.grant(office.clerk, valid_from=first["valid_to"])
    assert later.status_code == 201
    office.clock.advance(HOUR)
    never = await office.call(office.admin, "POST", f"/grants/{later.json()['id']}/revoke", at=now.isoformat())
    assert never.json()["valid_to"] == later.json()["valid_from"]  # it will never have begun
    again = await office.grant(office.clerk, valid_from=(now + DAY + HOUR).isoformat())
    assert again.status_code == 201
    past = await office.call(office.admin, "POST", f"/grants/{first['id']}/revoke", at=now.isoformat())
    assert problem(past) == (422, "invalid-dates")
    same = await office.call(office.admin, "POST", f"/grants/{first['id']}/revoke", at=first["valid_to"])
    assert problem(same) == (409, "grant-ended")


async def test_a_grant_of_another_unit_cannot_be_taken(office: Office) -> None:
    made = (await office.grant(office.clerk)).json()
    foreign = await office.make.person(Role.ADMIN)
    at = (office.clock.now() + HOUR).isoformat()
    for grant_id in (made["id"], uuid4()):
        refused = await office.call(foreign, "POST", f"/grants/{grant_id}/revoke", at=at)
        assert problem(refused) == (404, "grant-not-found")


async def test_the_same_grant_asked_for_at_once_is_given_once(office: Office) -> None:
    answers = await asyncio.gather(*(office.grant(office.clerk) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


# --- the database is the last word --------------------------------------------------------------------------


@dataclass
class Ward:
    """Rows written straight to the database by the service's own role."""

    publish: Database
    office: Office

    def row(self, **more: Any) -> m.RoleGrant:
        now, office = self.office.clock.now(), self.office
        values: dict[str, Any] = {
            "id": new_id(now),
            "person_id": office.clerk.id,
            "role": Role.SPOKESPERSON,
            "unit_id": office.ward,
            "valid_from": now,
            "granted_by": office.admin.id,
            "granted_at": now,
            "reason": WHY,
        }
        return m.RoleGrant(**(values | more))

    async def add(self, row: m.Base) -> None:
        async with self.publish.transaction() as session:
            session.add(row)

    async def refuses(self, why: str, row: m.Base) -> None:
        with pytest.raises(DBAPIError, match=why):
            await self.add(row)

    async def refused(self, why: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=why):
            async with self.publish.transaction() as session:
                await session.execute(text(statement), values)


@pytest.fixture
def written(office: Office, db_as: DatabaseAs) -> Ward:
    return Ward(db_as("publish"), office)


@pytest.mark.mission("M28")
async def test_the_service_itself_cannot_write_a_grant_that_nobody_could_give(written: Ward) -> None:
    office, by_admin = written.office, "granted by an admin of the unit"
    now = office.clock.now()
    foreign = await office.make.person(Role.ADMIN)
    inactive = await office.make.person(Role.ADMIN, unit_id=office.ward, is_active=False)
    await written.refuses(by_admin, written.row(granted_by=None, granted_at=None))
    await written.refuses(by_admin, written.row(granted_by=None, granted_at=None, reason=None))
    for giver in (foreign, inactive, office.clerk):
        await written.refuses(by_admin, written.row(granted_by=giver.id))
    await written.refuses(by_admin, written.row(person_id=office.admin.id))
    await written.refuses(by_admin, written.row(unit_id=await office.make.city()))
    await written.refuses(by_admin, written.row(granted_at=now - HOUR, valid_from=now))  # not an admin then
    await written.refuses("not_dated_back", written.row(valid_from=now - HOUR))
    await written.refuses("given_with_a_reason", written.row(reason=" " * 20))
    await written.refuses(by_admin, written.row(granted_at=None))
    await written.add(written.row())


@pytest.mark.mission("M28")
async def test_what_was_given_can_only_end(written: Ward) -> None:
    office = written.office
    await written.add(written.row(valid_to=office.clock.now() + DAY))
    only_ends = "changes only by ending sooner"
    for change in (
        "role = 'admin'",
        "person_id = :other",
        "unit_id = gen_random_uuid()",
        "granted_by = :other",
        "valid_from = valid_from - interval '1 day'",
        "valid_to = NULL, revoked_by = :other",
        "valid_to = valid_to + interval '1 second', revoked_by = :other",
        "valid_to = valid_to - interval '1 second'",  # and who ended it?
        "reason = 'một lý do khác hẳn'",
    ):
        ours = f"UPDATE role_grants SET {change} WHERE granted_by IS NOT NULL"
        values = {"other": office.other_admin.id} if ":other" in change else {}
        await written.refused(only_ends, ours, **values)
    await written.refused(only_ends, "UPDATE role_grants SET valid_to = NULL")
    await written.refused("not deleted, only ended", "DELETE FROM role_grants")
    await written.refused("not deleted, only made inactive", "DELETE FROM people")
    await written.refused("whom a token names", "UPDATE people SET subject = 'x' || subject")


async def test_a_guard_reads_what_is_true_now(written: Ward) -> None:
    """An old snapshot must not overlook the end of the giver's own grant, nor a second grant."""
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        async with written.publish.engine.connect() as connection:
            await connection.execution_options(isolation_level=level)
            with pytest.raises(DBAPIError, match="read committed"):
                await connection.execute(text("UPDATE role_grants SET valid_to = valid_from"))


async def test_who_is_being_dismissed_gives_no_more_roles(written: Ward) -> None:
    """The admin's grant ends in a transaction that is not committed yet; a grant by them waits, and is refused."""
    office = written.office
    office.clock.advance(HOUR)
    end = text("UPDATE role_grants SET valid_to = :now, revoked_by = :by WHERE person_id = :who")
    async with written.publish.transaction() as session:
        values = {"now": office.clock.now(), "by": office.other_admin.id, "who": office.admin.id}
        await session.execute(end, values)
        late = asyncio.create_task(written.add(written.row()))
        await asyncio.sleep(0.2)
        assert not late.done()
    with pytest.raises(DBAPIError, match="granted by an admin of the unit"):
        await late


# --- shifts and oneself -------------------------------------------------------------------------------------


async def test_me_is_who_one_is_where_with_which_roles_and_whether_on_duty(office: Office) -> None:
    plain = await office.me(office.clerk)
    assert (plain["id"], plain["subject"], plain["is_on_duty"]) == (str(office.clerk.id), office.clerk.subject, False)
    [home] = plain["units"]
    assert (home["name"], home["roles"], home["on_duty_as"]) == ("Phường Thượng Cát", [], [])
    granted = (await office.grant(office.clerk)).json()
    made = await office.shift(office.clerk, start=1, hours=8, note="Ca ngày")
    assert made.status_code == 201, made.text
    assert (await office.me(office.clerk))["is_on_duty"] is False
    office.clock.advance(HOUR)
    [home] = (await office.me(office.clerk))["units"]
    assert (home["roles"], home["on_duty_as"]) == (["editor"], ["editor"])
    assert home["on_duty_until"] == made.json()["ends_at"]
    at = (office.clock.now() + HOUR).isoformat()
    await office.call(office.admin, "POST", f"/grants/{granted['id']}/revoke", at=at)
    assert (await office.me(office.clerk))["is_on_duty"] is True
    office.clock.advance(HOUR)
    assert (await office.me(office.clerk))["is_on_duty"] is False  # nobody serves in a role they lost
    assert (await office.client.get(f"{API}/me")).status_code == 401


async def test_shifts_of_one_person_in_one_role_do_not_overlap(office: Office) -> None:
    await office.grant(office.clerk)
    first = (await office.shift(office.clerk, 1, 8)).json()
    for start, hours in ((1, 8), (0, 2), (8, 4), (2, 1), (0, 24)):
        assert problem(await office.shift(office.clerk, start, hours)) == (409, "already-on-duty")
    for start in (0, 9):  # they may touch
        assert (await office.shift(office.clerk, start, 1)).status_code == 201
    longer = {"ends_at": (office.clock.now() + 9.5 * HOUR).isoformat()}
    assert problem(await office.call(office.admin, "PATCH", f"/rosters/{first['id']}", **longer)) == (
        409,
        "already-on-duty",
    )
    shorter = {"ends_at": (office.clock.now() + 7 * HOUR).isoformat(), "note": "Về sớm"}
    changed = await office.call(office.admin, "PATCH", f"/rosters/{first['id']}", **shorter)
    assert changed.status_code == 200, changed.text
    assert changed.json()["note"] == "Về sớm"
    at_once = await asyncio.gather(*(office.shift(office.clerk, 20, 4) for _ in range(6)))
    assert sorted(answer.status_code for answer in at_once) == [201] + [409] * 5


async def test_a_shift_is_served_by_who_holds_its_role_all_the_time(office: Office) -> None:
    assert problem(await office.shift(office.clerk)) == (409, "role-not-held")
    await office.grant(office.clerk, valid_to=(office.clock.now() + 4 * HOUR).isoformat())
    assert problem(await office.shift(office.clerk, 0, 5)) == (409, "role-not-held")
    assert problem(await office.shift(office.clerk, 0, 2, role="spokesperson")) == (409, "role-not-held")
    assert problem(await office.shift(office.clerk, 0, 2, person_id=str(uuid4()))) == (404, "person-not-found")
    assert problem(await office.shift(office.clerk, 2, -1)) == (422, "invalid-dates")
    assert problem(await office.shift(office.clerk, -9, 8)) == (422, "invalid-dates")
    city = await office.make.city()
    assert problem(await office.shift(office.clerk, 0, 2, unit_id=str(city))) == (403, "not-admin-of-unit")
    made = await office.shift(office.clerk, 0, 4)
    beyond = {"ends_at": (office.clock.now() + 5 * HOUR).isoformat()}
    refused = await office.call(office.admin, "PATCH", f"/rosters/{made.json()['id']}", **beyond)
    assert problem(refused) == (409, "role-not-held")


async def test_what_was_served_stays(office: Office) -> None:
    await office.grant(office.clerk)
    running, coming = (await office.shift(office.clerk, 0, 8)).json(), (await office.shift(office.clerk, 9, 8)).json()
    begun = f"/rosters/{running['id']}"
    office.clock.advance(HOUR)
    now = office.clock.now()
    assert problem(await office.call(office.admin, "DELETE", begun)) == (409, "roster-begun")
    moved = await office.call(office.admin, "PATCH", begun, starts_at=(now + HOUR).isoformat())
    assert problem(moved) == (409, "roster-begun")
    back = await office.call(office.admin, "PATCH", begun, ends_at=(now - timedelta(minutes=1)).isoformat())
    assert problem(back) == (422, "invalid-dates")
    assert (await office.call(office.admin, "PATCH", begun, ends_at=None)).status_code == 422
    assert (await office.call(office.admin, "PATCH", begun, ends_at=now.isoformat())).status_code == 200
    office.clock.advance(HOUR)
    over = await office.call(office.admin, "PATCH", begun, ends_at=(now + 3 * HOUR).isoformat())
    assert problem(over) == (409, "roster-begun")
    assert (await office.call(office.admin, "DELETE", f"/rosters/{coming['id']}")).status_code == 204
    gone = await office.call(office.admin, "DELETE", f"/rosters/{coming['id']}")
    assert problem(gone) == (404, "roster-not-found")
    told = [action for action, *_ in await office.audited()]
    assert told == ["role.granted", "duty.added", "duty.added", "duty.changed", "duty.removed"]


async def test_the_unit_sees_who_is_on_duty_and_only_its_admins_decide_it(office: Office) -> None:
    await office.grant(office.clerk)
    made = (await office.shift(office.clerk, 0, 8)).json()
    later = (await office.shift(office.clerk, 30, 8)).json()
    now = office.clock.now()
    for who in (office.clerk, office.other_admin):
        listed = (await office.get(who, "/rosters")).json()["items"]
        assert [shift["id"] for shift in listed] == [made["id"], later["id"]]
    at = {"since": now.isoformat(), "until": (now + timedelta(seconds=1)).isoformat()}
    assert [s["id"] for s in (await office.get(office.clerk, "/rosters", **at)).json()["items"]] == [made["id"]]
    foreign_editor, foreign_admin = await office.make.person(Role.EDITOR), await office.make.person(Role.ADMIN)
    assert (await office.get(foreign_editor, "/rosters")).json()["items"] == []
    path = f"/rosters/{later['id']}"
    assert problem(await office.call(foreign_admin, "PATCH", path, note="X")) == (404, "roster-not-found")
    assert problem(await office.call(foreign_admin, "DELETE", path)) == (404, "roster-not-found")
    for method in ("PATCH", "DELETE"):
        assert (await office.call(office.clerk, method, path, note="X")).status_code == 403


# --- what stays outside -------------------------------------------------------------------------------------


@pytest.mark.mission("M37")
async def test_the_audit_log_holds_ids_and_no_names(office: Office) -> None:
    body = {"subject": "sso|hoa", "display_name": "Nguyễn Thị Hòa", "email": "hoa@hanoi.gov.vn"}
    person_id = (await office.call(office.admin, "POST", "/people", **body)).json()["id"]
    await office.call(office.admin, "PATCH", f"/people/{person_id}", display_name="Trần Thị Hòa")
    await office.call(office.admin, "POST", f"/people/{person_id}/grants", role="editor", reason="Cô Hòa về làm ở đây")
    written = str(await office.audited())
    assert "person.changed" in written
    for word in ("Hòa", "sso|hoa", "hanoi.gov.vn", "Nguyễn", "về làm"):
        assert word not in written
