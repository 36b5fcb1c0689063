"""Routes of the media library: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import ValidationError

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require, require_first
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import REASONS, Forbidden, InvalidPayload, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import cleaning, media_queries, uploads
from services.publish import media_problems as wrong
from services.publish.api import Res
from services.publish.media_schemas import FitOut, FitsOut, MediumCreate, MediumDetail, MediumOut, MediumPatch
from services.publish.problems import AiLabelMissing, ChannelNotFound, MediumNotFound, NotYourUnit
from services.publish.service import media
from services.publish.service.publications import SEES
from services.publish.settings import MediaSettings

router = APIRouter(prefix="/api/publish/v1", tags=["media"], responses=problems(Unauthenticated, Forbidden))

Reader = Annotated[Principal, require(*SEES)]
Editor = Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON)]
Uploader = Annotated[Principal, require_first(Role.EDITOR, Role.SPOKESPERSON)]
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=31536000, immutable",
}
"""A file of the library is data, whatever a browser would make of it; its address never shows another."""
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "alt"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, GIF, MP4, MOV"},
                        "alt": {
                            "type": "string",
                            "maxLength": 1500,
                            "description": "what it shows",
                        },
                        "credit": {"type": "string", "maxLength": 500},
                        "is_ai_made": {"type": "boolean"},
                        "ai_label": {
                            "type": "string",
                            "maxLength": 500,
                            "description": "where a model made it",
                        },
                        "unit_id": {"type": "string", "format": "uuid"},
                    },
                }
            }
        },
    }
}


def media_limits(request: Request) -> MediaSettings:
    found: MediaSettings = request.app.state.settings.publish.media
    return found


Limits = Annotated[MediaSettings, Depends(media_limits)]


@router.post(
    "/media",
    status_code=201,
    response_model=MediumOut,
    openapi_extra=FORM,
    responses={
        200: {"model": MediumOut, "description": "The unit has this picture or video already"},
        **problems(
            wrong.UploadIncomplete,
            wrong.UploadTooLarge,
            wrong.UnsupportedMedium,
            wrong.MediumUnreadable,
            AiLabelMissing,
            NotYourUnit,
        ),
    },
)
async def add_medium(
    request: Request, answer: Response, who: Uploader, database: DatabaseDep, clock: ClockDep, res: Res, limits: Limits
) -> MediumOut:
    """The file is streamed to disk and made clean before any transaction begins."""
    async with uploads.receive(request, res.files.root, limits) as upload:
        words = _words(upload.fields)
        media.require_uploader(who, words.unit_id)
        kept = await cleaning.keep(upload, res.files, limits.image_pixels, res.cleaning)
    async with database.transaction() as session:
        medium, is_new = await media.add_medium(session, kept, words.model_dump(), who, clock.now())
        answer.status_code = 201 if is_new else 200
        return await _shown(session, medium)


def _words(fields: dict[str, str]) -> MediumCreate:
    try:
        return MediumCreate.model_validate({name: value for name, value in fields.items() if value.strip()})
    except ValidationError as invalid:
        errors = [_error(dict(error)) for error in invalid.errors()]
        raise InvalidPayload("Mỗi ảnh, video cần mô tả (alt) và các trường hợp lệ.", errors=errors) from None


def _error(error: dict[str, Any]) -> dict[str, Any]:
    pointer = "/" + "/".join(str(part) for part in error["loc"])
    return {"pointer": pointer, "type": error["type"], "message": REASONS.get(error["type"], error["msg"])}


@router.get("/media", response_model=Page[MediumOut])
async def list_media(
    session: SessionDep, who: Reader, page: PageDep, archived: Annotated[bool, Query()] = False
) -> dict[str, Any]:
    """Of one's own units, newest first."""
    rows = await media_queries.list_media(session, page, who.units(*SEES), archived=archived)
    shown = page_of(rows, page.limit, _by_id)
    files = await media_queries.files_of(session, [medium.id for medium in shown["items"]])
    return {**shown, "items": [_with_files(medium, files) for medium in shown["items"]]}


@router.get("/media/{medium_id}", response_model=MediumDetail, responses=problems(MediumNotFound))
async def read_medium(medium_id: UUID, session: SessionDep, who: Reader) -> MediumDetail:
    return await _detail(session, await media.require_medium(session, medium_id, who))


@router.get(
    "/media/{medium_id}/files/{role}",
    response_class=FileResponse,
    responses=problems(MediumNotFound, wrong.MediumFileNotFound),
)
async def read_file(medium_id: UUID, role: str, session: SessionDep, who: Reader, res: Res) -> FileResponse:
    file = await media.require_file(session, medium_id, role, who)
    headers = {**SAFE, "ETag": f'"{file.sha256.hex()}"'}
    return FileResponse(res.files.path(file.key), media_type=file.mime, headers=headers)


@router.patch(
    "/media/{medium_id}",
    response_model=MediumDetail,
    responses=problems(MediumNotFound, AiLabelMissing, NotYourUnit),
)
async def change_medium(
    medium_id: UUID, body: MediumPatch, session: SessionDep, who: Editor, clock: ClockDep
) -> MediumDetail:
    """`used_in` says for each publication that shows it what the change means there."""
    return await _detail(session, await media.change_medium(session, medium_id, body.changes(), who, clock.now()))


@router.post("/media/{medium_id}/archive", response_model=MediumDetail, responses=problems(MediumNotFound, NotYourUnit))
async def archive_medium(medium_id: UUID, session: SessionDep, who: Editor, clock: ClockDep) -> MediumDetail:
    return await _detail(session, await media.archive_medium(session, medium_id, who, clock.now()))


@router.get("/media/{medium_id}/fit", response_model=FitsOut, responses=problems(MediumNotFound, ChannelNotFound))
async def fit_medium(
    medium_id: UUID,
    session: SessionDep,
    who: Reader,
    res: Res,
    channel_ids: Annotated[list[UUID], Query(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
) -> FitsOut:
    """Which channels take it: these, or every kind there is, as documented."""
    fits = await media.fit_medium(session, medium_id, channel_ids, who, res)
    return FitsOut(medium_id=medium_id, channels=[_fit(fit) for fit in fits])


def _fit(fit: media.Fit) -> FitOut:
    file = fit.file
    return FitOut(
        kind=fit.kind,
        name=fit.name,
        channel_id=fit.channel_id,
        fits=file is not None,
        role=file.role if file else None,
        mime=file.mime if file else None,
        size=file.size if file else None,
        reason=fit.reason,
    )


async def _shown(session: SessionDep, medium: m.Medium) -> MediumOut:
    return MediumOut.model_validate(_with_files(medium, await media_queries.files_of(session, [medium.id])))


async def _detail(session: SessionDep, medium: m.Medium) -> MediumDetail:
    shown = await _shown(session, medium)
    used_in = [vars(use) for use in await media.uses_of(session, medium.id)]
    return MediumDetail.model_validate({**shown.model_dump(), "used_in": used_in})


def _with_files(medium: m.Medium, files: dict[UUID, list[m.MediaFile]]) -> dict[str, Any]:
    columns = {name: getattr(medium, name) for name in MediumOut.model_fields if name != "files"}
    return {**columns, "files": files.get(medium.id, [])}


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
