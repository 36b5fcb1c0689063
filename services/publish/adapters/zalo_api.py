"""Zalo's OpenAPI as one official account: everything is HTTP 200, and an error is a negative number.

The access token goes in a header of its own name. The refresh token serves once: its successor is stored before the
new access token is used, and a lost answer is asked for once more at once; where the pair was issued and never heard,
only the account's administrator can connect it again. No official specification exists; the sources of each fact and
what waits for the first live check: docs/channels/zalo.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx

from libs.common.withheld import withhold
from services.publish.adapters.base import Account, ChannelError, Json, Reason, RenewalUnheard, Tools
from services.publish.adapters.reading import instant

NAME = "Zalo"
SERVICE, OAUTH = "https://openapi.zalo.me", "https://oauth.zaloapp.com"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
RENEWED_BEFORE = timedelta(minutes=10)
"""The access token's end: clocks differ, and a call takes its time."""
SLOWER = timedelta(seconds=60)
"""How long to wait where calls were too many: the window is a minute, and no time is told."""


class Meaning(StrEnum):
    """What an error asks of us."""

    TOKEN = "token"  # noqa: S105 - what an error is about
    PERSON = "person"
    """Permission, package or link of the app: somebody has to change it at Zalo."""
    THROTTLED = "throttled"
    PROCESSING = "processing"
    QUOTA = "quota"
    UNCLEAR = "unclear"
    """It may have been done."""
    REFUSED = "refused"


MEANINGS = {
    -216: Meaning.TOKEN,
    -220: Meaning.TOKEN,
    -32: Meaning.THROTTLED,
    -214: Meaning.PROCESSING,
    -211: Meaning.QUOTA,
    -202: Meaning.PERSON,
    -205: Meaning.PERSON,
    -206: Meaning.PERSON,
    -223: Meaning.PERSON,
    -224: Meaning.PERSON,
}
"""Any other number is a no that stays one."""
IN_VIETNAMESE = {
    -216: "mã truy cập không còn dùng được",
    -220: "mã truy cập không còn dùng được",
    -32: "đã gọi quá nhiều lần trong một phút",
    -214: "đang xử lý ảnh của bài viết",
    -211: "gói của OA đã hết lượt gửi tin trong tháng; hãy chờ tháng sau, mua thêm lượt hoặc chỉ đăng bài",
    -202: "ứng dụng chưa được cấp quyền này cho OA",
    -205: "không thấy OA",
    -206: "ứng dụng chưa được liên kết với OA",
    -223: "OA chưa cho phép ứng dụng làm việc này",
    -224: "gói dịch vụ của OA không có tính năng này; cần nâng gói trong trang quản trị OA",
    -201: "tham số không hợp lệ",
    -240: "Zalo đã ngừng cách gọi này; cần cập nhật phần mềm",
    -14014: "mã làm mới đã dùng hoặc hết hạn",
    -14002: "không nhận ứng dụng (app_id)",
    -14003: "không nhận ứng dụng hoặc khóa bí mật của ứng dụng",
}


class Refused(ChannelError):
    """Zalo answered with an error."""

    def __init__(self, error: int, message: str) -> None:
        self.error, self.message = error, message[:300]
        self.meaning = MEANINGS.get(error, Meaning.REFUSED)
        words = IN_VIETNAMESE.get(error, "không nhận")
        super().__init__(Reason(f"{NAME}: {words} ({error})", f"{error}: {self.message}"))

    @property
    def is_gone(self) -> bool:
        """That there is no such article: told in words alone [memory]."""
        said = self.message.lower()
        return self.error == -201 and "article" in said and ("not exist" in said or "not found" in said)


class NotSent(ChannelError):
    """The request was never sent: no connection, or no token to send it with."""

    def __init__(self, why: str, vi: str = f"Không kết nối được máy chủ {NAME}") -> None:
        super().__init__(Reason(vi, f"not sent: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason(f"Không nhận được trả lời của {NAME}", f"answer lost: {why}"))


class NeedsPerson(ChannelError):
    """Somebody has to connect the account again."""

    def __init__(self, refused: Refused, lost: bool = False) -> None:
        why = "; câu trả lời của lần đổi mã trước đã mất, nên mã mới không bao giờ tới nơi" if lost else ""
        said = IN_VIETNAMESE.get(refused.error, refused.message)
        super().__init__(Reason(f"OA cần được cấp quyền lại: {said}{why}", refused.reason.en))


@dataclass
class Api:
    """Calls as one account."""

    tools: Tools
    account: Account
    _secret: Json = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._secret = dict(self.account.secret)

    async def get(self, path: str, **query: str) -> Json:
        return await self._twice("GET", path, params=query)

    async def post(self, path: str, body: Json) -> Json:
        return await self._twice("POST", path, json=body)

    async def _twice(self, method: str, path: str, **request: Any) -> Json:
        """The `data` of the answer; raises Refused, NotSent, AnswerLost or NeedsPerson. Made once, and once more where
        the token was dead, which Zalo says before doing anything."""
        try:
            return await self._as(await self._token(), method, path, request)
        except Refused as refused:
            if refused.meaning is not Meaning.TOKEN:
                raise
        await self._renew()
        try:
            return await self._as(str(self._secret["access_token"]), method, path, request)
        except Refused as refused:
            if refused.meaning is Meaning.TOKEN:
                raise NeedsPerson(refused) from None
            raise

    async def _as(self, token: str, method: str, path: str, request: Mapping[str, Any]) -> Json:
        url = f"{self._host('service', SERVICE)}/{path}"
        answer = await self._ask(method, url, headers={"access_token": token}, **request)
        data = read(answer).get("data")
        return dict(data) if isinstance(data, dict) else {}

    async def _ask(self, method: str, url: str, **request: Any) -> httpx.Response:
        try:
            return await self.tools.http.request(method, url, timeout=TIMEOUT, **request)
        except NEVER_SENT as error:
            raise NotSent(type(error).__name__) from None
        except httpx.InvalidURL:
            raise NotSent("InvalidURL") from None
        except httpx.HTTPError as error:
            raise AnswerLost(type(error).__name__) from None

    def _host(self, setting: str, usual: str) -> str:
        return str(self.account.settings.get(setting, usual)).rstrip("/")

    # --- the token ---

    async def _token(self) -> str:
        """One that lives on for a while; raises NotSent or NeedsPerson."""
        for _ in range(2):  # what another renewed may have ended by now as well
            if self._serves():
                break
            await self._renew()
        return str(self._secret["access_token"])

    def _serves(self) -> bool:
        ends = instant(self._secret.get("access_expires_at"))
        return bool(self._secret.get("access_token")) and ends is not None and ends - RENEWED_BEFORE > self._now()

    def _now(self) -> datetime:
        return self.tools.clock.now()

    async def _renew(self) -> None:
        try:
            renewed = await self.tools.tokens.renew(self.account.channel_id, self._secret, self._refreshed)
        except RenewalUnheard:
            raise NotSent("renewal unheard", f"Chưa nhận được mã truy cập mới của {NAME}, sẽ thử lại") from None
        except Refused as refused:
            raise NotSent(refused.reason.en, refused.reason.vi) from None
        if not renewed.get("access_token"):
            raise NotSent("renewed by another", f"Một tiến trình khác đang đổi mã truy cập {NAME}, sẽ thử lại")
        self._secret = dict(renewed)

    async def _refreshed(self, secret: Json, unheard: bool) -> Json:
        """A lost answer is asked for once more at once: where the first was not done it is done now, where it was the
        refusal says so, and a person is told why."""
        withhold(str(secret["refresh_token"]))
        try:
            return await self._exchanged(secret, lost=unheard)
        except AnswerLost:
            pass
        try:
            return await self._exchanged(secret, lost=True)
        except AnswerLost:
            raise RenewalUnheard from None

    async def _exchanged(self, secret: Json, *, lost: bool) -> Json:
        form = {
            "app_id": str(self.account.settings.get("app_id", "")),
            "grant_type": "refresh_token",
            "refresh_token": str(secret["refresh_token"]),
        }
        headers, now = {"secret_key": str(secret["app_secret"])}, self._now()
        url = f"{self._host('oauth', OAUTH)}/v4/oa/access_token"
        try:
            told = read_office(await self._ask("POST", url, data=form, headers=headers))
        except Refused as refused:
            if refused.meaning is Meaning.THROTTLED:
                raise
            raise NeedsPerson(refused, lost=lost) from None
        withhold(str(told["access_token"]), str(told["refresh_token"]))
        ends = now + timedelta(seconds=_seconds(told.get("expires_in")))
        named = {name: str(told[name]) for name in ("access_token", "refresh_token")}
        return {**named, "access_expires_at": ends.isoformat()}


def _seconds(value: Any) -> int:
    """A number, often written as text; tutorials disagree on it, so that only what is said counts."""
    written = str(value)
    return int(written) if written.isascii() and written.isdecimal() else int(2 * RENEWED_BEFORE.total_seconds())


def read(answer: httpx.Response) -> Json:
    """The whole answer where `error` is 0; what is no JSON, or a server's error, may have been done."""
    told = _object(answer)
    error = told.get("error")
    if not isinstance(error, int) or isinstance(error, bool) or answer.status_code >= 500:
        raise AnswerLost(f"{answer.status_code} without an error number")
    if error != 0:
        raise Refused(error, str(told.get("message", "")))
    return told


def read_office(answer: httpx.Response) -> Json:
    """Of the token office: a pair without a wrapper, or an error with a name and a reason."""
    told = _object(answer)
    if told.get("access_token") and told.get("refresh_token"):
        return told
    error = told.get("error")
    if not isinstance(error, int) or answer.status_code >= 500:
        raise AnswerLost(f"{answer.status_code} without a token")
    raise Refused(error, str(told.get("error_reason") or told.get("error_name") or told.get("message", "")))


def _object(answer: httpx.Response) -> Json:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
