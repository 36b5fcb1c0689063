"""The Graph API of Meta, shared by the channels that speak it: calls of one account, and what its errors mean.

Nearly every error arrives as HTTP 400, so it is told by code and subcode. The token goes into the header alone; the
proof of it (`appsecret_proof`) and what only a query can carry stay out of logs and errors. What the usage headers say
is kept in this process: publishing is held back before the account is blocked, and nothing at all is asked while it is.
"""

import hashlib
import hmac
import json
import logging
import math
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx
from typing_extensions import override

from services.publish.adapters.base import (
    Account,
    AuthRequired,
    ChannelError,
    Json,
    NotStaged,
    Outcome,
    Prepared,
    Reason,
    Rejected,
    StillLive,
    Throttled,
    Tools,
    Unknown,
)

log = logging.getLogger("lantoa.publish.graph")
VERSION = "v26.0"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
UPLOAD_TIMEOUT = httpx.Timeout(120.0, connect=5.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Meaning(StrEnum):
    """What an error asks of us, whatever its HTTP status."""

    TOKEN = "token"  # noqa: S105 - what an error is about
    PERMISSION = "permission"
    THROTTLED = "throttled"
    UNCLEAR = "unclear"
    """It may have been done."""
    DUPLICATE = "duplicate"
    """It stands there already, or the platform thinks so: look first."""
    GONE = "gone"
    """No such object, or one that this token may not see."""
    POLICY = "policy"
    REFUSED = "refused"


TOKEN_CODES = frozenset({102, 190})
PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
THROTTLE_CODES = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
UNCLEAR_CODES = frozenset({1, 2})
DUPLICATE, POLICY, BAD_PARAMETER, NO_OBJECT = 506, 368, 100, 33
ACCOUNT_SUBCODES = frozenset({1404078, 4854002})
"""A person has to be authorized or to confirm who they are before the page may post."""
STOPPED_SUBCODES = frozenset({2207050, 2207051, 4279013})
"""Instagram's and Threads' no to the account or to what looks like spam: a person's matter, whatever the code."""
IN_VIETNAMESE = {
    458: "ứng dụng đã bị gỡ khỏi tài khoản",
    459: "Meta yêu cầu người quản trị đăng nhập để xác minh",
    460: "người quản trị đã đổi mật khẩu",
    463: "mã truy cập đã hết hạn",
    464: "tài khoản chưa được xác nhận",
    467: "mã truy cập không còn hiệu lực",
    1366046: "ảnh quá nặng hoặc không phải JPG, PNG",
    1404078: "trang phải được cấp quyền đăng (Page Publishing Authorization)",
    4854002: "người quản trị phải xác nhận danh tính",
    1390008: "đăng quá nhanh",
    1609005: "Meta không đọc được địa chỉ của liên kết",
    1609008: "không nhận liên kết tới facebook.com",
    2207003: "tải ảnh hay video của ta quá lâu",
    2207004: "không nhận ảnh nặng quá 8 MiB",
    2207005: "chỉ nhận ảnh JPEG",
    2207006: "không còn bài đang chờ đăng",
    2207008: "không còn bài đang chờ đăng (quá 24 giờ)",
    2207009: "không nhận ảnh có tỉ lệ ngoài 4:5 đến 1,91:1",
    2207010: "không nhận chú thích dài quá 2.200 ký tự",
    2207026: "không nhận định dạng video này",
    2207027: "còn đang xử lý ảnh hay video",
    2207042: "đã hết hạn mức đăng trong 24 giờ",
    2207050: "đang hạn chế tài khoản; cần người mở ứng dụng xem",
    2207051: "chặn vì nghi đăng rác; cần người mở ứng dụng xem, đừng thử lại",
    2207052: "không tải được ảnh hay video từ địa chỉ của ta",
    4279013: "đang hạn chế tài khoản; cần người mở ứng dụng xem",
}
"""By subcode, or by code where there is none."""
BY_MEANING = {
    Meaning.TOKEN: "mã truy cập không còn dùng được",
    Meaning.PERMISSION: "thiếu quyền",
    Meaning.THROTTLED: "đã hỏi quá nhiều, phải chờ",
    Meaning.UNCLEAR: "đang trục trặc",
    Meaning.DUPLICATE: "báo bài trùng với bài trước",
    Meaning.GONE: "không có bài này hoặc không được xem",
    Meaning.POLICY: "chặn theo chính sách nội dung; cần người xem lại trên trang",
    Meaning.REFUSED: "không nhận",
}


def meaning_of(code: int, subcode: int | None, is_transient: bool, status: int) -> Meaning:
    """The first that fits; a throttle or a dead token is one under any HTTP status."""
    if subcode in STOPPED_SUBCODES:
        return Meaning.POLICY
    if code in THROTTLE_CODES:
        return Meaning.THROTTLED
    if is_transient or code in UNCLEAR_CODES or status >= 500:
        return Meaning.UNCLEAR
    if code in TOKEN_CODES:
        return Meaning.TOKEN
    if code in PERMISSION_CODES or subcode in ACCOUNT_SUBCODES:
        return Meaning.PERMISSION
    if code == BAD_PARAMETER and subcode == NO_OBJECT:
        return Meaning.GONE
    return {DUPLICATE: Meaning.DUPLICATE, POLICY: Meaning.POLICY}.get(code, Meaning.REFUSED)


class Refused(ChannelError):
    """Meta answered with an error. `until`: of a throttle, as the headers or the documentation say."""

    def __init__(self, name_vi: str, error: Mapping[str, Any], status: int, until: datetime | None = None) -> None:
        self.code, self.status, self.until = _number(error.get("code")) or 0, status, until
        self.subcode = _number(error.get("error_subcode"))
        self.meaning = meaning_of(self.code, self.subcode, error.get("is_transient") is True, status)
        self.message = str(error.get("message", ""))[:300]
        words = IN_VIETNAMESE.get(self.subcode or self.code, BY_MEANING[self.meaning])
        own = str(error.get("error_user_msg") or self.message)[:200]
        said = f"{words} ({own})" if own else words
        super().__init__(Reason(f"{name_vi} {said}", f"{status} code {self.code}/{self.subcode}: {self.message}"))

    @property
    def needs_person(self) -> bool:
        return self.meaning in (Meaning.TOKEN, Meaning.PERMISSION)


class NotConnected(ChannelError):
    """The connection was never made, so nothing was done."""

    def __init__(self, name_vi: str, why: str) -> None:
        super().__init__(Reason(f"Không kết nối được máy chủ {name_vi}", f"not connected: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, name_vi: str, why: str) -> None:
        super().__init__(Reason(f"Không nhận được trả lời của {name_vi}", f"answer lost: {why}"))


class HeldBack(ChannelError):
    """Not asked at all: the account is blocked until then, and asking would make it longer."""

    def __init__(self, name_vi: str, until: datetime) -> None:
        super().__init__(Reason(f"{name_vi} đang yêu cầu chờ", f"held back until {until.isoformat()}"))
        self.until = until


@dataclass
class Usage:
    """What the headers said of one account, in this process: nothing is asked before `blocked_until`, nothing is
    published before `slowed_until`."""

    blocked_until: datetime | None = None
    slowed_until: datetime | None = None

    def published_from(self, now: datetime) -> datetime | None:
        """Until when publishing waits; None where it may be done now."""
        waits = [until for until in (self.blocked_until, self.slowed_until) if until is not None and until > now]
        return max(waits, default=None)

    def learn(self, headers: Mapping[str, str], now: datetime, hold_at: int) -> None:
        """From the headers of an answer, percent and minutes; without them nothing is known."""
        told = list(_usages(headers))
        if not told:
            return
        percent, minutes = max(one[0] for one in told), max(one[1] for one in told)
        if minutes > 0 or percent >= 100:
            self.blocked_until = now + (timedelta(minutes=minutes) if minutes > 0 else FULL)
            self.slowed_until = None  # the platform has said when it may go on
        else:
            wait = NEARLY_FULL if percent >= NEARLY else GETTING_FULL
            self.slowed_until = now + wait if percent >= hold_at else None


HOLD_AT, NEARLY = 90, 95
"""Percent of an account's calls from which publishing is slowed: the rest is for looking and taking down."""
GETTING_FULL, NEARLY_FULL, FULL = timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=60)
UNTOLD = timedelta(minutes=15)
"""How long to wait after a throttle that names no time."""


def _usages(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """Percent and minutes of each use case; what cannot be read says nothing."""
    app = _object(headers.get("x-app-usage"))
    if app:
        yield _percent(app), 0.0
    for cases in _object(headers.get("x-business-use-case-usage")).values():
        for case in cases if isinstance(cases, list) else ():
            if isinstance(case, dict):
                yield _percent(case), _real(case.get("estimated_time_to_regain_access"))


def _percent(said: Mapping[str, Any]) -> float:
    return max(_real(said.get(name)) for name in ("call_count", "total_cputime", "total_time"))


def _real(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else 0.0


def _object(written: str | None) -> Json:
    try:
        told = json.loads(written) if written else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def usage_of(tools: Tools, account: Account) -> Usage:
    """The one of this account in this process."""
    kept = tools.sessions.get(account.channel_id)
    if not isinstance(kept, Usage):
        kept = tools.sessions[account.channel_id] = Usage()
    return kept


def proof_of(token: str, app_secret: str) -> str:
    """`appsecret_proof`: of this token alone."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Graph:
    """Calls as one account. `service`: the host, without the version; `app_secret`: None where no proof is sent
    (Threads has its own secret); `name_vi`: whom a reason speaks of."""

    tools: Tools
    account: Account
    name_vi: str
    service: str
    token: str
    app_secret: str | None = None
    version: str = VERSION
    hold_at: int = HOLD_AT

    @override
    def __repr__(self) -> str:
        return f"Graph({self.name_vi}, {self.service}, {self.version})"

    @property
    def usage(self) -> Usage:
        return usage_of(self.tools, self.account)

    async def get(self, path: str, **query: str) -> Json:
        """The answer; raises Refused, NotConnected, AnswerLost or HeldBack, as the others do."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, **values: Any) -> Json:
        """Values as a form, what is no string as JSON; made once."""
        return await self.call("POST", path, form=values)

    async def delete(self, path: str, **query: str) -> Json:
        return await self.call("DELETE", path, query=query)

    async def inspect(self, app_id: str) -> Json:
        """`debug_token` of our token, asked as the app: its `data`."""
        if self.app_secret is None:
            raise NotConnected(self.name_vi, "no app secret")
        app = Graph(
            self.tools, self.account, self.name_vi, self.service, f"{app_id}|{self.app_secret}", version=self.version
        )
        told = await app.get("debug_token", input_token=self.token)
        return dict(told.get("data") or {})

    async def post_file(
        self, path: str, values: Mapping[str, str], medium: Mapping[str, Any], field: str = "source"
    ) -> Json:
        """Multipart, streamed piece by piece. `medium`: `{sha256, mime, size}` as payloads name it."""
        edge = f"lantoa{medium['sha256'][:32]}"
        head, foot = _form_head(edge, {**values, **self._proof()}, medium, field), f"\r\n--{edge}--\r\n".encode()
        size = len(head) + int(medium["size"]) + len(foot)

        async def body() -> AsyncIterator[bytes]:
            yield head
            async for piece in self.tools.media.stream(medium["sha256"]):
                yield piece
            yield foot

        headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Content-Length": str(size)}
        return await self.call("POST", path, content=body(), headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, Any] | None = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        scheme: str = "Bearer",
    ) -> Json:
        """`path` below the version, or a whole address of the platform's (`https://rupload…`)."""
        self._require_open()
        url = path if "://" in path else f"{self.service}/{self.version}/{path}"
        # Query strings are only for what has no body: the token is in the header, its proof where it must be.
        is_bodiless = form is None and content is None
        params = {**(query or {}), **(self._proof() if is_bodiless else {})}
        data = None if form is None else {**_form(form), **self._proof()}
        sent = {"Authorization": f"{scheme} {self.token}", **(headers or {})}
        timeout = UPLOAD_TIMEOUT if content is not None else TIMEOUT
        try:
            # Merged: an address of the platform's may have a query of its own.
            answer = await self.tools.http.request(
                method,
                httpx.URL(url).copy_merge_params(params),
                data=data,
                content=content,
                headers=sent,
                timeout=timeout,
            )
        except NEVER_SENT as error:
            raise NotConnected(self.name_vi, type(error).__name__) from None
        except httpx.InvalidURL:
            raise NotConnected(self.name_vi, "InvalidURL") from None
        except httpx.HTTPError as error:
            raise AnswerLost(self.name_vi, type(error).__name__) from None
        return self._read(answer)

    def _require_open(self) -> None:
        until = self.usage.blocked_until
        if until is not None and until > self.tools.clock.now():
            raise HeldBack(self.name_vi, until)

    def _proof(self) -> dict[str, str]:
        return {} if self.app_secret is None else {"appsecret_proof": proof_of(self.token, self.app_secret)}

    def _read(self, answer: httpx.Response) -> Json:
        self.usage.learn(answer.headers, self.tools.clock.now(), self.hold_at)
        self._note_version(answer.headers.get("facebook-api-version"))
        try:
            told = answer.json()
        except ValueError:
            told = None
        error = told.get("error") if isinstance(told, dict) else None
        if isinstance(error, dict):
            raise self._refused(error, answer.status_code)
        if not isinstance(told, dict) or not answer.is_success:
            raise AnswerLost(self.name_vi, f"{answer.status_code} without a usable body")
        return told

    def _refused(self, error: Json, status: int) -> Refused:
        """Its words without our token, should it quote it; a throttle blocks the account from now on."""
        refused = Refused(self.name_vi, {name: self._clean(value) for name, value in error.items()}, status)
        if refused.meaning is Meaning.THROTTLED:
            now, usage = self.tools.clock.now(), self.usage
            if usage.blocked_until is None or usage.blocked_until <= now:
                usage.blocked_until = now + UNTOLD
            refused.until = usage.blocked_until
        return refused

    def _clean(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for secret in (self.token, self.app_secret):
            value = value.replace(secret, "…") if secret else value
        return value

    def _note_version(self, served: str | None) -> None:
        """An expired version is served as the oldest live one, without a word but this header."""
        if served and served != self.version and (self.version, served) not in _noted:
            _noted.add((self.version, served))
            log.warning("Graph API %s was asked and %s answered", self.version, served)


_noted: set[tuple[str, str]] = set()


# --- what became of a step ---


def committed(trouble: ChannelError, prepared: Prepared, tools: Tools, name_vi: str) -> Outcome:
    """The outcome of a `commit` that ended in one of the errors above."""
    match trouble:
        case HeldBack():
            return Throttled(trouble.until)
        case NotConnected():
            return Rejected(trouble.reason, permanent=False)
        case Refused(meaning=Meaning.THROTTLED):
            return Throttled(trouble.until or tools.clock.now() + UNTOLD)
        case Refused(meaning=Meaning.TOKEN | Meaning.PERMISSION):
            return AuthRequired(reconnect(trouble, name_vi))
        case Refused(meaning=Meaning.GONE | Meaning.POLICY | Meaning.REFUSED):
            return Rejected(trouble.reason, permanent=True)
        case _:
            vi = f"Không rõ {name_vi} đã nhận bài hay chưa, đang kiểm tra lại"
            return Unknown(prepared.as_handle(), tools.clock.now(), Reason(vi, trouble.reason.en))


def unstaged(trouble: ChannelError, tools: Tools, name_vi: str) -> NotStaged:
    """Why nothing could be made ready: no post is ever in doubt by it."""
    match trouble:
        case HeldBack():
            return Throttled(trouble.until)
        case Refused(meaning=Meaning.THROTTLED):
            return Throttled(trouble.until or tools.clock.now() + UNTOLD)
        case Refused(meaning=Meaning.TOKEN | Meaning.PERMISSION):
            return AuthRequired(reconnect(trouble, name_vi))
        case Refused(meaning=Meaning.POLICY | Meaning.REFUSED):
            return Rejected(trouble.reason, permanent=True)
        case _:
            return Rejected(trouble.reason, permanent=False)


def still_live(trouble: ChannelError) -> StillLive:
    """Why a removal is not proved."""
    match trouble:
        case HeldBack():
            return StillLive(trouble.reason, retry_at=trouble.until)
        case Refused():
            return StillLive(trouble.reason, retry_at=trouble.until, needs_reconnect=trouble.needs_person)
        case _:
            return StillLive(trouble.reason)


def reconnect(refused: Refused, name_vi: str) -> Reason:
    return Reason(f"Tài khoản {name_vi} cần kết nối lại: {refused.reason.vi}", refused.reason.en)


def ends_at(inspected: Mapping[str, Any]) -> datetime | None:
    """From `debug_token`: when a person has to connect again, by the token's end or the 90 days of data access;
    None where neither ends."""
    told = [_number(inspected.get(name)) for name in ("expires_at", "data_access_expires_at")]
    ends = [datetime.fromtimestamp(at, UTC) for at in told if at]
    return min(ends, default=None)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _form(values: Mapping[str, Any]) -> dict[str, str]:
    """What is no string goes as JSON, true and false included."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in values.items()
    }


def _form_head(edge: str, values: Mapping[str, str], medium: Mapping[str, Any], field: str) -> bytes:
    ending = str(medium["mime"]).partition("/")[2]
    fields = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in values.items()
    )
    disposition = f'form-data; name="{field}"; filename="{medium["sha256"][:16]}.{ending}"'
    return (
        f"{fields}--{edge}\r\nContent-Disposition: {disposition}\r\nContent-Type: {medium['mime']}\r\n\r\n"
    ).encode()
