"""What is urgent stands above all else on the front page while it is in force, and only then."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from libs.common.models.corrections import CorrectionStep
from services.publish import bulletin
from services.publish.bulletin import URGENT_PINNED, Entry, Reference
from services.publish.chrome import EDITIONS, VI, Edition
from tests.publish.bulletin.structure import faults, tree
from tests.publish.entries import NOW, SITE, entry

RIGHTS = entry(1, affects_rights=True)
PLAIN = entry(2)


def flood(**changes: Any) -> Entry:
    return entry(5, **{"title": "Sơ tán bãi giữa", "is_urgent": True, **changes})


def front(*entries: Entry, edition: Edition = EDITIONS[0]) -> html.HtmlElement:
    return tree(bulletin.index(SITE, entries, [], NOW, edition))


def titles(page: html.HtmlElement) -> list[str]:
    return [heading.text_content().strip() for heading in page.iter("h3")]


@pytest.mark.mission("M36")
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda each: each.code)
def test_an_urgent_notice_stands_above_what_touches_rights_and_what_is_newer(edition: Edition) -> None:
    page = front(PLAIN, RIGHTS, flood(), edition=edition)
    assert titles(page) == ["Sơ tán bãi giữa", RIGHTS.title, PLAIN.title]
    assert page.xpath("string(//main//h2[1])") == edition.words["urgent_heading"]
    assert faults(page, edition.code) == []


@pytest.mark.parametrize("affects_rights", [False, True])
def test_it_stands_there_once_and_says_what_it_touches(affects_rights: bool) -> None:
    page = front(PLAIN, flood(affects_rights=affects_rights))
    assert titles(page) == ["Sơ tán bãi giữa", PLAIN.title]
    [section] = page.xpath("//section[contains(@class, 'urgent')]")
    assert (VI["rights"] in section.text_content()) == affects_rights


@pytest.mark.parametrize(
    "over",
    [
        {"published_at": NOW - URGENT_PINNED},
        {"state": "corrected", "corrected_by": (Reference("moi", "Đã an toàn", NOW),)},
        {"corrected_by": (Reference("moi", "Nước rút", NOW, CorrectionStep.UPDATE),)},
        {"is_urgent": False},
    ],
    ids=["days ago", "corrected", "updated", "not urgent"],
)
def test_what_is_over_goes_back_into_the_order_of_time(over: dict[str, Any]) -> None:
    page = front(PLAIN, RIGHTS, flood(**over))
    assert page.xpath("//section[contains(@class, 'urgent')]") == []
    assert titles(page)[0] == RIGHTS.title
    assert "Sơ tán bãi giữa" in titles(page)


def test_it_is_in_force_to_the_last_second_of_its_days() -> None:
    page = front(PLAIN, flood(published_at=NOW - URGENT_PINNED + timedelta(seconds=1)))
    assert titles(page)[0] == "Sơ tán bãi giữa"


def test_what_is_withdrawn_is_not_called_out() -> None:
    page = front(flood(state="withdrawn", title="", body="", summary=None))
    assert page.xpath("//section[contains(@class, 'urgent')]") == []
