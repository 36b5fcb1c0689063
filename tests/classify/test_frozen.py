"""The shipped model on texts written before it by people who did not train it. Nobody tunes on them."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from libs.common import models as m
from libs.common.models.enums import Field, TextKind, Tone
from services.classify.adapters.base import CLASSIFIERS
from services.classify.adapters.linear import DEFAULT, LinearClassifier
from services.classify.models.judging import judge, read
from services.classify.models.texts import FOLDER, SUGGESTED_RISKS
from tests.classify.conftest import Desk

FROZEN = Path(__file__).parent / "frozen"
HASHES = {
    "criticism.jsonl": "3da8fc3c346373e1a2091f4a47ba20a9ea3baa3a135c6313b16c2f540a53a41c",
    "fields.jsonl": "972ccf78a5b9a1961a3e9501e55998fa14f18a83e1c26c8233b1d7050131410b",
    "places.jsonl": "6a2d2798cb14293bc21064551afe1895d8a7cce381d9293d71a8f0800fb004b8",
    "risk.jsonl": "1d7690559aefabde259c3015154fb867f120c33bf3f5842a1387cf6261c2f69c",
    "toxicity.jsonl": "9a106cb42e2552bd9d22f91a506b606905378480d02a6092ac187998638eb741",
}
"""Of the files as they were when the model was first judged; `fields` got its last 48, of no field, from somebody who
had seen neither model nor texts, after this version was made. A changed file is another judge."""
ENOUGH = 100
"""Texts of each class that is judged."""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return judge(LinearClassifier(), FROZEN)


@pytest.mark.parametrize("name", HASHES)
def test_a_frozen_file_is_what_it_was(name: str) -> None:
    assert hashlib.sha256((FROZEN / name).read_bytes()).hexdigest() == HASHES[name]


def test_every_frozen_file_is_pinned() -> None:
    assert {path.name for path in FROZEN.glob("*.jsonl")} == set(HASHES)


def test_there_are_enough_texts_of_each_class() -> None:
    fields = read(FROZEN / "fields.jsonl")
    by_field, by_kind = (Counter(row[name] for row in fields) for name in ("field", "kind"))
    assert min(by_field[field] for field in Field) >= ENOUGH
    kinds = set(TextKind) - {TextKind.SCAM_SUSPECT}
    assert min(by_kind[kind] for kind in kinds) >= ENOUGH
    assert min(Counter(row["tone"] for row in fields)[tone] for tone in Tone) >= ENOUGH
    risks = Counter(risk for row in read(FROZEN / "risk.jsonl") for risk in row["risk"])
    assert min(risks[risk] for risk in SUGGESTED_RISKS) >= ENOUGH
    assert len(read(FROZEN / "criticism.jsonl")) >= 220
    assert min(Counter(row["toxic"] for row in read(FROZEN / "toxicity.jsonl")).values()) >= ENOUGH


def test_no_frozen_text_was_learnt_from() -> None:
    frozen = {row["text"].strip().lower() for path in FROZEN.glob("*.jsonl") for row in read(path)}
    learnt = {row["text"].strip().lower() for path in FOLDER.glob("*.jsonl") for row in read(path)}
    assert not frozen & learnt


@pytest.mark.mission("M04")
def test_fields_are_found(found: dict[str, Any]) -> None:
    """As labels are given: where the model abstains it counts as wrong."""
    assert found["field"]["macro_f1"] >= 0.85
    assert min(one["f1"] for label, one in found["field"]["labels"].items() if label != Field.KHAC) >= 0.78


@pytest.mark.mission("M04")
def test_kinds_are_found(found: dict[str, Any]) -> None:
    assert found["kind"]["macro_f1"] >= 0.80
    assert found["kind"]["macro_f1_with_other"] >= 0.80


def test_tone_and_toxicity_are_better_than_they_were(found: dict[str, Any]) -> None:
    """No bar is promised for these: the figures must not fall."""
    assert found["tone"]["macro_f1"] >= 0.76
    assert found["toxicity"]["f1"] >= 0.85


@pytest.mark.mission("M05")
@pytest.mark.parametrize("risk", SUGGESTED_RISKS)
def test_what_is_suggested_is_so(found: dict[str, Any], risk: str) -> None:
    assert found["risk"][risk]["precision"] >= 0.90
    assert found["risk"][risk]["recall"] >= 0.40
    assert found["ordinary"][risk]["false_alarms"] <= 3


def test_a_model_that_abstains_is_right_more_often(found: dict[str, Any]) -> None:
    for head in ("field", "kind", "tone"):
        assert found[head]["accuracy_where_said"] >= found[head]["accuracy"]


def test_the_card_tells_these_figures(found: dict[str, Any]) -> None:
    card = json.loads((DEFAULT / "card.json").read_text(encoding="utf-8"))
    assert card["frozen"] == json.loads(json.dumps(found))
    assert card["outside"].keys() == {"unc_dantri", "vntc10"}


@pytest.mark.mission("M05")
@pytest.mark.parametrize("group", ["forum", "citizen"])
async def test_of_all_lawful_critical_texts_none_reaches_the_legal_queue(desk: Desk, group: str) -> None:
    """Through the service's own handler, as its database role."""
    desk.held.classifier = CLASSIFIERS.get("linear")()
    rows = read(FROZEN / "criticism.jsonl")
    ids = [await desk.content("", row["text"], group=group) for row in rows]
    await desk.annotate(ids)
    found = await desk.rows(m.Annotation)
    assert len(found) == len(rows)
    assert await desk.rows(m.LegalRiskCase) == []
    assert all(row.risk == [] for row in found)
