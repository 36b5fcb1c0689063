"""Exports for an inspection: whole sealed days as a ZIP, made by the worker. Claim → read → record: a worker that dies
leaves it to another, and the same days give the same bytes whoever writes them.

Nothing of an export is ever whole in memory; while it is made, nobody else's transaction waits for it.
"""

import asyncio
import hashlib
import json
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit, audit_days
from libs.common import models as m
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.files import PIECE, FileStore, Stored
from libs.common.ids import new_id
from libs.common.models.inspection import ExportState
from services.reports.audit_views import problems as wrong
from services.reports.audit_views import queries
from services.reports.audit_views.queries import ATTEMPTS
from services.reports.audit_views.writing import Sheets, days_document, guide, verification_document
from services.reports.packing import pack
from services.reports.service import SOURCE

log = logging.getLogger("lantoa.reports")
LEASE = timedelta(minutes=5)
LONGEST = 366
"""Days that are shown or exported at once."""
STEP = 5000
"""Entries between two notes of how far it has come."""


# --- asking, signing, taking --------------------------------------------------------------------------------


def require_days(day_from: date, day_to: date) -> None:
    """Raises WindowNotPossible."""
    if not 0 <= (day_to - day_from).days < LONGEST:
        raise wrong.WindowNotPossible(f"Ngày đầu không được sau ngày cuối; một lần nhiều nhất {LONGEST} ngày.")


async def request_export(
    session: AsyncSession, day_from: date, day_to: date, *, by: UUID, now: datetime
) -> m.AuditExport:
    """Raises WindowNotPossible, DaysNotSealed."""
    require_days(day_from, day_to)
    days = await queries.list_days(session, day_from, day_to)
    if len(days) <= (day_to - day_from).days:
        last = await audit_days.last_day(session)
        sealed = f"Đã niêm phong đến hết ngày {last.day:%d/%m/%Y}." if last else "Chưa có ngày nào được niêm phong."
        raise wrong.DaysNotSealed(f"{sealed} Ngày trước khi có nhật ký cũng không trích xuất được.")
    export = m.AuditExport(
        id=new_id(now),
        day_from=day_from,
        day_to=day_to,
        state=ExportState.WAITING.value,
        entries=sum(chain["entries"] for day in days for chain in day.chains),
        done=0,
        attempts=0,
        requested_by=by,
        requested_at=now,
    )
    session.add(export)
    await session.flush()
    await _note(session, "audit_export.requested", export, by, now, {"from": str(day_from), "to": str(day_to)})
    return export


async def require_export(session: AsyncSession, export_id: UUID, *, lock: bool = False) -> m.AuditExport:
    found = await queries.get_export(session, export_id, lock=lock)
    if found is None:
        raise wrong.ExportNotFound(f"Mã: {export_id}.")
    return found


async def sign_export(session: AsyncSession, export_id: UUID, *, by: UUID, now: datetime) -> m.AuditExport:
    """An auditor answers for exactly these bytes. Raises ExportNotFound, ExportNotMade, ExportAlreadySigned."""
    export = await require_export(session, export_id, lock=True)
    digest = _made(export)[1]
    if export.signed_at is not None:
        raise wrong.ExportAlreadySigned(f"Ký lúc {export.signed_at.isoformat()}.")
    export.signed_by, export.signed_at = by, now
    await session.flush()
    await _note(session, "audit_export.signed", export, by, now, {"package": digest.hex()})
    return export


async def take_export(session: AsyncSession, files: FileStore, export_id: UUID, *, by: UUID, now: datetime) -> Path:
    """The file, proved against its digest. Raises ExportNotFound, ExportNotMade, ExportFileLost."""
    export = await require_export(session, export_id)
    key, digest = _made(export)
    path = files.path(key)
    if await asyncio.to_thread(_digest_of, path) != digest:
        raise wrong.ExportFileLost("Hãy yêu cầu trích xuất lại những ngày này.")
    await _note(session, "audit_export.taken", export, by, now, {"package": digest.hex()})
    return path


def _made(export: m.AuditExport) -> tuple[str, bytes]:
    if export.file_key is None or export.digest is None:
        why = f"Không làm được: {export.error}." if export.state == ExportState.FAILED else "Hãy thử lại sau ít phút."
        raise wrong.ExportNotMade(why)
    return export.file_key, export.digest


def _digest_of(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError:
        return None


async def _note(
    session: AsyncSession, action: str, export: m.AuditExport, by: UUID, now: datetime, facts: dict[str, str]
) -> None:
    await audit.append(
        session,
        service=SOURCE,
        action=action,
        actor_id=by,
        object_type="audit_export",
        object_id=export.id,
        now=now,
        facts=facts,
    )


# --- making -------------------------------------------------------------------------------------------------


async def make_next(db: Database, files: FileStore, clock: Clock) -> int:
    """Make one export that waits; returns 1 where there was one."""
    async with db.transaction() as session:
        export = await queries.claim_export(session, clock.now(), LEASE)
    if export is None:
        return 0
    error, stored, broken = None, None, 0
    try:
        with _drafts(files, export) as folder:
            broken = await _write(db, folder, export, clock)
            stored = await _store(files, folder)
    except Exception as failure:
        error = describe(failure)
        log.error("export %s of the audit log was not made: %s", export.id, error)
    async with db.transaction() as session:
        await _record(session, export, stored, broken, error, clock.now())
    return 1


@contextmanager
def _drafts(files: FileStore, export: m.AuditExport) -> Iterator[Path]:
    """A folder beside what is stored, where there is room for it; what a try that was killed left there is removed."""
    parent = files.path("drafts")
    for left in parent.glob(f"audit-{export.id}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"audit-{export.id}-{export.attempts}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _write(db: Database, folder: Path, export: m.AuditExport, clock: Clock) -> int:
    """Every file of the export into the folder, from one instant of the log; how many chains and days do not hold."""
    since, until, written = export.day_from, export.day_to, 0
    async with db.transaction() as session:
        _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        days = await queries.list_days(session, since, until)
        with Sheets(folder) as sheets:
            for service, day in await audit.chains_between(session, since, until):
                async for entry in audit.entries_of(session, service, day):
                    sheets.write(entry)
                    written += 1
                    if written % STEP == 0:
                        await _keep(db, export.id, written, clock)
        found: list[audit.Break | audit.Chain] = []
        async for each in audit_days.verify_log(session, since, until):
            found.append(each)
            await _keep(db, export.id, written, clock)
        found += [each async for each in audit_days.verify_days(session) if since <= each.day <= until]
    _put(folder / "days.json", days_document(days))
    _put(folder / "verification.json", verification_document(export, written, found))
    (folder / "HUONG-DAN.txt").write_text(guide(export), encoding="utf-8")
    return sum(isinstance(each, audit.Break) for each in found)


def _put(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


async def _keep(db: Database, export_id: UUID, written: int, clock: Clock) -> None:
    async with db.transaction() as session:
        await queries.keep_claim(session, export_id, written, clock.now() + LEASE)


async def _store(files: FileStore, folder: Path) -> Stored:
    def packed() -> Path:
        members = {path.name: path for path in folder.iterdir()}
        target = folder / "export.zip"
        with target.open("wb") as file:
            pack(file, members)
        return target

    return await files.put_stream(_pieces(await asyncio.to_thread(packed)), ".zip")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def _record(
    session: AsyncSession, claimed: m.AuditExport, stored: Stored | None, broken: int, error: str | None, now: datetime
) -> None:
    """Whoever has the file records it; that a try failed counts only while nobody else has begun another."""
    tried = claimed.attempts
    export = await queries.get_export(session, claimed.id, lock=True)
    if export is None or export.state != ExportState.WAITING or (stored is None and export.attempts != tried):
        return
    export.claimed_until, export.error = None, error
    if stored is not None:
        export.state, export.file_key, export.made_at = ExportState.MADE.value, stored.key, now
        export.digest, export.size, export.broken = bytes.fromhex(stored.sha256), stored.size, broken
    elif export.attempts >= ATTEMPTS:
        export.state = ExportState.FAILED.value
