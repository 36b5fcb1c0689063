"""The public pages of readers' mail: signing up, confirming, leaving; and the door for mail that came back.

No page sets a cookie, none tells whether an address is known, and only a POST changes anything: mail scanners follow
every link of a letter. Addresses with a token in them stand in no log.
"""

from functools import cache
from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

import jinja2
from fastapi import APIRouter, Depends, Request, Response

from libs.common import models as m
from libs.common.app import resources
from libs.common.auth import ClockDep, public
from libs.common.db import SessionDep
from libs.common.mail_returns import MOST_BYTES, is_let_in
from libs.common.uploads import read_beginning
from libs.common.web import environment, security_headers
from services.publish.readers import letters, queries, returns, rules, subscribing
from services.publish.readers.letters import Issue
from services.publish.resources import PublishResources

MOST_FORM = 4096
SHOWN_ISSUES = 5
ONE_CLICK = b"One-Click"
"""RFC 8058: in the body, as a form of either encoding."""
READ = ["GET", "HEAD"]


def forget_token(request: Request) -> None:
    """Before anything else: whatever goes wrong is told without what the address names."""
    request.scope["path"] = "/nhan-tin/…"


router = APIRouter(prefix="/nhan-tin", include_in_schema=False, dependencies=[public(), Depends(forget_token)])


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


@router.api_route("", methods=READ)
async def sign_up_page(session: SessionDep, res: Res) -> Response:
    return _page(res, "readers_sign_up.html", lists=await _lists(session, res), issues=[])


@router.post("")
async def sign_up(request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """The same answer for an address that is new, waits, is confirmed or must not be written to."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return _told(res, "Không nhận được đăng ký", "Xin mở trang đăng ký của thành phố và gửi lại.", 403)
    form = parse_qs((await read_beginning(request, MOST_FORM)).decode("utf-8", "replace"))
    told = {name: values[0] for name, values in form.items()}
    chosen = next((one for one in await _lists(session, res) if one.settings["list"] == told.get("list")), None)
    if chosen is None or res.sender is None or res.vault is None:
        return _told(res, "Chưa đăng ký được", "Bản tin này hiện không nhận đăng ký.", 404)
    try:
        address = subscribing.address_of(told.get("address", ""))
    except subscribing.NoAddress:
        return _told(res, "Địa chỉ thư chưa đúng", "Xin quay lại và gõ lại, ví dụ ten@example.vn.", 422)
    peer = request.client.host if request.client else ""
    if not res.doorman.lets_in(peer, res.sender.settings.asks_per_hour, clock.now()):
        return _told(res, "Có quá nhiều lượt đăng ký", "Xin thử lại sau một giờ.", 429)
    await subscribing.ask(session, chosen.id, address, res.sender.keys, res.vault, clock.now())
    return _told(
        res,
        "Còn một bước nữa",
        "Nếu địa chỉ này nhận được thư, trong ít phút nữa sẽ có một thư hỏi lại; hãy mở thư đó và bấm “Xác nhận”."
        " Chưa xác nhận thì không có thư nào khác, và địa chỉ được xóa sau 48 giờ.",
    )


@router.api_route("/xac-nhan/{token}", methods=READ)
async def confirm_page(token: str, clock: ClockDep, res: Res) -> Response:
    if res.sender is None or res.sender.keys.confirmed(token, clock.now()) is None:
        return _stale(res)
    return _button(res, "Xác nhận đăng ký", "Bấm nút dưới đây để bắt đầu nhận bản tin.", "Xác nhận")


@router.post("/xac-nhan/{token}")
async def confirm(token: str, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    about = res.sender.keys.confirmed(token, clock.now()) if res.sender is not None else None
    if about is None or await subscribing.confirm(session, about, clock.now()) is None:
        return _stale(res)
    return _told(res, "Đã xác nhận", "Bạn sẽ nhận thư từ số kế tiếp. Mỗi thư đều có đường dẫn để thôi nhận.")


@router.api_route("/thoi/{token}", methods=READ)
async def leave_page(token: str, res: Res) -> Response:
    if _reader(token, res) is None:
        return _stale(res)
    return _button(res, "Thôi nhận bản tin", "Bấm nút dưới đây, địa chỉ của bạn được xóa ngay.", "Thôi nhận")


@router.post("/thoi/{token}")
async def leave(token: str, request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """RFC 8058: the mailbox's provider posts here by itself; also the button of the page."""
    about = _reader(token, res)
    if about is None:
        return _stale(res)
    if ONE_CLICK not in await read_beginning(request, MOST_FORM):
        return _told(res, "Chưa thôi nhận", "Xin bấm nút “Thôi nhận” trên trang.", 400)
    await subscribing.unsubscribe(session, about, clock.now())
    return _told(res, "Đã thôi nhận", "Địa chỉ của bạn đã được xóa; không có thư nào nữa của bản tin này.")


@router.post("/thu-tra")
async def take_return(request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """One message as it came (message/rfc822); `Lantoa-Recipient` says who it was to, where its headers do not."""
    settings = res.sender.settings if res.sender is not None else None
    if not is_let_in(request.headers.get("authorization"), settings.returns_token if settings is not None else None):
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
    raw = await read_beginning(request, MOST_BYTES)
    found = returns.read(raw, request.headers.get("lantoa-recipient", ""))
    if found is not None and res.sender is not None:
        await returns.record(session, found, res.sender.keys, clock.now())
    return Response(status_code=204)


@router.api_route("/{name}", methods=READ)
async def list_page(name: str, session: SessionDep, res: Res) -> Response:
    """One list: what its last letters said (and no longer what was withdrawn), and signing up for it."""
    chosen = [one for one in await _lists(session, res) if one.settings["list"] == name]
    if not chosen:
        return _told(res, "Không có bản tin này", "Địa chỉ có thể bị gõ sai.", 404)
    return _page(res, "readers_sign_up.html", lists=chosen[:1], issues=await _issues(session, chosen[0]))


async def _issues(session: SessionDep, channel: m.Channel) -> list[Issue]:
    found = []
    for digest in await queries.list_digests(session, channel.id, SHOWN_ISSUES, None):
        items = letters.told(await queries.content_of(session, digest.id))
        found.append(
            Issue(channel.name, channel.settings["list"], digest.number, digest.closed_at, digest.is_urgent, items)
        )
    return [issue for issue in found if issue.items]


async def _lists(session: SessionDep, res: PublishResources) -> list[m.Channel]:
    """Those that can be signed up for."""
    if res.sender is None or res.vault is None:
        return []
    found = await queries.list_lists(session)
    return [one for one in found if rules.LIST.fullmatch(str(one.settings.get("list", "")))]


def _reader(token: str, res: PublishResources) -> UUID | None:
    return res.sender.keys.told_by("unsubscribe", token) if res.sender is not None else None


def _stale(res: PublishResources) -> Response:
    text = "Đường dẫn đã hết hạn, đã dùng rồi hoặc bị cắt mất một phần. Có thể đăng ký lại ở trang nhận tin."
    return _told(res, "Đường dẫn không còn dùng được", text, 404)


def _button(res: PublishResources, title: str, text: str, button: str) -> Response:
    return _page(res, "readers_told.html", title=title, text=text, button=button)


def _told(res: PublishResources, title: str, text: str, status: int = 200) -> Response:
    return _page(res, "readers_told.html", status, title=title, text=text, button=None)


def _page(res: PublishResources, name: str, status: int = 200, **told: object) -> Response:
    html = _templates().get_template(name).render(site=res.site, here="/nhan-tin", **told)
    private = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    hidden = {} if name == "readers_sign_up.html" else {"X-Robots-Tag": "noindex"}
    return Response(html, status, {**security_headers(), **private, **hidden}, "text/html; charset=utf-8")


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")
