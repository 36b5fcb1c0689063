"""Routes of corrected places, of the names that people gave to places, and of what was corrected of a content."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.app import resources
from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import PlaceAlias
from libs.common.models.enums import AliasState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.classify.api import PREFIX, LabellerDep, StaffDep
from services.classify.naming import queries, service
from services.classify.naming.problems import (
    AliasAlreadyDecided,
    AliasNotFound,
    NameDoesNotFit,
    NameTaken,
    PlaceUnknown,
)
from services.classify.naming.schemas import CorrectionOut, PlaceAliasOut, PlacesCreate, PlacesOut
from services.classify.problems import AnnotationNotFound, SecondPersonNeeded
from services.classify.resources import Resources

router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))
HeldDep = Annotated[Resources, Depends(resources)]
_WRONG = problems(AnnotationNotFound, PlaceUnknown, NameDoesNotFit, NameTaken)
_ALIAS_PROBLEMS = problems(AliasNotFound, AliasAlreadyDecided, SecondPersonNeeded)


@router.post("/contents/{content_id}/places", responses=_WRONG)
async def correct_places(
    content_id: UUID, body: PlacesCreate, session: SessionDep, who: LabellerDep, clock: ClockDep, held: HeldDep
) -> PlacesOut:
    """Which places a text is about, as a person says; with `name`, also what one of them is called in it."""
    now, by = clock.now(), who.person_id
    done = await service.correct_places(session, content_id, body.places, body.name, held.register, by=by, now=now)
    return PlacesOut.model_validate(done)


@router.get("/contents/{content_id}/corrections")
async def list_corrections(content_id: UUID, session: SessionDep, _: StaffDep) -> list[CorrectionOut]:
    """What people put right of a content, the newest first: labels and places."""
    return [CorrectionOut.model_validate(row) for row in await queries.list_corrections(session, content_id)]


@router.get("/place-aliases")
async def list_place_aliases(
    page: PageDep, session: SessionDep, _: LabellerDep, state: AliasState | None = None
) -> Page[PlaceAliasOut]:
    rows = await queries.list_aliases(session, state, page)
    return Page[PlaceAliasOut].model_validate(page_of(rows, page.limit, _by_arrival))


@router.post("/place-aliases/{alias_id}/confirm", responses=_ALIAS_PROBLEMS)
async def confirm_place_alias(alias_id: UUID, session: SessionDep, who: LabellerDep, clock: ClockDep) -> PlaceAliasOut:
    """From now on texts are read with this name; another person than the proposer says so."""
    return await _decided(session, alias_id, AliasState.CONFIRMED, who, clock)


@router.post("/place-aliases/{alias_id}/refuse", responses=_ALIAS_PROBLEMS)
async def refuse_place_alias(alias_id: UUID, session: SessionDep, who: LabellerDep, clock: ClockDep) -> PlaceAliasOut:
    return await _decided(session, alias_id, AliasState.REFUSED, who, clock)


@router.post("/place-aliases/{alias_id}/end", responses=_ALIAS_PROBLEMS)
async def end_place_alias(alias_id: UUID, session: SessionDep, who: LabellerDep, clock: ClockDep) -> PlaceAliasOut:
    """A name that was in use is used no more; what was read with it stays as it is."""
    return await _decided(session, alias_id, AliasState.ENDED, who, clock)


async def _decided(
    session: SessionDep, alias_id: UUID, decision: AliasState, who: LabellerDep, clock: ClockDep
) -> PlaceAliasOut:
    done = await service.decide_alias(session, alias_id, decision, by=who.person_id, now=clock.now())
    return PlaceAliasOut.model_validate(done)


def _by_arrival(row: PlaceAlias) -> Cursor:
    return Cursor(None, row.id)
