"""Calendars that are read by their address: conditionally, by one worker, ever more rarely where they fail."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.agenda import calendar_rules as rules
from services.publish.agenda import calendars, jobs
from services.publish.agenda.calendar_rules import Answer
from tests.publish.agenda.calendar_server import CalendarServer, running_calendar
from tests.publish.agenda.calendars import calendar, entry
from tests.publish.agenda.test_desk import AGENDA, events, slug_of
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import Newsroom
from tests.publish.officers import Officers

CALENDARS = f"{AGENDA}/calendars"
HOUR = timedelta(hours=1, minutes=7)
"""A poll's pause with the most that is added to it."""


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with running_calendar() as played:
        yield played


@pytest.fixture
async def desk(newsroom: Newsroom, make: Make, issuer: Path) -> Newsroom:
    """Loopback is open to replays alone, which play strangers' sites on this machine."""
    await sign_in_for_long(newsroom, make, issuer)
    newsroom.resources = replace(newsroom.resources, replay=True)
    newsroom.client._transport.app.state.resources = newsroom.resources  # type: ignore[attr-defined]
    return newsroom


async def watch(newsroom: Newsroom, url: str, **more: Any) -> dict[str, Any]:
    body = {"name": "Lịch công tác tuần", "url": url, **more}
    made = await newsroom.client.post(CALENDARS, json=body, headers=newsroom.editor)
    assert made.status_code == 201, made.text
    await jobs.poll_calendars(newsroom.context)
    read = await newsroom.client.get(f"{CALENDARS}/{made.json()['id']}", headers=newsroom.editor)
    return dict(read.json())


async def poll(newsroom: Newsroom, after: timedelta = HOUR) -> dict[str, Any]:
    newsroom.clock.advance(after)
    await jobs.poll_calendars(newsroom.context)
    return await only(newsroom)


async def only(newsroom: Newsroom) -> dict[str, Any]:
    [one] = (await newsroom.client.get(CALENDARS, headers=newsroom.editor)).json()["items"]
    return dict(one)


async def runs(newsroom: Newsroom) -> list[dict[str, Any]]:
    return list((await newsroom.client.get(f"{AGENDA}/imports", headers=newsroom.editor)).json()["items"])


async def test_a_watched_calendar_is_read_at_once_and_again_at_its_time(desk: Newsroom, server: CalendarServer) -> None:
    at = desk.clock.now() + timedelta(days=2)
    server.says(calendar(entry("a", at), entry("b", at)), etag='"1"')
    made = await watch(desk, server.url)
    assert (made["state"], made["failures"], made["last_error"]) == ("active", 0, None)
    assert sorted(each["uid"] for each in await events(desk)) == ["a", "b"]

    await jobs.poll_calendars(desk.context)
    assert len(server.asked) == 1, "nobody asks before its time"
    server.says(
        calendar(entry("a", at + timedelta(hours=3), SEQUENCE=1), entry("b", at, STATUS="CANCELLED", SEQUENCE=1)),
        etag='"2"',
    )
    told = await poll(desk)
    assert (told["last_status"], told["failures"]) == (200, 0)
    after = {each["uid"]: each for each in await events(desk)}
    assert (after["a"]["state"], after["b"]["state"]) == ("planned", "cancelled")
    assert datetime.fromisoformat(after["a"]["starts_at"]) == at + timedelta(hours=3)
    newest = (await runs(desk))[0]
    assert [newest[name] for name in ("created", "updated", "cancelled")] == [0, 1, 1]
    assert (newest["imported_by"], newest["calendar_id"]) == (None, told["id"]), "nobody did that one by hand"

    server.says(calendar(entry("a", at), entry("b", at)), etag='"3"')
    await poll(desk)
    after = {each["uid"]: each for each in await events(desk)}
    assert after["b"]["state"] == "cancelled", "an older SEQUENCE says nothing new"
    assert datetime.fromisoformat(after["a"]["starts_at"]) == at + timedelta(hours=3)


async def test_a_request_is_conditional_and_what_is_unchanged_is_not_read_again(
    desk: Newsroom, server: CalendarServer
) -> None:
    at = desk.clock.now() + timedelta(days=2)
    when = "Mon, 23 Nov 2026 10:00:00 GMT"
    server.says(calendar(entry("a", at)), etag='"1"', Last_Modified=when)
    await watch(desk, server.url)
    assert "if-none-match" not in server.asked[0]
    told = await poll(desk)
    assert (server.asked[1]["if-none-match"], server.asked[1]["if-modified-since"]) == ('"1"', when)
    assert (told["last_status"], told["failures"], len(await runs(desk))) == (304, 0, 1)

    server.says(calendar(entry("a", at)))  # no validators: the same bytes are known by their hash
    assert (await poll(desk))["last_status"] == 200
    server.says(calendar(entry("a", at, DTSTAMP="20261124T090000Z")))  # other bytes that say the same
    await poll(desk)
    assert len(await runs(desk)) == 1, "the desk is not filled with runs that brought nothing"
    soon = await desk.client.post(f"{CALENDARS}/{told['id']}/poll", headers=desk.editor)
    assert soon.status_code == 202
    server.says(calendar(entry("a", at)), etag='"4"')
    await poll(desk, timedelta(seconds=1))
    assert "if-none-match" not in server.asked[-1], "who asks for it gets it whole"


async def test_what_a_calendar_names_no_more_is_cancelled_and_what_it_names_again_is_planned(
    desk: Newsroom, server: CalendarServer
) -> None:
    now = desk.clock.now()
    at = now + timedelta(days=2)
    past, coming, other = entry("p", now - timedelta(hours=5)), entry("a", at), entry("b", at)
    server.says(calendar(past, coming, other))
    await watch(desk, server.url)
    by_hand = await desk.client.post(f"{AGENDA}/imports", content=calendar(entry("tay", at)), headers=desk.editor)
    assert by_hand.status_code == 201

    async def states() -> dict[str, str]:
        return {each["uid"]: each["state"] for each in await events(desk)}

    server.says(calendar(other))
    await poll(desk)
    assert await states() == {"p": "planned", "a": "cancelled", "b": "planned", "tay": "planned"}
    assert (await runs(desk))[0]["cancelled"] == 1
    server.says(calendar(other, "SUMMARY:mục hỏng, không UID"))
    await poll(desk)
    server.says(calendar())
    await poll(desk)
    assert (await states())["b"] == "planned", "a calendar that is empty or broken cancels nothing"
    server.says(calendar(coming, other))
    await poll(desk)
    assert (await states())["a"] == "planned"


async def test_failures_are_shown_told_once_and_asked_ever_more_rarely(desk: Newsroom, server: CalendarServer) -> None:
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    await watch(desk, server.url)
    server.says(b"", status=503)
    pauses = []
    for failures in (1, 2, 3, 4):
        told = await poll(desk, timedelta(hours=25) if failures > 1 else HOUR)
        assert (told["failures"], told["last_status"], told["last_error"]) == (failures, 503, "Máy chủ trả lời 503.")
        pauses.append(datetime.fromisoformat(told["next_poll_at"]) - desk.clock.now())
    for pause, hours in zip(pauses, (2, 4, 8, 16), strict=True):
        assert timedelta(hours=hours) <= pause <= timedelta(hours=hours) * 1.1
    [warning] = await warnings(desk)
    assert warning.subject == "Không đọc được lịch: Lịch công tác tuần"
    assert warning.body.startswith("Máy chủ trả lời 503. Lần đọc được gần nhất: 12:00 ngày 24/11/2026.")
    assert [each["state"] for each in await events(desk)] == ["planned"], "a silent server cancels nothing"

    server.says(b"<html>Bao tri</html>")
    assert "Tệp lịch không đọc được" in (await poll(desk, timedelta(hours=25)))["last_error"]
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2), SEQUENCE=1)))
    told = await poll(desk, timedelta(hours=25))
    assert (told["failures"], told["last_error"]) == (0, None)
    server.says(b"", status=429, Retry_After="7200")
    told = await poll(desk, HOUR)
    assert datetime.fromisoformat(told["next_poll_at"]) - desk.clock.now() >= timedelta(hours=2)
    assert len(await warnings(desk)) == 1


async def warnings(newsroom: Newsroom) -> list[m.Notification]:
    query = select(m.Notification).where(m.Notification.kind == "calendar_unreadable")
    async with newsroom.db.transaction() as session:
        return list(await session.scalars(query))


async def test_a_calendar_that_is_gone_is_left_alone_until_a_person_says_so(
    desk: Newsroom, server: CalendarServer
) -> None:
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    made = await watch(desk, server.url)
    server.says(b"", status=410)
    told = await poll(desk)
    assert (told["state"], told["next_poll_at"]) == ("gone", None)
    assert "sẽ không đọc lại" in (await warnings(desk))[0].body
    await poll(desk, timedelta(days=3))
    assert len(server.asked) == 2
    resting = await desk.client.post(f"{CALENDARS}/{made['id']}/poll", headers=desk.editor)
    assert (resting.status_code, slug_of(resting)) == (409, "agenda-calendar-resting")
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    body = {"name": "Lịch mới", "poll_seconds": 900}
    renamed = await desk.client.put(f"{CALENDARS}/{made['id']}", json=body, headers=desk.editor)
    assert (renamed.json()["name"], renamed.json()["state"]) == ("Lịch mới", "gone")
    again = await desk.client.put(f"{CALENDARS}/{made['id']}", json={**body, "is_paused": False}, headers=desk.editor)
    assert (again.json()["state"], again.json()["failures"]) == ("active", 0)
    assert (await poll(desk, timedelta(seconds=1)))["last_status"] == 200
    paused = await desk.client.put(f"{CALENDARS}/{made['id']}", json={**body, "is_paused": True}, headers=desk.editor)
    assert paused.json()["state"] == "paused"
    await poll(desk, timedelta(days=3))
    assert len(server.asked) == 3


async def test_two_workers_never_read_one_calendar_at_once(desk: Newsroom, server: CalendarServer) -> None:
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    await watch(desk, server.url)
    desk.clock.advance(HOUR)
    server.gate.clear()
    first = asyncio.create_task(jobs.poll_calendars(desk.context))
    while len(server.asked) < 2:
        await asyncio.sleep(0.01)
    assert await jobs.poll_calendars(desk.context) == 0
    server.gate.set()
    assert await first == 1
    assert len(server.asked) == 2
    await asyncio.gather(*(jobs.poll_calendars(desk.context) for _ in range(4)))
    assert len(server.asked) == 2


async def test_what_a_worker_brings_after_its_lease_is_not_written(desk: Newsroom, server: CalendarServer) -> None:
    at = desk.clock.now() + timedelta(days=2)
    server.says(calendar(entry("a", at)))
    await watch(desk, server.url)
    desk.clock.advance(HOUR)
    async with desk.worker_db.transaction() as session:
        [slow] = await calendars.claim_due(session, desk.clock.now(), 1)
    server.says(calendar(entry("a", at, SUMMARY="Cũ", SEQUENCE=1)))
    old = await calendars.ask(slow, desk.resources, desk.clock.now())
    desk.clock.advance(rules.LEASE)
    server.says(calendar(entry("a", at, SUMMARY="Mới", SEQUENCE=1)))
    assert await jobs.poll_calendars(desk.context) == 1
    async with desk.worker_db.transaction() as session:
        assert await calendars.record(session, slow, old, desk.clock.now()) is False
    assert [each["title"] for each in await events(desk)] == ["Mới"]


async def test_an_address_of_our_own_networks_is_never_asked(newsroom: Newsroom, server: CalendarServer) -> None:
    """At the desk, and by the worker: a public name may come to lead inside."""
    server.says(calendar(entry("a", newsroom.clock.now())))
    for url in (
        server.url,
        "ftp://lich.example/l.ics",
        "https://ten:mat-khau@lich.example/l.ics",
        "https:///l.ics",
        "http://lich.example:22/l.ics",
    ):
        body = {"name": "Lịch", "url": url}
        refused = await newsroom.client.post(CALENDARS, json=body, headers=newsroom.editor)
        assert (refused.status_code, "items" in refused.json()) == (422, False), url
    inside = ("http://10.0.0.1/l.ics", "http://169.254.169.254/latest", "http://[::1]:8080/l.ics", "http://localhost/")
    for url in inside:
        told = await watch(newsroom, url)
        assert (told["failures"], "địa chỉ nội bộ" in told["last_error"]) == (1, True), url
    assert (server.asked, await runs(newsroom)) == ([], [])


async def test_a_unit_watches_its_own_calendars_each_address_once_and_not_too_many(
    desk: Newsroom, server: CalendarServer, officers: Officers
) -> None:
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    made = await watch(desk, server.url)
    again = await desk.client.post(CALENDARS, json={"name": "Lịch", "url": server.url}, headers=desk.editor)
    assert (again.status_code, slug_of(again)) == (409, "agenda-calendar-exists")
    ward = await officers.make.unit()
    stranger = await officers.sign_in(Role.EDITOR, unit_id=ward.id)
    assert (await desk.client.get(CALENDARS, headers=stranger.headers)).json()["items"] == []
    for path, verb in (("", "get"), ("", "put"), ("/poll", "post")):
        body = {"json": {"name": "Lịch"}} if verb == "put" else {}
        at = f"{CALENDARS}/{made['id']}{path}"
        hidden = await getattr(desk.client, verb)(at, headers=stranger.headers, **body)
        assert (hidden.status_code, slug_of(hidden)) == (404, "agenda-calendar-not-found")
    theirs = {"name": "Lịch", "url": server.url, "unit_id": str(desk.bulletin.unit_id)}
    refused = await desk.client.post(CALENDARS, json=theirs, headers=stranger.headers)
    assert (refused.status_code, slug_of(refused)) == (403, "not-at-this-desk")
    for number in range(rules.MOST - 1):
        await watch(desk, f"{server.url}?{number}")
    full = await desk.client.post(CALENDARS, json={"name": "Lịch", "url": f"{server.url}?x"}, headers=desk.editor)
    assert (full.status_code, slug_of(full)) == (409, "too-many-calendars")


async def test_the_database_holds_addresses_rhythm_and_who_imported(desk: Newsroom, server: CalendarServer) -> None:
    server.says(calendar(entry("a", desk.clock.now() + timedelta(days=2))))
    await watch(desk, server.url)
    for statement, rule in (
        ("UPDATE agenda_calendars SET url = 'https://ten:khoa@lich.example/'", "ck_agenda_calendars_url"),
        ("UPDATE agenda_calendars SET url = 'file:///etc/passwd'", "ck_agenda_calendars_url"),
        ("UPDATE agenda_calendars SET poll_seconds = 1", "ck_agenda_calendars_rhythm"),
        ("UPDATE agenda_imports SET imported_by = NULL, calendar_id = NULL", "by_somebody_or_a_calendar"),
    ):
        with pytest.raises(DBAPIError, match=rule):
            async with desk.worker_db.transaction() as session:
                await session.execute(text(statement))


NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)
SOME = UUID(int=500)


@pytest.mark.parametrize(
    ("answer", "failures", "hours"),
    [
        (Answer(status=200), 0, 1),
        (Answer(status=304), 0, 1),
        (Answer(error="x"), 1, 2),
        (Answer(error="x"), 3, 8),
        (Answer(error="x"), 40, 24),
        (Answer(error="x", wait_until=NOON + timedelta(hours=5)), 1, 5),
        (Answer(error="x", wait_until=NOON + timedelta(days=30)), 1, 24),
    ],
)
def test_when_a_calendar_is_asked_again(answer: Answer, failures: int, hours: int) -> None:
    at = rules.next_poll_at(SOME, answer, 3600, failures, NOON)
    assert timedelta(hours=hours) <= at - NOON <= timedelta(hours=hours) * 1.05


def test_the_desk_is_told_once_for_each_time_of_trouble() -> None:
    def told(before: int, answer: Answer, state: str = "active") -> bool:
        return rules.is_to_be_told(before, rules.changes_of(SOME, answer, 3600, before, state, NOON))

    assert [told(before, Answer(error="x")) for before in range(5)] == [False, False, True, False, False]
    assert told(0, Answer(status=410, error="x"))
    assert not told(0, Answer(status=410, error="x"), "paused")
    assert not told(7, Answer(status=200))
