"""``uvicorn --factory sandbox.main:app``: every platform under its own prefix, in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from fastapi import FastAPI

from sandbox import control, pages
from sandbox.clock import VirtualClock
from sandbox.faults import FaultBook
from sandbox.ledger import Ledger
from sandbox.newsstand import app as newsstand
from sandbox.platforms import load
from sandbox.platforms.base import World
from sandbox.pull import Puller
from sandbox.settings import SandboxSettings
from sandbox.webhooks import Webhooks
from sandbox.wire import FaultGate


def app() -> FastAPI:
    return create(SandboxSettings())


def create(settings: SandboxSettings, way: httpx.AsyncBaseTransport | None = None, patience: float = 0.0) -> FastAPI:
    """`way`: how platforms come to us, to fetch files and with webhooks, where that is not the network; `patience`:
    seconds that the answer to a webhook may take at least, whatever the platform's own rule."""
    world = _world(settings, way, patience)
    platforms = {platform.name: platform for platform in (build(world) for build in load())}
    made = FastAPI(title="Sân tập của Lan Tỏa — Lan Tỏa's sandbox", version="1", lifespan=_sending_webhooks)
    made.state.world = world
    routers = [
        *(platform.routes() for platform in platforms.values()),
        control.router(world, platforms),
        pages.router(world, platforms),
        newsstand.router(settings),
        newsstand.root_router(),
    ]
    for router in routers:
        made.router.routes.extend(router.routes)  # as they stand: including them would make each route once more
    _add_health(made)
    made.add_middleware(FaultGate, platforms=list(platforms.values()), faults=world.faults)
    return made


def _world(settings: SandboxSettings, way: httpx.AsyncBaseTransport | None, patience: float) -> World:
    clock = VirtualClock()
    file = settings.data_dir / "ledger.jsonl" if settings.data_dir else None
    ledger, hosts = Ledger(clock, file), settings.hosts()
    webhooks, puller = Webhooks(clock, ledger, hosts, way, patience), Puller(ledger, hosts, way)
    return World(settings, clock, ledger, FaultBook(), webhooks, puller)


@asynccontextmanager
async def _sending_webhooks(made: FastAPI) -> AsyncIterator[None]:
    world: World = made.state.world
    task = asyncio.create_task(world.webhooks.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _add_health(made: FastAPI) -> None:
    @made.get("/health/live")
    @made.get("/health/ready")
    def health() -> dict[str, str]:
        return {"status": "ok"}
