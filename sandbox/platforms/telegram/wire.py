"""Requests and refusals of the Bot API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from sandbox.platforms.telegram import rules
from sandbox.wire import AGAIN

Json = dict[str, Any]
_MOST = rules.FILE_BYTES + 1024 * 1024


class TelegramError(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    def as_json(self) -> Json:
        told: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return {**told, "parameters": self.parameters} if self.parameters else told


class BadRequest(TelegramError):
    def __init__(self, what: str, **parameters: Any) -> None:
        super().__init__(400, f"Bad Request: {what}", **parameters)


class Forbidden(TelegramError):
    def __init__(self, what: str) -> None:
        super().__init__(403, f"Forbidden: {what}")


class Conflict(TelegramError):
    def __init__(self, what: str) -> None:
        super().__init__(409, f"Conflict: {what}")


class TooManyRequests(TelegramError):
    def __init__(self, seconds: int) -> None:
        super().__init__(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


@dataclass(frozen=True, slots=True)
class File:
    name: str
    body: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read. Values of forms and queries are text, those of JSON have their types."""

    method: str
    bot_id: int
    values: Mapping[str, Any]
    files: Mapping[str, File]
    again: bool = False
    """The platform does it a second time by itself (a planned fault)."""

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def integer(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(str(value))
        except ValueError:
            return None

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).strip().lower() in ("true", "yes", "1")

    def structure(self, name: str) -> Any:
        """An object or array, which forms write as JSON; None where there is none."""
        value = self.values.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                return json.loads(value)
            except ValueError:
                raise BadRequest(f"can't parse {name.replace('_', ' ')} JSON object") from None
        return value


async def read(request: Request, method: str, bot_id: int) -> Call:
    """Query, then form or JSON; a later value wins."""
    values: dict[str, Any] = dict(request.query_params)
    files: dict[str, File] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if int(request.headers.get("content-length") or 0) > _MOST:
        raise TelegramError(413, "Request Entity Too Large")
    if kind == "application/json":
        values |= _json(await request.body())
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        async with request.form(max_part_size=1024 * 1024) as form:
            for name, part in form.multi_items():
                if isinstance(part, str):
                    values[name] = part
                else:
                    mime = part.content_type or "application/octet-stream"
                    files[name] = File(part.filename or name, await part.read(), mime)
    return Call(method, bot_id, values, files, bool(request.scope.get(AGAIN)))


def _json(raw: bytes) -> Json:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise BadRequest("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise BadRequest("can't parse JSON object")
    return body
