"""TikTok's answers: data beside an error whose code is `ok` where all is well, and flat ones of its token office."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.faults import Fault, FaultKind
from sandbox.platforms.tiktok import rules
from sandbox.wire import AGAIN

Json = dict[str, Any]


class Refused(Exception):
    """`status`: where it is not the one that the code always has."""

    def __init__(self, code: str, message: str = "", status: int | None = None) -> None:
        super().__init__(code)
        self.code, self.message = code, message or code.replace("_", " ").capitalize()
        self.status = status or rules.ERRORS.get(code, 400)


class TokenOfficeRefused(Exception):
    """Of `oauth/token`, which answers in a shape of its own."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description


def invalid(what: str) -> Refused:
    return Refused("invalid_param", what)


def told(data: Json) -> Response:
    return JSONResponse({"data": data, "error": {"code": "ok", "message": "", "log_id": _log_id()}})


def refusal(refused: Refused) -> Response:
    if refused.status in (502, 504):
        return HTMLResponse("<html><body><h1>Bad Gateway</h1></body></html>", refused.status)
    error = {"code": refused.code, "message": refused.message, "log_id": _log_id()}
    return JSONResponse({"data": {}, "error": error}, refused.status)


def office_refusal(refused: TokenOfficeRefused) -> Response:
    body = {"error": refused.error, "error_description": refused.description, "log_id": _log_id()}
    return JSONResponse(body, refused.status)


def planned(fault: Fault) -> Response:
    """A planned failure, in the words of the platform."""
    match fault.kind:
        case FaultKind.TOKEN_EXPIRED:
            return refusal(Refused("access_token_invalid", "The access token is invalid or not found in the request."))
        case FaultKind.THROTTLE:
            return refusal(Refused("rate_limit_exceeded"))
        case _ if fault.status >= 500:
            return refusal(Refused("internal_error", status=fault.status))
        case _ if fault.status == 429:
            return refusal(Refused("rate_limit_exceeded"))
        case _ if fault.status == 401:
            return refusal(Refused("access_token_invalid"))
        case _:
            return refusal(Refused("invalid_param", status=fault.status))


def _log_id() -> str:
    return f"202611{secrets.token_hex(14).upper()}"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read. `again`: the platform does it a second time by itself."""

    base_url: str
    token: str
    body: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    again: bool = False

    def part(self, name: str) -> Json:
        """An object inside the body."""
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise invalid(f"{name} is required")
        return value


async def read(request: Request, base_url: str) -> Call:
    """Bodies are JSON and say so."""
    body: Json = {}
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        raw = await request.body()
        if raw.strip() and kind != "application/json":
            raise Refused("invalid_params", "The content type must be application/json")
        body = _object(raw)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Call(
        base_url,
        token.strip() if scheme == "Bearer" else "",
        body,
        dict(request.query_params),
        bool(request.scope.get(AGAIN)),
    )


def _object(raw: bytes) -> Json:
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Refused("invalid_params", "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused("invalid_params", "The request body is no object")
    return body


# --- values, strictly ---


def require_only(given: Json, where: str, *allowed: str) -> None:
    """Whatever else was sent is refused (the platform ignores some of it; the sandbox is stricter)."""
    for name in given:
        if name not in allowed:
            raise invalid(f"{where}.{name} is not known")


def text(given: Json, name: str, most: int | None = None) -> str:
    """UTF-16 units are what `most` counts."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    if most is not None and len(value.encode("utf-16-le")) // 2 > most:
        raise invalid(f"{name} has more than {most} units")
    return value


def flag(given: Json, name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be a boolean")
    return value


def number(given: Json, name: str, default: int | None = None) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{name} must be an integer")
    return value
