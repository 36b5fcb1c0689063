"""The title and the summary of a story: sentences that its own contents wrote, each with where it stands. Pure.

The title is the most central headline: the one whose words most of the others have too. The summary is at most three
sentences of as many sources, the most central first, each with something the ones before it did not say.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import shorten
from typing import NamedTuple
from uuid import UUID

from libs.common.sentences import sentences
from libs.common.text import unmark, words
from services.classify.function_words import FUNCTION_WORDS

LONGEST = 300
MEMBERS = 24
"""So many of the contents listened to are read: the first and the last."""
READ_CHARS = 1000
_SENTENCES, _PER_MEMBER = 3, 6
_SHORTEST = 40
_NEW = 0.4
"""The share of a further sentence's words that those before it must not have."""
_LATER = 0.05
"""Less for each sentence further down: what happened stands first."""


class Member(NamedTuple):
    """A content of a story. `is_public`: said by who publishes, not in a forum."""

    content_id: UUID
    source_id: UUID
    is_public: bool
    title: str
    text: str
    at: datetime


class Sentence(NamedTuple):
    content_id: UUID
    text: str


class Telling(NamedTuple):
    title: str
    summary: list[Sentence]


class _Said(NamedTuple):
    text: str
    words: frozenset[str]


class _Voice(NamedTuple):
    member: Member
    title_words: frozenset[str]
    sentences: list[_Said]


class _Candidate(NamedTuple):
    score: float
    member: Member
    text: str
    words: frozenset[str]


def heard(count: int) -> int:
    """So many of a story's first contents are listened to when it has `count`: each up to six, then steps of a third.

    What is told hangs on this number alone, not on the batches in which contents came; and a long story is not read
    anew for each that joins it.
    """
    step = min(count, 6)
    while (following := step + max(step // 3, 2)) <= count:
        step = following
    return step


def tell(members: Sequence[Member]) -> Telling:
    """Of at least one content. Who publishes is quoted before what people say in a forum."""
    voices = sorted((one for one in members if one.is_public), key=_order) or sorted(members, key=_order)
    if len(voices) == 1:
        return _alone(voices[0])
    said = [_Voice(one, _words(one.title), [_Said(text, _words(text)) for text in _opening(one)]) for one in voices]
    counts = Counter(word for one in said for word in one.title_words.union(*(each.words for each in one.sentences)))
    return Telling(_title(said, counts), list(_summary(said, counts)))


def _order(member: Member) -> tuple[datetime, UUID]:
    return member.at, member.content_id


def _alone(member: Member) -> Telling:
    """With nobody to agree with, the first sentence that can stand by itself."""
    first = next((text for text in _opening(member) if _is_quotable(text) and _words(text)), None)
    title = member.title if member.title.strip() else member.text
    return Telling(_clipped(title), [Sentence(member.content_id, first)] if first else [])


def _opening(member: Member) -> list[str]:
    return sentences(member.text[:READ_CHARS])[:_PER_MEMBER]


def _is_quotable(sentence: str) -> bool:
    return _SHORTEST <= len(sentence) <= LONGEST and sentence[-1] in ".!?…\"”'"


def _title(voices: Sequence[_Voice], counts: Counter[str]) -> str:
    headed = [one for one in voices if one.member.title.strip()]
    if not headed:
        return _clipped(voices[0].member.text)
    return _clipped(max(headed, key=lambda one: _centrality(one.title_words, counts)).member.title)


def _centrality(found: frozenset[str], counts: Counter[str]) -> float:
    """How many others share its words, for its length; equal ones go by who was first (`max` keeps the first)."""
    shared = sum(counts[word] - 1 for word in found)
    return float(shared / max(len(found), 4) ** 0.75)


def _summary(voices: Sequence[_Voice], counts: Counter[str]) -> Iterator[Sentence]:
    left = sorted(_candidates(voices, counts), key=lambda one: -one.score)
    told: frozenset[str] = frozenset()
    for _ in range(_SENTENCES):
        best = next((one for one in left if len(one.words - told) >= _NEW * len(one.words)), None)
        if best is None:
            return
        yield Sentence(best.member.content_id, best.text)
        told |= best.words
        left = [one for one in left if one.member.source_id != best.member.source_id]


def _candidates(voices: Sequence[_Voice], counts: Counter[str]) -> Iterator[_Candidate]:
    for one in voices:
        for place, (sentence, found) in enumerate(one.sentences):
            if _is_quotable(sentence) and found:
                score = _centrality(found, counts) * (1 - _LATER * place) - _LATER * place
                yield _Candidate(score, one.member, sentence, found)


def _words(text: str) -> frozenset[str]:
    return frozenset(words(unmark(text))) - FUNCTION_WORDS


def _clipped(text: str) -> str:
    return shorten(text, LONGEST, placeholder="…")
