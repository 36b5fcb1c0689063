"""What a copy changed of what it carries. Pure."""

from dataclasses import dataclass
from datetime import datetime

from libs.common.figures import Figure, changed_figures, opcodes
from libs.common.text import fold, words
from services.classify.text.sentences import sentences

MOST_SENTENCES = 200
MOST_FIGURES = 20


@dataclass(frozen=True, slots=True)
class Version:
    """A text as one outlet has it."""

    title: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    delay_seconds: int
    is_headline_changed: bool
    figures: list[Figure]


def compare(ours: Version, theirs: Version) -> Changes:
    delay = int((theirs.at - ours.at).total_seconds())
    is_changed = words(fold(ours.title)) != words(fold(theirs.title))
    return Changes(delay, is_changed, _figures(ours, theirs)[:MOST_FIGURES])


def _figures(ours: Version, theirs: Version) -> list[Figure]:
    """Of the headline, then of sentences that one has in place of the other's."""
    found = changed_figures(ours.title, theirs.title)
    old, new = sentences(ours.text)[:MOST_SENTENCES], sentences(theirs.text)[:MOST_SENTENCES]
    for step, i1, i2, j1, j2 in opcodes([fold(one) for one in old], [fold(one) for one in new]):
        if step == "replace":
            found += changed_figures("\n".join(old[i1:i2]), "\n".join(new[j1:j2]))
    return found
