"""The audit log: append-only, hash-chained per service and day. It holds ids, never personal data."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models import AuditEntry

GENESIS = b"\0" * 32


_CODE = re.compile(r"(?!\d+$)[A-Za-z0-9_.:+/-]{1,128}")


def require_codes(facts: object) -> None:
    """Facts are ids, hashes, codes and figures; words (and so people) have no place in what is never erased."""
    match facts:
        case Mapping():
            for name, value in facts.items():
                require_codes(name)
                require_codes(value)
        case list() | tuple():
            for value in facts:
                require_codes(value)
        case str() if not _CODE.fullmatch(facts):
            raise ValueError("an audit entry holds ids, codes and figures, never text")
        case None | str() | bool() | int() | float():
            return
        case _:
            raise ValueError(f"an audit entry cannot hold a {type(facts).__name__}")


def entry_hash(prev_hash: bytes, facts: dict[str, Any]) -> bytes:
    """SHA-256 of the previous hash and the canonical JSON of an entry."""
    canonical = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(prev_hash + canonical.encode()).digest()


def _hashed_facts(entry: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "service",
        "day",
        "seq",
        "action",
        "actor_id",
        "object_type",
        "object_id",
        "facts",
        "at",
    )
    return {name: entry[name] if name in ("seq", "facts") else str(entry[name]) for name in kept}


async def append(
    session: AsyncSession,
    *,
    service: str,
    action: str,
    actor_id: UUID | None,
    object_type: str,
    object_id: UUID,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    """Add an entry in this transaction; the chain of (service, day) is held by an advisory lock until it ends."""
    require_codes(facts or {})
    day = now.astimezone(HANOI).date()
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await session.execute(lock, {"key": f"audit:{service}:{day}"})
    last = await session.execute(
        select(AuditEntry.seq, AuditEntry.hash)
        .where(AuditEntry.service == service, AuditEntry.day == day)
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )
    seq, prev_hash = last.first() or (0, GENESIS)
    entry: dict[str, Any] = {
        "service": service,
        "day": day,
        "seq": seq + 1,
        "action": action,
        "actor_id": actor_id,
        "object_type": object_type,
        "object_id": object_id,
        "facts": facts or {},
        "at": now.astimezone(UTC),
    }
    entry |= {
        "id": new_id(now),
        "prev_hash": prev_hash,
        "hash": entry_hash(prev_hash, _hashed_facts(entry)),
    }
    await session.execute(insert(AuditEntry).values(entry))


class Fault(StrEnum):
    """What is wrong with an entry, a chain, or the line of sealed days."""

    GAP = "gap"
    UNLINKED = "unlinked"
    CHANGED = "changed"
    CUT = "cut"
    ADDED = "added"
    DAY_BROKEN = "day_broken"


@dataclass(frozen=True)
class Break:
    """The first entry of a chain that does not fit; `service` is None where it is the sealed day itself, `entry_id`
    where what does not fit is that something is not there."""

    service: str | None
    day: date
    seq: int
    entry_id: UUID | None
    fault: Fault
    why: str


@dataclass(frozen=True)
class Chain:
    """A chain that holds: how many entries it has, and the hash of the last."""

    service: str
    day: date
    entries: int
    root: bytes


def _fault_of(entry: AuditEntry, prev_hash: bytes, seq: int) -> tuple[Fault, str] | None:
    if entry.seq != seq:
        return Fault.GAP, f"expected seq {seq}, found {entry.seq}"
    if entry.prev_hash != prev_hash:
        return Fault.UNLINKED, "does not follow the entry before it"
    values = {c.name: getattr(entry, c.name) for c in AuditEntry.__table__.columns}
    values["at"] = entry.at.astimezone(UTC)
    if entry_hash(prev_hash, _hashed_facts(values)) != entry.hash:
        return Fault.CHANGED, "was changed after it was written"
    return None


async def chains_between(
    session: AsyncSession, since: date | None = None, until: date | None = None
) -> list[tuple[str, date]]:
    """(service, day) of every chain from one day to another, both included, by day."""
    query = select(AuditEntry.service, AuditEntry.day).distinct().order_by(AuditEntry.day, AuditEntry.service)
    if since is not None:
        query = query.where(AuditEntry.day >= since)
    if until is not None:
        query = query.where(AuditEntry.day <= until)
    return [(service, day) for service, day in await session.execute(query)]


async def entries_of(session: AsyncSession, service: str, day: date) -> AsyncIterator[AuditEntry]:
    """The entries of one chain in their order, a few hundred in memory at a time."""
    rows = await session.stream_scalars(
        select(AuditEntry)
        .where(AuditEntry.service == service, AuditEntry.day == day)
        .order_by(AuditEntry.seq)
        .execution_options(yield_per=500)
    )
    async for some in rows.partitions():
        for entry in some:
            yield entry


async def verify(
    session: AsyncSession, since: date | None = None, until: date | None = None
) -> AsyncIterator[Break | Chain]:
    """Walk every chain from one day to another, by day: what of each holds, or its first entry that does not fit."""
    for service, day in await chains_between(session, since, until):
        yield await _verify_chain(session, service, day)


async def _verify_chain(session: AsyncSession, service: str, day: date) -> Break | Chain:
    prev_hash, entries = GENESIS, 0
    async for entry in entries_of(session, service, day):
        if fault := _fault_of(entry, prev_hash, entries + 1):
            return Break(service, day, entry.seq, entry.id, *fault)
        prev_hash, entries = entry.hash, entries + 1
    return Chain(service, day, entries, prev_hash)
