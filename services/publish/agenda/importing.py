"""Calendar files into activities: each once by its UID, newer words over older ones, what was cancelled cancelled."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.http import FetchError
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.agenda import AgendaSource, AgendaState
from libs.common.text import fold
from services.publish.agenda import problems as wrong
from services.publish.agenda import queries, reading
from services.publish.agenda.desk import require_desk
from services.publish.resources import PublishResources
from services.publish.service import links

SECONDS = 20
BACK, AHEAD = timedelta(days=60), timedelta(days=400)
TOLD = 200
"""Refusals that are kept one by one."""
TOO_HEAVY = "Tệp lịch quá nặng để đọc; hãy xuất lại với khoảng thời gian ngắn hơn."
Key = tuple[str, str]
COUNTS = ("created", "updated", "cancelled", "unchanged", "outdated")


class Origin(NamedTuple):
    """Where a calendar comes from. `by`: None where it was read by its address at its time."""

    unit_id: UUID
    by: UUID | None
    url: str | None = None
    calendar_id: UUID | None = None


async def fetch_calendar(url: str, res: PublishResources) -> bytes:
    """From a public address only, outside of any transaction."""
    async with links.fetcher(res.site.origin, replay=res.replay) as fetcher:
        try:
            answer = await fetcher.fetch(url, max_bytes=reading.MAX_BYTES)
        except FetchError as error:
            raise wrong.CalendarNotFetched(error.vi) from error
    if not answer.ok:
        raise wrong.CalendarNotFetched(f"Máy chủ trả lời {answer.status}.")
    return answer.body


async def read_apart(data: bytes, now: datetime) -> dict[str, Any]:
    """`reading` as a program of its own: what a hostile file breaks there breaks alone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        reading.__name__,
        (now - BACK).isoformat(),
        (now + AHEAD).isoformat(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(data), SECONDS)
        told: dict[str, Any] = json.loads(said)
    except (TimeoutError, ValueError) as error:  # a program that ended without a word: no time or memory was left
        raise wrong.CalendarNotReadable(TOO_HEAVY) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if "error" in told:
        raise wrong.CalendarNotReadable(told["error"])
    return told


async def import_upload(
    session: AsyncSession,
    unit_id: UUID | None,
    found: Mapping[str, Any],
    url: str | None,
    who: Principal,
    now: datetime,
) -> m.AgendaImport:
    """By a person, from a file or once from an address."""
    unit_id = unit_id or who.unit_id
    require_desk(who, unit_id)
    run = await import_calendar(session, found, Origin(unit_id, who.person_id, url), now)
    assert run is not None, "what a person brings is always told"
    return run


async def import_calendar(
    session: AsyncSession, found: Mapping[str, Any], origin: Origin, now: datetime
) -> m.AgendaImport | None:
    """What `reading` found, as activities. None where a calendar read at its time told nothing that was not told."""
    await queries.lock_desk(session, origin.unit_id)
    before = await queries.last_import(session, origin.calendar_id) if origin.calendar_id else None
    occurrences, masters = found["occurrences"], set(found["masters"])
    uids = masters | {each["uid"] for each in occurrences}
    known = {(e.uid, e.occurrence): e for e in await queries.known_events(session, origin.unit_id, uids)}
    kinds = await queries.list_kinds(session, [origin.unit_id])
    run = await _begin(session, found, origin, now)
    done: Counter[str] = Counter()
    for each in occurrences:
        done[_take(session, known.get(_key(each)), each, run, kinds, now)] += 1
    told = {_key(each) for each in occurrences}
    done["cancelled"] += _cancel_left_out(known, told, masters, run, now)
    await session.flush()
    done["cancelled"] += await _cancel_gone(session, found, told, run, now)
    for name in COUNTS:
        setattr(run, name, done[name])
    if origin.by is None and before is not None and _is_nothing_new(run, before):
        await session.delete(run)
        return None
    await session.flush()
    await _audit(session, run, now)
    return run


async def _begin(session: AsyncSession, found: Mapping[str, Any], origin: Origin, now: datetime) -> m.AgendaImport:
    run = m.AgendaImport(
        id=new_id(now),
        unit_id=origin.unit_id,
        source=AgendaSource.URL if origin.url else AgendaSource.UPLOAD,
        url=origin.url,
        refused=_refused(found),
        imported_by=origin.by,
        calendar_id=origin.calendar_id,
        imported_at=now,
        **dict.fromkeys(COUNTS, 0),
    )
    session.add(run)
    await session.flush()
    return run


def _is_nothing_new(run: m.AgendaImport, before: m.AgendaImport) -> bool:
    return not (run.created or run.updated or run.cancelled) and run.refused == before.refused


def _key(each: Mapping[str, Any]) -> Key:
    return each["uid"], each["occurrence"]


def _refused(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first ones as they are, the rest by their number."""
    told = list(found["refused"][:TOLD])
    if more := len(found["refused"]) - len(told):
        told.append({"entry": None, "uid": None, "reason": f"Còn {more} mục khác không nhận. ({more} more.)"})
    if outside := found["outside"]:
        reason = f"{outside} mục không có ngày nào từ 60 ngày trước đến 400 ngày sau. ({outside} outside the window.)"
        told.append({"entry": None, "uid": None, "reason": reason})
    return told


def _take(
    session: AsyncSession,
    event: m.AgendaEvent | None,
    each: Mapping[str, Any],
    run: m.AgendaImport,
    kinds: Sequence[m.AgendaKind],
    now: datetime,
) -> str:
    facts = _facts(each)
    if event is None:
        if facts["state"] == AgendaState.CANCELLED:
            return "unchanged"
        session.add(
            m.AgendaEvent(
                id=new_id(now),
                unit_id=run.unit_id,
                uid=each["uid"],
                occurrence=each["occurrence"],
                kind_id=_kind_of(each, kinds),
                import_id=run.id,
                calendar_id=run.calendar_id,
                created_at=now,
                updated_at=now,
                **facts,
            )
        )
        return "created"
    event.calendar_id = run.calendar_id or event.calendar_id
    if _age(facts["sequence"], facts["revised_at"]) < _age(event.sequence, event.revised_at):
        return "outdated"
    said = {name: value for name, value in facts.items() if name not in ("sequence", "revised_at")}
    changed = {name: value for name, value in said.items() if getattr(event, name) != value}
    event.sequence, event.revised_at = facts["sequence"], facts["revised_at"]
    if not changed:
        return "unchanged"
    for name, value in changed.items():
        setattr(event, name, value)
    if {"starts_at", "ends_at", "state"} & changed.keys():
        event.warned_at = None
    event.import_id, event.updated_at = run.id, now
    return "cancelled" if changed.get("state") == AgendaState.CANCELLED else "updated"


def _age(sequence: int, revised_at: datetime | None) -> tuple[int, float]:
    return sequence, revised_at.timestamp() if revised_at else 0.0


def _facts(each: Mapping[str, Any]) -> dict[str, Any]:
    """What the desk keeps; numbers and addresses of people are masked."""
    place = each["place"]
    return {
        "title": mask_personal_data(each["title"]),
        "place": mask_personal_data(place) if place else None,
        "starts_at": datetime.fromisoformat(each["starts_at"]),
        "ends_at": datetime.fromisoformat(each["ends_at"]),
        "is_all_day": each["is_all_day"],
        "state": AgendaState.CANCELLED if each["is_cancelled"] else AgendaState.PLANNED,
        "sequence": each["sequence"],
        "revised_at": datetime.fromisoformat(each["revised_at"]) if each["revised_at"] else None,
    }


def _kind_of(each: Mapping[str, Any], kinds: Sequence[m.AgendaKind]) -> UUID | None:
    """The first kind one of whose words stands in its title or categories, with marks or without."""
    said = f" {fold(' '.join([each['title'], *each['categories']]))} "
    return next((kind.id for kind in kinds if any(fold(word) in said for word in kind.words)), None)


def _cancel_left_out(
    known: Mapping[Key, m.AgendaEvent], told: set[Key], masters: set[str], run: m.AgendaImport, now: datetime
) -> int:
    """Occurrences yet to come of a series that the file tells whole, without them. What is past stays as it was."""
    gone = [
        event
        for key, event in known.items()
        if key not in told
        and event.uid in masters
        and event.state == AgendaState.PLANNED
        and now < event.starts_at <= now + AHEAD
    ]
    return _cancelled(gone, run, now)


async def _cancel_gone(
    session: AsyncSession, found: Mapping[str, Any], told: set[Key], run: m.AgendaImport, now: datetime
) -> int:
    """Activities yet to come that a calendar read by its address named before and does not name any more: who deletes
    an entry in a program of an office leaves no CANCELLED behind. A calendar that names nothing at all, or that could
    not be read whole, cancels nothing; what is named again is planned again."""
    unread = {each["uid"] for each in found["refused"]}
    if run.calendar_id is None or not told or None in unread:
        return 0
    named = await queries.named_by(session, run.calendar_id, now, now + AHEAD)
    gone = [each for each in named if (each.uid, each.occurrence) not in told and each.uid not in unread]
    return _cancelled(gone, run, now)


def _cancelled(gone: Sequence[m.AgendaEvent], run: m.AgendaImport, now: datetime) -> int:
    for event in gone:
        event.state, event.import_id, event.updated_at = AgendaState.CANCELLED, run.id, now
    return len(gone)


async def _audit(session: AsyncSession, run: m.AgendaImport, now: datetime) -> None:
    counts = {name: getattr(run, name) for name in COUNTS}
    await audit.append(
        session,
        service="publish",
        action="agenda.imported",
        actor_id=run.imported_by,
        object_type="agenda_import",
        object_id=run.id,
        now=now,
        facts={"unit_id": str(run.unit_id), **counts, "refused": len(run.refused)},
    )
