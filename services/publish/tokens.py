"""Tokens that have to be renewed, one renewer for each account at a time.

Some platforms take a refresh token once: two who use it, or one who loses the answer, and a person has to connect the
account again. So whoever renews says so in the database first, stores what came before using it, and what was begun
and never finished is known as such. The call itself is made outside any transaction.
"""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from services.publish import delivery_queries, queries
from services.publish.adapters.base import Json, Refresh, RenewalUnheard
from services.publish.credentials import Vault

LEASE = timedelta(seconds=60)
"""How long a renewal may take before another worker takes over; longer than the adapters' time-outs."""
LOOKS, LOOK_EVERY = 120, 0.5


class StoredTokens:
    """`looks`: how often it is looked whether another has finished a renewal, before the stale secret is given back."""

    def __init__(self, db: Database, clock: Clock, vault: Vault | None, looks: int = LOOKS) -> None:
        self._db, self._clock, self._vault, self._looks = db, clock, vault, looks

    async def renew(self, channel_id: UUID, stale: Json, refresh: Refresh) -> Json:
        for _ in range(self._looks):
            kept, begun = await self._begun(channel_id, stale)
            if kept != stale:
                return kept
            if begun is not None:
                return await self._renewed(channel_id, kept, refresh, unheard=begun.was_unheard)
            await asyncio.sleep(LOOK_EVERY)
        return stale

    async def _begun(self, channel_id: UUID, stale: Json) -> tuple[Json, delivery_queries.Renewal | None]:
        """What is stored, and the renewal that is ours where it is still the stale one: seen and begun under one lock,
        so that nobody's renewal ends between the two and its dead token is used once more."""
        async with self._db.transaction() as session:
            await delivery_queries.lock_credentials(session, channel_id)
            kept = await self._read(session, channel_id)
            if kept != stale:
                return kept, None
            now = self._clock.now()
            return kept, await delivery_queries.begin_renewal(session, channel_id, now, now - LEASE)

    async def _renewed(self, channel_id: UUID, kept: Json, refresh: Refresh, *, unheard: bool) -> Json:
        """Also where the platform refused is the renewal over; where its answer was lost, it stays marked."""
        try:
            changed = await refresh(kept, unheard)
        except RenewalUnheard:
            raise
        except Exception:
            await self._end(channel_id, None)
            raise
        await self._end(channel_id, {**kept, **changed})
        return {**kept, **changed}

    async def _read(self, session: AsyncSession, channel_id: UUID) -> Json:
        sealed = await queries.get_credentials(session, channel_id)
        assert sealed is not None
        assert self._vault is not None
        return self._vault.open(channel_id, sealed)

    async def _end(self, channel_id: UUID, secret: Json | None) -> None:
        async with self._db.transaction() as session:
            now = self._clock.now()
            if secret is not None and self._vault is not None:
                await queries.store_credentials(session, channel_id, self._vault.seal(channel_id, secret), now)
            await delivery_queries.end_renewal(session, channel_id)
