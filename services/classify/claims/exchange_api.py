"""Routes by which claims come in from others' files, and go out as ClaimReview."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from libs.common import ndjson
from libs.common.auth import ClockDep
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import PageDep
from libs.common.uploads import UploadRefused, read_upload
from services.classify.api import PREFIX
from services.classify.claims import exporting
from services.classify.claims.importing import ClaimsImported, dry_run, plan_import, run_import
from services.classify.claims.problems import FileNotAnImport
from services.classify.claims.roles import CheckerDep, ClaimReaderDep

router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))
MAX_BYTES = 8 * 1024**2
JSON_LD = "application/ld+json"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY["schema"]}}}
_CONTENT = {"multipart/form-data": _FORM, "text/csv": _BINARY, JSON_LD: {"schema": {"type": "object"}}}
_BODY = {"requestBody": {"required": True, "content": _CONTENT}}


@router.post("/claims/import", response_model=ClaimsImported, responses=problems(FileNotAnImport), openapi_extra=_BODY)
async def import_claims(
    request: Request,
    db: DatabaseDep,
    who: CheckerDep,
    clock: ClockDep,
    is_dry_run: Annotated[bool, Query(alias="dry_run", description="only judge the rows")] = False,
) -> Response:
    """ClaimReview (JSON-LD) or a CSV of verdicts. With `Accept: application/x-ndjson` each row is told as it goes."""
    try:
        data = await read_upload(request, MAX_BYTES)
    except UploadRefused as error:
        raise FileNotAnImport(str(error)) from error
    plan = await asyncio.to_thread(plan_import, data)
    if is_dry_run:
        return ndjson.whole(dry_run(plan))
    batches = run_import(db, plan, by=who.person_id, clock=clock.now)
    return await ndjson.answer(request, batches, plan.summary)


@router.get("/claims/export", response_model=dict[str, Any])
async def export_claims(
    page: PageDep,
    session: SessionDep,
    _: ClaimReaderDep,
    clock: ClockDep,
    request: Request,
) -> Response:
    """Published claims as a DataFeed of ClaimReview (schema.org), page by page: `Link` names the next."""
    origin: str = request.app.state.settings.public_url
    document, following = await exporting.published_reviews(session, page, origin=origin, now=clock.now())
    link = {"Link": f'<{PREFIX}/claims/export?limit={page.limit}&cursor={following}>; rel="next"'} if following else {}
    return JSONResponse(document, media_type=JSON_LD, headers=link)
