"""A backup taken under load comes back whole, and a bad one changes nothing."""

import asyncio
import tarfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select, text

from libs.common import models as m
from libs.common.backup import BACKED_UP, BackupFailed, back_up, restore
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.testing.make import Make


def quiet(what: str, size: int) -> None:
    return None


@pytest.fixture
async def empty(postgres: Any, database: str) -> Any:
    """The URL of a second, empty database."""
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    name = f"{database}_restored"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def owner(postgres: Any, database: str) -> str:
    return str(postgres.url(database))


async def test_what_was_committed_before_comes_back(
    owner: str, empty: str, db: Database, make: Make, clock: FrozenClock, tmp_path: Path
) -> None:
    store = tmp_path / "files"
    (store / "objects/ab").mkdir(parents=True)
    (store / "objects/ab/abc.md").write_text("tin nhanh", encoding="utf-8")
    source = await make.source()
    before = [await make.content(source) for _ in range(20)]

    async def go_on() -> None:
        while True:
            await make.content(source)

    load = asyncio.create_task(go_on())
    archive = tmp_path / "lantoa.tar"
    made = await back_up(owner, store, archive, clock.now(), quiet)
    load.cancel()
    async with db.transaction() as session:
        noted = (await session.scalars(select(m.AuditEntry).where(m.AuditEntry.action == BACKED_UP))).one()
        assert (noted.service, noted.at, noted.facts["dump_sha256"]) == ("operator", clock.now(), made.dump_sha256)
    assert archive.stat().st_mode & 0o077 == 0
    back = tmp_path / "restored"
    read = await restore(empty, back, archive, replace=False, told=quiet)
    assert read == made
    restored = Database(empty, pool_size=1)
    async with restored.transaction() as session:
        found = set(await session.scalars(select(m.Content.id)))
        assert {content.id for content in before} <= found
        writers = await session.scalar(text("SELECT has_table_privilege('lantoa_ingest', 'contents', 'INSERT')"))
        others = await session.scalar(text("SELECT has_table_privilege('lantoa_reports', 'contents', 'INSERT')"))
        assert (writers, others) == (True, False)
        triggers = await session.scalar(text("SELECT count(*) FROM pg_trigger WHERE tgname = 'two_people'"))
        assert triggers
    await restored.dispose()
    assert (back / "objects/ab/abc.md").read_text(encoding="utf-8") == "tin nhanh"


async def test_a_database_in_use_is_not_replaced_by_accident(
    owner: str, db: Database, make: Make, clock: FrozenClock, tmp_path: Path
) -> None:
    await make.source()
    archive = tmp_path / "lantoa.tar"
    await back_up(owner, tmp_path / "none", archive, clock.now(), quiet)
    await make.source()
    with pytest.raises(BackupFailed, match="--replace"):
        await restore(owner, tmp_path / "f", archive, replace=False, told=quiet)
    async with db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.Source)) == 2
    await db.dispose()
    await restore(owner, tmp_path / "f", archive, replace=True, told=quiet)
    async with db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.Source)) == 1


async def test_a_damaged_archive_changes_nothing(
    owner: str, empty: str, make: Make, clock: FrozenClock, tmp_path: Path
) -> None:
    archive = tmp_path / "lantoa.tar"
    await back_up(owner, tmp_path / "none", archive, clock.now(), quiet)
    with tarfile.open(archive) as opened:
        at = opened.getmember("database.dump").offset_data + 500
    raw = bytearray(archive.read_bytes())
    raw[at] ^= 0xFF
    archive.write_bytes(bytes(raw))
    with pytest.raises(BackupFailed, match="hỏng"):
        await restore(empty, tmp_path / "f", archive, replace=False, told=quiet)
    archive.write_bytes(b"not an archive")
    with pytest.raises(BackupFailed, match="Không đọc được"):
        await restore(empty, tmp_path / "f", archive, replace=False, told=quiet)


async def test_an_empty_database_is_no_backup(empty: str, clock: FrozenClock, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="chưa có lược đồ"):
        await back_up(empty, tmp_path, tmp_path / "x.tar", clock.now(), quiet)
    assert not (tmp_path / "x.tar").exists()
