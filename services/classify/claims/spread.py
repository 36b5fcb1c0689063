"""How far a claim has spread: what was confirmed and, apart, what is only suggested, over time and by who said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Claim, ClaimMatch, Source
from libs.common.models.enums import MatchState
from services.classify.claims.problems import ClaimNotFound

DAY = timedelta(days=1)
MOST_SOURCES = 500
HANOI_ZONE = "Asia/Ho_Chi_Minh"


class Step(StrEnum):
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    items: int
    total: int
    """Up to the end of this step, from the beginning."""
    by_group: dict[str, int]


@dataclass(frozen=True, slots=True)
class Side:
    """`growth`: how the last 24 hours compare with the 24 before them; None where those had nothing."""

    items: int
    sources: int
    first_at: datetime | None
    last_at: datetime | None
    last_24h: int
    before_24h: int
    growth: float | None
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Seen:
    """One source where the claim was seen."""

    source_id: UUID
    name: str
    group: str
    url: str | None
    confirmed: int
    suggested: int
    first_at: datetime
    last_at: datetime
    example_url: str | None


@dataclass(frozen=True, slots=True)
class Spread:
    claim_id: UUID
    as_of: datetime
    step: Step
    first_seen_at: datetime | None
    first_source: str | None
    confirmed: Side
    suggested: Side
    sources: list[Seen]


async def spread_of(session: AsyncSession, claim_id: UUID, step: Step, since: datetime, *, now: datetime) -> Spread:
    """The curve since then; the totals are of all time."""
    if await session.get(Claim, claim_id) is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    counted = await _counted(session, claim_id, step)
    sources = await _sources(session, claim_id)
    first = min((one for one in sources if one.confirmed), key=lambda one: one.first_at, default=None)
    days = await _days(session, claim_id, now)
    return Spread(
        claim_id=claim_id,
        as_of=now,
        step=step,
        first_seen_at=first.first_at if first else None,
        first_source=first.name if first else None,
        confirmed=_side(MatchState.CONFIRMED, counted, sources, days, since),
        suggested=_side(MatchState.SUGGESTED, counted, sources, days, since),
        sources=sources,
    )


_AT = func.coalesce(ClaimMatch.seen_at, ClaimMatch.created_at)
Counted = Sequence[Row[datetime, str, str, int]]
Days = dict[str, Row[str, int, int, datetime, datetime]]


async def _counted(session: AsyncSession, claim_id: UUID, step: Step) -> Counted:
    """(begin of the step, state, group, items)."""
    at = func.date_trunc("hour" if step is Step.HOURS else "day", _AT, HANOI_ZONE)
    group = func.coalesce(Source.group, "unknown")
    query = (
        select(at, ClaimMatch.state, group, func.count())
        .join(Source, Source.id == ClaimMatch.source_id, isouter=True)
        .where(ClaimMatch.claim_id == claim_id, ClaimMatch.state != MatchState.REJECTED)
        .group_by(at, ClaimMatch.state, group)
        .order_by(at)
    )
    return (await session.execute(query)).all()


async def _days(session: AsyncSession, claim_id: UUID, now: datetime) -> Days:
    """By state: items of the last 24 hours and of the 24 before, first and last."""
    query = (
        select(
            ClaimMatch.state,
            func.count().filter(now - DAY < _AT),
            func.count().filter(now - 2 * DAY < _AT, now - DAY >= _AT),
            func.min(_AT),
            func.max(_AT),
        )
        .where(ClaimMatch.claim_id == claim_id)
        .group_by(ClaimMatch.state)
    )
    return {row[0]: row for row in await session.execute(query)}


async def _sources(session: AsyncSession, claim_id: UUID) -> list[Seen]:
    """Where it was seen, those with most confirmed items first."""
    confirmed = func.count().filter(ClaimMatch.state == MatchState.CONFIRMED)
    suggested = func.count().filter(ClaimMatch.state == MatchState.SUGGESTED)
    example = func.max(ClaimMatch.url).filter(ClaimMatch.state == MatchState.CONFIRMED)
    query = (
        select(Source.id, Source.name, Source.group, Source.homepage, confirmed, suggested)
        .add_columns(func.min(_AT), func.max(_AT), example)
        .join(Source, Source.id == ClaimMatch.source_id)
        .where(ClaimMatch.claim_id == claim_id, ClaimMatch.state != MatchState.REJECTED)
        .group_by(Source.id)
        .order_by(confirmed.desc(), suggested.desc(), Source.name)
        .limit(MOST_SOURCES)
    )
    return [Seen(*row) for row in await session.execute(query)]


def _side(state: MatchState, counted: Counted, sources: Sequence[Seen], days: Days, since: datetime) -> Side:
    told, total = dict[datetime, dict[str, int]](), 0
    points: list[Point] = []
    for at, is_state, group, items in counted:
        if is_state == state:
            told.setdefault(at, {})[group] = items
    for at, by_group in told.items():
        items = sum(by_group.values())
        total += items
        if at >= since:
            points.append(Point(at, items, total, by_group))
    _, last, before, first_at, last_at = days.get(state, (state, 0, 0, None, None))
    reached = sum(1 for one in sources if (one.confirmed if state is MatchState.CONFIRMED else one.suggested))
    growth = round(last / before - 1, 3) if before else None
    return Side(total, reached, first_at, last_at, last, before, growth, points)
