"""The YouTube Data API v3 over our own client: one account's calls, Google's tokens, and what its errors mean.

The token goes into the header alone. An upload's session address lets one in by itself, so it is treated as a secret:
it is taken out of every line that shows addresses, and asked only where it is our own upload service.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from typing_extensions import override

from services.publish.adapters.base import Account, ChannelError, Json, Reason, Tools
from services.publish.adapters.reading import instant, whole_number

SERVICE, OAUTH, WEB = "https://www.googleapis.com", "https://oauth2.googleapis.com", "https://www.youtube.com"
NAME = "YouTube"
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
UPLOAD_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
PACIFIC = ZoneInfo("America/Los_Angeles")
EARLY = timedelta(seconds=60)
"""A token that ends so soon is renewed before it is used."""
UNTOLD = timedelta(seconds=60)
"""How long to wait after a throttle that names no time."""
MOST_WAIT = timedelta(hours=6)
Body = Callable[[], AsyncIterator[bytes]]


class Meaning(StrEnum):
    """What an error asks of us, by its reason rather than its status."""

    QUOTA = "quota"
    """The day's bucket is empty."""
    UPLOADS = "uploads"
    """The channel's own cap of a day."""
    THROTTLED = "throttled"
    TOKEN = "token"  # noqa: S105 - what an error is about
    PERMISSION = "permission"
    GONE = "gone"
    UNCLEAR = "unclear"
    """It may have been done."""
    REFUSED = "refused"


_MEANINGS: Mapping[str, Meaning] = {
    **dict.fromkeys(("quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"), Meaning.QUOTA),
    "uploadLimitExceeded": Meaning.UPLOADS,
    **dict.fromkeys(("rateLimitExceeded", "userRateLimitExceeded", "uploadRateLimitExceeded"), Meaning.THROTTLED),
    **dict.fromkeys(("authError", "youtubeSignupRequired", "invalid_grant", "invalid_client"), Meaning.TOKEN),
    **dict.fromkeys(("unauthorized_client", "invalid_scope", "authorizationRequired"), Meaning.TOKEN),
    **dict.fromkeys(("insufficientPermissions", "forbidden", "accountSuspended", "channelClosed"), Meaning.PERMISSION),
    **dict.fromkeys(("videoNotFound", "notFound", "playlistNotFound", "channelNotFound"), Meaning.GONE),
    **dict.fromkeys(("commentNotFound", "parentCommentNotFound"), Meaning.GONE),
    **dict.fromkeys(("commentsDisabled", "parentCommentIsPrivate"), Meaning.REFUSED),
}
_WORDS_VI = {
    "invalid_grant": "quyền truy cập đã hết hạn hoặc bị thu hồi",
    "invalid_client": "mã ứng dụng Google không đúng",
    "youtubeSignupRequired": "tài khoản Google này chưa có kênh YouTube",
    "insufficientPermissions": "tài khoản chưa cấp đủ quyền quản lý video",
    "invalidTitle": "tiêu đề trống hoặc quá dài",
    "invalidDescription": "mô tả không hợp lệ hoặc quá dài",
    "invalidTags": "từ khóa không hợp lệ hoặc quá dài",
    "invalidCategoryId": "chuyên mục của kênh không hợp lệ",
    "quotaExceeded": "đã hết hạn mức trong ngày của ứng dụng (tính theo giờ Thái Bình Dương)",
    "uploadLimitExceeded": "kênh đã tải lên đủ số video của ngày hôm nay",
    "videoNotFound": "không tìm thấy video",
    "commentsDisabled": "video đã tắt bình luận",
    "parentCommentIsPrivate": "bình luận không công khai",
    "commentTextTooLong": "câu trả lời quá dài",
}


class Refused(ChannelError):
    """YouTube, or Google's token door, answered with an error."""

    def __init__(self, status: int, reason: str, message: str, retry_after: str | None = None) -> None:
        self.status, self.why, self.retry_after = status, reason, retry_after
        said = _WORDS_VI.get(reason) or message or reason or str(status)
        super().__init__(Reason(f"{NAME} trả lời lỗi: {said[:200]}", f"{status} {reason} {message[:200]}"))

    @property
    def meaning(self) -> Meaning:
        """A reason that is not known is judged by its status."""
        known = _MEANINGS.get(self.why)
        if known is not None:
            return known
        if self.status >= 500:
            return Meaning.UNCLEAR
        by_status = {401: Meaning.TOKEN, 403: Meaning.PERMISSION, 404: Meaning.GONE, 410: Meaning.GONE}
        return Meaning.THROTTLED if self.status == 429 else by_status.get(self.status, Meaning.REFUSED)

    @property
    def needs_person(self) -> bool:
        return self.meaning in (Meaning.TOKEN, Meaning.PERMISSION)

    def until(self, now: datetime) -> datetime | None:
        """When it may be asked again, where it is a matter of time."""
        match self.meaning:
            case Meaning.QUOTA:
                return next_pacific_day(now)
            case Meaning.UPLOADS:
                return now + timedelta(days=1)
            case Meaning.THROTTLED:
                told = str(self.retry_after or "")
                return now + (min(timedelta(seconds=int(told)), MOST_WAIT) if told.isdecimal() else UNTOLD)
            case _:
                return None


class NotConnected(ChannelError):
    """What was asked was not done: no connection, or no token to ask with."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason(f"Không kết nối được {NAME}", f"not connected: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason(f"Không nhận được trả lời của {NAME}", f"answer lost: {why}"))


def next_pacific_day(now: datetime) -> datetime:
    """The next midnight in California, in UTC: when the day's quota begins anew (14:00 or 15:00 in Hà Nội)."""
    tomorrow = now.astimezone(PACIFIC).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC).astimezone(UTC)


class Api:
    """Calls as one account. settings: `service` (also of uploads) and `oauth`, both without a path's end."""

    def __init__(self, tools: Tools, account: Account) -> None:
        settings = account.settings
        self._tools, self._channel_id, self._secret = tools, account.channel_id, account.secret
        self.service = str(settings.get("service", SERVICE)).rstrip("/")
        self._oauth = str(settings.get("oauth", OAUTH)).rstrip("/")

    @override
    def __repr__(self) -> str:
        return f"Api({self.service})"

    @property
    def secret(self) -> Json:
        """As it is after the last renewal."""
        return self._secret

    async def get(self, path: str, **query: str) -> Json:
        return await self._json("GET", f"youtube/v3/{path}", query)

    async def put(self, path: str, body: Json, **query: str) -> Json:
        return await self._json("PUT", f"youtube/v3/{path}", query, json=body)

    async def post(self, path: str, body: Json, **query: str) -> Json:
        return await self._json("POST", f"youtube/v3/{path}", query, json=body)

    async def command(self, path: str, **query: str) -> None:
        """A POST without a body, answered without one."""
        await self.call("POST", f"{self.service}/youtube/v3/{path}", params=query)

    async def delete(self, path: str, **query: str) -> None:
        await self.call("DELETE", f"{self.service}/youtube/v3/{path}", params=query)

    async def post_upload(self, path: str, query: Mapping[str, str], **more: Any) -> httpx.Response:
        return await self.call("POST", f"{self.service}/upload/youtube/v3/{path}", params=query, **more)

    async def _json(self, method: str, path: str, query: Mapping[str, str], **more: Any) -> Json:
        return read(await self.call(method, f"{self.service}/{path}", params=query, **more))

    async def call(self, method: str, url: str, *, body: Body | None = None, **more: Any) -> httpx.Response:
        """The answer, 308 included; raises Refused, NotConnected or AnswerLost. A token that no longer serves is
        renewed once: with it nothing was done."""
        try:
            return await self._once(method, url, body, more)
        except Refused as refused:
            if refused.status != 401 or refused.meaning is not Meaning.TOKEN:
                raise
        self._secret = await self._renewed()
        return await self._once(method, url, body, more)

    async def _once(self, method: str, url: str, body: Body | None, more: Json) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._token()}", **more.get("headers", {})}
        sent = {"timeout": TIMEOUT, **more, "headers": headers}
        if body is not None:
            sent["content"] = body()
        answer = await self._sent(method, url, sent)
        if answer.status_code >= 400:
            raise _refused(answer)
        return answer

    async def _sent(self, method: str, url: str, sent: Json) -> httpx.Response:
        try:
            return await self._tools.http.request(method, url, **sent)
        except NEVER_SENT as error:
            raise NotConnected(type(error).__name__) from None
        except httpx.InvalidURL:
            raise NotConnected("InvalidURL") from None
        except httpx.HTTPError as error:
            raise AnswerLost(type(error).__name__) from None

    # --- tokens ---

    async def _token(self) -> str:
        if not self._serves(self._secret):
            self._secret = await self._renewed()
        if not self._serves(self._secret):  # somebody else renewed it long ago
            self._secret = await self._renewed()
        return str(self._secret["access_token"])

    def _serves(self, secret: Json) -> bool:
        ends = instant(secret.get("expires_at"))
        return bool(secret.get("access_token")) and ends is not None and self._tools.clock.now() < ends - EARLY

    async def _renewed(self) -> Json:
        return await self._tools.tokens.renew(self._channel_id, self._secret, self._refresh)

    async def _refresh(self, secret: Json, unheard: bool) -> Json:
        """The refresh token serves on: an answer that was lost costs nothing, and is asked for again."""
        form = {name: str(secret[name]) for name in ("client_id", "client_secret", "refresh_token")}
        sent = {"data": {**form, "grant_type": "refresh_token"}, "timeout": TIMEOUT}
        try:
            answer = await self._sent("POST", f"{self._oauth}/token", sent)
        except AnswerLost as lost:
            raise NotConnected(f"token: {lost}") from None
        told = _object(answer)
        if answer.status_code in (400, 401, 403) and told.get("error"):
            raise Refused(answer.status_code, str(told["error"]), str(told.get("error_description", "")))
        if answer.status_code == 429:
            raise Refused(429, "rateLimitExceeded", "token", answer.headers.get("Retry-After"))
        if not answer.is_success or not told.get("access_token"):
            raise NotConnected(f"token: {answer.status_code}")
        return self._kept(told)

    def _kept(self, told: Json) -> Json:
        now = self._tools.clock.now()
        lasts = whole_number(told.get("expires_in")) or 3600
        kept: Json = {
            "access_token": str(told["access_token"]),
            "expires_at": (now + timedelta(seconds=lasts)).isoformat(),
        }
        ends = whole_number(told.get("refresh_token_expires_in"))
        if ends is not None:
            kept["refresh_ends_at"] = (now + timedelta(seconds=ends)).isoformat()
        return kept


def read(answer: httpx.Response) -> Json:
    """The object of an answer; what cannot be read was not heard."""
    told = _object(answer)
    if not told:
        raise AnswerLost(f"{answer.status_code} without a usable body")
    return told


def _object(answer: httpx.Response) -> Json:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _refused(answer: httpx.Response) -> Refused:
    error = _object(answer).get("error")
    error = error if isinstance(error, dict) else {}
    reasons = [one for one in error.get("errors") or [] if isinstance(one, dict)]
    reason = str(reasons[0].get("reason", "")) if reasons else ""
    return Refused(answer.status_code, reason, str(error.get("message", "")), answer.headers.get("Retry-After"))
