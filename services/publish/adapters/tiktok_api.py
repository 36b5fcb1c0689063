"""TikTok's open API as one account: calls, errors told apart by their code, and a refresh token that serves once.

An answer is good when its `error.code` is `ok`, whatever the HTTP status: caps arrive as 200. The access token lives
two hours; it is renewed before it ends, and once more where the platform says that it is dead, which it says before
doing anything. The token is in a header, the refresh token in a body; the address of an upload lets one in by itself
and is kept out of the log.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import httpx
from typing_extensions import override

from libs.common.withheld import withhold, withhold_address
from services.publish.adapters import single_use
from services.publish.adapters.base import ChannelError, Json, Reason
from services.publish.adapters.reading import whole_number

NAME = "TikTok"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
UPLOAD_TIMEOUT = httpx.Timeout(120.0, connect=5.0)
RENEWED_BEFORE = timedelta(minutes=5)


class Meaning(StrEnum):
    """What an error asks of us."""

    TOKEN = "token"  # noqa: S105 - what an error is about
    PERMISSION = "permission"
    THROTTLED = "throttled"
    """The sliding minute."""
    CAPPED = "capped"
    """Of the day."""
    UNCLEAR = "unclear"
    """It may have been done."""
    GONE = "gone"
    REFUSED = "refused"


MEANINGS = {
    "access_token_invalid": Meaning.TOKEN,
    "scope_not_authorized": Meaning.PERMISSION,
    "scope_permission_missed": Meaning.PERMISSION,
    "rate_limit_exceeded": Meaning.THROTTLED,
    "spam_risk_too_many_posts": Meaning.CAPPED,
    "spam_risk_too_many_pending_share": Meaning.CAPPED,
    "reached_active_user_cap": Meaning.CAPPED,
    "invalid_publish_id": Meaning.GONE,
    "internal_error": Meaning.UNCLEAR,
}
"""Any other code is a no that stays one, unless the status says otherwise."""
BY_STATUS = {401: Meaning.TOKEN, 429: Meaning.THROTTLED}
IN_VIETNAMESE = {
    "access_token_invalid": "mã truy cập không còn dùng được",
    "scope_not_authorized": "ứng dụng chưa được cấp quyền này",
    "scope_permission_missed": "ứng dụng chưa được cấp quyền này",
    "rate_limit_exceeded": "yêu cầu gửi chậm lại",
    "spam_risk_too_many_posts": "đã hết số bài được đăng qua ứng dụng trong 24 giờ",
    "spam_risk_too_many_pending_share": "còn quá nhiều bản nháp chờ trong ứng dụng TikTok (tối đa 5 trong 24 giờ)",
    "reached_active_user_cap": "ứng dụng đã hết số tài khoản được đăng trong ngày",
    "spam_risk_user_banned_from_posting": "đã cấm tài khoản này đăng bài; cần người mở ứng dụng TikTok xem",
    "unaudited_client_can_only_post_to_private_accounts": (
        "chưa duyệt ứng dụng: chỉ cho đăng bài riêng tư (SELF_ONLY), và chỉ khi tài khoản đang ở chế độ riêng tư"
    ),
    "url_ownership_unverified": "chưa xác minh tên miền chứa ảnh của ta; hãy xác minh trong phần quản lý ứng dụng",
    "privacy_level_option_mismatch": "không cho tài khoản này đăng ở chế độ xem đã chọn",
    "invalid_publish_id": "không còn biết lần gửi này",
    "internal_error": "đang trục trặc",
    "invalid_grant": "mã làm mới đã hết hạn hoặc đã dùng",
    "invalid_client": "không nhận khóa hoặc bí mật của ứng dụng (client_key, client_secret)",
}


class Refused(single_use.Refusal):
    """TikTok answered with an error."""

    def __init__(self, code: str, message: str, status: int) -> None:
        self.code, self.status, self.message = code, status, message[:300]
        otherwise = Meaning.UNCLEAR if status >= 500 else BY_STATUS.get(status, Meaning.REFUSED)
        self.meaning = MEANINGS.get(code, otherwise)
        words = IN_VIETNAMESE.get(code, "không nhận")
        told = f"{words} ({self.message[:200] or code})"
        super().__init__(Reason(f"TikTok {told}", f"{status} {code}: {self.message}"))

    @property
    def needs_person(self) -> bool:
        return self.meaning in (Meaning.TOKEN, Meaning.PERMISSION)


class NotSent(single_use.NotSent):
    name = NAME


class AnswerLost(single_use.AnswerLost):
    name = NAME


class NeedsPerson(ChannelError):
    """Somebody has to connect the account again."""

    def __init__(self, refused: Refused, lost: bool = False) -> None:
        why = "; câu trả lời của lần đổi mã trước đã mất" if lost else ""
        said = IN_VIETNAMESE.get(refused.code, refused.message or refused.code)
        super().__init__(Reason(f"Tài khoản TikTok cần kết nối lại: {said}{why}", refused.reason.en))


@dataclass(frozen=True)
class Answered:
    """To a chunk. `upto`: how many bytes TikTok has, where it says so."""

    status: int
    upto: int | None


@dataclass
class Api(single_use.Client):
    """Calls as one account. `service`: `https://open.tiktokapis.com`."""

    service: str
    client_key: str

    name = NAME
    early = RENEWED_BEFORE
    not_sent = NotSent
    answer_lost = AnswerLost

    # --- calls ---

    async def post(self, path: str, body: Json, **query: str) -> Json:
        """The `data` of the answer; raises Refused, NotSent, AnswerLost or NeedsPerson. Made once, and once more where
        the token was dead, which TikTok says before doing anything."""
        try:
            return await self._as(await self._token(), path, body, query)
        except Refused as refused:
            if refused.meaning is not Meaning.TOKEN:
                raise
        await self._renew()
        try:
            return await self._as(str(self._secret["access_token"]), path, body, query)
        except Refused as refused:
            if refused.meaning is Meaning.TOKEN:
                raise NeedsPerson(refused) from None
            raise

    async def _as(self, token: str, path: str, body: Json, query: Mapping[str, str]) -> Json:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=UTF-8"}
        answer = await self._sent(
            "POST", f"{self.service}/v2/{path}", timeout=TIMEOUT, json=body, params=dict(query), headers=headers
        )
        return dict(_read(answer).get("data") or {})

    # --- the token ---

    @override
    async def _exchanged(self, secret: Json, *, lost: bool) -> Json:
        form = {
            "client_key": self.client_key,
            "client_secret": str(secret["client_secret"]),
            "grant_type": "refresh_token",
            "refresh_token": str(secret["refresh_token"]),
        }
        now = self._now()
        try:
            told = _read_office(await self._sent("POST", f"{self.service}/v2/oauth/token/", timeout=TIMEOUT, data=form))
        except Refused as refused:
            if refused.meaning is Meaning.UNCLEAR:
                raise AnswerLost(refused.reason.en) from None
            if refused.meaning is Meaning.THROTTLED:
                raise
            raise NeedsPerson(refused, lost=lost) from None
        withhold(str(told["access_token"]), str(told["refresh_token"]))
        lives = {"access": told.get("expires_in"), "refresh": told.get("refresh_expires_in")}
        ends = {
            f"{name}_expires_at": (now + timedelta(seconds=seconds)).isoformat()
            for name, value in lives.items()
            if (seconds := whole_number(value)) is not None
        }
        ends.setdefault("access_expires_at", (now + RENEWED_BEFORE * 2).isoformat())
        named = {name: str(told[name]) for name in ("access_token", "refresh_token", "open_id") if told.get(name)}
        return {**named, **ends}

    # --- bytes ---

    async def put(
        self, url: str, pieces: AsyncIterator[bytes], first: int, count: int, total: int, mime: str
    ) -> Answered:
        """Bytes `first` to `first + count` of an upload; raises NotSent or AnswerLost."""
        withhold_address(url)
        headers = {
            "Content-Type": mime,
            "Content-Length": str(count),
            "Content-Range": f"bytes {first}-{first + count - 1}/{total}",
        }
        answer = await self._sent("PUT", url, content=pieces, headers=headers, timeout=UPLOAD_TIMEOUT)
        told = re.match(r"bytes 0-(-?\d+)/", answer.headers.get("content-range", ""))
        return Answered(answer.status_code, int(told.group(1)) + 1 if told else None)


def _read(answer: httpx.Response) -> Json:
    """The whole answer where its code is `ok`."""
    told = _object(answer)
    error = told.get("error") if isinstance(told.get("error"), dict) else {}
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if code == "ok" and answer.is_success:
        return told
    if not code and answer.is_success:
        raise AnswerLost(f"{answer.status_code} without a code")
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    raise Refused(code or f"http_{answer.status_code}", message, answer.status_code)


def _read_office(answer: httpx.Response) -> Json:
    """Flat, without `data`; an error has its name where others have an object."""
    told = _object(answer)
    if answer.is_success and told.get("access_token") and told.get("refresh_token"):
        return told
    error = told.get("error")
    if isinstance(error, dict):
        raise Refused(str(error.get("code", "")), str(error.get("message", "")), answer.status_code)
    if answer.is_success and not error:
        raise AnswerLost("answer without a token")
    raise Refused(
        str(error or f"http_{answer.status_code}"), str(told.get("error_description", "")), answer.status_code
    )


def _object(answer: httpx.Response) -> Json:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
