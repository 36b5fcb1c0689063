"""The rules of choosing, as functions of data and `now`: scores, who is fit to be a partner, what a kit shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from libs.common.models.partners import ConflictResult

METHOD = (
    "Điểm của một kênh là trung bình có trọng số của điểm theo từng tiêu chí (thang 0-10): "
    "tổng (trọng số x điểm) chia cho tổng trọng số, làm tròn hai chữ số."
)
MOST_POSTS = 20
"""Addresses that a partner may report for one kit."""
MOST_ADDRESS = 500
KIT_FOR = timedelta(days=30)
"""How long a kit stays open where nothing else is said."""
PERSONAL = re.compile(
    r"^https://(?:[\w-]+\.)*(?:facebook\.com/(?:profile\.php|people/)|linkedin\.com/in/|zalo\.me/\+?\d)", re.IGNORECASE
)
"""Addresses that platforms give to persons; a partner is a group or a page."""
FOLLOWS_READERS = re.compile(
    r"(?:utm_\w+|fbclid|gclid|igshid?|mibextid|si|ttclid|zarsrc|share_\w+|_[rt]|__\w+)", re.IGNORECASE
)
"""What platforms hang on an address to tell who passed it on."""


# --- the official channel ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Weighed:
    channel_id: str
    total: float
    rank: int


def weigh(criteria: Sequence[Mapping[str, Any]], candidates: Sequence[Mapping[str, Any]]) -> list[Weighed]:
    """Each candidate's total, the highest first; those with the same total share a rank."""
    weights = {each["key"]: each["weight"] for each in criteria}
    scored = [
        (each["channel_id"], sum(weights[key] * each["scores"][key] for key in weights) / sum(weights.values()))
        for each in candidates
    ]
    totals = sorted(((channel, round(total, 2)) for channel, total in scored), key=lambda pair: -pair[1])
    return [Weighed(channel, total, 1 + sum(other > total for _, other in totals)) for channel, total in totals]


# --- partners ----------------------------------------------------------------------------------------


class Unfit(StrEnum):
    """Why a partner cannot be selected; in the order in which it is asked (and so in the database)."""

    CONFLICT = "conflict"
    CONSENT = "consent"
    NO_PROOF = "no_proof"
    TOO_SMALL = "too_small"
    STALE = "stale"


@dataclass(frozen=True)
class Standing:
    """What is known of a partner."""

    conflict: str | None
    has_consent: bool
    followers: int | None
    measured_at: datetime | None


def unfit(standing: Standing, min_followers: int, evidence_days: int, now: datetime) -> Unfit | None:
    if standing.conflict != ConflictResult.CLEAR:
        return Unfit.CONFLICT
    if not standing.has_consent:
        return Unfit.CONSENT
    if standing.followers is None or standing.measured_at is None:
        return Unfit.NO_PROOF
    if standing.followers < min_followers:
        return Unfit.TOO_SMALL
    if standing.measured_at < now - timedelta(days=evidence_days):
        return Unfit.STALE
    return None


def is_personal(url: str) -> bool:
    return PERSONAL.match(url) is not None


def is_public_address(url: str) -> bool:
    """A plain https address of a named host: no password, no port, no number in place of a name."""
    try:
        read = urlsplit(url)
        port = read.port
    except ValueError:
        return False
    host = read.hostname or ""
    is_name = re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*[a-z0-9]", host) is not None
    plain = len(url) <= MOST_ADDRESS and not re.search(r"[\s\x00-\x1f\x7f\\<>\"]", url)
    return plain and read.scheme == "https" and is_name and port is None and "@" not in read.netloc


def without_followers(url: str) -> str:
    """The address without what tells who passed it on, and without its fragment."""
    read = urlsplit(url)
    kept = [pair for pair in parse_qsl(read.query, keep_blank_values=True) if not FOLLOWS_READERS.fullmatch(pair[0])]
    return urlunsplit(("https", read.netloc.lower(), read.path, urlencode(kept), ""))


# --- kits --------------------------------------------------------------------------------------------


class KitView(StrEnum):
    """What whoever shows the right token gets to see."""

    GONE = "gone"
    WITHDRAWN = "withdrawn"
    WAITS = "waits"
    CORRECTED = "corrected"
    OPEN = "open"


def kit_view(
    *,
    is_revoked: bool,
    expires_at: datetime,
    opens_at: datetime | None,
    is_on_page: bool,
    is_withdrawn: bool,
    is_corrected: bool,
    now: datetime,
) -> KitView:
    """Nothing before the embargo ends, nor before the page stands on the bulletin; nothing that was taken back."""
    if is_revoked or now >= expires_at:
        return KitView.GONE
    if is_withdrawn:
        return KitView.WITHDRAWN
    if not is_on_page or (opens_at is not None and now < opens_at):
        return KitView.WAITS
    return KitView.CORRECTED if is_corrected else KitView.OPEN
