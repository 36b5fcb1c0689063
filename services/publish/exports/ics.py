"""iCalendar (RFC 5545, RFC 7986): for programs that subscribe to a unit's calendar, and as a file.

What a subscriber sees is decided here. An address is passed on: to the calendar's provider, to a phone that is lost,
to whoever left the unit. So a subscription says *that* something not yet approved is planned and when, so that nobody
plans over it, and not what: only an approved title is the city's word. It never holds text, reasons, names of people
or campaigns. What was withdrawn or killed is marked cancelled and its title is not repeated, as on its page. A file
that somebody signed in fetches holds what they may see in the calendar itself.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vDDDTypes, vDuration, vText

from libs.common.papers.wording import clean
from libs.common.web import Site
from services.publish.calendar_rules import DEAD, UNAPPROVED, Entry
from services.publish.domain import GOING_OUT
from services.publish.exports.contents import STATES, CampaignLine, Contents, headline

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=1)
ZONE = "Asia/Ho_Chi_Minh"
PRODID = "-//Lan Tỏa//Lịch đăng tin 1//VI"


def subscription(unit_name: str, entries: Sequence[Entry], site: Site) -> bytes:
    """A unit's calendar for whoever holds its address."""
    calendar = _calendar(f"Lịch đăng tin · {unit_name}")
    for entry in entries:
        calendar.add_component(_event(entry, _public_summary(entry), _about(entry), site))
    return bytes(calendar.to_ical())


def file_of(contents: Contents, site: Site) -> bytes:
    """For somebody signed in: every title, and the campaigns of a plan as days."""
    calendar = _calendar(f"{contents.title} · {contents.unit_name}")
    for theme in contents.themes:
        for campaign in theme.campaigns:
            calendar.add_component(_campaign_event(campaign, theme.title))
    for entry in contents.entries:
        about = [*_about(entry), *([f"Chiến dịch: {entry.campaign.title}"] if entry.campaign else [])]
        calendar.add_component(_event(entry, headline(entry), about, site))
    return bytes(calendar.to_ical())


def _calendar(name: str) -> Calendar:
    """Without METHOD, so that DTSTAMP is the time of the last change and the same rows give the same bytes."""
    calendar = Calendar()
    calendar.add("PRODID", PRODID)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("NAME", vText(clean(name)))
    calendar.add("X-WR-CALNAME", vText(clean(name)))
    calendar.add("X-WR-TIMEZONE", vText(ZONE))
    calendar.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    return calendar


def _event(entry: Entry, summary: str, about: Sequence[str], site: Site) -> Event:
    """An instant (no DTEND): a post has no length, and takes nobody's time."""
    event = _dated(str(entry.publication_id), entry.updated_at)
    event.add("DTSTART", _utc(entry.at))
    event.add("SUMMARY", summary)
    status = _status(entry)
    event.add("SEQUENCE", 2 * entry.revision + (status == "CANCELLED"))  # RFC 5545 3.8.7.4: a cancellation counts
    event.add("STATUS", status)
    event.add("DESCRIPTION", clean("\n".join(about)))
    if address := _address(entry, site):
        event.add("URL", address)
    return event


def _dated(uid: str, changed: datetime) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", _utc(changed))
    event.add("LAST-MODIFIED", _utc(changed))
    event.add("CLASS", "PRIVATE")
    event.add("TRANSP", "TRANSPARENT")
    return event


def _campaign_event(campaign: CampaignLine, theme: str) -> Event:
    """Whole days; the end of RFC 5545 is the day after the last."""
    event = _dated(campaign.id, campaign.updated_at)
    event.add("DTSTART", _day(campaign.starts_on))
    event.add("DTEND", _day(campaign.ends_on + timedelta(days=1)))
    event.add("SUMMARY", clean(f"Chiến dịch: {campaign.title}"))
    about = [f"Chủ đề: {theme}", *([f"Kênh: {', '.join(campaign.channels)}"] if campaign.channels else [])]
    event.add("DESCRIPTION", clean("\n".join(about)))
    return event


def _public_summary(entry: Entry) -> str:
    if entry.state in DEAD:
        return f"Tin: {STATES[entry.state].lower()}"
    if entry.state in UNAPPROVED:
        return f"Tin chưa duyệt ({STATES[entry.state].lower()})"
    return headline(entry)


def _about(entry: Entry) -> list[str]:
    channels = ", ".join(channel.name for channel in entry.channels)
    return [f"Trạng thái: {STATES[entry.state]}", *([f"Kênh: {channels}"] if channels else [])]


def _status(entry: Entry) -> str:
    if entry.state in DEAD:
        return "CANCELLED"
    return "TENTATIVE" if entry.state in UNAPPROVED else "CONFIRMED"


def _address(entry: Entry, site: Site) -> str | None:
    """The page of what is out on the bulletin."""
    is_out = entry.state in GOING_OUT and entry.published_at is not None
    on_bulletin = any(channel.kind == "own_site" for channel in entry.channels)
    return site.url(f"/tin/{entry.slug}") if is_out and on_bulletin else None


def _utc(at: datetime) -> vDDDTypes:
    return vDDDTypes(at.replace(microsecond=0))


def _day(day: date) -> vDDDTypes:
    return vDDDTypes(day)
