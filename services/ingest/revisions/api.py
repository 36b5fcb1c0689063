"""Routes of revisions: what an article said before, and what was changed in it."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.ingest.api import PREFIX, StaffDep
from services.ingest.problems import ContentNotFound
from services.ingest.revisions import service
from services.ingest.revisions.schemas import RevisionOut

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))


@router.get("/contents/{content_id}/revisions", responses=problems(ContentNotFound))
async def list_revisions(content_id: UUID, page: PageDep, session: SessionDep, _: StaffDep) -> Page[RevisionOut]:
    """Versions, the newest first, each beside the one before it."""
    rows = await service.list_revisions(session, content_id, page)
    return Page[RevisionOut].model_validate(page_of(rows, page.limit, lambda row: Cursor(row.revision, content_id)))
