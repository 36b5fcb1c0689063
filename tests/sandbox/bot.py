"""A bot of the city's channel on the sandbox's Telegram, and pictures made of bytes."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import httpx

CHANNEL, TOKEN = "thanhpho_test", "1234567:AAE-bi_mat_cua_kenh_thanh_pho"


def png(width: int = 40, height: int = 30, shade: int = 200) -> bytes:
    """A whole picture of one shade of grey."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress((b"\x00" + bytes([shade]) * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@dataclass
class Bot:
    http: httpx.AsyncClient
    account: dict[str, Any] = field(default_factory=dict)

    async def settle(self, status: str = "active", token: str = TOKEN, **options: Any) -> "Bot":
        options = {"discussion": True, **options}
        body = {"platform": "telegram", "handle": CHANNEL, "password": token, "status": status}
        put = await self.http.put(
            "/control/accounts", json={**body, "display_name": "Thành phố", "followers": 1200, "options": options}
        )
        assert put.is_success, put.text
        self.account = put.json()
        return self

    async def call(self, method: str, token: str = TOKEN, **values: Any) -> httpx.Response:
        return await self.http.post(f"/telegram/bot{token}/{method}", json=values)

    async def send(self, text: str = "Xin chào", **more: Any) -> httpx.Response:
        return await self.call("sendMessage", chat_id=f"@{CHANNEL}", text=text, **more)

    async def edit(self, number: int, text: str, **more: Any) -> httpx.Response:
        return await self.call("editMessageText", chat_id=f"@{CHANNEL}", message_id=number, text=text, **more)

    async def delete(self, number: int) -> httpx.Response:
        return await self.call("deleteMessage", chat_id=f"@{CHANNEL}", message_id=number)

    async def photo(self, body: bytes, name: str = "anh.png", **more: str) -> httpx.Response:
        data = {"chat_id": f"@{CHANNEL}", **more}
        return await self.http.post(
            f"/telegram/bot{TOKEN}/sendPhoto", data=data, files={"photo": (name, body, "image/png")}
        )

    async def updates(self, **more: Any) -> list[dict[str, Any]]:
        answer = await self.call("getUpdates", **more)
        assert answer.is_success, answer.text
        return list(answer.json()["result"])

    async def control(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.http.request(method, f"/control/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def later(self, seconds: float = 2) -> None:
        await self.control("POST", "clock/advance", seconds=seconds)

    async def posts(self) -> list[dict[str, Any]]:
        posts = (await self.control("GET", "ledger"))["posts"]
        return [p for p in posts if p["platform"] == "telegram"]

    async def entries(self, kind: str = "post") -> list[dict[str, Any]]:
        entries = (await self.control("GET", "ledger"))["entries"]
        return [e for e in entries if e["platform"] == "telegram" and e["kind"] == kind]

    async def effects(self) -> list[str]:
        return [entry["effect"] for entry in await self.entries()]


def result(answer: httpx.Response) -> Any:
    assert answer.json().get("ok"), answer.text
    return answer.json()["result"]


def error(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert (told["ok"], told["error_code"]) == (False, answer.status_code)
    return answer.status_code, told["description"]
