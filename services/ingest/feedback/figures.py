"""Counts of feedback that everybody may see: no case, no word, and no place: those are open data, month by month."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import CaseRelabelling, DataRequest, FeedbackCase
from libs.common.models.enums import CaseState
from libs.common.models.feedback import DataRequestState
from services.ingest.feedback import queries

DONE = (CaseState.ANSWERED, CaseState.CLOSED, CaseState.REJECTED, CaseState.MERGED)


async def read(session: AsyncSession, now: datetime) -> dict[str, Any]:
    case = FeedbackCase
    totals = select(
        func.count().label("received"),
        func.count().filter(case.state.in_(DONE)).label("answered"),
        func.count().filter(queries.is_overdue(now)).label("overdue"),
        func.count().filter(case.state == CaseState.REJECTED).label("rejected"),
        func.coalesce(func.sum(case.reopened), 0).label("reopened"),
        func.count().filter(case.is_solved.is_(True)).label("solved"),
        func.count().filter(case.is_solved.is_(False)).label("unsolved"),
    ).select_from(case)
    counted = (await session.execute(totals)).one()._asdict()
    return {
        "as_of": now,
        **counted,
        "relabelled_by_two": await session.scalar(select(func.count()).where(CaseRelabelling.is_confirmed.is_(True))),
        **await _data_requests(session, now),
        "by_kind": await _by(session, case.kind),
    }


async def _data_requests(session: AsyncSession, now: datetime) -> dict[str, int]:
    """Late: answered after its two working days, or not answered yet and past them."""
    one = DataRequest
    late = or_(one.decided_at > one.due_at, (one.state == DataRequestState.OPEN) & (one.due_at < now))
    counts = (await session.execute(select(func.count(), func.count().filter(late)).select_from(one))).one()
    return {"data_requests": counts[0], "data_requests_late": counts[1]}


async def _by(session: AsyncSession, column: Any) -> dict[str, int]:
    query = select(column, func.count()).select_from(FeedbackCase).group_by(column).order_by(column)
    return {row[0]: row[1] for row in await session.execute(query)}
