"""The service as its processes: uvicorn with the factory, and the worker, both as the service's own role."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.common.auth.dev import DEV_ISSUER, ensure_keys
from libs.common.settings import NatsSettings
from tests.publish.newsroom import API, KEY, Newsroom

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(postgres: Any, database: str, nats_settings: NatsSettings, issuer: Path, tmp_path: Path) -> Iterator[Start]:
    assert nats_settings.token is not None
    environment = {
        **os.environ,
        "LANTOA_DB__URL": postgres.url(database, "lantoa_publish"),
        "LANTOA_NATS__URL": nats_settings.url,
        "LANTOA_NATS__TOKEN": nats_settings.token.get_secret_value(),
        "LANTOA_AUTH__ISSUER": DEV_ISSUER,
        "LANTOA_AUTH__JWKS_FILE": str(ensure_keys(issuer)),
        "LANTOA_FILES__ROOT": str(tmp_path / "files"),
        "LANTOA_PUBLISH__CREDENTIALS_KEY": KEY,
    }
    running: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen([sys.executable, "-m", *words], env=environment))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_both_processes_run_and_end_when_told(newsroom: Newsroom, start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = await newsroom.approved()
    api = start("uvicorn", "--factory", "services.publish.main:app", "--port", str(port), "--log-level", "warning")
    worker = start("libs.common.worker", "services.publish.main")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await _until(http, "/health/ready")
        await _until(http, f"/tin/{made['slug']}")
        await _until(http, "/", made["title"])  # the front page is printed after the page it leads to
        assert (await http.get(f"{API}/openapi.json")).status_code == 200
    for process in (api, worker):
        process.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert api.wait(20) in (0, -signal.SIGTERM)


async def _until(http: httpx.AsyncClient, path: str, words: str = "") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            answer = await http.get(path)
            if answer.status_code == 200 and words in answer.text:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, path
        time.sleep(0.2)
