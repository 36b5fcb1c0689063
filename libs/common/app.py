"""create_app(): the only place where a FastAPI is built; create_worker() its twin for events and jobs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from nats.aio.client import Client

from libs.common import errors, health, schema_gate, telemetry
from libs.common.auth.tokens import TokenVerifier
from libs.common.bus import Subscribers, connect, disconnect
from libs.common.clock import Clock, SystemClock
from libs.common.consumer import Consumer
from libs.common.db import Database
from libs.common.jobs import JobContext, Jobs, run_job
from libs.common.settings import CommonSettings
from libs.common.withheld import withhold_settings

log = logging.getLogger("lantoa.app")
_NOT_BY_THE_FRAMEWORK = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
"""FastAPI would report by itself to whatever the environment names: addresses with their queries, messages of
exceptions. What leaves a process is told by telemetry.py alone."""
T = TypeVar("T")
Resources = Callable[[Any, Database, Clock], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def no_resources(settings: Any, db: Database, clock: Clock) -> AsyncIterator[None]:
    yield None


@dataclass(frozen=True)
class Service:
    """A service is a list: its settings, its doors, and the resources it holds while it runs."""

    name: str
    settings_class: type[CommonSettings]
    routers: list[APIRouter] = field(default_factory=list)
    subscribers: Subscribers = field(default_factory=Subscribers)
    jobs: Jobs = field(default_factory=Jobs)
    resources: Resources = no_resources
    title: str = ""


@asynccontextmanager
async def running(service: Service, settings: Any, clock: Clock) -> AsyncIterator[tuple[Database, Any]]:
    """The process context of either kind: pool, schema check, resources; closed in reverse order."""
    withhold_settings(settings)
    db = Database(settings.db.url.get_secret_value(), pool_size=settings.db.pool_size)
    try:
        await schema_gate.wait_until_compatible(db)
        async with service.resources(settings, db, clock) as resources:
            yield db, resources
    finally:
        await db.dispose()


def create_app(service: Service, settings: Any = None, clock: Clock | None = None) -> FastAPI:
    if settings is None:  # a process of its own
        settings = service.settings_class()
        telemetry.start(f"{service.name}-api", settings.telemetry)
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(service, settings, clock) as (db, resources):
            app.state.db, app.state.resources = db, resources
            yield

    app = FastAPI(
        title=service.title or f"Lan Tỏa · {service.name}",
        version="1",
        lifespan=lifespan,
        docs_url=f"/api/{service.name}/v1/docs",
        redoc_url=None,
        telemetry=_NOT_BY_THE_FRAMEWORK,
        openapi_url=f"/api/{service.name}/v1/openapi.json",
    )
    app.state.service, app.state.settings, app.state.clock = (
        service.name,
        settings,
        clock,
    )
    app.state.tokens = TokenVerifier(settings.auth)
    errors.install(app)
    app.add_middleware(telemetry.ServerSpans)
    app.add_middleware(_NotGuessed)
    for router in (health.router, *service.routers):
        # As they stand: including them would make each route anew for each app, a quarter of a second for publish.
        app.router.routes.extend(router.routes)
    return app


class _NotGuessed:
    """ASGI middleware: what strangers wrote leaves as what it is said to be; no browser guesses a page in it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def say(message: Any) -> None:
            if message["type"] == "http.response.start":
                told = message.setdefault("headers", [])
                if not any(name.lower() == b"x-content-type-options" for name, _ in told):
                    message["headers"] = [*told, (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self._app(scope, receive, say if scope["type"] == "http" else send)


def resources(request: Request) -> Any:
    """The service's own resources, for its routes."""
    return request.app.state.resources


class WorkerFailed(RuntimeError):
    """The worker can't go on and must end, so that whoever watches it starts it again."""


class Worker:
    """The consumers and claim loops of one service, in one process."""

    def __init__(self, service: Service, settings: Any, clock: Clock) -> None:
        self.service, self.settings, self.clock = service, settings, clock
        self.stopping = asyncio.Event()
        self._cut_off = asyncio.Event()

    async def run(self) -> None:
        """Until `stopping` is set; then what is under way ends and is acknowledged. Raises when it can't go on."""
        async with AsyncExitStack() as stack:
            started = await self._unless_stopped(self._start(stack))
            if started is None:
                return
            db, held, client = started
            async with asyncio.TaskGroup() as group:
                group.create_task(self._or_stop(self._watch()))
                for consumer in self._consumers(db, held):
                    group.create_task(self._or_stop(consumer.run(client.jetstream(), self.stopping)))
                context = JobContext(db, self.clock, held, self.stopping)
                for job in self.service.jobs.all:
                    group.create_task(self._or_stop(run_job(job, context)))
                log.info("worker %s is running", self.service.name)

    async def _or_stop(self, work: Coroutine[Any, Any, None]) -> None:
        """When one part fails the others are told to stop, too: a cancellation alone can get lost in a wait_for."""
        try:
            await work
        except BaseException:
            self.stopping.set()
            raise

    async def _start(self, stack: AsyncExitStack) -> tuple[Database, Any, Client]:
        db, held = await stack.enter_async_context(running(self.service, self.settings, self.clock))
        client = await connect(self.settings.nats, f"{self.service.name}-worker", on_closed=self._cut_off.set)
        stack.push_async_callback(disconnect, client)
        return db, held, client

    def _consumers(self, db: Database, held: Any) -> list[Consumer[Any]]:
        stream = self.settings.nats.stream
        return [
            Consumer(self.service.name, subscription, db, self.clock, held, stream=stream)
            for subscription in self.service.subscribers.all
        ]

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result, or None when the stop came first: starting may wait long for a server."""
        starting, stop = asyncio.create_task(work), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            return await starting if starting.done() else None
        finally:
            for task in (starting, stop):
                task.cancel()
            await asyncio.gather(starting, stop, return_exceptions=True)

    async def _watch(self) -> None:
        """Ends with the stop; fails when the bus has closed the connection for good."""
        waits = [asyncio.create_task(event.wait()) for event in (self.stopping, self._cut_off)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        if not self.stopping.is_set():
            raise WorkerFailed("NATS đã cắt kết nối / NATS has closed the connection for good")


def create_worker(service: Service, settings: Any = None, clock: Clock | None = None) -> Worker:
    return Worker(service, settings or service.settings_class(), clock or SystemClock())
