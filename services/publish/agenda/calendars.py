"""Calendars read by their address again and again: claimed by one worker, asked outside of any transaction, recorded.

What a worker brings counts only while its lease lasts, so that a slow one never writes over a newer reading.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.http import Fetched, FetchError, FetchRefused, check_url
from libs.common.ids import new_id
from libs.common.models.agenda import CalendarState
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from libs.common.retry_after import asked_until
from services.publish.agenda import calendar_rules as rules
from services.publish.agenda import importing, queries, reading
from services.publish.agenda import problems as wrong
from services.publish.agenda.calendar_rules import Answer
from services.publish.agenda.desk import require_desk
from services.publish.agenda.importing import Origin
from services.publish.resources import PublishResources
from services.publish.service import links
from services.publish.service.publications import SEES

ACCEPT = "text/calendar, */*;q=0.5"

# --- reading by the address: outside of any transaction -----------------------------------------------------


async def ask(calendar: m.AgendaCalendar, res: PublishResources, now: datetime) -> Answer:
    """Whatever the server does becomes an answer, never an exception."""
    headers = {"Accept": ACCEPT, **rules.validators(calendar.etag, calendar.last_modified)}
    try:
        async with links.fetcher(res.site.origin, replay=res.replay) as fetcher:
            got = await fetcher.fetch(calendar.url, headers=headers, max_bytes=reading.MAX_BYTES)
    except FetchError as error:
        return Answer(error=error.vi)
    if got.not_modified:
        return Answer(status=304)
    if not got.ok:
        until = asked_until(got.headers.get("retry-after"), now)
        return Answer(status=got.status, error=f"Máy chủ trả lời {got.status}.", wait_until=until)
    return await _read(got, calendar.digest, now)


async def _read(got: Fetched, digest: bytes | None, now: datetime) -> Answer:
    """The same file as last time is not read again: many servers keep no validators."""
    seen = hashlib.sha256(got.body).digest()
    if seen == digest:
        return Answer(status=got.status)
    try:
        found = await importing.read_apart(got.body, now)
    except wrong.CalendarNotReadable as error:
        return Answer(status=got.status, error=f"{error.title_vi}: {error.detail}")
    return Answer(
        status=got.status,
        etag=rules.validator(got.headers.get("etag")),
        last_modified=rules.validator(got.headers.get("last-modified")),
        digest=seen,
        found=found,
    )


# --- at the desk --------------------------------------------------------------------------------------------


def require_askable(url: str, *, replay: bool) -> None:
    """Where nobody needs to be asked to see that it leads nowhere; a worker asks the others."""
    try:
        check_url(url, None if replay else links.LIMITS.ports)
    except FetchRefused as error:
        raise wrong.CalendarNotFetched(error.vi) from error


async def add_calendar(
    session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime
) -> m.AgendaCalendar:
    """Due at once: it is read as soon as a worker is free."""
    unit_id = fields.pop("unit_id", None) or who.unit_id
    require_desk(who, unit_id)
    await queries.lock_desk(session, unit_id)
    known = await queries.calendars_of(session, [unit_id])
    if any(each.url == fields["url"] for each in known):
        raise wrong.AgendaCalendarExists("Đơn vị đã theo dõi địa chỉ này.")
    if len(known) >= rules.MOST:
        raise wrong.TooManyCalendars(f"Một đơn vị theo dõi nhiều nhất {rules.MOST} lịch.")
    calendar = m.AgendaCalendar(
        id=new_id(now),
        unit_id=unit_id,
        state=CalendarState.ACTIVE,
        next_poll_at=now,
        failures=0,
        created_by=who.person_id,
        created_at=now,
        updated_at=now,
        **fields,
    )
    session.add(calendar)
    await session.flush()
    await _audit(session, calendar, "agenda_calendar.added", who.person_id, now)
    return calendar


async def change_calendar(
    session: AsyncSession, calendar_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.AgendaCalendar:
    """What a person sets active again is asked at once, as if it had never failed."""
    calendar = await _locked(session, calendar_id, who)
    is_paused = fields.pop("is_paused", None)
    for name, value in fields.items():
        setattr(calendar, name, value)
    if is_paused:
        calendar.state = CalendarState.PAUSED
    elif is_paused is not None and calendar.state != CalendarState.ACTIVE:
        calendar.state, calendar.failures, calendar.next_poll_at = CalendarState.ACTIVE, 0, now
    calendar.updated_at = now
    await session.flush()
    await _audit(session, calendar, "agenda_calendar.changed", who.person_id, now)
    return calendar


async def poll_soon(session: AsyncSession, calendar_id: UUID, who: Principal, now: datetime) -> m.AgendaCalendar:
    """Due at once, and read whole."""
    calendar = await _locked(session, calendar_id, who)
    if calendar.state != CalendarState.ACTIVE:
        raise wrong.AgendaCalendarResting("Lịch đang tạm dừng hoặc không còn; hãy bật lại trước.")
    calendar.next_poll_at, calendar.etag, calendar.last_modified, calendar.digest = now, None, None, None
    calendar.updated_at = now
    await session.flush()
    return calendar


async def require_calendar(
    session: AsyncSession, calendar_id: UUID, who: Principal, *, lock: bool = False
) -> m.AgendaCalendar:
    calendar = await queries.get_calendar(session, calendar_id, lock=lock)
    if calendar is None or calendar.unit_id not in who.units(*SEES):
        raise wrong.AgendaCalendarNotFound(f"Không có lịch {calendar_id} trong đơn vị của bạn.")
    return calendar


async def _locked(session: AsyncSession, calendar_id: UUID, who: Principal) -> m.AgendaCalendar:
    calendar = await require_calendar(session, calendar_id, who, lock=True)
    require_desk(who, calendar.unit_id)
    return calendar


# --- by its time --------------------------------------------------------------------------------------------


async def claim_due(session: AsyncSession, now: datetime, limit: int) -> list[m.AgendaCalendar]:
    """Due ones that nobody else reads, the longest due first; ours for the lease."""
    claimed = list(await queries.claim_calendars(session, now, limit))
    for calendar in claimed:
        calendar.leased_until = now + rules.LEASE
    return claimed


async def record(session: AsyncSession, claimed: m.AgendaCalendar, answer: Answer, now: datetime) -> bool:
    """False where the lease is not ours any more: whoever has it now records."""
    await queries.lock_desk(session, claimed.unit_id)
    calendar = await queries.get_calendar(session, claimed.id, lock=True)
    if calendar is None or calendar.leased_until != claimed.leased_until:
        return False
    before = calendar.failures
    changes = await _record(session, calendar, answer, now)
    if rules.is_to_be_told(before, changes):
        await _tell(session, calendar, now)
    return True


async def _record(session: AsyncSession, calendar: m.AgendaCalendar, answer: Answer, now: datetime) -> dict[str, Any]:
    if answer.found is not None:
        origin = Origin(calendar.unit_id, None, calendar.url, calendar.id)
        await importing.import_calendar(session, answer.found, origin, now)
    changes = rules.changes_of(calendar.id, answer, calendar.poll_seconds, calendar.failures, calendar.state, now)
    for name, value in changes.items():
        setattr(calendar, name, value)
    await session.flush()
    return changes


async def _tell(session: AsyncSession, calendar: m.AgendaCalendar, now: datetime) -> None:
    since = f"{calendar.last_ok_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}" if calendar.last_ok_at else None
    last = f"Lần đọc được gần nhất: {since}." if since else "Chưa lần nào đọc được."
    again = (
        "Lịch không còn ở địa chỉ này; sẽ không đọc lại cho đến khi có người bật lại."
        if calendar.state == CalendarState.GONE
        else "Vẫn thử lại, thưa dần."
    )
    values = {
        "id": new_id(now),
        "kind": "calendar_unreadable",
        "role": Role.EDITOR,
        "unit_id": calendar.unit_id,
        "object_type": "agenda_calendar",
        "object_id": calendar.id,
        "subject": f"Không đọc được lịch: {calendar.name}",
        "body": f"{calendar.last_error} {last} {again}",
        "dedupe": f"calendar_unreadable:{calendar.id}:{calendar.state}:{calendar.last_ok_at}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, values)


async def _audit(session: AsyncSession, calendar: m.AgendaCalendar, action: str, by: UUID, now: datetime) -> None:
    """Without the address: many calendars' addresses are their key."""
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=by,
        object_type="agenda_calendar",
        object_id=calendar.id,
        now=now,
        facts={"unit_id": str(calendar.unit_id), "state": calendar.state},
    )
