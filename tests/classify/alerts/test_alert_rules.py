"""Decisions without a database: what counts, what is over, when somebody is told, and what no rule may ask."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.common.models import Base
from libs.common.models.alerts import AlertHold, AlertKind
from libs.common.seed import ALERT_RULES
from libs.common.testing.plugin import NOON
from services.classify.alerts.conditions import may_be_public, names_a_person, read_condition
from services.classify.alerts.keeping import check
from services.classify.alerts.rules import (
    DROPPED,
    TOLD,
    Manners,
    Pending,
    decide,
    episodes,
    first_due,
    lull,
    next_due,
    says,
    wording,
)
from services.classify.alerts.schemas import RuleBody

HOUR = timedelta(hours=1)
DAY = Manners("warning", "22:00", "06:00", "urgent", None, 5)
OPEN = Pending("open", is_settled_by_a_person=False, next_level=0)
OVER = replace(OPEN, state="resolved")
NIGHT = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
"""23:00 in Hà Nội."""
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("alert", "manners", "now", "decided"),
    [
        (OPEN, DAY, NOON, TOLD),
        (OPEN, DAY, NIGHT, (AlertHold.QUIET, MORNING)),
        (OPEN, DAY, MORNING, TOLD),
        (OPEN, replace(DAY, severity="urgent"), NIGHT, TOLD),
        (OPEN, replace(DAY, breaks_quiet="notice"), NIGHT, TOLD),
        (OPEN, replace(DAY, quiet_from=None, quiet_to=None), NIGHT, TOLD),
        (OPEN, replace(DAY, mute_until=NOON + HOUR), NOON, (AlertHold.MUTE, NOON + HOUR)),
        (OPEN, replace(DAY, mute_until=NOON), NOON, TOLD),
        (OPEN, replace(DAY, severity="urgent", mute_until=NOON + HOUR), NOON, (AlertHold.MUTE, NOON + HOUR)),
        (OVER, DAY, NOON, TOLD),
        (OVER, DAY, NIGHT, (AlertHold.QUIET, MORNING)),
        (OVER, replace(DAY, mute_until=NOON + HOUR), NOON, (AlertHold.MUTE, NOON + HOUR)),
        (OVER, replace(DAY, severity="urgent", mute_until=NOON + HOUR), NOON, (AlertHold.MUTE, NOON + HOUR)),
        (OVER, replace(DAY, mute_until=NOON), NOON, TOLD),
        (OVER, replace(DAY, mute_until=NIGHT), NIGHT, (AlertHold.QUIET, MORNING)),
        (replace(OVER, next_level=1), DAY, NOON, DROPPED),
        (replace(OVER, next_level=1), replace(DAY, mute_until=NOON + HOUR), NOON, DROPPED),
        (replace(OVER, is_settled_by_a_person=True), DAY, NOON, DROPPED),
        (replace(OVER, is_settled_by_a_person=True), replace(DAY, mute_until=NOON + HOUR), NOON, DROPPED),
        (replace(OPEN, state="acknowledged", is_settled_by_a_person=True), DAY, NOON, DROPPED),
    ],
)
def test_somebody_is_told_held_or_let_go(alert: Pending, manners: Manners, now: datetime, decided: Any) -> None:
    verdict = decide(alert, manners, now)
    assert decided in (verdict, (verdict.hold, verdict.until))


def test_the_first_telling_waits_for_its_group_and_an_urgent_one_does_not() -> None:
    urgent = replace(DAY, severity="urgent")
    assert first_due(DAY, None, NOON) == NOON + timedelta(minutes=5)
    assert first_due(urgent, None, NOON) == NOON
    assert first_due(urgent, NOON - timedelta(minutes=1), NOON) == NOON + timedelta(minutes=4)
    assert first_due(urgent, NOON - HOUR, NOON) == NOON


def test_levels_follow_the_first_telling_and_end() -> None:
    steps = [{"after_minutes": 10}, {"after_minutes": 30}]
    assert next_due(steps, 0, NOON, NOON) == NOON + timedelta(minutes=10)
    assert next_due(steps, 1, NOON, NOON + HOUR) == NOON + HOUR
    assert next_due(steps, 2, NOON, NOON) is None


@given(
    gaps=st.lists(st.integers(0, 120), max_size=60),
    count=st.integers(1, 6),
    minutes=st.integers(5, 90),
)
def test_events_do_not_overlap_and_each_has_enough(gaps: list[int], count: int, minutes: int) -> None:
    window, at, times = timedelta(minutes=minutes), NOON, []
    for gap in gaps:
        at += timedelta(minutes=gap)
        times.append(at)
    found = list(episodes(times, count, window))
    for one in found:
        assert one.items >= count
        assert sum(one.raised_at - window < at <= one.raised_at for at in times) >= count
    for one, other in pairwise(found):
        assert one.last_at < other.raised_at or count == 1
    has_enough = any(sum(at - window < one <= at for one in times) >= count for at in times)
    assert bool(found) == has_enough
    assert 1 <= lull(count) <= count


@pytest.mark.parametrize(
    ("phrase", "text", "is_said"),
    [
        ("vỡ đê", "Nguy cơ VỠ ĐÊ sông Bùi", True),
        ("vỡ đê", "nguy co vo de song bui", True),
        ("vỡ đê", "Bài thơ vô đề", False),
        ("vo de", "Nguy cơ vỡ đê", True),
        ("hòa bình", "Công viên Hoà Bình", True),
        ("đê", "người đến đêm", False),
    ],
)
def test_phrases(phrase: str, text: str, is_said: bool) -> None:
    assert says(wording(text), phrase) == is_said


# --- never about a person ------------------------------------------------------------------------------------

PERSONS = [
    "0912 345 678",
    "gọi không chín một hai ba bốn năm sáu bảy tám",
    "lan.nguyen@example.com",
    "lan nguyen a còng gmail chấm com",
    "@nguyenthilan",
    "facebook.com/nguyenthilan",
    "CCCD 001085012345",
]


@pytest.mark.mission("M06")
@pytest.mark.parametrize("words", PERSONS)
def test_no_rule_names_a_person(words: str) -> None:
    assert names_a_person([words])


def test_ordinary_words_name_nobody() -> None:
    assert not names_a_person(["vỡ đê", "cháy chung cư mini", "gọi 114", "nghị định 168", "phường 12", "năm 2026"])


@pytest.mark.mission("M06")
def test_there_is_no_way_to_ask_for_an_author() -> None:
    names = {name for schema in RuleBody.model_json_schema()["$defs"].values() for name in schema.get("properties", {})}
    names |= {
        column.name
        for table in Base.metadata.sorted_tables
        if table.name.startswith("alert")
        for column in table.columns
    }
    banned = ("author", "user", "handle", "account", "nickname", "phone", "email", "profile")
    assert {name for name in names if any(word in name for word in banned)} == set()
    for extra in ({"author": "x"}, {"handles": ["x"]}):
        with pytest.raises(ValidationError):
            read_condition({"kind": "threshold", "count": 1, "window_minutes": 60, **extra})


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "threshold", "count": 0, "window_minutes": 60},
        {"kind": "threshold", "count": 5, "window_minutes": 60 * 48},
        {"kind": "threshold", "count": 5, "window_minutes": 60, "by": "author"},
        {"kind": "threshold", "count": 5, "window_minutes": 60, "by": "story", "kinds": ["news"]},
        {"kind": "first_appearance", "of": "phrase", "days": 3},
        {"kind": "first_appearance", "of": "place_field", "phrases": ["đê"], "days": 3},
        {"kind": "burst", "dimensions": []},
        {"kind": "source_quiet", "healths": ["ok"]},
        {"kind": "person"},
    ],
)
def test_conditions_that_make_no_sense_are_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_condition(condition)


@pytest.mark.mission("M06")
def test_outside_nothing_of_an_unconfirmed_match_a_query_or_a_source() -> None:
    assert not may_be_public(read_condition({"kind": "claim_seen"}))
    assert may_be_public(read_condition({"kind": "claim_seen", "only_confirmed": True}))
    assert not may_be_public(read_condition({"kind": "source_quiet"}))
    assert not may_be_public(read_condition({"kind": "saved_query", "query_ids": [str(UUID(int=1))]}))


def test_the_shipped_rules_are_rules() -> None:
    rules = yaml.safe_load(ALERT_RULES.read_text(encoding="utf-8"))["rules"]
    assert len({rule["slug"] for rule in rules}) == len(rules)
    kinds = set()
    for rule in rules:
        body = RuleBody.model_validate({name: value for name, value in rule.items() if name != "slug"})
        check(body)
        assert not body.is_public, "the city decides what outsiders hear"
        kinds.add(body.condition.kind)
    assert kinds >= {AlertKind.BURST, AlertKind.CLAIM_SEEN, AlertKind.SOURCE_QUIET, AlertKind.THRESHOLD}
