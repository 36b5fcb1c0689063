"""Use cases of stories: telling them anew, merging, splitting, and taking either back.

Guarantee: what a person decided is kept by whoever assigns, now and after a rebuild. A decision moves items under the
lock of assignment and is numbered; the assigner takes in every decision since the last it knows before its next
batch. What is like a strand later joins it, in whatever story it is now.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import StoriesUpdated
from libs.common.ids import new_id
from libs.common.models import Story, StoryLink
from libs.common.models.storytelling import LinkKind
from libs.common.outbox import emit
from services.classify.problems import StoryNotFound
from services.classify.service import trail
from services.classify.story_queries import STORIES_LEASE
from services.classify.storytelling import queries
from services.classify.storytelling.problems import (
    LinkAlreadyUndone,
    LinkNotFound,
    NothingLeftOfStory,
    SameStory,
    StoriesKeptApart,
    StoryAlreadyMerged,
)
from services.classify.storytelling.telling import Telling, heard, tell


async def retell_stories(session: AsyncSession, ids: Sequence[UUID], *, every: bool = False) -> None:
    """Count stories anew from their items, and tell the title and summary of those that have grown enough, or of every
    one."""
    counts = await queries.count_items(session, ids)
    due = {one: heard(now) for one, (then, now) in counts.items() if every or heard(now) != heard(then)}
    members = await queries.list_members(session, due)
    told = await asyncio.to_thread(lambda: {one: tell(members[one]) for one in due if members.get(one)})
    titles = [told[one].title if one in told else None for one in ids]
    await queries.write_stories(session, ids, titles, [_json(told.get(one)) if one in due else None for one in ids])


def _json(told: Telling | None) -> str:
    if told is None:
        return "[]"
    return json.dumps([{"content_id": str(one.content_id), "text": one.text} for one in told.summary])


async def merge_stories(
    session: AsyncSession, story_id: UUID, other_id: UUID, reason: str, *, by: UUID, now: datetime
) -> StoryLink:
    """Everything of the other story belongs to this one, and what joins it later too."""
    if story_id == other_id:
        raise SameStory("Hãy chọn hai câu chuyện khác nhau.")
    await queries.lock_assignment(session, STORIES_LEASE, now)
    _, other = await _require_stories(session, story_id, other_id)
    if await queries.kept_apart(session, story_id, other_id):
        raise StoriesKeptApart("Hãy bỏ việc tách trước.")
    held = await queries.list_items(session, other_id)
    await queries.move_items(session, other_id, story_id, [one.content_id for one in held])
    other.merged_into = story_id
    return await _decide(session, LinkKind.MUST, (story_id, other_id), held, reason, by, now)


async def split_story(
    session: AsyncSession, story_id: UUID, contents: Collection[UUID], reason: str, *, by: UUID, now: datetime
) -> StoryLink:
    """These contents are another story, and so is what is like them later."""
    await queries.lock_assignment(session, STORIES_LEASE, now)
    [story] = await _require_stories(session, story_id)
    held = await queries.list_items(session, story_id)
    moved = [one for one in held if one.content_id in contents]
    if not moved or len(moved) == len(held):
        raise NothingLeftOfStory("Cần ít nhất một nội dung tách ra và một nội dung ở lại.")
    other_id = new_id(now)
    copied = {"title": story.title, "field": story.field, "first_at": story.first_at, "last_at": story.last_at}
    session.add(Story(id=other_id, items=0, sources=0, version=0, summary=[], **copied))
    await session.flush()
    await queries.move_items(session, story_id, other_id, [one.content_id for one in moved], strand_id=other_id)
    apart = [queries.Held(one.content_id, other_id) for one in moved]
    return await _decide(session, LinkKind.CANNOT, (story_id, other_id), apart, reason, by, now)


async def undo_link(session: AsyncSession, link_id: UUID, *, by: UUID, now: datetime) -> StoryLink:
    """Take a merge or a split back, with everything that has joined its strands since."""
    await queries.lock_assignment(session, STORIES_LEASE, now)
    link = await queries.lock_link(session, link_id)
    if link is None:
        raise LinkNotFound(f"Không có quyết định {link_id}.")
    if link.undone_at is not None:
        raise LinkAlreadyUndone("Hãy tải lại trang.")
    is_merge = link.kind == LinkKind.MUST
    old_id, new_owner = (link.story_id, link.other_id) if is_merge else (link.other_id, link.story_id)
    stories = await queries.get_stories(session, [link.story_id, link.other_id])
    _refuse_merged(stories[old_id])
    if not is_merge:
        _refuse_merged(stories[new_owner])
    held = await queries.list_items(session, old_id)
    back = [one.content_id for one in held if one.strand_id in link.strands]
    await queries.move_items(session, old_id, new_owner, back)
    stories[link.other_id].merged_into = None if is_merge else link.story_id
    link.undone_by, link.undone_at, link.change = by, now, await queries.next_change(session)
    await session.flush()
    await _announce(session, (link.story_id, link.other_id), now)
    await trail.record(session, f"story.{link.kind}_undone", by, ("story", link.story_id), now, _facts(link))
    return link


async def _decide(
    session: AsyncSession,
    kind: LinkKind,
    stories: tuple[UUID, UUID],
    moved: Sequence[queries.Held],
    reason: str,
    by: UUID,
    now: datetime,
) -> StoryLink:
    link = StoryLink(
        id=new_id(now),
        kind=kind.value,
        story_id=stories[0],
        other_id=stories[1],
        contents=[one.content_id for one in moved],
        strands=sorted({one.strand_id for one in moved}),
        reason=reason,
        decided_by=by,
        decided_at=now,
        change=await queries.next_change(session),
    )
    session.add(link)
    await session.flush()
    await _announce(session, stories, now)
    await trail.record(session, f"story.{kind}", by, ("story", stories[0]), now, _facts(link))
    return link


async def _announce(session: AsyncSession, ids: tuple[UUID, UUID], now: datetime) -> None:
    await retell_stories(session, ids, every=True)
    await emit(session, StoriesUpdated(story_ids=sorted(ids)), now=now, source="classify")


def _facts(link: StoryLink) -> dict[str, object]:
    return {"link_id": str(link.id), "other_id": str(link.other_id), "contents": len(link.contents)}


async def _require_stories(session: AsyncSession, *ids: UUID) -> list[Story]:
    found = await queries.get_stories(session, ids)
    for story_id in ids:
        if story_id not in found:
            raise StoryNotFound(f"Không có câu chuyện {story_id}.")
        _refuse_merged(found[story_id])
    return [found[story_id] for story_id in ids]


def _refuse_merged(story: Story) -> None:
    if story.merged_into is not None:
        raise StoryAlreadyMerged(f"Câu chuyện này đã gộp vào {story.merged_into}.")
