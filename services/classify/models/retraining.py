"""A new model from the project's texts and people's corrections, and the gate that refuses a worse one.

Compared are: what both say of the project's texts by weights that have not seen their neighbours, in the same parts;
and what both say of the corrections kept apart: every third, none of which any model is ever trained on.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from libs.common.cli.ops import database
from libs.common.units import PlaceName, load_gazetteer
from services.classify.adapters.linear import LinearClassifier
from services.classify.learner.model import Model
from services.classify.learner.storage import card_of, save
from services.classify.models import cards, texts, training
from services.classify.models.corrections import DISMISSED
from services.classify.models.queries import Correction, list_corrections
from services.classify.models.texts import Example, Labels
from services.classify.naming.queries import confirmed_names
from services.classify.naming.rules import read_told
from services.classify.places import Gazetteer
from services.classify.queries import place_names

TOLERANCE = 0.01
"""A figure may be lower by this much before a model counts as worse: it is how far chance moves one."""
KEPT_APART = 3
FEW = 5
"""Fewer corrections than this of a head say nothing."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    name: str
    present: float
    new: float
    decides: bool = True

    @property
    def is_worse(self) -> bool:
        return self.decides and self.new < self.present - TOLERANCE


@dataclass(frozen=True)
class Names:
    """What texts are read with for places: the units of the installation, and what people call them besides."""

    of_units: Sequence[PlaceName]
    by_people: Sequence[PlaceName]


@dataclass(frozen=True)
class Retrained:
    outcome: training.Outcome
    learnt: list[Example]
    present: str
    compared: list[Compared] = field(default_factory=list)
    corrections: int = 0
    kept_apart: int = 0

    @property
    def worse(self) -> bool:
        return any(row.is_worse for row in self.compared)

    def as_dict(self) -> dict[str, Any]:
        rows = [
            {"name": row.name, "present": row.present, "new": row.new, "worse": row.is_worse} for row in self.compared
        ]
        told = {"corrections": self.corrections, "kept_apart": self.kept_apart}
        return {"present": self.present, "worse": self.worse, "compared": rows, **told}


def retrain(
    present: LinearClassifier,
    corrections: Sequence[Correction],
    written: Sequence[Example],
    say: Say = lambda line: None,
    names: Names | None = None,
) -> Retrained:
    places = [one for one in corrections if one.head == "places"]
    corrections = [one for one in corrections if one.head in texts.HEADS]
    apart = [one for one in corrections if is_kept_apart(one)]
    learnt = [*written, *(example_of(one) for one in corrections if not is_kept_apart(one))]
    outcome = training.train(learnt, say=say)
    compared = _on_texts(card_of(present.folder)["metrics"], outcome.metrics)
    compared += [*_on_corrections(present.model, outcome.model, apart), *_on_places(names, places)]
    return Retrained(outcome, learnt, present.version, compared, len(corrections), len(apart))


def is_kept_apart(one: Correction) -> bool:
    """By the content, so that all labels of a text are on one side."""
    return int(hashlib.sha256(one.content_id.bytes).hexdigest(), 16) % KEPT_APART == 0


def example_of(one: Correction) -> Example:
    """A correction teaches and is never measured on out of fold, where the present model was not asked either."""
    return Example(one.text, labels_of(one), "")


def labels_of(one: Correction) -> Labels:
    return {one.head: () if one.label == DISMISSED else (one.label,)}


def _on_texts(present: dict[str, Any], new: dict[str, Any]) -> list[Compared]:
    """Heads with thresholds are compared by how they rank texts: a threshold moves with a handful of them."""
    figures = {head: "ranking" if head in texts.MANY else "macro_f1" for head in texts.HEADS}
    return [Compared(f"{head}: {name}", present[head][name], new[head][name]) for head, name in figures.items()]


def _on_corrections(present: Model, new: Model, apart: Sequence[Correction]) -> list[Compared]:
    rows = []
    for head in ("field", "kind", "tone", "risk"):
        mine = [one for one in apart if one.head == head and one.text]
        if mine:
            before, after = (_agreement(model, head, mine) for model in (present, new))
            name = f"{head}: {len(mine)} sửa đổi (corrections)"
            rows.append(Compared(name, before, after, decides=len(mine) >= FEW))
    return rows


def _agreement(model: Model, head: str, mine: Sequence[Correction]) -> float:
    """How often a model says what the person said; of a dismissed risk, how often it does not fire."""
    said = model.predict([one.text for one in mine])[head]
    if head == "risk":
        right = [one.model_label not in given for one, given in zip(mine, said.label_sets, strict=True)]
    else:
        right = [one.label == given for one, given in zip(mine, said.labels, strict=True)]
    return round(sum(right) / len(right), 4)


def _on_places(names: Names | None, corrections: Sequence[Correction]) -> list[Compared]:
    """How often texts are given the places that people gave them: by the names of units alone, and with the names that
    people added. Nothing is trained there, so it tells and does not decide."""
    mine = [one for one in corrections if one.text]
    if names is None or not mine:
        return []
    said = [
        sum(set(gazetteer.find("", one.text)) == set(read_told(one.label)) for one in mine)
        for gazetteer in (Gazetteer(names.of_units), Gazetteer([*names.of_units, *names.by_people]))
    ]
    before, after = (round(right / len(mine), 4) for right in said)
    return [Compared(f"places: {len(mine)} sửa đổi (corrections)", before, after, decides=False)]


def write(found: Retrained, out: Path, day: date) -> Path:
    """A directory of its own, named by day and texts, so that the model in use stays where it is."""
    folder = out / f"{day.isoformat()}-{found.outcome.texts}"
    more = {"retrained": found.as_dict()}
    card = save(found.outcome.model, folder, cards.card_for(found.outcome, found.learnt, day, more))
    cards.write_readable(card, folder)
    return folder


def stored_corrections() -> tuple[list[Correction], Names]:
    """What people corrected so far, from the database of this installation, and the names of its places."""

    async def work() -> tuple[list[Correction], Names]:
        async with database() as db, db.transaction() as session:
            names = Names(await place_names(session) or load_gazetteer(), await confirmed_names(session))
            return await list_corrections(session), names

    return asyncio.run(work())
