"""Routes of links: the short ones that readers follow, their clicks, and the check of addresses in a text."""

import logging
import re
from typing import Annotated
from uuid import UUID

from asyncpg import PostgresError
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from libs.common.auth import ClockDep, Principal, public, require, require_first
from libs.common.clock import Clock
from libs.common.db import Database, DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.faults import describe
from libs.common.models.enums import Role
from libs.common.web import security_headers
from services.publish import bulletin
from services.publish import problems as wrong
from services.publish.api import Res
from services.publish.media_schemas import CheckedLink, CheckedLinks, DayClicks, LinkOut, LinksOut
from services.publish.resources import PublishResources
from services.publish.service import links, publications

log = logging.getLogger("lantoa.publish")

router = APIRouter(prefix="/api/publish/v1", tags=["links"], responses=problems(Unauthenticated, Forbidden))
public_router = APIRouter(include_in_schema=False, dependencies=[public()])

Reader = Annotated[Principal, require(*publications.SEES)]
Checker = Annotated[Principal, require_first(Role.EDITOR, Role.SPOKESPERSON)]
CODE = re.compile(rf"[{links.ALPHABET}]{{{links.LENGTH}}}")


@public_router.api_route("/l/{code}", methods=["GET", "HEAD"])
async def follow_link(code: str, request: Request, database: DatabaseDep, clock: ClockDep, res: Res) -> Response:
    """To the page on the bulletin, whatever became of it: a withdrawn one says so itself."""
    counts = request.method == "GET" and links.is_reader(request.headers)
    target = await _target(code, counts, database, clock, res) if CODE.fullmatch(code) else None
    if target is None:
        return Response(bulletin.missing(res.site), 404, security_headers(), bulletin.HTML)
    headers = {"Cache-Control": "private, max-age=60", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return RedirectResponse(res.site.url(target), 302, headers)


async def _target(code: str, counts: bool, database: Database, clock: Clock, res: PublishResources) -> str | None:
    """The pages stand without the database, and so do the links to them; then nobody counts."""
    try:
        async with database.transaction() as session:
            return await links.follow(session, code, clock.now(), counts=counts)
    except (SQLAlchemyError, PostgresError, OSError) as error:
        log.warning("short link followed without the database: %s", describe(error))
        return res.press.led_to(code)


@router.get(
    "/publications/{publication_id}/links",
    response_model=LinksOut,
    responses=problems(wrong.PublicationNotFound),
)
async def list_links(publication_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> LinksOut:
    publication = await publications.require_visible(session, publication_id, who)
    shown = [_link(each, res, clock) for each in await links.links_of(session, publication)]
    return LinksOut(publication_id=publication_id, links=shown)


@router.post(
    "/publications/{publication_id}/check-links",
    response_model=CheckedLinks,
    responses=problems(wrong.PublicationNotFound, wrong.NotYourUnit),
)
async def check_links(
    publication_id: UUID, who: Checker, database: DatabaseDep, clock: ClockDep, res: Res
) -> CheckedLinks:
    """Ask every address in the text; a dead one keeps the publication from being submitted until it is settled."""
    async with database.transaction() as session:
        publication = await publications.require_visible(session, publication_id, who)
        links.require_editor(publication, who)
    async with links.fetcher(res.site.origin, replay=res.replay) as fetcher:
        checked = await links.check(links.addresses_in(publication), fetcher)
    async with database.transaction() as session:
        locked = await publications.require_locked(session, publication_id, who)
        await links.record_check(session, locked, checked, who, clock.now())
    shown = [CheckedLink(**vars(one)) for one in checked]
    return CheckedLinks(publication_id=publication_id, checked_at=clock.now(), links=shown)


def _link(each: links.ChannelLink, res: Res, clock: ClockDep) -> LinkOut:
    return LinkOut(
        channel_id=each.channel.id,
        channel_name=each.channel.name,
        kind=each.channel.kind,
        code=each.link.code,
        url=res.site.url(f"/l/{each.link.code}"),
        target=res.site.url(each.target),
        clicks=sum(day.clicks for day in each.days),
        days=[DayClicks(day=day.day, clicks=day.clicks) for day in each.days],
        definition=links.CLICKS,
        as_of=clock.now(),
    )
