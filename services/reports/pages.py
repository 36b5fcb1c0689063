"""The public register: a page that needs no script, in two languages, and the same figures as JSON."""

from itertools import groupby

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from libs.common.auth import public
from libs.common.conditional import LIVE
from services.reports.api import Res
from services.reports.public import ENGLISH, READ, VIETNAMESE, Edition, page_of
from services.reports.resources import ReportsResources

router = APIRouter(include_in_schema=False, dependencies=[public()])
PAGE = "/minh-bach"


@router.api_route(PAGE, methods=READ)
async def register_page(request: Request, res: Res) -> Response:
    return await _register(request, res, VIETNAMESE)


@router.api_route(ENGLISH.path(PAGE), methods=READ)
async def register_page_in_english(request: Request, res: Res) -> Response:
    return await _register(request, res, ENGLISH)


async def _register(request: Request, res: ReportsResources, edition: Edition) -> Response:
    register = await res.register.read()
    groups = [(name, list(rows)) for name, rows in groupby(register["sources"], key=lambda s: s["group_name"])]
    return page_of(request, res, edition, "register.html", PAGE, register=register, groups=groups)


@router.api_route(f"{PAGE}.json", methods=READ)
async def register_json(res: Res) -> Response:
    headers = {"Cache-Control": LIVE, "Access-Control-Allow-Origin": "*"}
    return JSONResponse(await res.register.read(), headers=headers)
