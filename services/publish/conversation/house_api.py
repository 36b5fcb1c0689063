"""Routes of house rules and hiding; and the public page of both, which works without JavaScript."""

from functools import cache
from typing import Annotated, Any
from uuid import UUID

import jinja2
from fastapi import APIRouter, Depends, Request, Response

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.web import environment, security_headers
from services.publish.conversation import hiding, house, queries
from services.publish.conversation import problems as wrong
from services.publish.conversation.api import Officer, Reader
from services.publish.conversation.schemas import (
    HideIn,
    HidingOut,
    HouseRuleCreate,
    HouseRuleOut,
    PublicCountOut,
)
from services.publish.hearing.handover import ESCALATES
from services.publish.hearing.problems import CommentNotFound
from services.publish.resources import PublishResources

router = APIRouter(prefix="/api/publish/v1", tags=["conversation"], responses=problems(Unauthenticated, Forbidden))
public_router = APIRouter(include_in_schema=False, dependencies=[public()])
Writer = Annotated[Principal, require(*house.WRITES)]
PAGE = "/noi-quy"
KEPT = {"Cache-Control": "public, max-age=60, stale-if-error=86400"}


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


@router.get("/house-rules", response_model=list[HouseRuleOut])
async def list_house_rules(session: SessionDep, who: Reader) -> Any:
    """Of one's units, and of the city."""
    return await queries.list_house_rules(session, who.units(*ESCALATES))


@router.post("/house-rules", status_code=201, response_model=HouseRuleOut)
async def write_house_rule(body: HouseRuleCreate, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    """Holds once a spokesperson other than its writer puts it in force; its words never change."""
    return await house.write_rule(session, body.unit_id, body.ground, body.title, body.body, who, clock.now())


@router.post(
    "/house-rules/{rule_id}/in-force",
    response_model=HouseRuleOut,
    responses=problems(wrong.HouseRuleNotFound, wrong.HouseRuleByTwo, wrong.HouseRuleStands),
)
async def put_in_force(rule_id: UUID, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    return await house.put_in_force(session, rule_id, who, clock.now())


@router.post(
    "/house-rules/{rule_id}/retire",
    response_model=HouseRuleOut,
    responses=problems(wrong.HouseRuleNotFound, wrong.HouseRuleStands),
)
async def retire_rule(rule_id: UUID, session: SessionDep, who: Writer, clock: ClockDep) -> Any:
    return await house.retire_rule(session, rule_id, who, clock.now())


@router.post(
    "/comments/{comment_id}/hiding",
    status_code=202,
    response_model=HidingOut,
    responses=problems(
        CommentNotFound,
        wrong.HeldByAnother,
        wrong.CriticismIsNeverHidden,
        wrong.NotLabelledYet,
        wrong.NotHideable,
        wrong.HouseRuleNotFound,
    ),
)
async def hide_comment(comment_id: UUID, body: HideIn, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """By a written rule, with the reason; both are kept, and counted in public."""
    return await hiding.hide(session, comment_id, body.rule_id, body.reason, who, clock.now())


@router.delete(
    "/comments/{comment_id}/hiding",
    status_code=202,
    response_model=HidingOut,
    responses=problems(CommentNotFound, wrong.HidingNotFound),
)
async def show_comment(comment_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """Shown again; that it was hidden stays counted."""
    return await hiding.show(session, comment_id, who, clock.now())


@public_router.get(PAGE + ".json", response_model=PublicCountOut)
async def public_counts(session: SessionDep, response: Response) -> Any:
    response.headers.update(KEPT)
    return await house.public_view(session)


@public_router.api_route(PAGE, methods=["GET", "HEAD"])
async def public_page(session: SessionDep, res: Res) -> Response:
    html = (
        _templates()
        .get_template("house_rules.html")
        .render(site=res.site, here=PAGE, view=await house.public_view(session))
    )
    return Response(html, media_type="text/html; charset=utf-8", headers={**security_headers(), **KEPT})


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
