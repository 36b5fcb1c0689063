"""Routes of take-down cases: what is not confirmed yet, channel by channel, and trying again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import desk_problems as hard
from services.publish import problems as wrong
from services.publish import takedown_queries
from services.publish.api import Editor, Reader
from services.publish.desk_schemas import TakedownChannelOut, TakedownDetail, TakedownOut, TaskOut
from services.publish.service import cases, publications, withdrawing

router = APIRouter(prefix="/api/publish/v1/takedowns", tags=["publish"], responses=problems(Unauthenticated, Forbidden))


@router.get("", response_model=Page[TakedownOut])
async def list_takedowns(
    session: SessionDep, who: Reader, page: PageDep, is_open: Annotated[bool | None, Query(alias="open")] = None
) -> Any:
    rows = await takedown_queries.list_takedowns(session, page, who.units(*publications.SEES), is_open)
    return page_of(rows, page.limit, lambda case: Cursor(None, case.id))


@router.get("/{takedown_id}", response_model=TakedownDetail, responses=problems(hard.TakedownNotFound))
async def read_takedown(takedown_id: UUID, session: SessionDep, who: Reader) -> TakedownDetail:
    """Each channel with its own result, its proof, and the task of whoever has to act."""
    case, publication = await withdrawing.read_takedown(session, takedown_id, who)
    return await _detail(session, case, publication)


@router.post(
    "/{takedown_id}/retry",
    status_code=202,
    response_model=TakedownDetail,
    responses=problems(hard.TakedownNotFound, hard.TakedownClosedAlready, wrong.NotSpokesperson),
)
async def retry_takedown(takedown_id: UUID, session: SessionDep, who: Editor, clock: ClockDep) -> TakedownDetail:
    await withdrawing.retry_takedown(session, takedown_id, who, clock.now())
    case, publication = await withdrawing.read_takedown(session, takedown_id, who)
    return await _detail(session, case, publication)


async def _detail(session: SessionDep, case: m.Takedown, publication: m.Publication) -> TakedownDetail:
    channels = [_channel(each) for each in await cases.channels_of(session, case)]
    row = TakedownOut.model_validate(case).model_dump()
    return TakedownDetail(**row, title=publication.title, channels=channels)


def _channel(each: cases.CaseChannel) -> TakedownChannelOut:
    delivery, correction = each.delivery, each.correction
    return TakedownChannelOut(
        delivery_id=delivery.id,
        channel_id=each.channel.id,
        channel_name=each.channel.name,
        channel_kind=each.channel.kind,
        state=delivery.state,
        platform_url=delivery.platform_url,
        is_confirmed=each.is_confirmed,
        withdrawn_at=delivery.withdrawn_at,
        proof=each.proof,
        error=delivery.error,
        waits_for_person=each.waits_for_person,
        next_try_at=each.next_try_at,
        correction_state=correction.state if correction else None,
        correction_url=correction.platform_url if correction else None,
        task=TaskOut.model_validate(each.task) if each.task else None,
    )
