"""The parts of a run that need no servers."""

from typing import Any

import httpx
import pytest

from libs.common.local.desk import DayFailed, Desk
from libs.common.local.waiting import until
from libs.common.local.wording import edited_text


def draft(**more: Any) -> dict[str, Any]:
    body = "[Bản nháp tự động]\n\n2 nguồn công khai:\n\n- Báo A: “Ngập” https://a.example\n- Báo B: “Nước” https://b.example"
    return {"title": "Ngập ở Cầu Giấy", "body": body, "revision": 1, "source_note": None} | more


def test_an_edited_text_keeps_the_sources_and_drops_the_machines_note() -> None:
    edited = edited_text(draft())
    assert "tự động" not in edited["body"]
    assert "https://a.example" in edited["body"]
    assert "https://b.example" in edited["body"]
    assert edited["revision"] == 1


async def test_waiting_ends_when_done_and_still() -> None:
    seen = iter([(1, False), (2, True), (3, True), (3, True), (3, True)])

    async def look() -> tuple[Any, bool]:
        return next(seen, (3, True))

    assert await until(look, still=0.5)


async def test_waiting_gives_up_when_nothing_moves() -> None:
    async def look() -> tuple[Any, bool]:
        return 1, False

    assert not await until(look, still=0, patience=0.5)


async def test_a_refusal_is_told_in_the_services_words() -> None:
    async def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"title": "Không có quyền", "detail": "Cần vai trò biên tập."})

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://x.test") as http:
        with pytest.raises(DayFailed, match="403 Không có quyền Cần vai trò"):
            await Desk(http, "token").get("/api")


async def test_a_busy_service_is_asked_again() -> None:
    asked: list[int] = []

    async def busy_once(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(503, headers={"retry-after": "0"}) if len(asked) == 1 else httpx.Response(200, json=[])

    async with httpx.AsyncClient(transport=httpx.MockTransport(busy_once), base_url="http://x.test") as http:
        assert await Desk(http, "token").get("/api") == []
