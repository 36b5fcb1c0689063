"""The sandbox on a real socket, as the platforms whose APIs intake reads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from libs.common.testing.plugin import NOON
from sandbox.main import create
from sandbox.settings import SandboxSettings


@dataclass(frozen=True)
class Played:
    """`address`: of the sandbox, whose clock stands at the tests' own noon."""

    address: str
    http: httpx.Client

    def put_account(self, platform: str, handle: str, password: str, **options: object) -> None:
        body = {"platform": platform, "handle": handle, "password": password, "options": options}
        self.http.put("/control/accounts", json=body | {"display_name": "Nguyễn Thị Bí Mật"}).raise_for_status()

    def fault(self, platform: str, operation: str, kind: str) -> None:
        body = {"platform": platform, "operation": operation, "kind": kind}
        self.http.post("/control/faults", json=body).raise_for_status()


@contextmanager
def running_platforms() -> Iterator[Played]:
    config = uvicorn.Config(create(SandboxSettings()), host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        with httpx.Client(base_url=address, timeout=30) as http:
            http.post("/control/reset", json={"at": NOON.isoformat()}).raise_for_status()
            http.post("/control/clock/freeze").raise_for_status()
            yield Played(address, http)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
