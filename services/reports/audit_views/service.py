"""Reading the audit log is an act of its own: each look is in the log, with what was asked for."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.pagination import PageRequest
from services.reports.audit_views import queries
from services.reports.audit_views.problems import WindowNotPossible
from services.reports.audit_views.queries import Wanted
from services.reports.service import SOURCE

LOG_ID = UUID("0192f3a0-0000-7000-8000-6e68e1ba7400")
"""The audit log itself, as the object of an entry."""
USUAL, LONGEST = timedelta(days=7), timedelta(days=366)
"""How far back entries are counted where nobody says, and at most."""


async def read_entries(
    session: AsyncSession, wanted: Wanted, page: PageRequest, *, by: UUID, now: datetime
) -> Sequence[Row[m.AuditEntry, str | None]]:
    _require_order(wanted)
    rows = await queries.list_entries(session, wanted, page)
    await _note_look(session, "entries", wanted, by, now)
    return rows


async def read_timeline(
    session: AsyncSession, object_type: str, object_id: UUID, page: PageRequest, *, by: UUID, now: datetime
) -> Sequence[Row[m.AuditEntry, str | None]]:
    rows = await queries.timeline(session, object_type, object_id, page)
    await _note_look(session, "timeline", Wanted(object_type=object_type, object_id=object_id), by, now)
    return rows


async def count_by_person(
    session: AsyncSession, wanted: Wanted, page: PageRequest, *, by: UUID, now: datetime
) -> Sequence[Row[*tuple[Any, ...]]]:
    rows = await queries.count_by_person(session, wanted, page)
    await _note_look(session, "people", wanted, by, now)
    return rows


async def count_by_object(
    session: AsyncSession, wanted: Wanted, page: PageRequest, *, by: UUID, now: datetime
) -> Sequence[Row[*tuple[Any, ...]]]:
    rows = await queries.count_by_object(session, wanted, page)
    await _note_look(session, "objects", wanted, by, now)
    return rows


def window_of(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime | None]:
    """The window in which entries are counted; without an end, up to the last of them. Raises WindowNotPossible."""
    end = until or now
    start = since or end - USUAL
    if start >= end:
        raise WindowNotPossible("Thời điểm đầu phải trước thời điểm cuối.")
    if end - start > LONGEST:
        raise WindowNotPossible(f"Một lần thống kê nhiều nhất {LONGEST.days} ngày.")
    return start, until


def _require_order(wanted: Wanted) -> None:
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise WindowNotPossible("Thời điểm đầu phải trước thời điểm cuối.")


async def _note_look(session: AsyncSession, view: str, wanted: Wanted, by: UUID, now: datetime) -> None:
    asked = {name: _code(value) for name, value in asdict(wanted).items() if value is not None}
    await audit.append(
        session,
        service=SOURCE,
        action="audit_log.read",
        actor_id=by,
        object_type="audit_log",
        object_id=LOG_ID,
        now=now,
        facts={"view": view, **asked},
    )


def _code(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
