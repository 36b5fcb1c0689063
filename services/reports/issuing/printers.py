"""Printing what waits: claim → print outside the transaction → record. A printer that dies leaves it to another."""

import asyncio
import hashlib
import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.files import FileStore
from libs.common.models import ReportRun
from libs.common.models.enums import RunState
from services.reports import service
from services.reports.domain import Format
from services.reports.issuing import queries
from services.reports.issuing.printing import Printable, print_as
from services.reports.issuing.queries import ATTEMPTS
from services.reports.problems import PrintingFailed, ReportFileLost, ReportNotFound

log = logging.getLogger("lantoa.reports")
LEASE = timedelta(minutes=5)


async def print_next(db: Database, files: FileStore, clock: Clock) -> int:
    """Print one waiting format; returns 1 where there was one."""
    async with db.transaction() as session:
        run = await queries.claim_waiting_run(session, clock.now(), LEASE)
        if run is None:
            return 0
        run_id, last_try = run.id, run.attempts >= ATTEMPTS
        what = await _printable(session, run)
    error, printed = None, b""
    try:
        printed = await asyncio.to_thread(print_as, what, Format(run.format))
    except Exception as failure:
        error = describe(failure)
        log.error("format %s of report %s was not printed: %s", run.format, run.report_id, error)
    key = await asyncio.to_thread(files.put, printed, f".{run.format}") if error is None else None
    async with db.transaction() as session:
        await _record(session, run_id, key, printed, error, give_up=last_try)
    return 1


async def _record(
    session: AsyncSession, run_id: UUID, key: str | None, printed: bytes, error: str | None, *, give_up: bool
) -> None:
    run = await session.get(ReportRun, run_id, with_for_update=True)
    if run is None or run.state == RunState.PRINTED:
        return
    run.claimed_until, run.error = None, error
    if key is not None:
        run.state, run.file_key, run.digest = RunState.PRINTED.value, key, hashlib.sha256(printed).digest()
    elif give_up:
        run.state = RunState.FAILED.value


async def try_again(session: AsyncSession, report_id: UUID, version: int, wanted: Format) -> ReportRun:
    """A failed format goes back to the printers."""
    run = await queries.lock_run(session, report_id, version, wanted.value)
    if run is None:
        raise ReportNotFound(f"Báo cáo này không có bản {wanted.value}.")
    if run.state == RunState.FAILED:
        run.state, run.attempts, run.claimed_until = RunState.WAITING.value, 0, None
    return run


async def report_content(
    session: AsyncSession, files: FileStore, report_id: UUID, version: int | None, wanted: Format
) -> bytes:
    """The printed bytes of a version (by default the present one). One that still waits is printed for who asks first;
    a lost file is printed again, and only the very same bytes will do. What is there is read without a lock."""
    issue = await service.require_report(session, report_id)
    version = version or issue.report.version
    run = await queries.get_run(session, report_id, version, wanted.value)
    if (kept := await _kept(files, run)) is not None:
        return kept
    run = await queries.lock_run(session, report_id, version, wanted.value)
    if run is None:
        raise ReportNotFound(f"Báo cáo này không có bản {wanted.value}.")
    if run.state == RunState.FAILED:
        raise PrintingFailed(f"Bản {wanted.value}: {run.error}")
    if (kept := await _kept(files, run)) is not None:  # by who had the row meanwhile
        return kept
    printed = await asyncio.to_thread(print_as, await _printable(session, run), wanted)
    if run.file_key is None:
        key = await asyncio.to_thread(files.put, printed, f".{wanted.value}")
        await _record(session, run.id, key, printed, None, give_up=False)
    elif hashlib.sha256(printed).digest() != run.digest:
        raise ReportFileLost(f"Mã báo cáo: {report_id}.")
    else:
        await asyncio.to_thread(files.write, run.file_key, printed)
    return printed


async def _kept(files: FileStore, run: ReportRun | None) -> bytes | None:
    """What was printed, proved against its digest; None where it is not there, or is not that."""
    if run is None or run.file_key is None:
        return None
    kept = await asyncio.to_thread(files.read, run.file_key)
    return kept if kept is not None and hashlib.sha256(kept).digest() == run.digest else None


async def _printable(session: AsyncSession, run: ReportRun) -> Printable:
    assert run.report_id is not None
    snapshot = await service.require_snapshot(session, run.snapshot_id)
    return Printable.of(snapshot, await service.require_version(session, run.report_id, run.version))
