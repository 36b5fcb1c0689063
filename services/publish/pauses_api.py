"""Routes of pauses: one person stops everything that is scheduled, two let it go again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import desk_problems as hard
from services.publish import pause_queries
from services.publish.api import Reader, Res, Spokesperson
from services.publish.desk_schemas import PauseCreate, PauseOut
from services.publish.service import pausing, publications

router = APIRouter(prefix="/api/publish/v1/pauses", tags=["publish"], responses=problems(Unauthenticated, Forbidden))


@router.get("", response_model=Page[PauseOut])
async def list_pauses(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    clock: ClockDep,
    res: Res,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
) -> Any:
    """Newest first, with what each that lasts holds back, in the order in which it will go out."""
    rows = await pause_queries.list_pauses(session, page, who.units(*publications.SEES), is_open)
    now, stale_after = clock.now(), res.waiting.stale_after
    views = [await pausing.view(session, row, now, stale_after) for row in rows]
    return page_of(views, page.limit, lambda view: Cursor(None, view.id))


@router.post("", status_code=201, response_model=PauseOut, responses=problems(hard.NotSpeaking, hard.AlreadyPaused))
async def begin_pause(
    body: PauseCreate, session: SessionDep, who: Spokesperson, clock: ClockDep, res: Res
) -> pausing.PauseView:
    """From the answer on nothing more is sent of the unit (of all, without a unit), but what is urgent and approved
    later."""
    stale_after = res.waiting.stale_after
    return await pausing.pause(session, body.unit_id, body.reason, who, clock.now(), stale_after)


@router.get("/{pause_id}", response_model=PauseOut, responses=problems(hard.PauseNotFound))
async def read_pause(pause_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> pausing.PauseView:
    found = await pausing.require_pause(session, pause_id, who)
    return await pausing.view(session, found, clock.now(), res.waiting.stale_after)


@router.post(
    "/{pause_id}/resume",
    response_model=PauseOut,
    responses=problems(hard.PauseNotFound, hard.NotSpeaking, hard.PauseEnded, hard.WordGiven),
)
async def resume(
    pause_id: UUID, session: SessionDep, who: Spokesperson, clock: ClockDep, res: Res
) -> pausing.PauseView:
    """The first spokesperson's word shows what is stale and what will go out; the second's ends the pause."""
    return await pausing.resume(session, pause_id, who, clock.now(), res.waiting.stale_after)
