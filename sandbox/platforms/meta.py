"""What Meta's platforms have in common on the wire: the error envelope, the usage headers, apps and tokens, webhooks.

Not a platform itself (no ``build``): facebook, instagram and threads are made of it, each with its own counters.
"""

import hashlib
import hmac
import json
import math
import re
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.faults import Fault, FaultKind
from sandbox.rules import Mark, rule
from sandbox.webhooks import WebhookPolicy
from sandbox.wire import AGAIN

Json = dict[str, Any]

ENVELOPE = rule(
    "meta.error.status", Mark.DOCS, "nearly every error is HTTP 400 with `error.code`; only 1 and 2 come with 5xx", 400
).value
NOT_THERE = rule(
    "meta.error.missing",
    Mark.MEMORY,
    "an object that is gone, or that the token may not see, is 100 with subcode 33; the two are told by nothing",
    (100, 33),
).value
PROOF = rule(
    "meta.proof",
    Mark.SDK,
    "appsecret_proof is HMAC-SHA256 of the token with the app's secret, in lower hex; a wrong one is refused",
    100,
).value
PROOF_REQUIRED = rule(
    "meta.proof.required", Mark.OURS, "an app may require the proof; the sandbox does where the app has a secret", True
).value
HEADER_TOKEN = rule(
    "meta.token.header", Mark.MEMORY, "the token may come as Authorization: Bearer or OAuth, or as access_token", True
).value
BUC_WINDOW = rule(
    "meta.usage.window", Mark.DOCS, "calls of a page or system-user token are counted over 24 hours", timedelta(days=1)
).value
BUC_SHOWN = rule(
    "meta.usage.shown",
    Mark.OURS,
    "X-Business-Use-Case-Usage is sent from 10 percent on (the platform: once there is enough traffic)",
    10,
).value
BUC_PENALTY = rule(
    "meta.usage.penalty", Mark.DOCS, "calls made while blocked count too, and so make the block longer", True
).value
BUC_MINUTES = rule(
    "meta.usage.minutes", Mark.DOCS, "estimated_time_to_regain_access is in whole minutes, 0 while not blocked", True
).value
DEATHS = rule(
    "meta.token.deaths",
    Mark.MEMORY,
    "a dead token is 190 and 458 (app removed), 459 (checkpoint), 460 (password changed), 463 (expired), 467 (invalid)",
    {"app_removed": 458, "checkpoint": 459, "password_changed": 460, "expired": 463, "revoked": 467},
).value
DATA_ACCESS = rule(
    "meta.token.data_access",
    Mark.MEMORY,
    "after 90 days without the person the token stays valid and data calls fail with code 10",
    timedelta(days=90),
).value
SIGNATURE = rule(
    "meta.webhook.signature", Mark.PEER, "X-Hub-Signature-256 is sha256= and HMAC-SHA256 of the raw body", "sha256="
).value
ESCAPED = rule(
    "meta.webhook.escaped", Mark.PEER, "webhook bodies write every letter beyond ASCII as \\uXXXX", True
).value
WEBHOOKS = rule(
    "meta.webhook.retries",
    Mark.MEMORY,
    "an event without an answer is sent again with growing delays for 36 hours, in no order",
    WebhookPolicy(ack_seconds=5.0, delays=(60, 300, 1800, 7200, 21600), keep=timedelta(hours=36), in_order=False),
).value

ACTIVE, PERMISSION_LOST, DATA_ACCESS_ENDED = "active", "permission_lost", "data_access_ended"
STATUSES = (ACTIVE, PERMISSION_LOST, DATA_ACCESS_ENDED, *DEATHS)
_WORDS = {
    458: "Error validating access token: The user has not authorized application.",
    459: "Error validating access token: You cannot access the app till you log in and follow the instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed their password or "
    "Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired.",
    467: "Error validating access token: The session is invalid.",
}


class Refused(Exception):
    """One error, as the envelope tells it."""

    def __init__(
        self,
        code: int,
        message: str,
        subcode: int | None = None,
        *,
        status: int = ENVELOPE,
        kind: str = "OAuthException",
        is_transient: bool = False,
        user_title: str | None = None,
        user_message: str | None = None,
        blamed: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status, self.kind = code, message, subcode, status, kind
        self.is_transient, self.user_title, self.user_message = is_transient, user_title, user_message
        self.blamed = list(blamed)

    def body(self) -> Json:
        told: Json = {"message": self.message, "type": self.kind, "code": self.code}
        if self.blamed:
            told["error_data"] = json.dumps({"blame_field_specs": [[name] for name in self.blamed]})
        if self.subcode is not None:
            told["error_subcode"] = self.subcode
        told["is_transient"] = self.is_transient
        if self.user_message is not None:
            told |= {"error_user_title": self.user_title or "", "error_user_msg": self.user_message}
        return {"error": {**told, "fbtrace_id": secrets.token_urlsafe(11)}}


def parameter(name: str, why: str, subcode: int | None = None) -> Refused:
    """A parameter that is missing, unknown or wrong."""
    return Refused(100, f"(#100) {why}", subcode, blamed=[name])


def missing(object_id: str, method: str = "get") -> Refused:
    words = (
        f"Unsupported {method} request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation. Please read the Graph API documentation at"
        " https://developers.facebook.com/docs/graph-api"
    )
    return Refused(*NOT_THERE[:1], words, NOT_THERE[1], kind="GraphMethodException")


def dead_token(subcode: int) -> Refused:
    return Refused(190, _WORDS.get(subcode, "Invalid OAuth access token."), subcode)


def permission(what: str) -> Refused:
    return Refused(200, f"(#200) If posting to a page, requires {what} permission with page token")


def throttled(code: int = 80001) -> Refused:
    words = {
        4: "(#4) Application request limit reached",
        32: "(#32) Page request limit reached",
        80001: "(#80001) There have been too many calls to this Page account. Wait a bit and try again.",
        80002: "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.",
    }
    return Refused(code, words.get(code, f"(#{code}) Calls to this api have exceeded the rate limit."))


def refusal(refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    if refused.status in (502, 504):
        words = f"<html><head><title>{refused.status}</title></head><body>Sorry, something went wrong.</body></html>"
        return HTMLResponse(words, refused.status)
    told = {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_token" "{refused.message[:60]}"'}
    return JSONResponse(refused.body(), refused.status, {**(headers or {}), **(told if refused.code == 190 else {})})


def planned(fault: Fault, subject: str = "0", kind: str = "pages", code: int = 80001) -> Response:
    """A planned failure: throttles in whole minutes, dead tokens and refusals as HTTP 400."""
    match fault.kind:
        case FaultKind.TOKEN_EXPIRED:
            return refusal(dead_token(463))
        case FaultKind.THROTTLE:
            return refusal(throttled(code), usage_header(subject, kind, 100, math.ceil(fault.seconds / 60)))
        case _ if fault.status >= 500:
            return refusal(Refused(2, "Service temporarily unavailable", status=fault.status, is_transient=True))
        case _ if fault.status in (401, 403):
            return refusal(dead_token(467))
        case _ if fault.status == 429:
            return refusal(throttled(code), usage_header(subject, kind, 100, 1))
        case _:
            return refusal(parameter("message", "Invalid parameter"))


def usage_header(subject: str, kind: str, percent: int, minutes: int) -> dict[str, str]:
    case = {
        "type": kind,
        "call_count": percent,
        "total_cputime": min(percent, 25),
        "total_time": min(percent, 25),
        "estimated_time_to_regain_access": minutes,
    }
    return {"X-Business-Use-Case-Usage": json.dumps({subject: [case]}, separators=(",", ":"))}


class Usage:
    """Calls of each account over 24 hours, refused ones too."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[datetime]] = {}

    def clear(self) -> None:
        self._calls.clear()

    def count(self, subject: str, kind: str, quota: int, now: datetime) -> tuple[dict[str, str], bool]:
        """One more call: the headers of its answer, and whether it is one too many."""
        calls = self._calls.setdefault(subject, deque())
        while calls and calls[0] <= now - BUC_WINDOW:
            calls.popleft()
        calls.append(now)
        percent = len(calls) * 100 // max(quota, 1)
        blocked = len(calls) > quota
        minutes = 0
        if blocked:
            free_at = calls[len(calls) - quota] + BUC_WINDOW
            minutes = max(1, math.ceil((free_at - now).total_seconds() / 60))
        shown = percent >= BUC_SHOWN or blocked
        return (usage_header(subject, kind, percent, minutes) if shown else {}), blocked


# --- requests ---


@dataclass(frozen=True, slots=True)
class Upload:
    data: bytes
    declared: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read; `headers` are those its answer will carry. `again`: the platform does it a second time."""

    method: str
    base_url: str
    version: str
    token: str | None
    params: Json
    files: Mapping[str, Upload] = field(default_factory=dict)
    raw: bytes = b""
    given: Mapping[str, str] = field(default_factory=dict)
    """The request's own headers."""
    is_bytes: bool = False
    """The body is a file's bytes, and carries no parameters."""
    again: bool = False
    path: Mapping[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.params.get(name)
        return None if value is None else str(value)

    def flag(self, name: str, default: bool) -> bool:
        """true/false or 1/0; anything else is refused."""
        written = str(self.params.get(name, default)).lower()
        if written not in ("true", "false", "1", "0"):
            raise parameter(name, f"Param {name} must be a boolean")
        return written in ("true", "1")

    def number(self, name: str) -> int | None:
        written = self.params.get(name)
        if written is None:
            return None
        if not re.fullmatch(r"\d{1,18}", str(written)):
            raise parameter(name, f"Param {name} must be an integer")
        return int(str(written))

    def json(self, name: str) -> Any:
        """A value written as JSON in a form, or as it is in a JSON body; None where it was not sent."""
        written = self.params.get(name)
        if not isinstance(written, str):
            return written
        try:
            return json.loads(written)
        except ValueError:
            raise parameter(name, f"Param {name} must be valid JSON") from None

    def fields(self) -> list[str]:
        """Top-level names asked for, nested ones by their first word."""
        found, depth, word = list[str](), 0, ""
        for letter in f"{self.params.get('fields') or ''},":
            depth += (letter in "({") - (letter in ")}")
            if letter == "," and depth == 0:
                name = re.split(r"[.({]", word.strip())[0]
                found += [name] if name else []
                word = ""
            else:
                word += letter
        return found

    def require_only(self, *allowed: str) -> None:
        """Whatever else was sent is refused (the platform ignores some of it; the sandbox is stricter)."""
        for name in self.params:
            bare = name.partition("[")[0]
            if bare not in (*allowed, *_EVERYWHERE):
                raise parameter(bare, f"Param {bare} is not allowed here")


_EVERYWHERE = ("access_token", "appsecret_proof", "fields", "locale", "format")


async def read(
    request: Request,
    base_url: str,
    version: str,
    path: Mapping[str, str],
    headers: dict[str, str],
    keep_body: bool = True,
) -> Call:
    """`keep_body`: False where the body is a file's bytes, which the door streams itself."""
    params: Json = dict(request.query_params)
    files: dict[str, Upload] = {}
    raw = b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        params |= _json(await request.body())
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = Upload(await value.read(), value.content_type or "")
                else:
                    params[name] = value
    elif keep_body:
        raw = await request.body()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme in ("Bearer", "OAuth") else None
    return Call(
        method=request.method,
        base_url=base_url,
        version=version,
        token=bearer or (str(params["access_token"]) if "access_token" in params else None),
        params=params,
        files=files,
        raw=raw,
        given={name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"},
        is_bytes=not keep_body,
        again=bool(request.scope.get(AGAIN)),
        path=path,
        headers=headers,
    )


def _json(raw: bytes) -> Json:
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Refused(100, "(#100) The request body is not valid JSON") from None
    return body if isinstance(body, dict) else {}


# --- tokens ---


@dataclass(frozen=True, slots=True)
class Holder:
    """An account with its one token, and the app that token belongs to. Times of ending: None for never."""

    id: str
    token: SecretStr
    app_id: str
    app_secret: SecretStr
    status: str = ACTIVE
    expires_at: datetime | None = None
    data_access_until: datetime | None = None
    scopes: tuple[str, ...] = ()


def proof_of(token: str, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def authorized(call: Call, holders: Iterable[Holder], now: datetime) -> Holder:
    """Whose token this is, while it lives and its proof is right."""
    if not call.token:
        raise Refused(104, "An access token is required to request this resource.")
    found = next((one for one in holders if _same(one.token, call.token)), None)
    if found is None:
        raise Refused(190, "Invalid OAuth access token - Cannot parse access token")
    _require_proof(call, found)
    if found.status in DEATHS:
        raise dead_token(DEATHS[found.status])
    if found.expires_at is not None and now >= found.expires_at:
        raise dead_token(463)
    if found.status == DATA_ACCESS_ENDED or (found.data_access_until is not None and now >= found.data_access_until):
        raise Refused(10, "(#10) Application does not have permission for this action: data access has expired")
    return found


def _require_proof(call: Call, holder: Holder) -> None:
    secret, given = holder.app_secret.get_secret_value(), str(call.params.get("appsecret_proof", ""))
    if not secret or call.is_bytes:
        return
    if not given:
        raise Refused(
            PROOF, "API calls from the server require an appsecret_proof argument", kind="GraphMethodException"
        )
    if not hmac.compare_digest(given.encode(), proof_of(call.token or "", secret).encode()):
        raise Refused(PROOF, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")


def debug_token(call: Call, holders: Iterable[Holder], now: datetime, kind: str) -> Json:
    """`GET /debug_token`: what is known of a token, asked with the app's own (`id|secret`)."""
    known = list(holders)
    app_id, _, secret = (call.token or "").partition("|")
    asker = next((one for one in known if one.app_id == app_id and _same(one.app_secret, secret)), None)
    if asker is None or not secret:
        raise Refused(190, "Invalid OAuth access token signature.")
    given = call.text("input_token")
    if not given:
        raise parameter("input_token", "The parameter input_token is required")
    found = next((one for one in known if _same(one.token, given) and one.app_id == app_id), None)
    if found is None:
        error = {"code": 190, "message": "Malformed access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    told: Json = {
        "app_id": app_id,
        "type": kind,
        "application": "Lan Tỏa",
        "data_access_expires_at": _seconds(found.data_access_until),
        "expires_at": _seconds(found.expires_at),
        "is_valid": True,
        "scopes": list(found.scopes),
        "granular_scopes": [{"scope": scope, "target_ids": [found.id]} for scope in found.scopes],
        "profile_id": found.id,
        "user_id": "10150000000000001",
    }
    dead = DEATHS.get(found.status) or (463 if found.expires_at is not None and now >= found.expires_at else None)
    if dead is not None:
        words = {"code": 190, "message": _WORDS.get(dead, ""), "subcode": dead}
        return {"data": {**told, "error": words, "is_valid": False}}
    return {"data": told}


def _same(kept: SecretStr, given: str) -> bool:
    return hmac.compare_digest(kept.get_secret_value().encode(), given.encode())


def _seconds(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp())


# --- times and webhooks ---


def stamp(at: datetime) -> str:
    """Instants as the Graph API writes them: whole seconds and +0000."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs the raw bytes with the app's secret; forged: with another."""

    secret: SecretStr

    def __call__(self, body: bytes, at: datetime, forged: bool) -> Mapping[str, str]:
        key = b"somebody-else" if forged else self.secret.get_secret_value().encode()
        return {"X-Hub-Signature-256": SIGNATURE + hmac.new(key, body, hashlib.sha256).hexdigest()}


def page_of(call: Call, rows: list[Json], most: int) -> Json:
    """Of a list, so much as `limit` asks for from the cursor `after` on; `next` where there is more."""
    begin, limit = call.number("after") or 0, min(call.number("limit") or 25, most)
    shown, end = rows[begin : begin + limit], begin + limit
    told: Json = {"data": shown}
    if shown:
        told["paging"] = {"cursors": {"before": str(begin), "after": str(end)}}
    if end < len(rows):
        told["paging"]["next"] = f"{call.base_url}/{call.version}/next?after={end}"
    return told


def event(kind: str, subject: str, at: datetime, changes: list[Json]) -> bytes:
    """One webhook body, `kind` page or instagram: ASCII only, slashes escaped too."""
    entry = {"id": subject, "time": int(at.timestamp()), "changes": changes}
    told = json.dumps({"object": kind, "entry": [entry]}, separators=(",", ":"), ensure_ascii=True)
    return told.replace("/", "\\/").encode()
