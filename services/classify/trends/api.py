"""Routes of trends."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import growth
from libs.common.auth import ClockDep, Principal, require
from libs.common.clock import HANOI
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import Series
from libs.common.models.enums import Role
from libs.common.models.trends import Dimension
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.classify.trends import forecast_queries as queries
from services.classify.trends.buckets import bucket_of
from services.classify.trends.counting import COUNTED
from services.classify.trends.problems import BurstNotFound, SeriesNotFound, SpanTooLong
from services.classify.trends.queries import get_mark
from services.classify.trends.schemas import (
    BurstContent,
    BurstList,
    BurstOut,
    BurstStory,
    BurstWhy,
    ForecastOut,
    ForecastPoint,
    PointOut,
    RisingList,
    RisingOut,
    SeriesOut,
    SeriesValues,
    forecast_error,
)
from services.classify.trends.showing import LEAST_OUTSIDE, steps, terms_of, told_outside

router = APIRouter(prefix="/api/classify/v1/trends", tags=["trends"], responses=problems(Unauthenticated, Forbidden))

STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]
# The integrator role sees aggregates, by day and not of few; what they are made of it does not see.
ReaderDep = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]

MOST_POINTS = 3000
OUTSIDE_NOTE = (
    f"Số đếm theo địa bàn dưới {LEAST_OUTSIDE} được để trống (counts by place below {LEAST_OUTSIDE} are blank)"
)


class Step(StrEnum):
    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"


STEPS = {Step.FIVE_MINUTES: timedelta(minutes=5), Step.HOUR: timedelta(hours=1), Step.DAY: timedelta(days=1)}


@router.get("/series")
async def list_series(
    page: PageDep, session: SessionDep, _: StaffDep, dimension: Dimension | None = None
) -> Page[SeriesOut]:
    rows = await queries.list_series(session, dimension, page)
    return Page[SeriesOut].model_validate(page_of(rows, page.limit, lambda row: Cursor(None, row.id)))


@router.get("/series/{dimension}/{key}", responses=problems(SeriesNotFound, SpanTooLong))
async def read_series(
    dimension: Dimension,
    key: str,
    session: SessionDep,
    who: ReaderDep,
    clock: ClockDep,
    step: Step = Step.HOUR,
    days: Annotated[int, Query(ge=1, le=400)] = 7,
) -> SeriesValues:
    """Counts by step up to what is counted. Outside of the house: by day, and of places none below ten."""
    is_outside = not who.has(*STAFF)
    if is_outside and dimension == Dimension.STORY:
        raise SeriesNotFound("Chuỗi theo câu chuyện chỉ dành cho nội bộ.")
    series = await _require(session, dimension, key)
    counted = await get_mark(session, COUNTED)
    wide = STEPS[Step.DAY if is_outside else step]
    until = _floor(counted, wide) if counted else _floor(clock.now(), wide)
    since = until - timedelta(days=days)
    if timedelta(days=days) / wide > MOST_POINTS:
        raise SpanTooLong(f"Nhiều nhất {MOST_POINTS} bước; hãy chọn bước dài hơn hoặc ít ngày hơn.")
    points = steps(since, until, wide, await queries.counts_by_step(session, series.id, since, until, wide))
    is_kept_back = is_outside and dimension == Dimension.PLACE
    shown = told_outside(points) if is_kept_back else points
    return SeriesValues(
        as_of=counted,
        dimension=dimension,
        key=key,
        step_minutes=round(wide / timedelta(minutes=1)),
        points=[PointOut(at=at, count=count) for at, count in shown],
        note=OUTSIDE_NOTE if is_kept_back else None,
    )


@router.get("/bursts")
async def list_bursts(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    dimension: Dimension | None = None,
    only_open: bool = False,
    hours: Annotated[int | None, Query(ge=1, le=24 * 400)] = None,
) -> BurstList:
    since = clock.now() - timedelta(hours=hours) if hours else None
    rows = await queries.list_bursts(session, queries.BurstFilter(dimension, only_open, since), page)
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row.Burst.id))
    as_of = await get_mark(session, COUNTED)
    return BurstList(as_of=as_of, items=[_burst(row) for row in shown["items"]], next_cursor=shown["next_cursor"])


@router.get("/bursts/{burst_id}", responses=problems(BurstNotFound))
async def get_burst(burst_id: UUID, session: SessionDep, _: StaffDep) -> BurstWhy:
    """What it is, why, since when, and how unusual."""
    row = await queries.get_burst(session, burst_id)
    if row is None:
        raise BurstNotFound(f"Không có đợt tăng {burst_id}.")
    titles = await queries.list_titles(session, row.Burst.content_ids)
    stories = await queries.list_stories(session, row.Burst.story_ids)
    return BurstWhy(
        as_of=await get_mark(session, COUNTED),
        burst=_burst(row),
        contents=[BurstContent.model_validate(one) for one in titles],
        stories=[BurstStory.model_validate(one) for one in stories],
        terms=terms_of([one.title for one in titles]),
    )


@router.get("/forecast/{dimension}/{key}", responses=problems(SeriesNotFound))
async def read_forecast(
    dimension: Dimension, key: str, session: SessionDep, _: StaffDep, hours: Annotated[int, Query(ge=1, le=168)] = 24
) -> ForecastOut:
    """The next hours with an 80% interval, and how the method did in the last month."""
    series = await _require(session, dimension, key)
    kept = await queries.get_forecast(session, series.id)
    points = [ForecastPoint.model_validate(point) for point in kept.points[:hours]] if kept else []
    errors = [forecast_error(int(name), stored) for name, stored in sorted(kept.errors.items())] if kept else []
    said = (
        "Khoảng dự báo chứa khoảng 8 trên 10 giá trị thực; xem sai số của 28 ngày qua ở errors."
        if points
        else "Chưa đủ lịch sử hoặc quá ít nội dung để dự báo (not enough history to forecast)."
    )
    return ForecastOut(
        as_of=await get_mark(session, COUNTED),
        dimension=dimension,
        key=key,
        made_at=kept.made_at if kept else None,
        history_days=round(kept.history_days, 1) if kept else None,
        hours=hours,
        points=points,
        errors=errors,
        says=said,
    )


@router.get("/rising")
async def list_rising(
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    dimension: Dimension = Dimension.STORY,
    hours: Annotated[int, Query(ge=1, le=24)] = 3,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    least: Annotated[int, Query(ge=1)] = 3,
) -> RisingList:
    """What grows fastest: stories beside the hours before, all else beside the same hours of the last seven days."""
    counted = await get_mark(session, COUNTED)
    until = bucket_of(counted or clock.now())
    span = timedelta(hours=hours)
    is_story = dimension == Dimension.STORY
    pause, times = (span, 1) if is_story else (timedelta(days=1), 7)
    rows = await growth.list_rising(session, dimension, until - span, until, pause, times, least)
    found = growth.by_growth(rows, times, limit)
    ids = [UUID(one.row.key) for one in found] if is_story else []
    titles = {str(story.story_id): story.title for story in await queries.list_stories(session, ids)}
    return RisingList(
        as_of=counted,
        dimension=dimension,
        hours=hours,
        compared_with=f"{hours} giờ ngay trước đó" if is_story else "trung bình cùng giờ của 7 ngày trước",
        items=[_rising(one, titles) for one in found],
    )


def _rising(one: Any, titles: dict[str, str]) -> RisingOut:
    return RisingOut(
        series_id=one.row.id,
        key=one.row.key,
        title=titles.get(one.row.key),
        seen=one.row.seen,
        expected=round(one.expected, 2),
        growth=round(one.growth, 2),
    )


def _burst(row: Any) -> BurstOut:
    burst = row.Burst
    told = {name: getattr(burst, name) for name in BurstOut.model_fields if hasattr(burst, name)}
    said = growth.burst_words(burst.seen, burst.expected, burst.window_minutes, burst.once_in_weeks)
    return BurstOut(**told, dimension=row.dimension, key=row.key, says=said)


def _floor(at: datetime, step: timedelta) -> datetime:
    """The last full step by the clock of the city."""
    midnight = at.astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((at - midnight) // step) * step


async def _require(session: AsyncSession, dimension: Dimension, key: str) -> Series:
    series = await queries.get_series(session, dimension, key.replace("\0", ""))
    if series is None:
        raise SeriesNotFound(f"Chưa có nội dung nào được đếm theo {dimension.value} “{key}”.")
    return series
