"""The city's account on the sandbox's Bluesky, and the words of the protocol it needs in tests."""

from dataclasses import dataclass, field
from typing import Any

import httpx

HANDLE, PASSWORD = "thanhpho.test", "abcd-efgh-ijkl-mnop"
POST = "app.bsky.feed.post"
KEYS = ["3l5aaaaaaaa2a", "3l5aaaaaaaa2b", "3l5aaaaaaaa2c", "3l5aaaaaaaa2d"]
AT = "2026-11-24T05:00:00.000Z"


@dataclass
class City:
    http: httpx.AsyncClient
    session: dict[str, Any] = field(default_factory=dict)

    async def settle(self) -> "City":
        await self.control("PUT", "accounts", platform="bluesky", handle=HANDLE, password=PASSWORD)
        await self.control("POST", "clock/freeze")
        self.session = (await self.login()).json()
        return self

    async def control(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.http.request(method, f"/control/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def later(self, seconds: float) -> None:
        await self.control("POST", "clock/advance", seconds=seconds)

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        await self.control("POST", "faults", platform="bluesky", kind=kind, operation=operation, **more)

    async def login(self, password: str = PASSWORD, **more: Any) -> httpx.Response:
        body = {"identifier": HANDLE, "password": password, **more}
        return await self.http.post("/bluesky/xrpc/com.atproto.server.createSession", json=body)

    async def call(self, nsid: str, token: str | None = None, **body: Any) -> httpx.Response:
        token = token if token is not None else self.session["accessJwt"]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.post(f"/bluesky/xrpc/{nsid}", json=body or None, headers=headers)

    async def read(self, nsid: str, **params: Any) -> httpx.Response:
        return await self.http.get(f"/bluesky/xrpc/{nsid}", params=params)

    async def put(self, key: str = KEYS[0], text: str = "Xin chào", more: Any = None, **record: Any) -> httpx.Response:
        full = {"$type": POST, "text": text, "createdAt": AT, **record}
        body = {"repo": self.did, "collection": POST, "rkey": key, "record": full, **(more or {})}
        return await self.call("com.atproto.repo.putRecord", **body)

    async def get(self, key: str = KEYS[0]) -> httpx.Response:
        return await self.read("com.atproto.repo.getRecord", repo=self.did, collection=POST, rkey=key)

    async def posts(self) -> list[dict[str, Any]]:
        return list((await self.control("GET", "ledger"))["posts"])

    async def effects(self) -> list[str]:
        entries = (await self.control("GET", "ledger"))["entries"]
        return [entry["effect"] for entry in entries]

    @property
    def did(self) -> str:
        return str(self.session["did"])


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
