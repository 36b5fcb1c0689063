"""What is shown of trends: values by step, terms of a burst's titles; and what is not told outside, where few contents
about a place could be few people."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from libs.common.text import canonical_tone, words

LEAST_OUTSIDE = 10
"""Counts by place below this are not told outside."""
DAY = timedelta(days=1)
TERMS = 8
_GRAMMAR = frozenset(
    """là và của có cho trong với không các những này đó đã sẽ được tại từ đến vào ra ở khi thì mà như cũng về theo một
    người bị để đi lên sau trước nhiều trên dưới rằng vì nên nếu hay hoặc hơn nhất ngày do bởi qua lại""".split()
)
"""As written with their marks: without them, a market (chợ) would be a word of grammar (cho)."""


def steps(since: datetime, until: datetime, step: timedelta, counts: dict[datetime, int]) -> list[tuple[datetime, int]]:
    """Every step of the span with its count; 0 is a count here, since all that was seen until `until` is counted."""
    return [
        (at, counts.get(at, 0)) for at in (since + place * step for place in range(math.ceil((until - since) / step)))
    ]


def told_outside(points: Sequence[tuple[datetime, int]]) -> list[tuple[datetime, int | None]]:
    """Counts of a place for whoever is not of the house: none below ten. Where only one step would be kept back, the
    next smallest is too, so that no total of the span gives it away."""
    small = {place for place, (_, count) in enumerate(points) if count < LEAST_OUTSIDE}
    if len(small) == 1:
        others = [place for place in range(len(points)) if place not in small]
        small |= {min(others, key=lambda place: points[place][1])} if others else set()
    return [(at, None if place in small else count) for place, (at, count) in enumerate(points)]


def terms_of(titles: Sequence[str]) -> list[str]:
    """Words and pairs of words that at least two of the titles, and a third of them, share; longest first."""
    found: Counter[str] = Counter()
    for title in titles:
        tokens = [word.lower() for word in words(canonical_tone(title)) if not word.isdigit()]
        kept = [word for word in tokens if word not in _GRAMMAR and len(word) > 1]
        pairs = [f"{one} {two}" for one, two in pairwise(tokens) if one in kept and two in kept]
        found.update({*kept, *pairs})
    least = max(2, math.ceil(len(titles) / 3))
    often = sorted((term for term, count in found.items() if count >= least), key=lambda t: (-found[t], -len(t), t))
    chosen: list[str] = []
    for term in sorted(often, key=lambda term: (-len(term.split()), -found[term], term)):
        if not any(f" {term} " in f" {longer} " for longer in chosen):
            chosen.append(term)
    return sorted(chosen, key=lambda term: (-found[term], term))[:TERMS]
