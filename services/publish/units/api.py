"""Routes of what the city hands to its units: validate, call one use case, return."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import problems as general
from services.publish.api import Editor, Reader, Res
from services.publish.service import publications
from services.publish.units import problems as wrong
from services.publish.units import queries, service
from services.publish.units.queries import Offered
from services.publish.units.schemas import Decline, Syndicated, SyndicationCreate, SyndicationOut

router = APIRouter(prefix="/api/publish/v1", tags=["units"], responses=problems(Unauthenticated, Forbidden))


@router.post(
    "/publications/{publication_id}/syndications",
    status_code=201,
    response_model=Syndicated,
    responses=problems(
        general.PublicationNotFound,
        general.NotYourUnit,
        wrong.OnlyTheCity,
        wrong.UnitNotFound,
        wrong.NotToBeSyndicated,
    ),
)
async def syndicate(
    publication_id: UUID, body: SyndicationCreate, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> Syndicated:
    """A draft of its own for each unit, to adapt, approve and post as itself."""
    count = await service.syndicate(session, publication_id, body.unit_ids, body.note, who, clock.now(), res)
    return Syndicated(offered=count)


@router.get(
    "/publications/{publication_id}/syndications",
    response_model=Page[SyndicationOut],
    responses=problems(general.PublicationNotFound, general.NotYourUnit),
)
async def list_of_publication(publication_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    """How far each unit is with it; for the unit whose publication it is."""
    source = await publications.require_visible(session, publication_id, who)
    if source.unit_id not in who.units(*publications.SEES):
        raise general.NotYourUnit("Chỉ đơn vị có tin được xem tin đã chuyển đến đâu.")
    rows = await queries.list_of_publication(session, page, publication_id)
    return page_of([_shown(row) for row in rows], page.limit, _by_id)


@router.get("/syndications", response_model=Page[SyndicationOut])
async def list_for_units(session: SessionDep, who: Reader, page: PageDep) -> Any:
    """What was handed to one's own units, newest first."""
    rows = await queries.list_for_units(session, page, who.units(*publications.SEES))
    return page_of([_shown(row) for row in rows], page.limit, _by_id)


@router.post(
    "/syndications/{syndication_id}/decline",
    response_model=SyndicationOut,
    responses=problems(wrong.SyndicationNotFound, general.NotYourUnit, wrong.SyndicationSettled),
)
async def decline(
    syndication_id: UUID, body: Decline, session: SessionDep, who: Editor, clock: ClockDep
) -> SyndicationOut:
    return _shown(await service.decline(session, syndication_id, body.reason, who, clock.now()))


def _shown(row: Offered) -> SyndicationOut:
    told, source, draft = row.syndication, row.source, row.draft
    return SyndicationOut(
        id=told.id,
        publication_id=source.id,
        title=source.title,
        source_state=source.state,
        revision=told.revision,
        unit_id=told.unit_id,
        unit=row.unit_name,
        draft_id=draft.id,
        draft_state=draft.state,
        is_adapted=draft.revision > 1,
        note=told.note,
        offered_at=told.offered_at,
        declined_at=told.declined_at,
        declined_reason=told.declined_reason,
    )


def _by_id(row: SyndicationOut) -> Cursor:
    return Cursor(None, row.id)
