"""Three gigabytes to YouTube: the sender is killed, its successor cut, and neither holds more than a piece of them."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest

from libs.common.clock import SystemClock
from libs.common.files import FileStore
from libs.common.local.process import free_port
from services.publish.adapters.base import Account, Prepared, Rejected, Tools
from services.publish.adapters.youtube import Youtube
from services.publish.resources import StoredMedia
from tests.publish.test_images import movie
from tests.publish.test_youtube import CHANNEL, CLIENT, REFRESH, SECRET, Line

log = logging.getLogger("lantoa.test")
SIZE = 3_000_000_000
KILLED_AT, CUT = 500_000_000, 1_500_000_123
MOST = 100_000_000
"""Bytes over idle."""
FILE = "ee" * 32
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Theatre:
    url: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def theatre() -> Iterator[Theatre]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "sandbox.main:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            httpx.get(f"{url}/health/ready")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield Theatre(url, process)
    process.terminate()
    process.wait(20)


def _peak(pid: int | str = "self") -> int:
    """Bytes at most held so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _lay_down(root: Path, size: int) -> None:
    """A whole film of nothing: a file with a hole, so that no disk holds it either."""
    path = FileStore(root).path(f"objects/{FILE[:2]}/{FILE}")
    path.parent.mkdir(parents=True, exist_ok=True)
    head = movie(mdat=b"")[:-8]
    start = head + b"\0\0\0\1mdat" + (size - len(head)).to_bytes(8, "big")
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


async def _upload(url: str, root: Path, size: int, cuts: list[int]) -> dict[str, Any]:
    """As a worker does it; what went over the line, and how much this process held at most."""
    _lay_down(root, size)
    line, clock = Line(cuts), SystemClock()
    form = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH, "grant_type": "refresh_token"}
    async with httpx.AsyncClient(transport=line) as http:
        token = (await http.post(f"{url}/youtube/token", data=form)).json()["access_token"]
        nobody = cast(Any, None)
        tools = Tools(http, clock, nobody, "https://tin.example.vn", StoredMedia(FileStore(root), clock, None), nobody)
        settings = {"channel_id": CHANNEL, "service": f"{url}/youtube", "oauth": f"{url}/youtube"}
        secret = {"access_token": token, "expires_at": "2100-01-01T00:00:00+00:00"}
        adapter = Youtube(Account(UUID(int=size), settings, secret), tools)
        medium = {"sha256": FILE, "mime": "video/mp4", "size": size}
        said = {"title": "Lễ", "description": "Lễ.", "language": "vi", "synthetic": False, "tags": []}
        sent = adapter.prepare({**said, "media": [medium]}, UUID(int=size), clock.now())
        kept = root / f"{size}.json"
        if kept.exists():
            sent = replace(sent, staged=json.loads(kept.read_text()))
        told = await adapter.stage(sent)
        if isinstance(told, Rejected) and told.so_far is not None:  # the session is kept before the first byte
            kept.write_text(json.dumps(told.so_far.staged))
            told = await adapter.stage(told.so_far)
        assert isinstance(told, Prepared), told
    return {"peak": _peak(), "sent": line.sent, "probes": line.probes, "video": told.staged["video"]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.mission("M14")
def test_three_gigabytes_go_up_in_flat_memory_over_a_death_and_a_cut(theatre: Theatre, tmp_path: Path) -> None:
    options = {"id": CHANNEL, "client_id": CLIENT, "client_secret": SECRET}
    body = {"platform": "youtube", "handle": "thanhpho", "password": REFRESH, "options": options}
    assert httpx.put(f"{theatre.url}/control/accounts", json=body).is_success
    idle = _run(theatre, tmp_path, 1_000_000, [])
    server = _peak(theatre.process.pid)
    arrived = _kill_at(theatre, tmp_path, KILLED_AT)
    told = _run(theatre, tmp_path, SIZE, [CUT])
    gained = told["peak"] - idle["peak"], _peak(theatre.process.pid) - server
    log.info("3 GB: the sender gained %d MB over idle, the sandbox %d MB", *(each // 1_000_000 for each in gained))
    assert max(gained) < MOST
    assert told["probes"] == 2, "once to begin, once after the cut"
    assert told["sent"] <= SIZE - arrived + 2 * 1024 * 1024, "what had arrived was sent again"
    assert httpx.get(f"{theatre.url}/youtube/quota/{CLIENT}").json()["inserts"] == 2, "one for each file"
    entries = httpx.get(f"{theatre.url}/control/ledger", params={"platform": "youtube"}).json()["entries"]
    [video] = [one for one in entries if one["subject"] == told["video"] and one["operation"] == "videos.insert"]
    assert video["data"]["size"] == SIZE
    assert video["data"]["verdict"] == "", "the platform saw a whole film"


def _command(theatre: Theatre, root: Path, size: int, cuts: list[int]) -> list[str]:
    return [sys.executable, "-m", __name__, theatre.url, str(root), str(size), json.dumps(cuts)]


def _kill_at(theatre: Theatre, root: Path, least: int) -> int:
    """A sender dies (kill -9) once so many bytes have arrived; how many there were."""
    with subprocess.Popen(_command(theatre, root, SIZE, []), cwd=ROOT) as sender:
        while (arrived := _arrived(root)) < least:
            assert sender.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        sender.kill()
    time.sleep(0.5)  # the server hears of it
    return arrived


def _arrived(root: Path) -> int:
    """As the session itself says."""
    kept = root / f"{SIZE}.json"
    if not kept.exists() or not (written := kept.read_text()):
        return 0
    told = httpx.put(json.loads(written)["session"], headers={"Content-Range": f"bytes */{SIZE}"})
    return int(told.headers.get("range", "bytes=0--1").rpartition("-")[2]) + 1


def _run(theatre: Theatre, root: Path, size: int, cuts: list[int]) -> dict[str, Any]:
    """In a process of its own, so that its peak is of this alone."""
    command = _command(theatre, root, size, cuts)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    _, url, root, size, cuts = sys.argv
    sys.stdout.write(json.dumps(asyncio.run(_upload(url, Path(root), int(size), json.loads(cuts)))))
