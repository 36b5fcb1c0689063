"""Routes of transfers: an officer passes a case on, sees how far it is there, and decides what asking did not tell."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.feedback.api import DeskDep, OfficerDep
from services.ingest.feedback.officers import require_case
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


@router.get("/open311-servers")
async def list_open311_servers(settings: SettingsDep, _: OfficerDep) -> list[ServerOut]:
    return [ServerOut(name=one.name, agency=one.agency) for one in settings.open311.others]


@router.get("/feedback-cases/{case_id}/transfers", responses=problems(FeedbackNotFound))
async def list_case_transfers(case_id: UUID, session: SessionDep, officer: OfficerDep) -> list[TransferOut]:
    await require_case(session, officer, case_id)
    return [TransferOut.model_validate(one) for one in await queries.list_transfers(session, case_id)]


@router.post(
    "/feedback-cases/{case_id}/transfers",
    status_code=201,
    responses=problems(FeedbackNotFound, ServerNotFound, AlreadyPassedOn, ServiceNotThere),
)
async def pass_case_on(
    case_id: UUID,
    body: TransferCreate,
    session: SessionDep,
    officer: OfficerDep,
    desk: DeskDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> TransferOut:
    server = next((one for one in settings.open311.others if one.name == body.server), None)
    if server is None:
        raise ServerNotFound("Xem danh sách ở /open311-servers.")
    asked = service.Asked(case_id, server, officer)
    made = await service.request_transfer(session, desk, asked, now=clock.now())
    return TransferOut.model_validate(made)


@router.post(
    "/feedback-cases/{case_id}/transfers/{transfer_id}/decision",
    responses=problems(FeedbackNotFound, TransferNotFound, NothingToDecide),
)
async def decide_transfer(
    case_id: UUID, transfer_id: UUID, body: TransferDecision, session: SessionDep, officer: OfficerDep, clock: ClockDep
) -> TransferOut:
    decision = service.Decision(case_id, transfer_id, body.remote_id, officer)
    return TransferOut.model_validate(await service.decide(session, decision, now=clock.now()))
