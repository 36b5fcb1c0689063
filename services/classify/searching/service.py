"""Asking the index: a question is read, its names are resolved, and pages are found from the newest backwards."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.ids import id_time
from libs.common.units import Register
from services.classify.searching import names, queries
from services.classify.searching.language import And, Node, Unreadable, parse
from services.classify.searching.plans import Plan, Resolved, plan
from services.classify.searching.problems import QueryUnreadable
from services.classify.searching.queries import EVERYTHING, Window
from services.classify.searching.windows import BEGINNING, FEW_ROWS, PROBE_ROWS, Seen, next_window

BUDGET = 0.08
"""Seconds after which no further window is begun: a page may then be short, and its cursor goes on from there."""
STARTING = 0.004
"""Seconds that a window takes however short it is."""


@dataclass(frozen=True)
class Asked:
    node: Node
    resolved: Resolved
    plan: Plan


@dataclass(frozen=True)
class Found:
    """Ids, the newest first, and where the next page begins, if there is more to look at."""

    ids: list[UUID]
    next_before: UUID | None


async def read_question(
    session: AsyncSession, text: str, more: Sequence[Node], register: Register, now: datetime, pointer: str = "/query/q"
) -> Asked:
    """What is asked, with the filters that were given beside it; raises QueryUnreadable."""
    try:
        nodes = [*([parse(text)] if text.strip() or not more else []), *more]
        node = nodes[0] if len(nodes) == 1 else And(tuple(nodes))
        resolved = await names.resolve(session, node, register, now.astimezone(HANOI).date())
        return Asked(node, resolved, plan(node, resolved))
    except Unreadable as error:
        raise QueryUnreadable.at(error, pointer) from error


async def find(
    session: AsyncSession, asked: Plan, before: UUID | None, limit: int, budget: float | None = BUDGET
) -> Found:
    """A page: at most `limit` ids. It is shorter than there is to find only where looking took too long."""
    until = time.monotonic() + budget if budget else None
    ids: list[UUID] = []
    for high, low, only_late in _stretches(asked, before):
        found = await _look_back(session, asked, Window(low, high), limit + 1 - len(ids), only_late, until)
        ids += found.ids
        if len(ids) > limit:
            return Found(ids[:limit], ids[limit - 1])
        if found.next_before is not None:
            return Found(ids, found.next_before)
    return Found(ids, None)


def _stretches(asked: Plan, before: UUID | None) -> Iterator[tuple[UUID, UUID, bool]]:
    """What is to be looked through: (high, low, whether only what came late counts there). Where a question ends on a
    day, the hour after it is looked through by itself: next to nothing is there, which says nothing of before."""
    high, low = before or EVERYTHING, asked.after or BEGINNING
    if asked.only_late_from is not None:
        for border, only_late in ((asked.only_late_from, True), (asked.ends_by, False)):
            edge = max(border or low, low)
            if edge < high:
                yield high, edge, only_late
                high = edge
    if low < high:
        yield high, low, False


async def _look_back(
    session: AsyncSession, asked: Plan, whole: Window, wanted: int, only_late: bool, until: float | None
) -> Found:
    """Window by window, each as long as what was found so far says."""
    await queries.prepare(session, by_words=False)
    newest, low, oldest = await queries.edges(session, whole.high, PROBE_ROWS)
    if newest is None or oldest is None or newest < whole.low:
        return Found([], None)
    low, oldest = max(low or BEGINNING, whole.low), max(oldest, whole.low)
    # Not beyond the newest, so that no partition of later months is looked at.
    ids = await _list(session, asked, Window(low, UUID(int=newest.int + 1)), wanted, only_late, by_words=False)
    seen, was_by_words = Seen(PROBE_ROWS, id_time(newest) - id_time(low), len(ids)), False
    pace = Pace(until)
    while len(ids) < wanted and low > oldest:
        if until is not None and time.monotonic() > until:
            return Found(ids, low)
        window, rows = next_window(low, seen, wanted, oldest, pace.most_rows())
        by_words = (asked.candidates is not None or only_late) and rows > FEW_ROWS
        if by_words is not was_by_words:
            await queries.prepare(session, by_words=by_words)
        began = time.monotonic()
        found = await _list(session, asked, Window(window, low), wanted - len(ids), only_late, by_words=by_words)
        pace.took(time.monotonic() - began, rows)
        seen, ids, low, was_by_words = seen.with_more(rows, len(found)), ids + found, window, by_words
    return Found(ids, None)


class Pace:
    """How many rows fit into the time that is left, as far as the last window says."""

    def __init__(self, until: float | None) -> None:
        self._until = until
        self._seconds_a_row: float | None = None

    def took(self, seconds: float, rows: float) -> None:
        self._seconds_a_row = max(seconds - STARTING, 0) / max(rows, 1)

    def most_rows(self) -> float:
        if self._until is None or not self._seconds_a_row:
            return math.inf
        return max(self._until - time.monotonic(), 0) / self._seconds_a_row


async def _list(
    session: AsyncSession, asked: Plan, window: Window, limit: int, only_late: bool, *, by_words: bool
) -> list[UUID]:
    query = queries.within(asked, window, by_words=by_words, only_late=only_late)
    return await queries.list_found(session, query, limit)


async def describe(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Any]:
    if not ids:
        return []
    await queries.prepare(session, by_words=False)
    return await queries.describe(session, ids)


def in_hanoi(at: datetime) -> datetime:
    return at.astimezone(HANOI)
