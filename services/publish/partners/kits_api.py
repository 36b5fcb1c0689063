"""Routes of kits for staff: giving one, what became of it, revoking it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from services.publish import problems as general
from services.publish.api import Editor, Reader, Res
from services.publish.media_problems import ShortLinkTaken
from services.publish.partners import kits
from services.publish.partners import problems as wrong
from services.publish.partners.schemas import KitCreate, KitDay, KitMade, KitOut, KitPostOut
from services.publish.service import links

router = APIRouter(prefix="/api/publish/v1", tags=["partners"], responses=problems(Unauthenticated, Forbidden))
Revoker = Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)]


@router.post(
    "/publications/{publication_id}/kits",
    status_code=201,
    response_model=KitMade,
    responses=problems(
        general.PublicationNotFound,
        general.NotYourUnit,
        wrong.PartnerNotFound,
        wrong.NotForKits,
        wrong.KitTimes,
        ShortLinkTaken,
    ),
)
async def give_kit(
    publication_id: UUID, body: KitCreate, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> KitMade:
    """`url` is told once: only a hash of its token is kept."""
    kit, token = await kits.give_kit(session, publication_id, body.model_dump(), who, clock.now())
    return KitMade(**_shown(kit, res, clock).model_dump(), url=res.site.url(f"/bo-tin/{token}"))


@router.get(
    "/publications/{publication_id}/kits",
    response_model=list[KitOut],
    responses=problems(general.PublicationNotFound),
)
async def list_kits(publication_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> list[KitOut]:
    return [_shown(each, res, clock) for each in await kits.list_kits(session, publication_id, who)]


@router.post(
    "/partner-kits/{kit_id}/revoke", status_code=204, responses=problems(wrong.KitNotFound, general.NotYourUnit)
)
async def revoke_kit(kit_id: UUID, session: SessionDep, who: Revoker, clock: ClockDep) -> None:
    await kits.revoke_kit(session, kit_id, who, clock.now())


def _shown(each: kits.Kit, res: Res, clock: ClockDep) -> KitOut:
    told = {name: getattr(each.kit, name) for name in KitOut.model_fields if hasattr(each.kit, name)}
    return KitOut(
        **told,
        partner_name=each.partner.name,
        link=res.site.url(f"/l/{each.code}"),
        posts=[KitPostOut.model_validate(post) for post in each.posts],
        clicks=sum(day.clicks for day in each.days),
        days=[KitDay.model_validate(day) for day in each.days],
        definition=links.CLICKS,
        as_of=clock.now(),
    )
