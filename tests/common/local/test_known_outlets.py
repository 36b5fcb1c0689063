"""What a replay may know of an outlet from the shipped catalogue: its group and its language, and nothing by guess."""

import pytest

from libs.common.local.catalogue import known_outlet


@pytest.mark.parametrize(
    ("name", "group", "language"),
    [
        ("dantri.com.vn", "press", "vi"),
        ("www.24h.com.vn", "aggregator", "vi"),
        ("www.24h.com.vn (3)", "aggregator", "vi"),
        ("e.vnexpress.net", "press", "en"),
        ("Tin mới nhất - VnExpress RSS", "press", "vi"),
        ("Otofun", "forum", "vi"),
        ("otofun", "forum", "vi"),
    ],
)
def test_an_outlet_is_known_by_its_host_or_its_name(name: str, group: str, language: str) -> None:
    assert known_outlet(name) == {"group": group, "language": language}


@pytest.mark.parametrize("name", ["bao-mot", "Báo Sông Hồng (hư cấu)", "", "example.vn", "Không rõ nguồn"])
def test_another_outlet_is_left_as_it_is(name: str) -> None:
    assert known_outlet(name) == {}
