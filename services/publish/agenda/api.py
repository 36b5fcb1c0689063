"""Routes of the events desk: validate, call one use case, return."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from libs.common import models as m
from libs.common.activities import figures, measure
from libs.common.auth import ClockDep, Principal, require, require_first
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from libs.common.uploads import UploadRefused, UploadTooBig, read_upload
from services.publish import problems as publish_wrong
from services.publish.agenda import desk, importing, queries, reading
from services.publish.agenda import problems as wrong
from services.publish.agenda.queries import Asked
from services.publish.agenda.schemas import (
    DraftIn,
    EventOut,
    FiguresOut,
    ImportFromUrl,
    ImportOut,
    KindChoice,
    KindCreate,
    KindIn,
    KindOut,
    LinkIn,
)
from services.publish.api import Reader, Res
from services.publish.people_schemas import Instant
from services.publish.schemas import PublicationOut
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1/agenda", tags=["agenda"], responses=problems(Unauthenticated, Forbidden))
Worker = Annotated[Principal, require(*desk.WORKS)]
Importer = Annotated[Principal, require_first(*desk.WORKS)]
MOST = 10_000
SOURCE = "agenda_events, deliveries"
FORMULA = "phút = giờ thấy bài đầu tiên - giờ bắt đầu hoặc kết thúc; đúng hạn = in_time / (in_time + late + overdue)"


def asked(
    who: Reader,
    since: Annotated[Instant, Query(alias="from", description="with a zone")],
    until: Annotated[Instant, Query(alias="to", description="with a zone; at most 366 days later")],
    unit_id: Annotated[UUID | None, Query(description="all of one's units where absent")] = None,
    late: Annotated[bool | None, Query(description="only what is late, or only what is not")] = None,
) -> Asked:
    return desk.asked_for(who, since, until, unit_id, late)


AskedDep = Annotated[Asked, Depends(asked)]


@router.get("/kinds", response_model=list[KindOut])
async def list_kinds(session: SessionDep, who: Reader) -> Any:
    return await queries.list_kinds(session, who.units(*SEES))


@router.post(
    "/kinds", status_code=201, response_model=KindOut, responses=problems(wrong.NotAtThisDesk, wrong.AgendaKindExists)
)
async def write_kind(body: KindCreate, session: SessionDep, who: Worker, clock: ClockDep) -> m.AgendaKind:
    """A kind of activity: within how many minutes the first post is due, and how it begins."""
    return await desk.write_kind(session, None, body.model_dump(), who, clock.now())


@router.put(
    "/kinds/{kind_id}",
    response_model=KindOut,
    responses=problems(wrong.AgendaKindNotFound, wrong.NotAtThisDesk, wrong.AgendaKindExists),
)
async def rewrite_kind(kind_id: UUID, body: KindIn, session: SessionDep, who: Worker, clock: ClockDep) -> m.AgendaKind:
    return await desk.write_kind(session, kind_id, body.model_dump(), who, clock.now())


@router.get("/imports", response_model=Page[ImportOut])
async def list_imports(session: SessionDep, who: Reader, page: PageDep) -> Any:
    rows = await queries.list_imports(session, page, who.units(*SEES))
    return page_of(rows, page.limit, lambda row: Cursor(None, row.id))


@router.post(
    "/imports",
    status_code=201,
    response_model=ImportOut,
    responses=problems(wrong.NotAtThisDesk, wrong.CalendarNotReadable, wrong.CalendarTooBig),
    openapi_extra={"requestBody": {"content": {"text/calendar": {"schema": {"type": "string"}}}, "required": True}},
)
async def import_file(
    request: Request,
    database: DatabaseDep,
    who: Importer,
    clock: ClockDep,
    unit_id: Annotated[UUID | None, Query(description="the caller's own unit where absent")] = None,
) -> m.AgendaImport:
    """An iCalendar file, as the body or as the part `file` of a form; 2 MB at most. Each activity once by its UID,
    newer words over older ones; what is wrong with one entry is told, and keeps no other back."""
    desk.require_desk(who, unit_id or who.unit_id)
    now = clock.now()
    found = await importing.read_apart(await _upload(request), now)
    async with database.transaction() as session:
        return await importing.import_upload(session, unit_id, found, None, who, now)


@router.post(
    "/imports/from-url",
    status_code=201,
    response_model=ImportOut,
    responses=problems(wrong.NotAtThisDesk, wrong.CalendarNotReadable, wrong.CalendarNotFetched),
)
async def import_from_url(
    body: ImportFromUrl, database: DatabaseDep, who: Importer, clock: ClockDep, res: Res
) -> m.AgendaImport:
    """The same from a public address; never from a private network."""
    desk.require_desk(who, body.unit_id or who.unit_id)
    now = clock.now()
    found = await importing.read_apart(await importing.fetch_calendar(body.url, res), now)
    async with database.transaction() as session:
        return await importing.import_upload(session, body.unit_id, found, body.url, who, now)


@router.get("/events", response_model=Page[EventOut], responses=problems(wrong.RangeRefused))
async def list_events(session: SessionDep, page: PageDep, range_: AskedDep, clock: ClockDep) -> Any:
    """In time order, each with its minutes to the first official post that was seen, and whether that is late."""
    now = clock.now()
    told = page_of(await queries.list_events(session, range_, page, now), page.limit, queries.cursor_of)
    return {**told, "items": [EventOut.of(row, now) for row in told["items"]]}


@router.get("/figures", response_model=FiguresOut, responses=problems(wrong.RangeRefused))
async def read_figures(session: SessionDep, range_: AskedDep, clock: ClockDep) -> FiguresOut:
    now = clock.now()
    rows = await queries.every_event(session, range_, MOST + 1, now)
    if len(rows) > MOST:
        raise wrong.RangeRefused(f"Có hơn {MOST} hoạt động: hãy chọn khoảng ngắn hơn hoặc một đơn vị.")
    told = figures(measure(row.activity, now) for row in rows)
    return FiguresOut(as_of=now, source=SOURCE, formula=FORMULA, **asdict(told))


@router.get("/events/{event_id}", response_model=EventOut, responses=problems(wrong.AgendaEventNotFound))
async def read_event(event_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> EventOut:
    return EventOut.of(await desk.require_event(session, event_id, who), clock.now())


@router.put(
    "/events/{event_id}/kind",
    response_model=EventOut,
    responses=problems(wrong.AgendaEventNotFound, wrong.AgendaKindNotFound, wrong.NotAtThisDesk),
)
async def choose_kind(event_id: UUID, body: KindChoice, session: SessionDep, who: Worker, clock: ClockDep) -> EventOut:
    now = clock.now()
    return EventOut.of(await desk.set_kind(session, event_id, body.kind_id, who, now), now)


@router.put(
    "/events/{event_id}/publication",
    response_model=EventOut,
    responses=problems(wrong.AgendaEventNotFound, wrong.NotAtThisDesk, wrong.NotTellable),
)
async def link_publication(event_id: UUID, body: LinkIn, session: SessionDep, who: Worker, clock: ClockDep) -> EventOut:
    """Which publication told of it; its first post that was seen is what is measured."""
    now = clock.now()
    return EventOut.of(await desk.link_publication(session, event_id, body.publication_id, who, now), now)


@router.post(
    "/events/{event_id}/draft",
    status_code=201,
    response_model=PublicationOut,
    responses=problems(
        wrong.AgendaEventNotFound,
        wrong.NotAtThisDesk,
        wrong.AlreadyTold,
        wrong.NoTemplate,
        publish_wrong.ChannelNotFound,
        publish_wrong.ChannelOfAnotherUnit,
        publish_wrong.NotPostableHere,
    ),
)
async def draft_post(
    event_id: UUID, body: DraftIn, session: SessionDep, who: Worker, clock: ClockDep, res: Res
) -> m.Publication:
    """The first post from the template of its kind; an editor finishes it before it can be submitted."""
    return await desk.draft_post(session, event_id, body.channel_ids, who, clock.now(), res)


async def _upload(request: Request) -> bytes:
    try:
        return await read_upload(request, reading.MAX_BYTES)
    except UploadTooBig as error:
        raise wrong.CalendarTooBig(str(error)) from error
    except UploadRefused as error:
        raise wrong.CalendarNotReadable(str(error)) from error
