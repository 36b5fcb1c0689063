"""Use cases of near-copies: contents that were stored or revised are signed, looked up, and linked to what they copy.

Driven by `ContentsIngested`, outside the transaction that stored them. The inbox and the revision that was looked at
make it idempotent: an event that comes twice, or a process killed at any point, changes nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.ids import floor_id, id_time
from services.ingest.near import queries
from services.ingest.near.queries import Told
from services.ingest.near.rules import WINDOW, Link, Near, Signed, Sketch, are_near, join, nearest, sign, similarity

COMPARED = 20
"""Candidates of one text that are compared: those that share the most keys."""


async def link_near_copies(session: AsyncSession, ids: Collection[UUID], *, now: datetime) -> int:
    """Look at contents that were stored or revised; how many were linked."""
    await queries.lock(session)
    told = await queries.list_unsigned(session, ids)
    if not told:
        return 0
    with telemetry.step("sign", items=len(told)):
        signed = await asyncio.to_thread(sign, [f"{one.title}\n{one.text}" for one in told])
    looked = list(zip(told, signed, strict=True))
    await _forget(session, looked)
    await queries.record_signatures(session, looked, now)
    ours = {one.content_id: signature for one, signature in looked if signature}
    links = await _links(session, ours, now) if ours else []
    if links:
        await queries.link(session, links, now)
    return len(links)


async def _forget(session: AsyncSession, looked: Sequence[tuple[Told, Signed | None]]) -> None:
    """A revised text is looked at anew; of one that was taken back nothing is kept, and nothing is its copy."""
    revised = [one.content_id for one, _ in looked if one.looked_at is not None]
    if revised:
        await queries.forget(session, revised)
    erased = [one.content_id for one, signature in looked if one.looked_at is not None and signature is None]
    if erased:
        await queries.unlink_copies(session, erased)


async def _links(session: AsyncSession, ours: Mapping[UUID, Signed], now: datetime) -> list[Link]:
    since = floor_id(id_time(min(ours)) - WINDOW)
    found = await queries.find_candidates(session, ours, since, floor_id(now + timedelta(days=1)))
    if not found:
        return []
    asked = _most_shared(found)
    theirs = {candidate for candidates in asked.values() for candidate in candidates}
    sketches = await queries.get_sketches(session, theirs)
    near = {owner: _near(ours[owner].sketch, candidates, sketches) for owner, candidates in asked.items()}
    first_of = await queries.get_firsts(session, theirs | set(ours))
    return _decide(near, set(ours), first_of)


def _most_shared(found: Sequence[tuple[UUID, UUID, int]]) -> dict[UUID, list[UUID]]:
    by_owner: dict[UUID, list[tuple[int, UUID]]] = defaultdict(list)
    for owner, candidate, shared in found:
        by_owner[owner].append((-shared, candidate))
    return {owner: [one for _, one in sorted(candidates)[:COMPARED]] for owner, candidates in by_owner.items()}


def _near(mine: Sketch, candidates: Sequence[UUID], sketches: Mapping[UUID, Sketch]) -> list[Near]:
    alike = [(one, similarity(mine, sketches[one])) for one in candidates if one in sketches]
    return [Near(one, value) for one, value in alike if are_near(mine, sketches[one], value)]


def _decide(near: Mapping[UUID, Sequence[Near]], ours: Collection[UUID], first_of: dict[UUID, UUID]) -> list[Link]:
    """In the order in which they came, so that of two in one batch the later is the copy."""
    links: dict[UUID, Link] = {}
    for owner in sorted(near):
        best = nearest(one for one in near[owner] if one.content_id < owner or one.content_id not in ours)
        link = join(owner, best, first_of) if best else None
        if link:
            links[link.content_id] = link
    return [_led_to_first(one, first_of) for one in links.values()]


def _led_to_first(link: Link, first_of: Mapping[UUID, UUID]) -> Link:
    """A link made earlier in the batch to what became a copy itself later in it."""
    return Link(link.content_id, first_of[link.content_id], link.nearest_id, link.similarity)


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copies:
    """How a content stands among its copies: the first of its group where that is another, and how many further
    contents the group has."""

    copy_of: UUID | None
    copies: int


async def copies_of(session: AsyncSession, content_id: UUID) -> Copies:
    link = await queries.get_link(session, content_id)
    first = link.copy_of if link else None
    return Copies(first, await queries.count_copies(session, first or content_id))
