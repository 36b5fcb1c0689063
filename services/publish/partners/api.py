"""Routes of partners: the selection, its candidates with their proofs, the decision, and who drops out."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import problems as general
from services.publish.api import Admin, Reader
from services.publish.partners import problems as wrong
from services.publish.partners import queries, selecting
from services.publish.partners.schemas import (
    ConflictIn,
    ConsentIn,
    DecideIn,
    PartnerCreate,
    PartnerOut,
    ProofIn,
    ProofOut,
    SelectionCreate,
    SelectionDetail,
    SelectionOut,
)
from services.publish.partners.selecting import Candidate
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1", tags=["partners"], responses=problems(Unauthenticated, Forbidden))
Staff = Annotated[Principal, require(*selecting.STAFF)]
OF_A_PARTNER = (wrong.PartnerNotFound, general.NotYourUnit)


@router.post(
    "/partner-selections", status_code=201, response_model=SelectionOut, responses=problems(general.NotYourUnit)
)
async def open_selection(body: SelectionCreate, session: SessionDep, who: Admin, clock: ClockDep) -> m.PartnerSelection:
    return await selecting.open_selection(session, body.model_dump(), who, clock.now())


@router.get("/partner-selections", response_model=Page[SelectionOut])
async def list_selections(session: SessionDep, who: Reader, page: PageDep) -> Any:
    rows = await queries.list_selections(session, page, who.units(*SEES))
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.get(
    "/partner-selections/{selection_id}", response_model=SelectionDetail, responses=problems(wrong.SelectionNotFound)
)
async def read_selection(selection_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> SelectionDetail:
    selection = await selecting.read_selection(session, selection_id, who)
    partners = [_shown(each) for each in await selecting.candidates_of(session, selection, clock.now())]
    count = sum(each.state == "selected" for each in partners)
    return SelectionDetail(**SelectionOut.model_validate(selection).model_dump(), selected=count, partners=partners)


@router.post(
    "/partner-selections/{selection_id}/decide",
    response_model=SelectionOut,
    responses=problems(
        wrong.SelectionNotFound,
        wrong.SelectionSettled,
        wrong.SelectionExists,
        wrong.WrongNumberOfPartners,
        wrong.PartnersNotFit,
        wrong.SignedByAnother,
        general.NotSpokesperson,
    ),
)
async def decide_selection(
    selection_id: UUID, body: DecideIn, session: SessionDep, who: Staff, clock: ClockDep
) -> m.PartnerSelection:
    return await selecting.decide(session, selection_id, body.decision, who, clock.now())


@router.post(
    "/partner-selections/{selection_id}/end",
    response_model=SelectionOut,
    responses=problems(wrong.SelectionNotFound, wrong.SelectionSettled, general.NotSpokesperson),
)
async def end_selection(selection_id: UUID, session: SessionDep, who: Staff, clock: ClockDep) -> m.PartnerSelection:
    return await selecting.end_selection(session, selection_id, who, clock.now())


@router.post(
    "/partner-selections/{selection_id}/partners",
    status_code=201,
    response_model=PartnerOut,
    responses=problems(
        wrong.SelectionNotFound, wrong.SelectionSettled, wrong.PartnerExists, wrong.PersonalPage, general.NotYourUnit
    ),
)
async def add_partner(
    selection_id: UUID, body: PartnerCreate, session: SessionDep, who: Staff, clock: ClockDep
) -> PartnerOut:
    partner = await selecting.add_partner(session, selection_id, body.model_dump(), who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


@router.post(
    "/partners/{partner_id}/proofs",
    status_code=201,
    response_model=PartnerOut,
    responses=problems(*OF_A_PARTNER, wrong.InTheFuture, wrong.PersonalPage, general.MediumNotFound),
)
async def record_proof(partner_id: UUID, body: ProofIn, session: SessionDep, who: Staff, clock: ClockDep) -> PartnerOut:
    partner = await selecting.record_proof(session, partner_id, body.model_dump(), who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


@router.get("/partners/{partner_id}/proofs", response_model=list[ProofOut], responses=problems(wrong.PartnerNotFound))
async def list_proofs(partner_id: UUID, session: SessionDep, who: Reader) -> Any:
    found = await queries.partner_with_selection(session, partner_id)
    if found is None or found[1].unit_id not in who.units(*SEES):
        raise wrong.PartnerNotFound(f"Không có đối tác {partner_id} trong đơn vị của bạn.")
    return await queries.list_proofs(session, partner_id)


@router.post("/partners/{partner_id}/conflict-check", response_model=PartnerOut, responses=problems(*OF_A_PARTNER))
async def record_conflict(
    partner_id: UUID, body: ConflictIn, session: SessionDep, who: Staff, clock: ClockDep
) -> PartnerOut:
    partner = await selecting.record_conflict(session, partner_id, body.result, body.note, who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


@router.post(
    "/partners/{partner_id}/consent",
    response_model=PartnerOut,
    responses=problems(*OF_A_PARTNER, wrong.InTheFuture, general.MediumNotFound),
)
async def record_consent(
    partner_id: UUID, body: ConsentIn, session: SessionDep, who: Staff, clock: ClockDep
) -> PartnerOut:
    now = clock.now()
    partner = await selecting.record_consent(session, partner_id, body.medium_id, body.consent_at, who, now)
    return _shown(await selecting.candidate_of(session, partner, now))


@router.post(
    "/partners/{partner_id}/withdraw-consent",
    response_model=PartnerOut,
    responses=problems(*OF_A_PARTNER, wrong.ConsentMissing),
)
async def withdraw_consent(partner_id: UUID, session: SessionDep, who: Staff, clock: ClockDep) -> PartnerOut:
    partner = await selecting.withdraw_consent(session, partner_id, who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


@router.post(
    "/partners/{partner_id}/select",
    response_model=PartnerOut,
    responses=problems(
        *OF_A_PARTNER,
        wrong.PartnerMoved,
        wrong.SelectionSettled,
        wrong.WrongNumberOfPartners,
        *selecting.REFUSED.values(),
    ),
)
async def select_partner(partner_id: UUID, session: SessionDep, who: Staff, clock: ClockDep) -> PartnerOut:
    partner = await selecting.select_partner(session, partner_id, who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


@router.post(
    "/partners/{partner_id}/remove",
    response_model=PartnerOut,
    responses=problems(*OF_A_PARTNER, wrong.PartnerMoved),
)
async def remove_partner(partner_id: UUID, session: SessionDep, who: Staff, clock: ClockDep) -> PartnerOut:
    partner = await selecting.remove_partner(session, partner_id, who, clock.now())
    return _shown(await selecting.candidate_of(session, partner, clock.now()))


def _shown(found: Candidate) -> PartnerOut:
    told = {name: getattr(found.partner, name) for name in PartnerOut.model_fields if hasattr(found.partner, name)}
    proof = found.proof
    return PartnerOut(
        **told,
        unfit=found.unfit,
        followers=proof.followers if proof else None,
        measured_at=proof.measured_at if proof else None,
    )
