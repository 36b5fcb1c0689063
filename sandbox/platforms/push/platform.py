"""The push service's one door, and behind it the browsers with what stands on their screens.

What lets one write to a browser is a part of its address: it is in no answer, no ledger entry and no access log.
"""

import hmac
import logging
import re
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from sandbox.faults import Fault, FaultKind
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.push import rules, vapid
from sandbox.platforms.push.browsers import Browser, Message, Unreadable, written

NAME = "push"
SEND, MESSAGE, NOTIFICATION = "send", "message", "notification"
STATUSES = {"active": 201, "expired": rules.GONE[0], "unknown": rules.GONE[1]}
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,200}")
_NUMBER = re.compile(r"\d{1,9}")


def build(world: World) -> Platform:
    return Push(world)


class EndpointsUnlogged(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return f"/{NAME}/{SEND}/" not in record.getMessage()


class Push:
    name = NAME
    title = "Trình duyệt nhận thông báo"

    def __init__(self, world: World) -> None:
        self._world, self._sent = world, 0
        self._browsers: dict[str, Browser] = {}
        self._add_settled()
        logging.getLogger("uvicorn.access").addFilter(_UNLOGGED)

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        routes.add_api_route(f"/{SEND}/{{secret}}", self._take, methods=["POST"], include_in_schema=False)
        return routes

    def operation(self, method: str, path: str) -> str | None:
        return SEND if method == "POST" and path.startswith(f"/{SEND}/") else None

    def failure(self, fault: Fault) -> Response:
        match fault.kind:
            case FaultKind.TOKEN_EXPIRED:
                return _refused(403, "the token has expired")
            case FaultKind.THROTTLE:
                return _refused(429, "too many messages", {"Retry-After": str(int(fault.seconds))})
            case _:
                return _refused(fault.status, "planned")

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """A browser; options: server_key (with which it subscribed), online (bool). What waits comes when it is."""
        secret = account.password.get_secret_value()
        if not _SECRET.fullmatch(secret) or account.status not in STATUSES:
            raise HTTPException(422, f"password: 16 letters of base64url; status: {', '.join(STATUSES)}")
        before = self._browsers.get(account.handle)
        browser = before if before is not None and before.secret == secret else Browser(account.handle, secret)
        browser.status, browser.is_online = account.status, bool(account.options.get("online", True))
        browser.server_key = account.options.get("server_key", browser.server_key)
        self._browsers[account.handle] = browser
        self._deliver(browser)
        return {"platform": NAME, "handle": account.handle, "status": account.status} | self._told(browser)

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        if self._world.ledger.current.get(NAME, engagement.post) is None:
            raise UnknownPost(engagement.post)
        raise HTTPException(422, "Thông báo không có tương tác. / A notification has no reactions.")

    def wall(self) -> list[PublicPost]:
        for browser in self._browsers.values():
            self._deliver(browser)
        items = self._world.ledger.current.of(NAME, NOTIFICATION)
        return [self._public(item) for item in sorted(items, key=lambda item: item.updated_at, reverse=True)]

    def reset(self) -> None:
        self._browsers.clear()
        self._add_settled()

    # --- the push service ---

    async def _take(self, secret: str, request: Request) -> Response:
        browser = next((b for b in self._browsers.values() if hmac.compare_digest(b.secret, secret)), None)
        if browser is None or browser.status != "active":
            return _refused(STATUSES[browser.status] if browser else rules.GONE[1], "no such subscription")
        try:
            key = vapid.check(
                request.headers.get("authorization", ""), self._origin(request), browser.server_key, self._now()
            )
        except vapid.NotAuthorized as error:
            return _refused(error.status, str(error))
        if rules.OWN_KEY:
            browser.server_key = browser.server_key or key
        body = await request.body()
        if wrong := _wrong(request, body):
            return _refused(*wrong)
        self._keep(browser, request, body)
        self._deliver(browser)
        return Response(status_code=rules.ACCEPTED, headers={"Location": f"/{NAME}/m/{self._sent}"})

    def _keep(self, browser: Browser, request: Request, body: bytes) -> None:
        self._sent += 1
        lasts = min(timedelta(seconds=int(request.headers["ttl"])), rules.TTL_MOST)
        topic, urgency = request.headers.get("topic"), request.headers.get("urgency", "normal")
        message = Message(str(self._sent), body, topic, urgency, self._now() + lasts)
        browser.keep(message)
        told = {"topic": topic, "urgency": urgency, "ttl": int(lasts.total_seconds()), "bytes": len(body)}
        self._record(SEND, browser, MESSAGE, f"m{self._sent}", Effect.CREATED, told)

    def _deliver(self, browser: Browser) -> None:
        """What waits and has not run out, while the browser is there."""
        browser.waiting = [one for one in browser.waiting if one.until >= self._now()]
        if not browser.is_online or browser.status != "active":
            return
        waiting, browser.waiting = browser.waiting, []
        for message in waiting:
            self._show(browser, message)

    def _show(self, browser: Browser, message: Message) -> None:
        try:
            shown = browser.open(message.body)
        except Unreadable as error:
            why = {"message": message.id, "why": str(error)}
            self._record("unreadable", browser, MESSAGE, f"m{message.id}", Effect.ABSENT, why)
            return
        place = f"{browser.handle}/{shown.get('tag') or message.id}"
        stands = self._world.ledger.current.get(NAME, place) is not None
        self._record("show", browser, NOTIFICATION, place, Effect.UPDATED if stands else Effect.CREATED, shown)

    def _record(
        self, what: str, browser: Browser, kind: str, subject: str, effect: Effect, data: dict[str, Any]
    ) -> None:
        self._world.ledger.record(Act(NAME, what, browser.handle, kind, subject, effect, data))

    # --- behind the stage ---

    def _add_settled(self) -> None:
        for handle, secret in self._world.settings.push.rows():
            self._browsers[handle] = Browser(handle, secret)

    def _told(self, browser: Browser) -> dict[str, Any]:
        keys = {"p256dh": written(browser.public), "auth": written(browser.auth)}
        base = self._world.settings.push.base_url.rstrip("/")
        endpoint = f"{base}/{SEND}/{browser.secret}"
        return {"subscription": {"endpoint": endpoint, "expirationTime": None, "keys": keys}}

    def _public(self, item: Item) -> PublicPost:
        shown = item.data
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=item.account,
            author=str(shown["title"]),
            text=f"{shown['title']}\n\n{shown.get('body', '')}",
            at=item.updated_at,
            page=str(shown["navigate"]),
            links=(str(shown["navigate"]),),
        )

    def _origin(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}"

    def _now(self) -> Any:
        return self._world.clock.now()


def _wrong(request: Request, body: bytes) -> tuple[int, str] | None:
    """What a push service can see without opening it."""
    told = request.headers
    if rules.TTL_NEEDED and not _NUMBER.fullmatch(told.get("ttl", "")):
        return 400, "TTL is needed: seconds"
    if "topic" in told and not re.fullmatch(rules.TOPIC, told["topic"]):
        return 400, "Topic: at most 32 letters of base64url"
    if told.get("urgency", "normal") not in rules.URGENCY:
        return 400, "Urgency is one of four words"
    if told.get("content-encoding") != rules.CODING:
        return 400, f"Content-Encoding is {rules.CODING}"
    if len(body) > rules.BODY_BYTES:
        return 413, f"at most {rules.BODY_BYTES} bytes"
    return None


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"errno": status, "message": why}, status, headers)


_UNLOGGED = EndpointsUnlogged()
