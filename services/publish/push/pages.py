"""The page on which readers let their browser be told, and what runs in the browser: two scripts of our own, from here.

Nothing is loaded from elsewhere; the page's policy names this origin alone.
"""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, RedirectResponse

from libs.common.auth import public
from libs.common.db import SessionDep
from libs.common.web import environment, security_headers
from services.publish import bulletin
from services.publish.api import Res
from services.publish.push import queries, subscribing

HERE = Path(__file__).parent / "static"
PATH = "/thong-bao"
READ = ["GET", "HEAD"]
STATIC = {
    "dang-ky.js": "text/javascript; charset=utf-8",
    "sw.js": "text/javascript; charset=utf-8",
    "bieu-tuong.png": "image/png",
}
SCRIPTS = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self';"
HTML = "text/html; charset=utf-8"
router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[public()])


@router.api_route("", methods=READ)
async def without_slash() -> Response:
    """The service worker's scope is the folder, and the page lies in it."""
    return RedirectResponse(f"{PATH}/", 308, {"Cache-Control": "public, max-age=3600"})


@router.api_route("/", methods=READ)
async def sign_up_page(session: SessionDep, res: Res) -> Response:
    topics = subscribing.offered(await queries.list_channels(session)) if res.push is not None else {}
    key = res.push.vapid.public_text if res.push is not None else ""
    text = _templates().get_template("push.html").render(site=res.site, here="", topics=topics, key=key, path=PATH)
    headers = security_headers()
    headers["Content-Security-Policy"] = headers["Content-Security-Policy"].replace("default-src 'none';", SCRIPTS, 1)
    return Response(text, 200, {**headers, "Cache-Control": "no-cache"}, HTML)


@router.api_route("/manifest.webmanifest", methods=READ)
async def manifest(res: Res) -> Response:
    """iPhones push only to what was put on the home screen, and that needs a manifest."""
    icon = {"src": f"{PATH}/bieu-tuong.png", "sizes": "192x192", "type": "image/png"}
    told: dict[str, Any] = {
        "id": f"{PATH}/",
        "name": res.site.name,
        "short_name": "Bản tin",
        "lang": "vi",
        "start_url": f"{PATH}/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbfaf6",
        "theme_color": "#0b4f45",
        "icons": [icon],
    }
    return JSONResponse(told, 200, _static_headers(), "application/manifest+json")


@router.api_route("/{name}", methods=READ)
async def static(name: str, res: Res) -> Response:
    if name not in STATIC:
        return Response(bulletin.missing(res.site), 404, security_headers(), HTML)
    return Response(_file(name), 200, _static_headers(), STATIC[name])


def _static_headers() -> dict[str, str]:
    """Asked for again each time: a worker that misbehaves has to be replaceable at once."""
    policy = "default-src 'none'; connect-src 'self'"
    return {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


@cache
def _file(name: str) -> bytes:
    return (HERE / name).read_bytes()


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish.push")
