"""Routes of the ingest service."""

from typing import Annotated, Any
from uuid import UUID

import pydantic_core
from fastapi import APIRouter, Depends, Query, Request

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import FeedbackCase, Fetch, Source
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.ingest import push, queries, service
from services.ingest.problems import (
    BodyTooBig,
    ContentNotFound,
    IntakeOverloaded,
    InvalidBulk,
    ItemRejected,
    SourceExists,
    SourceNotFound,
    SourceNotPolled,
    SourceRefused,
)
from services.ingest.schemas import (
    BulkOut,
    ContentOut,
    ContentWithText,
    FetchOut,
    PushItem,
    PushOut,
    SourceCreate,
    SourceOut,
    SourcePatch,
    SourceWithHealth,
)
from services.ingest.settings import IngestSettings

PREFIX = "/api/ingest/v1"
router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))

# The corpus is for the people who work with it: the integrator role pushes items and cannot read them back.
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]
SourceKeeperDep = Annotated[Principal, require(Role.ADMIN, Role.EDITOR)]
PusherDep = Annotated[Principal, require(Role.INTEGRATOR, Role.EDITOR, Role.ADMIN)]

MAX_ROWS = 1000


def get_settings(request: Request) -> IngestSettings:
    settings: IngestSettings = request.app.state.settings
    return settings


SettingsDep = Annotated[IngestSettings, Depends(get_settings)]

# --- sources ------------------------------------------------------------------------------------------------


@router.post("/sources", status_code=201, responses=problems(SourceExists, SourceRefused))
async def create_source(
    body: SourceCreate, session: SessionDep, who: SourceKeeperDep, clock: ClockDep, settings: SettingsDep
) -> SourceOut:
    by = service.Actor(who.person_id, settings.replay)
    return SourceOut.model_validate(await service.create_source(session, body, by=by, now=clock.now()))


@router.get("/sources")
async def list_sources(page: PageDep, session: SessionDep, _: StaffDep, clock: ClockDep) -> Page[SourceWithHealth]:
    found = page_of(await queries.list_sources(session, page), page.limit, _by_name)
    items = await service.read_health(session, found["items"], clock.now())
    return Page[SourceWithHealth](items=items, next_cursor=found["next_cursor"])


@router.get("/sources/{source_id}", responses=problems(SourceNotFound))
async def get_source(source_id: UUID, session: SessionDep, _: StaffDep, clock: ClockDep) -> SourceWithHealth:
    source = await service.require_source(session, source_id)
    (known,) = await service.read_health(session, [source], clock.now())
    return known


@router.patch("/sources/{source_id}", responses=problems(SourceNotFound, SourceExists, SourceRefused))
async def change_source(
    source_id: UUID,
    body: SourcePatch,
    session: SessionDep,
    who: SourceKeeperDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> SourceOut:
    by = service.Actor(who.person_id, settings.replay)
    return SourceOut.model_validate(await service.change_source(session, source_id, body, by=by, now=clock.now()))


@router.delete("/sources/{source_id}", status_code=204, responses=problems(SourceNotFound))
async def retire_source(
    source_id: UUID, session: SessionDep, who: SourceKeeperDep, clock: ClockDep, settings: SettingsDep
) -> None:
    by = service.Actor(who.person_id, settings.replay)
    await service.retire_source(session, source_id, by=by, now=clock.now())


@router.post("/sources/{source_id}/poll", status_code=202, responses=problems(SourceNotFound, SourceNotPolled))
async def request_poll(source_id: UUID, session: SessionDep, _: SourceKeeperDep, clock: ClockDep) -> SourceOut:
    return SourceOut.model_validate(await service.request_poll(session, source_id, clock.now()))


@router.get("/fetches")
async def list_fetches(
    page: PageDep, session: SessionDep, _: StaffDep, source_id: Annotated[UUID | None, Query()] = None
) -> Page[FetchOut]:
    rows = await queries.list_fetches(session, source_id, page)
    return Page[FetchOut].model_validate(page_of(rows, page.limit, by_arrival))


# --- pushed bodies ------------------------------------------------------------------------------------------


NDJSON = "application/x-ndjson"


def _json_body(schema: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a body that the route reads itself, to bound it."""
    content = {"application/json": {"schema": schema}} | {kind: {"schema": other} for kind, other in more.items()}
    return {"requestBody": {"required": True, "content": content}}


async def _body(request: Request, limit: int) -> bytes:
    """The body as it arrives, never more of it than the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooBig(f"Giới hạn là {limit // 1024**2} MB.")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return pydantic_core.from_json(body)
    except ValueError as error:
        raise InvalidBulk("Nội dung gửi lên không phải JSON hợp lệ (UTF-8).") from error


def _bulk(body: bytes, content_type: str) -> push.Bulk:
    """The rows of a bulk body; the rows themselves are judged one by one."""
    is_lines = content_type.partition(";")[0].strip().lower() in (NDJSON, "application/jsonl")
    rows = _lines(body) if is_lines else _items(_parsed(body))
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidBulk(f"Mỗi lần gửi từ 1 đến {MAX_ROWS} mục, đang có {len(rows)}.")
    return push.Bulk(rows)


def _items(parsed: Any) -> list[Any]:
    rows = parsed.get("items") if isinstance(parsed, dict) else parsed
    if not isinstance(rows, list):
        raise InvalidBulk("Cần một danh sách JSON, hoặc một đối tượng JSON có danh sách “items”.")
    return rows


def _lines(body: bytes) -> list[Any]:
    """One row for each line that is not blank; one that is no JSON is a bad row, not a bad body."""
    return [_row(line) for line in body.split(b"\n") if line.strip()]


def _row(line: bytes) -> Any:
    try:
        return pydantic_core.from_json(line)
    except ValueError:
        return push.UNREADABLE


# --- contents -----------------------------------------------------------------------------------------------


@router.post(
    "/contents",
    status_code=201,
    responses=problems(ItemRejected, BodyTooBig, IntakeOverloaded),
    openapi_extra=_json_body(PushItem.model_json_schema()),
)
async def push_content(
    request: Request, session: SessionDep, _: PusherDep, clock: ClockDep, settings: SettingsDep
) -> PushOut:
    await service.refuse_when_overloaded(session, settings.intake, clock.now())
    bulk = push.Bulk([_parsed(await _body(request, settings.intake.body_bytes))])
    (one,) = (await push.push_items(session, bulk, limits=settings.intake, now=clock.now())).results
    if one.problem is not None:
        raise ItemRejected(one.problem.get("detail"), errors=one.problem.get("errors"))
    return one


@router.post(
    "/contents/bulk",
    responses=problems(InvalidBulk, BodyTooBig, IntakeOverloaded),
    openapi_extra=_json_body(
        {
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "maxItems": MAX_ROWS, "items": {"type": "object"}}},
        },
        **{NDJSON: {"type": "string", "description": f"one item per line, at most {MAX_ROWS}"}},
    ),
)
async def push_contents(
    request: Request, session: SessionDep, _: PusherDep, clock: ClockDep, settings: SettingsDep
) -> BulkOut:
    await service.refuse_when_overloaded(session, settings.intake, clock.now())
    body = await _body(request, settings.intake.body_bytes)
    bulk = _bulk(body, request.headers.get("content-type", ""))
    return await push.push_items(session, bulk, limits=settings.intake, now=clock.now())


@router.get("/contents")
async def list_contents(
    page: PageDep, session: SessionDep, _: StaffDep, source_id: Annotated[UUID | None, Query()] = None
) -> Page[ContentOut]:
    rows = await queries.list_contents(session, source_id, page)
    return Page[ContentOut].model_validate(page_of(rows, page.limit, by_arrival))


@router.get("/contents/{content_id}", responses=problems(ContentNotFound))
async def get_content(content_id: UUID, session: SessionDep, _: StaffDep) -> ContentWithText:
    return ContentWithText.model_validate(await service.require_content(session, content_id))


def _by_name(source: Source) -> Cursor:
    return Cursor(source.name, source.id)


def by_arrival(row: Fetch | FeedbackCase | Any) -> Cursor:
    return Cursor(None, row.id)
