"""The public pages of consultations: no login, no cookie, no script; free words go to the feedback form."""

from functools import cache
from typing import Annotated
from urllib.parse import parse_qs

import jinja2
from fastapi import APIRouter, Depends, Request, Response

from libs.common import models as m
from libs.common.app import resources
from libs.common.auth import ClockDep, public
from libs.common.db import SessionDep
from libs.common.doorman import network_of
from libs.common.uploads import read_beginning
from libs.common.web import environment, security_headers
from services.publish.consultation import queries, service
from services.publish.consultation.service import Given, Phase
from services.publish.resources import PublishResources

PATH = "/gop-y"
router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[public()])
MOST_FORM = 2048
READ = ["GET", "HEAD"]
TOLD = {
    Given.COUNTED: (200, "Đã ghi nhận lựa chọn của bạn. Cảm ơn bạn."),
    Given.TWICE: (409, "Phiếu này đã được gửi rồi; mỗi phiếu chỉ tính một lần."),
    Given.STALE: (410, "Phiếu đã quá hai giờ hoặc bị cắt mất một phần. Xin chọn lại và gửi."),
    Given.NOT_OPEN: (409, "Hiện không nhận ý kiến: chưa đến giờ mở hoặc đã hết hạn."),
    Given.NO_CHOICE: (422, "Xin chọn một trong các phương án."),
}


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


@router.api_route("", methods=READ)
async def index(session: SessionDep, clock: ClockDep, res: Res) -> Response:
    now = clock.now()
    found = [(one, service.phase(one, now)) for one in await queries.list_public(session)]
    return _page(res, "consultations.html", found=found)


@router.api_route("/{slug}", methods=READ)
async def show(slug: str, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    found = await queries.find_public(session, slug)
    return await _shown(found, session, clock, res)


@router.post("/{slug}")
async def answer(slug: str, request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """One choice by one form; the network address is counted in this process for an hour and written nowhere."""
    found = await queries.find_public(session, slug)
    if found is None or res.hearing is None:
        return await _shown(None, session, clock, res)
    if request.headers.get("sec-fetch-site") == "cross-site":
        return await _shown(found, session, clock, res, 403, "Xin mở trang này của thành phố và chọn ở đây.")
    form = parse_qs((await read_beginning(request, MOST_FORM)).decode("utf-8", "replace"))
    peer = network_of(request.client.host if request.client else "")
    if not res.doorman.lets_in(f"{PATH} {peer}", service.MOST_AN_HOUR, clock.now()):
        return await _shown(
            found, session, clock, res, 429, "Có quá nhiều ý kiến từ mạng này. Xin thử lại sau một giờ."
        )
    token, choice = form.get("phieu", [""])[0], form.get("chon", [""])[0]
    given = await service.give(session, found, token, choice, res.hearing, clock.now())
    status, told = TOLD[given]
    return await _shown(found, session, clock, res, status, told)


async def _shown(
    found: m.Consultation | None,
    session: SessionDep,
    clock: ClockDep,
    res: PublishResources,
    status: int = 200,
    told: str = "",
) -> Response:
    if found is None:
        return _page(res, "consultations.html", 404, found=None)
    now = clock.now()
    options = (await queries.options_of(session, [found.id]))[found.id]
    stage = service.phase(found, now)
    is_asked = stage is Phase.OPEN and res.hearing is not None and told != TOLD[Given.COUNTED][1]
    token = service.make_token(res.hearing, found.id, now) if is_asked and res.hearing is not None else None
    total = sum(one.answers for one in options)
    return _page(
        res, "consultation.html", status, asked=found, options=options, stage=stage, token=token, told=told, total=total
    )


def _page(res: PublishResources, name: str, status: int = 200, **told: object) -> Response:
    """Each form has a number of its own, so no page is kept."""
    html = _templates().get_template(name).render(site=res.site, here=PATH, **told)
    headers = {**security_headers(), "Cache-Control": "no-store"}
    return Response(html, status, headers, "text/html; charset=utf-8")


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
