"""Routes of near-copies."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.pagination import Page, PageDep, page_of
from services.ingest import service
from services.ingest.api import PREFIX, StaffDep, by_arrival
from services.ingest.near import queries
from services.ingest.near.schemas import CopyOut
from services.ingest.near.service import copies_of
from services.ingest.problems import ContentNotFound

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))


@router.get("/contents/{content_id}/copies", responses=problems(ContentNotFound))
async def list_copies(content_id: UUID, page: PageDep, session: SessionDep, _: StaffDep) -> Page[CopyOut]:
    """The other contents that are nearly this text, the newest first; the first of them has no `nearest_id`."""
    await service.require_content(session, content_id)
    first = (await copies_of(session, content_id)).copy_of or content_id
    rows = await queries.list_group(session, first, content_id, page)
    return Page[CopyOut].model_validate(page_of(rows, page.limit, by_arrival))
