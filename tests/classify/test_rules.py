"""The pure rules, by tables of cases."""

import pytest

from libs.common.models.enums import RiskClass, SourceGroup, TextKind
from services.classify.claims.book import ClaimBook
from services.classify.domain import Past, guard, is_remembered, joins_stories, settled_kind

NEWS, CRITICISM, OPINION, SCAM = TextKind.NEWS, TextKind.CRITICISM, TextKind.OPINION, TextKind.SCAM_SUSPECT


@pytest.mark.parametrize(
    ("found", "past", "settled"),
    [
        (NEWS, Past(), NEWS),
        (CRITICISM, Past(NEWS), CRITICISM),
        (NEWS, Past(CRITICISM, frozenset({"criticism"})), CRITICISM),
        (OPINION, Past(CRITICISM, frozenset({"criticism"})), OPINION),
        (CRITICISM, Past(NEWS, frozenset({"criticism"}), by_person=True), NEWS),
        (SCAM, Past(OPINION, frozenset({"opinion"}), by_person=True), OPINION),
    ],
)
def test_what_a_model_may_change(found: TextKind, past: Past, settled: TextKind) -> None:
    assert settled_kind(found, past) is settled


@pytest.mark.parametrize(
    ("kind", "past", "remembered"),
    [
        (NEWS, Past(), False),
        (CRITICISM, Past(), True),
        (CRITICISM, Past(CRITICISM, frozenset({"criticism"})), False),
        (OPINION, Past(CRITICISM, frozenset({"criticism"})), True),
    ],
)
def test_what_the_history_keeps(kind: TextKind, past: Past, remembered: bool) -> None:
    assert is_remembered(kind, past) is remembered


@pytest.mark.mission("M05")
@pytest.mark.parametrize("kind", list(TextKind))
@pytest.mark.parametrize("ever", ["criticism", "opinion", "complaint"])
def test_whatever_it_is_now_what_was_ever_criticism_has_no_risk(kind: TextKind, ever: str) -> None:
    assert guard(kind, list(RiskClass), [ever]).risk == ()


@pytest.mark.parametrize("group", list(SourceGroup))
@pytest.mark.parametrize("kind", list(TextKind))
def test_no_report_of_a_citizen_and_no_advert_joins_a_story(group: SourceGroup, kind: TextKind) -> None:
    joins = joins_stories(group, kind)
    if group is SourceGroup.CITIZEN or kind in (TextKind.ADVERT, TextKind.SCAM_SUSPECT):
        assert not joins
    if group is SourceGroup.PRESS and kind in (NEWS, TextKind.ANNOUNCEMENT):
        assert joins


def test_a_claim_book_without_claims_or_words_suggests_nothing() -> None:
    assert ClaimBook({}).suggest("a", "b") == []
    assert ClaimBook({1: "và của là"}).suggest("và của", "là") == []
