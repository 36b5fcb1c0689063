"""Zalo's answers: HTTP 200 whatever happened, `error` 0 or a negative number, and a page where nothing answers."""

import json
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.counting import graphemes
from sandbox.faults import Fault, FaultKind
from sandbox.platforms.zalo import rules
from sandbox.wire import AGAIN

Json = dict[str, Any]


class Refused(Exception):
    def __init__(self, error: int, message: str) -> None:
        super().__init__(message)
        self.error, self.message = error, message


def invalid(what: str) -> Refused:
    return Refused(rules.INVALID, what)


def told(data: Json | list[Json]) -> Response:
    return JSONResponse({"error": 0, "message": "Success", "data": data})


def refusal(refused: Refused) -> Response:
    return JSONResponse({"error": refused.error, "message": refused.message})


def office_refusal(refused: Refused) -> Response:
    """Of the token office: no `message`, but a name and a reason."""
    words = {"error_name": refused.message, "error_reason": refused.message, "ref_doc": ""}
    return JSONResponse({"error": refused.error, **words})


def planned(fault: Fault) -> Response:
    """A planned failure, in the words of the platform."""
    match fault.kind:
        case FaultKind.TOKEN_EXPIRED:
            return refusal(Refused(*rules.DEAD_TOKEN))
        case FaultKind.THROTTLE:
            return refusal(Refused(*rules.RATE))
        case _ if fault.status >= 500:
            return HTMLResponse("<html><body><h1>Bad Gateway</h1></body></html>", fault.status)
        case _ if fault.status == 429:
            return refusal(Refused(*rules.RATE))
        case _ if fault.status == 401:
            return refusal(Refused(*rules.DEAD_TOKEN))
        case _:
            return refusal(invalid("parameter is invalid"))


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read. `again`: the platform does it a second time by itself."""

    base_url: str
    token: str
    body: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    again: bool = False


async def read(request: Request, base_url: str) -> Call:
    body: Json = {}
    if request.method == "POST":
        try:
            given = json.loads(await request.body() or b"{}")
        except ValueError:
            raise invalid("body is not JSON") from None
        if not isinstance(given, dict):
            raise invalid("body is no object")
        body = given
    token = request.headers.get("access_token", "")
    return Call(base_url, token, body, dict(request.query_params), bool(request.scope.get(AGAIN)))


# --- values, strictly ---


def require_only(given: Json, *allowed: str) -> None:
    for name in given:
        if name not in allowed:
            raise invalid(f"{name} is not known")


def text(given: Json, name: str, most: int | None = None) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    if most is not None and graphemes(value) > most:
        raise invalid(f"{name} is longer than {most}")
    return value


def needed(given: Json, name: str, most: int | None = None) -> str:
    value = text(given, name, most)
    if not value.strip():
        raise invalid(f"{name} is empty")
    return value
