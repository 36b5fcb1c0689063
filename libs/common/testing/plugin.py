"""The pytest plugin: one Postgres and one NATS for each worker; a migrated template database cloned for each test."""

import asyncio
import gc
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import nats
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from libs.common import db as common_db
from libs.common.app import Service, create_app
from libs.common.auth.dev import DEV_ISSUER, dev_token, ensure_keys
from libs.common.bus import credentials, ensure_stream
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.local.nats import NatsServer
from libs.common.local.paths import Scratch, binaries, checkout, data_root
from libs.common.local.postgres import PostgresServer
from libs.common.migrate import migrate, set_role_passwords
from libs.common.models.enums import Role
from libs.common.roles import ALL_ROLES
from libs.common.settings import AuthSettings, CommonSettings, DatabaseSettings, FilesSettings, NatsSettings
from libs.common.testing.make import Make

OWNER, PASSWORD = "lantoa_owner", "test"
NEEDED_MEMORY = 2 * 1024**3
TEMPLATE = "lantoa_template"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
"""Twelve o'clock on a Tuesday in Hà Nội."""
_names = itertools.count(1)


def pytest_collection_finish() -> None:
    """What was imported stays: to look through it again and again took a sixth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True)
class TestServer:
    """A server of this worker, with the migrated template on it."""

    __test__ = False
    server: PostgresServer

    def url(self, database: str, role: str = OWNER) -> str:
        return self.server.info.url(database, role, PASSWORD)


def scratch_parent() -> Path:
    """In memory where there is room: a database is cloned for each test, and files cost most of its time."""
    memory = Path("/dev/shm")  # noqa: S108 - a directory of our own below it, with a lock
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > NEEDED_MEMORY:
        return memory / f"lantoa-{os.geteuid()}"
    return data_root(checkout())


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    with Scratch(scratch_parent()) as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[TestServer]:
    server = PostgresServer(scratch / "pg", binaries(), durable=False)
    server.start()
    server.ensure_role(OWNER, PASSWORD, options="CREATEROLE CREATEDB")
    # A connection that a service's role has just closed may still be on its way out when its clone is dropped.
    server.query(f"GRANT pg_signal_backend TO {OWNER}")
    server.ensure_database(TEMPLATE, owner=OWNER)
    found = TestServer(server)
    asyncio.run(migrate(found.url(TEMPLATE), NOON))
    asyncio.run(set_role_passwords(found.url(TEMPLATE), dict.fromkeys(ALL_ROLES, PASSWORD)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common_db, "create_async_engine", asyncio.run(_compiling_once(found.url(TEMPLATE))))
        yield found
    server.stop()


async def _compiling_once(url: str) -> Callable[..., AsyncEngine]:
    """`create_async_engine` for one server: statements are compiled once a worker, and not once a test.

    SQLAlchemy keeps what it compiled by the dialect, and each engine makes a dialect of its own. What a dialect knows
    is of the server alone, so all engines get that of the first, which has asked the server already.
    """
    first = create_async_engine(url)
    async with first.connect():
        pass
    await first.dispose()

    def sharing(url: str, **options: Any) -> AsyncEngine:
        engine = create_async_engine(url, **options)
        inner = engine.sync_engine
        inner.dialect = inner.pool._dialect = first.dialect
        inner._compiled_cache = first.sync_engine._compiled_cache
        return engine

    return sharing


@pytest.fixture(scope="session")
def nats_server(scratch: Path) -> Iterator[NatsServer]:
    server = NatsServer(scratch / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def database(postgres: TestServer) -> AsyncIterator[str]:
    """The name of a fresh clone of the migrated template."""
    name = f"test_{next(_names)}"
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    try:
        yield name
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


DatabaseAs = Callable[[str], Database]


@pytest.fixture
async def db_as(postgres: TestServer, database: str) -> AsyncIterator[DatabaseAs]:
    """The same clone as a service's role (`db_as("publish")`), as the relay or as the owner."""
    async with AsyncExitStack() as stack:

        def connect(name: str) -> Database:
            role = OWNER if name == "owner" else f"lantoa_{name}"
            db = Database(postgres.url(database, role), pool_size=4)
            stack.push_async_callback(db.dispose)
            return db

        yield connect


@pytest.fixture
async def db(db_as: DatabaseAs) -> Database:
    """The clone as its owner, for arranging rows and looking at them."""
    return db_as("owner")


@pytest.fixture
async def session(db: Database) -> AsyncIterator[AsyncSession]:
    async with db.transaction() as session:
        yield session


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def make(db: Database, clock: FrozenClock) -> Make:
    """Factories of rows, each committed at once."""
    return Make(db, clock)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
async def nats_settings(nats_server: NatsServer) -> NatsSettings:
    """A clean stream on the worker's NATS."""
    info = nats_server.info
    settings = NatsSettings(url=info.url, token=SecretStr(info.token), max_bytes=64 * 1024**2)
    client = await nats.connect(info.url, **credentials(settings))
    js = client.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(stream.config.name or "")
    await ensure_stream(js, settings)
    await client.close()
    return settings


@pytest.fixture(scope="session")
def issuer(scratch: Path) -> Path:
    """The folder of a development issuer's keys."""
    folder = scratch / "issuer"
    ensure_keys(folder)
    return folder


SettingsFor = Callable[..., Any]


@pytest.fixture
def settings_for(
    postgres: TestServer, database: str, nats_server: NatsServer, issuer: Path, files: FileStore
) -> SettingsFor:
    """Settings of a service, on this test's database as that service's own role."""

    def build(settings_class: type[CommonSettings], service: str, **more: Any) -> CommonSettings:
        url = postgres.url(database, f"lantoa_{service}")
        return settings_class(
            db=DatabaseSettings(url=SecretStr(url), pool_size=4),
            nats=NatsSettings(url=nats_server.info.url, token=SecretStr(nats_server.info.token)),
            auth=AuthSettings(issuer=DEV_ISSUER, jwks_file=ensure_keys(issuer)),
            files=FilesSettings(root=files.root),
            **more,
        )

    return build


ClientFor = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def client_for(settings_for: SettingsFor, clock: FrozenClock) -> AsyncIterator[ClientFor]:
    """An HTTP client on a service's real app, with its lifespan, as its own database role."""
    async with AsyncExitStack() as stack:

        async def build(service: Service, **more: Any) -> httpx.AsyncClient:
            app = create_app(service, settings_for(service.settings_class, service.name, **more), clock)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://lantoa.test")
            )

        yield build


SignedIn = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
def signed_in(make: Make, issuer: Path, clock: FrozenClock) -> SignedIn:
    """Headers of a fresh person who holds these roles in a unit (the city by default)."""

    async def sign_in(*roles: Role, unit_id: UUID | None = None) -> dict[str, str]:
        person = await make.person(*roles, unit_id=unit_id)
        return {"Authorization": f"Bearer {dev_token(issuer, person.subject, clock.now())}"}

    return sign_in


@asynccontextmanager
async def lifespan_of(app: Any) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield
