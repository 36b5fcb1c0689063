"""The wire of the AT Protocol: calls, errors told apart, logins kept and refreshed, record keys, facets on bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from services.publish import measure
from services.publish.adapters.base import Account, ChannelError, Json, Reason, Tools

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
UPLOAD_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
RELOGIN = {"InvalidToken", "AuthMissing", "AuthenticationRequired"}
CLOSED = {"AccountTakedown", "AccountDeactivated", "AccountSuspended", "AuthFactorTokenRequired"}
TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
MAX_TAG = 64
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}…’”]")
_TAG = re.compile(r"(?<![\w#&/])[#＃](?P<tag>\w*[^\W\d_]\w*)")
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Session:
    did: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    host: str = ""
    """The server that holds the account, where the one that opened the login says it is another."""


@dataclass(frozen=True)
class Bytes:
    """A body that is a file."""

    data: bytes
    mime: str


class CallFailed(ChannelError):
    """The server answered with an error."""

    def __init__(self, status: int, error: str, message: str, reset: str | None = None) -> None:
        vi = f"Bluesky trả lời lỗi: {message or error or status}"
        super().__init__(Reason(vi, f"{status} {error}: {message}"))
        self.status, self.error, self.message, self.reset = status, error, message, reset


class NotConnected(ChannelError):
    """The connection was never made, so nothing was done."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không kết nối được máy chủ Bluesky", f"not connected: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không nhận được trả lời của Bluesky", f"answer lost: {why}"))


class NeedsPerson(ChannelError):
    """The account cannot be used until somebody reconnects it."""

    def __init__(self, failed: CallFailed) -> None:
        vi = f"Tài khoản Bluesky cần kết nối lại ({failed.error or failed.status})"
        super().__init__(Reason(vi, f"{failed.status} {failed.error}"))


class Xrpc:
    """Calls as one account; a login is kept for the process and refreshed when the server says it expired.

    Logins are asked of the service, everything else of the server that holds the account, as the platform's own
    client does: bsky.social is only the entrance to many servers.
    """

    def __init__(self, account: Account, tools: Tools, service: str) -> None:
        self._account, self._tools, self._service = account, tools, service

    async def call(self, method: str, nsid: str, values: Mapping[str, Any]) -> Json:
        return await self._retried(method, nsid, values)

    async def _retried(self, method: str, nsid: str, values: "Mapping[str, Any] | Bytes") -> Json:
        """Once more where the server says, before doing anything, that the login has ended."""
        session = await self._session()
        try:
            return await self._as(session, method, nsid, values)
        except CallFailed as failed:
            session = await self._renewed(session, failed)
        try:
            return await self._as(session, method, nsid, values)
        except CallFailed as failed:
            if failed.status == 401 or failed.error in RELOGIN | CLOSED | {"ExpiredToken"}:
                raise NeedsPerson(failed) from None
            raise

    async def upload(self, data: bytes, mime: str) -> Json:
        """The blob as the server will know it; posts nothing, and may be repeated."""
        return dict((await self._retried("POST", "com.atproto.repo.uploadBlob", Bytes(data, mime))).get("blob") or {})

    async def _renewed(self, session: Session, failed: CallFailed) -> Session:
        if failed.error in CLOSED:
            raise NeedsPerson(failed) from None
        if failed.error == "ExpiredToken":
            return await self._refresh(session)
        if failed.error in RELOGIN or failed.status == 401:
            return await self._login()
        raise failed

    async def _as(self, session: Session, method: str, nsid: str, values: "Mapping[str, Any] | Bytes") -> Json:
        if isinstance(values, Bytes) or not nsid.startswith("com.atproto.repo."):
            return await self._send(method, nsid, values, session.access, session.host)
        return await self._send(method, nsid, {"repo": session.did, **values}, session.access, session.host)

    async def _session(self) -> Session:
        known = self._tools.sessions.get(self._account.channel_id)
        return known if isinstance(known, Session) else await self._login()

    async def _login(self) -> Session:
        secret = self._account.secret
        body = {"identifier": secret.get("identifier"), "password": secret.get("password")}
        return await self._open("com.atproto.server.createSession", body, None)

    async def _refresh(self, session: Session) -> Session:
        try:
            return await self._open("com.atproto.server.refreshSession", {}, session.refresh)
        except NeedsPerson:
            return await self._login()

    async def _open(self, nsid: str, body: Mapping[str, Any], token: str | None) -> Session:
        """Losing a login posts nothing, so every trouble here counts as not connected."""
        try:
            got = await self._send("POST", nsid, body, token)
            host = host_of(got.get("didDoc"), self._service)
            session = Session(str(got["did"]), str(got["accessJwt"]), str(got["refreshJwt"]), host)
        except (AnswerLost, KeyError) as lost:
            raise NotConnected(str(lost)) from None
        except CallFailed as failed:
            if failed.status == 429:
                raise
            if failed.status >= 500:
                raise NotConnected(str(failed)) from None
            raise NeedsPerson(failed) from None
        self._tools.sessions[self._account.channel_id] = session
        return session

    async def _send(
        self, method: str, nsid: str, values: "Mapping[str, Any] | Bytes", token: str | None, host: str = ""
    ) -> Json:
        url, headers = f"{host or self._service}/xrpc/{nsid}", {"Authorization": f"Bearer {token}"} if token else {}
        build = self._tools.http.build_request
        if isinstance(values, Bytes):
            headers["Content-Type"] = values.mime
            request = build(method, url, content=values.data, headers=headers, timeout=UPLOAD_TIMEOUT)
        elif method == "GET":
            request = build(method, url, params=dict(values), headers=headers, timeout=TIMEOUT)
        else:
            request = build(method, url, json=dict(values) or None, headers=headers, timeout=TIMEOUT)
        try:
            answer = await self._tools.http.send(request)
        except NEVER_SENT as error:
            raise NotConnected(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise AnswerLost(type(error).__name__) from None
        return read_answer(answer)


def read_answer(answer: httpx.Response) -> Json:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if answer.is_success:
        if not isinstance(body, dict):
            raise AnswerLost("unreadable answer")
        return body
    facts = body if isinstance(body, dict) else {}
    error, message = str(facts.get("error", ""))[:80], str(facts.get("message", ""))[:300]
    raise CallFailed(answer.status_code, error, message, answer.headers.get("RateLimit-Reset"))


def host_of(document: Any, service: str) -> str:
    """The server that an identity document names; empty where it names none that may be given a token.

    That is one behind https, or on this machine where the service is on this machine itself.
    """
    named = document.get("service") if isinstance(document, dict) else None
    entries = [entry for entry in named if isinstance(entry, dict)] if isinstance(named, list) else []
    found = next((e for e in entries if str(e.get("id", "")).endswith("#atproto_pds")), {})
    endpoint = str(found.get("serviceEndpoint", "")).rstrip("/")
    parts = urlsplit(endpoint)
    is_local = parts.hostname in LOOPBACK and urlsplit(service).hostname in LOOPBACK
    is_safe = bool(parts.hostname) and parts.username is None and (parts.scheme == "https" or is_local)
    return endpoint if is_safe else ""


def tid(delivery_id: UUID) -> str:
    """A record key of the protocol's own shape (64 bits, base32-sortable), the same for the same delivery."""
    milliseconds = delivery_id.int >> 80
    entropy = delivery_id.int & ((1 << 62) - 1)
    micros = milliseconds * 1000 + (entropy >> 10) % 1000
    value = (micros & ((1 << 53) - 1)) << 10 | (entropy & 0x3FF)
    return "".join(TID_ALPHABET[(value >> shift) & 31] for shift in range(60, -1, -5))


def facets_of(text: str) -> list[Json]:
    """Links and hashtags, which the platform does not find by itself, in the order of the text.

    Their places are UTF-8 bytes, end exclusive: Vietnamese letters are two or three bytes long.
    """
    links = [(found.span(), _feature("link", uri=found.group())) for found in _whole(_LINK, text)]
    marks = [found for found in _whole(_TAG, text) if len(found["tag"]) <= MAX_TAG]
    tags = [(found.span(), _feature("tag", tag=found["tag"])) for found in marks]
    apart = [(span, feature) for span, feature in tags if not any(a <= span[0] < b for (a, b), _ in links)]
    return [_facet(text, span, feature) for span, feature in sorted([*links, *apart], key=lambda each: each[0])]


def _whole(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Those that shortening did not cut: a link that ends in an ellipsis leads nowhere."""
    return [found for found in pattern.finditer(text) if not text.startswith(measure.ELLIPSIS, found.end())]


def _feature(kind: str, **values: str) -> Json:
    return {"$type": f"app.bsky.richtext.facet#{kind}", **values}


def _facet(text: str, span: tuple[int, int], feature: Json) -> Json:
    begin, end = (len(text[:at].encode()) for at in span)
    return {"index": {"byteStart": begin, "byteEnd": end}, "features": [feature]}
