"""The public register: a page that needs no script, and the same figures as JSON."""

from datetime import datetime
from functools import cache
from itertools import groupby

import jinja2
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from libs.common.auth import public
from libs.common.web import environment, security_headers
from services.reports.api import Res
from services.reports.issuing.printing import local_time, number

router = APIRouter(include_in_schema=False, dependencies=[public()])
READ = ["GET", "HEAD"]
CACHED = {"Cache-Control": "public, max-age=60"}


@cache
def _templates() -> jinja2.Environment:
    env = environment("services.reports")
    env.filters.update(n=number, at=local_time, instant=datetime.fromisoformat)
    return env


@router.api_route("/minh-bach", methods=READ)
async def register_page(res: Res) -> Response:
    register = await res.register.read()
    groups = [(name, list(rows)) for name, rows in groupby(register["sources"], key=lambda s: s["group_name"])]
    page = _templates().get_template("register.html")
    html = page.render(site=res.site, here="/minh-bach", register=register, groups=groups)
    return Response(html, headers={**security_headers(), **CACHED}, media_type="text/html; charset=utf-8")


@router.api_route("/minh-bach.json", methods=READ)
async def register_json(res: Res) -> Response:
    return JSONResponse(await res.register.read(), headers={**CACHED, "Access-Control-Allow-Origin": "*"})
