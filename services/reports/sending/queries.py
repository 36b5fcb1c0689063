"""SQL of schedules, their recipients and the sendings of reports."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ReportState, RunState
from libs.common.models.sending import RecipientState, SendingState
from libs.common.pagination import PageRequest

S, R, X, P = m.ReportSchedule, m.ReportRecipient, m.ReportSending, m.SchedulePeriod


# --- schedules ----------------------------------------------------------------------------------------------


async def get_schedule(session: AsyncSession, schedule_id: UUID) -> m.ReportSchedule | None:
    return await session.get(S, schedule_id)


async def lock_schedule(session: AsyncSession, schedule_id: UUID) -> m.ReportSchedule | None:
    return await session.get(S, schedule_id, with_for_update=True, populate_existing=True)


async def list_schedules(session: AsyncSession, page: PageRequest) -> Sequence[m.ReportSchedule]:
    """Newest first."""
    query = select(S).order_by(S.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(S.id < page.after.id)
    return (await session.scalars(query)).all()


async def schedules_on(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(S.id).where(S.on_since.is_not(None)).order_by(S.id))).all()


async def take_schedule(session: AsyncSession, schedule_id: UUID) -> m.ReportSchedule | None:
    """For this transaction alone; None while another scheduler has it."""
    key = {"key": f"reports:schedule:{schedule_id}"}
    is_mine = await session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    return await get_schedule(session, schedule_id) if is_mine else None


async def last_reported(session: AsyncSession, schedule_id: UUID) -> datetime | None:
    """The end of the newest period that was reported."""
    return await session.scalar(select(func.max(P.period_to)).where(P.schedule_id == schedule_id))


async def list_periods(session: AsyncSession, schedule_id: UUID, page: PageRequest) -> Sequence[m.SchedulePeriod]:
    """Newest first."""
    query = select(P).where(P.schedule_id == schedule_id).order_by(P.report_id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(P.report_id < page.after.id)
    return (await session.scalars(query)).all()


async def share_schedule_of(session: AsyncSession, report_id: UUID) -> m.ReportSchedule | None:
    """The schedule that made a report; its recipients do not change until this transaction ends."""
    query = select(S).join(P, P.schedule_id == S.id).where(P.report_id == report_id)
    return await session.scalar(query.with_for_update(read=True, of=S))


# --- recipients ---------------------------------------------------------------------------------------------


async def recipients_of(session: AsyncSession, schedule_id: UUID) -> Sequence[m.ReportRecipient]:
    """Without those who were taken off, in the order in which they are printed."""
    query = select(R).where(R.schedule_id == schedule_id, R.state != RecipientState.REMOVED)
    return (await session.scalars(query.order_by(R.position, R.id))).all()


async def schedule_of_recipient(session: AsyncSession, recipient_id: UUID) -> m.ReportSchedule | None:
    query = select(S).join(R, R.schedule_id == S.id).where(R.id == recipient_id)
    return await session.scalar(query.with_for_update(of=S))


async def lock_recipient(session: AsyncSession, recipient_id: UUID) -> m.ReportRecipient | None:
    return await session.get(R, recipient_id, with_for_update=True, populate_existing=True)


# --- sendings -----------------------------------------------------------------------------------------------


async def claim_due(session: AsyncSession, now: datetime, until: datetime, limit: int) -> list[m.ReportSending]:
    """What is due, of signed reports whose document is printed. The try counts before it is made."""
    run, report = m.ReportRun, m.Report
    query = (
        select(X, run.digest)
        .join(report, report.id == X.report_id)
        .join(run, (run.report_id == X.report_id) & (run.version == X.version) & (run.format == X.form))
        .where(X.state == SendingState.QUEUED, X.not_before <= now)
        .where(report.state == ReportState.SIGNED, run.state == RunState.PRINTED)
        .order_by(X.not_before, X.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=X)
    )
    claimed = []
    for sending, digest in (await session.execute(query)).all():
        sending.state, sending.claimed_until, sending.updated_at = SendingState.SENDING.value, until, now
        sending.attempts += 1
        sending.digest = digest
        claimed.append(sending)
    return claimed


async def lock_sending(session: AsyncSession, sending_id: UUID) -> m.ReportSending | None:
    return await session.get(X, sending_id, with_for_update=True, populate_existing=True)


async def mark_stale(session: AsyncSession, trouble: str, now: datetime) -> Sequence[m.ReportSending]:
    """What was claimed so long ago and never recorded may be out."""
    stale = (X.state == SendingState.SENDING) & (X.claimed_until < now)
    values = {"state": SendingState.UNKNOWN, "trouble": trouble, "claimed_until": None, "updated_at": now}
    return (await session.scalars(update(X).where(stale).values(values).returning(X))).all()


async def drop_void(session: AsyncSession, now: datetime) -> None:
    """What waits of a report that no longer holds goes to nobody."""
    void = select(m.Report.id).where(m.Report.state == ReportState.VOID)
    waits = (X.state == SendingState.QUEUED) & X.report_id.in_(void)
    await session.execute(update(X).where(waits).values(state=SendingState.DROPPED, updated_at=now))


async def unprinted(session: AsyncSession) -> Sequence[Row[UUID, UUID, str, str | None]]:
    """(run's id, report's id, form, error) of documents that somebody waits for and the printers gave up."""
    run = m.ReportRun
    query = (
        select(run.id, X.report_id, X.form, run.error)
        .join(run, (run.report_id == X.report_id) & (run.version == X.version) & (run.format == X.form))
        .where(X.state == SendingState.QUEUED, run.state == RunState.FAILED)
        .distinct()
    )
    return (await session.execute(query)).all()


async def last_turn(session: AsyncSession, report_id: UUID, recipient_id: UUID) -> m.ReportSending:
    query = select(X).where(X.report_id == report_id, X.recipient_id == recipient_id)
    return (await session.scalars(query.order_by(X.turn.desc()).limit(1))).one()


async def schedule_of_sending(session: AsyncSession, sending_id: UUID) -> m.ReportSchedule | None:
    query = select(S).join(R, R.schedule_id == S.id).join(X, X.recipient_id == R.id).where(X.id == sending_id)
    return await session.scalar(query)


async def list_sendings(
    session: AsyncSession,
    page: PageRequest,
    units: Collection[UUID],
    report_id: UUID | None,
    state: SendingState | None,
) -> Sequence[m.ReportSending]:
    """Newest first, of schedules that one of the units keeps."""
    query = (
        select(X)
        .join(R, R.id == X.recipient_id)
        .join(S, S.id == R.schedule_id)
        .where(S.unit_id.in_(units))
        .order_by(X.id.desc())
        .limit(page.limit + 1)
    )
    if report_id is not None:
        query = query.where(X.report_id == report_id)
    if state is not None:
        query = query.where(X.state == state)
    if page.after is not None:
        query = query.where(X.id < page.after.id)
    return (await session.scalars(query)).all()


async def totals(session: AsyncSession, report_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Of each report, its sendings by state."""
    query = select(X.report_id, X.state, func.count()).where(X.report_id.in_(report_ids))
    found: dict[UUID, dict[str, int]] = {}
    for report_id, state, count in await session.execute(query.group_by(X.report_id, X.state)):
        found.setdefault(report_id, {})[state] = count
    return found
