"""ClaimReview (schema.org, JSON-LD) in and out: one, a list, a graph, or a DataFeed.

A review that is not whole is refused with what it lacks, never mended by a guess.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from libs.common.clock import HANOI
from libs.common.models.enums import Verdict
from libs.common.text import collapse, fold, nfc
from libs.common.verdicts import BEST, LABELS, RATINGS, WORST

CONTEXT = "https://schema.org"
MAX_TEXT, MIN_TEXT, MAX_NAME, MAX_URL = 1000, 10, 300, 2000
MOST_REVIEWS = 10_000
_SAID = {
    Verdict.TIN_GIA: ("tin gia", "gia", "gia mao", "bia dat", "fake", "fake news", "fabricated", "pants on fire"),
    Verdict.TIN_SAI_SU_THAT: (
        "tin sai su that", "sai su that", "sai", "tin sai", "khong dung", "khong chinh xac", "false", "incorrect",
        "mostly false", "misleading", "gay hieu lam",
    ),
    Verdict.TIN_XAC_THUC: (
        "tin xac thuc", "xac thuc", "dung", "dung su that", "chinh xac", "tin that", "that", "true", "correct",
        "mostly true", "accurate",
    ),
    Verdict.CHUA_XAC_MINH: (
        "chua xac minh", "dang xac minh", "chua kiem chung", "unverified", "unproven", "chua ro", "cho xac minh",
    ),
}  # fmt: skip
_BY_WORDS = {words: verdict for verdict, said in _SAID.items() for words in said}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A claim with somebody's verdict."""

    text: str
    verdict: Verdict
    url: str
    reviewer: str
    reviewed_at: datetime | None = None
    title: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    """Title and address of each piece; what goes out says it, what comes in does not."""

    @property
    def key(self) -> bytes:
        """The same claim at the same address is the same review, however it is written."""
        return hashlib.sha256(f"{self.url}\x00{fold(self.text)}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Refused:
    """What of a review, or of a row, is wrong; Vietnamese."""

    reasons: list[str] = field(default_factory=list)


def verdict_said(words: str) -> Verdict | None:
    """Which verdict these words name; None where they name none of ours."""
    return _BY_WORDS.get(" ".join("".join(c if c.isalnum() else " " for c in fold(words)).split()))


def judged(
    text: str, verdict: str, url: str, reviewer: str, at: datetime | None, title: str = ""
) -> Reviewed | Refused:
    """One review of its written parts, or everything that is wrong with it."""
    text, found = collapse(nfc(text)), verdict_said(verdict)
    checks = (
        (MIN_TEXT <= len(text) <= MAX_TEXT, f"Tuyên bố phải có từ {MIN_TEXT} đến {MAX_TEXT} ký tự."),
        (found is not None, f"Không rõ kết luận “{verdict[:60]}”." if verdict else "Thiếu kết luận."),
        (is_address(url), "Đường dẫn phải là http hoặc https." if url else "Thiếu đường dẫn tới bài kiểm chứng."),
    )
    reasons = [reason for holds, reason in checks if not holds]
    if found is None or reasons:
        return Refused(reasons)
    return Reviewed(text, found, url, collapse(nfc(reviewer))[:MAX_NAME], at, collapse(nfc(title))[:MAX_NAME])


def is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= MAX_URL and url.isprintable()


# --- in -----------------------------------------------------------------------------------------------------


def read_reviews(document: Any) -> list[Reviewed | Refused]:
    """Every ClaimReview of a document, in order. Raises ValueError where it holds none or too many."""
    found = list(_nodes(document, 0))
    if not found:
        raise ValueError("Không có ClaimReview nào trong tài liệu.")
    if len(found) > MOST_REVIEWS:
        raise ValueError(f"Mỗi tệp có nhiều nhất {MOST_REVIEWS} mục.")
    return [_review(node) for node in found]


def _nodes(node: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > 6:
        return
    if isinstance(node, list):
        for one in node:
            yield from _nodes(one, depth + 1)
    elif isinstance(node, dict):
        if _is(node, "ClaimReview"):
            yield node
            return
        for name in ("@graph", "dataFeedElement", "itemListElement", "item"):
            if name in node:
                yield from _nodes(node[name], depth + 1)


def _is(node: Mapping[str, Any], kind: str) -> bool:
    told = node.get("@type")
    names = told if isinstance(told, list) else [told]
    return any(isinstance(name, str) and name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] == kind for name in names)


def _review(node: Mapping[str, Any]) -> Reviewed | Refused:
    written, at = _string(node.get("datePublished")), None
    if written:
        at = _instant(written)
        if at is None:
            return Refused([f"datePublished “{written[:40]}” không phải ngày ISO 8601."])
    return judged(
        _string(node.get("claimReviewed")),
        _rating(node.get("reviewRating")),
        _string(node.get("url")),
        _organization(node.get("author"), node.get("publisher")),
        at,
        _string(node.get("headline")) or _string(node.get("name")),
    )


def _rating(node: Any) -> str:
    """What the rating says in words; where it has none, what its number says on its own scale."""
    if isinstance(node, list):
        node = node[0] if node else None
    if not isinstance(node, dict):
        return _string(node)
    said = _string(node.get("alternateName")) or _string(node.get("name"))
    if said:
        return said
    try:
        value, worst, best = (float(node.get(name, usual)) for name, usual in _SCALE.items())
        share = (value - worst) / (best - worst)
    except (TypeError, ValueError, ZeroDivisionError):
        return ""
    return "tin gia" if share <= 0.1 else "sai" if share <= 0.4 else "dung" if 0.9 <= share <= 1 else ""


_SCALE = {"ratingValue": "", "worstRating": "1", "bestRating": "5"}


def _string(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _organization(*nodes: Any) -> str:
    """The name of the first of these that is an organisation: no name of a person is kept."""
    for node in nodes:
        one = node[0] if isinstance(node, list) and node else node
        if isinstance(one, dict) and not _is(one, "Person") and (name := _string(one.get("name"))):
            return name
    return ""


def _instant(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=HANOI)).astimezone(UTC)


# --- out ----------------------------------------------------------------------------------------------------


def review_document(reviews: Sequence[Reviewed], now: datetime) -> dict[str, Any]:
    """A DataFeed of ClaimReviews, as search engines and fact-checkers read them."""
    return {
        "@context": CONTEXT,
        "@type": "DataFeed",
        "dateModified": now.isoformat(),
        "dataFeedElement": [
            {
                "@type": "DataFeedItem",
                "dateModified": one.reviewed_at and one.reviewed_at.isoformat(),
                "item": _node(one),
            }
            for one in reviews
        ],
    }


def _node(one: Reviewed) -> dict[str, Any]:
    rating: dict[str, Any] = {"@type": "Rating", "alternateName": LABELS[one.verdict]}
    if one.verdict in RATINGS:
        rating |= {"ratingValue": RATINGS[one.verdict], "worstRating": WORST, "bestRating": BEST}
    node = {
        "@type": "ClaimReview",
        "url": one.url,
        "claimReviewed": one.text,
        "headline": one.title or None,
        "datePublished": one.reviewed_at and one.reviewed_at.isoformat(),
        "author": {"@type": "Organization", "name": one.reviewer} if one.reviewer else None,
        "itemReviewed": {"@type": "Claim"},
        "reviewRating": rating,
        "citation": [{"@type": "CreativeWork", "name": title, "url": url} for title, url in one.evidence] or None,
        "inLanguage": "vi",
    }
    return {name: value for name, value in node.items() if value is not None}
