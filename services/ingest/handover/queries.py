"""SQL of what is handed over: comments are read where publish keeps them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Channel,
    Comment,
    Content,
    ContentKey,
    ContentRevision,
    ConversationCase,
    FeedbackCase,
    Source,
)
from services.ingest.domain import content_hash
from services.ingest.handover.rules import ERASED, Heard


async def comments_of_readers(session: AsyncSession, ids: Sequence[UUID]) -> list[Heard]:
    query = (
        select(Comment.id, Comment.channel_id, Channel.name.label("channel"), Comment.body, Comment.posted_at)
        .join(Channel, Channel.id == Comment.channel_id)
        .where(Comment.id.in_(ids), Comment.is_ours.is_(False))
        .order_by(Comment.id)
    )
    return [Heard(*row) for row in await session.execute(query)]


async def insert_sources(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    await session.execute(upsert(Source).values(list(rows)).on_conflict_do_nothing())


async def contents_under(session: AsyncSession, keys: Sequence[bytes]) -> dict[bytes, UUID]:
    """Key → content, of those that are still stored."""
    query = (
        select(ContentKey.url_hash, ContentKey.content_id)
        .join(Content, Content.id == ContentKey.content_id)
        .where(ContentKey.url_hash.in_(keys))
    )
    return {row.url_hash: row.content_id for row in await session.execute(query)}


async def erase_words(session: AsyncSession, keys: Sequence[bytes]) -> list[UUID]:
    """Of the contents under these keys, and of their older versions, nothing that was said remains: their ids."""
    held = await contents_under(session, keys)
    ids = list(held.values())
    if not ids:
        return []
    hashed = content_hash(ERASED, "")
    blank = {
        "title": ERASED,
        "summary": None,
        "text": "",
        "content_hash": hashed,
        "revision": Content.revision + 1,
    }
    changed = await session.scalars(
        update(Content).where(Content.id.in_(ids), Content.title != ERASED).values(blank).returning(Content.id)
    )
    erased = list(changed)
    await session.execute(delete(ContentRevision).where(ContentRevision.content_id.in_(ids)))
    await session.execute(update(ContentKey).where(ContentKey.url_hash.in_(held)).values(content_hash=hashed))
    return erased


async def case_of_content(session: AsyncSession, content_id: UUID) -> UUID | None:
    return await session.scalar(select(FeedbackCase.id).where(FeedbackCase.content_id == content_id))


async def case_is_of(session: AsyncSession, case_id: UUID, content_id: UUID) -> None:
    """So that the classifier, which reads the same words, opens no second case."""
    open_end = (FeedbackCase.id == case_id, FeedbackCase.content_id.is_(None))
    await session.execute(update(FeedbackCase).where(*open_end).values(content_id=content_id))


async def is_linked(session: AsyncSession, comment_id: UUID) -> bool:
    return await session.get(ConversationCase, comment_id) is not None


async def link_case(session: AsyncSession, comment_id: UUID, case_id: UUID) -> None:
    query = upsert(ConversationCase).values(comment_id=comment_id, case_id=case_id)
    await session.execute(query.on_conflict_do_nothing())
