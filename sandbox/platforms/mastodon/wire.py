"""Requests as Rails reads them (JSON, forms, multipart; `name[]`, `name[][key]`), refusals as Mastodon words them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.platforms.mastodon import rules
from sandbox.wire import AGAIN

Json = dict[str, Any]
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_FALSE = ("", "0", "f", "false", "off", "F", "FALSE", "OFF")
_WORDS = {
    401: "The access token is invalid",
    403: "This action is not allowed",
    404: "Record not found",
    422: "Validation failed",
    429: rules.TOO_MANY,
    500: "We're sorry, but something went wrong on our end.",
    503: "There was a temporary problem serving your request, please try again",
}


class Refused(Exception):
    def __init__(self, status: int, error: str | None = None) -> None:
        super().__init__(error)
        self.status, self.error = status, error or _WORDS.get(status, "Unknown error")


class Invalid(Refused):
    """A validation of a record failed."""

    def __init__(self, what: str) -> None:
        super().__init__(422, f"Validation failed: {what}")


class Missing(Refused):
    def __init__(self) -> None:
        super().__init__(404)


@dataclass(frozen=True, slots=True)
class Upload:
    data: bytes
    declared: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read; `headers` are those its answer will carry.

    `again`: the platform does it a second time by itself, past its own guards.
    """

    address: str
    base_url: str
    token: str | None
    params: Json
    files: Mapping[str, Upload] = field(default_factory=dict)
    idempotency_key: str = ""
    again: bool = False
    path: Mapping[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.params.get(name)
        return None if value is None or isinstance(value, dict | list) else str(value)

    def flag(self, name: str) -> bool:
        value = self.params.get(name)
        return value is not None and value is not False and value not in _FALSE

    def strings(self, name: str) -> list[str] | None:
        """None where it was not sent; a single value is not a list, the way Rails' permit drops it."""
        value = self.params.get(name)
        return [str(one) for one in value] if isinstance(value, list) else None

    def number(self, name: str, default: int, most: int) -> int:
        written = str(self.params.get(name, default)).lstrip("+-")
        digits = re.match(r"\d*", written)
        return min(int(digits.group() or 0) if digits else 0, most)


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, headers: Mapping[str, str]) -> Response:
        return JSONResponse(self.body, self.status, {**headers, **self.headers})


def refusal(refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    if refused.status in (502, 504):
        text = f"<html><head><title>{refused.status}</title></head><body><center>nginx</center></body></html>"
        return HTMLResponse(text, refused.status)
    return JSONResponse({"error": refused.error}, refused.status, headers)


async def read(request: Request, base_url: str, path: Mapping[str, str], headers: dict[str, str]) -> Call:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    pairs: list[tuple[str, Any]] = list(request.query_params.multi_items())
    files: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    params: Json = {}
    if kind == "application/json":
        params = _json(await request.body())
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        pairs += await _form(request, files)
    return Call(
        address=request.client.host if request.client else "",
        base_url=base_url,
        token=token.strip() if scheme == "Bearer" else None,
        params=_nested(pairs) | params,
        files=files,
        idempotency_key=request.headers.get("idempotency-key", "").strip(),
        again=bool(request.scope.get(AGAIN)),
        path=path,
        headers=headers,
    )


async def _form(request: Request, files: dict[str, Upload]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = Upload(await value.read(), value.content_type or "")
            else:
                pairs.append((name, value))
    return pairs


def _json(raw: bytes) -> Json:
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Refused(400, "Error occurred while parsing request parameters") from None
    return body if isinstance(body, dict) else {}


def _nested(pairs: list[tuple[str, Any]]) -> Json:
    made: Json = {}
    for written, value in pairs:
        found = _KEY.fullmatch(written)
        if found is None:
            continue
        name, inner = found.group(1), re.findall(r"\[([^\[\]]*)\]", found.group(2))
        _put(made, name, inner, value)
    return made


def _put(made: Json, name: str, inner: list[str], value: Any) -> None:
    match inner:
        case []:
            made[name] = value
        case [""]:
            made.setdefault(name, []).append(value)
        case ["", key]:
            rows = made.setdefault(name, [])
            if not rows or key in rows[-1]:
                rows.append({})
            rows[-1][key] = value
        case [key]:
            made.setdefault(name, {})[key] = value
        case _:
            pass
