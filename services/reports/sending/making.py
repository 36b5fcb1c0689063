"""The scheduler: each period of a schedule is reported once, however many schedulers there are.

A schedule is taken by a lock of its transaction; the key of `schedule_periods` is what lets nobody in twice.
"""

import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.errors import Problem
from libs.common.faults import describe
from libs.common.models import ReportSchedule, SchedulePeriod
from services.reports import service
from services.reports.sending import queries, telling
from services.reports.sending.rules import Due, due, printed_recipients
from services.reports.service import Workshop

log = logging.getLogger("lantoa.reports")


async def make_due_reports(db: Database, workshop: Workshop, clock: Clock) -> int:
    """How many were drafted. One that cannot be made holds up no other, and its people are told."""
    async with db.transaction() as session:
        waiting = await queries.schedules_on(session)
    made = 0
    for schedule_id in waiting:
        try:
            async with db.transaction() as session:
                made += await make_due_report(session, workshop, schedule_id, clock.now())
        except Exception as failure:
            log.error("the report of schedule %s was not made: %s", schedule_id, describe(failure))
            async with db.transaction() as session:
                await _tell_not_made(session, workshop, schedule_id, failure, clock.now())
    return made


async def make_due_report(session: AsyncSession, workshop: Workshop, schedule_id: UUID, now: datetime) -> bool:
    """Draft what is due and tell who edits and signs it; whether there was anything."""
    schedule = await queries.take_schedule(session, schedule_id)
    found = await _due(session, workshop, schedule, now)
    if schedule is None or found is None:
        return False
    recipients = printed_recipients(await queries.recipients_of(session, schedule.id), schedule.filing)
    snapshot = await service.freeze(workshop, schedule.kind, found.period, now, about=schedule.about)
    issue = await service.draft_report(
        session, workshop, snapshot, about=schedule.about, by=None, recipients=recipients
    )
    session.add(
        SchedulePeriod(
            schedule_id=schedule.id,
            period_from=found.period.start,
            period_to=found.period.end,
            report_id=issue.report.id,
            is_late=found.is_late,
            skipped_from=found.skipped_from,
            made_at=now,
        )
    )
    assert issue.version is not None
    await telling.tell_drafted(session, schedule, issue.report, issue.version.head["subject"], found, now)
    return True


async def _due(session: AsyncSession, workshop: Workshop, schedule: ReportSchedule | None, now: datetime) -> Due | None:
    if schedule is None:
        return None
    return due(schedule, workshop.cut, await queries.last_reported(session, schedule.id), now)


async def _tell_not_made(
    session: AsyncSession, workshop: Workshop, schedule_id: UUID, failure: Exception, now: datetime
) -> None:
    schedule = await queries.get_schedule(session, schedule_id)
    found = await _due(session, workshop, schedule, now)
    if schedule is not None and found is not None:
        why = str(failure) if isinstance(failure, Problem) else "Lỗi hệ thống; xem nhật ký của worker báo cáo."
        await telling.tell_not_made(session, schedule, found, why, now)
