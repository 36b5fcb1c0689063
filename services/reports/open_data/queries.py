"""SQL of open data. Counts by place leave `months` only as they may be shown."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Row, and_, cast, exists, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import array, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.models.enums import Field, SourceState, UnitKind
from libs.common.models.open_data import RegisterSubject
from libs.common.models.trends import Dimension
from services.reports.domain import ANSWERED_STATES, Period
from services.reports.queries import is_correction

# --- months ---------------------------------------------------------------------------------------------------


async def first_case_at(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(func.min(m.FeedbackCase.received_at)))


async def has_sources(session: AsyncSession) -> bool:
    return bool(await session.scalar(select(exists().where(m.Source.state == SourceState.ACTIVE))))


async def frozen_periods(session: AsyncSession) -> list[Period]:
    rows = await session.execute(select(m.PlaceMonth.period_from, m.PlaceMonth.period_to))
    return [Period(start, end) for start, end in rows]


async def add_month(session: AsyncSession, month: m.PlaceMonth) -> None:
    """Whoever is second leaves it as the first one counted it; so does who would overlap what is there."""
    values = {column.key: getattr(month, column.key) for column in m.PlaceMonth.__table__.columns}
    await session.execute(insert(m.PlaceMonth).values(values).on_conflict_do_nothing())


async def months_within(session: AsyncSession, period: Period) -> Sequence[m.PlaceMonth]:
    """Oldest first."""
    month = m.PlaceMonth
    query = select(month).where(month.period_from >= period.start, month.period_to <= period.end)
    return (await session.scalars(query.order_by(month.period_from))).all()


async def all_months(session: AsyncSession) -> Sequence[m.PlaceMonth]:
    """Oldest first."""
    return (await session.scalars(select(m.PlaceMonth).order_by(m.PlaceMonth.period_from))).all()


async def wards_on(session: AsyncSession, day: date) -> dict[str, str]:
    """Code → name of the wards and communes of that day."""
    return await _names(session, day, m.OrganizationUnit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE)))


async def units_on(session: AsyncSession, day: date) -> dict[str, str]:
    return await _names(session, day)


async def _names(session: AsyncSession, day: date, *only: ColumnElement[bool]) -> dict[str, str]:
    unit: Any = m.OrganizationUnit
    is_there = and_(unit.valid_from <= day, func.coalesce(unit.valid_to, day) >= day)
    query = select(unit.code, unit.name).where(is_there, *only).order_by(unit.code)
    return dict((await session.execute(query)).all())


async def cases_by_ward(session: AsyncSession, period: Period) -> dict[str, int]:
    """Code → cases, of places that are wards or communes by their name; the rest under the empty code."""
    case, unit = m.FeedbackCase, m.OrganizationUnit
    wards = (
        select(unit.name, func.max(unit.code).label("code"))
        .where(unit.kind.in_((UnitKind.WARD, UnitKind.COMMUNE)))
        .group_by(unit.name)
        .subquery()
    )
    code = func.coalesce(wards.c["code"], "")
    query = select(code, func.count()).select_from(case).outerjoin(wards, wards.c["name"] == case.place)
    return dict((await session.execute(query.where(_received(period)).group_by(code))).all())


async def cases_by_unit(session: AsyncSession, period: Period) -> dict[str, int]:
    """Code → cases; the empty code: nobody's yet."""
    case, unit = m.FeedbackCase, m.OrganizationUnit
    code = func.coalesce(unit.code, "")
    query = select(code, func.count()).select_from(case).outerjoin(unit, unit.id == case.unit_id)
    return dict((await session.execute(query.where(_received(period)).group_by(code))).all())


def _received(period: Period) -> ColumnElement[bool]:
    at = m.FeedbackCase.received_at
    return and_(at >= period.start, at < period.end)


# --- feedback of the whole city -------------------------------------------------------------------------------


async def cases_of_months(
    session: AsyncSession, months: Sequence[Period], column: str, as_of: datetime
) -> dict[tuple[int, str], tuple[int, int, int]]:
    """(number of the month from 1, value of `kind` or `topic`) → received, answered, overdue. `months`: one after
    another, oldest first. A case without a topic is of `khac`."""
    case = m.FeedbackCase
    starts = array([literal(month.start, DateTime(timezone=True)) for month in months])
    number, value = func.width_bucket(case.received_at, starts), func.coalesce(getattr(case, column), Field.KHAC)
    late_answer = case.answered_at > case.due_at
    still_late = and_(case.state.not_in(ANSWERED_STATES), case.due_at < as_of)
    query = (
        select(
            number,
            value,
            func.count(),
            func.count().filter(case.state.in_(ANSWERED_STATES)),
            func.count().filter(or_(late_answer, still_late)),
        )
        .where(case.received_at >= months[0].start, case.received_at < months[-1].end)
        .group_by(number, value)
    )
    return {(month, code): (all_, done, late) for month, code, all_, done, late in await session.execute(query)}


# --- what the city said, and what was said of its fields ---------------------------------------------------------


def _day(at: Any) -> Any:
    """The day of an instant in Hà Nội."""
    return cast(func.timezone("Asia/Ho_Chi_Minh", at), Date)


async def corrections_by_day(session: AsyncSession, before: date) -> Sequence[Row[date, int]]:
    """(day, corrections)."""
    day = _day(m.Publication.published_at)
    query = select(day, func.count()).where(is_correction(), day < before).group_by(day).order_by(day)
    return (await session.execute(query)).all()


async def posts_by_channel(session: AsyncSession, before: date) -> Sequence[Row[date, str, str, int]]:
    """(day, channel's kind, its name, posts that were seen there); no drill."""
    one, channel, publication = m.Delivery, m.Channel, m.Publication
    day = _day(one.confirmed_at)
    query = (
        select(day, channel.kind, channel.name, func.count())
        .select_from(one)
        .join(channel, channel.id == one.channel_id)
        .join(publication, publication.id == one.publication_id)
        .where(
            one.confirmed_at.is_not(None), channel.is_drill.is_(False), publication.is_drill.is_(False), day < before
        )
        .group_by(day, channel.kind, channel.name)
        .order_by(day, channel.kind, channel.name)
    )
    return (await session.execute(query)).all()


async def mentions_by_field(session: AsyncSession, since: date, before: date) -> Sequence[Row[date, str, int]]:
    """(day, field, contents)."""
    point, series = m.SeriesPoint, m.Series
    day = _day(point.bucket_at)
    start, end = (datetime.combine(each, time(), HANOI) for each in (since, before))
    query = (
        select(day, series.key, func.sum(point.count))
        .join(series, series.id == point.series_id)
        .where(series.dimension == Dimension.FIELD, point.bucket_at >= start, point.bucket_at < end)
        .group_by(day, series.key)
        .order_by(day, series.key)
    )
    return (await session.execute(query)).all()


# --- versions ---------------------------------------------------------------------------------------------------


async def lock_publishing(session: AsyncSession) -> None:
    """One publisher at a time, until this transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('reports:open-data', 0))"))


async def latest_versions(session: AsyncSession) -> dict[str, m.DatasetVersion]:
    """Data set → its newest version."""
    version = m.DatasetVersion
    query = select(version).ext(distinct_on(version.dataset)).order_by(version.dataset, version.day.desc())
    return {one.dataset: one for one in await session.scalars(query)}


async def add_versions(session: AsyncSession, versions: Sequence[m.DatasetVersion]) -> int:
    """How many are new: a version of a day stays as the first publisher recorded it."""
    added = 0
    for version in versions:
        values = {column.key: getattr(version, column.key) for column in m.DatasetVersion.__table__.columns}
        done = await session.execute(insert(m.DatasetVersion).values(values).on_conflict_do_nothing())
        added += done.rowcount  # type: ignore[attr-defined]
    return added


async def list_versions(session: AsyncSession) -> Sequence[m.DatasetVersion]:
    """Newest first."""
    version = m.DatasetVersion
    return (await session.scalars(select(version).order_by(version.dataset, version.day.desc()))).all()


# --- changes of the register ------------------------------------------------------------------------------------


async def latest_changes(session: AsyncSession) -> dict[tuple[str, str], m.RegisterChange]:
    """(subject, key) → its newest change: how it stands."""
    change = m.RegisterChange
    query = select(change).ext(distinct_on(change.subject, change.key))
    rows = await session.scalars(query.order_by(change.subject, change.key, change.id.desc()))
    return {(one.subject, one.key): one for one in rows}


async def list_changes(session: AsyncSession, limit: int) -> Sequence[m.RegisterChange]:
    """Newest first, back to the opening of the register."""
    change = m.RegisterChange
    opened = select(change.id).where(change.subject == RegisterSubject.OPENED).order_by(change.id).limit(1)
    query = select(change).where(change.id >= opened.scalar_subquery()).order_by(change.id.desc()).limit(limit)
    return (await session.scalars(query)).all()
