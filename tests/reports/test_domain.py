"""The pure rules, by tables of cases."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from libs.common.engagement import FORMULAS, NAMES, VERSION, Figure, printed_formula, rate_of
from libs.common.label_names import FIELDS, GROUPS, KINDS, SOURCE_KINDS
from libs.common.models import enums as e
from libs.common.verdicts import LABELS
from services.reports import labels
from services.reports.domain import (
    Health,
    SourceFacts,
    canonical,
    clip,
    digest,
    known_part,
    source_health,
)
from services.reports.issuing.printing import markdown_text, number
from services.reports.settings import ReportsGroup

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def told(**metrics: int | None) -> list[Figure]:
    return [Figure(name, value, f"{name} do nền tảng đếm", NOW) for name, value in metrics.items()]


@pytest.mark.mission("M31")
@pytest.mark.parametrize(
    ("kind", "metrics", "rate"),
    [
        ("tiktok", {"likes": 10, "comments": 4, "shares": 1, "views": 200}, 7.5),
        ("tiktok", {"likes": 0, "comments": 0, "shares": 0, "views": 10}, 0.0),
        ("tiktok", {"likes": 10, "comments": None, "shares": 1, "views": 200}, None),
        ("tiktok", {"likes": 10, "comments": 4, "views": 200}, None),
        ("tiktok", {"likes": 10, "comments": 4, "shares": 1, "views": None}, None),
        ("tiktok", {"likes": 10, "comments": 4, "shares": 1, "views": 0}, None),
        ("tiktok", {"views": 200}, None),
        ("tiktok", {}, None),
        ("instagram", {"likes": 1, "comments": 1, "saved": 2, "shares": 1, "views": 100}, 5.0),
        ("facebook", {"reactions": 5, "comments": 1, "shares": 0, "views": 100}, None),
        ("bluesky", {"likes": 5, "reposts": 1, "replies": 0, "quotes": 0}, None),
    ],
)
def test_a_rate_is_blank_as_soon_as_one_number_is_missing(
    kind: str, metrics: dict[str, int | None], rate: float | None
) -> None:
    counted = rate_of(kind, told(**metrics))
    assert counted is not None
    assert counted.percent == rate


def test_reactions_and_what_was_saved_are_interactions() -> None:
    facebook = rate_of("facebook", told(reactions=5, comments=1, shares=2))
    instagram = rate_of("instagram", told(likes=1, comments=1, saved=2, shares=1, views=100))
    assert facebook is not None
    assert instagram is not None
    assert (facebook.interactions, instagram.interactions) == (8, 5)


@pytest.mark.mission("M31")
def test_the_formula_is_printed_with_its_version() -> None:
    assert printed_formula("tiktok").startswith("(likes + comments + shares) ÷ views × 100; trống khi thiếu")
    assert all(VERSION in printed_formula(kind) for kind in FORMULAS)
    assert printed_formula("own_site") == "không có tỷ lệ: kênh này không cho số liệu tương tác"
    parts = {name for formula in FORMULAS.values() for name in (*formula.numerator, formula.denominator) if name}
    assert parts - set(NAMES) == set(), "people read each of them in Vietnamese"


@pytest.mark.parametrize(
    ("facts", "health"),
    [
        (SourceFacts("feed", "active", 0, NOW, NOW), Health.OK),
        (SourceFacts("feed", "active", 1, NOW, NOW), Health.FAILING),
        (SourceFacts("feed", "active", 0, NOW, NOW - timedelta(hours=48)), Health.SILENT),
        (SourceFacts("feed", "active", 0, NOW - timedelta(hours=47), None), Health.OK),
        (SourceFacts("page", "active", 0, NOW - timedelta(hours=48), None), Health.SILENT),
        (SourceFacts("form", "active", 0, NOW - timedelta(days=90), None), Health.OK),
        (SourceFacts("push", "active", 0, NOW - timedelta(days=90), None), Health.OK),
        (SourceFacts("feed", "paused", 7, NOW - timedelta(days=90), None), Health.STOPPED),
        (SourceFacts("feed", "gone", 7, NOW - timedelta(days=90), None), Health.STOPPED),
    ],
)
def test_health_of_a_source(facts: SourceFacts, health: Health) -> None:
    assert source_health(facts, NOW, timedelta(hours=48)) is health


@pytest.mark.parametrize(("done", "of", "known"), [(0, 5, None), (0, 0, 0), (1, 5, 0), (5, 5, 0)])
def test_a_count_behind_an_earlier_step_is_known_only_once_that_ran(done: int, of: int, known: int | None) -> None:
    assert known_part(0, done=done, of=of) == known


def test_one_content_has_one_digest() -> None:
    assert canonical({"b": [1, None], "a": "hòa"}) == '{"a":"hòa","b":[1,null]}'.encode()
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    assert digest({"a": 0}) != digest({"a": None})
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


def test_a_quote_is_cut_at_a_word() -> None:
    assert clip("một  hai\nba", 20) == "một hai ba"
    assert clip("một hai, ba bốn", 12) == "một hai, ba…"
    assert clip("một hai, ba bốn", 10) == "một hai…"
    assert len(clip("x" * 400)) == 300


def test_foreign_text_stays_text_in_markdown() -> None:
    assert markdown_text("[a](b) <script>\n| # *x*_y_") == r"\[a\](b) \<script\> \| # \*x\*\_y\_"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (0, "0"), (1234567, "1.234.567"), (2.5, "2,5"), (1234.25, "1.234,25")]
)
def test_numbers_as_vietnamese_writes_them(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("names", "members"),
    [
        (FIELDS, e.Field),
        (labels.TONES, e.Tone),
        (KINDS, e.TextKind),
        (labels.RISKS, e.RiskClass),
        (LABELS, e.Verdict),
        (GROUPS, e.SourceGroup),
        (SOURCE_KINDS, e.SourceKind),
        (labels.SOURCE_STATES, e.SourceState),
        (labels.PUBLICATION_STATES, e.PublicationState),
        (labels.DELIVERY_STATES, e.DeliveryState),
        (labels.PROGRAMME_STATES, e.ProgrammeState),
    ],
)
def test_every_member_of_a_closed_list_has_a_name(names: dict[StrEnum, str], members: type[StrEnum]) -> None:
    assert list(names) == list(members)
    assert len(set(names.values())) == len(names)


def test_the_schedule_can_be_turned_off_by_an_empty_setting() -> None:
    assert ReportsGroup.model_validate({"daily_hour": ""}).daily_hour is None
    assert ReportsGroup.model_validate({"daily_hour": "7"}).daily_hour == 7
    with pytest.raises(ValueError):
        ReportsGroup.model_validate({"daily_hour": "24"})
