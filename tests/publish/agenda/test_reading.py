"""Calendar files of strangers: what is right is read, what is wrong is told entry by entry, and the work has an end."""

from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.publish.agenda.reading import (
    MAX_BYTES,
    MAX_OCCURRENCES,
    Found,
    NotACalendar,
    Window,
    read,
)
from tests.publish.agenda.calendars import calendar, entry

DAY = datetime(2026, 12, 1, 1, tzinfo=UTC)
WINDOW = Window(DAY - timedelta(days=60), DAY + timedelta(days=400))


def reading(*entries: str, method: str = "PUBLISH") -> Found:
    return read(calendar(*entries, method=method), WINDOW)


def reasons(found: Found) -> list[str]:
    return [each["reason"] for each in found.refused]


def test_what_the_desk_needs_is_read_and_who_is_invited_is_not() -> None:
    guests = "ATTENDEE;CN=Nguyễn Văn A:mailto:a@example.vn\nORGANIZER:mailto:b@example.vn\nDESCRIPTION:gọi 0912345678"
    alarm = "BEGIN:VALARM\nUID:khac\nTRIGGER:-PT15M\nEND:VALARM"
    [one] = reading(
        entry("a@lich", DAY, 90, LOCATION="Cầu\\, đường", CATEGORIES="Kiểm tra") + f"\n{guests}\n{alarm}"
    ).occurrences
    assert (one.uid, one.occurrence, one.title, one.place) == (
        "a@lich",
        "",
        "Chủ tịch kiểm tra công trường cầu",
        "Cầu, đường",
    )
    assert (one.starts_at, one.ends_at) == ("2026-12-01T01:00:00+00:00", "2026-12-01T02:30:00+00:00")
    assert one.categories == ["Kiểm tra"]
    assert "Nguyễn" not in str(one)


@pytest.mark.parametrize(
    ("written", "starts_at", "is_all_day"),
    [
        ("DTSTART:20261201T080000", "2026-12-01T01:00:00+00:00", False),
        ("DTSTART;TZID=Asia/Ho_Chi_Minh:20261201T080000", "2026-12-01T01:00:00+00:00", False),
        ("DTSTART;TZID=SE Asia Standard Time:20261201T080000", "2026-12-01T01:00:00+00:00", False),
        ("DTSTART;TZID=Europe/Paris:20261201T080000", "2026-12-01T07:00:00+00:00", False),
        ("DTSTART;VALUE=DATE:20261201", "2026-11-30T17:00:00+00:00", True),
    ],
)
def test_times_without_a_zone_are_of_hanoi(written: str, starts_at: str, is_all_day: bool) -> None:
    [one] = reading(f"UID:1\n{written}").occurrences
    assert (one.starts_at, one.is_all_day) == (starts_at, is_all_day)


def test_a_recurring_one_is_expanded_within_the_window_with_its_exceptions() -> None:
    first = DAY - timedelta(days=700)
    series = entry("s", first, RRULE="FREQ=WEEKLY", EXDATE="20261208T010000Z")
    assert first.weekday() == DAY.weekday()
    moved = entry("s", DAY + timedelta(days=14, hours=2), RECURRENCE_ID="20261215T010000Z", SUMMARY="Dời giờ")
    found = reading(series, moved)
    starts = [one.starts_at for one in found.occurrences]
    assert len(starts) == 460 // 7 - 1 + 1
    assert "2026-12-08T01:00:00+00:00" not in starts, "EXDATE"
    [changed] = [one for one in found.occurrences if one.title == "Dời giờ"]
    assert (changed.occurrence, changed.starts_at) == ("2026-12-15T01:00:00+00:00", "2026-12-15T03:00:00+00:00")
    assert (found.masters, found.refused) == (["s"], [])
    counted = reading(entry("c", DAY, RRULE="FREQ=DAILY;COUNT=3"), entry("u", DAY, RRULE="FREQ=DAILY;UNTIL=20261202"))
    assert [one.uid for one in counted.occurrences] == ["c", "c", "c", "u", "u"]


def test_an_hour_on_the_wall_stays_that_hour_when_clocks_change() -> None:
    paris = "UID:p\nDTSTART;TZID=Europe/Paris:20270326T090000\nRRULE:FREQ=DAILY;COUNT=4"
    assert [one.starts_at[11:16] for one in reading(paris).occurrences] == ["08:00", "08:00", "07:00", "07:00"]


def test_cancelling_by_status_and_by_method() -> None:
    assert [one.is_cancelled for one in reading(entry("a", DAY), entry("b", DAY, STATUS="CANCELLED")).occurrences] == [
        False,
        True,
    ]
    whole = reading(entry("a", DAY), "SUMMARY:không UID", method="CANCEL")
    assert ([one.is_cancelled for one in whole.occurrences], [r["entry"] for r in whole.refused]) == ([True], [2])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("SUMMARY:không có gì", "Thiếu UID"),
        ("UID:1\nSUMMARY:không có giờ", "Thiếu DTSTART"),
        ("UID:1\nDTSTART:hôm qua", "DTSTART viết sai"),
        ("UID:1\nDTSTART;TZID=Mars/Base:20261201T080000", "Không biết múi giờ Mars/Base"),
        ("UID:1\nDTSTART:99991201T080000Z", "Năm ngoài khoảng"),
        ("UID:1\nDTSTART:20261201T080000Z\nDTEND:20261101T080000Z", "Kết thúc trước khi bắt đầu"),
        ("UID:1\nDTSTART:20261201T080000Z\nDURATION:P900W", "kéo dài quá"),
        ("UID:1\nUID:2\nDTSTART:20261201T080000Z", "UID ghi nhiều lần"),
        ("UID:1\nDTSTART:20261201T080000Z\nRRULE:FREQ=SECONDLY", "Chỉ nhận lặp theo ngày"),
        ("UID:1\nDTSTART:20261201T080000Z\nRRULE:FREQ=DAILY;BYSECOND=1,2,3", "Chỉ nhận lặp theo ngày"),
        ("UID:1\nDTSTART:20261201T080000Z\nRRULE:FREQ=DAILY;INTERVAL=0", "viết sai|thời gian|nhiều bước"),
        ("UID:1\nDTSTART:20261201T080000Z\nRRULE:lung tung", "Chỉ nhận lặp theo ngày"),
        ("UID:1\nDTSTART:20261201T080000Z\nRRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO", "quá nhiều thời gian"),
        ("UID:1\nDTSTART:20261201T080000Z\nSUMMARY:" + "x" * 40_000, "quá dài"),
        ("UID:1\nDTSTART:20261201T080000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261201T080000Z", "Không nhận RANGE"),
        ("UID:1\nDTSTART:20261201T080000Z\nRDATE:" + ",".join(["20261202T080000Z"] * 800), "quá 750 thời điểm"),
    ],
)
def test_what_is_wrong_with_one_says_nothing_of_the_others(wrong: str, why: str) -> None:
    found = reading(entry("trước", DAY), wrong, entry("sau", DAY))
    assert [one.uid for one in found.occurrences] == ["trước", "sau"]
    [refused] = found.refused
    assert refused["entry"] == 2
    assert any(each in refused["reason"] for each in why.split("|")), refused


def test_an_entry_that_never_ends_is_refused_alone() -> None:
    open_ended = calendar(entry("a", DAY)).replace(b"END:VEVENT\r\n", b"") + calendar(entry("b", DAY))
    found = read(open_ended, WINDOW)
    assert [one.uid for one in found.occurrences] == ["b"]
    assert "END:VEVENT" in reasons(found)[0]


def test_of_two_entries_of_one_uid_the_newer_counts() -> None:
    found = reading(entry("a", DAY, SEQUENCE=2, SUMMARY="Mới"), entry("a", DAY, SEQUENCE=1, SUMMARY="Cũ"))
    assert [one.title for one in found.occurrences] == ["Mới"]
    assert [each["entry"] for each in found.refused] == [2]


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"BEGIN:VEVENT\r\nEND:VEVENT", b"BEGIN:VCALENDAR\r\n\xff\xfe", b"\0" * 100]
)
def test_what_is_no_calendar_is_refused_whole(data: bytes) -> None:
    with pytest.raises(NotACalendar):
        read(data, WINDOW)
    with pytest.raises(NotACalendar, match="2 MB"):
        read(b"BEGIN:VCALENDAR\r\n" + b"x" * MAX_BYTES, WINDOW)


def test_a_bomb_of_recurrences_is_bounded() -> None:
    began = monotonic()
    found = reading(*(entry(f"bomb-{n}", DAY - timedelta(days=3000), RRULE="FREQ=DAILY") for n in range(24)))
    assert len(found.occurrences) <= MAX_OCCURRENCES
    assert found.refused
    never = reading(*(entry(f"never-{n}", DAY, RRULE="FREQ=DAILY;INTERVAL=7;BYDAY=MO") for n in range(6)))
    assert never.occurrences == []
    assert len(never.refused) + never.outside == 6, "each is told"
    assert monotonic() - began < 30, "and the work has an end"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "BEGIN:VEVENT",
                "END:VEVENT",
                "BEGIN:VALARM",
                "END:VALARM",
                "UID:1",
                "UID:",
                "RRULE:",
                "DTSTART:20261201T080000Z",
                "DTSTART;VALUE=DATE:20261201",
                "RRULE:FREQ=DAILY;COUNT=2",
                "EXDATE:x",
                " folded",
                "STATUS:CANCELLED",
                "RECURRENCE-ID:20261201T080000Z",
                "SEQUENCE:x",
                "DTSTAMP:20261101T000000Z",
                "END:VCALENDAR",
                ":",
                ";=:",
                "\0",
            ]
        ),
        max_size=40,
    )
)
def test_whatever_is_in_a_calendar_it_is_read_or_refused(lines: list[str]) -> None:
    found = read("\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines]).encode(), WINDOW)
    assert all(one.uid and one.starts_at <= one.ends_at for one in found.occurrences)
    assert all(each["reason"] for each in found.refused)
