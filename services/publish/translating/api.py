"""Routes that join a text in English to the one in Vietnamese for which it stands on the bulletin."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require_first
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.publish import problems as wrong
from services.publish.api import Res
from services.publish.schemas import Row, Strict
from services.publish.translating import problems as hard
from services.publish.translating import service

router = APIRouter(
    prefix="/api/publish/v1/publications/{publication_id}/translation",
    tags=["publish"],
    responses=problems(Unauthenticated, Forbidden, wrong.PublicationNotFound, wrong.NotYourUnit),
)
Editor = Annotated[Principal, require_first(Role.EDITOR)]
Spokesperson = Annotated[Principal, require_first(Role.SPOKESPERSON)]
Either = Annotated[Principal, require_first(Role.EDITOR, Role.SPOKESPERSON)]


class TranslationIn(Strict):
    translates_id: UUID


class TranslationOut(Row):
    publication_id: UUID
    translates_id: UUID
    proposed_by: UUID
    proposed_at: datetime
    confirmed_by: UUID | None
    confirmed_at: datetime | None


@router.put("", response_model=TranslationOut, responses=problems(hard.NotATranslation, hard.TranslationExists))
async def propose_translation(
    publication_id: UUID, body: TranslationIn, session: SessionDep, who: Editor, clock: ClockDep
) -> m.PublicationTranslation:
    return await service.propose(session, publication_id, body.translates_id, who, clock.now())


@router.post("/confirm", status_code=204, responses=problems(hard.TranslationNotFound, hard.OwnProposal))
async def confirm_translation(
    publication_id: UUID, database: DatabaseDep, who: Spokesperson, clock: ClockDep, res: Res
) -> None:
    """Both pages are printed again, so that each speaks of the other."""
    async with database.transaction() as session:
        made = await service.confirm(session, publication_id, who, clock.now())
    await res.press.publish(made.slug)


@router.delete("", status_code=204, responses=problems(hard.TranslationNotFound))
async def take_translation_back(
    publication_id: UUID, database: DatabaseDep, who: Either, clock: ClockDep, res: Res
) -> None:
    async with database.transaction() as session:
        slugs = await service.take_back(session, publication_id, who, clock.now())
    for slug in slugs:
        await res.press.publish(slug)
