"""The book of claims that a worker holds, brought up to date with what changed and no more."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import ClaimState
from services.classify.claims import queries
from services.classify.claims.book import ClaimBook
from services.classify.claims.meaning import RationedMeaning

OVERLAP = timedelta(minutes=2)
"""A transaction that began earlier may commit later; so far back each look goes."""
ANEW = timedelta(hours=1)
"""After so long the whole list is compared, so that nothing is missed for ever."""


@dataclass
class ClaimShelf:
    """One book for one process. Whoever reads or changes it holds the lock."""

    book: ClaimBook[UUID] = field(default_factory=lambda: ClaimBook({}))
    meaning: RationedMeaning | None = None
    """The second opinion on uncertain ones; a batch begins by telling it so."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changed_to: datetime | None = None
    _whole_at: datetime | None = None

    def __post_init__(self) -> None:
        self.book.meaning = self.meaning

    async def refresh(self, session: AsyncSession, now: datetime) -> int:
        """Take in claims that are new, changed or closed; how many."""
        is_whole = self._whole_at is None or now - self._whole_at >= ANEW
        since = None if is_whole or self._changed_to is None else self._changed_to - OVERLAP
        rows = await queries.claims_since(session, since)
        done = sum(self._take(claim_id, text, state) for claim_id, text, state, _ in rows)
        if since is None:
            there = {row.id for row in rows}
            for gone in [claim_id for claim_id in self.book.claims if claim_id not in there]:
                self.book.remove(gone)
            self._whole_at = now
        self._changed_to = max([row.updated_at for row in rows], default=self._changed_to)
        return done

    def _take(self, claim_id: UUID, text: str, state: str) -> bool:
        known = self.book.claims.get(claim_id)
        if state == ClaimState.CLOSED:
            self.book.remove(claim_id)
            return known is not None
        if known == text:
            return False
        self.book.add(claim_id, text)
        return True
