"""Routes of pushed items: one, or up to ten thousand at once; each may be sent again under its `Idempotency-Key`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pydantic_core
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.ingest import push, service
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.idempotency.problems import IdempotencyKeyInUse, IdempotencyKeyReused, InvalidIdempotencyKey
from services.ingest.idempotency.rules import HEADER, call_of
from services.ingest.idempotency.service import Answer, answer_once
from services.ingest.problems import BodyTooBig, IntakeOverloaded, InvalidBulk, ItemRejected
from services.ingest.schemas import BulkOut, PushItem, PushOut

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
PusherDep = Annotated[Principal, require(Role.INTEGRATOR, Role.EDITOR, Role.ADMIN)]
KeyDep = Annotated[
    str | None,
    Header(alias=HEADER, description="names this request for 24 hours: sent again, it is answered as it was"),
]
REPEATABLE = (InvalidIdempotencyKey, IdempotencyKeyInUse, IdempotencyKeyReused)

MAX_ROWS = 10_000
NDJSON = "application/x-ndjson"

# --- bodies -------------------------------------------------------------------------------------------------


def _json_body(schema: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a body that the route reads itself, to bound it."""
    content = {"application/json": {"schema": schema}} | {kind: {"schema": other} for kind, other in more.items()}
    return {"requestBody": {"required": True, "content": content}}


async def read_body(request: Request, limit: int) -> bytes:
    """The body as it arrives, never more of it than the limit (bytes). Raises BodyTooBig."""
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
    bulk = push.Bulk.of_lines(body) if is_lines else push.Bulk(_items(_parsed(body)))
    if not 1 <= bulk.size <= MAX_ROWS:
        raise InvalidBulk(f"Mỗi lần gửi từ 1 đến {MAX_ROWS} mục, đang có {bulk.size}.")
    return bulk


def _items(parsed: Any) -> list[Any]:
    rows = parsed.get("items") if isinstance(parsed, dict) else parsed
    if not isinstance(rows, list):
        raise InvalidBulk("Cần một danh sách JSON, hoặc một đối tượng JSON có danh sách “items”.")
    return rows


# --- routes -------------------------------------------------------------------------------------------------


@router.post(
    "/contents",
    status_code=201,
    response_model=PushOut,
    responses=problems(ItemRejected, BodyTooBig, IntakeOverloaded, *REPEATABLE),
    openapi_extra=_json_body(PushItem.model_json_schema()),
)
async def push_content(
    request: Request, session: SessionDep, who: PusherDep, clock: ClockDep, settings: SettingsDep, key: KeyDep = None
) -> Response:
    async def store(body: bytes) -> Answer:
        bulk = push.Bulk([_parsed(body)])
        (one,) = (await push.push_items(session, bulk, limits=settings.intake, now=clock.now())).results
        if one.problem is not None:
            raise ItemRejected(one.problem.get("detail"), errors=one.problem.get("errors"))
        return Answer(201, one.model_dump_json().encode())

    await service.refuse_when_overloaded(session, settings.intake, clock.now())
    return await _answered(session, request, who, key, store, settings.intake.body_bytes, clock)


@router.post(
    "/contents/bulk",
    response_model=BulkOut,
    responses=problems(InvalidBulk, BodyTooBig, IntakeOverloaded, *REPEATABLE),
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
    request: Request, session: SessionDep, who: PusherDep, clock: ClockDep, settings: SettingsDep, key: KeyDep = None
) -> Response:
    async def store(body: bytes) -> Answer:
        bulk = _bulk(body, request.headers.get("content-type", ""))
        told = await push.push_items(session, bulk, limits=settings.intake, now=clock.now())
        return Answer(200, told.model_dump_json().encode())

    await service.refuse_when_overloaded(session, settings.intake, clock.now())
    return await _answered(session, request, who, key, store, settings.intake.body_bytes, clock)


async def _answered(
    session: AsyncSession,
    request: Request,
    who: Principal,
    key: str | None,
    store: Callable[[bytes], Awaitable[Answer]],
    limit: int,
    clock: ClockDep,
) -> Response:
    """What was stored, or what was answered to the same request before."""
    body = await read_body(request, limit)
    call = call_of(key, caller=who.person_id, door=request.url.path, body=body)
    answer = await answer_once(session, call, lambda: store(body), now=clock.now())
    headers = {"Idempotency-Replayed": "true"} if answer.is_again else {}
    return Response(answer.body, answer.status, headers, media_type="application/json")
