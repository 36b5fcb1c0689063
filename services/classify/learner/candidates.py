"""What is tried: one wide feature set for long texts and one for short ones, and ways to learn on parts of it."""

from dataclasses import asdict, dataclass
from typing import Any

from typing_extensions import override

from services.classify.learner.features import Block, FeatureSpec
from services.classify.learner.fitting import Recipe

LONG = 400
"""Signs: texts longer than this on average are articles, which need fewer kinds of features and more speed."""


@dataclass(frozen=True)
class Candidate:
    blocks: tuple[Block, ...]
    """Those that it reads: each has a norm of its own, so a candidate may leave others out."""
    recipe: Recipe

    @override
    def __str__(self) -> str:
        blocks = " ".join(map(_told, self.blocks))
        recipe = self.recipe
        return f"{blocks} {recipe.learner} C={recipe.c:g} balance={recipe.balance:g}{' ratio' if recipe.ratio else ''}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _told(block: Block) -> str:
    marks = (f"<{block.first}" if block.first else "") + ("" if block.idf else "=")
    return f"{block.view}{block.low}-{block.high}{marks}"


def _short(**more: Any) -> tuple[Block, ...]:
    return Block("word", 1, 3, **more), Block("plain", 1, 3, **more), Block("char", 1, 6, **more)


_RARE, _EVEN = _short(), _short(idf=False, least=2)
"""Rare n-grams weigh more; or all the same, and those of one text nothing. Together they do better than either."""
_SKIP = Block("skip")
_ARTICLE, _UNMARKED, _LEAD = (
    Block("word", 1, 2, least=2),
    Block("plain", 1, 2, least=2),
    Block("word", 1, 2, first=40, least=2),
)


def features(mean_length: float) -> FeatureSpec:
    """All that any candidate reads, computed once."""
    blocks = (_ARTICLE, _UNMARKED, _LEAD) if mean_length > LONG else (*_RARE, _SKIP, *_EVEN)
    return FeatureSpec(blocks, symbols=True)


def candidates(mean_length: float) -> list[Candidate]:
    """The likeliest first: time may end after any of them."""
    if mean_length > LONG:
        return [
            Candidate((_ARTICLE, _UNMARKED, _LEAD), Recipe("svm", 1.0)),
            Candidate((_ARTICLE, _UNMARKED), Recipe("svm", 1.0)),
            Candidate((_ARTICLE, _UNMARKED, _LEAD), Recipe("svm", 0.3)),
            Candidate((_ARTICLE,), Recipe("svm", 1.0)),
        ]
    return [
        Candidate(_EVEN, Recipe("svm", 0.3)),
        Candidate(_RARE, Recipe("svm", 0.3)),
        Candidate(_EVEN, Recipe("svm", 0.1, ratio=True)),
        Candidate(_RARE, Recipe("logistic", 10.0)),
        Candidate((*_RARE, _SKIP), Recipe("svm", 0.3)),
        Candidate(_RARE[:2], Recipe("svm", 0.3)),
        Candidate(_RARE, Recipe("logistic", 3.0, balance=0.5)),
        Candidate(_EVEN, Recipe("svm", 0.1, balance=0.5)),
        Candidate((*_EVEN, _SKIP), Recipe("svm", 0.1, ratio=True)),
    ]
