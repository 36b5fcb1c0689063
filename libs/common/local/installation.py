"""One machine's installation, from nothing to running servers with a seeded database; then its processes.

Safe to repeat: whatever is there is kept, so a second start is only a start.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from libs.common.auth.dev import ensure_keys
from libs.common.bus import connect, ensure_stream
from libs.common.db import Database
from libs.common.local import paths as local_paths
from libs.common.local.addresses import Addresses
from libs.common.local.nats import PID_FILE, USERS_FILE, NatsServer, take_users
from libs.common.local.paths import LocalPaths
from libs.common.local.people import seed_people
from libs.common.local.postgres import PostgresServer
from libs.common.local.process import StartFailed, is_free
from libs.common.local.supervisor import Supervisor
from libs.common.local.topology import DATABASE, OWNER, Setup, commands, write_operator_settings
from libs.common.migrate import migrate, set_role_passwords
from libs.common.roles import ALL_ROLES
from libs.common.seed import seed
from libs.common.settings import NatsSettings
from libs.common.subscribers import ensure_lines, list_subscribers, users_file

Told = Callable[[str], None]
"""Called with a line for people after each step."""


@contextmanager
def held(paths: LocalPaths) -> Iterator[None]:
    """One run at a time for a data directory; StartFailed when another has it."""
    handle = os.open(paths.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StartFailed(f"Lan Tỏa đang chạy từ thư mục này rồi / is already running here ({paths.root})") from error
    try:
        yield
    finally:
        os.close(handle)


def refuse_taken_ports(addresses: Addresses) -> None:
    taken = [f"{name} {port}" for name, port in addresses.all_ports().items() if not is_free(port)]
    if taken:
        raise StartFailed(
            f"Cổng đã có chương trình khác dùng / ports are taken: {', '.join(taken)}.\n"
            "Chọn cổng khác / choose others: make run PORT=9080 FIRST_PORT=9101"
        )


@asynccontextmanager
async def running(
    paths: LocalPaths,
    addresses: Addresses,
    told: Told,
    *,
    press: Mapping[str, str],
    replay: bool,
    only: frozenset[str] | None = None,
) -> AsyncIterator[tuple[Setup, Supervisor]]:
    """Servers, schema, seed and processes (or only those of these names); stopped in reverse order at the end."""
    postgres = PostgresServer(paths.postgres, local_paths.binaries())
    nats = NatsServer(paths.nats)
    try:
        setup = await _prepared(paths, addresses, told, postgres, nats, press=press, replay=replay)
        wanted = [one for one in commands(setup) if only is None or one.name in only]
        supervisor = Supervisor(wanted, paths.logs, [("postgres", postgres), ("nats", nats)])
        try:
            await supervisor.start(lambda name: told(f"tiến trình {name}"))
            yield setup, supervisor
        finally:
            await supervisor.stop()
    finally:
        nats.stop()
        postgres.stop()


async def _prepared(
    paths: LocalPaths,
    addresses: Addresses,
    told: Told,
    postgres: PostgresServer,
    nats: NatsServer,
    *,
    press: Mapping[str, str],
    replay: bool,
) -> Setup:
    # In this thread: the kernel ties the servers' lives to the thread that starts them.
    setup = Setup(paths, addresses, postgres.start(), nats.start(), replay, press)
    told(f"Postgres (cổng {setup.postgres.port}) và NATS (cổng {setup.nats.port})")
    ensure_keys(paths.secrets)
    await asyncio.to_thread(_ensure_database, postgres, setup)
    await migrate(setup.owner_url)
    await set_role_passwords(setup.owner_url, {role: setup.secret(f"db-{role}") for role in ALL_ROLES})
    await _declare_stream(setup)
    told("lược đồ cơ sở dữ liệu và luồng sự kiện")
    await _seed(setup, told)
    write_operator_settings(setup)
    return setup


def _ensure_database(postgres: PostgresServer, setup: Setup) -> None:
    postgres.ensure_role(OWNER, setup.secret(f"db-{OWNER}"), options="CREATEROLE")
    postgres.ensure_database(DATABASE, owner=OWNER)


async def _declare_stream(setup: Setup) -> None:
    settings = NatsSettings.model_validate({"url": setup.nats.url, "token": setup.nats.token})
    client, db = await connect(settings, "lantoa-setup"), Database(setup.owner_url, pool_size=1)
    try:
        await ensure_stream(client.jetstream(), settings)
        async with db.transaction() as session:
            readers = await list_subscribers(session)
        take_users(setup.paths.nats / USERS_FILE, setup.paths.nats / PID_FILE, users_file(readers))
        await ensure_lines(client.jetstream(), settings.stream, readers)
    finally:
        await db.dispose()
        await client.close()


async def _seed(setup: Setup, told: Told) -> None:
    now = datetime.now(UTC)
    db = Database(setup.owner_url, pool_size=2)
    try:
        async with db.transaction() as session:
            seeded = await seed(session, now)
        async with db.transaction() as session:
            await seed_people(session, now)
    finally:
        await db.dispose()
    told(f"{seeded.units} đơn vị, {seeded.aliases} tên gọi, {seeded.programmes} chương trình")
