"""SQL of what belongs to a case's sender: the code, the sealed contact, requests about personal data, similar cases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, false, func, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import CaseCode, CaseContact, CaseEvent, DataRequest, FeedbackCase, OrganizationUnit
from libs.common.pagination import PageRequest
from services.ingest.feedback.lifecycle import OPEN
from services.ingest.queries import newest_first

NEAR_DEGREES = 0.003
"""Some 300 metres."""
ALIKE, ALIKE_NEARBY = 0.40, 0.25
"""Likeness from which a case may be the same; less is needed where both lie close together."""
FEW_LETTERS = 15
"""So short a text stands inside any other; it is compared as a whole."""


# --- codes --------------------------------------------------------------------------------------------------


async def add_code(session: AsyncSession, case_id: UUID, digest: bytes, key_id: str) -> None:
    session.add(CaseCode(case_id=case_id, digest=digest, key_id=key_id, wrong_tries=0))
    await session.flush()


async def lock_code(session: AsyncSession, reference: str) -> CaseCode | None:
    query = select(CaseCode).join(FeedbackCase, FeedbackCase.id == CaseCode.case_id)
    return await session.scalar(query.where(FeedbackCase.reference == reference).with_for_update(of=CaseCode))


# --- contacts -----------------------------------------------------------------------------------------------


async def add_contact(session: AsyncSession, case_id: UUID, sealed: bytes, key_id: str) -> None:
    session.add(CaseContact(case_id=case_id, ciphertext=sealed, key_id=key_id))
    await session.flush()


async def get_contact(session: AsyncSession, case_id: UUID) -> CaseContact | None:
    return await session.get(CaseContact, case_id)


async def claim_sealed_by_others(session: AsyncSession, key_id: str, limit: int) -> Sequence[CaseContact]:
    """Contacts that lie under another key than this one."""
    query = select(CaseContact).where(CaseContact.key_id != key_id).order_by(CaseContact.case_id).limit(limit)
    return (await session.scalars(query.with_for_update(skip_locked=True))).all()


async def set_purge(session: AsyncSession, case_id: UUID, at: datetime | None) -> None:
    """When the contacts of a case and of its duplicates are deleted."""
    mine = or_(FeedbackCase.id == case_id, FeedbackCase.merged_into == case_id)
    ids = select(FeedbackCase.id).where(mine)
    await session.execute(update(CaseContact).where(CaseContact.case_id.in_(ids)).values(purge_at=at))


async def purge_contacts(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Deleted for good; of which cases."""
    query = delete(CaseContact).where(CaseContact.purge_at <= now).returning(CaseContact.case_id)
    return (await session.scalars(query)).all()


async def delete_contact(session: AsyncSession, case_id: UUID) -> bool:
    query = delete(CaseContact).where(CaseContact.case_id == case_id).returning(CaseContact.case_id)
    return await session.scalar(query) is not None


async def blank_notes(session: AsyncSession, case_id: UUID) -> None:
    blank = update(CaseEvent).where(CaseEvent.case_id == case_id).values(public_note=None, internal_note=None)
    await session.execute(blank.execution_options(synchronize_session=False))


# --- requests about personal data ---------------------------------------------------------------------------


async def open_data_request_once(session: AsyncSession, row: dict[str, object]) -> UUID | None:
    """None where one of this kind is open already."""
    query = upsert(DataRequest).values(row)
    query = query.on_conflict_do_nothing(index_elements=["case_id", "kind"], index_where=DataRequest.state == "open")
    return await session.scalar(query.returning(DataRequest.id))


async def lock_data_request(session: AsyncSession, request_id: UUID) -> DataRequest | None:
    return await session.get(DataRequest, request_id, with_for_update=True, populate_existing=True)


async def list_data_requests(
    session: AsyncSession, units: frozenset[UUID] | None, page: PageRequest, *, only_open: bool
) -> Sequence[DataRequest]:
    query = newest_first(select(DataRequest), DataRequest, page)
    if only_open:
        query = query.where(DataRequest.state == "open")
    if units is not None:
        query = query.join(FeedbackCase, FeedbackCase.id == DataRequest.case_id).where(FeedbackCase.unit_id.in_(units))
    return (await session.scalars(query)).all()


async def data_requests_of(session: AsyncSession, case_id: UUID) -> Sequence[DataRequest]:
    query = select(DataRequest).where(DataRequest.case_id == case_id).order_by(DataRequest.id)
    return (await session.scalars(query)).all()


# --- the same again -----------------------------------------------------------------------------------------


async def list_similar(
    session: AsyncSession,
    words: str,
    *,
    since: datetime,
    service_code: str | None,
    unit_id: UUID | None,
    position: tuple[float, float] | None,
) -> Sequence[Row[UUID, str, str, str | None, str | None, datetime, float]]:
    """Open cases since then of the same service or unit, or close by, whose words are alike."""
    case = FeedbackCase
    score = _likeness(case.subject + " " + case.body, words)
    is_near = _is_near(position)
    about = [is_near]
    if service_code is not None:
        about.append(case.service_code == service_code)
    if unit_id is not None:
        about.append(case.unit_id == unit_id)
    query = (
        select(
            case.id,
            case.reference,
            case.state,
            case.service_code,
            OrganizationUnit.name.label("unit"),
            case.received_at,
            score.label("score"),
        )
        .outerjoin(OrganizationUnit, OrganizationUnit.id == case.unit_id)
        .where(case.received_at >= since, case.state.in_(OPEN), or_(*about))
        .where(or_(score >= ALIKE, is_near & (score >= ALIKE_NEARBY)))
        .order_by(score.desc(), case.id)
        .limit(5)
    )
    return (await session.execute(query)).all()


def _likeness(told: ColumnElement[str], words: str) -> ColumnElement[float]:
    """0..1, of unmarked trigrams: how much of either text the other has in one piece, because one citizen writes a line
    and the next a page."""
    one, other = func.f_unaccent(told), func.f_unaccent(words)
    shorter = func.least(func.length(one), func.length(other))
    either_way = func.greatest(func.word_similarity(one, other), func.word_similarity(other, one))
    return sql_case((shorter < FEW_LETTERS, func.similarity(one, other)), else_=either_way)


def _is_near(position: tuple[float, float] | None) -> ColumnElement[bool]:
    if position is None:
        return false()
    case, (lat, lon) = FeedbackCase, position
    return and_(
        case.lat.between(lat - NEAR_DEGREES, lat + NEAR_DEGREES),
        case.lon.between(lon - NEAR_DEGREES, lon + NEAR_DEGREES),
    )
