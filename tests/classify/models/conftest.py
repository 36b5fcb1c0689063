"""Small models, trained in a second on a part of the project's own texts."""

from datetime import date
from pathlib import Path

import pytest

from services.classify.adapters.linear import LinearClassifier
from services.classify.learner.storage import save
from services.classify.models import cards, texts, training
from services.classify.models.texts import Example


@pytest.fixture(scope="session")
def written() -> list[Example]:
    return texts.examples()


@pytest.fixture(scope="session")
def few(written: list[Example]) -> list[Example]:
    """Every fortieth text, in the order of the files; labels of all heads are among them."""
    return [one for one in written if one.group][::40]


@pytest.fixture(scope="session")
def others(written: list[Example]) -> list[Example]:
    """Texts that the small model has not learnt."""
    return [one for one in written if one.group][10::40]


@pytest.fixture(scope="session")
def small(few: list[Example], tmp_path_factory: pytest.TempPathFactory) -> LinearClassifier:
    folder = tmp_path_factory.mktemp("model")
    outcome = training.train(few)
    save(outcome.model, folder, cards.card_for(outcome, few, date(2026, 11, 29)))
    return LinearClassifier(folder)


@pytest.fixture(scope="session")
def shipped() -> LinearClassifier:
    return LinearClassifier()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of the shipped model in which some bytes were lost."""
    from services.classify.adapters.linear import DEFAULT

    whole = (DEFAULT / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(whole[: len(whole) // 2] + b"\0" * 64 + whole[len(whole) // 2 + 64 :])
    (tmp_path / "card.json").write_bytes((DEFAULT / "card.json").read_bytes())
    return tmp_path
