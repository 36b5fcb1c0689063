"""SQL of stories, of the seat of their assigner, and of search; writes are for whole batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Annotation,
    Content,
    ContentRevision,
    Lease,
    Source,
    Story,
    StoryItem,
)
from services.classify.domain import FORUM_STORIES, NOT_STORIES, PUBLISHING_GROUPS

STORIES_LEASE = "stories"
TITLE_CHARS = 300

# --- the assigner's seat ------------------------------------------------------------------------------------

_TAKE_LEASE = text(
    """
    INSERT INTO leases AS held (name, epoch, holder, expires_at)
    VALUES (:name, 1, :holder, CAST(:expires_at AS timestamptz))
    ON CONFLICT (name) DO UPDATE
        SET epoch = held.epoch + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
            holder = excluded.holder, expires_at = excluded.expires_at
        WHERE held.holder = excluded.holder OR held.expires_at <= CAST(:now AS timestamptz)
    RETURNING epoch
    """
)


async def take_lease(session: AsyncSession, name: str, holder: str, now: datetime, expires_at: datetime) -> int | None:
    """The epoch of this holder's turn, or None while another has it. A rival never waits behind a write."""
    lock = select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"lease:{name}", 0)))
    if not await session.scalar(lock):
        return None
    values = {"name": name, "holder": holder, "now": now, "expires_at": expires_at}
    epoch: int | None = (await session.execute(_TAKE_LEASE, values)).scalar()
    return epoch


async def renew_lease(session: AsyncSession, name: str, holder: str, epoch: int, expires_at: datetime) -> bool:
    """Lock the row until this transaction ends; False when the turn is over."""
    mine = and_(Lease.name == name, Lease.holder == holder, Lease.epoch == epoch)
    renewed = update(Lease).where(mine).values(expires_at=expires_at).returning(Lease.epoch)
    return await session.scalar(renewed) is not None


async def release_lease(session: AsyncSession, name: str, holder: str, now: datetime) -> None:
    mine = and_(Lease.name == name, Lease.holder == holder)
    await session.execute(update(Lease).where(mine).values(expires_at=now))


# --- stories ------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """A content in its first version, as the clusterer reads it."""

    content_id: UUID
    source_id: UUID
    field: str
    title: str
    text: str
    published_at: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Assigned:
    told: Told
    story_id: UUID
    strand_id: UUID
    score: float
    position: int


def _told() -> Any:
    first = and_(ContentRevision.content_id == Content.id, ContentRevision.revision == 1)
    title, body = func.coalesce(ContentRevision.title, Content.title), (ContentRevision.text, Content.text)
    summary = func.coalesce(ContentRevision.summary, Content.summary, "")
    return (
        select(
            Annotation.content_id,
            Annotation.source_id,
            Annotation.field,
            title,
            func.coalesce(func.nullif(func.coalesce(*body), ""), summary),
            Content.published_at,
            Content.first_seen_at,
        )
        .join(Content, Content.id == Annotation.content_id)
        .join(ContentRevision, first, isouter=True)
    )


def _without_story(query: Select[Any], floor: UUID) -> Select[Any]:
    """Of annotated contents, those that tell a story and have none yet."""
    joins = or_(
        and_(Source.group.in_(PUBLISHING_GROUPS), Annotation.kind.not_in(NOT_STORIES)),
        and_(Source.group == "forum", Annotation.kind.in_(FORUM_STORIES)),
    )
    return (
        query.join(Source, Source.id == Annotation.source_id)
        .join(StoryItem, StoryItem.content_id == Annotation.content_id, isouter=True)
        .where(Annotation.content_id >= floor, StoryItem.content_id.is_(None), joins)
    )


async def list_unassigned(session: AsyncSession, floor: UUID, settled: datetime, limit: int) -> list[Told]:
    """Annotated contents that tell a story and have none yet, in the order in which they came in."""
    query = _without_story(_told(), floor).where(Annotation.annotated_at <= settled)
    rows = await session.execute(query.order_by(Annotation.content_id).limit(limit))
    return [Told(*row) for row in rows]


async def count_backlog(session: AsyncSession, floor: UUID) -> tuple[int, int]:
    """Contents that wait for labels, and those that wait for a story."""
    unlabelled = (
        select(func.count())
        .select_from(Content)
        .join(Annotation, Annotation.content_id == Content.id, isouter=True)
        .where(Content.id >= floor, Annotation.content_id.is_(None))
    )
    waiting = _without_story(select(func.count()).select_from(Annotation), floor)
    return await session.scalar(unlabelled) or 0, await session.scalar(waiting) or 0


async def newest_assigned(session: AsyncSession) -> UUID | None:
    query = select(StoryItem.content_id).order_by(StoryItem.content_id.desc()).limit(1)
    newest: UUID | None = await session.scalar(query)
    return newest


async def last_position(session: AsyncSession) -> int:
    return await session.scalar(select(func.coalesce(func.max(StoryItem.position), 0))) or 0


class Placed(NamedTuple):
    """A content with what it was given, and its place in the order."""

    told: Told
    story_id: UUID
    strand_id: UUID
    position: int


async def list_assigned(session: AsyncSession, floor: UUID, after: tuple[int, UUID], limit: int) -> list[Placed]:
    """Contents not older than `floor`, in the order in which they were assigned."""
    strand = func.coalesce(StoryItem.strand_id, StoryItem.story_id)
    query = (
        _told()
        .add_columns(StoryItem.story_id, strand, StoryItem.position)
        .join(StoryItem, StoryItem.content_id == Annotation.content_id)
        .where(StoryItem.content_id > floor, Annotation.content_id > floor)
        .where(tuple_(StoryItem.position, StoryItem.content_id) > after)
        .order_by(StoryItem.position, StoryItem.content_id)
        .limit(limit)
    )
    return [Placed(Told(*row[:-3]), *row[-3:]) for row in await session.execute(query)]


_OPEN_STORIES = text(
    """
    INSERT INTO stories (id, title, field, first_at, last_at, items, sources, version)
    SELECT id, title, field, at, at, 0, 0, 0
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:fields AS text[]),
                CAST(:times AS timestamptz[])) AS new (id, title, field, at)
    """
)
_INSERT_STORY_ITEMS = text(
    """
    INSERT INTO story_items (content_id, story_id, strand_id, source_id, score, position, epoch, assigned_at)
    SELECT content_id, story_id, strand_id, source_id, score, position, :epoch, CAST(:now AS timestamptz)
    FROM unnest(CAST(:content_ids AS uuid[]), CAST(:story_ids AS uuid[]), CAST(:strand_ids AS uuid[]),
                CAST(:source_ids AS uuid[]), CAST(:scores AS float8[]), CAST(:positions AS bigint[]))
         AS new (content_id, story_id, strand_id, source_id, score, position)
    """
)


async def open_stories(session: AsyncSession, given: Sequence[Assigned]) -> None:
    """The stories that these contents are the first of."""
    if not given:
        return
    told = [one.told for one in given]
    values = {
        "ids": [one.story_id for one in given],
        "titles": [(one.title or one.text)[:TITLE_CHARS] for one in told],
        "fields": [one.field for one in told],
        "times": [one.published_at or one.first_seen_at for one in told],
    }
    await session.execute(_OPEN_STORIES, values)


async def insert_story_items(session: AsyncSession, given: Sequence[Assigned], epoch: int, now: datetime) -> None:
    values = {
        "content_ids": [one.told.content_id for one in given],
        "story_ids": [one.story_id for one in given],
        "strand_ids": [one.strand_id for one in given],
        "positions": [one.position for one in given],
        "source_ids": [one.told.source_id for one in given],
        "scores": [one.score for one in given],
        "epoch": epoch,
        "now": now,
    }
    await session.execute(_INSERT_STORY_ITEMS, values)


async def get_story(session: AsyncSession, story_id: UUID) -> Story | None:
    return await session.get(Story, story_id)


class StoryFilter(NamedTuple):
    field: str | None = None
    min_sources: int = 1
    since: datetime | None = None


async def list_stories(
    session: AsyncSession, wanted: StoryFilter, sort: Any, after: tuple[Any, UUID] | None, limit: int
) -> Sequence[Story]:
    """Largest sort key first; `sort` is Story.last_at or Story.sources."""
    query = select(Story).where(Story.sources >= wanted.min_sources, Story.merged_into.is_(None))
    query = query.order_by(sort.desc(), Story.id.desc())
    if wanted.field is not None:
        query = query.where(Story.field == wanted.field)
    if wanted.since is not None:
        query = query.where(Story.last_at >= wanted.since)
    if after is not None:
        query = query.where(tuple_(sort, Story.id) < after)
    return (await session.scalars(query.limit(limit))).all()


async def list_story_contents(session: AsyncSession, story_id: UUID, limit: int) -> Sequence[Row[Any]]:
    query = (
        select(
            Content.id.label("content_id"),
            func.left(Content.title, TITLE_CHARS).label("title"),
            Content.url,
            Source.name.label("source"),
            Source.group,
            Content.published_at,
            Annotation.kind,
            Annotation.tone,
            StoryItem.score,
        )
        .select_from(StoryItem)
        .join(Content, Content.id == StoryItem.content_id)
        .join(Source, Source.id == StoryItem.source_id)
        .join(Annotation, Annotation.content_id == StoryItem.content_id)
        .where(StoryItem.story_id == story_id)
        .order_by(StoryItem.content_id)
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows
