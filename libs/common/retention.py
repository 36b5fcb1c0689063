"""Retention: partitions whose time has passed are dropped, those to come are made. Needs the owner role.

Guarantees: nothing younger than its limit goes; an event that the relay still has to send keeps its partition; a table
in use is waited for `LOCK_WAIT` at most, so that nobody is held up, and its partition goes the next night.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError

from libs.common import audit
from libs.common.db import Database
from libs.common.ids import floor_id, new_id
from libs.common.partitions import ensure_partitions, next_start, partitioned_tables

CONTENTS_DAYS, OUTBOX_DAYS, INBOX_DAYS = 90, 7, 8
"""As the design has them. The inbox outlives the outbox by a day: a replay must be recognised."""
LOCK_WAIT = "2s"


@dataclass(frozen=True)
class Partition:
    table: str
    name: str
    ends: datetime
    """Every row of it is older than this instant."""


@dataclass
class Retired:
    """What one run did: partitions made and dropped, rows deleted where they had fallen into a default partition, and
    partitions that stay though their time has passed, with the reason (`unsent`, `busy`)."""

    made: int = 0
    dropped: list[str] = field(default_factory=list)
    deleted: int = 0
    kept: dict[str, str] = field(default_factory=dict)


def limits(contents_days: int = CONTENTS_DAYS, outbox_days: int = OUTBOX_DAYS) -> dict[str, timedelta]:
    """How long each partitioned table holds a row: what belongs to contents goes with them."""
    inbox_days = outbox_days + INBOX_DAYS - OUTBOX_DAYS
    own = {"outbox": timedelta(days=outbox_days), "inbox": timedelta(days=inbox_days)}
    return {table.name: own.get(table.name, timedelta(days=contents_days)) for table in partitioned_tables()}


async def retire(
    owner_url: str, held: Mapping[str, timedelta], now: datetime, *, lock_wait: str = LOCK_WAIT
) -> Retired:
    """Make what is missing ahead, then drop what is past its limit, each partition in a transaction of its own."""
    db, done = Database(owner_url, pool_size=1), Retired()
    try:
        async with db.engine.begin() as connection:
            done.made = await connection.run_sync(ensure_partitions, now)
            expired = await connection.run_sync(list_expired, held, now)
        for partition in expired:
            try:
                async with db.engine.begin() as connection:
                    await connection.run_sync(_drop, partition, done, lock_wait)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
                    raise
                done.kept[partition.name] = "busy"
        async with db.engine.begin() as connection:
            done.deleted = await connection.run_sync(_delete_strays, held, now)
        if done.dropped:
            await _record(db, done, now)
    finally:
        await db.dispose()
    return done


async def _record(db: Database, done: Retired, now: datetime) -> None:
    """In the audit log: an inspector can tell that data is gone because its time had come."""
    async with db.transaction() as session:
        await audit.append(
            session,
            service="operator",
            action="retention.dropped",
            actor_id=None,
            object_type="retention",
            object_id=new_id(now),
            now=now,
            facts={"partitions": done.dropped},
        )


def list_expired(connection: Connection, held: Mapping[str, timedelta], now: datetime) -> list[Partition]:
    """Partitions of which the youngest possible row is past its limit, the oldest first."""
    found = [each for table in partitioned_tables() for each in _partitions(connection, table)]
    return sorted(
        (each for each in found if each.ends + held[each.table] <= now), key=lambda each: (each.ends, each.name)
    )


def _partitions(connection: Connection, table: Table) -> list[Partition]:
    """Those of a period; the default partition is none."""
    query = text(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = "
        "CAST(:table AS regclass) AND child.relname ~ '_[0-9]{8}$'"
    )
    names = connection.scalars(query, {"table": table.name})
    return [Partition(table.name, name, _end(table, name)) for name in names]


def _end(table: Table, name: str) -> datetime:
    start = datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)
    return next_start(table.info["partitioned"], start)


def _drop(connection: Connection, partition: Partition, done: Retired, lock_wait: str) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{lock_wait}'"))
    if partition.table == "outbox":
        unsent = text(f"SELECT EXISTS (SELECT FROM {partition.name} WHERE published_at IS NULL)")
        if connection.scalar(unsent):
            done.kept[partition.name] = "unsent"
            return
    connection.execute(text(f"DROP TABLE {partition.name}"))
    done.dropped.append(partition.name)


def _delete_strays(connection: Connection, held: Mapping[str, timedelta], now: datetime) -> int:
    """Rows that no partition was there for, once they are past their limit."""
    deleted = 0
    for table in partitioned_tables():
        key = table.dialect_options["postgresql"]["partition_by"].removeprefix("RANGE (").removesuffix(")")
        unsent = " AND published_at IS NOT NULL" if table.name == "outbox" else ""
        statement = text(f"DELETE FROM {table.name}_default WHERE {key} < :before{unsent}")
        deleted += connection.execute(statement, {"before": floor_id(now - held[table.name])}).rowcount
    return deleted
