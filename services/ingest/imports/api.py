"""Route of imports: a file as the body, or as the part `file` of a form; answered whole, or row by row as it goes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from libs.common import ndjson
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import DatabaseDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.uploads import UploadRefused, UploadTooBig, read_upload
from services.ingest import service as intake
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.imports.problems import FileNotReadable, UnknownMapping
from services.ingest.imports.schemas import ImportOut, Target
from services.ingest.imports.service import Order, plan_import, preview, run_import
from services.ingest.problems import BodyTooBig, IntakeOverloaded

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
ImporterDep = Annotated[Principal, require(Role.FEEDBACK_OFFICER, Role.ADMIN)]
MAX_BYTES = 16 * 1024**2
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
        return ndjson.whole(preview(plan))
    async with db.transaction() as session:
        await intake.refuse_when_overloaded(session, settings.intake, clock.now())
    batches = run_import(db, plan, settings, by=who.person_id, clock=clock.now)
    return await ndjson.answer(request, batches, plan.summary)


# --- the file -----------------------------------------------------------------------------------------------


async def _file(request: Request) -> bytes:
    """Held in memory alone: it may name people. Raises BodyTooBig, FileNotReadable."""
    try:
        return await read_upload(request, MAX_BYTES)
    except UploadTooBig as error:
        raise BodyTooBig(str(error)) from error
    except UploadRefused as error:
        raise FileNotReadable(str(error)) from error
