"""The audit log: append-only, hash-chained per service and day. It holds ids, never personal data."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
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


@dataclass(frozen=True)
class Break:
    """The first entry of a chain that does not fit."""

    service: str
    day: date
    seq: int
    entry_id: UUID
    why: str


def _check(entry: AuditEntry, prev_hash: bytes, seq: int) -> str | None:
    if entry.seq != seq:
        return f"expected seq {seq}, found {entry.seq}"
    if entry.prev_hash != prev_hash:
        return "does not follow the entry before it"
    values = {c.name: getattr(entry, c.name) for c in AuditEntry.__table__.columns}
    values["at"] = entry.at.astimezone(UTC)
    if entry_hash(prev_hash, _hashed_facts(values)) != entry.hash:
        return "was changed after it was written"
    return None


async def verify(
    session: AsyncSession,
) -> AsyncIterator[Break | tuple[str, date, bytes]]:
    """Walk every chain; yields a Break, or (service, day, root hash) for a chain that holds."""
    chains = await session.execute(
        select(AuditEntry.service, AuditEntry.day).distinct().order_by(AuditEntry.service, AuditEntry.day)
    )
    for service, day in chains.all():
        rows = await session.stream_scalars(
            select(AuditEntry)
            .where(AuditEntry.service == service, AuditEntry.day == day)
            .order_by(AuditEntry.seq)
            .execution_options(yield_per=500)
        )
        prev_hash, seq, broken = GENESIS, 1, False
        async for entry in rows:
            if why := _check(entry, prev_hash, seq):
                yield Break(service, day, entry.seq, entry.id, why)
                broken = True
                break
            prev_hash, seq = entry.hash, seq + 1
        if not broken:
            yield service, day, prev_hash
