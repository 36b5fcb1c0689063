"""What a test does to the sandbox: plan faults, read the ledger, let readers react."""

from dataclasses import dataclass
from typing import Any

import httpx

HANDLE, PASSWORD = "thanhpho.test", "abcd-efgh-ijkl-mnop"
PUT = "com.atproto.repo.putRecord"


@dataclass
class Stage:
    http: httpx.AsyncClient
    url: str

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.http.post(path, json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def put(self, path: str, **body: Any) -> Any:
        answer = await self.http.put(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def fault(self, kind: str, operation: str = PUT, **more: Any) -> None:
        await self.post("/control/faults", platform="bluesky", operation=operation, kind=kind, **more)

    async def posts(self) -> list[dict[str, Any]]:
        """What readers see there: the truth that our own records are held against."""
        return list((await self.http.get("/control/ledger")).json()["posts"])
