"""Versions of Meta's APIs side by side: which one a channel asks for, and until when Meta serves it.

The version is a channel's setting (`version`). An expired version is not refused: the oldest one that lives answers in
its place, so that behaviour changes without a word. That is why its end is told in time. Of what Lan Tỏa calls, nothing
is documented to differ between the versions in the table; what does differ one day gets a column here, and the code
asks the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.publish.adapters.base import Json, Reason

WARNING = timedelta(days=90)
"""Time to try a newer version on the sandbox and on a test account."""


@dataclass(frozen=True)
class ApiVersion:
    """`ends`: from that day on it may not be served; None where no day is documented."""

    ends: date | None = None


GRAPH: Mapping[str, ApiVersion] = {
    "v20.0": ApiVersion(date(2026, 9, 24)),
    "v23.0": ApiVersion(date(2027, 10, 1)),
    "v24.0": ApiVersion(date(2028, 2, 1)),
    "v25.0": ApiVersion(date(2028, 7, 1)),
    "v26.0": ApiVersion(),
}
"""Facebook and Instagram. Where only a month is known, its first day."""
THREADS: Mapping[str, ApiVersion] = {"v1.0": ApiVersion()}


def notice(known: Mapping[str, ApiVersion], version: str, settings: Json, now: datetime) -> Reason | None:
    """That the version nears its end or is past it; None while it is far off or not known.

    `settings.version_ends_on` (YYYY-MM-DD) goes before the table, for what was announced after it was written.
    """
    ends = _day(settings.get("version_ends_on")) or known.get(version, ApiVersion()).ends
    if ends is None or datetime(ends.year, ends.month, ends.day, tzinfo=UTC) - now > WARNING:
        return None
    newer = [name for name, one in known.items() if one.ends is None or one.ends > ends]
    way = f"hãy chuyển settings.version sang {newer[-1]}" if newer else "hãy chuyển settings.version sang bản mới hơn"
    said = "đã hết hạn" if ends <= now.date() else "sắp hết hạn"
    return Reason(
        f"phiên bản API {version} {said} ({ends:%d/%m/%Y}); {way}", f"API {version} ends on {ends.isoformat()}"
    )


def _day(written: object) -> date | None:
    try:
        return date.fromisoformat(str(written)) if written else None
    except ValueError:
        return None
