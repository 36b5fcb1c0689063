"""The wire of the AT Protocol: calls, errors told apart, and logins kept and refreshed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from services.publish.adapters.base import Account, ChannelError, Json, Reason, Tools

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
RELOGIN = {"InvalidToken", "AuthMissing", "AuthenticationRequired"}
CLOSED = {"AccountTakedown", "AccountDeactivated", "AccountSuspended", "AuthFactorTokenRequired"}
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Session:
    did: str
    access: str
    refresh: str


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
    """Calls as one account; a login is kept for the process and refreshed when the server says it expired."""

    def __init__(self, account: Account, tools: Tools, service: str) -> None:
        self._account, self._tools, self._service = account, tools, service

    async def call(self, method: str, nsid: str, values: Mapping[str, Any]) -> Json:
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

    async def _renewed(self, session: Session, failed: CallFailed) -> Session:
        if failed.error in CLOSED:
            raise NeedsPerson(failed) from None
        if failed.error == "ExpiredToken":
            return await self._refresh(session)
        if failed.error in RELOGIN or failed.status == 401:
            return await self._login()
        raise failed

    async def _as(self, session: Session, method: str, nsid: str, values: Mapping[str, Any]) -> Json:
        full = {"repo": session.did, **values} if nsid.startswith("com.atproto.repo.") else dict(values)
        return await self._send(method, nsid, full, session.access)

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
            session = Session(str(got["did"]), str(got["accessJwt"]), str(got["refreshJwt"]))
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

    async def _send(self, method: str, nsid: str, values: Mapping[str, Any], token: str | None) -> Json:
        request = self._tools.http.build_request(
            method,
            f"{self._service}/xrpc/{nsid}",
            params=values if method == "GET" else None,
            json=values if method == "POST" and values else None,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=TIMEOUT,
        )
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
