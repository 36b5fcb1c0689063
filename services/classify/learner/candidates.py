"""What is tried: feature sets for long and for short texts, then ways to learn on the best of them."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from typing_extensions import override

from services.classify.learner.features import Block, FeatureSpec
from services.classify.learner.fitting import Recipe

LONG = 400
"""Signs: texts longer than this on average are articles, which need fewer kinds of features and more speed."""


@dataclass(frozen=True)
class Candidate:
    spec: FeatureSpec
    recipe: Recipe = field(default_factory=Recipe)
    idf: bool = True
    min_df: int = 2

    @override
    def __str__(self) -> str:
        blocks = " ".join(f"{block.view}{block.low}-{block.high}" for block in self.spec.blocks)
        recipe = self.recipe
        weighed = f"C={recipe.c:g} balance={recipe.balance:g}{' ratio' if recipe.ratio else ''}"
        return f"{blocks} {self.spec.tf}{' idf' if self.idf else ''} df≥{self.min_df} {recipe.learner} {weighed}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "spec": self.spec.as_dict()}


def _words(high: int) -> Block:
    return Block("word", 1, high)


def _plain(high: int) -> Block:
    return Block("plain", 1, high)


_SHORT = FeatureSpec((_words(3), _plain(3), Block("char", 1, 6)), symbols=True)


def feature_sets(mean_length: float) -> list[Candidate]:
    recipe = Recipe("svm", 0.3)
    if mean_length > LONG:
        recipe = Recipe("svm", 1.0)
        return [
            Candidate(FeatureSpec((_words(2),), symbols=True), recipe),
            Candidate(FeatureSpec((_words(2), _plain(2)), symbols=True), recipe),
            Candidate(FeatureSpec((_words(2), Block("word", 1, 2, first=40)), symbols=True), recipe),
        ]
    return [
        Candidate(_SHORT, recipe, min_df=1),
        Candidate(_SHORT, recipe, idf=False),
        Candidate(FeatureSpec((_words(2), Block("char", 2, 5)), symbols=True), recipe),
        Candidate(replace(_SHORT, blocks=(*_SHORT.blocks, Block("skip")), tf="binary"), recipe),
        Candidate(FeatureSpec((_words(3), _plain(3)), symbols=True), recipe, min_df=1),
    ]


def ways_to_learn(best: Candidate, mean_length: float) -> list[Candidate]:
    """Articles say enough for the usual way, and take long to fit; short texts are worth a few more."""
    recipes = [
        Recipe("svm", 0.1),
        Recipe("svm", 1.0),
        Recipe("svm", 0.1, balance=0.5),
        Recipe("logistic", 3.0, balance=0.5),
        Recipe("logistic", 10.0),
        Recipe("svm", 0.1, ratio=True),
    ]
    if mean_length > LONG:
        recipes = [Recipe("svm", 3.0), Recipe("svm", 0.3), Recipe("svm", 1.0, balance=0.5)]
    return [replace(best, recipe=recipe) for recipe in recipes if recipe != best.recipe]
