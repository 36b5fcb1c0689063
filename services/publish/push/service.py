"""The way to push services: what is sent, to whom, and what came of it. Endpoints stand in no log and no error."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.http import AddressRule, FetchError, FetchLimits, PublicFetcher
from libs.common.models.push import PushState
from services.publish.credentials import CredentialsUnreadable, Vault
from services.publish.push import queries, rules
from services.publish.push.encryption import BrowserKeys, KeyInvalid, encrypt
from services.publish.push.endpoints import EndpointRefused, PushServices
from services.publish.push.queries import Due
from services.publish.push.rules import Accepted, Gone, Later, Refused, Verdict
from services.publish.push.vapid import Vapid, b64, unb64
from services.publish.settings import PushSettings

LIMITS = FetchLimits(deadline_s=15.0, ports=frozenset({443}))
"""Far under the lease, so that nothing sent before it is still under way after it."""


@dataclass(frozen=True)
class Browser:
    """Where a browser is told, and with which keys."""

    endpoint: str = field(repr=False)
    keys: BrowserKeys = field(repr=False)

    def as_secret(self) -> dict[str, dict[str, str]]:
        """One level down, so that it is not looked for in every line of the log: there are too many of them."""
        told = {"endpoint": self.endpoint, "p256dh": b64(self.keys.p256dh), "auth": b64(self.keys.auth)}
        return {"browser": told}

    @classmethod
    def of(cls, secret: dict[str, dict[str, str]]) -> "Browser":
        told = secret["browser"]
        return cls(told["endpoint"], BrowserKeys(unb64(told["p256dh"]), unb64(told["auth"])))


class PushService:
    """Has a key pair; nothing of a browser is kept in it."""

    def __init__(self, settings: PushSettings, vapid: Vapid, vault: Vault, fetcher: PublicFetcher) -> None:
        self.settings, self.vapid, self.vault, self._fetcher = settings, vapid, vault, fetcher
        self.services = PushServices(tuple(settings.services))
        self._resting: dict[str, datetime] = {}
        """Push services that asked to be left alone, and until when."""

    @classmethod
    def of(cls, settings: PushSettings, vault: Vault | None, fetcher: PublicFetcher) -> "PushService | None":
        """None where keys are missing: nobody can subscribe then."""
        if settings.vapid_private_key is None or vault is None:
            return None
        return cls(settings, Vapid.of(settings.vapid_private_key, settings.subject), vault, fetcher)

    async def send(self, due: Due, now: datetime) -> Verdict:
        """Never raises for what a browser or its push service did."""
        try:
            browser = Browser.of(self.vault.open(due.subscription_id, due.ciphertext))
            origin = self.services.origin_of(browser.endpoint)
        except (CredentialsUnreadable, EndpointRefused, KeyInvalid):
            return Refused(None)
        if (until := self._resting.get(origin, now)) > now:
            return Later(until)
        told = await self._post(due, browser, origin, now)
        if isinstance(told, Later) and told.is_host:
            self._resting[origin] = told.until
        return told

    async def _post(self, due: Due, browser: Browser, origin: str, now: datetime) -> Verdict:
        body = encrypt(rules.message(due.payload, due.thread, due.notice_id), browser.keys)
        headers = {
            "TTL": str(max(int((due.expires_at - now).total_seconds()), 0)),
            "Urgency": due.urgency,
            "Topic": rules.tag_of(due.thread),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self.vapid.authorization(origin, now),
        }
        try:
            answer = await self._fetcher.post(browser.endpoint, body, headers=headers)
        except FetchError:
            return Later(now + rules.pause_after(due.attempts))
        return rules.verdict(answer.status, answer.headers.get("retry-after"), due.attempts, now)

    async def send_all(self, due: Sequence[Due], now: datetime) -> list[Verdict]:
        side_by_side = asyncio.Semaphore(self.settings.at_once)

        async def one(each: Due) -> Verdict:
            async with side_by_side:
                return await self.send(each, now)

        return list(await asyncio.gather(*map(one, due)))


def open_fetcher(settings: PushSettings, *, replay: bool = False) -> PublicFetcher:
    """Reaches public addresses alone; this machine's own where the list of services names it, and where everything of
    outside is played."""
    rule = AddressRule(public=not replay, loopback=replay or PushServices(tuple(settings.services)).has_loopback)
    return PublicFetcher(user_agent="lantoa-push/1", limits=LIMITS, rule=rule)


async def record_all(session: AsyncSession, told: Sequence[tuple[Due, Verdict]], now: datetime) -> None:
    """Only what was still under way by this very claim counts: a worker that stood still changes nothing."""
    totals: Counter[tuple[UUID, str]] = Counter()
    for due, found in sorted(told, key=lambda pair: (pair[0].notice_id.bytes, pair[0].subscription_id.bytes)):
        telemetry.count("lantoa.push.sends", outcome=type(found).__name__)
        if (state := await _record(session, due, found, now)) is not None:
            totals[due.notice_id, state] += 1
    await queries.add_to_totals(session, totals)


async def _record(session: AsyncSession, due: Due, found: Verdict, now: datetime) -> str | None:
    """The state it ended in, where it has ended; what is gone is counted as it is erased."""
    match found:
        case Gone():
            await queries.erase(session, due.subscription_id)
            return None
        case Later(until, status):
            if until >= due.expires_at:
                return await _end(session, due, PushState.EXPIRED, status, now)
            values = {"state": PushState.QUEUED, "not_before": until, "status": status}
            await queries.record(session, due, now, **values)
            return None
        case Accepted(status):
            return await _end(session, due, PushState.ACCEPTED, status, now)
        case Refused(status):
            return await _end(session, due, PushState.REFUSED, status, now)


async def _end(session: AsyncSession, due: Due, state: PushState, status: int | None, now: datetime) -> str | None:
    return str(state) if await queries.record(session, due, now, state=state, status=status) else None
