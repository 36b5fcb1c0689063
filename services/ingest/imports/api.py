"""Route of imports: a file as the body, or as the part `file` of a form; answered whole, or row by row as it goes."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import DatabaseDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.ingest import service as intake
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.imports.problems import FileNotReadable, UnknownMapping
from services.ingest.imports.schemas import ImportOut, RowOut, Target
from services.ingest.imports.service import Order, Plan, plan_import, preview, run_import
from services.ingest.problems import BodyTooBig, IntakeOverloaded

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
ImporterDep = Annotated[Principal, require(Role.FEEDBACK_OFFICER, Role.ADMIN)]
MAX_BYTES = 16 * 1024**2
NDJSON = "application/x-ndjson"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY["schema"]}}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": _FORM,
            "text/csv": _BINARY,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _BINARY,
        },
    }
}


@router.post(
    "/imports",
    response_model=ImportOut,
    responses=problems(FileNotReadable, UnknownMapping, BodyTooBig, IntakeOverloaded),
    openapi_extra=_BODY,
)
async def import_file(
    request: Request,
    db: DatabaseDep,
    who: ImporterDep,
    clock: ClockDep,
    settings: SettingsDep,
    into: Annotated[Target, Query()],
    mapping: Annotated[str, Query(pattern=r"^[a-z0-9_]{1,40}$")] = "ihanoi",
    is_preview: Annotated[bool, Query(alias="preview", description="only judge the rows")] = False,
) -> Response:
    """With `Accept: application/x-ndjson` each row is told as soon as it is stored, and the summary last."""
    order, parsers = Order(mapping, into, is_preview), request.app.state.resources.parsers
    plan = await plan_import(await _file(request), order, clock.now(), parsers)
    if is_preview:
        return _json(preview(plan))
    async with db.transaction() as session:
        await intake.refuse_when_overloaded(session, settings.intake, clock.now())
    batches = run_import(db, plan, settings, by=who.person_id, clock=clock.now)
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(plan, batches), media_type=NDJSON)
    return _json(plan.summary([one async for batch in batches for one in batch]))


def _json(told: ImportOut) -> Response:
    return Response(told.model_dump_json(), media_type="application/json")


async def _lines(plan: Plan, batches: AsyncIterator[list[RowOut]]) -> AsyncIterator[bytes]:
    results: list[RowOut] = []
    async for batch in batches:
        results += batch
        yield b"".join(one.model_dump_json().encode() + b"\n" for one in batch)
    summary: dict[str, Any] = plan.summary(results).model_dump(mode="json", exclude={"results"})
    yield json.dumps({"summary": summary}, ensure_ascii=False).encode() + b"\n"


# --- the file -----------------------------------------------------------------------------------------------


async def _file(request: Request) -> bytes:
    """Held in memory alone: it may name people. Raises BodyTooBig, FileNotReadable."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _part(request)
    return b"".join([chunk async for chunk in _bounded(request)])


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            raise BodyTooBig(f"Giới hạn là {MAX_BYTES // 1024**2} MB.")
        yield chunk


async def _part(request: Request) -> bytes:
    parser = MultiPartParser(request.headers, _bounded(request), max_files=1, max_fields=10)
    parser.spool_max_size = 2 * MAX_BYTES  # never a temporary file
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise FileNotReadable("Biểu mẫu gửi lên không đọc được.") from error
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise FileNotReadable("Biểu mẫu cần có phần “file”.")
    try:
        return await file.read()
    finally:
        await form.close()
