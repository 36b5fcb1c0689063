"""SQL of feedback cases: found, opened, listed, and their steps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Annotation,
    CaseEvent,
    CaseRelabelling,
    Content,
    FeedbackCase,
    Notification,
    OrganizationUnit,
    Source,
    feedback_reference_seq,
)
from libs.common.models.enums import PROTECTED_KINDS, CaseState, TextKind, UnitKind
from libs.common.pagination import PageRequest
from services.ingest.feedback.lifecycle import OPEN, UNACCEPTED
from services.ingest.queries import newest_first


async def texts_without_case(
    session: AsyncSession, ids: Sequence[UUID]
) -> Sequence[Row[Content, str, list[str], str | None]]:
    """Contents that have no case yet, with the group of their source, and places and field the classifier found."""
    query = (
        select(Content, Source.group, Annotation.places, Annotation.field)
        .join(Source, Source.id == Content.source_id)
        .outerjoin(Annotation, Annotation.content_id == Content.id)
        .outerjoin(FeedbackCase, FeedbackCase.content_id == Content.id)
        .where(Content.id.in_(ids), FeedbackCase.id.is_(None))
        .order_by(Content.id)
    )
    return (await session.execute(query)).all()


async def lock_unprotected(session: AsyncSession, content_ids: Collection[UUID]) -> Sequence[FeedbackCase]:
    """Cases of these contents whose kind is not criticism, opinion or complaint, and was never moved away from it."""
    moved = exists().where(CaseRelabelling.case_id == FeedbackCase.id, CaseRelabelling.is_confirmed.is_(True))
    query = select(FeedbackCase).where(
        FeedbackCase.content_id.in_(content_ids), FeedbackCase.kind.not_in(PROTECTED_KINDS), ~moved
    )
    return (await session.scalars(query.order_by(FeedbackCase.id).with_for_update())).all()


# --- units --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    id: UUID
    code: str
    name: str
    is_place: bool
    """A ward or a commune."""


def _of_that_day(on: date) -> ColumnElement[bool]:
    unit = OrganizationUnit
    return and_(
        or_(unit.valid_from.is_(None), unit.valid_from <= on), or_(unit.valid_to.is_(None), unit.valid_to >= on)
    )


async def units_by_code(session: AsyncSession, codes: Collection[str], on: date) -> dict[str, Unit]:
    """The units of that day with these codes; old districts are none."""
    unit = OrganizationUnit
    query = select(unit.id, unit.code, unit.name, unit.kind).where(
        unit.code.in_(codes), unit.kind != UnitKind.DISTRICT, _of_that_day(on)
    )
    places = (UnitKind.WARD, UnitKind.COMMUNE)
    rows = (await session.execute(query)).all() if codes else []
    return {row.code: Unit(row.id, row.code, row.name, row.kind in places) for row in rows}


async def get_unit(session: AsyncSession, unit_id: UUID, on: date) -> OrganizationUnit | None:
    query = select(OrganizationUnit).where(OrganizationUnit.id == unit_id, _of_that_day(on))
    return await session.scalar(query)


async def sees_all(session: AsyncSession, units: Collection[UUID], duty_desk: str) -> bool:
    """Whether one of these is the city itself or its duty desk, which pass cases on."""
    unit = OrganizationUnit
    query = select(unit.id).where(unit.id.in_(units), or_(unit.kind == UnitKind.CITY, unit.code == duty_desk)).limit(1)
    return bool(units) and await session.scalar(query) is not None


# --- one case -----------------------------------------------------------------------------------------------


async def next_reference_number(session: AsyncSession) -> int:
    number = await session.scalar(feedback_reference_seq.next_value().select())
    return int(number or 0)


async def insert_case_once(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """True when this call made the case; False when the content, or the door's own id of it, has one."""
    query = upsert(FeedbackCase).values(row).on_conflict_do_nothing()
    return await session.scalar(query.returning(FeedbackCase.id)) is not None


async def find_by_origin(session: AsyncSession, channel: str, digests: Sequence[bytes]) -> FeedbackCase | None:
    query = select(FeedbackCase).where(FeedbackCase.channel == channel, FeedbackCase.origin_digest.in_(digests))
    return await session.scalar(query)


async def get_case(session: AsyncSession, case_id: UUID) -> FeedbackCase | None:
    return await session.get(FeedbackCase, case_id)


async def get_by_reference(session: AsyncSession, reference: str) -> FeedbackCase | None:
    return await session.scalar(select(FeedbackCase).where(FeedbackCase.reference == reference))


async def lock_case(session: AsyncSession, case_id: UUID) -> FeedbackCase | None:
    return await session.get(FeedbackCase, case_id, with_for_update=True, populate_existing=True)


async def merged_into(session: AsyncSession, case_id: UUID) -> Sequence[FeedbackCase]:
    """Locked: the cases that are this one's duplicates."""
    query = select(FeedbackCase).where(FeedbackCase.merged_into == case_id).order_by(FeedbackCase.id)
    return (await session.scalars(query.with_for_update())).all()


async def set_asks(session: AsyncSession, case_id: UUID, at: datetime | None) -> None:
    """When the senders of a case and of its duplicates are asked whether it was solved; their last word is void."""
    mine = or_(FeedbackCase.id == case_id, FeedbackCase.merged_into == case_id)
    await session.execute(update(FeedbackCase).where(mine).values(ask_solved_at=at, is_solved=None))


async def add_event(session: AsyncSession, event: CaseEvent) -> None:
    session.add(event)
    await session.flush()


async def list_events(session: AsyncSession, case_ids: Collection[UUID]) -> Sequence[CaseEvent]:
    return (
        await session.scalars(select(CaseEvent).where(CaseEvent.case_id.in_(case_ids)).order_by(CaseEvent.id))
    ).all()


# --- many cases ---------------------------------------------------------------------------------------------


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """As `lifecycle.is_overdue`."""
    case = FeedbackCase
    return or_(
        and_(case.state.in_(UNACCEPTED), case.accept_due_at < now), and_(case.state.in_(OPEN), case.due_at < now)
    )


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """`units` None: of all units."""

    units: frozenset[UUID] | None = None
    state: CaseState | None = None
    kind: TextKind | None = None
    overdue_at: datetime | None = None
    """Only what is overdue at that time."""


def _chosen(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    case = FeedbackCase
    return [
        rule
        for rule in (
            None if wanted.units is None else case.unit_id.in_(wanted.units),
            None if wanted.state is None else case.state == wanted.state,
            None if wanted.kind is None else case.kind == wanted.kind,
            None if wanted.overdue_at is None else is_overdue(wanted.overdue_at),
        )
        if rule is not None
    ]


async def list_cases(session: AsyncSession, wanted: CaseFilter, page: PageRequest) -> Sequence[FeedbackCase]:
    """Newest first."""
    query = newest_first(select(FeedbackCase), FeedbackCase, page)
    return (await session.scalars(query.where(*_chosen(wanted)))).all()


async def list_next_due(session: AsyncSession, wanted: CaseFilter, limit: int) -> Sequence[FeedbackCase]:
    """Open cases, the one whose next limit comes (or came) first at the head; those without one last."""
    case = FeedbackCase
    accept_by = sql_case((case.state.in_(UNACCEPTED), case.accept_due_at))
    next_limit = func.least(accept_by, case.due_at)  # of Postgres: skips nulls
    query = select(case).where(case.state.in_(OPEN), *_chosen(wanted))
    return (await session.scalars(query.order_by(next_limit.nulls_last(), case.id).limit(limit))).all()


# --- who must be told ---------------------------------------------------------------------------------------


async def tell_once(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """True when nobody was told of this before (by its `dedupe`)."""
    query = upsert(Notification).values(values).on_conflict_do_nothing(index_elements=["dedupe"])
    return await session.scalar(query.returning(Notification.id)) is not None
