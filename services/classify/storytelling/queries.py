"""SQL of what is told of stories, and of what people decided about them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Story, StoryItem, StoryLink
from services.classify.domain import PUBLISHING_GROUPS
from services.classify.storytelling.telling import MEMBERS, READ_CHARS, Member

_PUBLISHING = [group.value for group in PUBLISHING_GROUPS]

_MEMBERS = text(
    """
    SELECT told.id, member.content_id, member.source_id, s."group" = ANY(CAST(:publishing AS text[])), c.title,
           left(coalesce(nullif(c.text, ''), c.summary, ''), :chars), coalesce(c.published_at, c.first_seen_at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:heard AS int[])) AS told (id, heard)
    CROSS JOIN LATERAL (
        SELECT content_id, source_id, row_number() OVER (ORDER BY position NULLS FIRST, content_id) AS n
        FROM story_items WHERE story_id = told.id
    ) AS member
    JOIN contents c ON c.id = member.content_id
    JOIN sources s ON s.id = member.source_id
    WHERE member.n <= told.heard AND (member.n <= :half OR member.n > told.heard - :half)
    """
)
_COUNTS = text(
    """
    SELECT s.id, s.items, (SELECT count(*) FROM story_items i WHERE i.story_id = s.id)
    FROM stories s WHERE s.id = ANY(CAST(:ids AS uuid[]))
    """
)
_RECOUNT = text(
    """
    WITH counted AS (
        SELECT i.story_id, count(*) AS items, count(DISTINCT i.source_id) AS sources,
               min(coalesce(c.published_at, c.first_seen_at)) AS first_at,
               max(coalesce(c.published_at, c.first_seen_at)) AS last_at,
               mode() WITHIN GROUP (ORDER BY a.field) AS field
        FROM story_items i
        JOIN contents c ON c.id = i.content_id
        JOIN annotations a ON a.content_id = i.content_id
        WHERE i.story_id = ANY(CAST(:ids AS uuid[]))
        GROUP BY i.story_id
    )
    UPDATE stories AS old
    SET items = coalesce(new.items, 0), sources = coalesce(new.sources, 0), version = old.version + 1,
        first_at = coalesce(new.first_at, old.first_at), last_at = coalesce(new.last_at, old.last_at),
        field = coalesce(new.field, old.field), title = coalesce(told.title, old.title),
        summary = coalesce(told.summary, old.summary)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:summaries AS jsonb[]))
         AS told (id, title, summary)
    LEFT JOIN counted AS new ON new.story_id = told.id
    WHERE old.id = told.id
    """
)
_MOVE = text(
    """
    UPDATE story_items SET story_id = :story_id, strand_id = coalesce(CAST(:strand_id AS uuid), strand_id, story_id)
    WHERE story_id = :old_id AND content_id = ANY(CAST(:contents AS uuid[]))
    """
)
_LOCK = text("INSERT INTO leases (name, epoch, holder, expires_at) VALUES (:name, 0, '', :now) ON CONFLICT DO NOTHING")


async def count_items(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """How many items each story was counted with last, and how many it has."""
    return {story_id: (then, now) for story_id, then, now in await session.execute(_COUNTS, {"ids": list(ids)})}


async def list_members(session: AsyncSession, heard: Mapping[UUID, int]) -> Mapping[UUID, Sequence[Member]]:
    """Of the so many first contents of each story, in the order in which they joined it, the first and the last."""
    values = {"ids": list(heard), "heard": list(heard.values())}
    values |= {"publishing": _PUBLISHING, "chars": READ_CHARS, "half": MEMBERS // 2}
    found: dict[UUID, list[Member]] = defaultdict(list)
    for story_id, *member in await session.execute(_MEMBERS, values):
        found[story_id].append(Member(*member))
    return found


async def write_stories(
    session: AsyncSession, ids: Sequence[UUID], titles: Sequence[str | None], summaries: Sequence[str | None]
) -> None:
    """What stories show: counted anew from their items, with the title and summary given (JSON)."""
    await session.execute(_RECOUNT, {"ids": list(ids), "titles": list(titles), "summaries": list(summaries)})


# --- merges and splits --------------------------------------------------------------------------------------


async def lock_assignment(session: AsyncSession, name: str, now: datetime) -> None:
    """Until this transaction ends nothing is assigned: whoever assigns locks the same row."""
    await session.execute(_LOCK, {"name": name, "now": now})
    await session.execute(text("SELECT 1 FROM leases WHERE name = :name FOR UPDATE"), {"name": name})


async def get_stories(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Story]:
    rows = await session.scalars(select(Story).where(Story.id.in_(ids)))
    return {row.id: row for row in rows}


class Held(NamedTuple):
    content_id: UUID
    strand_id: UUID


async def list_items(session: AsyncSession, story_id: UUID) -> list[Held]:
    strand = func.coalesce(StoryItem.strand_id, StoryItem.story_id)
    query = select(StoryItem.content_id, strand).where(StoryItem.story_id == story_id).order_by(StoryItem.content_id)
    return [Held(*row) for row in await session.execute(query)]


async def move_items(
    session: AsyncSession, old_id: UUID, story_id: UUID, contents: Sequence[UUID], strand_id: UUID | None = None
) -> None:
    """Give contents to another story; without `strand_id` each stays in its strand."""
    values = {"old_id": old_id, "story_id": story_id, "contents": list(contents), "strand_id": strand_id}
    await session.execute(_MOVE, values)


async def next_change(session: AsyncSession) -> int:
    return (await last_change(session)) + 1


async def last_change(session: AsyncSession) -> int:
    return await session.scalar(select(func.coalesce(func.max(StoryLink.change), 0))) or 0


async def lock_link(session: AsyncSession, link_id: UUID) -> StoryLink | None:
    return await session.get(StoryLink, link_id, with_for_update=True)


async def kept_apart(session: AsyncSession, one: UUID, other: UUID) -> bool:
    """Whether a split between the two is in force."""
    pair = or_(
        (StoryLink.story_id == one) & (StoryLink.other_id == other),
        (StoryLink.story_id == other) & (StoryLink.other_id == one),
    )
    query = select(StoryLink.id).where(pair, StoryLink.kind == "cannot", StoryLink.undone_at.is_(None)).limit(1)
    return await session.scalar(query) is not None


async def list_links(session: AsyncSession, story_id: UUID) -> Sequence[StoryLink]:
    query = select(StoryLink).where(or_(StoryLink.story_id == story_id, StoryLink.other_id == story_id))
    return (await session.scalars(query.order_by(StoryLink.change.desc()).limit(100))).all()


class Moved(NamedTuple):
    """Where the contents of a decision are now."""

    content_id: UUID
    story_id: UUID
    strand_id: UUID


async def list_moved(session: AsyncSession, after: int) -> list[Moved]:
    """The items of every story that a decision after that one is about."""
    changed = select(StoryLink.story_id, StoryLink.other_id).where(StoryLink.change > after).subquery()
    strand = func.coalesce(StoryItem.strand_id, StoryItem.story_id)
    about = or_(StoryItem.story_id.in_(select(changed.c.story_id)), StoryItem.story_id.in_(select(changed.c.other_id)))
    query = select(StoryItem.content_id, StoryItem.story_id, strand).where(about)
    return [Moved(*row) for row in await session.execute(query)]
