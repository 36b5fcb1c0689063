"""Use cases of the hub: take a wish, ask the subscriber whether it was they, tell them the feed as it stands.

A subscriber is told the whole feed until it has taken it; what changed meanwhile is in it. So nothing is queued,
nothing is lost when a worker dies, and who was away gets one push, not a hundred.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.doorman import Doorman
from libs.common.http import LOOPBACK_ONLY, FetchError, FetchLimits, PublicFetcher, allow_networks
from libs.common.ids import new_id
from libs.common.models.bulletin import HubMode, HubTopic
from libs.common.web import Site
from services.publish.credentials import CredentialsUnreadable, Vault
from services.publish.hub import queries, rules
from services.publish.hub.rules import Wish
from services.publish.settings import BulletinSettings

LIMITS = FetchLimits(max_bytes=4096, deadline_s=15.0)


class NoRoom(Exception):
    """So many subscriptions are kept for this host, or at all."""


@dataclass
class Hub:
    """What a process of the hub holds. `may_be_plain`: callbacks may be http, where all of outside is played."""

    settings: BulletinSettings
    site: Site
    vault: Vault = field(repr=False)
    fetcher: PublicFetcher = field(repr=False)
    may_be_plain: bool = False
    doorman: Doorman = field(default_factory=Doorman, repr=False)

    @classmethod
    def of(
        cls, settings: BulletinSettings, site: Site, vault: Vault | None, fetcher: PublicFetcher, *, replay: bool
    ) -> "Hub | None":
        """None without a key: nothing could be sealed."""
        return cls(settings, site, vault, fetcher, replay) if vault is not None else None

    @property
    def address(self) -> str:
        return self.site.url(rules.PATH)

    def topics(self) -> dict[str, HubTopic]:
        return {self.topic(each): each for each in HubTopic}

    def topic(self, topic: str) -> str:
        return self.site.url(f"/{topic}")

    def links(self, topic: str) -> str:
        return f'<{self.address}>; rel="hub", <{self.topic(topic)}>; rel="self"'


def open_fetcher(settings: BulletinSettings, *, replay: bool) -> PublicFetcher:
    """Public addresses and the networks an operator listed; on this machine alone where all of outside is played."""
    rule = LOOPBACK_ONLY if replay else allow_networks(settings.hub_networks)
    return PublicFetcher(user_agent="lantoa-hub/1 (WebSub)", limits=LIMITS, rule=rule)


# --- wishes --------------------------------------------------------------------------------------------------


async def take_wish(session: AsyncSession, hub: Hub, wish: Wish, now: datetime) -> None:
    """Noted, to be verified; until then what was verified before stays as it is. Raises NoRoom."""
    key_hash = hashlib.sha256(f"{wish.topic}\0{wish.callback}".encode()).digest()
    row = await queries.lock_by_hash(session, key_hash)
    if row is None and wish.mode is HubMode.UNSUBSCRIBE:
        return
    if row is None:
        await _add(session, hub, wish, key_hash, now)
        return
    if wish.mode is HubMode.SUBSCRIBE:
        kept = _opened(hub, row)
        row.ciphertext = hub.vault.seal(row.id, {**kept, "callback": wish.callback, "next_secret": wish.secret})
        row.key_id, row.lease_seconds = hub.vault.key_id, int(wish.lease.total_seconds())
    row.wish, row.ask_at, row.asks, row.asked_at = wish.mode, now, 0, now


async def _add(session: AsyncSession, hub: Hub, wish: Wish, key_hash: bytes, now: datetime) -> None:
    of_host, of_all = await queries.counted(session, wish.host)
    if of_host >= hub.settings.hub_per_host or of_all >= hub.settings.hub_most:
        raise NoRoom
    made = new_id(now)
    sealed = hub.vault.seal(made, {"callback": wish.callback, "secret": None, "next_secret": wish.secret})
    values = {"id": made, "topic": wish.topic, "host": wish.host, "key_hash": key_hash}
    values |= {"ciphertext": sealed, "key_id": hub.vault.key_id, "lease_seconds": int(wish.lease.total_seconds())}
    await queries.add(session, values | {"wish": wish.mode, "ask_at": now, "asked_at": now, "push_at": now})


def _opened(hub: Hub, row: m.HubSubscription) -> dict[str, str | None]:
    """What can't be read any more is asked for anew."""
    try:
        return dict(hub.vault.open(row.id, row.ciphertext))
    except CredentialsUnreadable:
        return {"secret": None}


@dataclass(frozen=True)
class Asking:
    """One wish to be verified, as it was when it was claimed."""

    subscription_id: UUID
    topic: str
    wish: str
    asked_at: datetime
    asks: int
    lease: timedelta
    callback: str | None = field(repr=False)


async def claim_wishes(session: AsyncSession, hub: Hub, now: datetime, most: int) -> list[Asking]:
    rows = await queries.claim_wishes(session, now, now + rules.CLAIMED_FOR, most)
    return [
        Asking(
            row.id,
            row.topic,
            str(row.wish),
            row.asked_at,
            row.asks,
            timedelta(seconds=row.lease_seconds),
            _opened(hub, row).get("callback"),
        )
        for row in rows
    ]


async def verify(hub: Hub, asking: Asking) -> bool | None:
    """Whether the subscriber says that it was they; None where it gave no answer."""
    if asking.callback is None:
        return False
    challenge = secrets.token_urlsafe(24)
    url = rules.asking(asking.callback, asking.wish, hub.topic(asking.topic), challenge, asking.lease)
    try:
        answer = await hub.fetcher.fetch(url)
    except FetchError:
        return None
    if answer.ok:
        return hmac.compare_digest(answer.body, challenge.encode())
    return False if 400 <= answer.status < 500 else None


async def record_answer(
    session: AsyncSession, hub: Hub, asking: Asking, is_theirs: bool | None, digest: str | None, now: datetime
) -> None:
    """`digest`: of the feed as it stands; a new subscriber has just read it. A wish that came meanwhile is left
    alone."""
    row = await queries.lock(session, asking.subscription_id)
    if row is None or row.wish != asking.wish or row.asked_at != asking.asked_at:
        return
    if is_theirs is None and asking.asks <= len(rules.ASKED_AGAIN):
        row.ask_at = now + rules.ASKED_AGAIN[asking.asks - 1]
        return
    if is_theirs and row.wish == HubMode.SUBSCRIBE:
        kept = _opened(hub, row)
        row.ciphertext = hub.vault.seal(row.id, {"callback": kept.get("callback"), "secret": kept.get("next_secret")})
        row.key_id = hub.vault.key_id
        if row.lease_ends_at is None or row.lease_ends_at <= now:
            row.sent_digest, row.push_at, row.failures = digest, now, 0
        row.verified_at, row.lease_ends_at = now, now + asking.lease
    elif is_theirs or row.verified_at is None:
        await queries.erase(session, row.id)
        return
    row.wish, row.ask_at, row.asks = None, None, 0


# --- pushes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Push:
    """One subscriber to be told."""

    subscription_id: UUID
    topic: str
    failures: int
    callback: str | None = field(repr=False)
    secret: str | None = field(repr=False)


async def claim_pushes(
    session: AsyncSession, hub: Hub, digests: dict[str, str], now: datetime, most: int
) -> list[Push]:
    rows = await queries.claim_pushes(session, digests, now, now + rules.CLAIMED_FOR, most)
    opened = [(row, _opened(hub, row)) for row in rows]
    return [Push(row.id, row.topic, row.failures, kept.get("callback"), kept.get("secret")) for row, kept in opened]


async def tell(hub: Hub, push: Push, body: bytes) -> int | None:
    """The status of the answer; None where there was none."""
    if push.callback is None:
        return None
    headers = {"Content-Type": rules.MEDIA_TYPES[HubTopic(push.topic)], "Link": hub.links(push.topic)}
    if push.secret:
        headers["X-Hub-Signature"] = rules.signature(body, push.secret)
    try:
        return (await hub.fetcher.post(push.callback, body, headers=headers, max_bytes=1024)).status
    except FetchError:
        return None


async def record_push(session: AsyncSession, push: Push, status: int | None, digest: str, now: datetime) -> str:
    """How it ended: `told`, `gone` (it said so, or was away for too long) or `again`."""
    if status is not None and 200 <= status < 300:
        told = {"sent_digest": digest, "sent_at": now, "push_at": now, "failures": 0}
        await queries.change(session, push.subscription_id, **told)
        return "told"
    failures = push.failures + 1
    if status == 410 or failures >= rules.MOST_FAILURES:
        await queries.erase(session, push.subscription_id)
        return "gone"
    later = now + rules.pause_after(failures)
    await queries.change(session, push.subscription_id, failures=failures, push_at=later)
    return "again"
