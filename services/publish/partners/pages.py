"""The page that a partner opens with its token: texts, pictures, the link, and two buttons. Without JavaScript.

Addresses with a token in them stand in no log; wrong ones are counted by network address, and soon answered 429.
Whoever holds a right one is never held up by others who guess.
"""

from functools import cache
from typing import Annotated
from urllib.parse import parse_qs

import jinja2
from fastapi import APIRouter, Depends, Request, Response

from libs.common.auth import ClockDep, public
from libs.common.db import SessionDep
from libs.common.uploads import read_beginning
from libs.common.web import environment, security_headers
from services.publish.pages import READ, Res
from services.publish.partners import kits
from services.publish.partners.rules import MOST_ADDRESS, KitView
from services.publish.settings import KitSettings
from services.publish.sharing.texts import texts_of

MOST_FORM = 4096
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
ACKNOWLEDGED = "Cảm ơn, đã ghi nhận bạn đã nhận bộ tin."
REPORTED = "Cảm ơn, đã ghi địa chỉ bài đăng."


def forget_token(request: Request) -> None:
    """Before anything else: whatever goes wrong is told without what the address names."""
    request.scope["path"] = "/bo-tin/…"


def kit_limits(request: Request) -> KitSettings:
    found: KitSettings = request.app.state.settings.publish.kits
    return found


router = APIRouter(prefix="/bo-tin", include_in_schema=False, dependencies=[public(), Depends(forget_token)])
Limits = Annotated[KitSettings, Depends(kit_limits)]


@router.api_route("/{token}", methods=READ)
async def kit_page(
    token: str, request: Request, session: SessionDep, clock: ClockDep, res: Res, limits: Limits
) -> Response:
    opened = await kits.open_kit(session, token, clock.now())
    if opened is None:
        return _wrong(request, res, clock, limits)
    return _page(res, opened)


@router.post("/{token}")
async def answer(
    token: str, request: Request, session: SessionDep, clock: ClockDep, res: Res, limits: Limits
) -> Response:
    """One of the page's two forms: that the kit arrived, or where it was posted."""
    opened = await kits.open_kit(session, token, clock.now(), lock=True)
    if opened is None:
        return _wrong(request, res, clock, limits)
    if opened.entry is None:
        return _page(res, opened)
    form = parse_qs((await read_beginning(request, MOST_FORM)).decode("utf-8", "replace"))
    told = {name: values[0] for name, values in form.items()}
    now = clock.now()
    if "url" in told:
        refused = await kits.report_post(session, opened, told["url"], now)
        again = await kits.open_kit(session, token, now)
        assert again is not None
        return _page(res, again, done=None if refused else REPORTED, refused=refused, typed=told["url"])
    await kits.acknowledge(session, opened, now)
    return _page(res, opened, done=ACKNOWLEDGED)


def _wrong(request: Request, res: Res, clock: ClockDep, limits: KitSettings) -> Response:
    peer = request.client.host if request.client else ""
    if not res.doorman.lets_in(f"kit {peer}", limits.wrong_tokens_per_hour, clock.now()):
        return _told(res, "Có quá nhiều lần mở sai", "Xin thử lại sau một giờ.", 429, {"Retry-After": "3600"})
    return _told(res, "Không có bộ tin này", "Địa chỉ có thể bị gõ sai hoặc bị cắt mất một phần.", 404)


def _page(
    res: Res, opened: kits.Opened, done: str | None = None, refused: str | None = None, typed: str = ""
) -> Response:
    match opened.view:
        case KitView.GONE:
            text = "Bộ tin đã được thu hồi hoặc hết hạn. Xin liên hệ nơi đã gửi để nhận bộ tin mới."
            return _told(res, "Bộ tin không còn mở được", text, 410)
        case KitView.WITHDRAWN:
            text = "Xin đừng đăng, và gỡ bài nếu đã đăng."
            return _told(res, "Tin này đã được rút", text, 410)
        case KitView.WAITS:
            return _html(res, "partner_kit_waits.html", 200, opens_at=opened.opens_at)
        case KitView.CORRECTED | KitView.OPEN:
            return _shown(res, opened, done, refused, typed)


def _shown(res: Res, opened: kits.Opened, done: str | None, refused: str | None, typed: str) -> Response:
    entry = opened.entry
    assert entry is not None
    link = res.site.url(f"/l/{opened.code}")
    is_corrected = opened.view == KitView.CORRECTED
    return _html(
        res,
        "partner_kit.html",
        422 if refused else 200,
        entry=entry,
        kit=opened.kit,
        posts=opened.posts,
        link=link,
        texts=[] if is_corrected else texts_of(entry, res.site, link),
        done=done,
        refused=refused,
        typed=typed[:MOST_ADDRESS],
        most_address=MOST_ADDRESS,
    )


def _told(res: Res, title: str, text: str, status: int, more: dict[str, str] | None = None) -> Response:
    return _html(res, "readers_told.html", status, more, title=title, text=text, button=None)


def _html(res: Res, name: str, status: int, more: dict[str, str] | None = None, **told: object) -> Response:
    html = _templates().get_template(name).render(site=res.site, here=None, **told)
    return Response(html, status, security_headers() | PRIVATE | (more or {}), "text/html; charset=utf-8")


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
