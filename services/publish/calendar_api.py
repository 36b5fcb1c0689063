"""Routes of the calendar: what stands where, moving it, taking it away as a file, and subscribing to it."""

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from libs.common import models as m
from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.clock import HANOI
from libs.common.conditional import etag_of, is_known
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import PublicationState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from libs.common.web import Site
from services.publish import calendar_queries as queries
from services.publish import plans_problems as wrong
from services.publish.calendar_queries import Asked
from services.publish.calendar_rules import Entry
from services.publish.exports import document, ics, workbook
from services.publish.exports.contents import Contents
from services.publish.people_schemas import Instant
from services.publish.plans_schemas import CalendarItem, FeedAddress, FeedCreate, FeedOut, Move, MoveOut
from services.publish.problems import ContentChanged, NotYourUnit, PublicationNotFound, StateConflict
from services.publish.resources import PublishResources
from services.publish.service import calendar, calendar_feeds, exporting
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1", tags=["calendar"], responses=problems(Unauthenticated, Forbidden))


def forget_address(request: Request) -> None:
    """Before anything else: whatever goes wrong with a subscriber's request is told without the address."""
    request.scope["path"] = "/lich/…"


public_router = APIRouter(include_in_schema=False, dependencies=[public(), Depends(forget_address)])

Reader = Annotated[Principal, require(*SEES)]
Editor = Annotated[Principal, require(*calendar.MOVES)]
Giver = Annotated[Principal, require(*calendar_feeds.GIVES)]


class FileFormat(StrEnum):
    DOCX = "docx"
    XLSX = "xlsx"
    ICS = "ics"


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


def asked(
    who: Reader,
    since: Annotated[Instant, Query(alias="from", description="with a zone")],
    until: Annotated[Instant, Query(alias="to", description="with a zone; at most 92 days later")],
    unit_id: Annotated[UUID | None, Query(description="all of one's units where absent")] = None,
    campaign_id: Annotated[UUID | None, Query()] = None,
    channel_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[list[PublicationState] | None, Query(max_length=11)] = None,
) -> Asked:
    return calendar.asked_for(who, since, until, unit_id, campaign_id, channel_id, state or ())


AskedDep = Annotated[Asked, Depends(asked)]


@router.get(
    "/calendar",
    response_model=Page[CalendarItem],
    responses=problems(wrong.NotOfUnit, wrong.CalendarRangeRefused),
)
async def read_calendar(session: SessionDep, who: Reader, page: PageDep, range_: AskedDep) -> Any:
    """In time order: what is out at the time it went out, everything else at the time it is to go."""
    entries = await calendar.list_entries(session, range_, page)
    told = page_of(entries, page.limit, queries.cursor_of)
    return {**told, "items": [_item(entry) for entry in told["items"]]}


@router.post(
    "/calendar/{publication_id}/move",
    response_model=MoveOut,
    responses=problems(PublicationNotFound, NotYourUnit, StateConflict, ContentChanged, wrong.TimeHasPassed),
)
async def move_publication(
    publication_id: UUID,
    body: Move,
    session: SessionDep,
    who: Editor,
    clock: ClockDep,
    res: Res,
    preview: Annotated[bool, Query(description="tell what would happen, and change nothing")] = False,
) -> calendar.Moved:
    """Reschedule: an edit, so a new revision in draft; whatever was approved has to be approved again."""
    now = clock.now()
    return await calendar.move_publication(
        session, publication_id, body.scheduled_at, body.revision, who, now, res, is_preview=preview
    )


# --- files --------------------------------------------------------------------------------------------------


@router.get(
    "/calendar/export",
    response_class=Response,
    responses=problems(wrong.NotOfUnit, wrong.CalendarRangeRefused, wrong.ExportTooLong),
)
async def export_calendar(
    session: SessionDep,
    who: Reader,
    clock: ClockDep,
    res: Res,
    range_: AskedDep,
    format_: Annotated[FileFormat, Query(alias="format")] = FileFormat.DOCX,
) -> Response:
    contents = await exporting.calendar_contents(session, range_, who, clock.now())
    first = range_.since.astimezone(HANOI).date()
    return await _as_file(contents, format_, res, f"lich-dang-tin-{first.isoformat()}")


@router.get(
    "/plans/{plan_id}/export",
    response_class=Response,
    responses=problems(wrong.PlanNotFound, wrong.ExportTooLong),
)
async def export_plan(
    plan_id: UUID,
    session: SessionDep,
    who: Reader,
    clock: ClockDep,
    res: Res,
    format_: Annotated[FileFormat, Query(alias="format")] = FileFormat.DOCX,
) -> Response:
    """The plan with its themes, campaigns, figures against targets, and its publications by month."""
    contents = await exporting.plan_contents(session, plan_id, who, clock.now())
    return await _as_file(contents, format_, res, f"ke-hoach-{plan_id.hex[-8:]}")


async def _as_file(contents: Contents, format_: FileFormat, res: PublishResources, name: str) -> Response:
    """Rendered in a thread: thousands of rows take seconds, and other requests do not wait for them."""
    data, kind = await asyncio.to_thread(_rendered, contents, format_, res.site)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{format_}')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, headers=headers, media_type=kind)


def _rendered(contents: Contents, format_: FileFormat, site: Site) -> tuple[bytes, str]:
    match format_:
        case FileFormat.DOCX:
            return document.render(contents), document.MEDIA_TYPE
        case FileFormat.XLSX:
            return workbook.render(contents), workbook.MEDIA_TYPE
        case FileFormat.ICS:
            return ics.file_of(contents, site), ics.MEDIA_TYPE


# --- subscribing --------------------------------------------------------------------------------------------


@router.get("/calendar/feeds", response_model=Page[FeedOut])
async def list_feeds(session: SessionDep, who: Giver, page: PageDep) -> Any:
    """Which addresses were given out for one's units, never the addresses themselves."""
    rows = await queries.list_feeds(session, page, who.units(*calendar_feeds.GIVES))
    return page_of(rows, page.limit, lambda feed: Cursor(None, feed.id))


@router.post(
    "/calendar/feeds",
    status_code=201,
    response_model=FeedAddress,
    responses=problems(wrong.NotPlannerOfUnit, wrong.CalendarFeedExists),
)
async def open_feed(body: FeedCreate, session: SessionDep, who: Giver, clock: ClockDep, res: Res) -> FeedAddress:
    """One address for a unit, told once: whoever has it reads the unit's calendar."""
    return _address(*await calendar_feeds.open_feed(session, body.unit_id, who, clock.now()), res)


@router.post(
    "/calendar/feeds/{feed_id}/renew",
    status_code=201,
    response_model=FeedAddress,
    responses=problems(wrong.CalendarFeedNotFound),
)
async def renew_feed(feed_id: UUID, session: SessionDep, who: Giver, clock: ClockDep, res: Res) -> FeedAddress:
    """A new address; the old one is no longer answered."""
    return _address(*await calendar_feeds.renew_feed(session, feed_id, who, clock.now()), res)


@router.post("/calendar/feeds/{feed_id}/revoke", response_model=FeedOut, responses=problems(wrong.CalendarFeedNotFound))
async def revoke_feed(feed_id: UUID, session: SessionDep, who: Giver, clock: ClockDep) -> m.CalendarFeed:
    return await calendar_feeds.revoke_feed(session, feed_id, who, clock.now())


def _address(feed: m.CalendarFeed, token: str, res: PublishResources) -> FeedAddress:
    return FeedAddress(**FeedOut.model_validate(feed).model_dump(), url=res.site.url(f"/lich/{token}.ics"))


@public_router.api_route("/lich/{token}.ics", methods=["GET", "HEAD"])
async def unit_calendar(token: str, request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """Not a problem document where there is nothing: that would quote the address."""
    found = await calendar_feeds.subscribed(session, token, clock.now())
    if found is None:
        return Response("Không có lịch ở địa chỉ này, hoặc địa chỉ đã bị thu hồi.\n", 404, PRIVATE, "text/plain")
    data = await asyncio.to_thread(ics.subscription, found.unit_name, found.entries, res.site)
    etag = etag_of(data)
    headers = {**PRIVATE, "ETag": etag, "Content-Disposition": 'inline; filename="lich.ics"'}
    if is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=ics.MEDIA_TYPE)


PRIVATE = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def _item(entry: Entry) -> CalendarItem:
    """Times as in Hà Nội, with their zone."""
    told = {name: getattr(entry, name) for name in CalendarItem.model_fields}
    shown = {name: _local(told[name]) for name in ("at", "scheduled_at", "published_at")}
    return CalendarItem.model_validate({**told, **shown}, from_attributes=True)


def _local(at: datetime | None) -> datetime | None:
    return at.astimezone(HANOI) if at else None
