"""The sandbox in this process, and as a server on a real socket (only there can an answer be lost)."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import uvicorn

from sandbox.main import create
from sandbox.settings import SandboxSettings
from tests.sandbox.city import City

Build = Callable[..., City]


@pytest.fixture
async def build() -> AsyncIterator[Any]:
    """A sandbox with these settings, the city's account on it, its clock frozen."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> City:
            app = create(SandboxSettings(**settings))
            transport = httpx.ASGITransport(app=app)
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://sandbox"))
            return await City(http).settle()

        yield make


@pytest.fixture
async def city(build: Any) -> City:
    made: City = await build()
    return made


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    config = uvicorn.Config(create(SandboxSettings()), host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
async def served(sandbox_address: str) -> AsyncIterator[City]:
    async with httpx.AsyncClient(base_url=sandbox_address, timeout=5) as http:
        await http.post("/control/reset")
        yield await City(http).settle()
