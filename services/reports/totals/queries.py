"""SQL of the daily totals: writing a day, adding days up, and stories over totals and rows together."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CTE, Select, and_, false, func, or_, select, text, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id, id_time
from libs.common.models.totals import Measure
from services.reports.domain import Period
from services.reports.totals.rules import Cover

LOCK = "reports:totals"


async def wait_for_turn(session: AsyncSession) -> None:
    """One counter at a time, until this transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": LOCK})


async def is_my_turn(session: AsyncSession) -> bool:
    """As `wait_for_turn`; False at once where somebody else counts."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    return bool(await session.scalar(lock, {"key": LOCK}))


# --- what there is ------------------------------------------------------------------------------------------


async def oldest_at(session: AsyncSession) -> datetime | None:
    """From when on contents are held with their labels: the later of the oldest of both, whose partitions may go on
    different nights."""
    content, label = m.Content.id, m.Annotation.content_id
    held = [await session.scalar(select(key).order_by(key).limit(1)) for key in (content, label)]
    return max(id_time(one) for one in held if one) if all(held) else None


async def counted_days(session: AsyncSession, first: date, last: date) -> dict[date, datetime]:
    """Day → when it was counted last."""
    one = m.CountedDay
    rows = await session.execute(select(one.day, one.as_of).where(one.day.between(first, last)))
    return dict(rows.all())


# --- writing a day ------------------------------------------------------------------------------------------

# What did not change is not written again: each kept day is counted every night.
_STORE = text("""
    WITH fresh AS (
        SELECT * FROM unnest(CAST(:measures AS text[]), CAST(:keys AS text[]), CAST(:counts AS bigint[]))
            AS given (measure, key, value)
    ), gone AS (
        DELETE FROM daily_totals old WHERE old.day = :day
            AND NOT EXISTS (SELECT FROM fresh WHERE fresh.measure = old.measure AND fresh.key = old.key)
    )
    INSERT INTO daily_totals AS old (measure, day, key, value)
    SELECT measure, :day, key, value FROM fresh
    ON CONFLICT (measure, day, key) DO UPDATE SET value = excluded.value WHERE old.value <> excluded.value
""")
_STORE_STORIES = text("""
    WITH fresh AS (
        SELECT story_id, count(*) AS items, array_agg(DISTINCT source_id) AS source_ids FROM story_items
        WHERE content_id >= :start AND content_id < :end GROUP BY story_id
    ), gone AS (
        DELETE FROM daily_story_totals old WHERE old.day = :day
            AND NOT EXISTS (SELECT FROM fresh WHERE fresh.story_id = old.story_id)
    )
    INSERT INTO daily_story_totals AS old (day, story_id, items, source_ids)
    SELECT :day, story_id, items, source_ids FROM fresh
    ON CONFLICT (day, story_id) DO UPDATE SET items = excluded.items, source_ids = excluded.source_ids
        WHERE (old.items, old.source_ids) IS DISTINCT FROM (excluded.items, excluded.source_ids)
""")


async def store_totals(session: AsyncSession, day: date, counts: Mapping[Measure, Mapping[str, int]]) -> None:
    """The day's totals are these and no others."""
    rows = [(measure, key, count) for measure, found in counts.items() for key, count in found.items() if count]
    measures, keys, values = zip(*rows, strict=True) if rows else ((), (), ())
    given = {"day": day, "measures": list(measures), "keys": list(keys), "counts": list(values)}
    await session.execute(_STORE, given)


async def store_stories(session: AsyncSession, day: date, span: Period) -> None:
    given = {"day": day, "start": floor_id(span.start), "end": floor_id(span.end)}
    await session.execute(_STORE_STORIES, given)


async def mark_counted(session: AsyncSession, day: date, now: datetime) -> None:
    mark = insert(m.CountedDay).values(day=day, as_of=now)
    await session.execute(mark.on_conflict_do_update(index_elements=["day"], set_={"as_of": now}))


# --- adding up ----------------------------------------------------------------------------------------------


async def sums(session: AsyncSession, measure: Measure, cover: Cover) -> dict[str, int]:
    """Key → sum over the counted days."""
    one = m.DailyTotal
    query = (
        select(one.key, func.sum(one.value))
        .where(one.measure == measure, one.day.between(cover.first, cover.last))
        .group_by(one.key)
    )
    return {key: int(value) for key, value in await session.execute(query)}


async def by_day(session: AsyncSession, measure: Measure, cover: Cover) -> dict[date, dict[str, int]]:
    """Day → key → count, of the counted days that had any."""
    one = m.DailyTotal
    query = select(one.day, one.key, one.value).where(one.measure == measure, one.day.between(cover.first, cover.last))
    found: dict[date, dict[str, int]] = {}
    for day, key, value in await session.execute(query):
        found.setdefault(day, {})[key] = value
    return found


# --- stories ------------------------------------------------------------------------------------------------


def _parts(cover: Cover) -> CTE:
    """(story_id, items, source_ids): of each counted day, and of each span that is read from the rows."""
    total, item = m.DailyStoryTotal, m.StoryItem
    counted = select(total.story_id, total.items, total.source_ids).where(total.day.between(cover.first, cover.last))
    spans = [and_(item.content_id >= floor_id(span.start), item.content_id < floor_id(span.end)) for span in cover.raw]
    rows = select(item.story_id, func.count(), func.array_agg(item.source_id.distinct())).group_by(item.story_id)
    return union_all(counted, rows.where(or_(false(), *spans))).cte("part")


async def stories(session: AsyncSession, cover: Cover) -> tuple[int, int]:
    """How many stories got an item, and how many items were put into one."""
    part = _parts(cover).c
    query = select(func.count(part.story_id.distinct()), func.coalesce(func.sum(part["items"]), 0))
    told, items = (await session.execute(query)).one()
    return told, int(items)


async def top_stories(session: AsyncSession, cover: Cover, top: int) -> Sequence[tuple[m.Story, int, int]]:
    """(story, items, sources) by how many different sources told it."""
    rows = (await session.execute(_top(_parts(cover), top))).all()
    found = await session.scalars(select(m.Story).where(m.Story.id.in_([row.story_id for row in rows])))
    named = {story.id: story for story in found}
    return [(named[row.story_id], int(row[1]), row.sources) for row in rows if row.story_id in named]


def _top(part: CTE, top: int) -> Select[UUID, int, int]:
    """A story had at most as many sources as its days had together, and at least as many as its best day. One that had
    at most fewer than `top` others had at least is not among the first: few are left whose sources are told apart."""
    sources_of_day = func.cardinality(part.c.source_ids)
    bound = (
        select(
            part.c.story_id,
            func.sum(part.c["items"]).label("items"),
            func.sum(sources_of_day).label("most"),
            func.max(sources_of_day).label("least"),
        )
        .group_by(part.c.story_id)
        .cte("bound")
    )
    least = select(bound.c.least).order_by(bound.c.least.desc()).offset(top - 1).limit(1).scalar_subquery()
    likely = select(bound.c.story_id, bound.c["items"]).where(bound.c.most >= func.coalesce(least, 0)).cte("likely")
    source = func.unnest(part.c.source_ids).label("source")
    told_by = (
        select(likely.c.story_id, likely.c["items"], source)
        .join(part, part.c.story_id == likely.c.story_id)
        .subquery("told_by")
    )
    sources = func.count(told_by.c.source.distinct()).label("sources")
    return (
        select(told_by.c.story_id, told_by.c["items"], sources)
        .group_by(told_by.c.story_id, told_by.c["items"])
        .order_by(sources.desc(), told_by.c["items"].desc(), told_by.c.story_id)
        .limit(top)
    )
