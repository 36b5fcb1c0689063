"""Calendar files for tests, written line by line as programs of offices write them."""

from datetime import UTC, datetime, timedelta
from typing import Any


def calendar(*entries: str, method: str = "PUBLISH") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//UBND//Lich//VI", f"METHOD:{method}"]
    for entry in entries:
        lines += ["BEGIN:VEVENT", *entry.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def entry(uid: str, starts: datetime, minutes: int = 60, **more: Any) -> str:
    """`more`: SUMMARY, SEQUENCE, RRULE…, with _ for -."""
    lines = {
        "UID": uid,
        "DTSTAMP": more.pop("DTSTAMP", "20261101T000000Z"),
        "DTSTART": stamp(starts),
        "DTEND": stamp(starts + timedelta(minutes=minutes)),
        "SUMMARY": "Chủ tịch kiểm tra công trường cầu",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return "\n".join(f"{name}:{value}" for name, value in lines.items())


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
