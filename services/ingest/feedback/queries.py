"""SQL of feedback cases."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Annotation, Content, FeedbackCase, OrganizationUnit, Source, feedback_reference_seq
from libs.common.models.enums import CaseState, UnitKind
from libs.common.pagination import PageRequest
from services.ingest.queries import newest_first


async def texts_without_case(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Row[Content, str, list[str]]]:
    """Contents that have no case yet, with the group of their source and the places the classifier found."""
    query = (
        select(Content, Source.group, Annotation.places)
        .join(Source, Source.id == Content.source_id)
        .outerjoin(Annotation, Annotation.content_id == Content.id)
        .outerjoin(FeedbackCase, FeedbackCase.content_id == Content.id)
        .where(Content.id.in_(ids), FeedbackCase.id.is_(None))
        .order_by(Content.id)
    )
    return (await session.execute(query)).all()


async def units_by_code(session: AsyncSession, codes: set[str], on: date) -> dict[str, tuple[UUID, str]]:
    """The wards and communes of that day with these codes: code → (id, name)."""
    unit = OrganizationUnit
    query = select(unit.code, unit.id, unit.name).where(
        unit.code.in_(codes),
        unit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE)),
        or_(unit.valid_from.is_(None), unit.valid_from <= on),
        or_(unit.valid_to.is_(None), unit.valid_to >= on),
    )
    return {code: (unit_id, name) for code, unit_id, name in await session.execute(query)} if codes else {}


async def get_case_status(session: AsyncSession, reference: str) -> Row[*tuple[Any, ...]] | None:
    """How far a case is, without a word of what it says."""
    query = (
        select(
            FeedbackCase.reference,
            FeedbackCase.state,
            FeedbackCase.urgency,
            OrganizationUnit.name.label("unit"),
            FeedbackCase.received_at,
            FeedbackCase.accept_due_at,
            FeedbackCase.due_at,
            FeedbackCase.accepted_at,
            FeedbackCase.answered_at,
        )
        .outerjoin(OrganizationUnit, OrganizationUnit.id == FeedbackCase.unit_id)
        .where(FeedbackCase.reference == reference)
    )
    return (await session.execute(query)).first()


async def next_reference_number(session: AsyncSession) -> int:
    number = await session.scalar(feedback_reference_seq.next_value().select())
    return int(number or 0)


async def insert_case_once(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """True when this call made the case; False when the content has one."""
    query = upsert(FeedbackCase).values(row).on_conflict_do_nothing(index_elements=["content_id"])
    return await session.scalar(query.returning(FeedbackCase.id)) is not None


async def list_cases(session: AsyncSession, state: CaseState | None, page: PageRequest) -> Sequence[FeedbackCase]:
    query = newest_first(select(FeedbackCase), FeedbackCase, page)
    return (await session.scalars(query if state is None else query.where(FeedbackCase.state == state))).all()
