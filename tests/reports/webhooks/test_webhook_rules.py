"""The rules of webhooks without a database: when it is tried again, and whom an event is for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common.events.outside import EXAMPLES
from services.reports.webhooks import rules
from services.reports.webhooks.rules import Facets, Wanted

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
FEEDBACK = Facets(("00004",), ("problem",), ("moi_truong",))
NOTHING_KNOWN = Facets(("",), ("problem",), ("",))
ALERT = Facets(kind=("burst",), field=("giao_thong",))


def test_ten_tries_over_three_days_then_it_has_failed() -> None:
    pauses = [rules.retry_at(tries, NOW, 0) for tries in range(1, 10)]
    hours = [(at - NOW) / timedelta(hours=1) for at in pauses if at is not None]
    assert [round(each, 4) for each in hours] == [0.0014, 0.0833, 0.5, 2, 5, 10, 14, 20, 24]
    assert rules.retry_at(1, NOW, 1) == NOW + timedelta(seconds=6)
    assert rules.retry_at(10, NOW, 0) is None
    assert rules.retry_at(11, NOW, 0) is None, "one whose worker died at its last try"
    assert rules.retry_at(1, NOW, 0, NOW + timedelta(hours=1)) == NOW + timedelta(hours=1), "as it was asked"
    assert rules.retry_at(4, NOW, 0, NOW + timedelta(hours=1)) == NOW + timedelta(hours=2), "ours is longer"
    assert sum(rules.RETRIES, timedelta()) * (1 + rules.JITTER) < rules.GIVEN_UP_AFTER


@pytest.mark.parametrize(
    ("chosen", "facets", "takes"),
    [
        ({}, FEEDBACK, True),
        ({"unit_codes": ["00004"]}, FEEDBACK, True),
        ({"unit_codes": ["00005"]}, FEEDBACK, False),
        ({"unit_codes": ["00005", "00004"], "kinds": ["problem"], "fields": ["moi_truong"]}, FEEDBACK, True),
        ({"unit_codes": ["00004"], "fields": ["y_te"]}, FEEDBACK, False),
        ({"unit_codes": ["00004"]}, NOTHING_KNOWN, False),
        ({"kinds": ["problem"]}, NOTHING_KNOWN, True),
        ({"unit_codes": ["00004"]}, ALERT, True),
        ({"unit_codes": ["00004"], "fields": ["y_te"]}, ALERT, False),
        ({"unit_codes": ["00004"], "fields": ["y_te"]}, Facets(kind=("daily",)), True),
    ],
)
def test_whom_an_event_is_for(chosen: dict[str, Any], facets: Facets, takes: bool) -> None:
    assert Wanted(**({"unit_codes": [], "kinds": [], "fields": []} | chosen)).takes(facets) is takes


def test_every_event_of_the_list_can_be_read_from_what_is_stored_of_it() -> None:
    for example in EXAMPLES:
        assert rules.event_of(example.subject, example.model_dump(mode="json")) == example
        assert rules.filters_of(example.subject)
