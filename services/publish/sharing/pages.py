"""The public page of ready texts, one for each page of the bulletin: voluntary, without a login, and without a counter.

Nothing is written and nothing is logged when it is read; the link that it gives is the page's own address, so that
not even a click tells by whom it was passed on.
"""

from functools import cache

import jinja2
from asyncpg import PostgresError
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from libs.common import models as m
from libs.common.auth import public
from libs.common.db import Database, DatabaseDep
from libs.common.web import environment, security_headers
from services.publish import bulletin
from services.publish.bulletin import Entry
from services.publish.pages import READ, SLUG, Res
from services.publish.press import entries_where
from services.publish.sharing.texts import texts_of

router = APIRouter(prefix="/chia-se", include_in_schema=False, dependencies=[public()])
HEADERS = {"Cache-Control": "public, max-age=60", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@router.api_route("/{slug}", methods=READ)
async def share_page(slug: str, database: DatabaseDep, res: Res) -> Response:
    """Where the database is away, the page itself, which stands without it."""
    if not SLUG.fullmatch(slug):
        return _missing(res)
    try:
        entry = await _entry(database, slug)
    except (SQLAlchemyError, PostgresError, OSError):
        return RedirectResponse(res.site.url(f"/tin/{slug}"), 302, {"Cache-Control": "no-store"})
    if entry is None:
        return _missing(res)
    link = res.site.url(f"/tin/{slug}")
    is_open = not entry.is_withdrawn and not entry.is_followed
    told = {"entry": entry, "link": link, "texts": texts_of(entry, res.site, link) if is_open else []}
    html = _templates().get_template("share_kit.html").render(site=res.site, here=None, **told)
    return Response(html, 410 if entry.is_withdrawn else 200, security_headers() | HEADERS, bulletin.HTML)


async def _entry(database: Database, slug: str) -> Entry | None:
    async with database.transaction() as session:
        found = await entries_where(session, m.Publication.slug == slug)
    return found[0] if found else None


def _missing(res: Res) -> Response:
    return Response(bulletin.missing(res.site), 404, security_headers(), bulletin.HTML)


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
