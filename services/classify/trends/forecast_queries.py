"""Every SQL statement of forecasts and of what is shown: counts by step, bursts and their contents."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Burst, Content, Series, SeriesForecast, SeriesPoint, Source, Story
from libs.common.models.trends import Dimension
from libs.common.pagination import PageRequest

FORECAST_DIMENSIONS = (Dimension.ALL, Dimension.FIELD, Dimension.PLACE, Dimension.SOURCE_KIND, Dimension.SOURCE_GROUP)
_ORIGIN = text("TIMESTAMPTZ '1999-12-31 17:00:00+00'")  # a midnight of Hà Nội
LATELY = timedelta(days=14)


# --- forecasts ----------------------------------------------------------------------------------------------


async def claim_unforecast(session: AsyncSession, now: datetime, older: datetime, a_day: float) -> Series | None:
    """A series whose forecast is older than that, and that has contents enough; locked."""
    lately = (
        select(SeriesPoint.series_id)
        .where(SeriesPoint.bucket_at >= now - LATELY)
        .group_by(SeriesPoint.series_id)
        .having(func.sum(SeriesPoint.count) >= a_day * LATELY.days)
    )
    query = (
        select(Series)
        .join(SeriesForecast, SeriesForecast.series_id == Series.id, isouter=True)
        .where(Series.dimension.in_(FORECAST_DIMENSIONS))
        .where((SeriesForecast.made_at < older) | SeriesForecast.made_at.is_(None))
        .where(Series.id.in_(lately))
        .order_by(SeriesForecast.made_at.nulls_first(), Series.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True, of=Series)
    )
    found: Series | None = await session.scalar(query)
    return found


async def counts_by_step(
    session: AsyncSession, series_id: UUID, since: datetime, until: datetime, step: timedelta
) -> dict[datetime, int]:
    """Sums of steps that begin at midnight of Hà Nội; a step without contents is not among them."""
    at = func.date_bin(step, SeriesPoint.bucket_at, _ORIGIN).label("at")
    query = (
        select(at, func.sum(SeriesPoint.count))
        .where(SeriesPoint.series_id == series_id, SeriesPoint.bucket_at >= since, SeriesPoint.bucket_at < until)
        .group_by(at)
    )
    return {row[0]: int(row[1]) for row in await session.execute(query)}


async def first_count(session: AsyncSession, series_id: UUID) -> datetime | None:
    return await session.scalar(select(func.min(SeriesPoint.bucket_at)).where(SeriesPoint.series_id == series_id))


async def keep_forecast(session: AsyncSession, **values: Any) -> None:
    stated = insert(SeriesForecast).values(**values)
    changed = {name: stated.excluded[name] for name in values if name != "series_id"}
    await session.execute(stated.on_conflict_do_update(index_elements=["series_id"], set_=changed))


async def get_forecast(session: AsyncSession, series_id: UUID) -> SeriesForecast | None:
    return await session.get(SeriesForecast, series_id)


# --- what is shown ------------------------------------------------------------------------------------------


async def get_series(session: AsyncSession, dimension: Dimension, key: str) -> Series | None:
    found: Series | None = await session.scalar(select(Series).where(Series.dimension == dimension, Series.key == key))
    return found


async def list_series(session: AsyncSession, dimension: Dimension | None, page: PageRequest) -> Sequence[Series]:
    query = select(Series).order_by(Series.id).limit(page.limit + 1)
    if dimension:
        query = query.where(Series.dimension == dimension)
    if page.after:
        query = query.where(Series.id > page.after.id)
    return (await session.scalars(query)).all()


class BurstFilter(NamedTuple):
    dimension: Dimension | None
    only_open: bool
    since: datetime | None


def _bursts() -> Any:
    return select(Burst, Series.dimension, Series.key).join(Series, Series.id == Burst.series_id)


async def list_bursts(session: AsyncSession, wanted: BurstFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """The newest first."""
    query = _bursts().order_by(Burst.id.desc()).limit(page.limit + 1)
    if wanted.dimension:
        query = query.where(Series.dimension == wanted.dimension)
    if wanted.only_open:
        query = query.where(Burst.ended_at.is_(None))
    if wanted.since:
        query = query.where(Burst.loud_at >= wanted.since)
    if page.after:
        query = query.where(Burst.id < page.after.id)
    return (await session.execute(query)).all()


async def get_burst(session: AsyncSession, burst_id: UUID) -> Row[Any] | None:
    return (await session.execute(_bursts().where(Burst.id == burst_id))).one_or_none()


async def list_titles(session: AsyncSession, content_ids: Sequence[UUID]) -> list[Any]:
    query = (
        select(Content.id.label("content_id"), Content.title, Content.url, Content.first_seen_at, Source.name)
        .join(Source, Source.id == Content.source_id)
        .where(Content.id.in_(content_ids))
    )
    found: dict[UUID, Any] = {row.content_id: row for row in await session.execute(query)}
    return [found[content_id] for content_id in content_ids if content_id in found]


async def list_stories(session: AsyncSession, story_ids: Sequence[UUID]) -> list[Any]:
    query = select(Story.id.label("story_id"), Story.title, Story.items, Story.sources).where(Story.id.in_(story_ids))
    found: dict[UUID, Any] = {row.story_id: row for row in await session.execute(query)}
    return [found[story_id] for story_id in story_ids if story_id in found]
