"""Dates as publishers write them."""

from datetime import UTC, datetime

import pytest

from services.ingest.dates import assumed_zone, has_zone, parse_date

MOMENT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-24T10:15:00+07:00",
        "2026-11-24T10:15:00+0700",
        "2026-11-24T03:15:00Z",
        "2026-11-24T03:15:00.000Z",
        "2026-11-24 10:15:00 +0700",
        "Tue, 24 Nov 2026 10:15:00 +0700",
        "Tue, 24 Nov 2026 03:15:00 GMT",
        "24/11/2026 10:15 GMT+7",
        "Thứ Ba, 24/11/2026, 10:15 (GMT+7)",
    ],
)
def test_a_zone_that_is_written_is_used(written: str) -> None:
    found = parse_date(written)
    assert found is not None
    assert (found.at, found.zone_assumed) == (MOMENT, False)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-24T10:15:00",
        "2026-11-24 10:15",
        "Tue, 24 Nov 2026 10:15:00",
        "24/11/2026 10:15",
        "24-11-2026 10:15:00",
        "10:15 24/11/2026",
        "10h15, 24 Thg 11, 2026",
        "ngày 24 tháng 11 năm 2026, 10:15",
        "24/11/2026 10:15 SA",
    ],
)
def test_a_time_without_a_zone_is_hanoi_time_and_says_so(written: str) -> None:
    found = parse_date(written)
    assert found is not None
    assert (found.at, found.zone_assumed) == (MOMENT, True)


def test_afternoon_is_told_in_vietnamese_too() -> None:
    found = parse_date("24/11/2026 3:15:20 CH")
    assert found is not None
    assert found.at == datetime(2026, 11, 24, 8, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["", None, "hôm qua", "31/02/2026", "2026", "99/99/9999", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_date_gives_none(written: str | None) -> None:
    assert parse_date(written) is None


def test_a_zone_is_recognised_only_where_one_is_written() -> None:
    assert has_zone("Tue, 24 Nov 2026 10:15:00 EST")
    assert has_zone("2026-11-24T10:15:00+07")
    assert not has_zone("2026-11-24")
    assert not has_zone("Tue, 24 Nov 2026 10:15:00")


def test_vietnamese_sources_mean_hanoi_time_others_utc() -> None:
    assert assumed_zone(language="vi") != UTC
    assert assumed_zone(url="https://bao.vn/rss") != UTC
    assert assumed_zone() != UTC
    assert assumed_zone(language="en", url="https://example.com/rss") == UTC
