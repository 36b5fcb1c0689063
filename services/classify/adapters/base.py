"""What a model that labels texts is: a batch of texts in, their labels out; it never reads or stores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from libs.common.models.enums import ContentKind, Field, RiskClass, TextKind, Tone
from libs.common.registry import Registry


@dataclass(frozen=True, slots=True)
class Document:
    """A text as its source gives it; `kind` is how it came in, where that is known."""

    title: str
    text: str
    kind: ContentKind | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What a model says of a text. A model that is not sure abstains: khac, other, neutral.

    `risk` is what the text shows; whether any of it may be suggested to people is decided by
    `domain.guard`, for every model alike.
    """

    field: Field
    field_score: float
    tone: Tone
    tone_score: float
    kind: TextKind
    kind_score: float
    risk: tuple[RiskClass, ...]
    toxicity: float | None = None
    """Advice only, from 0 to 1; None where the model has no such head."""
    abstained: tuple[str, ...] = ()
    """The heads that were not sure enough: their label is khac, other or neutral for that reason."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Where a model comes from and how far it can be trusted."""

    title: str
    data: str
    licence: str
    limits: str


class Classifier(Protocol):
    name: str
    version: str
    card: ModelCard

    def annotate(self, batch: Sequence[Document]) -> list[Labels]:
        """One `Labels` for each document, in order; scores are in [0, 1]. Must not block on I/O."""
        ...


CLASSIFIERS: Registry[Callable[..., Classifier]] = Registry("classifier")
