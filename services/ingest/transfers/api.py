"""Routes of transfers: an officer passes a case on, sees how far it is there, and decides what asking did not tell."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.feedback.desk import desk_of
from services.ingest.feedback.problems import FeedbackNotFound
from services.ingest.transfers import queries, service
from services.ingest.transfers.problems import (
    AlreadyPassedOn,
    NothingToDecide,
    ServerNotFound,
    ServiceNotThere,
    TransferNotFound,
)
from services.ingest.transfers.schemas import ServerOut, TransferCreate, TransferDecision, TransferOut

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
OfficerDep = Annotated[Principal, require(Role.FEEDBACK_OFFICER)]


@router.get("/open311-servers")
async def list_open311_servers(settings: SettingsDep, _: OfficerDep) -> list[ServerOut]:
    return [ServerOut(name=one.name, agency=one.agency) for one in settings.open311.others]


@router.get("/feedback-cases/{case_id}/transfers")
async def list_case_transfers(case_id: UUID, session: SessionDep, _: OfficerDep) -> list[TransferOut]:
    return [TransferOut.model_validate(one) for one in await queries.list_transfers(session, case_id)]


@router.post(
    "/feedback-cases/{case_id}/transfers",
    status_code=201,
    responses=problems(FeedbackNotFound, ServerNotFound, AlreadyPassedOn, ServiceNotThere),
)
async def pass_case_on(
    case_id: UUID, body: TransferCreate, session: SessionDep, who: OfficerDep, clock: ClockDep, settings: SettingsDep
) -> TransferOut:
    server = next((one for one in settings.open311.others if one.name == body.server), None)
    if server is None:
        raise ServerNotFound("Xem danh sách ở /open311-servers.")
    asked = service.Asked(case_id, server, who.person_id)
    made = await service.request_transfer(session, desk_of(settings), asked, now=clock.now())
    return TransferOut.model_validate(made)


@router.post(
    "/feedback-cases/{case_id}/transfers/{transfer_id}/decision", responses=problems(TransferNotFound, NothingToDecide)
)
async def decide_transfer(
    case_id: UUID, transfer_id: UUID, body: TransferDecision, session: SessionDep, who: OfficerDep, clock: ClockDep
) -> TransferOut:
    decision = service.Decision(case_id, transfer_id, body.remote_id, who.person_id)
    return TransferOut.model_validate(await service.decide(session, decision, now=clock.now()))
