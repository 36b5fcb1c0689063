"""The index of CAP messages and the public calendar: found from the pages, and read by programs that know nothing of
us (feedparser, icalendar)."""

from datetime import timedelta
from typing import Any

import feedparser
import pytest
from icalendar import Calendar
from lxml import etree, html

from libs.common import models as m
from libs.common.ids import new_id
from services.publish import bulletin
from tests.publish.bulletin.test_feeds_strict import faults
from tests.publish.consultation.test_consultations import Asking, asking
from tests.publish.corrections.conftest import desk
from tests.publish.corrections.factcheck import CAP, FactCheck
from tests.publish.entries import NOW, SITE, entry
from tests.publish.newsroom import Newsroom

__all__ = ["asking", "desk"]


async def alternates(room: Newsroom, path: str) -> dict[str, str]:
    page = html.document_fromstring((await room.client.get(path)).text)
    return {link.get("href"): link.get("type") for link in page.xpath("//head/link[@rel='alternate'][@type]")}


async def index(room: Newsroom) -> Any:
    got = await room.client.get("/cap.atom")
    assert got.status_code == 200, got.text
    assert got.headers["content-type"].startswith("application/atom+xml")
    assert faults("capindex", got.content) == []
    read = feedparser.parse(got.content)
    assert not read.bozo
    return read


def message_of(found: Any) -> str:
    [link] = [each for each in found.links if each.type == "application/cap+xml"]
    assert link.rel == "alternate"
    return str(link.href).removeprefix("https://tin.example.vn")


@pytest.mark.mission("M36", "M08")
async def test_each_cap_message_is_in_the_index_and_the_index_is_found_from_the_pages(desk: FactCheck) -> None:
    room = desk.room
    plain = await room.published(title="Tin thường, không có bản CAP")
    first = await desk.out(await desk.drafted(await desk.claim()))
    room.clock.advance(timedelta(minutes=1))
    update = await desk.out(await desk.followed(first, "update"))
    for path in ("/", "/en", f"/tin/{first['slug']}"):
        told = await alternates(room, path)
        assert told["https://tin.example.vn/cap.atom"] == "application/atom+xml"
        assert told["https://tin.example.vn/lich.ics"] == "text/calendar"
    read = await index(room)
    assert [one.title for one in read.entries] == [update["title"], first["title"]]
    assert plain["title"] not in str(read)
    for found, made, kind in zip(read.entries, (update, first), ("Update", "Alert"), strict=True):
        got = await room.client.get(message_of(found))
        assert got.headers["content-type"].startswith("application/cap+xml")
        document = etree.fromstring(got.content)
        assert document.findtext(f"{CAP}identifier") == found.id == f"urn:uuid:{made['id']}"
        assert document.findtext(f"{CAP}msgType") == found.tags[0].term == kind


@pytest.mark.mission("M30")
async def test_what_is_withdrawn_becomes_a_cancellation_there_too_and_keeps_none_of_its_words(desk: FactCheck) -> None:
    made = await desk.out(await desk.drafted(await desk.claim()))
    done = await desk.room.act("withdraw", made, desk.room.speaker, reason="Kết luận đã được xem xét lại")
    assert done.is_success, done.text
    await desk.room.take_down()
    read = await index(desk.room)
    [found] = read.entries
    assert found.tags[0].term == "Cancel"
    assert made["title"] not in str(read)
    assert found.summary == "Kết luận đã được xem xét lại"
    cancelled = etree.fromstring((await desk.room.client.get(message_of(found))).content)
    assert cancelled.findtext(f"{CAP}msgType") == "Cancel"


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry(1, is_urgent=True, title="Đê & kè <b>]]></b>", unit_name=None, summary=None)],
        [entry(2, is_urgent=True, state="withdrawn", title="", body="", summary=None, withdrawn_reason=None)],
    ],
    ids=["none", "hostile words", "withdrawn without a reason"],
)
def test_the_index_holds_under_strict_rules(entries: list[bulletin.Entry]) -> None:
    made = bulletin.cap_feed(SITE, entries, NOW)
    assert faults("capindex", made) == []
    assert len(feedparser.parse(made).entries) == len(entries)


def test_the_rules_of_the_index_see_what_is_wrong() -> None:
    made = bulletin.cap_feed(SITE, [entry(1, is_urgent=True)], NOW)
    assert faults("capindex", made.replace(b'"application/cap+xml"', b'"application/xml"')) != []
    assert faults("capindex", made.replace(b'"Alert"', b'"Ack"')) != []


# --- the calendar -------------------------------------------------------------------------------------------


async def calendar(asking: Asking) -> list[Any]:
    await asking.newsroom.resources.press.refresh()
    got = await asking.client.get("/lich.ics")
    assert got.headers["content-type"].startswith("text/calendar")
    read = Calendar.from_ical(got.content)
    assert read["VERSION"] == "2.0"
    return list(read.walk("VEVENT"))


@pytest.mark.mission("M36")
async def test_the_calendar_tells_what_the_public_is_asked_and_nothing_before_two_people_opened_it(
    asking: Asking,
) -> None:
    made = await asking.draft()
    assert await calendar(asking) == []
    opened = await asking.do(f"/{made['id']}/open", asking.speaker)
    assert opened.is_success, opened.text
    [event] = await calendar(asking)
    assert event["SUMMARY"] == f"Hỏi ý kiến: {made['question']}"
    assert event["URL"] == f"https://tin.example.vn/gop-y/{made['slug']}"
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(days=7)
    assert event["DTSTART"].dt.utcoffset() == timedelta(0)
    assert event["CLASS"] == "PUBLIC"
    assert {"ORGANIZER", "ATTENDEE", "CONTACT", "COMMENT"}.isdisjoint(event)
    page = await asking.client.get("/gop-y")
    assert 'type="text/calendar"' in page.text
    again = await asking.client.get("/lich.ics")
    known = await asking.client.get("/lich.ics", headers={"If-None-Match": again.headers["etag"]})
    assert known.status_code == 304


async def test_directing_activities_are_nobodys_business_outside(asking: Asking) -> None:
    """What was imported from the leadership's calendars was never approved for the public."""
    room, now = asking.newsroom, asking.newsroom.clock.now()
    async with room.db.transaction() as session:
        brought = {"created": 1, "updated": 0, "cancelled": 0, "unchanged": 0, "outdated": 0}
        whose = {"unit_id": asking.unit, "imported_by": asking.writer.person.id, "imported_at": now}
        load = m.AgendaImport(id=new_id(now), source="upload", **whose, **brought)
        session.add(load)
        await session.flush()
        times = {"starts_at": now, "ends_at": now + timedelta(hours=1), "created_at": now, "updated_at": now}
        told = {"uid": "x", "title": "Họp kín về quy hoạch", "is_all_day": False, "state": "planned", "sequence": 0}
        session.add(m.AgendaEvent(id=new_id(now), unit_id=asking.unit, import_id=load.id, **told, **times))
    assert await calendar(asking) == []
