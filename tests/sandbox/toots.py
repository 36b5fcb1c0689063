"""The city's account on the sandbox's Mastodon, and files with true bytes."""

import base64
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import httpx

USERNAME, TOKEN = "thanhpho", "mastodon-token-for-tests"


def png(width: int = 8, height: int = 6) -> bytes:
    rows = b"".join(b"\0" + b"\x20\x60\xa0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def png_saying(width: int, height: int) -> bytes:
    """Small, but its header tells of a large picture."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")


def mp4(width: int = 640, height: int = 360, whole: bool = True) -> bytes:
    track = b"\0" * 76 + struct.pack(">II", width << 16, height << 16)
    moov = _box(b"moov", _box(b"trak", _box(b"tkhd", b"\0" * 0 + track)))
    made = _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + moov
    return made + _box(b"mdat", b"\0" * 32) if whole else made[:-10]


GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


@dataclass
class Masto:
    http: httpx.AsyncClient
    account: dict[str, Any] = field(default_factory=dict)
    token: str = TOKEN

    async def settle(self, **more: Any) -> "Masto":
        body = {"platform": "mastodon", "handle": USERNAME, "password": TOKEN, "display_name": "Thành phố", **more}
        self.account = await self.control("PUT", "accounts", **body)
        await self.control("POST", "clock/freeze")
        return self

    async def control(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.http.request(method, f"/control/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def later(self, seconds: float) -> None:
        await self.control("POST", "clock/advance", seconds=seconds)

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        await self.control("POST", "faults", platform="mastodon", kind=kind, operation=operation, **more)

    async def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        token = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return await self.http.request(method, f"/mastodon/api/{path}", headers=headers, **more)

    async def post(self, status: str = "Xin chào", key: str = "", **more: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.call("POST", "v1/statuses", json={"status": status, **more}, headers=headers)

    async def upload(self, data: bytes | None = None, declared: str = "image/png", **form: str) -> httpx.Response:
        files = {"file": ("anh", data if data is not None else png(), declared)}
        return await self.call("POST", "v2/media", files=files, data=form)

    async def uploaded(self, data: bytes | None = None, **form: str) -> str:
        answer = await self.upload(data, **form)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def listed(self, **params: Any) -> list[str]:
        """The texts' HTML, as the account's list gives them."""
        answer = await self.call("GET", f"v1/accounts/{self.account['id']}/statuses", params=params)
        return [status["content"] for status in answer.json()]

    async def posts(self) -> list[dict[str, Any]]:
        return list((await self.control("GET", "ledger"))["posts"])

    async def entries(self) -> list[dict[str, Any]]:
        return list((await self.control("GET", "ledger"))["entries"])


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
