"""SQL of the pickup index: near-copies, which ingest has found, of contents that are ours."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common.models import Content, NearCopy, Source
from libs.common.models.enums import SourceGroup

TEXT_CHARS = 20_000


class Wanted(NamedTuple):
    """One content, else the contents of one source, else those of all official sources; not older than `floor`."""

    content_id: UUID | None
    source_id: UUID | None
    floor: UUID


async def list_pickups(
    session: AsyncSession, wanted: Wanted, after: tuple[UUID, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """What others carried at our time or later, the latest first."""
    ours, our_source, link = aliased(Content), aliased(Source), aliased(NearCopy)
    theirs, their_source, copy = aliased(Content), aliased(Source), aliased(NearCopy)
    first = func.coalesce(link.copy_of, ours.id)
    our_time = func.coalesce(ours.published_at, ours.first_seen_at)
    their_time = func.coalesce(theirs.published_at, theirs.first_seen_at)
    query = (
        select(
            ours.id.label("our_id"),
            ours.title.label("our_title"),
            func.left(ours.text, TEXT_CHARS).label("our_text"),
            our_time.label("our_time"),
            our_source.name.label("our_source"),
            theirs.id.label("content_id"),
            theirs.title,
            func.left(theirs.text, TEXT_CHARS).label("text"),
            their_time.label("at"),
            theirs.url,
            their_source.id.label("source_id"),
            their_source.name.label("source"),
            their_source.group,
            copy.similarity,
        )
        .select_from(ours)
        .join(our_source, our_source.id == ours.source_id)
        .join(link, link.content_id == ours.id, isouter=True)
        .join(theirs, or_(theirs.id == first, theirs.id.in_(_copies_of(first))))
        .join(their_source, their_source.id == theirs.source_id)
        .join(copy, copy.content_id == theirs.id, isouter=True)
        .where(_is_ours(ours, our_source, wanted), theirs.source_id != ours.source_id, their_time >= our_time)
        .order_by(theirs.id.desc(), ours.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(theirs.id, ours.id) < after)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


def _copies_of(first: Any) -> Any:
    return select(NearCopy.content_id).where(NearCopy.copy_of == first).scalar_subquery()


def _is_ours(content: Any, source: Any, wanted: Wanted) -> Any:
    if wanted.content_id is not None:
        return content.id == wanted.content_id
    recent = content.id >= wanted.floor
    if wanted.source_id is not None:
        return and_(recent, content.source_id == wanted.source_id)
    return and_(recent, source.group == SourceGroup.OFFICIAL.value)
