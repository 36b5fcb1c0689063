"""The training texts: written for the project, one file a writer; and phrases that speak for a label by themselves."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from libs.common.models.enums import Field, RiskClass, TextKind, Tone
from services.classify.adapters.base import Document
from services.classify.models.wording import reading

FOLDER = Path(__file__).parents[1] / "training"
CUES = Path(__file__).parents[1] / "adapters" / "lexicon"
TOGETHER = 30
"""Neighbours in a file were written in one sitting; they are never split between training and measuring."""
SUGGESTED_RISKS = (
    RiskClass.SCAM_LINK,
    RiskClass.IMPERSONATION,
    RiskClass.FORGED_DOCUMENT,
    RiskClass.EXPOSED_PERSONAL_DATA,
    RiskClass.THREAT_OF_VIOLENCE,
)
"""The classes that a model may suggest by itself."""
HEADS: Mapping[str, tuple[str, ...]] = {
    "field": tuple(field.value for field in Field),
    "kind": tuple(kind.value for kind in TextKind),
    "tone": tuple(tone.value for tone in Tone),
    "risk": tuple(risk.value for risk in SUGGESTED_RISKS),
    "toxicity": ("toxic",),
}
MANY = frozenset({"risk", "toxicity"})
"""Heads of which any number of labels may hold, none included."""
Labels = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what is known of it: a head that is not named says nothing of this text."""

    text: str
    labels: Labels
    group: str
    """Empty for a phrase: it teaches, and is never measured on."""

    @property
    def is_phrase(self) -> bool:
        return not self.group


def examples(folder: Path = FOLDER, cues: Path = CUES) -> list[Example]:
    """Everything there is to learn from, in a fixed order."""
    files = sorted(folder.glob("*.jsonl"))
    written = [one for path in files for one in _of_file(path)]
    return written + list(phrases(folder / "words.yaml", cues)) + list(put_together(folder / "parts.yaml"))


def _of_file(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            yield Example(text_of(row), labels_of(row), f"{path.stem}/{number // TOGETHER}")


def text_of(row: Mapping[str, Any]) -> str:
    return reading(Document(row.get("title", ""), row["text"]))


def labels_of(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The labels of a row; texts written for field and kind show no risk, as their writers were told."""
    labels: dict[str, tuple[str, ...]] = {head: (row[head],) for head in ("field", "kind", "tone") if row.get(head)}
    if "risk" in row or "kind" in row:
        labels["risk"] = tuple(row.get("risk") or ())
    if "toxic" in row:
        labels["toxicity"] = ("toxic",) if row["toxic"] else ()
    elif row.get("kind") in _CIVIL:
        labels["toxicity"] = ()
    return labels


_CIVIL = frozenset({"news", "announcement", "question", "praise", "report_of_problem", "complaint", "opinion"})
"""Kinds that the writers kept free of insults."""


def phrases(words: Path, cues: Path) -> Iterator[Example]:
    """Each phrase is a short text: it brings words that no whole text happens to use."""
    for label, listed in _yaml(words).items():
        yield from (Example(phrase, {"field": (label,)}, "") for phrase in listed)
    for label, strengths in _yaml(cues / "fields.yaml").items():
        for strength in ("strong", "usual"):
            yield from (Example(phrase, {"field": (label,)}, "") for phrase in strengths.get(strength, ()))
    tones = _yaml(cues / "tones.yaml")
    for label in ("positive", "problem"):
        for strength in ("strong", "usual"):
            yield from (Example(phrase, {"tone": (label,)}, "") for phrase in tones.get(label, {}).get(strength, ()))


def put_together(path: Path) -> Iterator[Example]:
    """Texts of parts, as many of each recipe as it says."""
    chosen = random.Random(0)  # noqa: S311  (the same texts every time, nothing secret)
    for recipe in _yaml(path):
        for _ in range(recipe["texts"]):
            text = ", ".join(part for part in map(chosen.choice, recipe["parts"]) if part)
            yield Example(reading(Document("", text)), {"risk": tuple(recipe["risk"]), "kind": (recipe["kind"],)}, "")


def _yaml(path: Path) -> Any:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
