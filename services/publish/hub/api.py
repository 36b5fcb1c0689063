"""Where servers ask the hub to be told of the bulletin's feeds. The answer is 202 and says nothing of who is known:
it is the subscriber's own address that is asked whether it was they."""

from math import ceil

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from libs.common import telemetry
from libs.common.auth import ClockDep, public
from libs.common.db import SessionDep
from libs.common.doorman import network_of
from services.publish.api import Res
from services.publish.hub import rules, service

router = APIRouter(include_in_schema=False, dependencies=[public()])
PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
FORM = "application/x-www-form-urlencoded"
HOUR = 3600


def _say(text: str, status: int, again: int | None = None) -> Response:
    telemetry.count("lantoa.hub.asked", status=status)
    headers = PLAIN if again is None else {**PLAIN, "Retry-After": str(again)}
    return PlainTextResponse(f"{text}\n", status, headers)


@router.post(rules.PATH)
async def ask_hub(request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    hub, now = res.hub, clock.now()
    if hub is None:
        return _say("Bản tin này không có hub. / This bulletin has no hub.", 404)
    peer = request.client.host if request.client else ""
    most = res.bulletin.hub_asks_per_hour
    if (wait := hub.doorman.wait(f"network {network_of(peer)}", most, now)) is not None:
        return _say("Gửi quá nhiều yêu cầu. / Too many requests.", 429, ceil(wait.total_seconds()))
    body = await _body(request)
    if body is None or request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return _say(f"Cần một biểu mẫu {FORM}. / A form is needed.", 413 if body is None else 415)
    try:
        wish = rules.wish_of(body, hub.topics(), may_be_plain=hub.may_be_plain)
    except rules.NotTaken as wrong:
        return _say(str(wrong), 400)
    if (wait := hub.doorman.wait(f"host {wish.host}", most, now)) is not None:
        return _say("Máy chủ này được hỏi quá nhiều lần. / Too much about this host.", 429, ceil(wait.total_seconds()))
    try:
        await service.take_wish(session, hub, wish, now)
    except service.NoRoom:
        return _say("Máy chủ này đã có đủ đăng ký. / No room for more subscriptions.", 503, HOUR)
    return _say("Đã nhận; hub sẽ hỏi lại địa chỉ này. / Taken; the hub will ask this address.", 202)


async def _body(request: Request) -> bytes | None:
    """Whole; None past the limit."""
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
        if len(whole) > rules.MOST_FORM:
            return None
    return bytes(whole)
