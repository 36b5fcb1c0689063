"""The sandbox that a worker's tests play in, one after the other: its some 250 routes are made once."""

import asyncio
from functools import cache

import httpx
from fastapi import FastAPI
from pydantic import BaseModel
from typing_extensions import override

from sandbox.main import create
from sandbox.settings import SandboxSettings

REACHABLE = "tin.example.vn"
PATIENCE = 60.0
"""Seconds of real time a webhook's answer may take: both sides share a processor with others, on a clock of their own.
What a platform does with an answer that comes too late is tried in tests/sandbox."""


class _Door(httpx.AsyncBaseTransport):
    """The way to whoever plays now."""

    inner: httpx.AsyncBaseTransport

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.inner.handle_async_request(request)


@cache
def _built() -> tuple[FastAPI, _Door]:
    door = _Door()
    return create(SandboxSettings(reachable_hosts=REACHABLE), door, PATIENCE), door


def hall(way: httpx.AsyncBaseTransport) -> FastAPI:
    """The sandbox with its settings as they were; platforms come to us by `way`. Its stage is still to be reset."""
    app, door = _built()
    door.inner = way
    world, fresh = app.state.world, SandboxSettings(reachable_hosts=REACHABLE)
    world.puller._way = door
    world.webhooks._sending = asyncio.Lock()  # of this test's loop
    for name in SandboxSettings.model_fields:
        kept = getattr(world.settings, name)
        if isinstance(kept, BaseModel):
            kept.__dict__.update(getattr(fresh, name).__dict__)
    return app
