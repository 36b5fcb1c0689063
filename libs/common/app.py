"""create_app(): the only place where a FastAPI is built; create_worker() its twin for events and jobs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request

from libs.common import errors, health, schema_gate
from libs.common.auth.tokens import TokenVerifier
from libs.common.bus import Consumer, Subscribers, connect
from libs.common.clock import Clock, SystemClock
from libs.common.db import Database
from libs.common.jobs import JobContext, Jobs, run_job
from libs.common.settings import CommonSettings

log = logging.getLogger("lantoa.app")
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
    db = Database(settings.db.url.get_secret_value(), pool_size=settings.db.pool_size)
    try:
        await schema_gate.wait_until_compatible(db)
        async with service.resources(settings, db, clock) as resources:
            yield db, resources
    finally:
        await db.dispose()


def create_app(service: Service, settings: Any = None, clock: Clock | None = None) -> FastAPI:
    settings = settings or service.settings_class()
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
        openapi_url=f"/api/{service.name}/v1/openapi.json",
    )
    app.state.service, app.state.settings, app.state.clock = (
        service.name,
        settings,
        clock,
    )
    app.state.tokens = TokenVerifier(settings.auth)
    errors.install(app)
    app.include_router(health.router)
    for router in service.routers:
        app.include_router(router)
    return app


def resources(request: Request) -> Any:
    """The service's own resources, for its routes."""
    return request.app.state.resources


class Worker:
    """The consumers and claim loops of one service, in one process."""

    def __init__(self, service: Service, settings: Any, clock: Clock) -> None:
        self.service, self.settings, self.clock = service, settings, clock
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stopping` is set; then what is under way ends and is acknowledged."""
        async with AsyncExitStack() as stack:
            db, held = await stack.enter_async_context(running(self.service, self.settings, self.clock))
            client = await connect(self.settings.nats, f"{self.service.name}-worker")
            stack.push_async_callback(client.close)
            js = client.jetstream()
            context = JobContext(db, self.clock, held, self.stopping)
            async with asyncio.TaskGroup() as group:
                for subscription in self.service.subscribers.all:
                    consumer: Consumer[Any] = Consumer(
                        self.service.name,
                        subscription,
                        db,
                        self.clock,
                        held,
                        stream=self.settings.nats.stream,
                    )
                    group.create_task(consumer.run(js, self.stopping))
                for job in self.service.jobs.all:
                    group.create_task(run_job(job, context))
                group.create_task(self.stopping.wait())


def create_worker(service: Service, settings: Any = None, clock: Clock | None = None) -> Worker:
    return Worker(service, settings or service.settings_class(), clock or SystemClock())
