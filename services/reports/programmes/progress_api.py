"""The route that shows how far a programme has come: JSON, or the annex's own table as a document."""

import asyncio
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from libs.common.auth import ClockDep, Principal, require_first
from libs.common.db import DatabaseDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.papers import printing as papers
from libs.common.papers.form import read_form
from services.reports.api import Res
from services.reports.issuing.access import READERS
from services.reports.programmes import problems as wrong
from services.reports.programmes.paper import paper_of
from services.reports.programmes.progress import progress_of
from services.reports.programmes.schemas import ProgressTableOut

router = APIRouter(prefix="/api/reports/v1", tags=["programmes"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require_first(*READERS)]


class Shown(StrEnum):
    JSON = "json"
    DOCX = "docx"
    PDF = "pdf"
    XLSX = "xlsx"


MEDIA_TYPES = {Shown(wanted.value): media for wanted, media in papers.MEDIA_TYPES.items()}


@router.get(
    "/programmes/{programme_id}/progress",
    response_model=ProgressTableOut,
    responses={
        **problems(wrong.ProgrammeNotFound),
        200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}},
    },
)
async def show_progress(
    programme_id: UUID,
    database: DatabaseDep,
    _: Reader,
    clock: ClockDep,
    res: Res,
    shown: Annotated[Shown, Query(alias="format")] = Shown.JSON,
) -> Any:
    """As it is now, with its instant. Each row with its newest evidence; all of it under its own address."""
    async with database.transaction() as session:
        table = await progress_of(session, programme_id, clock.now())
    if shown is Shown.JSON:
        return ProgressTableOut.told(table, res.site)
    heading = res.workshop.heading
    paper = paper_of(table, heading, read_form(heading.form), res.site)
    content = await asyncio.to_thread(papers.print_paper, paper, papers.PaperFormat(shown.value))
    headers = {
        "Content-Disposition": f'attachment; filename="tien-do-{programme_id}.{shown.value}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=MEDIA_TYPES[shown], headers=headers)
