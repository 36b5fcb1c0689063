"""Migrations, roles, grants and partitions, as the owner role: one step for `lantoa migrate` and the chart's Job."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from libs.common.models import Base
from libs.common.partitions import ensure_partitions
from libs.common.roles import ALL_ROLES, apply_grants, ensure_roles
from libs.common.schema_gate import HEAD, MINIMUM, check

FOLDER = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 3550


def include_object(obj: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Partitions are made by date, not by the models."""
    if type_ == "table" and reflected and compare_to is None:
        return name == "alembic_version" or not any(
            (name or "").startswith(f"{table.name}_")
            for table in Base.metadata.tables.values()
            if table.info.get("partitioned")
        )
    return True


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, now: datetime) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if _is_ahead(connection):
        return
    ensure_roles(connection)
    command.upgrade(_config(connection), "head")
    ensure_partitions(connection, now)
    apply_grants(connection)


def _is_ahead(connection: Connection) -> bool:
    """After a rollback the schema is newer than this code: left alone where it takes this code, else refused."""
    version = MigrationContext.configure(connection).get_current_revision()
    if version is None or version <= HEAD:
        return False
    check(HEAD, MINIMUM, version, connection.scalar(text("SELECT compatible_from FROM schema_state")))
    return True


def _differences(connection: Connection) -> list[Any]:
    options = {"include_object": include_object, "compare_type": True}
    found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    return [difference for difference in found if difference]


async def migrate(owner_url: str, now: datetime | None = None) -> None:
    """Bring the database to the head; safe to run from many places at once."""
    engine = create_async_engine(owner_url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, now or datetime.now(UTC))
    finally:
        await engine.dispose()


async def differences(owner_url: str) -> list[Any]:
    """What a migration is still missing against the models; empty when they agree."""
    engine = create_async_engine(owner_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences)
    finally:
        await engine.dispose()


async def set_role_passwords(owner_url: str, passwords: Mapping[str, str]) -> None:
    """Give the service roles their passwords; the caller keeps them, the database keeps only scram."""
    engine = create_async_engine(owner_url)
    try:
        async with engine.begin() as connection:
            for role, password in passwords.items():
                if role not in ALL_ROLES:
                    raise ValueError(f"{role} is not a role of this platform")
                quoted = password.replace("'", "''")
                await connection.execute(text(f"ALTER ROLE {role} LOGIN PASSWORD '{quoted}'"))
    finally:
        await engine.dispose()
