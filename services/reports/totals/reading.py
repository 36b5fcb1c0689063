"""The counts of a period, from the totals of its counted days and from the rows for the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.totals import Measure
from services.reports.domain import Period
from services.reports.longer_queries import watched_since
from services.reports.totals import queries
from services.reports.totals.measures import MEASURES
from services.reports.totals.rules import Cover, Kept, cover, day_of, kept, span_of


async def held(session: AsyncSession, limit: datetime) -> Kept:
    """Of which spans the rows are whole; what is younger than `limit` is not dropped yet."""
    return kept(await watched_since(session), await queries.oldest_at(session), limit)


async def cover_of(session: AsyncSession, period: Period, limit: datetime) -> Cover:
    counted = await queries.counted_days(session, day_of(period.start), day_of(period.end))
    return cover(period, counted, await held(session, limit))


async def counts(session: AsyncSession, cover: Cover, measure: Measure) -> Mapping[str, int]:
    """Key → count, of all that is known of the period; the missing part is left out."""
    found = Counter(await queries.sums(session, measure, cover) if cover.days else {})
    for span in cover.raw:
        found.update(await MEASURES[measure](session, span))
    return found


async def counts_by_span(
    session: AsyncSession, cover: Cover, measure: Measure, spans: Sequence[Period]
) -> list[Mapping[str, int] | None]:
    """For each span what `counts` gives for a period; None where nobody knows any more."""
    days = await queries.by_day(session, measure, cover) if cover.days else {}
    found: list[Mapping[str, int] | None] = []
    for span in spans:
        day = day_of(span.start)
        if day in cover.days and span == span_of(day):
            found.append(days.get(day, {}))
        else:
            found.append(await MEASURES[measure](session, span) if cover.held.has(span) else None)
    return found
