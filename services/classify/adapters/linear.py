"""The model that ships: linear heads over the words of a text, trained on texts written for the project.

On top of it stand a few rules that are certain: how a text came in, signs without which there is no such risk, and that
a doubt between criticism and anything else goes to criticism. A head that is not sure enough abstains and says so.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from libs.common.models.enums import PROTECTED_KINDS, ContentKind, Field, RiskClass, TextKind, Tone
from services.classify.adapters.base import CLASSIFIERS, Document, Labels, ModelCard
from services.classify.learner.heads import Answers, Head
from services.classify.learner.storage import card_of, load
from services.classify.models.wording import AUTHORITY, CONTACT, LINK, OFFICIAL, TRAP, reading

L = TypeVar("L", Field, Tone)
DEFAULT = Path(__file__).parents[1] / "models" / "default"
DOUBT = 0.05
"""From this probability of criticism, complaint and opinion together on, a text with a risk is one of them."""
_ORIGIN: dict[ContentKind | None, dict[TextKind, float]] = {
    ContentKind.ARTICLE: {TextKind.NEWS: 1.2, TextKind.REPORT_OF_PROBLEM: 0.1, TextKind.OTHER: 0.3},
    ContentKind.RELEASE: {TextKind.ANNOUNCEMENT: 8.0, TextKind.NEWS: 1.5, TextKind.OTHER: 0.2},
    ContentKind.REPORT: {TextKind.NEWS: 0.05, TextKind.ANNOUNCEMENT: 0.05, TextKind.REPORT_OF_PROBLEM: 2.0},
    ContentKind.POST: {TextKind.NEWS: 0.7},
    None: {},
}
"""How much likelier each kind is when a text comes in this way; 1 where nothing is said."""
NEEDED = {RiskClass.SCAM_LINK: (TRAP, LINK, OFFICIAL, CONTACT), RiskClass.IMPERSONATION: (AUTHORITY,)}
"""Without any of these signs a text is not of the class, whatever its words."""
FRAUDS = frozenset({RiskClass.SCAM_LINK, RiskClass.IMPERSONATION})
FRAUDULENT = 0.5
"""A text that is less likely than this to want money or data from its reader is no fraud, whatever its words."""
_KINDS = list(TextKind)
_PROTECTED = np.array([kind in PROTECTED_KINDS for kind in _KINDS])
_WITHOUT_RISK = frozenset({ContentKind.ARTICLE, ContentKind.RELEASE})


@CLASSIFIERS.register("linear")
class LinearClassifier:
    """Reads a model directory; by default the one that ships."""

    name = "linear"

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or DEFAULT
        self.model = load(self.folder)
        self.version = self.model.version
        told = card_of(self.folder)
        self.card = ModelCard(told["title"], told["data"], told["licence"], told["limits"])

    def annotate(self, batch: Sequence[Document]) -> list[Labels]:
        if not batch:
            return []
        texts = [reading(document) for document in batch]
        said = self.model.predict(texts)
        kinds = with_origin(said["kind"].probabilities, batch)
        floors = {name: said[name].head.floor for name in ("field", "tone", "kind")}
        fields, tones = said["field"].probabilities, decided(said["tone"].head, said["tone"].probabilities)
        return [
            _labels(
                fields[row], tones[row], kinds[row], _risks(said["risk"], row, text, document.kind, kinds[row]),
                float(said["toxicity"].probabilities[row, 0]), floors,
            )
            for row, (document, text) in enumerate(zip(batch, texts, strict=True))
        ]  # fmt: skip


def with_origin(chances: NDArray[np.float64], batch: Sequence[Document]) -> NDArray[np.float64]:
    """The probabilities of kinds, given how each text came in."""
    prior = np.array([[_ORIGIN[document.kind].get(kind, 1.0) for kind in _KINDS] for document in batch])
    weighed = chances * prior
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def _labels(
    fields: NDArray[np.float64],
    tones: NDArray[np.float64],
    kinds: NDArray[np.float64],
    risk: tuple[RiskClass, ...],
    toxicity: float,
    floors: dict[str, float],
) -> Labels:
    field, field_score = _best(list(Field), fields)
    tone, tone_score = _best(list(Tone), tones)
    kind, kind_score = settled(kinds, bool(risk))
    abstained = [
        head
        for head, score in (("field", field_score), ("tone", tone_score), ("kind", kind_score))
        if score < floors[head] and not (head == "kind" and kind in PROTECTED_KINDS)
    ]
    return Labels(
        Field.KHAC if "field" in abstained else field,
        field_score,
        Tone.NEUTRAL if "tone" in abstained else tone,
        tone_score,
        TextKind.OTHER if "kind" in abstained else kind,
        kind_score,
        risk,
        round(toxicity, 3),
        tuple(abstained),
    )


def settled(kinds: NDArray[np.float64], is_risky: bool) -> tuple[TextKind, float]:
    """The likeliest kind; where a risk fires, a doubt whether the text is criticism is enough to protect it."""
    protected = float(kinds[_PROTECTED].sum())
    best = int(kinds.argmax())
    if protected >= DOUBT if is_risky else protected > float(kinds[best]):
        best = int(np.where(_PROTECTED, kinds, -1).argmax())
        return _KINDS[best], round(protected, 3)
    return _KINDS[best], round(float(kinds[best]), 3)


def _best(labels: list[L], chances: NDArray[np.float64]) -> tuple[L, float]:
    best = int(chances.argmax())
    return labels[best], round(float(chances[best]), 3)


def decided(head: Head, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities as the head decides by them: a rare label may be taken before it is the likeliest."""
    weighed = chances * np.exp(np.array(head.offsets))
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def _risks(
    said: Answers, row: int, text: str, origin: ContentKind | None, kinds: NDArray[np.float64]
) -> tuple[RiskClass, ...]:
    """The classes that hold, of those that a text of this kind, and with these signs, can be of."""
    if origin in _WITHOUT_RISK or not said.holds[row].any():
        return ()
    found = [RiskClass(label) for label in np.array(said.head.labels)[said.holds[row]]]
    if kinds[_KINDS.index(TextKind.SCAM_SUSPECT)] < FRAUDULENT:
        found = [risk for risk in found if risk not in FRAUDS]
    return tuple(risk for risk in found if any(sign in text for sign in NEEDED.get(risk, ("",))))
