"""The windows of consultations as iCalendar (RFC 5545): what anybody may answer, and until when. No person is named."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vDDDTypes, vDuration, vText

from libs.common import models as m
from libs.common.web import Site

PATH = "/lich.ics"
MEDIA_TYPE = "text/calendar; charset=utf-8"
PRODID = "-//Lan Tỏa//Hỏi ý kiến 1//VI"
REFRESH = timedelta(hours=6)
LEAD = 500


def calendar(site: Site, opened: Sequence[m.Consultation]) -> bytes:
    """`opened`: by two people, so public. Without METHOD and with the time of the last change as DTSTAMP, so that the
    same rows give the same bytes."""
    made = Calendar()
    name = f"{site.name} · Hỏi ý kiến"
    for key, value in (("PRODID", PRODID), ("VERSION", "2.0"), ("CALSCALE", "GREGORIAN")):
        made.add(key, value)
    made.add("NAME", vText(name))
    made.add("X-WR-CALNAME", vText(name))
    made.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    for one in opened:
        made.add_component(_event(site, one))
    return bytes(made.to_ical())


def _event(site: Site, one: m.Consultation) -> Event:
    changed = one.changed_at or one.opened_at
    assert changed is not None, "what is not open is not shown"
    address = site.url(f"/gop-y/{one.slug}")
    event = Event()
    event.add("UID", str(one.id))
    event.add("SEQUENCE", 0 if one.changed_at is None else 1)
    for key, at in (("DTSTAMP", changed), ("LAST-MODIFIED", changed), ("DTSTART", one.opens_at)):
        event.add(key, _instant(at))
    event.add("DTEND", _instant(one.closes_at))
    event.add("SUMMARY", f"Hỏi ý kiến: {one.question}")
    event.add("DESCRIPTION", _about(one, address))
    event.add("URL", address)
    event.add("STATUS", "CONFIRMED")
    event.add("CLASS", "PUBLIC")
    event.add("TRANSP", "TRANSPARENT")
    return event


def _about(one: m.Consultation, address: str) -> str:
    if one.what_changed:
        return f"Đã công bố điều thay đổi sau lần hỏi ý kiến này: {address}"
    lead = one.body if len(one.body) <= LEAD else one.body[: LEAD - 1].rsplit(" ", 1)[0] + "…"
    return f"{lead}\n\nTrả lời, không cần đăng nhập: {address}"


def _instant(at: datetime) -> vDDDTypes:
    return vDDDTypes(at.replace(microsecond=0))
