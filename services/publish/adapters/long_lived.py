"""Meta's long-lived tokens of Instagram and Threads: 60 days, renewed by themselves, the old one serving on.

The secret is `{access_token, expires_at}`; until a first renewal the token's end is not told, and is counted from when
it was first seen.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.publish.adapters.base import Account, ChannelError, Json
from services.publish.adapters.graph import Graph
from services.publish.adapters.reading import instant, whole_number

LIVES, RENEWED_AFTER, RENEWABLE_AFTER = timedelta(days=60), timedelta(days=7), timedelta(hours=24)


@dataclass(frozen=True)
class LongLived:
    """The token of one account. `grant`: what the platform calls renewing it."""

    graph: Graph
    account: Account
    grant: str

    async def renewed(self) -> Json:
        """The secret, with a fresh token where the old one has its age; a refusal changes nothing."""
        secret = self.account.secret
        if not self._is_renewable(self._now()):
            return secret
        try:
            return await self.graph.tools.tokens.renew(self.account.channel_id, secret, self._refresh)
        except ChannelError:
            return secret

    def _is_renewable(self, now: datetime) -> bool:
        """The platform renews what is at least a day old; not every day is needed."""
        ends = instant(self.account.secret.get("expires_at"))
        if ends is not None:
            return now >= ends - LIVES + RENEWED_AFTER
        seen = instant((self._told().get("token") or {}).get("seen_at"))
        return seen is not None and now >= seen + RENEWABLE_AFTER

    async def _refresh(self, secret: Json, unheard: bool) -> Json:
        """The old token serves on: an answer that was lost costs nothing, and is asked for again."""
        token = str(secret["access_token"])
        address = f"{self.graph.service}/refresh_access_token"  # it has no version
        told = await replace(self.graph, token=token).get(address, grant_type=self.grant, access_token=token)
        lasts = whole_number(told.get("expires_in")) or int(LIVES.total_seconds())
        ends = self._now() + timedelta(seconds=lasts)
        return {"access_token": str(told["access_token"]), "expires_at": ends.isoformat()}

    def ends_at(self, secret: Json) -> datetime | None:
        """As the platform said; until then, 60 days after we first saw it, which is the latest it can be."""
        ends = instant(secret.get("expires_at"))
        if ends is not None:
            return ends
        seen = instant(self.seen()["seen_at"])
        return seen + LIVES if seen is not None else None

    def seen(self) -> Json:
        """Since when this token is used; named by a digest, so that another one starts anew."""
        digest = hashlib.sha256(str(self.account.secret.get("access_token", "")).encode()).hexdigest()[:12]
        known = self._told().get("token") or {}
        return known if known.get("is") == digest else {"is": digest, "seen_at": self._now().isoformat()}

    def _told(self) -> Json:
        return self.account.facts or {}

    def _now(self) -> datetime:
        return self.graph.tools.clock.now()
