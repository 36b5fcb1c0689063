"""Advice on when and in which form to post: suggestions, each with the posts it rests on.

A group of posts (an hour of the day, a form) is compared with the other posts of the same channel: which share of it
did better than their median. The share has a Wilson interval, as wide as both samples ask for (the median is a sample
too) and as the number of groups that are compared at once (Bonferroni), so that something is suggested by chance at
most once in twenty looks. It says what went together with more engagement, never what caused it. A group with fewer
posts than the minimum is named, and nothing is said of it.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist, median
from uuid import UUID

from libs.common.clock import HANOI

MINIMUM = 12
"""Posts in a group, and as many outside it."""
ERROR = 0.05
BANDS = (0, 6, 9, 12, 14, 17, 20, 24)
FORMS = {"text": "chỉ có chữ", "image": "có ảnh", "video": "có video"}


@dataclass(frozen=True)
class Post:
    """One post of one channel, with what it reached at a comparable age."""

    publication_id: UUID
    posted_at: datetime
    form: str
    measure: float


@dataclass(frozen=True)
class Suggestion:
    """`share` of the group's posts did better than the median of the others; the interval lies above one half."""

    subject: str
    group: str
    words: str
    sample: int
    others: int
    share: float
    low: float
    high: float
    confidence: float
    group_median: float
    others_median: float
    evidence: tuple[Post, ...]


@dataclass(frozen=True)
class Unsaid:
    """A group about which nothing is said, and why."""

    subject: str
    group: str
    sample: int
    why: str


def hour_band(moment: datetime) -> str:
    hour = moment.astimezone(HANOI).hour
    start = max(begin for begin in BANDS[:-1] if begin <= hour)
    return f"{start:02d}–{BANDS[BANDS.index(start) + 1]:02d} giờ"


def advise(posts: Sequence[Post]) -> tuple[list[Suggestion], list[Unsaid]]:
    """Both kinds of group over the posts of one channel."""
    found, unsaid = _compare("hour", posts, lambda post: hour_band(post.posted_at))
    more, less = _compare("form", posts, lambda post: FORMS[post.form])
    return found + more, unsaid + less


def _compare(
    subject: str, posts: Sequence[Post], group_of: Callable[[Post], str]
) -> tuple[list[Suggestion], list[Unsaid]]:
    groups: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        groups[group_of(post)].append(post)
    is_large = {name: len(g) >= MINIMUM and len(posts) - len(g) >= MINIMUM for name, g in groups.items()}
    compared, found, unsaid = sum(is_large.values()), [], []
    for name, group in sorted(groups.items()):
        if not is_large[name]:
            why = f"chưa đủ mẫu: cần ít nhất {MINIMUM} bài trong nhóm và {MINIMUM} bài ngoài nhóm"
            unsaid.append(Unsaid(subject, name, len(group), why))
            continue
        said = _judge(subject, name, group, [post for post in posts if group_of(post) != name], 1 - ERROR / compared)
        if said.low > 0.5:
            found.append(said)
        else:
            unsaid.append(Unsaid(subject, name, len(group), "không khác rõ so với các bài còn lại"))
    return sorted(found, key=lambda each: -each.low), unsaid


def _judge(subject: str, name: str, group: Sequence[Post], others: Sequence[Post], confidence: float) -> Suggestion:
    mark = median(post.measure for post in others)
    better = sum(post.measure > mark for post in group)
    share, size = better / len(group), len(group) * len(others) / (len(group) + len(others))
    low, high = wilson(share, size, confidence)
    verb = "đăng trong khung" if subject == "hour" else "đăng bài"
    words = f"Gợi ý: thử {verb} {name}; {better}/{len(group)} bài như vậy hơn mức giữa của các bài còn lại."
    return Suggestion(
        subject,
        name,
        words,
        len(group),
        len(others),
        share,
        low,
        high,
        confidence,
        median(post.measure for post in group),
        mark,
        tuple(sorted(group, key=lambda post: post.posted_at, reverse=True)),
    )


def wilson(share: float, size: float, confidence: float) -> tuple[float, float]:
    """The Wilson score interval of a share of a sample of this size."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    wide = z * z / size
    centre = (share + wide / 2) / (1 + wide)
    half = z / (1 + wide) * math.sqrt(share * (1 - share) / size + wide / (4 * size))
    return max(0.0, centre - half), min(1.0, centre + half)


def form_of(mimes: Iterable[str]) -> str:
    kinds = {mime.partition("/")[0] for mime in mimes}
    return "video" if "video" in kinds else "image" if "image" in kinds else "text"
