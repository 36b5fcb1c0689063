"""Calls to a Mastodon instance, and what its errors mean."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.publish.adapters.base import AuthRequired, ChannelError, Reason

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
GONE, PROCESSING = 404, 206


class Refused(ChannelError):
    """The instance answered with an error."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            told = answer.json()
        except ValueError:
            told = None
        self.status = answer.status_code
        self.message = str(told.get("error", ""))[:300] if isinstance(told, dict) else ""
        self.reset = answer.headers.get("X-RateLimit-Reset")
        super().__init__(
            Reason(f"Mastodon trả lời lỗi: {self.message or self.status}", f"{self.status} {self.message}")
        )

    @property
    def needs_person(self) -> bool:
        return self.status in (401, 403)

    @property
    def is_unclear(self) -> bool:
        """Whether the request may have been carried out all the same."""
        return self.status >= 500 or self.status == 408

    def reset_at(self, now: datetime) -> datetime:
        """X-RateLimit-Reset is an ISO 8601 time."""
        try:
            told = datetime.fromisoformat(str(self.reset))
        except ValueError:
            return now + timedelta(minutes=5)
        at = told if told.tzinfo else told.replace(tzinfo=UTC)
        return min(max(at, now + timedelta(seconds=1)), now + timedelta(hours=6))

    def reconnect(self) -> AuthRequired:
        return AuthRequired(Reason(f"Tài khoản Mastodon cần kết nối lại ({self.message or self.status})", str(self)))


class NotConnected(ChannelError):
    """The connection was never made, so nothing was done."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không kết nối được máy chủ Mastodon", f"not connected: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không nhận được trả lời của Mastodon", f"answer lost: {why}"))


@dataclass(frozen=True)
class Api:
    """Calls as one account; the token goes nowhere but into the header."""

    http: httpx.AsyncClient
    service: str
    token: str

    async def call(self, method: str, path: str, *, is_public: bool = False, **more: Any) -> Any:
        """The answer's JSON; raises Refused, NotConnected or AnswerLost."""
        headers = {**({} if is_public else {"Authorization": f"Bearer {self.token}"}), **more.pop("headers", {})}
        more.setdefault("timeout", TIMEOUT)
        try:
            answer = await self.http.request(method, f"{self.service}/api/{path}", headers=headers, **more)
        except NEVER_SENT as error:
            raise NotConnected(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise AnswerLost(type(error).__name__) from None
        if not answer.is_success:
            raise Refused(answer)
        try:
            return answer.json()
        except ValueError:
            if answer.status_code == PROCESSING:
                return {}
            raise AnswerLost("unreadable answer") from None
