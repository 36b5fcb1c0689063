"""What may be believed of a hub, and what is to be asked of it next (W3C WebSub). Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from libs.common.models.rhythm import SubscriptionState

State = SubscriptionState
_METHODS = ("sha1", "sha256", "sha384", "sha512")
_SHORTEST_LEASE, _LONGEST_LEASE = timedelta(minutes=5), timedelta(days=60)
_RENEWED_AT = 0.8
"""Of a lease; what remains is for the tries that fail."""
_ANSWERED_WITHIN = timedelta(days=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
_MOST_GOODBYES = 5
MISSED_AT_MOST = 3
"""Polls in a row that found what the hub had not told; after that the source is polled as if it had no hub."""


@dataclass(frozen=True)
class HubKeys:
    """Every subscription has a secret and an address of its own, both derived: nothing of them is stored."""

    key: bytes = field(repr=False)

    def _of(self, use: bytes, subscription_id: UUID) -> bytes:
        return hmac.digest(self.key, b"lantoa websub " + use + b"\x00" + subscription_id.bytes, "sha256")

    def secret(self, subscription_id: UUID) -> str:
        """`hub.secret`: 64 letters, under the 200 bytes that a hub takes."""
        return self._of(b"secret", subscription_id).hex()

    def token(self, subscription_id: UUID) -> str:
        """The last part of the address that hubs call; it can't be guessed."""
        return base64.urlsafe_b64encode(self._of(b"address", subscription_id)[:24]).decode()

    def is_token(self, subscription_id: UUID, token: str) -> bool:
        return hmac.compare_digest(self.token(subscription_id).encode(), token.encode("utf-8", "replace"))


def is_signed(header: str | None, body: bytes, secret: str) -> bool:
    """Whether `X-Hub-Signature` (`method=hex`, over the raw body) was made with the secret; in constant time."""
    method, _, given = (header or "").strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    made = hmac.new(secret.encode(), body, getattr(hashlib, method.lower())).hexdigest()
    return hmac.compare_digest(made.encode(), given.strip().lower().encode("utf-8", "replace"))


# --- what a hub asks of us -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a subscription when a hub calls."""

    state: SubscriptionState
    topic: str
    asked_at: datetime | None
    is_source_active: bool


Answer = Literal["subscribed", "left", "denied", "refused"]


def judge_intent(standing: Standing, asked: Mapping[str, str], now: datetime) -> Answer:
    """Confirmed is only what we asked for ourselves, of this topic and not long ago (5.3 of the standard)."""
    mode, topic = asked.get("hub.mode"), asked.get("hub.topic")
    if topic != standing.topic:
        return "refused"
    if mode == "denied":
        return "denied"
    is_recent = standing.asked_at is not None and now - standing.asked_at <= _ANSWERED_WITHIN
    if not is_recent or not asked.get("hub.challenge"):
        return "refused"
    if mode == "subscribe" and standing.state in (State.ASKED, State.ACTIVE) and standing.is_source_active:
        return "subscribed"
    return "left" if mode == "unsubscribe" and standing.state is State.LEAVING else "refused"


def lease_of(asked: Mapping[str, str], wished: timedelta) -> timedelta:
    """The lease that the hub grants; what is no number, or out of all measure, counts as what was wished or bounded."""
    told = asked.get("hub.lease_seconds", "")
    lease = timedelta(seconds=int(told[:9])) if told.isascii() and told.isdigit() else wished
    return min(max(lease, _SHORTEST_LEASE), _LONGEST_LEASE)


def renewal_at(now: datetime, lease: timedelta) -> datetime:
    return now + lease * _RENEWED_AT


# --- what we ask of a hub ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be asked, and the state from the moment in which it is; nothing is asked where `mode` is None."""

    mode: Literal["subscribe", "unsubscribe"] | None
    state: SubscriptionState


def next_step(
    state: SubscriptionState, *, is_source_active: bool, failures: int, lease_ends_at: datetime | None, now: datetime
) -> Step:
    """A lease that ended while it was being renewed is a subscription that is asked for anew."""
    is_live = lease_ends_at is not None and lease_ends_at > now
    if not is_source_active or state is State.LEAVING:
        ends = not is_live or (state is State.LEAVING and failures >= _MOST_GOODBYES)
        return Step(None, State.ENDED) if ends else Step("unsubscribe", State.LEAVING)
    if state is State.ACTIVE and is_live:
        return Step("subscribe", State.ACTIVE)
    return Step("subscribe", State.ASKED)


def pause_after(failures: int) -> timedelta:
    """Until the hub is asked again where nothing came of it: 5 minutes, doubling to a day."""
    return min(_FIRST_PAUSE * int(2 ** min(failures, 12)), _LONGEST_PAUSE)
