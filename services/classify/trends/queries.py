"""Every SQL statement of counting and of bursts. A bucket is always counted anew from the items that lie in it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id, new_id
from libs.common.models import Annotation, Burst, Content, Series, SeriesItem, SeriesMark, SeriesPoint
from libs.common.models.trends import Dimension

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('series: counting', 0))")
_TAKE_IN = text(
    """
    INSERT INTO series_items AS held
        (content_id, bucket_at, field, places, source_kind, source_group, story_id, annotated_at)
    SELECT a.content_id, placed.bucket_at, a.field, a.places, s.kind, s."group", i.story_id, a.annotated_at
    FROM annotations AS a
    JOIN contents AS c ON c.id = a.content_id AND c.id >= CAST(:floor AS uuid)
    JOIN sources AS s ON s.id = a.source_id
    LEFT JOIN story_items AS i ON i.content_id = a.content_id
    LEFT JOIN series_items AS old ON old.content_id = a.content_id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN c.published_at IS NULL OR c.published_from = 'none'
                OR c.published_at >= c.first_seen_at - CAST(:prompt AS interval) THEN c.first_seen_at
            WHEN c.published_at AT TIME ZONE 'Asia/Ho_Chi_Minh'
                = date_trunc('day', c.published_at AT TIME ZONE 'Asia/Ho_Chi_Minh')
                AND c.published_at >= c.first_seen_at - interval '1 day' THEN c.first_seen_at
            ELSE c.published_at END AS at
    ) AS seen
    CROSS JOIN LATERAL (
        SELECT date_bin('5 minutes', seen.at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket_at
    ) AS placed
    WHERE a.content_id >= CAST(:floor AS uuid) AND placed.bucket_at >= CAST(:oldest AS timestamptz)
        AND (old.content_id IS NULL OR old.annotated_at <> a.annotated_at
             OR old.story_id IS DISTINCT FROM i.story_id)
    ORDER BY a.content_id
    LIMIT :limit
    ON CONFLICT (content_id) DO UPDATE
        SET field = excluded.field, places = excluded.places, story_id = excluded.story_id,
            annotated_at = excluded.annotated_at
    RETURNING held.bucket_at
    """
)
_KEYS = """
    SELECT d.dimension, d.key, i.bucket_at, count(*) AS count
    FROM series_items AS i
    CROSS JOIN LATERAL (
        SELECT 'all' AS dimension, 'all' AS key
        UNION ALL SELECT 'field', i.field
        UNION ALL SELECT 'source_kind', i.source_kind
        UNION ALL SELECT 'source_group', i.source_group
        UNION ALL SELECT 'story', CAST(i.story_id AS text) WHERE i.story_id IS NOT NULL
        UNION SELECT 'place', place FROM unnest(i.places) AS named (place)
    ) AS d
    WHERE i.bucket_at = ANY(CAST(:buckets AS timestamptz[]))
    GROUP BY d.dimension, d.key, i.bucket_at
"""
_NEW_KEYS = text(
    f"""
    SELECT DISTINCT k.dimension, k.key FROM ({_KEYS}) AS k
    WHERE NOT EXISTS (SELECT 1 FROM series AS s WHERE s.dimension = k.dimension AND s.key = k.key)
    """  # noqa: S608 - a constant of this file
)
_OPEN_SERIES = text(
    """
    INSERT INTO series (id, dimension, key, read_until, created_at)
    SELECT id, dimension, key, NULL, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:dimensions AS text[]), CAST(:keys AS text[])) AS new (id, dimension, key)
    ON CONFLICT (dimension, key) DO NOTHING
    """
)
_RECOUNT = text(
    f"""
    WITH fresh AS MATERIALIZED (
        SELECT s.id AS series_id, k.bucket_at, k.count
        FROM ({_KEYS}) AS k JOIN series AS s ON s.dimension = k.dimension AND s.key = k.key
    ), emptied AS (
        DELETE FROM series_points AS p
        WHERE p.bucket_at = ANY(CAST(:buckets AS timestamptz[]))
            AND NOT EXISTS (SELECT 1 FROM fresh AS f WHERE f.series_id = p.series_id AND f.bucket_at = p.bucket_at)
    )
    INSERT INTO series_points AS held (series_id, bucket_at, count)
    SELECT series_id, bucket_at, count FROM fresh
    ON CONFLICT (series_id, bucket_at) DO UPDATE SET count = excluded.count WHERE held.count <> excluded.count
    """  # noqa: S608 - a constant of this file
)
_MARK = text(
    """
    INSERT INTO series_marks AS held (name, reached_at) VALUES (:name, CAST(:at AS timestamptz))
    ON CONFLICT (name) DO UPDATE SET reached_at = greatest(held.reached_at, excluded.reached_at)
    """
)


# --- counting -----------------------------------------------------------------------------------------------


async def lock_counting(session: AsyncSession) -> bool:
    """One counts at a time, until this transaction ends; the others come back later."""
    return bool(await session.scalar(_LOCK))


async def take_in(
    session: AsyncSession, floor: datetime, oldest: datetime, prompt: timedelta, limit: int
) -> list[datetime]:
    """Take in annotated contents that are not counted yet, or otherwise than they now are: the bucket of each."""
    values = {"floor": floor_id(floor), "oldest": oldest, "prompt": prompt, "limit": limit}
    return list((await session.scalars(_TAKE_IN, values)).all())


async def recount(session: AsyncSession, buckets: Collection[datetime], now: datetime) -> None:
    """Count these five minutes anew in every series."""
    chosen = {"buckets": sorted(set(buckets))}
    missing = (await session.execute(_NEW_KEYS, chosen)).all()
    if missing:
        made = {"dimensions": [row.dimension for row in missing], "keys": [row.key for row in missing]}
        await session.execute(_OPEN_SERIES, made | {"ids": [new_id(now) for _ in missing], "now": now})
    await session.execute(_RECOUNT, chosen)


async def oldest_unlabelled(session: AsyncSession, since: datetime) -> datetime | None:
    """First sight of the oldest content since then that has no labels yet."""
    query = (
        select(func.min(Content.first_seen_at))
        .join(Annotation, Annotation.content_id == Content.id, isouter=True)
        .where(Content.id >= floor_id(since), Annotation.content_id.is_(None))
    )
    return await session.scalar(query)


async def get_mark(session: AsyncSession, name: str) -> datetime | None:
    return await session.scalar(select(SeriesMark.reached_at).where(SeriesMark.name == name))


async def set_mark(session: AsyncSession, name: str, at: datetime) -> None:
    """A mark never goes back."""
    await session.execute(_MARK, {"name": name, "at": at})


# --- reading for bursts -------------------------------------------------------------------------------------


async def claim_unread(session: AsyncSession, until: datetime, limit: int) -> list[Series]:
    """Series with five minutes that the detectors have not read, locked: several readers never take the same, and
    counting goes on beside them."""
    query = (
        select(Series)
        .where(Series.dimension != Dimension.STORY)
        .where((Series.read_until < until) | Series.read_until.is_(None))
        .order_by(Series.read_until.nulls_first(), Series.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return list((await session.scalars(query)).all())


async def first_buckets(session: AsyncSession, series_ids: Collection[UUID]) -> dict[UUID, datetime]:
    query = (
        select(SeriesPoint.series_id, func.min(SeriesPoint.bucket_at))
        .where(SeriesPoint.series_id.in_(series_ids))
        .group_by(SeriesPoint.series_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def list_counts(
    session: AsyncSession, series_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, dict[datetime, int]]:
    query = select(SeriesPoint.series_id, SeriesPoint.bucket_at, SeriesPoint.count).where(
        SeriesPoint.series_id.in_(series_ids), SeriesPoint.bucket_at >= since, SeriesPoint.bucket_at < until
    )
    found: dict[UUID, dict[datetime, int]] = {series_id: {} for series_id in series_ids}
    for series_id, at, count in await session.execute(query):
        found[series_id][at] = count
    return found


async def list_all_counts(session: AsyncSession, since: datetime, until: datetime) -> dict[datetime, int]:
    """Counts of everything, whatever it is about."""
    query = select(SeriesPoint.bucket_at, SeriesPoint.count).join(Series, Series.id == SeriesPoint.series_id)
    query = query.where(
        Series.dimension == Dimension.ALL, SeriesPoint.bucket_at >= since, SeriesPoint.bucket_at < until
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def keep_detectors(session: AsyncSession, series_id: UUID, states: Mapping[str, Any], until: datetime) -> None:
    values = {"detectors": dict(states), "read_until": until}
    await session.execute(update(Series).where(Series.id == series_id).values(values))


async def list_open_bursts(session: AsyncSession, series_ids: Collection[UUID]) -> dict[UUID, Burst]:
    query = select(Burst).where(Burst.series_id.in_(series_ids), Burst.ended_at.is_(None))
    return {burst.series_id: burst for burst in await session.scalars(query)}


class Growing(NamedTuple):
    """A story in the last hour, beside the three hours before it."""

    series: Series
    seen: int
    before: int


async def list_growing_stories(session: AsyncSession, until: datetime, least: int) -> list[Growing]:
    hour = timedelta(hours=1)
    seen = func.coalesce(func.sum(SeriesPoint.count).filter(SeriesPoint.bucket_at >= until - hour), 0)
    before = func.coalesce(func.sum(SeriesPoint.count).filter(SeriesPoint.bucket_at < until - hour), 0)
    query = (
        select(Series, seen, before)
        .join(SeriesPoint, SeriesPoint.series_id == Series.id)
        .where(SeriesPoint.bucket_at >= until - 4 * hour, SeriesPoint.bucket_at < until)
        .where(Series.dimension == Dimension.STORY)
        .group_by(Series.id)
        .having(seen >= least)
    )
    return [Growing(*row) for row in await session.execute(query)]


async def list_open_story_bursts(session: AsyncSession) -> list[Burst]:
    query = select(Burst).join(Series, Series.id == Burst.series_id)
    query = query.where(Series.dimension == Dimension.STORY, Burst.ended_at.is_(None))
    return list((await session.scalars(query)).all())


def counted_by(series: Series) -> Any:
    """The condition by which an item counts for this series."""
    match Dimension(series.dimension):
        case Dimension.ALL:
            return SeriesItem.content_id.is_not(None)
        case Dimension.FIELD:
            return SeriesItem.field == series.key
        case Dimension.STORY:
            return SeriesItem.story_id == UUID(series.key)
        case Dimension.PLACE:
            return SeriesItem.places.contains([series.key])
        case Dimension.SOURCE_KIND:
            return SeriesItem.source_kind == series.key
        case Dimension.SOURCE_GROUP:
            return SeriesItem.source_group == series.key


async def contributors(
    session: AsyncSession, series: Series, since: datetime, until: datetime, limit: int
) -> Sequence[tuple[UUID, UUID | None]]:
    """Contents of these minutes with their stories, those of the largest stories first, then as they came."""
    size = func.count().over(partition_by=func.coalesce(SeriesItem.story_id, SeriesItem.content_id))
    query = (
        select(SeriesItem.content_id, SeriesItem.story_id)
        .where(counted_by(series), SeriesItem.bucket_at >= since, SeriesItem.bucket_at < until)
        .order_by(size.desc(), SeriesItem.story_id, SeriesItem.content_id)
        .limit(limit)
    )
    return [(content_id, story_id) for content_id, story_id in await session.execute(query)]


# --- retention ----------------------------------------------------------------------------------------------

_PRUNE_POINTS = text(
    """
    DELETE FROM series_points AS p USING (
        SELECT p.series_id, p.bucket_at FROM series_points AS p JOIN series AS s ON s.id = p.series_id
        WHERE p.bucket_at < CAST(:before AS timestamptz) AND (s.dimension = 'story' OR NOT :only_stories)
        LIMIT :limit
    ) AS old
    WHERE p.series_id = old.series_id AND p.bucket_at = old.bucket_at
    """
)
_PRUNE_ITEMS = text(
    """
    DELETE FROM series_items WHERE content_id IN (
        SELECT content_id FROM series_items WHERE bucket_at < CAST(:before AS timestamptz) LIMIT :limit
    )
    """
)
_PRUNE_STORIES = text(
    """
    DELETE FROM series WHERE id IN (
        SELECT s.id FROM series AS s
        WHERE s.dimension = 'story' AND s.created_at < CAST(:before AS timestamptz)
            AND NOT EXISTS (SELECT 1 FROM series_points AS p WHERE p.series_id = s.id)
            AND NOT EXISTS (SELECT 1 FROM bursts AS b WHERE b.series_id = s.id)
        LIMIT :limit
    )
    """
)
_PRUNE_BURSTS = text("DELETE FROM bursts WHERE ended_at < CAST(:before AS timestamptz)")


async def prune(
    session: AsyncSession, points: datetime, stories: datetime, items: datetime, bursts: datetime, limit: int
) -> int:
    """Delete what is past its time, so many rows of each; how many went."""
    asked: list[tuple[Any, dict[str, Any]]] = [
        (_PRUNE_POINTS, {"before": points, "only_stories": False, "limit": limit}),
        (_PRUNE_POINTS, {"before": stories, "only_stories": True, "limit": limit}),
        (_PRUNE_ITEMS, {"before": items, "limit": limit}),
        (_PRUNE_STORIES, {"before": stories, "limit": limit}),
        (_PRUNE_BURSTS, {"before": bursts}),
    ]
    gone = 0
    for statement, values in asked:
        gone += (await session.execute(statement, values)).rowcount  # type: ignore[attr-defined]
    return gone
