"""Routes of models: their cards, why a text has its labels, labelling anew."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.classify.api import PREFIX, STAFF, StaffDep
from services.classify.models import queries, service
from services.classify.models.problems import ModelCannotExplain, NoModelLoaded
from services.classify.models.schemas import AgainCreate, AgainOut, ExplanationOut, ModelOut
from services.classify.problems import AnnotationNotFound
from services.classify.resources import Resources

router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))
CardReaderDep = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]
AdminDep = Annotated[Principal, require(Role.ADMIN)]
HeldDep = Annotated[Resources, Depends(resources)]


@router.get("/models")
async def list_models(session: SessionDep, _: CardReaderDep) -> list[ModelOut]:
    """The models that were in use here with their cards, the current one first."""
    return [ModelOut.model_validate(row) for row in await queries.list_models(session)]


@router.get(
    "/contents/{content_id}/explanation", responses=problems(AnnotationNotFound, NoModelLoaded, ModelCannotExplain)
)
async def explain_content(content_id: UUID, session: SessionDep, _: StaffDep, held: HeldDep) -> ExplanationOut:
    """The words that decided, the rules that fired, the probability and the threshold of each head."""
    return ExplanationOut.model_validate(await service.explain_content(session, content_id, held.classifier))


@router.post("/models/label-again", responses=problems(NoModelLoaded))
async def label_again(
    body: AgainCreate, session: SessionDep, who: AdminDep, clock: ClockDep, held: HeldDep
) -> AgainOut:
    """What another model labelled in the last days is labelled anew, beside the stream."""
    if held.classifier is None:
        raise NoModelLoaded("Chưa có mô hình nào để gán nhãn lại.")
    queued = await service.label_again(session, held.classifier, body.days, by=who.person_id, now=clock.now())
    return AgainOut(queued=queued)
