"""Use cases of revisions: keep the version that was there, put the new one in its place, say what changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ChangedNumber, RevisedItem
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.pagination import InvalidCursor, PageRequest
from services.ingest.domain import content_hash
from services.ingest.problems import ContentNotFound
from services.ingest.queries import NewContent, get_content
from services.ingest.revisions import queries
from services.ingest.revisions.rules import Change, Version, compare, without_loss
from services.ingest.revisions.schemas import HunkOut, RevisionOut

MOST = 2**31 - 1


async def revise_contents(
    session: AsyncSession, items: Mapping[UUID, NewContent], now: datetime
) -> dict[bytes, RevisedItem]:
    """Of items that hash otherwise than what is stored under their content's id, those that a reader would call
    changed; by key of the item. A title or summary of no other meaning is shown from now on, and nothing is told."""
    stored = await queries.lock_versions(session, list(items))
    changed: dict[UUID, tuple[NewContent, RevisedItem]] = {}
    fresh: dict[UUID, tuple[str, str | None]] = {}
    for content_id, (revision, old) in stored.items():
        item = items[content_id]
        new = without_loss(old, Version(item.title, item.summary or old.summary, item.text))
        change = compare(old, new, mask_personal_data)
        if change:
            kept = replace(item, summary=new.summary, text=new.text, content_hash=content_hash(new.title, new.text))
            changed[content_id] = kept, _told(content_id, revision + 1, change)
        elif (new.title, new.summary) != (old.title, old.summary):
            fresh[content_id] = new.title, new.summary
    if fresh:
        await queries.refresh_heads(session, fresh)
    if changed:
        rows = [(new_id(now), content_id, item) for content_id, (item, _) in changed.items()]
        await queries.replace_versions(session, rows, now)
    return {item.key: told for item, told in changed.values()}


def _told(content_id: UUID, revision: int, change: Change) -> RevisedItem:
    return RevisedItem(
        content_id=content_id,
        revision=revision,
        title_changed=change.title_changed,
        summary_changed=change.summary_changed,
        text_changed=change.text_changed,
        similarity=change.similarity,
        numbers=_numbers(change),
    )


def _numbers(change: Change) -> list[ChangedNumber]:
    return [ChangedNumber(before=one.before, after=one.after, context=one.context) for one in change.figures]


async def list_revisions(session: AsyncSession, content_id: UUID, page: PageRequest) -> list[RevisionOut]:
    """Versions of a content, the newest first, each beside the one before it; one more than the page holds."""
    content = await get_content(session, content_id)
    if content is None:
        raise ContentNotFound(f"Mã nội dung: {content_id}.")
    top = min(_newest(page), content.revision)
    kept = {one.revision: one for one in await queries.list_versions(session, content_id, top, page.limit + 2)}
    versions = {n: Version(one.title, one.summary, one.text) for n, one in kept.items()}
    versions.setdefault(content.revision, Version(content.title, content.summary, content.text))
    # A kept version was replaced when it was kept: what came after it was first seen then.
    seen = {n + 1: one.seen_at for n, one in kept.items()}
    return [
        _shown(n, versions[n], versions.get(n - 1), seen.get(n, content.first_seen_at))
        for n in range(top, max(top - page.limit - 1, 0), -1)
        if n in versions
    ]


def _newest(page: PageRequest) -> int:
    """The number of the first version that the page may show."""
    if page.after is None:
        return MOST
    if not isinstance(page.after.key, int):
        raise InvalidCursor("Hãy dùng nguyên giá trị next_cursor của trang trước.")
    return max(min(page.after.key - 1, MOST), 0)


def _shown(revision: int, new: Version, old: Version | None, seen_at: datetime) -> RevisionOut:
    shown = RevisionOut(revision=revision, title=new.title, summary=new.summary, seen_at=seen_at)
    change = compare(old, new, mask_personal_data) if old else None
    if old is None or change is None:
        return shown
    return shown.model_copy(
        update={
            "title_before": old.title if change.title_changed else None,
            "summary_before": old.summary if change.summary_changed else None,
            "similarity": change.similarity,
            "numbers": _numbers(change),
            "changes": [HunkOut(before=list(one.before), after=list(one.after)) for one in change.hunks],
        }
    )
