"""Routes by which officers ask, open, say what changed and close."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep
from services.publish.consultation import problems as wrong
from services.publish.consultation import queries, service
from services.publish.consultation.schemas import ConsultationCreate, ConsultationOut, OptionOut, WhatChanged
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1", tags=["consultation"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require(*SEES)]
Writer = Annotated[Principal, require(*service.WRITES)]


@router.get("/consultations", response_model=Page[ConsultationOut])
async def list_consultations(session: SessionDep, who: Reader, page: PageDep) -> Any:
    found = await queries.list_of_units(session, who.units(*SEES), page)
    shown, more = found[: page.limit], len(found) > page.limit
    return {
        "items": [await _out(session, one) for one in shown],
        "next_cursor": Cursor(None, shown[-1].id).encode() if more else None,
    }


@router.post(
    "/consultations",
    status_code=201,
    response_model=ConsultationOut,
    responses=problems(wrong.WindowInThePast, wrong.ConsultationExists),
)
async def write_consultation(body: ConsultationCreate, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    """A draft; a spokesperson other than its writer opens it."""
    window = (body.opens_at, body.closes_at)
    made = await service.write(session, body.unit_id, body.question, body.body, body.options, window, who, clock.now())
    return await _out(session, made)


@router.delete(
    "/consultations/{consultation_id}",
    status_code=204,
    responses=problems(wrong.ConsultationNotFound, wrong.ConsultationStands),
)
async def drop_consultation(consultation_id: UUID, session: SessionDep, who: Writer, clock: ClockDep) -> None:
    await service.drop(session, consultation_id, who, clock.now())


@router.post(
    "/consultations/{consultation_id}/open",
    response_model=ConsultationOut,
    responses=problems(
        wrong.ConsultationNotFound, wrong.ConsultationStands, wrong.ConsultationByTwo, wrong.WindowInThePast
    ),
)
async def open_consultation(consultation_id: UUID, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    return await _out(session, await service.open_to_all(session, consultation_id, who, clock.now()))


@router.post(
    "/consultations/{consultation_id}/what-changed",
    response_model=ConsultationOut,
    responses=problems(wrong.ConsultationNotFound, wrong.ConsultationStands, wrong.WindowNotOver),
)
async def say_what_changed(
    consultation_id: UUID, body: WhatChanged, session: SessionDep, who: Writer, clock: ClockDep
) -> Any:
    found = await service.say_what_changed(session, consultation_id, body.what_changed, who, clock.now())
    return await _out(session, found)


@router.post(
    "/consultations/{consultation_id}/close",
    response_model=ConsultationOut,
    responses=problems(wrong.ConsultationNotFound, wrong.ConsultationStands, wrong.WhatChangedMissing),
)
async def close_consultation(consultation_id: UUID, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    return await _out(session, await service.close(session, consultation_id, who, clock.now()))


async def _out(session: AsyncSession, consultation: m.Consultation) -> ConsultationOut:
    options = (await queries.options_of(session, [consultation.id]))[consultation.id]
    told = {name: getattr(consultation, name) for name in ConsultationOut.model_fields if name != "options"}
    return ConsultationOut(**told, options=[OptionOut.model_validate(one) for one in options])
