"""The one place that a drill can reach: the sandbox. Whatever an adapter is told, its calls end here or nowhere."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from libs.common.tls import trust

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
"""The sandbox of this machine, on whichever port."""
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Sandbox:
    http: httpx.AsyncClient
    places: frozenset[tuple[str, int]]

    def holds(self, address: str) -> bool:
        return _is_held(httpx.URL(address), self.places)


def _is_held(url: httpx.URL, places: frozenset[tuple[str, int]]) -> bool:
    if url.scheme not in PORTS or url.userinfo:
        return False
    return url.host in HERE or (url.scheme == "https" and _place(url) in places)


def _place(url: httpx.URL) -> tuple[str, int]:
    return url.host, url.port or PORTS[url.scheme]


@asynccontextmanager
async def open_sandbox(addresses: Iterable[str]) -> AsyncIterator[Sandbox]:
    places = frozenset(_place(httpx.URL(address)) for address in addresses)

    async def stay_inside(request: httpx.Request) -> None:
        if not _is_held(request.url, places):
            raise httpx.ConnectError("a drill calls the sandbox alone", request=request)

    hooks = {"request": [stay_inside]}
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, verify=trust(), event_hooks=hooks) as http:
        yield Sandbox(http, places)
