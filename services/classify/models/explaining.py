"""Why a text has its labels: the words that decided, the rules that fired, the probability and what was asked of it."""

from typing import Any

import numpy as np

from libs.common.models.enums import PROTECTED_KINDS, TextKind
from services.classify.adapters.base import Document
from services.classify.adapters.linear import FRAUDS, NEEDED, LinearClassifier, decided, settled, with_origin
from services.classify.domain import guard
from services.classify.learner.heads import Answers
from services.classify.models.wording import SIGNS, readable, reading

FEATURES = 8
ABSTAINS = "Không đủ chắc nên để trống (not sure enough, so nothing is said): {head}"
PROTECTS = "Còn khả năng là góp ý, phê bình, khiếu nại nên được bảo vệ (may be criticism, so it is protected)"
ORIGIN = "Cách văn bản đến làm đổi loại (how the text came in changed its kind): {before} → {after}"
SIGN = "Dấu hiệu trong văn bản (a sign in the text): {sign}"
LACKS = "Loại văn bản hoặc dấu hiệu không hợp với rủi ro này (its kind or signs do not fit this risk): {risk}"
FIREWALL = "Tường lửa: văn bản được bảo vệ, không gợi ý rủi ro (firewall: protected, no risk is suggested)"


def explain(classifier: LinearClassifier, document: Document) -> dict[str, Any]:
    """Head by head; nothing is stored, the model reads the text anew."""
    text = reading(document)
    said = classifier.model.predict([text])
    labels = classifier.annotate([document])[0]
    kinds = with_origin(said["kind"].probabilities, [document])[0]
    heads = [
        _one(classifier, text, said[name], name, getattr(labels, name), name in labels.abstained, kinds)
        for name in ("field", "kind", "tone")
    ]
    heads += [head for name in ("risk", "toxicity") for head in _many(classifier, text, said[name])]
    rules = [SIGN.format(sign=told) for sign, told in SIGNS.items() if sign in text]
    rules += [ABSTAINS.format(head=name) for name in labels.abstained]
    rules += _rules(said, labels.kind, labels.risk, kinds)
    return {"model": f"{classifier.name} {classifier.version}", "heads": heads, "rules": rules}


def _one(
    classifier: LinearClassifier, text: str, said: Answers, name: str, given: str, abstained: bool, kinds: Any
) -> dict[str, Any]:
    """Of a head that abstained, the label it would have given is explained."""
    chances = kinds if name == "kind" else decided(said.head, said.probabilities)[0]
    label = said.head.labels[int(np.argmax(chances))] if abstained else str(given)
    return {
        "head": name,
        "label": label,
        "probability": round(float(chances[said.head.labels.index(label)]), 4),
        "threshold": round(said.head.floor, 4),
        "abstained": abstained,
        "features": _features(classifier, text, name, label),
    }


def _many(classifier: LinearClassifier, text: str, said: Answers) -> list[dict[str, Any]]:
    """The likeliest class of such a head, and every class that holds."""
    chances = said.probabilities[0]
    shown = {int(chances.argmax()), *np.flatnonzero(said.holds[0]).tolist()}
    return [
        {
            "head": said.head.name,
            "label": said.head.labels[index],
            "probability": round(float(chances[index]), 4),
            "threshold": round(said.head.offsets[index], 4),
            "abstained": not bool(said.holds[0][index]),
            "features": _features(classifier, text, said.head.name, said.head.labels[index]),
        }
        for index in sorted(shown)
    ]


def _features(classifier: LinearClassifier, text: str, head: str, label: str) -> list[dict[str, Any]]:
    found = classifier.model.explain(text, head, label, k=FEATURES)
    return [{"words": readable(words), "weight": round(float(weight), 4)} for words, weight in found]


def _rules(said: dict[str, Answers], kind: TextKind, risk: tuple[str, ...], kinds: Any) -> list[str]:
    fired = []
    plain = said["kind"].labels[0]
    by_origin, _ = settled(kinds, bool(risk))
    if by_origin in PROTECTED_KINDS and kinds.argmax() != list(TextKind).index(by_origin):
        fired.append(PROTECTS)
    elif by_origin.value != plain:
        fired.append(ORIGIN.format(before=plain, after=by_origin.value))
    held = said["risk"].label_sets[0]
    fired += [LACKS.format(risk=one) for one in held if one not in risk and one in {*NEEDED, *FRAUDS}]
    if risk and not guard(kind, tuple(risk)).risk:  # type: ignore[arg-type]
        fired.append(FIREWALL)
    return fired
