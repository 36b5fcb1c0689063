"""What is counted: for each measure one query of a span of time. The totals of a day are its answer for that day, so a
sum of days and a reading of the rows cannot mean different things."""

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.totals import Measure
from services.reports import queries
from services.reports.domain import Period

ALL = "all"
"""The key of what is not divided."""
Count = Callable[[AsyncSession, Period], Awaitable[Mapping[str, int]]]


def _whole(count: Callable[[AsyncSession, Period], Awaitable[int]]) -> Count:
    async def counted(session: AsyncSession, period: Period) -> Mapping[str, int]:
        return {ALL: await count(session, period)}

    return counted


MEASURES: Mapping[Measure, Count] = {
    Measure.ITEMS: queries.items,
    Measure.KINDS: queries.kinds,
    Measure.FIELDS: queries.fields,
    Measure.FEEDBACK_OPENED: queries.feedback_opened,
    Measure.FEEDBACK_ANSWERED: queries.feedback_answered,
    Measure.CLAIMS_OPENED: _whole(queries.claims_opened),
    Measure.CLAIM_MATCHES: _whole(queries.confirmed_matches),
    Measure.CORRECTIONS: _whole(queries.corrections),
}
