"""Use cases of reports: freeze the figures, draft from them, edit, sign, declare void."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from jinja2 import TemplateError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.clock import HANOI
from libs.common.db import Database
from libs.common.events import ReportReady
from libs.common.files import FileStore
from libs.common.ids import new_id
from libs.common.lexemes import lexemes_of
from libs.common.models import Report, ReportRun, ReportVersion, Snapshot
from libs.common.models.enums import ReportState, RunState
from libs.common.outbox import emit
from libs.common.papers.form import FormError
from services.reports import domain, periods
from services.reports.domain import Format, Period
from services.reports.filings.installation import Installation
from services.reports.issuing import queries
from services.reports.issuing.printing import Heading, Printable, draft, print_as
from services.reports.kinds import KINDS
from services.reports.kinds.base import Gather, Named, Restricted
from services.reports.open_data.months import freeze_closed_months
from services.reports.periods import CutOffs
from services.reports.problems import (
    AboutWhat,
    FormBroken,
    InvalidPeriod,
    NotPrintable,
    NumberTaken,
    ReportChanged,
    ReportNotFound,
    ReportSigned,
    ReportVoid,
    SnapshotDamaged,
    SnapshotNotFound,
    TemplateBroken,
    TooManyAtOnce,
    VersionNotFound,
)
from services.reports.sending.queueing import head_of_schedule, queue_sendings

SOURCE = "reports"
AT_ONCE = 3
AT_ONCE_PRINTED = frozenset({Format.MD, Format.JSON})
"""What is cheap to print is there with the report itself."""


@dataclass(frozen=True)
class Workshop:
    """What making a report needs beside the session: a second reading of the database, the files, the city's form."""

    db: Database
    files: FileStore
    silent_after: timedelta
    cut: CutOffs
    heading: Heading
    installation: Installation
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@dataclass(frozen=True)
class Issue:
    """A report with its figures, its present version and the formats of that."""

    report: Report
    snapshot: Snapshot
    version: ReportVersion | None
    runs: list[ReportRun]


# --- making -------------------------------------------------------------------------------------------------


async def make_report(
    session: AsyncSession,
    workshop: Workshop,
    kind: str,
    *,
    about: str | None,
    start: datetime | None,
    end: datetime | None,
    by: UUID | None,
    now: datetime,
) -> Issue:
    """Freeze the figures of a period as they are now, draft the paper from them, and tell.

    Raises InvalidPeriod, AboutWhat, AboutNotFound, TooManyAtOnce, TemplateBroken, FormBroken.
    """
    made = KINDS.get(kind)
    if (made.about is None) != (about is None):
        raise AboutWhat("Báo cáo định kỳ không nhận `about`; báo cáo theo đối tượng cần `about`.")
    try:
        period = periods.asked_period(made.cadence, start, end, workshop.cut, now)
    except ValueError as error:
        raise InvalidPeriod(str(error)) from error
    if workshop.places.locked():
        raise TooManyAtOnce(retry_after=5)
    async with workshop.places:
        snapshot = await freeze(workshop, kind, period, now, about=about)
        return await draft_report(session, workshop, snapshot, about=about, by=by)


async def freeze(workshop: Workshop, kind: str, period: Period, now: datetime, *, about: str | None = None) -> Snapshot:
    """All figures from one instant of the database: without it, two tables of a report could disagree. Months that are
    over are closed first, so that a report made at that minute has its counts by place."""
    async with workshop.db.transaction() as session:
        await freeze_closed_months(session, workshop.cut, now)
    async with workshop.db.transaction() as session:
        _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        gather = Gather(session, period, now, workshop.silent_after, workshop.installation, about)
        data = await KINDS.get(kind)().gather(gather)
    return Snapshot(
        id=new_id(now),
        kind=kind,
        as_of=now,
        period_from=period.start,
        period_to=period.end,
        data=json.loads(domain.canonical(data)),
        digest=domain.digest(data),
        created_at=now,
    )


async def draft_report(
    session: AsyncSession,
    workshop: Workshop,
    snapshot: Snapshot,
    *,
    about: str | None,
    by: UUID | None,
    recipients: Sequence[str] | None = None,
) -> Issue:
    """A report of frozen figures, told. recipients: None is whom the city's papers name.

    Raises TemplateBroken, FormBroken.
    """
    kind, now = KINDS.get(snapshot.kind)(), snapshot.created_at
    session.add(snapshot)
    await session.flush()
    report = Report(
        id=new_id(now),
        kind=snapshot.kind,
        about=about,
        snapshot_id=snapshot.id,
        title=domain.marked(kind.title, snapshot.data),
        state=ReportState.DRAFT.value,
        version=1,
        symbol=workshop.heading.symbol,
        created_by=by,
        created_at=now,
    )
    session.add(report)
    await session.flush()
    subject = kind.subject(snapshot.data, Period(snapshot.period_from, snapshot.period_to))
    try:
        head = workshop.heading.head(domain.marked(subject, snapshot.data), report.title)
        if isinstance(kind, Named):
            head["type_name"] = kind.type_name
        if recipients is not None:
            head["recipients"] = list(recipients)
        text = draft(snapshot, head)
    except FormError as error:
        raise FormBroken(str(error)) from error
    except TemplateError as error:
        raise TemplateBroken(f"{snapshot.kind}.md: {error}") from error
    issue = await _save(session, workshop, report, snapshot, text, head, by=by, now=now, reason=None)
    await _tell(session, issue, "report.made", by, now)
    return issue


async def _save(
    session: AsyncSession,
    workshop: Workshop,
    report: Report,
    snapshot: Snapshot,
    text: str,
    head: Mapping[str, Any],
    *,
    by: UUID | None,
    now: datetime,
    reason: str | None,
) -> Issue:
    """Keep a version, print what is cheap, and leave the rest to the printers."""
    version = ReportVersion(
        report_id=report.id,
        version=report.version,
        text=text,
        head=dict(head),
        reason=reason,
        edited_by=by,
        created_at=now,
        digest=domain.digest({"text": text, "head": dict(head), "snapshot": snapshot.digest.hex()}),
        lexemes=lexemes_of(head["subject"], text),
    )
    session.add(version)
    await session.flush()
    runs = [await _run(workshop, report, snapshot, version, wanted, by, now) for wanted in Format]
    session.add_all(runs)
    await session.flush()
    return Issue(report, snapshot, version, runs)


async def _run(
    workshop: Workshop,
    report: Report,
    snapshot: Snapshot,
    version: ReportVersion,
    wanted: Format,
    by: UUID | None,
    now: datetime,
) -> ReportRun:
    run = ReportRun(
        id=new_id(now),
        kind=report.kind,
        snapshot_id=snapshot.id,
        report_id=report.id,
        version=version.version,
        format=wanted.value,
        state=RunState.WAITING.value,
        attempts=0,
        created_by=by,
        created_at=now,
    )
    if wanted in AT_ONCE_PRINTED:
        printed = await asyncio.to_thread(print_as, Printable.of(snapshot, version), wanted)
        run.file_key = await asyncio.to_thread(workshop.files.put, printed, f".{wanted.value}")
        run.digest = hashlib.sha256(printed).digest()
        run.state = RunState.PRINTED.value
    return run


async def _tell(session: AsyncSession, issue: Issue, action: str, by: UUID | None, now: datetime) -> None:
    report, digest = issue.report, issue.snapshot.digest.hex()
    facts = {"kind": report.kind, "snapshot_id": str(issue.snapshot.id), "digest": digest, "version": report.version}
    kind = KINDS.get(report.kind)()
    if isinstance(kind, Restricted):
        # What is not for everybody inside is not told to systems of others.
        await _note(session, report, action, by, now, facts | kind.codes(issue.snapshot.data))
        return
    await _note(session, report, action, by, now, facts)
    event = ReportReady(
        report_id=report.id,
        kind=report.kind,
        digest=digest,
        version=report.version,
        is_signed=report.state == ReportState.SIGNED,
    )
    await emit(session, event, now=now, source=SOURCE)


async def _note(
    session: AsyncSession, report: Report, action: str, by: UUID | None, now: datetime, facts: dict[str, Any]
) -> None:
    await audit.append(
        session,
        service=SOURCE,
        action=action,
        actor_id=by,
        object_type="report",
        object_id=report.id,
        now=now,
        facts=facts,
    )


# --- editing and signing ------------------------------------------------------------------------------------


async def edit_report(
    session: AsyncSession,
    workshop: Workshop,
    report_id: UUID,
    *,
    based_on: int,
    text: str,
    head: Mapping[str, Any],
    reason: str | None,
    by: UUID,
    now: datetime,
) -> Issue:
    """A new version with another text or head; the figures behind it stay. One of a schedule names whom that has now.

    Raises ReportChanged (`based_on` is not the newest), ReportSigned, ReportVoid, NotPrintable, RecipientsOfSchedule.
    """
    report, snapshot, last = await _open(session, report_id, based_on)
    report.version += 1
    new_head = {**last.head, **await head_of_schedule(session, report_id, head)}
    try:
        issue = await _save(session, workshop, report, snapshot, text, new_head, by=by, now=now, reason=reason)
    except ValueError as error:
        raise NotPrintable(str(error)) from error
    facts = {"version": report.version, "snapshot_id": str(snapshot.id)}
    await _note(session, report, "report.edited", by, now, facts)
    return issue


async def sign_report(
    session: AsyncSession,
    workshop: Workshop,
    report_id: UUID,
    *,
    based_on: int,
    number: int | None,
    signer: str,
    by: UUID,
    now: datetime,
) -> Issue:
    """Sign the version that was read: it gets its number in the register of its year, the day and the signer's name,
    and what a schedule made goes to its recipients.

    Raises ReportChanged where `based_on` is not the newest, ReportSigned, ReportVoid, NumberTaken, RecipientsChanged.
    """
    report, snapshot, last = await _open(session, report_id, based_on)
    day = now.astimezone(HANOI).date()
    await queries.lock_numbers(session, report.symbol, day.year)
    if number is not None and await queries.is_number_given(session, report.symbol, day.year, number):
        raise NumberTaken(f"Số {number}/{report.symbol} năm {day.year}.")
    report.year, report.number = day.year, number or await queries.next_number(session, report.symbol, day.year)
    report.version += 1
    report.state, report.signed_by, report.signed_at = ReportState.SIGNED.value, by, now
    head = {**last.head, "number": report.number, "date": day.isoformat(), "signer": signer}
    issue = await _save(session, workshop, report, snapshot, last.text, head, by=by, now=now, reason=None)
    await _tell(session, issue, "report.signed", by, now)
    await queue_sendings(session, report, head["recipients"], now)
    return issue


async def void_report(session: AsyncSession, report_id: UUID, *, reason: str, by: UUID, now: datetime) -> Issue:
    """What was signed or drafted no longer holds. It stays in the archive with the reason."""
    report = await queries.lock_report(session, report_id)
    if report is None:
        raise ReportNotFound(f"Mã báo cáo: {report_id}.")
    if report.state == ReportState.VOID:
        raise ReportVoid(f"Lý do: {report.void_reason}")
    report.state, report.void_reason = ReportState.VOID.value, reason
    await session.flush()
    await _note(session, report, "report.voided", by, now, {"version": report.version})
    return await require_report(session, report_id)


async def _open(session: AsyncSession, report_id: UUID, based_on: int) -> tuple[Report, Snapshot, ReportVersion]:
    """A draft, held until this transaction ends, at the version its reader saw."""
    report = await queries.lock_report(session, report_id)
    if report is None:
        raise ReportNotFound(f"Mã báo cáo: {report_id}.")
    match ReportState(report.state):
        case ReportState.SIGNED:
            raise ReportSigned("Cần thay đổi thì hủy bản này (ghi lý do) và lập báo cáo mới.")
        case ReportState.VOID:
            raise ReportVoid(f"Lý do: {report.void_reason}")
        case ReportState.DRAFT:
            pass
    if report.version != based_on:
        raise ReportChanged(f"Bản mới nhất là {report.version}, bạn đang sửa bản {based_on}.")
    return (
        report,
        await require_snapshot(session, report.snapshot_id),
        await require_version(session, report_id, report.version),
    )


# --- reading ------------------------------------------------------------------------------------------------


async def require_report(session: AsyncSession, report_id: UUID) -> Issue:
    report = await queries.get_report(session, report_id)
    if report is None:
        raise ReportNotFound(f"Mã báo cáo: {report_id}.")
    snapshot = await require_snapshot(session, report.snapshot_id)
    version = await queries.get_version(session, report_id, report.version)
    return Issue(report, snapshot, version, list(await queries.runs_of(session, report_id, report.version)))


async def require_version(session: AsyncSession, report_id: UUID, version: int) -> ReportVersion:
    found = await queries.get_version(session, report_id, version)
    if found is None:
        raise VersionNotFound(f"Mã báo cáo: {report_id}, bản {version}.")
    return found


async def require_snapshot(session: AsyncSession, snapshot_id: UUID) -> Snapshot:
    """The snapshot, proved against its digest each time it is read."""
    snapshot = await queries.get_snapshot(session, snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(f"Mã bản chụp: {snapshot_id}.")
    if domain.digest(snapshot.data) != snapshot.digest:
        raise SnapshotDamaged(f"Mã bản chụp: {snapshot_id}.")
    return snapshot
