"""A request as this platform reads it, and its refusals in Google's words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import Fault, FaultKind
from sandbox.platforms.youtube import rules

Json = dict[str, Any]
NAME = "youtube"
UPLOAD_ID = "upload_id"
_OF_EVERY_METHOD = ("key", "fields")
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}
_PLANNED = {400: "invalidVideoMetadata", 401: "authError", 403: "forbidden", 404: rules.NOT_FOUND}


class Refused(Exception):
    def __init__(self, status: int, reason: str, message: str = "", domain: str = "youtube.video") -> None:
        super().__init__(reason)
        self.status, self.reason, self.domain = status, reason, domain
        self.message = message or reason

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        one = {"message": self.message, "domain": self.domain, "reason": self.reason}
        error = {"code": self.status, "message": self.message, "errors": [one]}
        status = _STATUS.get(self.status, "UNAVAILABLE" if self.status >= 500 else "FAILED_PRECONDITION")
        return JSONResponse({"error": {**error, "status": status}}, self.status, dict(headers or {}))


@dataclass(frozen=True)
class Call:
    query: Mapping[str, str]
    body: Any
    token: str | None
    base: str
    """Public address of this platform."""
    key: str | None = None
    """Of a project, where nobody is logged in: what is public may be read by it."""
    fields: str = ""

    def parts(self) -> list[str]:
        return [part for part in self.query.get("part", "").split(",") if part]


async def read(request: Request, base: str, *, has_body: bool) -> Call:
    query = request.query_params
    kept = {name: value for name, value in query.items() if name not in (UPLOAD_ID, *_OF_EVERY_METHOD)}
    key = request.headers.get("x-goog-api-key") or query.get("key")
    body = await _body(request) if has_body else None
    return Call(kept, body, bearer(request), base, key, query.get("fields", ""))


def bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


async def _body(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused(400, "parseError", "The request's content type is not application/json", "global")
    try:
        return json.loads(await request.body())
    except ValueError:
        raise Refused(400, "parseError", "Parse Error", "global") from None


def unauthorized() -> Refused:
    status, reason = rules.UNAUTHORIZED
    return Refused(status, reason, "Request had invalid authentication credentials.", "global")


def planned(fault: Fault) -> Response:
    """A planned refusal; the token door has words of its own."""
    if fault.kind is FaultKind.THROTTLE:
        status, reason = rules.TOO_FAST
        told = Refused(status, reason, "The request rate is too high.", "usageLimits")
        return told.answer({"Retry-After": str(int(-(-fault.seconds // 1)))})
    if fault.operation == "oauth.token":
        status = 400 if fault.kind is FaultKind.TOKEN_EXPIRED else fault.status
        return oauth_refusal("invalid_grant" if status < 500 else "backend_error", status)
    if fault.kind is FaultKind.TOKEN_EXPIRED:
        return unauthorized().answer()
    return Refused(fault.status, _PLANNED.get(fault.status, "backendError")).answer()


def oauth_refusal(error: str, status: int = 400) -> Response:
    words = {"invalid_grant": "Token has been expired or revoked."}.get(error, error)
    return JSONResponse({"error": error, "error_description": words}, status)
