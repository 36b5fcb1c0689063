"""SQL of what time does to cases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import DataRequest, FeedbackCase, Notification
from libs.common.models.enums import CaseState
from services.ingest.feedback.lifecycle import OPEN, UNACCEPTED

ASKED_STATES = (CaseState.ANSWERED, CaseState.CLOSED, CaseState.MERGED)


def told_key(case: FeedbackCase, what: str, level: int) -> str:
    """By which a notice is given once: the city (level 1) in each round, a unit (level 0) also when it gets the case
    from another."""
    return f"feedback:{what}:{case.id}:{case.reopened}:{level}:{'city' if level else case.unit_id}"


def late_key(request_id: UUID) -> str:
    return f"data-request:late:{request_id}"


def _was_told(what: str) -> ColumnElement[bool]:
    """To the unit that has it now; where none has, to the city."""
    case = FeedbackCase
    unit = func.coalesce("0:" + cast(case.unit_id, String), literal("1:city"))
    key = func.concat(f"feedback:{what}:", cast(case.id, String), ":", cast(case.reopened, String), ":", unit)
    return exists().where(Notification.dedupe == key)


async def list_overdue_untold(session: AsyncSession, now: datetime, limit: int) -> Sequence[FeedbackCase]:
    case = FeedbackCase
    unaccepted = and_(case.state.in_(UNACCEPTED), case.accept_due_at < now, ~_was_told("unaccepted"))
    undone = and_(case.state.in_(OPEN), case.due_at < now, ~_was_told("undone"))
    query = select(case).where(or_(unaccepted, undone)).order_by(case.id).limit(limit)
    return (await session.scalars(query)).all()


async def list_late_requests(session: AsyncSession, now: datetime, limit: int) -> Sequence[Row[DataRequest, str]]:
    one = DataRequest
    told = exists().where(Notification.dedupe == func.concat("data-request:late:", cast(one.id, String)))
    query = (
        select(one, FeedbackCase.reference)
        .join(FeedbackCase, FeedbackCase.id == one.case_id)
        .where(one.state == "open", one.due_at < now, ~told)
    )
    return (await session.execute(query.order_by(one.id).limit(limit))).all()


async def claim_asks(session: AsyncSession, now: datetime, limit: int) -> Sequence[FeedbackCase]:
    case = FeedbackCase
    query = select(case).where(case.ask_solved_at <= now, case.state.in_(ASKED_STATES), case.is_solved.is_(None))
    query = query.order_by(case.ask_solved_at).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()


async def claim_to_close(session: AsyncSession, answered_before: datetime, limit: int) -> Sequence[FeedbackCase]:
    case = FeedbackCase
    query = select(case).where(case.state == CaseState.ANSWERED, case.answered_at <= answered_before)
    query = query.order_by(case.id).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()
