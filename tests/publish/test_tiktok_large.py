"""A video of three gigabytes goes up to TikTok in memory that does not grow with it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from libs.common.local.process import free_port
from services.publish.adapters.base import Account, Medium, Prepared, Published, Rendition
from services.publish.adapters.tiktok import Tiktok
from tests.publish.conformance.drafts import plain
from tests.publish.conformance.theatre import next_number
from tests.publish.creators import CASE
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_images import box, movie

SIZE = 3_000_000_000
OVER_IDLE = 100_000_000
KEY = "ab" * 32
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def far_away() -> Iterator[str]:
    """The sandbox in a process of its own: what it keeps is not ours."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "sandbox.main:app", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/ready").is_success:
                break
        time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(10)


def memory() -> int:
    """Bytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def most_memory(done: asyncio.Event) -> int:
    most = 0
    while not done.is_set():
        most = max(most, memory())
        await asyncio.sleep(0.02)
    return most


def large_film(newsroom: Newsroom) -> Medium:
    """A whole film whose pictures are a hole in the file: as large as wanted, and no room taken."""
    start = movie()
    start = start[: start.index(b"mdat") - 4] + (SIZE - start.index(b"mdat") + 4).to_bytes(4, "big") + box(b"mdat")[4:]
    path = newsroom.resources.files.path(f"objects/{KEY[:2]}/{KEY}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(start)
        file.truncate(SIZE)
    return Medium("Cả buổi tiếp dân", (Rendition(KEY, "video/mp4", SIZE, 1920, 1080),), duration_ms=12_500)


@pytest.mark.mission("M15")
async def test_three_gigabytes_go_up_in_flat_memory(newsroom: Newsroom, far_away: str) -> None:
    seat = CASE.seat(next_number(), far_away)
    async with httpx.AsyncClient(base_url=far_away) as control:
        await control.post("/control/reset", json={"at": newsroom.clock.now().isoformat()})
        await control.put("/control/accounts", json=seat.control)
        body = {"kind": "tiktok", "name": "TikTok", "address": seat.address, "settings": seat.settings}
        made = await newsroom.client.post(
            f"{API}/channels", json={**body, "secret": seat.secret}, headers=newsroom.admin
        )
        assert made.status_code == 201, made.text
        account = Account(UUID(made.json()["id"]), seat.settings, dict(seat.secret))
        adapter = Tiktok(account, newsroom.resources.tools)
        await adapter.health()
        payload = adapter.compose(plain(media=(large_film(newsroom),))).payload
        idle, done = memory(), asyncio.Event()
        watching = asyncio.create_task(most_memory(done))
        staged = await adapter.stage(adapter.prepare(payload, uuid4(), newsroom.clock.now()))
        assert isinstance(staged, Prepared), staged
        outcome = await adapter.commit(staged)
        done.set()
        assert isinstance(outcome, Published), outcome
        assert await watching - idle < OVER_IDLE
        [post] = (await control.get("/control/ledger", params={"platform": "tiktok"})).json()["posts"]
        assert post["id"] == outcome.id
