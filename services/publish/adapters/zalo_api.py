"""Zalo's OpenAPI as one official account: everything is HTTP 200, and an error is a negative number.

The access token goes in a header of its own name. The refresh token serves once: its successor is stored before the
new access token is used, and a lost answer is asked for once more at once; where the pair was issued and never heard,
only the account's administrator can connect it again. No official specification exists; the sources of each fact and
what waits for the first live check: docs/channels/zalo.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import httpx
from typing_extensions import override

from libs.common.withheld import withhold
from services.publish.adapters import single_use
from services.publish.adapters.base import ChannelError, Json, Reason

NAME = "Zalo"
SERVICE, OAUTH = "https://openapi.zalo.me", "https://oauth.zaloapp.com"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
RENEWED_BEFORE = timedelta(minutes=10)
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
    -213: "người nhắn không còn quan tâm OA",
    -217: "người nhắn đã chặn OA",
    -230: "người nhắn không nhắn cho OA trong 7 ngày qua nên Zalo không cho trả lời nữa",
    -232: "không gửi được tới người này",
    -233: "Zalo không cho gửi loại tin này tới người nhắn",
    -240: "Zalo đã ngừng cách gọi này; cần cập nhật phần mềm",
    -14014: "mã làm mới đã dùng hoặc hết hạn",
    -14002: "không nhận ứng dụng (app_id)",
    -14003: "không nhận ứng dụng hoặc khóa bí mật của ứng dụng",
}


class Refused(single_use.Refusal):
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


class NotSent(single_use.NotSent):
    name = NAME


class AnswerLost(single_use.AnswerLost):
    name = NAME


class NeedsPerson(ChannelError):
    """Somebody has to connect the account again."""

    def __init__(self, refused: Refused, lost: bool = False) -> None:
        why = "; câu trả lời của lần đổi mã trước đã mất, nên mã mới không bao giờ tới nơi" if lost else ""
        said = IN_VIETNAMESE.get(refused.error, refused.message)
        super().__init__(Reason(f"OA cần được cấp quyền lại: {said}{why}", refused.reason.en))


@dataclass
class Api(single_use.Client):
    """Calls as one account."""

    name = NAME
    early = RENEWED_BEFORE
    not_sent = NotSent
    answer_lost = AnswerLost

    async def get(self, path: str, **query: str) -> Json:
        return await self._twice("GET", path, params=query)

    async def get_rows(self, path: str, **query: str) -> list[Json]:
        """Where the answer's `data` is a list."""
        data = await self._told("GET", path, params=query)
        return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []

    async def post(self, path: str, body: Json) -> Json:
        return await self._twice("POST", path, json=body)

    async def _twice(self, method: str, path: str, **request: Any) -> Json:
        data = await self._told(method, path, **request)
        return dict(data) if isinstance(data, dict) else {}

    async def _told(self, method: str, path: str, **request: Any) -> Any:
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

    async def _as(self, token: str, method: str, path: str, request: Mapping[str, Any]) -> Any:
        url = f"{self._host('service', SERVICE)}/{path}"
        answer = await self._sent(method, url, timeout=TIMEOUT, headers={"access_token": token}, **request)
        return read(answer).get("data")

    def _host(self, setting: str, usual: str) -> str:
        return str(self.account.settings.get(setting, usual)).rstrip("/")

    # --- the token ---

    @override
    async def _exchanged(self, secret: Json, *, lost: bool) -> Json:
        form = {
            "app_id": str(self.account.settings.get("app_id", "")),
            "grant_type": "refresh_token",
            "refresh_token": str(secret["refresh_token"]),
        }
        headers, now = {"secret_key": str(secret["app_secret"])}, self._now()
        url = f"{self._host('oauth', OAUTH)}/v4/oa/access_token"
        try:
            told = read_office(await self._sent("POST", url, timeout=TIMEOUT, data=form, headers=headers))
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
