"""The route of the pickup index."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.ids import floor_id
from libs.common.pagination import Cursor, InvalidCursor, PageDep, page_of
from services.classify.api import StaffDep
from services.classify.pickup import queries
from services.classify.pickup.changes import Version, compare
from services.classify.pickup.queries import Wanted
from services.classify.pickup.schemas import FigureOut, OursOut, PickupOut, PickupPage

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
) -> PickupPage:
    """Who carried an item of ours: one content, the contents of one source, or those of all official sources."""
    now = clock.now()
    wanted = Wanted(content_id, source_id, floor_id(now - timedelta(days=days)))
    rows = await queries.list_pickups(session, wanted, _after(page.after), page.limit + 1)
    shown = page_of(rows, page.limit, lambda row: Cursor(str(row.our_id), row.content_id))
    items = await asyncio.to_thread(lambda: [_pickup(row) for row in shown["items"]])
    sources = sorted({name for row in shown["items"] for name in (row.our_source, row.source)})
    return PickupPage(items=items, next_cursor=shown["next_cursor"], as_of=now, sources=sources)


def _pickup(row: Any) -> PickupOut:
    ours = Version(row.our_title, row.our_text or "", row.our_time)
    found = compare(ours, Version(row.title, row.text or "", row.at))
    return PickupOut(
        ours=OursOut(content_id=row.our_id, title=row.our_title, source=row.our_source, at=row.our_time),
        content_id=row.content_id,
        source_id=row.source_id,
        source=row.source,
        group=row.group,
        title=row.title,
        url=row.url,
        at=row.at,
        delay_seconds=found.delay_seconds,
        headline_changed=found.is_headline_changed,
        numbers_changed=[FigureOut.model_validate(one) for one in found.figures],
        similarity=row.similarity,
    )


def _after(cursor: Cursor | None) -> tuple[UUID, UUID] | None:
    if cursor is None:
        return None
    try:
        return cursor.id, UUID(str(cursor.key))
    except ValueError as error:
        raise InvalidCursor("Con trỏ này thuộc về một danh sách khác.") from error
