"""The route of the pickup index."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.ids import floor_id
from libs.common.pagination import Cursor, InvalidCursor, PageDep, page_of
from libs.common.pickup import How, Picked, Wanted, judge, list_carried
from services.classify.api import StaffDep
from services.classify.pickup.schemas import FigureOut, OursOut, PickupOut, PickupPage, SharedOut

router = APIRouter(prefix="/api/classify/v1", tags=["classify"], responses=problems(Unauthenticated, Forbidden))


@router.get("/pickup")
async def list_pickups(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    content_id: UUID | None = None,
    source_id: UUID | None = None,
    days: Annotated[int, Query(ge=1, le=365)] = 30,
    how: Annotated[How, Query(description="rewrites are found by what they share: weaker than copies")] = How.COPY,
) -> PickupPage:
    """Who carried an item of ours: one content, the contents of one source, or those of all official sources.

    What may be a rewrite and shares too little is left out after the page is read, so that such a page may be short.
    """
    now = clock.now()
    wanted = Wanted(content_id, source_id, floor_id(now - timedelta(days=days)))
    rows = await list_carried(session, wanted, how, _after(page.after), page.limit + 1)
    shown = page_of(rows, page.limit, lambda row: Cursor(str(row.our_id), row.content_id))
    items = [_pickup(each) for each in await asyncio.to_thread(judge, shown["items"], how)]
    sources = sorted({name for row in shown["items"] for name in (row.our_source, row.source)})
    return PickupPage(items=items, next_cursor=shown["next_cursor"], as_of=now, sources=sources)


def _pickup(found: Picked) -> PickupOut:
    row, changes = found.row, found.changes
    return PickupOut(
        how=found.how,
        ours=OursOut(content_id=row.our_id, title=row.our_title, source=row.our_source, at=row.our_time),
        content_id=row.content_id,
        source_id=row.source_id,
        source=row.source,
        group=row.group,
        title=row.title,
        url=row.url,
        at=row.at,
        delay_seconds=changes.delay_seconds,
        headline_changed=changes.is_headline_changed,
        numbers_changed=[FigureOut.model_validate(one) for one in changes.figures],
        shared=SharedOut.model_validate(found.shared) if found.shared else None,
        similarity=row.similarity,
    )


def _after(cursor: Cursor | None) -> tuple[UUID, UUID] | None:
    if cursor is None:
        return None
    try:
        return cursor.id, UUID(str(cursor.key))
    except ValueError as error:
        raise InvalidCursor("Con trỏ này thuộc về một danh sách khác.") from error
