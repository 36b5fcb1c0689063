"""The events desk: activities from calendar files, and the minutes until the city itself told of each."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.activities import Activity, Told, figures, measure
from libs.common.models.enums import Role
from services.publish.agenda import importing, jobs
from services.publish.agenda.problems import CalendarNotFetched
from tests.publish.agenda.calendars import calendar, entry
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

AGENDA = f"{API}/agenda"
KIND = {
    "name": "Kiểm tra hiện trường",
    "words": ["kiem tra"],
    "target_minutes": 45,
    "post_title": "{ten}",
    "post_body": "Ngày {ngay}, {ten} tại {dia_diem}. Kết quả: {ket_qua}",
}


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def imported(newsroom: Newsroom, *entries: str, **more: Any) -> dict[str, Any]:
    answer = await newsroom.client.post(
        f"{AGENDA}/imports", content=calendar(*entries, **more), headers=newsroom.editor
    )
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "counts": [answer.json()[n] for n in ("created", "updated", "cancelled", "unchanged")]}


async def events(newsroom: Newsroom, **more: str) -> list[dict[str, Any]]:
    now = newsroom.clock.now()
    range_ = {"from": (now - timedelta(days=30)).isoformat(), "to": (now + timedelta(days=300)).isoformat(), **more}
    answer = await newsroom.client.get(f"{AGENDA}/events", params=range_, headers=newsroom.editor)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def kind(newsroom: Newsroom, **changes: Any) -> dict[str, Any]:
    made = await newsroom.client.post(f"{AGENDA}/kinds", json={**KIND, **changes}, headers=newsroom.editor)
    assert made.status_code == 201, made.text
    return dict(made.json())


@pytest.mark.mission("M21")
async def test_minutes_from_an_activity_to_the_first_official_post_and_the_late_one_is_flagged(
    newsroom: Newsroom,
) -> None:
    await kind(newsroom)
    now = newsroom.clock.now()
    await imported(
        newsroom,
        entry("som", now, 60),
        entry("tre", now, 60, SUMMARY="Kiểm tra bệnh viện"),
        entry("quen", now, 60, SUMMARY="Họp giao ban"),
        entry("huy", now, 60, STATUS="CANCELLED"),
    )
    before = {each["uid"]: each for each in await events(newsroom)}
    assert sorted(before) == ["quen", "som", "tre"], "what was cancelled before it was known is nothing"
    assert {each["minutes"] for each in before.values()} == {None}
    assert (before["som"]["kind_name"], before["som"]["target_minutes"]) == ("Kiểm tra hiện trường", 45)
    assert (before["quen"]["kind_name"], before["quen"]["target_minutes"]) == (None, 60)
    newsroom.clock.advance(timedelta(minutes=90))
    await told_by_post(newsroom, before["som"])
    newsroom.clock.advance(timedelta(minutes=40))
    await told_by_post(newsroom, before["tre"])
    after = {each["uid"]: each for each in await events(newsroom)}
    assert [(after[u]["told"], after[u]["minutes"], after[u]["is_late"]) for u in ("som", "tre", "quen")] == [
        ("in_time", 30, False),
        ("late", 70, True),
        ("overdue", None, True),
    ]
    assert [each["uid"] for each in await events(newsroom, late="true")] == ["tre", "quen"]
    assert [each["uid"] for each in await events(newsroom, late="false")] == ["som"]
    range_ = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(days=1)).isoformat()}
    told = (await newsroom.client.get(f"{AGENDA}/figures", params=range_, headers=newsroom.editor)).json()
    assert (told["counted"], told["in_time"], told["late"], told["overdue"]) == (3, 1, 1, 1)
    assert (told["median_minutes"], told["share_in_time"]) == (50, 0.3333)
    assert told["source"] == "agenda_events, deliveries"


async def told_by_post(newsroom: Newsroom, event: dict[str, Any]) -> None:
    post = await newsroom.published(title=f"Tin về {event['title']} {event['uid']}")
    linked = await newsroom.client.put(
        f"{AGENDA}/events/{event['id']}/publication", json={"publication_id": post["id"]}, headers=newsroom.editor
    )
    assert linked.status_code == 200, linked.text


async def test_each_once_by_its_uid_newer_words_over_older_and_cancelled_is_cancelled(newsroom: Newsroom) -> None:
    at = newsroom.clock.now() + timedelta(days=2)
    assert (await imported(newsroom, entry("a", at), entry("b", at)))["counts"] == [2, 0, 0, 0]
    assert (await imported(newsroom, entry("a", at), entry("b", at)))["counts"] == [0, 0, 0, 2]
    later = await imported(
        newsroom, entry("a", at + timedelta(hours=1), SEQUENCE=1), entry("b", at, STATUS="CANCELLED")
    )
    assert later["counts"] == [0, 1, 1, 0]
    old = await imported(newsroom, entry("a", at, SEQUENCE=0))
    assert (old["counts"], old["outdated"]) == ([0, 0, 0, 0], 1)
    assert [(e["uid"], e["state"]) for e in await events(newsroom)] == [("b", "cancelled"), ("a", "planned")]
    runs = (await newsroom.client.get(f"{AGENDA}/imports", headers=newsroom.editor)).json()["items"]
    assert [run["outdated"] for run in runs] == [1, 0, 0, 0]


async def test_what_a_series_leaves_out_later_is_cancelled_and_what_is_past_stays(newsroom: Newsroom) -> None:
    first = newsroom.clock.now() - timedelta(days=7)
    first_run = await imported(newsroom, entry("s", first, RRULE="FREQ=WEEKLY;COUNT=5"))
    assert first_run["counts"] == [5, 0, 0, 0]
    shorter = await imported(newsroom, entry("s", first, RRULE="FREQ=WEEKLY;COUNT=3", SEQUENCE=1))
    assert shorter["counts"] == [0, 0, 2, 3]
    gone = await imported(newsroom, entry("s", first + timedelta(days=90), SEQUENCE=2))
    assert gone["counts"] == [1, 0, 1, 0]
    assert [each["state"] for each in await events(newsroom)] == ["planned", "planned", *["cancelled"] * 3, "planned"]


async def test_a_late_activity_warns_its_desk_once_and_again_only_when_it_was_moved(newsroom: Newsroom) -> None:
    now = newsroom.clock.now()
    await imported(newsroom, entry("a", now, 30), entry("cu", now - timedelta(days=5)), entry("n", now, 30))
    n = next(each for each in await events(newsroom) if each["uid"] == "n")
    await told_by_post(newsroom, n)
    newsroom.clock.advance(timedelta(minutes=89))
    assert await warned(newsroom) == []
    newsroom.clock.advance(timedelta(minutes=2))
    assert await warned(newsroom) == ["Chưa có tin về hoạt động: Chủ tịch kiểm tra công trường cầu"]
    assert len(await warned(newsroom)) == 1
    await imported(newsroom, entry("a", newsroom.clock.now(), 30, SEQUENCE=1))
    newsroom.clock.advance(timedelta(minutes=91))
    assert len(await warned(newsroom)) == 2


async def warned(newsroom: Newsroom) -> list[str]:
    await jobs.warn_of_late_activities(newsroom.context)
    query = select(m.Notification.subject).where(m.Notification.kind == "activity_late")
    async with newsroom.db.transaction() as session:
        return list(await session.scalars(query))


async def test_the_first_post_begins_from_its_template_and_an_editor_finishes_it(newsroom: Newsroom) -> None:
    await kind(newsroom)
    await imported(newsroom, entry("a", newsroom.clock.now(), LOCATION="cầu Tứ Liên"))
    [event] = await events(newsroom)
    body = {"channel_ids": [str(newsroom.bulletin.id)]}
    at = f"{AGENDA}/events/{event['id']}"
    made = await newsroom.client.post(f"{at}/draft", json=body, headers=newsroom.editor)
    assert made.status_code == 201, made.text
    assert made.json()["title"] == "Chủ tịch kiểm tra công trường cầu"
    assert "tại cầu Tứ Liên. Kết quả: {ket_qua}" in made.json()["body"]
    refused = await newsroom.act("submit", made.json(), newsroom.editor)
    assert (refused.status_code, slug_of(refused)) == (409, "still-automatic")
    again = await newsroom.client.post(f"{at}/draft", json=body, headers=newsroom.editor)
    assert (again.status_code, slug_of(again)) == (409, "already-told")
    unlinked = await newsroom.client.put(f"{at}/publication", json={"publication_id": None}, headers=newsroom.editor)
    assert unlinked.json()["publication_id"] is None
    await newsroom.client.put(f"{at}/kind", json={"kind_id": None}, headers=newsroom.editor)
    nothing = await newsroom.client.post(f"{at}/draft", json=body, headers=newsroom.editor)
    assert (nothing.status_code, slug_of(nothing)) == (409, "no-template")


async def test_kinds_are_named_once_and_rewritten(newsroom: Newsroom) -> None:
    made = await kind(newsroom)
    taken = await newsroom.client.post(f"{AGENDA}/kinds", json=KIND, headers=newsroom.editor)
    assert (taken.status_code, slug_of(taken)) == (409, "agenda-kind-exists")
    body = {**KIND, "measured_from": "start", "target_minutes": 5}
    changed = await newsroom.client.put(f"{AGENDA}/kinds/{made['id']}", json=body, headers=newsroom.editor)
    assert (changed.status_code, changed.json()["measured_from"]) == (200, "start")
    await imported(newsroom, entry("a", newsroom.clock.now(), 60))
    newsroom.clock.advance(timedelta(minutes=6))
    assert [each["told"] for each in await events(newsroom)] == ["overdue"]
    assert len((await newsroom.client.get(f"{AGENDA}/kinds", headers=newsroom.editor)).json()) == 1


async def test_a_unit_sees_and_works_at_its_own_desk(newsroom: Newsroom, officers: Officers) -> None:
    await imported(newsroom, entry("a", newsroom.clock.now()))
    [event] = await events(newsroom)
    ward = await officers.make.unit()
    stranger = await officers.sign_in(Role.EDITOR, unit_id=ward.id)
    hidden = await newsroom.client.get(f"{AGENDA}/events/{event['id']}", headers=stranger.headers)
    assert (hidden.status_code, slug_of(hidden)) == (404, "agenda-event-not-found")
    theirs = f"{AGENDA}/imports?unit_id={newsroom.bulletin.unit_id}"
    refused = await newsroom.client.post(theirs, content=calendar(), headers=stranger.headers)
    assert (refused.status_code, slug_of(refused)) == (403, "not-at-this-desk")
    post = await newsroom.client.post(
        f"{API}/publications",
        json={"title": "Tin phường", "body": "x", "channel_ids": [str(newsroom.bulletin.id)]},
        headers=stranger.headers,
    )
    assert post.status_code == 201, post.text
    at = f"{AGENDA}/events/{event['id']}/publication"
    for publication_id in (post.json()["id"], str(uuid4())):
        wrong = await newsroom.client.put(at, json={"publication_id": publication_id}, headers=newsroom.editor)
        assert (wrong.status_code, slug_of(wrong)) == (422, "not-tellable")
    change = text(
        "UPDATE agenda_events SET publication_id = :p, linked_at = updated_at, "
        "linked_by = (SELECT imported_by FROM agenda_imports LIMIT 1)"
    )
    with pytest.raises(DBAPIError, match="its own unit"):
        async with newsroom.worker_db.transaction() as session:
            await session.execute(change, {"p": UUID(post.json()["id"])})


async def test_hostile_files_get_a_clear_answer_and_leave_nothing(newsroom: Newsroom) -> None:
    at = f"{AGENDA}/imports"
    for data, status, slug in (
        (b"<html>", 422, "calendar-not-readable"),
        (b"BEGIN:VCALENDAR\r\n" + b"x" * 3_000_000, 413, "calendar-too-big"),
    ):
        refused = await newsroom.client.post(at, content=data, headers=newsroom.editor)
        assert (refused.status_code, slug_of(refused)) == (status, slug)
    odd = await imported(
        newsroom,
        "SUMMARY:không UID",
        entry("bomb", newsroom.clock.now(), RRULE="FREQ=SECONDLY"),
        entry("xa", newsroom.clock.now() + timedelta(days=3000)),
        entry("tot", newsroom.clock.now(), SUMMARY="Gặp anh Ba 0912345678"),
    )
    assert odd["counts"] == [1, 0, 0, 0]
    assert [each["entry"] for each in odd["refused"]] == [1, 2, None]
    [event] = await events(newsroom)
    assert "0912345678" not in event["title"], "numbers of people are masked"


async def test_a_range_is_bounded_and_events_come_in_pages(newsroom: Newsroom) -> None:
    now = newsroom.clock.now()
    await imported(newsroom, *(entry(f"e{n}", now + timedelta(hours=n)) for n in range(5)))
    wide = {"from": now.isoformat(), "to": (now + timedelta(days=367)).isoformat()}
    refused = await newsroom.client.get(f"{AGENDA}/events", params=wide, headers=newsroom.editor)
    assert (refused.status_code, slug_of(refused)) == (422, "range-refused")
    range_ = {"from": now.isoformat(), "to": (now + timedelta(days=2)).isoformat(), "limit": "2"}
    seen: list[str] = []
    while True:
        page = (await newsroom.client.get(f"{AGENDA}/events", params=range_, headers=newsroom.editor)).json()
        seen += [each["uid"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        range_["cursor"] = page["next_cursor"]
    assert seen == ["e0", "e1", "e2", "e3", "e4"]


@pytest.fixture
def calendar_url() -> Iterator[str]:
    """A calendar on a private address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/lich.ics" else 404)
            self.end_headers()
            self.wfile.write(calendar(entry("u", datetime.fromisoformat("2026-12-01T01:00:00+00:00"))))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/lich.ics"
    server.shutdown()
    server.server_close()


async def test_an_address_is_fetched_by_the_public_policy_alone(newsroom: Newsroom, calendar_url: str) -> None:
    for url in (calendar_url, "http://10.0.0.1/lich.ics", "http://169.254.169.254/latest"):
        refused = await newsroom.client.post(f"{AGENDA}/imports/from-url", json={"url": url}, headers=newsroom.editor)
        assert (refused.status_code, slug_of(refused)) == (422, "calendar-not-fetched"), url
    assert (await newsroom.client.get(f"{AGENDA}/imports", headers=newsroom.editor)).json()["items"] == []


async def test_a_calendar_that_may_be_fetched_is_read_like_a_file(newsroom: Newsroom, calendar_url: str) -> None:
    """Loopback is open to replays alone, which play strangers' sites on this machine."""
    data = await importing.fetch_calendar(calendar_url, replace(newsroom.resources, replay=True))
    found = await importing.read_apart(data, datetime.fromisoformat("2026-12-01T00:00:00+00:00"))
    assert [each["uid"] for each in found["occurrences"]] == ["u"]
    with pytest.raises(CalendarNotFetched, match="404"):
        await importing.fetch_calendar(f"{calendar_url}.bak", replace(newsroom.resources, replay=True))


def activity(minutes: float | None, **changes: Any) -> Activity:
    begins = datetime.fromisoformat("2026-12-01T01:00:00+00:00")
    ends = begins + timedelta(hours=1)
    post = ends + timedelta(minutes=minutes) if minutes is not None else None
    values: dict[str, Any] = {
        "starts_at": begins,
        "ends_at": ends,
        "is_all_day": False,
        "state": "planned",
        "target_minutes": None,
        "measured_from": None,
        "first_post_at": post,
        **changes,
    }
    return Activity(**values)


@pytest.mark.parametrize(
    ("given", "after_end", "told", "minutes"),
    [
        (activity(None), -90, Told.AHEAD, None),
        (activity(None), 59, Told.WAITING, None),
        (activity(None), 60, Told.WAITING, None),
        (activity(None), 61, Told.OVERDUE, None),
        (activity(60), 200, Told.IN_TIME, 60),
        (activity(60.1), 200, Told.LATE, 60.1),
        (activity(-20), 200, Told.IN_TIME, -20),
        (activity(10, measured_from="start"), 200, Told.LATE, 70),
        (activity(10, state="cancelled"), 200, Told.CANCELLED, None),
        (activity(10, is_all_day=True), 200, Told.NO_HOUR, None),
        (activity(100, target_minutes=120), 200, Told.IN_TIME, 100),
    ],
)
def test_how_an_activity_stands(given: Activity, after_end: int, told: Told, minutes: float | None) -> None:
    measured = measure(given, given.ends_at + timedelta(minutes=after_end))
    assert (measured.told, measured.minutes) == (told, minutes)


def test_a_figure_that_nothing_stands_behind_is_missing_and_not_0() -> None:
    nothing = figures([])
    assert (nothing.activities, nothing.median_minutes, nothing.share_in_time) == (0, None, None)
    waiting = figures([measure(activity(None), activity(None).ends_at)])
    assert (waiting.counted, waiting.median_minutes, waiting.share_in_time) == (1, None, None)
