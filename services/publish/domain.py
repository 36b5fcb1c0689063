"""The rules of publishing: which state follows which, what an approval binds to, who may approve."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from libs.common.clock import quiet_end
from libs.common.models.enums import DeliveryState, PublicationState

P, D = PublicationState, DeliveryState

PUBLICATION_MOVES: Mapping[PublicationState, frozenset[PublicationState]] = {
    P.DRAFT: frozenset({P.DRAFT, P.IN_REVIEW, P.KILLED}),
    P.IN_REVIEW: frozenset({P.DRAFT, P.APPROVED, P.KILLED}),
    P.APPROVED: frozenset({P.DRAFT, P.SCHEDULED, P.PUBLISHING, P.FAILED, P.KILLED}),
    P.SCHEDULED: frozenset({P.DRAFT, P.PUBLISHING, P.FAILED, P.KILLED}),
    P.PUBLISHING: frozenset({P.PUBLISHED, P.PARTLY_PUBLISHED, P.FAILED, P.CORRECTED, P.WITHDRAWN}),
    P.PARTLY_PUBLISHED: frozenset({P.PUBLISHING, P.PUBLISHED, P.FAILED, P.CORRECTED, P.WITHDRAWN}),
    P.FAILED: frozenset({P.DRAFT, P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.WITHDRAWN, P.KILLED}),
    P.PUBLISHED: frozenset({P.CORRECTED, P.WITHDRAWN}),
    P.CORRECTED: frozenset({P.CORRECTED, P.WITHDRAWN}),
    P.WITHDRAWN: frozenset(),
    P.KILLED: frozenset(),
}
EDITABLE = frozenset({P.DRAFT, P.IN_REVIEW, P.APPROVED, P.SCHEDULED})
"""And a failed one, of which certainly nothing is out."""
GOING_OUT = frozenset({P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.FAILED, P.CORRECTED})
"""What is withdrawn, not killed; but for a failed one, of which certainly nothing is out."""

DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    D.PENDING: frozenset({D.PREPARED, D.UNKNOWN, D.WITHDRAWN}),
    D.PREPARED: frozenset(
        {D.PREPARED, D.ARMED, D.PENDING, D.THROTTLED, D.AUTH_REQUIRED, D.REJECTED, D.UNKNOWN, D.WITHDRAWN}
    ),
    D.ARMED: frozenset(
        {
            D.COMMITTED,
            D.PUBLISHED,
            D.ACCEPTED,
            D.REJECTED,
            D.PENDING,
            D.THROTTLED,
            D.AUTH_REQUIRED,
            D.UNKNOWN,
            D.MANUAL,
            D.WITHDRAWING,
            D.WITHDRAWN,
        }
    ),
    D.COMMITTED: frozenset({D.PUBLISHED, D.PENDING, D.UNKNOWN, D.MANUAL, D.WITHDRAWING, D.WITHDRAWN}),
    D.ACCEPTED: frozenset({D.PUBLISHED, D.REJECTED, D.PENDING, D.UNKNOWN, D.MANUAL, D.WITHDRAWING, D.WITHDRAWN}),
    D.UNKNOWN: frozenset({D.PUBLISHED, D.PENDING, D.REJECTED, D.MANUAL, D.WITHDRAWING, D.WITHDRAWN}),
    D.THROTTLED: frozenset({D.PREPARED, D.UNKNOWN, D.WITHDRAWN}),
    D.AUTH_REQUIRED: frozenset({D.PENDING, D.UNKNOWN, D.WITHDRAWN}),
    D.MANUAL: frozenset({D.PUBLISHED, D.PENDING, D.REJECTED, D.UNKNOWN, D.WITHDRAWING, D.WITHDRAWN}),
    D.REJECTED: frozenset({D.PENDING, D.WITHDRAWN}),
    D.PUBLISHED: frozenset({D.WITHDRAWING}),
    D.WITHDRAWING: frozenset({D.WITHDRAWN}),
    D.WITHDRAWN: frozenset(),
}
NOT_SENT = frozenset({D.PENDING, D.PREPARED, D.THROTTLED, D.AUTH_REQUIRED, D.REJECTED})
"""Certainly not on the platform: withdrawing such a delivery needs nothing of it."""
IN_DOUBT = frozenset({D.ARMED, D.COMMITTED, D.ACCEPTED, D.UNKNOWN})
GAVE_UP = frozenset({D.REJECTED, D.MANUAL, D.AUTH_REQUIRED})

STEP_LEASE = timedelta(seconds=90)
SEND_WITHIN = timedelta(seconds=20)
"""Of arming: a worker that comes to it later (a machine that was asleep) leaves it to those who look."""
RECONCILE_EVERY = timedelta(seconds=30)
LOOK_AGAIN = timedelta(minutes=3)
"""When a post that was seen is looked at once more: lists come up to two minutes late, and a twin only then."""
SECOND_LOOK_AFTER = timedelta(minutes=10)
"""Where the platform could not be asked that time."""
LOOK_AGAIN_WITHIN = timedelta(hours=6)
NOT_THERE_AFTER = timedelta(minutes=5)
"""How long after a sending nobody says of a withdrawn post that it was never there: lists are late, and so are
requests that are still under way."""
MAX_ATTEMPTS = 8
MAX_LOOKS = 10
ORDER_KEPT = timedelta(minutes=10)
"""How long a delivery that does not get through holds up later ones on its channel."""
OVERDUE = timedelta(minutes=5)
CHECK_EVERY = timedelta(hours=1)
"""How often each account is asked whether it still works."""
EXPIRY_WARNING = timedelta(days=14)
"""How long before an account has to be connected again somebody is told."""
BULLETIN_FIRST = timedelta(seconds=10)
"""How long what is urgent waits for its page on the bulletin before it goes out elsewhere."""
FIRST_FIGURES = timedelta(minutes=1)
"""When the figures of a post are read for the first time after it was seen."""
AUTO_DRAFT = "[Bản nháp tự động, cần người biên tập. Xóa dòng này sau khi đã biên tập.]"
"""Stands at the top of a draft made from a story; it cannot be submitted while it does."""
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When a machine tries again what only a person can do: not before somebody asks for it."""
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 1800, 3600))


def may_edit(state: PublicationState, deliveries: Iterable[DeliveryState]) -> bool:
    return state in EDITABLE or (state is P.FAILED and all(d in NOT_SENT for d in deliveries))


def taken_back(state: PublicationState, deliveries: Iterable[DeliveryState]) -> PublicationState:
    """Withdrawn, where anything was on its way; killed, where certainly nothing ever went out."""
    return P.KILLED if may_edit(state, deliveries) or state not in GOING_OUT else P.WITHDRAWN


class IllegalMove(Exception):
    """A change of state that the tables above do not know."""


def may_move(before: PublicationState, after: PublicationState) -> bool:
    return after in PUBLICATION_MOVES[before]


def may_deliver(before: DeliveryState, after: DeliveryState) -> bool:
    return after in DELIVERY_MOVES[before]


def moved(before: str, after: PublicationState) -> PublicationState:
    """The state after, if the table allows it; staying is always allowed."""
    if before != after and not may_move(PublicationState(before), after):
        raise IllegalMove(f"publication {before} → {after}")
    return after


def delivery_moved(before: str, after: DeliveryState) -> DeliveryState:
    if before != after and not may_deliver(DeliveryState(before), after):
        raise IllegalMove(f"delivery {before} → {after}")
    return after


def reminders_due(waited: timedelta, after: Iterable[timedelta]) -> int:
    """How often those above have to be told that an approval waits: once for each time that has passed."""
    return sum(waited >= each for each in after)


def collect_after(age: timedelta) -> timedelta | None:
    """How long until a post's figures are read again; a post of a month's age is left alone."""
    if age < timedelta(days=1):
        return timedelta(minutes=15)
    if age < timedelta(days=7):
        return timedelta(hours=2)
    return timedelta(days=1) if age < timedelta(days=30) else None


def has_open_try(handle: Mapping[str, Any]) -> bool:
    """Whether an earlier try was repeated without ever having been heard of: it may still show, however late."""
    return "open_try" in handle


def may_repeat(repeatable_for: timedelta | None, first_sent: datetime | None, now: datetime) -> bool:
    """Whether sending again certainly leaves one post; a minute is kept for the sending itself."""
    if repeatable_for is None or first_sent is None:
        return False
    return repeatable_for == timedelta.max or now - first_sent < repeatable_for - timedelta(minutes=1)


def quiet_until(hours: Any, now: datetime) -> datetime | None:
    """The end of a channel's quiet hours (`{"from": "22:00", "to": "06:00"}`, Hà Nội time) where it is in them now."""
    if not isinstance(hours, Mapping) or not hours.get("from") or not hours.get("to"):
        return None
    return quiet_end(time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"]), now)


def backoff(attempt: int) -> timedelta:
    """How long to wait after the given attempt failed (the first is 1)."""
    return BACKOFF[min(max(attempt, 1), len(BACKOFF)) - 1]


@dataclass(frozen=True)
class HashedVariant:
    channel_id: UUID
    text: str
    link: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Hashed:
    """Everything an approval binds to."""

    unit_id: UUID
    kind: str
    title: str
    body: str
    summary: str
    slug: str
    language: str
    affects_rights: bool
    source_note: str | None
    ai_label: str | None
    scheduled_at: datetime | None
    variants: tuple[HashedVariant, ...]
    media: tuple[str, ...] = ()
    """SHA-256 of each file shown, in order."""
    is_ai_made: bool = False
    is_urgent: bool = False
    urgent_reason: str | None = None
    corrects_id: UUID | None = None


def content_hash(what: Hashed) -> bytes:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8, time in UTC, variants by channel."""
    facts = asdict(what)
    facts["unit_id"] = str(what.unit_id)
    facts["corrects_id"] = str(what.corrects_id) if what.corrects_id else None
    facts["scheduled_at"] = what.scheduled_at.astimezone(UTC).isoformat() if what.scheduled_at else None
    variants = [{**asdict(v), "channel_id": str(v.channel_id)} for v in what.variants]
    facts["variants"] = sorted(variants, key=lambda v: str(v["channel_id"]))
    canonical = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


def derived_state(before: PublicationState, deliveries: Iterable[DeliveryState]) -> PublicationState:
    """What a publication is, given what became of its deliveries; withdrawn and corrected stand."""
    if before not in {P.PUBLISHING, P.PARTLY_PUBLISHED, P.FAILED, P.SCHEDULED, P.APPROVED}:
        return before
    states = list(deliveries)
    out = [s for s in states if s is D.PUBLISHED]
    given_up = [s for s in states if s in GAVE_UP]
    if states and len(out) == len(states):
        return P.PUBLISHED
    if len(out) + len(given_up) < len(states) or not states:
        return P.PUBLISHING if before not in {P.SCHEDULED, P.APPROVED} or out or given_up else before
    return P.PARTLY_PUBLISHED if out else P.FAILED


def slugify(title: str, limit: int = 80) -> str:
    """The title as an address: ASCII, lower case, words joined by hyphens, cut at a word."""
    plain = unicodedata.normalize("NFD", title.lower().replace("đ", "d"))
    ascii_only = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    if len(slug) > limit:
        slug = slug[: limit + 1].rsplit("-", 1)[0] or slug[:limit]
    return slug[:limit].strip("-") or "tin"
