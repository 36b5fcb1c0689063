"""What grows fastest: a span of a series beside the spans before it, from the five-minute counts; and how it is said.

One rule for the trends and for whoever is shown what rises.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.trends import Dimension

_RISING = text(
    """
    SELECT s.id, s.key,
        coalesce(sum(p.count) FILTER (WHERE p.bucket_at >= CAST(:since AS timestamptz)), 0) AS seen,
        coalesce(sum(p.count) FILTER (WHERE p.bucket_at < CAST(:since AS timestamptz)), 0) AS before
    FROM series AS s
    CROSS JOIN generate_series(0, :times) AS back
    JOIN series_points AS p ON p.series_id = s.id
        AND p.bucket_at >= CAST(:since AS timestamptz) - back * CAST(:pause AS interval)
        AND p.bucket_at < CAST(:until AS timestamptz) - back * CAST(:pause AS interval)
    WHERE s.dimension = :dimension
    GROUP BY s.id, s.key
    HAVING sum(p.count) FILTER (WHERE p.bucket_at >= CAST(:since AS timestamptz)) >= :least
    """
)


async def list_rising(
    session: AsyncSession,
    dimension: Dimension,
    since: datetime,
    until: datetime,
    pause: timedelta,
    times: int,
    least: int,
) -> Sequence[Row[Any]]:
    """Counts of a span, and of the spans so long before it, so many times, together."""
    values = {"dimension": dimension, "since": since, "until": until, "pause": pause, "times": times, "least": least}
    return (await session.execute(_RISING, values)).all()


class Rising(NamedTuple):
    row: Any
    expected: float
    growth: float


def by_growth(rows: Sequence[Any], times: int, limit: int) -> list[Rising]:
    """The fastest growing first: what is seen beside what the spans before it had on average. What merely scatters by
    chance around its average does not count as growing."""
    found = [Rising(row, float(row.before) / times, 0.0) for row in rows]
    grown = [one._replace(growth=(one.row.seen + 1) / (one.expected + 1)) for one in found]
    sure = [one for one in grown if one.row.seen > one.expected + 2 * math.sqrt(one.expected + 1)]
    return sorted(sure, key=lambda one: (-one.growth, -one.row.seen, str(one.row.id)))[:limit]


def burst_words(seen: int, expected: float, minutes: int, once_in_weeks: float | None) -> str:
    span = "1 giờ" if minutes == 60 else f"{minutes} phút"
    rarely = f"khoảng {once_in_weeks:.0f} tuần mới có một lần" if once_in_weeks and once_in_weeks >= 1 else "hiếm gặp"
    if once_in_weeks is None:
        rarely = "chưa đủ lịch sử để nói hiếm tới mức nào"
    return f"{seen} nội dung trong {span}, thường chỉ khoảng {expected:.1f}; {rarely}".replace(".", ",")
