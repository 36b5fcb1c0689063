"""Range partitions over UUIDv7 keys: made ahead of time; rows outside them fall into a default partition."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Table, text

from libs.common.ids import floor_id
from libs.common.models import Base

AHEAD = {"week": 8, "month": 6}


def period_start(period: str, at: datetime) -> datetime:
    """Monday 00:00 UTC, or the first of the month."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday()) if period == "week" else day.replace(day=1)


def next_start(period: str, start: datetime) -> datetime:
    return start + timedelta(days=7) if period == "week" else (start + timedelta(days=32)).replace(day=1)


def planned(period: str, now: datetime) -> list[tuple[datetime, datetime]]:
    """The current period, the one before it, and those ahead."""
    start = period_start(period, period_start(period, now) - timedelta(days=1))
    ranges = []
    for _ in range(AHEAD[period] + 2):
        ranges.append((start, next_start(period, start)))
        start = next_start(period, start)
    return ranges


def partitioned_tables() -> list[Table]:
    return [t for t in Base.metadata.sorted_tables if t.info.get("partitioned")]


def ensure_partitions(connection: Connection, now: datetime) -> int:
    """Create what is missing; returns how many. Needs the owner role."""
    existing = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")))
    made = 0
    for table in partitioned_tables():
        period = table.info["partitioned"]
        wanted = {
            f"{table.name}_{start:%Y%m%d}": f"FROM ('{floor_id(start)}') TO ('{floor_id(end)}')"
            for start, end in planned(period, now)
        }
        for name, bounds in wanted.items() - {(n, b) for n, b in wanted.items() if n in existing}:
            connection.execute(text(f"CREATE TABLE {name} PARTITION OF {table.name} FOR VALUES {bounds}"))
            made += 1
        if f"{table.name}_default" not in existing:
            connection.execute(text(f"CREATE TABLE {table.name}_default PARTITION OF {table.name} DEFAULT"))
            made += 1
    return made
