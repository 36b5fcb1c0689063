"""SQL of what Open311 shows in public: how far cases are, never a word of what they say, nor where somebody lives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id
from libs.common.models import OrganizationUnit
from libs.common.models.enums import CaseState, UnitKind
from libs.common.models.feedback import CaseEvent, FeedbackCase
from services.ingest.feedback.open311_wire import MOST_ROWS, Search, Status

FINISHED = frozenset({CaseState.ANSWERED, CaseState.CLOSED, CaseState.MERGED, CaseState.REJECTED})
EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
OTHER = "khac"
"""The service of a case for which none was told."""


def status_of(state: CaseState) -> Status:
    """GeoReport knows two: it is closed once the unit has answered; a sender's reopening opens it again."""
    return Status.CLOSED if state in FINISHED else Status.OPEN


async def list_requests(session: AsyncSession, search: Search) -> Sequence[Row[Any]]:
    """Latest first."""
    found = _narrowed(_shown(), search).order_by(FeedbackCase.received_at.desc(), FeedbackCase.id.desc())
    rows: Sequence[Row[Any]] = (await session.execute(found.limit(search.limit).offset(search.offset))).all()
    return rows


async def get_request(session: AsyncSession, reference: str) -> Row[Any] | None:
    row: Row[Any] | None = (await session.execute(_shown().where(FeedbackCase.reference == reference))).first()
    return row


async def list_updates(
    session: AsyncSession, since: datetime, until: datetime, reference: str | None
) -> Sequence[Row[Any]]:
    """Each step of a case and the state in which it left it, oldest first; the notes are for their senders alone.

    Ids of steps carry their time: the range is one of the primary key.
    """
    found = (
        select(CaseEvent.id, CaseEvent.state, CaseEvent.at, FeedbackCase.reference)
        .join(FeedbackCase, FeedbackCase.id == CaseEvent.case_id)
        .where(CaseEvent.id >= floor_id(max(since, EPOCH)), CaseEvent.id < floor_id(max(until, EPOCH) + _MILLISECOND))
        .order_by(CaseEvent.id)
        .limit(MOST_ROWS)
    )
    if reference:
        found = found.where(FeedbackCase.reference == reference)
    rows: Sequence[Any] = (await session.execute(found)).all()
    return rows


def _shown() -> Select[Any]:
    """A department is named, a ward or commune never: who lists its cases would count them by the day, and what is held
    back of its months in open data with them."""
    unit = OrganizationUnit
    is_place = unit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE))
    return select(
        FeedbackCase.reference,
        FeedbackCase.state,
        func.coalesce(FeedbackCase.service_code, OTHER).label("service_code"),
        FeedbackCase.received_at,
        FeedbackCase.updated_at,
        FeedbackCase.due_at,
        case((~is_place, unit.name)).label("unit"),
    ).outerjoin(unit, unit.id == FeedbackCase.unit_id)


def _narrowed(query: Select[Any], search: Search) -> Select[Any]:
    if search.references:
        return query.where(FeedbackCase.reference.in_(search.references))
    query = query.where(FeedbackCase.received_at.between(search.since, search.until))
    if search.service_codes:
        fits = FeedbackCase.service_code.in_(search.service_codes)
        query = query.where(or_(fits, FeedbackCase.service_code.is_(None)) if OTHER in search.service_codes else fits)
    match sorted(search.statuses):
        case [Status.CLOSED]:
            return query.where(FeedbackCase.state.in_(FINISHED))
        case [Status.OPEN]:
            return query.where(FeedbackCase.state.not_in(FINISHED))
        case _:
            return query
