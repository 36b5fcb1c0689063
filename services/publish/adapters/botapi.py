"""The wire of the Bot API: calls of one bot, and what became of them told apart.

The bot's token is part of every address: no exception carries an address, and httpx's own log line is cleaned of it
(addresses.py).
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from services.publish.adapters.base import Account, ChannelError, Json, Reason

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
PATIENCE = 20.0
"""Seconds for what may be asked again."""
NO_RIGHTS = ("not enough rights", "need administrator rights", "have no rights", "CHAT_ADMIN_REQUIRED")
WRONG_CHAT = ("chat not found", "group chat was upgraded", "PEER_ID_INVALID")
IN_VIETNAMESE = {
    "message is too long": "bài dài quá",
    "caption is too long": "chú thích dài quá",
    "message text is empty": "bài không có chữ",
    "can't parse entities": "định dạng chữ không đọc được",
    "PHOTO_INVALID_DIMENSIONS": "kích thước ảnh không được nhận",
    "IMAGE_PROCESS_FAILED": "tệp ảnh hỏng hoặc không phải ảnh",
    "is too big": "tệp nặng quá",
    "chat not found": "không thấy kênh",
    "upgraded to a supergroup": "nhóm đã đổi số, cần khai báo lại",
    "need administrator rights": "bot chưa là quản trị viên của kênh",
    "not enough rights": "bot thiếu quyền",
    "bot was kicked": "bot đã bị gỡ khỏi kênh",
    "Unauthorized": "mã của bot không còn dùng được",
    "message to edit not found": "không thấy bài cần sửa",
    "message to be replied not found": "không thấy bình luận cần trả lời",
    "message can't be edited": "bài này bot không sửa được",
    "Too Many Requests": "gửi nhiều quá, phải chờ",
}
"""What the platform says often, for editors; its own words stay beside."""
TOKEN = re.compile(r"[1-9][0-9]{2,15}:[A-Za-z0-9_-]{3,80}")


class Refused(ChannelError):
    """The platform said no, so nothing was done."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        words = next((vi for en, vi in IN_VIETNAMESE.items() if en.lower() in description.lower()), "")
        told = f"{words} ({description})" if words else description
        super().__init__(Reason(f"Telegram trả lời: {told}", f"{code} {description}"))
        self.code, self.description, self.retry_after = code, description, retry_after

    def says(self, *words: str) -> bool:
        return any(word.lower() in self.description.lower() for word in words)

    @property
    def needs_person(self) -> bool:
        return self.code in (401, 403) or (self.code == 400 and self.says(*NO_RIGHTS, *WRONG_CHAT))


class NotConnected(ChannelError):
    """The request never left, so nothing was done."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không kết nối được máy chủ Telegram", f"not connected: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason("Không nhận được trả lời của Telegram", f"answer lost: {why}"))


class BotApi:
    """Calls as one bot, each made once. Sending has the long patience, whatever may be asked again a short one."""

    def __init__(self, account: Account, http: httpx.AsyncClient) -> None:
        self._http, self._token = http, str(account.secret.get("token", ""))
        self._service = str(account.settings.get("service", "https://api.telegram.org")).rstrip("/")
        self._patience = max(60.0, seconds(account.settings.get("timeout_seconds"), 60.0))

    async def send(self, method: str, values: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> Any:
        """The result of what must not be done twice; raises Refused, NotConnected or AnswerLost."""
        body: dict[str, Any] = {"json": dict(values)} if files is None else {"data": _form(values), "files": files}
        return await self._call(method, body, self._patience)

    async def ask(self, method: str, values: Mapping[str, Any]) -> Any:
        """The result of what may be asked again; raises like `send`."""
        return await self._call(method, {"json": dict(values)}, PATIENCE)

    async def ask_object(self, method: str, values: Mapping[str, Any]) -> Json:
        found = await self.ask(method, values)
        if not isinstance(found, dict):
            raise AnswerLost("not an object")
        return found

    async def _call(self, method: str, body: Mapping[str, Any], patience: float) -> Any:
        if not TOKEN.fullmatch(self._token):
            raise Refused(401, "Unauthorized: the token is not one of a bot")
        url = f"{self._service}/bot{self._token}/{method}"
        try:
            async with asyncio.timeout(patience):
                limits = httpx.Timeout(patience, connect=10.0)
                answer = await self._http.post(url, **body, timeout=limits)
        except NEVER_SENT as error:
            raise NotConnected(type(error).__name__) from None
        except httpx.InvalidURL:
            raise NotConnected("InvalidURL") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerLost(type(error).__name__) from None
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Any:
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict) or "ok" not in told or answer.status_code >= 500:
            raise AnswerLost(f"{answer.status_code} without a usable body")
        if told["ok"] is True and "result" in told:
            return told["result"]
        parameters = told.get("parameters")
        wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
        description = str(told.get("description", "")).replace(self._token, "…")[:300]
        raise Refused(answer.status_code, description, wait if isinstance(wait, int) else None)


def _form(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }


def seconds(written: object, default: float) -> float:
    return float(written) if isinstance(written, int | float) and not isinstance(written, bool) else default
