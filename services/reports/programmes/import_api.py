"""Routes that take a decision's annex as a file: look first, then load."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from libs.common.auth import ClockDep, Principal, require_first
from libs.common.db import DatabaseDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import ProgrammeState
from libs.common.text import nfc
from libs.common.uploads import UploadRefused, UploadTooBig, read_upload
from services.reports.programmes import previewing, service, views
from services.reports.programmes import problems as wrong
from services.reports.programmes.import_schemas import PreviewOut
from services.reports.programmes.importing.reading import MAX_BYTES, FileRead, Given
from services.reports.programmes.schemas import ProgrammeDetail
from services.reports.programmes.views import KEEPS

router = APIRouter(prefix="/api/reports/v1", tags=["programmes"], responses=problems(Unauthenticated, Forbidden))
Importer = Annotated[Principal, require_first(*KEEPS)]
BODY = {
    "requestBody": {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "required": True,
    }
}
UNREAD = (wrong.AnnexTooBig, wrong.AnnexNotReadable)
Said = Annotated[str | None, Query(min_length=1, max_length=500)]


def given(
    number: Annotated[str | None, Query(max_length=50, description="where the file's words do not give it")] = None,
    title: Said = None,
    issued_on: date | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
    owner_unit: Annotated[str | None, Query(max_length=64, description="its code; DOCX and XLSX need it")] = None,
    state: ProgrammeState | None = None,
    source: Said = None,
    is_fictional: bool | None = None,
) -> Given:
    told = (nfc(word) if word is not None else None for word in (number, title, source))
    number, title, source = told
    return Given(number, title, issued_on, period_from, period_to, owner_unit, state, source, is_fictional)


GivenDep = Annotated[Given, Depends(given)]


@router.post("/programmes/import-previews", responses=problems(*UNREAD), openapi_extra=BODY)
async def preview_import(
    request: Request, database: DatabaseDep, _: Importer, clock: ClockDep, told: GivenDep
) -> PreviewOut:
    """What a file would store, each row with what would become of it and what is wrong with it. Nothing is stored.

    YAML, or the table of a DOCX or XLSX: Stt | Nội dung | Đơn vị chủ trì | Đơn vị phối hợp | Thời gian thực hiện. The
    file is the body, or the part `file` of a form; 8 MB at most.
    """
    read = await _read(request, told, clock)
    async with database.transaction() as session:
        return PreviewOut.of(await previewing.preview_import(session, read, clock.now()))


@router.post(
    "/programmes/imports",
    status_code=201,
    responses=problems(*UNREAD, wrong.AnnexRefused, wrong.ProgrammeExists, wrong.NotProgrammeKeeper),
    openapi_extra=BODY,
)
async def import_programme(
    request: Request,
    database: DatabaseDep,
    who: Importer,
    clock: ClockDep,
    told: GivenDep,
    replace: Annotated[bool, Query(description="take a known programme's rows from the file")] = False,
) -> ProgrammeDetail:
    """Load it whole, or, with a single error, not at all."""
    spec, now = service.require_whole(await _read(request, told, clock)), clock.now()
    async with database.transaction() as session:
        programme = await service.import_programme(session, spec, replace=replace, now=now, who=who)
    async with database.transaction() as session:
        return ProgrammeDetail.of(await views.require_programme(session, programme.id, now))


async def _read(request: Request, told: Given, clock: ClockDep) -> FileRead:
    try:
        data = await read_upload(request, MAX_BYTES)
    except UploadTooBig as error:
        raise wrong.AnnexTooBig(str(error)) from error
    except UploadRefused as error:
        raise wrong.AnnexNotReadable(str(error)) from error
    return await service.read_apart(data, told, clock.now())
