"""SQL of reports, their versions and their printed formats."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ReportState, RunState
from libs.common.pagination import PageRequest

ATTEMPTS = 3
"""How often a format is tried before it is left to a person."""


async def lock_numbers(session: AsyncSession, symbol: str, year: int) -> None:
    """Numbers of one register are given one after another."""
    key = {"key": f"reports:numbers:{symbol}:{year}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def next_number(session: AsyncSession, symbol: str, year: int) -> int:
    query = select(func.coalesce(func.max(m.Report.number), 0) + 1)
    return int(await session.scalar(query.where(m.Report.symbol == symbol, m.Report.year == year)) or 1)


async def is_number_given(session: AsyncSession, symbol: str, year: int, number: int) -> bool:
    report = m.Report
    query = select(report.id).where(report.symbol == symbol, report.year == year, report.number == number)
    return await session.scalar(query) is not None


async def get_snapshot(session: AsyncSession, snapshot_id: UUID) -> m.Snapshot | None:
    return await session.get(m.Snapshot, snapshot_id)


async def get_report(session: AsyncSession, report_id: UUID) -> m.Report | None:
    return await session.get(m.Report, report_id)


async def lock_report(session: AsyncSession, report_id: UUID) -> m.Report | None:
    return await session.get(m.Report, report_id, with_for_update=True, populate_existing=True)


async def get_version(session: AsyncSession, report_id: UUID, version: int) -> m.ReportVersion | None:
    return await session.get(m.ReportVersion, (report_id, version))


async def versions_of(session: AsyncSession, report_id: UUID) -> Sequence[m.ReportVersion]:
    query = select(m.ReportVersion).where(m.ReportVersion.report_id == report_id).order_by(m.ReportVersion.version)
    return (await session.scalars(query)).all()


async def runs_of(session: AsyncSession, report_id: UUID, version: int) -> Sequence[m.ReportRun]:
    run = m.ReportRun
    query = select(run).where(run.report_id == report_id, run.version == version).order_by(run.format)
    return (await session.scalars(query)).all()


async def formats_of(session: AsyncSession, report_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Formats of each report's present version."""
    run, report = m.ReportRun, m.Report
    query = (
        select(report.id, run.format)
        .join(run, (run.report_id == report.id) & (run.version == report.version))
        .where(report.id.in_(report_ids))
        .order_by(run.format)
    )
    found: dict[UUID, list[str]] = {}
    for report_id, format_ in await session.execute(query):
        found.setdefault(report_id, []).append(format_)
    return found


async def get_run(session: AsyncSession, report_id: UUID, version: int, format_: str) -> m.ReportRun | None:
    return await session.scalar(_run(report_id, version, format_))


async def lock_run(session: AsyncSession, report_id: UUID, version: int, format_: str) -> m.ReportRun | None:
    query = _run(report_id, version, format_).with_for_update()
    return await session.scalar(query, execution_options={"populate_existing": True})


def _run(report_id: UUID, version: int, format_: str) -> Select[m.ReportRun]:
    run = m.ReportRun
    return select(run).where(run.report_id == report_id, run.version == version, run.format == format_)


async def claim_waiting_run(session: AsyncSession, now: datetime, lease: timedelta) -> m.ReportRun | None:
    """The oldest format that waits and that no living printer holds. The attempt counts before it is made: a printer
    that takes its process with it must not be tried for ever."""
    run = m.ReportRun
    is_free = or_(run.claimed_until.is_(None), run.claimed_until < now)
    query = select(run).where(run.state == RunState.WAITING, is_free).order_by(run.id).limit(1)
    found = await session.scalar(query.with_for_update(skip_locked=True))
    if found is not None:
        found.attempts += 1
        found.claimed_until = now + lease
    return found


async def list_reports(
    session: AsyncSession, page: PageRequest, kind: str | None, state: ReportState | None, hidden: Sequence[str] = ()
) -> Sequence[Row[m.Report, m.Snapshot]]:
    """(report, snapshot), newest first; none of a hidden kind."""
    query = (
        select(m.Report, m.Snapshot)
        .join(m.Snapshot, m.Snapshot.id == m.Report.snapshot_id)
        .order_by(m.Report.id.desc())
        .limit(page.limit + 1)
    )
    if kind is not None:
        query = query.where(m.Report.kind == kind)
    if state is not None:
        query = query.where(m.Report.state == state)
    if hidden:
        query = query.where(m.Report.kind.not_in(hidden))
    if page.after is not None:
        query = query.where(m.Report.id < page.after.id)
    return (await session.execute(query)).all()
