"""Use cases of reports: freeze figures, print them, keep what was issued; the register of programmes."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.db import Database
from libs.common.events import ReportReady
from libs.common.files import FileStore
from libs.common.ids import new_id
from libs.common.models import ReportRun, Snapshot
from libs.common.outbox import emit
from services.reports import domain, queries
from services.reports.daily import Gather, gather_daily
from services.reports.domain import Format, Period, ReportKind
from services.reports.problems import (
    InvalidPeriod,
    ReportFileLost,
    ReportNotFound,
    SnapshotDamaged,
    SnapshotNotFound,
    TooManyAtOnce,
)
from services.reports.rendering import Frozen, render

GATHERERS: dict[ReportKind, Callable[[Gather], Awaitable[dict[str, Any]]]] = {ReportKind.DAILY: gather_daily}
SOURCE = "reports"
AT_ONCE = 3


@dataclass(frozen=True)
class Workshop:
    """What making a report needs beside the session: a second reading of the database, the files, a setting."""

    db: Database
    files: FileStore
    silent_after: timedelta
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@dataclass(frozen=True)
class Report:
    """One issue: its Markdown run stands for it, all formats print one snapshot."""

    run: ReportRun
    snapshot: Snapshot
    formats: list[str]


# --- making -------------------------------------------------------------------------------------------------


async def make_report(
    session: AsyncSession,
    workshop: Workshop,
    kind: ReportKind,
    *,
    start: datetime | None,
    end: datetime | None,
    by: UUID | None,
    now: datetime,
) -> Report:
    """Freeze the figures of a period as they are now, print them in every format, and tell."""
    try:
        period = domain.daily_period(start, end, now)
    except ValueError as error:
        raise InvalidPeriod(str(error)) from error
    if workshop.places.locked():
        raise TooManyAtOnce(retry_after=5)
    async with workshop.places:
        return await _issue(session, workshop, await freeze(workshop, kind, period, now), by)


async def make_scheduled_report(
    session: AsyncSession, workshop: Workshop, kind: ReportKind, period: Period, now: datetime
) -> Report | None:
    """The report of a set hour, once, however many workers ask; None when it is there."""
    await queries.lock_schedule(session, kind)
    if await queries.is_scheduled_made(session, kind, period):
        return None
    return await _issue(session, workshop, await freeze(workshop, kind, period, now), None)


async def freeze(workshop: Workshop, kind: ReportKind, period: Period, now: datetime) -> Snapshot:
    """All figures from one instant of the database: without it, two tables of a report could disagree."""
    async with workshop.db.transaction() as session:
        _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        data = await GATHERERS[kind](Gather(session, period, now, workshop.silent_after))
    return Snapshot(
        id=new_id(now),
        kind=kind.value,
        as_of=now,
        period_from=period.start,
        period_to=period.end,
        data=json.loads(domain.canonical(data)),
        digest=domain.digest(data),
        created_at=now,
    )


async def _issue(session: AsyncSession, workshop: Workshop, snapshot: Snapshot, by: UUID | None) -> Report:
    session.add(snapshot)
    await session.flush()
    frozen, now = Frozen.of(snapshot), snapshot.created_at
    runs = {}
    for wanted in Format:
        printed = render(frozen, wanted)
        runs[wanted] = ReportRun(
            id=new_id(now),
            kind=snapshot.kind,
            snapshot_id=snapshot.id,
            format=wanted.value,
            file_key=await asyncio.to_thread(workshop.files.put, printed, f".{wanted.value}"),
            digest=hashlib.sha256(printed).digest(),
            created_by=by,
            created_at=now,
        )
    session.add_all(runs.values())
    await session.flush()
    await _tell(session, runs[Format.MD], snapshot, now)
    return Report(runs[Format.MD], snapshot, sorted(runs))


async def _tell(session: AsyncSession, run: ReportRun, snapshot: Snapshot, now: datetime) -> None:
    digest = snapshot.digest.hex()
    facts = {"kind": run.kind, "snapshot_id": str(snapshot.id), "digest": digest}
    await audit.append(
        session,
        service=SOURCE,
        action="report.made",
        actor_id=run.created_by,
        object_type="report",
        object_id=run.id,
        now=now,
        facts=facts,
    )
    await emit(session, ReportReady(report_id=run.id, kind=run.kind, digest=digest), now=now, source=SOURCE)


# --- reading ------------------------------------------------------------------------------------------------


async def require_report(session: AsyncSession, report_id: UUID) -> Report:
    run = await queries.get_run(session, report_id)
    if run is None:
        raise ReportNotFound(f"Mã báo cáo: {report_id}.")
    snapshot = await require_snapshot(session, run.snapshot_id)
    return Report(run, snapshot, [each.format for each in await queries.runs_of(session, [snapshot.id])])


async def require_snapshot(session: AsyncSession, snapshot_id: UUID) -> Snapshot:
    """The snapshot, proved against its digest each time it is read."""
    snapshot = await queries.get_snapshot(session, snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(f"Mã bản chụp: {snapshot_id}.")
    if domain.digest(snapshot.data) != snapshot.digest:
        raise SnapshotDamaged(f"Mã bản chụp: {snapshot_id}.")
    return snapshot


async def report_content(session: AsyncSession, files: FileStore, report_id: UUID, wanted: Format) -> bytes:
    """The issued bytes; a lost file is printed again from its snapshot, and only the very same bytes will do."""
    report = await require_report(session, report_id)
    runs = await queries.runs_of(session, [report.snapshot.id])
    run = next((each for each in runs if each.format == wanted), None)
    if run is None:
        raise ReportNotFound(f"Báo cáo này không có bản {wanted.value}.")
    kept = await asyncio.to_thread(files.read, run.file_key)
    if kept is not None and hashlib.sha256(kept).digest() == run.digest:
        return kept
    printed = render(Frozen.of(report.snapshot), wanted)
    if hashlib.sha256(printed).digest() != run.digest:
        raise ReportFileLost(f"Mã báo cáo: {report_id}.")
    await asyncio.to_thread(files.write, run.file_key, printed)
    return printed
