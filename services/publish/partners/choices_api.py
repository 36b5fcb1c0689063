"""Routes of the record of choice, and its public page."""

from functools import cache
from typing import Annotated, Any
from uuid import UUID

import jinja2
from fastapi import APIRouter, Response

from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from libs.common.web import environment, security_headers
from services.publish import problems as wrong
from services.publish.api import Admin, Reader, Res
from services.publish.exports.choice import render
from services.publish.exports.document import MEDIA_TYPE
from services.publish.partners import choices, queries
from services.publish.partners import problems as refused
from services.publish.partners.schemas import ChoiceCreate, ChoiceOut, EndIn
from services.publish.queries import unit_name
from services.publish.service.publications import SEES

router = APIRouter(
    prefix="/api/publish/v1/channel-choices", tags=["partners"], responses=problems(Unauthenticated, Forbidden)
)
public_router = APIRouter(include_in_schema=False, dependencies=[public()])
Signer = Annotated[Principal, require(Role.SPOKESPERSON, Role.ADMIN)]
"""An administrator may ask and is told why not, in words."""


@router.post(
    "",
    status_code=201,
    response_model=ChoiceOut,
    responses=problems(wrong.ChannelNotFound, wrong.ChannelOfAnotherUnit, wrong.NotYourUnit),
)
async def write_choice(body: ChoiceCreate, session: SessionDep, who: Admin, clock: ClockDep) -> Any:
    return choices.printed(*await choices.write_choice(session, body.model_dump(), who, clock.now()))


@router.get("", response_model=Page[ChoiceOut])
async def list_choices(session: SessionDep, who: Reader, page: PageDep) -> Any:
    rows = await queries.list_choices(session, page, who.units(*SEES))
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row[0].id))
    return shown | {"items": [choices.printed(*row) for row in shown["items"]]}


@router.get("/{choice_id}", response_model=ChoiceOut, responses=problems(refused.ChoiceNotFound))
async def read_choice(choice_id: UUID, session: SessionDep, who: Reader) -> Any:
    return choices.printed(*await choices.read_choice(session, choice_id, who))


@router.get(
    "/{choice_id}/file",
    responses={**problems(refused.ChoiceNotFound), 200: {"content": {MEDIA_TYPE: {}}}},
    response_class=Response,
)
async def print_choice(choice_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> Response:
    """The record as a DOCX that can be filed: candidates, scores, decision, and whoever signed it."""
    choice, channel_name = await choices.read_choice(session, choice_id, who)
    unit = await unit_name(session, choice.unit_id)
    paper = render(choices.printed(choice, channel_name), unit or "", clock.now())
    named = f'attachment; filename="ho-so-kenh-chinh-thuc-{choice.created_at:%Y-%m-%d}.docx"'
    return Response(paper, 200, {"Content-Disposition": named, "Cache-Control": "private, no-store"}, MEDIA_TYPE)


@router.post(
    "/{choice_id}/sign",
    response_model=ChoiceOut,
    responses=problems(
        refused.ChoiceNotFound,
        refused.ChoiceSettled,
        refused.SignedByAnother,
        refused.ChannelOfAnotherProgramme,
        wrong.CityChannelExists,
        wrong.NotSpokesperson,
    ),
)
async def sign_choice(choice_id: UUID, session: SessionDep, who: Signer, clock: ClockDep) -> Any:
    return choices.printed(*await choices.sign_choice(session, choice_id, who, clock.now()))


@router.post(
    "/{choice_id}/end",
    response_model=ChoiceOut,
    responses=problems(refused.ChoiceNotFound, refused.ChoiceSettled, wrong.NotSpokesperson),
)
async def end_choice(choice_id: UUID, body: EndIn, session: SessionDep, who: Signer, clock: ClockDep) -> Any:
    return choices.printed(*await choices.end_choice(session, choice_id, body.reason, who, clock.now()))


@public_router.api_route("/kenh-chinh-thuc", methods=["GET", "HEAD"])
async def official_channel_page(session: SessionDep, res: Res) -> Response:
    """The signed records with their scores, for everybody."""
    records = [choices.printed(*row) for row in await queries.standing_choices(session)]
    html = _templates().get_template("official_channel.html").render(site=res.site, here=None, records=records)
    return Response(
        html, 200, {**security_headers(), "Cache-Control": "public, max-age=60"}, "text/html; charset=utf-8"
    )


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
