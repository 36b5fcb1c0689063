"""What is known of the pages of one site: where the body stands, and which of its parts are text of the article."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from services.ingest.templates.container import Container


class Verdict(Enum):
    """What becomes of an element of a body."""

    KEPT = "kept"
    DROPPED = "dropped"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Measures:
    """The shape of the texts a template gave, by which one that is far off is seen."""

    shortest: int
    longest: int
    most_links: float
    has_title: bool = True
    has_date: bool = False

    def joined(self, other: "Measures") -> "Measures":
        return Measures(
            min(self.shortest, other.shortest),
            max(self.longest, other.longest),
            max(self.most_links, other.most_links),
            self.has_title and other.has_title,
            self.has_date and other.has_date,
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A way to read pages of one layout. `votes` are characters kept and dropped by the name of an element;
    `agreed` counts pages, none of which it was learned from, on which it gave what the general way gives."""

    container: Container
    votes: Mapping[str, tuple[int, int]]
    measures: Measures
    is_head_enough: bool = True
    agreed: int = 0
    verdicts: Mapping[str, Verdict] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdicts", {name: _verdict(*votes) for name, votes in self.votes.items()})

    def with_votes(self, votes: Mapping[str, tuple[int, int]]) -> "Template":
        joined = dict(self.votes)
        for name, (kept, dropped) in votes.items():
            before = joined.get(name, (0, 0))
            joined[name] = (before[0] + kept, before[1] + dropped)
        return replace(self, votes=joined)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON column."""
        return {
            "tag": self.container.tag,
            "tokens": {name: sorted(tokens) for name, tokens in self.container.tokens},
            "is_first": self.container.is_first,
            "votes": {name: list(votes) for name, votes in self.votes.items()},
            "measures": [
                self.measures.shortest, self.measures.longest, self.measures.most_links,
                self.measures.has_title, self.measures.has_date,
            ],
            "is_head_enough": self.is_head_enough,
            "agreed": self.agreed,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Template":
        tokens = tuple((name, frozenset(names)) for name, names in stored["tokens"].items())
        return cls(
            Container(stored["tag"], tokens, stored["is_first"]),
            {name: (kept, dropped) for name, (kept, dropped) in stored["votes"].items()},
            Measures(*stored["measures"]),
            stored["is_head_enough"],
            stored["agreed"],
        )


def _verdict(kept: int, dropped: int) -> Verdict:
    """A few characters are chance: a word of a dropped box that the text also has."""
    if kept * 50 <= dropped:
        return Verdict.DROPPED
    return Verdict.KEPT if dropped * 20 <= kept else Verdict.MIXED
