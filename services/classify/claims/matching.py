"""New contents are held against the claims; what may repeat one is suggested, and that it was seen is recorded.

A near-copy of a content that a person confirmed is suggested first; one of a content that a person rejected is not
suggested for that claim. What was decided itself is never touched.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import outbox
from libs.common.events.claims import ClaimSeen
from libs.common.events.content import BATCH_LIMIT
from libs.common.models.enums import MatchState
from libs.common.text import unmark
from services.classify import queries as label_queries
from services.classify.claims import queries
from services.classify.claims.book import ClaimBook
from services.classify.claims.likeness import term_weight
from services.classify.claims.queries import NewMatch
from services.classify.claims.shelf import ClaimShelf
from services.classify.function_words import FUNCTION_WORDS
from services.classify.queries import ToAnnotate
from services.classify.searching.lexemes import phrase, written_words

ASKED_PAIRS = 12
Seen = Literal[MatchState.SUGGESTED, MatchState.CONFIRMED]


async def match_contents(session: AsyncSession, ids: Sequence[UUID], shelf: ClaimShelf, *, now: datetime) -> int:
    """Suggest for new contents the claims they may repeat; how many links are new."""
    async with shelf.lock:
        await shelf.refresh(session, now)
        if not shelf.book.claims:
            return 0
        contents = await label_queries.contents_to_annotate(session, sorted(set(ids)))
        if shelf.meaning:
            shelf.meaning.begin()
        found = await asyncio.to_thread(_judge, shelf.book, contents)
    rows = _settled(found, await queries.decided_copies(session, [one.content_id for one in contents]))
    if not rows:
        return 0
    new = await queries.suggest_matches(session, rows, now)
    await announce(session, new, MatchState.SUGGESTED, now)
    return len(new)


def _judge(book: ClaimBook[UUID], contents: Sequence[ToAnnotate]) -> dict[tuple[UUID, UUID], float]:
    return {
        (match.claim_id, content.content_id): match.score
        for content in contents
        for match in book.suggest(content.title, content.text)
    }


def _settled(
    found: Mapping[tuple[UUID, UUID], float], copies: Sequence[tuple[UUID, UUID, UUID, str]]
) -> list[NewMatch]:
    rows = {key: NewMatch(*key, score) for key, score in found.items()}
    for content_id, claim_id, decided_id, state in sorted(copies, key=lambda one: one[3], reverse=True):
        key = (claim_id, content_id)
        if state == MatchState.REJECTED:
            rows.pop(key, None)
        else:  # sorted last: what was confirmed of one copy outweighs what was rejected of another
            rows[key] = NewMatch(*key, max(0.99, found.get(key, 0.0)), decided_id)
    return list(rows.values())


async def announce(session: AsyncSession, seen: Sequence[tuple[UUID, UUID]], state: Seen, now: datetime) -> None:
    """Record that claims were seen again: (claim, content)."""
    told: dict[UUID, list[UUID]] = {}
    for claim_id, content_id in seen:
        told.setdefault(claim_id, []).append(content_id)
    if not told:
        return
    counts = await queries.count_matches(session, list(told))
    events = [
        ClaimSeen(claim_id=claim_id, state=state.value, content_ids=ids[at : at + BATCH_LIMIT], count=counts[claim_id])
        for claim_id, ids in told.items()
        for at in range(0, len(ids), BATCH_LIMIT)
    ]
    await outbox.emit_all(session, events, now=now)


def asked_pairs(text: str) -> str:
    """What the search index is asked for a claim: its most telling pairs of words, side by side; "" for none."""
    words = [word for word in written_words(text) if unmark(word) not in FUNCTION_WORDS]
    pairs = sorted(set(pairwise(words)), key=lambda pair: (-term_weight(unmark(" ".join(pair))), pair))
    return " | ".join(f"({phrase(pair)})" for pair in pairs[:ASKED_PAIRS])
