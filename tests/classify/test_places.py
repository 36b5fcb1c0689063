"""Places that a text names, with the day on which it was written."""

from datetime import date

import pytest

from libs.common.units import PlaceName
from services.classify.places import Gazetteer

BEFORE, AFTER = date(2025, 3, 1), date(2026, 3, 1)
DAY = date(2025, 7, 1)


@pytest.fixture(scope="module")
def places() -> Gazetteer:
    return Gazetteer(
        [
            PlaceName("Phường Ba Đình", "ward", DAY, None),
            PlaceName("Ba Đình", "ward", DAY, None),
            PlaceName("Phường Láng", "lang", DAY, None),
            PlaceName("Láng", "lang", DAY, None),
            PlaceName("Quận Ba Đình", "district", None, date(2025, 6, 30)),
            PlaceName("Ba Đình", "district", None, date(2025, 6, 30)),
        ]
    )


@pytest.mark.mission("M35")
@pytest.mark.parametrize(
    ("text", "on", "codes"),
    [
        ("Cháy nhà ở Ba Đình", AFTER, ("ward",)),
        ("Cháy nhà ở Ba Đình", BEFORE, ("district",)),
        ("Cháy nhà ở Ba Đình", None, ("ward",)),
        ("Cháy ở quận Ba Đình", AFTER, ("district",)),
        ("Cháy ở phường Ba Đình", BEFORE, ("ward",)),
        ("p. Láng mất nước", AFTER, ("lang",)),
        ("phuong lang mat nuoc", AFTER, ("lang",)),
        ("Láng mất nước", AFTER, ()),
        ("bà Ba Đình kể", AFTER, ()),
        ("ba đình, ba chùa", AFTER, ()),
        ("", AFTER, ()),
    ],
)
def test_a_bare_name_means_what_was_called_so_on_the_day(
    places: Gazetteer, text: str, on: date | None, codes: tuple[str, ...]
) -> None:
    assert places.find("", text, on) == codes
    assert places.find(text, "", on) == codes
