"""The rules of corrections: what one says, what may follow it, where it has to go, and how long it took. All pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from libs.common.models.corrections import CorrectionStep, PublicVerdict
from libs.common.models.enums import SourceGroup, Verdict
from libs.common.verdicts import LABELS

S = CorrectionStep
STEP_LEADS: Mapping[CorrectionStep, str] = {
    S.ALERT: "",
    S.UPDATE: "Cập nhật",
    S.CORRECTION: "Cải chính kết luận",
    S.CANCEL: "Thu hồi kết luận",
}
FOLLOWS = frozenset({S.UPDATE, S.CORRECTION, S.CANCEL})
PLATFORM_HOSTS: Mapping[str, str] = {
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "fb.watch": "facebook",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "tiktok.com": "tiktok",
    "zalo.me": "zalo",
    "t.me": "telegram",
    "telegram.me": "telegram",
    "threads.net": "threads",
    "threads.com": "threads",
    "instagram.com": "instagram",
    "bsky.app": "bluesky",
}
"""Whose posts lie below which host; sites of their own (Mastodon, forums) are known by the channel's settings."""
SOURCE_KINDS: Mapping[str, str] = {"youtube": "youtube", "facebook_page": "facebook"}
FOR_NEWSROOMS = frozenset({SourceGroup.PRESS, SourceGroup.PORTAL})
SITE_SETTINGS = ("site", "service")


@dataclass(frozen=True)
class Evidence:
    title: str
    url: str


@dataclass(frozen=True)
class Review:
    """What a correction says of a claim; part of what is approved."""

    step: CorrectionStep
    verdict: PublicVerdict
    claim_id: UUID
    chain_id: UUID | None
    """None while the publication that begins the chain has no id yet."""
    claim_text: str
    evidence: tuple[Evidence, ...]
    reason: str | None
    reference_ids: tuple[UUID, ...]
    first_seen_at: datetime | None

    @property
    def label(self) -> str:
        return LABELS[Verdict(self.verdict)]

    @property
    def lead(self) -> str:
        """What every channel says before anything else."""
        step = STEP_LEADS[self.step]
        return f"{step}: {self.label}" if step else self.label

    def payload(self) -> dict[str, Any]:
        return {
            "step": self.step.value,
            "verdict": self.verdict.value,
            "claim": self.claim_text,
            "evidence": [{"title": one.title, "url": one.url} for one in self.evidence],
            "reason": self.reason,
            "references": [str(one) for one in self.reference_ids],
            "first_seen_at": self.first_seen_at.isoformat() if self.first_seen_at else None,
        }


@dataclass(frozen=True)
class PageWords:
    """What a page says around a verdict."""

    verdict: str
    claim: str
    news: str
    evidence: str
    cap: str
    follows: Mapping[CorrectionStep, str]
    """What stands before the message that it follows."""


PAGE_WORDS: Mapping[str, PageWords] = {
    "vi": PageWords(
        "Kết luận",
        "Thông tin được kiểm chứng",
        "Điểm mới",
        "Căn cứ",
        "Bản CAP 1.2 của thông báo này",
        {S.UPDATE: "Tin này cập nhật tin", S.CORRECTION: "Tin này cải chính tin", S.CANCEL: "Tin này thu hồi tin"},
    ),
    "en": PageWords(
        "Verdict",
        "Claim that was checked",
        "What is new",
        "Evidence",
        "This message as CAP 1.2",
        {S.UPDATE: "This updates", S.CORRECTION: "This corrects", S.CANCEL: "This takes back"},
    ),
}


@dataclass(frozen=True)
class Told:
    """The same as a page shows it: from the payload that was approved."""

    step: CorrectionStep
    verdict: PublicVerdict
    claim: str
    evidence: tuple[Evidence, ...]
    reason: str | None
    first_seen_at: datetime | None

    @property
    def label(self) -> str:
        return LABELS[Verdict(self.verdict)]

    @property
    def lead(self) -> str:
        step = STEP_LEADS[self.step]
        return f"{step}: {self.label}" if step else self.label

    @property
    def is_cancelled(self) -> bool:
        return self.step is S.CANCEL

    @property
    def is_false(self) -> bool:
        return not self.is_cancelled and self.verdict is not PublicVerdict.TIN_XAC_THUC

    @staticmethod
    def words(language: str) -> "PageWords":
        return PAGE_WORDS["en" if language == "en" else "vi"]

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> "Told":
        seen = payload["first_seen_at"]
        return cls(
            CorrectionStep(payload["step"]),
            PublicVerdict(payload["verdict"]),
            payload["claim"],
            tuple(Evidence(one["title"], one["url"]) for one in payload["evidence"]),
            payload["reason"],
            datetime.fromisoformat(seen) if seen else None,
        )


# --- the chain ---


@dataclass(frozen=True)
class Link:
    """One message of a chain, as far as the chain goes. `is_killed`: it never went out."""

    publication_id: UUID
    step: CorrectionStep
    reference_ids: tuple[UUID, ...]
    is_killed: bool = False

    @property
    def follows(self) -> UUID | None:
        return self.reference_ids[-1] if self.reference_ids else None


def heads(chain: Iterable[Link]) -> list[Link]:
    """The messages that nothing follows; of a whole chain that is one, or none where all were killed."""
    live = [link for link in chain if not link.is_killed]
    followed = {link.follows for link in live}
    return [link for link in live if link.publication_id not in followed]


def may_follow(before: Link, step: CorrectionStep) -> bool:
    """Nothing follows what was killed or a cancellation; an alert follows nothing."""
    return step in FOLLOWS and not before.is_killed and before.step is not S.CANCEL


def references_after(before: Link) -> tuple[UUID, ...]:
    return (*before.reference_ids, before.publication_id)


# --- where it goes ---


@dataclass(frozen=True)
class Place:
    """A source in which the claim was seen, confirmed by a person."""

    source_id: UUID
    name: str
    kind: str
    group: str
    addresses: tuple[str, ...]
    items: int
    first_at: datetime


def is_seen_on(place: Place, channel_kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether a channel of ours is on the platform, or for the kind of source, where the claim was seen."""
    if channel_kind == "press":
        return place.group in FOR_NEWSROOMS
    if SOURCE_KINDS.get(place.kind) == channel_kind:
        return True
    hosts = {host for host in map(host_of, place.addresses) if host}
    if any(_platform_of(host) == channel_kind for host in hosts):
        return True
    homes = {host_of(str(settings.get(name) or "")) for name in SITE_SETTINGS}
    # A site without a name of its own is this machine's sandbox, beside all the others.
    return any(_is_below(host, home) for host in hosts for home in homes if home.strip("0123456789."))


def host_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _platform_of(host: str) -> str | None:
    return next((kind for home, kind in PLATFORM_HOSTS.items() if _is_below(host, home)), None)


def _is_below(host: str, home: str) -> bool:
    return host == home or host.endswith(f".{home}")


# --- how long it took ---


@dataclass(frozen=True)
class Timing:
    """Instants of a correction; None for what has not happened or is not known, never 0."""

    first_seen_at: datetime | None
    drafted_at: datetime
    approved_at: datetime | None
    first_channel_at: datetime | None
    all_channels_at: datetime | None

    def since_seen(self, at: datetime | None) -> timedelta | None:
        return at - self.first_seen_at if at is not None and self.first_seen_at is not None else None


def timing(
    first_seen_at: datetime | None,
    drafted_at: datetime,
    approved_at: datetime | None,
    carried_at: Iterable[datetime | None],
) -> Timing:
    """`carried_at`: of each channel that has to carry it, when it was seen there; None where it is missing."""
    instants = list(carried_at)
    there = [at for at in instants if at is not None]
    everywhere = bool(there) and len(there) == len(instants)
    first, last = min(there, default=None), max(there) if everywhere else None
    return Timing(first_seen_at, drafted_at, approved_at, first, last)


@dataclass(frozen=True)
class Median:
    """Of how many corrections it was known, and its middle value in seconds; None where of none."""

    measured: int
    seconds: float | None


def median_of(spans: Iterable[timedelta | None]) -> Median:
    known = [span.total_seconds() for span in spans if span is not None]
    return Median(len(known), median(known) if known else None)
