"""Sealed days: what each chain of the audit log came to once its day was over, each day following the one before.

A chain tells which entry was changed; that its last entries, a chain or a whole day are gone, or were added afterwards,
only the sealed days tell. The digest of the last day stands for the whole log: kept elsewhere, it proves it for ever.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import GENESIS, Break, Chain, Fault, verify
from libs.common.models import AuditDay, AuditEntry

DAY = timedelta(days=1)


def day_digest(prev_digest: bytes, day: date, chains: Sequence[Mapping[str, Any]]) -> bytes:
    """SHA-256 of the digest of the day before and the canonical JSON of a day's chains."""
    told = {"day": str(day), "chains": list(chains)}
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(prev_digest + canonical.encode()).digest()


async def last_day(session: AsyncSession) -> AuditDay | None:
    return await session.scalar(select(AuditDay).order_by(AuditDay.day.desc()).limit(1))


async def first_unsealed(session: AsyncSession) -> date | None:
    """The day to be sealed next; None while the log is empty."""
    last = await last_day(session)
    return last.day + DAY if last is not None else await session.scalar(select(func.min(AuditEntry.day)))


async def seal(session: AsyncSession, until: date, now: datetime) -> int:
    """Seal each day up to `until`, which must be over; how many were sealed. A broken chain is sealed as it is: the
    check tells of it, and what comes after it is proved all the same."""
    day, last = await first_unsealed(session), await last_day(session)
    if day is None or day > until:
        return 0
    prev_digest, ends, sealed = (last.digest if last else GENESIS), await _ends(session, day, until), 0
    while day <= until:
        chains = ends.get(day, [])
        digest = day_digest(prev_digest, day, chains)
        session.add(AuditDay(day=day, chains=chains, prev_digest=prev_digest, digest=digest, sealed_at=now))
        prev_digest, day, sealed = digest, day + DAY, sealed + 1
    await session.flush()
    return sealed


async def _ends(session: AsyncSession, since: date, until: date) -> dict[date, list[dict[str, Any]]]:
    """The last entry of every chain of these days, by service."""
    entry = AuditEntry
    query = (
        select(entry.day, entry.service, entry.seq, entry.hash)
        .ext(distinct_on(entry.day, entry.service))
        .where(entry.day.between(since, until))
        .order_by(entry.day, entry.service, entry.seq.desc())
    )
    found: dict[date, list[dict[str, Any]]] = {}
    for day, service, seq, root in await session.execute(query):
        found.setdefault(day, []).append({"service": service, "entries": seq, "root": root.hex()})
    return found


async def verify_days(session: AsyncSession) -> AsyncIterator[Break]:
    """Walk the whole line of sealed days: each follows the one before and has the digest of what it says."""
    prev_digest, expected = GENESIS, None
    for row in await session.scalars(select(AuditDay).order_by(AuditDay.day)):
        if why := _wrong_with(row, prev_digest, expected):
            yield Break(None, row.day, 0, None, Fault.DAY_BROKEN, why)
        prev_digest, expected = row.digest, row.day + DAY


def _wrong_with(row: AuditDay, prev_digest: bytes, expected: date | None) -> str | None:
    if expected is not None and row.day != expected:
        return f"expected the sealed day {expected}, found {row.day}"
    if row.prev_digest != prev_digest:
        return "does not follow the sealed day before it"
    if day_digest(row.prev_digest, row.day, row.chains) != row.digest:
        return "the sealed day was changed after it was written"
    return None


async def verify_log(
    session: AsyncSession, since: date | None = None, until: date | None = None
) -> AsyncIterator[Break | Chain]:
    """`audit.verify`, where each chain of a sealed day must also be what the day says it was."""
    sealed = await _sealed_between(session, since, until)
    async for found in verify(session, since, until):
        told = sealed.get(found.day, {}).pop(found.service, None) if found.service else None
        yield _held_to(found, told, is_sealed=found.day in sealed) if isinstance(found, Chain) else found
    for day, chains in sealed.items():
        for service, told in chains.items():
            yield Break(service, day, 1, None, Fault.CUT, f"all {told['entries']} entries of the chain are gone")


async def _sealed_between(
    session: AsyncSession, since: date | None, until: date | None
) -> dict[date, dict[str, dict[str, Any]]]:
    query = select(AuditDay.day, AuditDay.chains).order_by(AuditDay.day)
    if since is not None:
        query = query.where(AuditDay.day >= since)
    if until is not None:
        query = query.where(AuditDay.day <= until)
    return {day: {told["service"]: told for told in chains} for day, chains in await session.execute(query)}


def _held_to(chain: Chain, told: Mapping[str, Any] | None, *, is_sealed: bool) -> Break | Chain:
    if told is None:
        if not is_sealed:
            return chain
        return Break(chain.service, chain.day, 1, None, Fault.ADDED, "the chain was not there when the day was sealed")
    count = int(told["entries"])
    if chain.entries < count:
        why = f"ends with entry {chain.entries}, of {count} that were there when the day was sealed"
        return Break(chain.service, chain.day, chain.entries + 1, None, Fault.CUT, why)
    if chain.entries > count:
        why = f"has {chain.entries} entries, and had {count} when the day was sealed"
        return Break(chain.service, chain.day, count + 1, None, Fault.ADDED, why)
    if chain.root.hex() != told["root"]:
        why = "every entry fits the one before, and the last is not the one that was sealed"
        return Break(chain.service, chain.day, count, None, Fault.CHANGED, why)
    return chain
