"""Every act that the code can write has its class and its words: a new one cannot be left out."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import pytest

from libs.common.models.enums import AliasState, ClaimState, MatchState, PublicationState, RiskState
from libs.common.models.storytelling import LinkKind
from libs.common.models.transfers import TransferState
from services.ingest.feedback.lifecycle import Action
from services.reports.audit_views.acts import ACTS, CLASSES, OBJECTS, ActClass, actions_of, class_of, words_of
from tests.reports.audit_views.walk import UNKNOWN, walk

TOLD_AT_RUN_TIME: Mapping[str, Iterable[str]] = {
    "claim.*": ClaimState,
    "claim_match.*": MatchState,
    "feedback.*": Action,
    "feedback.transfer_*": TransferState,
    "legal_risk.*": RiskState,
    "place_alias.*": AliasState,
    "publication.*": PublicationState,
    "story.*": LinkKind,
    "story.*_undone": LinkKind,
}
"""Acts of which the code says the end by a value, and every value there is."""

HANDED_IN_PAIRS = {
    *("alert", "alert_rule", "claim", "content", "legal_risk_case"),
    *("model", "place_alias", "programme", "story"),
}
"""Kinds of things that the code hands on beside their ids, as one value."""


@pytest.fixture(scope="module")
def written() -> set[str]:
    return set(walk("action"))


def test_the_walk_finds_acts_however_they_are_handed_on(written: set[str]) -> None:
    assert {"publication.approved", "source.created", "data_request.refused", "saved_query.expired"} <= written
    assert len(written) > 150


def test_every_act_of_the_code_is_classified(written: set[str]) -> None:
    patterns = {act for act in written if UNKNOWN in act}
    assert patterns - set(TOLD_AT_RUN_TIME) == set(), "say in TOLD_AT_RUN_TIME which values there are"
    told = {pattern.replace(UNKNOWN, str(value)) for pattern in patterns for value in TOLD_AT_RUN_TIME[pattern]}
    assert (written - patterns) | told <= set(ACTS), "give each act its class and words in audit_views/acts.py"


def test_no_act_is_told_that_nothing_writes(written: set[str]) -> None:
    assert [act for act in ACTS if not any(fnmatchcase(act, pattern) for pattern in written)] == []


def test_every_kind_of_thing_has_a_name() -> None:
    assert set(walk("object_type")) - {UNKNOWN} | HANDED_IN_PAIRS == set(OBJECTS)


def test_each_act_has_one_class_and_words_of_its_own() -> None:
    assert {action for kind in ActClass for action in actions_of(kind)} == set(ACTS)
    assert set(CLASSES) == set(ActClass)
    words = [act.words for act in ACTS.values()]
    assert len(words) == len(set(words))
    assert all(one[0].isupper() and one == one.strip() for one in words)


def test_an_act_of_another_release_is_told_by_its_code() -> None:
    assert (class_of("moon.landed"), words_of("moon.landed")) == (None, "moon.landed")
