"""Routes of revisions: what an article said before, and what was changed in it."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from services.ingest.api import PREFIX, StaffDep
from services.ingest.problems import ContentNotFound
from services.ingest.revisions import service
from services.ingest.revisions.schemas import RevisionOut

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))


@router.get("/contents/{content_id}/revisions", responses=problems(ContentNotFound))
async def list_revisions(content_id: UUID, session: SessionDep, _: StaffDep) -> list[RevisionOut]:
    """The latest versions, the newest first, each beside the one before it."""
    return await service.list_revisions(session, content_id)
