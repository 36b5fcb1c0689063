"""A person's desk: the services over HTTP, as that person, with refusals in the services' own words."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

_TRIES_WHILE_BUSY = 10


class DayFailed(Exception):
    """A step was refused; the message is the service's own."""


class Desk:
    """One person's view of the services; a refusal is an exception with the problem's own words."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http, self._headers = http, {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, *, allow: tuple[int, ...] = (), **more: Any) -> httpx.Response:
        answer = await self._http.request(method, path, headers=self._headers, **more)
        for _ in range(_TRIES_WHILE_BUSY):
            if answer.status_code != 503:
                break
            await asyncio.sleep(float(answer.headers.get("retry-after", "2")))
            answer = await self._http.request(method, path, headers=self._headers, **more)
        if answer.is_success or answer.status_code in allow:
            return answer
        raise DayFailed(f"{method} {path}: {answer.status_code} {_said(answer)}")

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.ask("GET", path, params=params)).json()

    async def all(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, limit=100, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return (await self.ask("POST", path, json=body or {}, **more)).json()


async def released(editor: Desk, speakers: Sequence[Desk], publication: dict[str, Any]) -> None:
    """Submitted by the one who wrote it, approved by others; what was done before is not done again."""
    path = f"/api/publish/v1/publications/{publication['id']}"
    if publication["state"] == "draft":
        publication |= await editor.post(f"{path}/submit")
    if publication["state"] == "in_review":
        allow = (409,) if len(speakers) > 1 else ()  # the first may have said yes in a run that was stopped
        for speaker in speakers:
            await speaker.post(f"{path}/approve", {"content_hash": publication["content_hash"]}, allow=allow)


def _said(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return answer.text[:200]
    return f"{problem.get('title', '')} {problem.get('detail') or ''} {problem.get('errors') or ''}".strip()
