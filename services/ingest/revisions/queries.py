"""Every SQL statement of revisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Content, ContentRevision
from services.ingest.queries import NewContent
from services.ingest.revisions.rules import Version

_KEEP_OLD_VERSIONS = text(
    """
    INSERT INTO content_revisions (id, content_id, revision, title, summary, text, content_hash, seen_at)
    SELECT new.revision_id, old.id, old.revision, old.title, old.summary, old.text, old.content_hash,
           CAST(:now AS timestamptz)
    FROM unnest(CAST(:revision_ids AS uuid[]), CAST(:ids AS uuid[])) AS new (revision_id, id)
    JOIN contents AS old ON old.id = new.id
    """
)
_UPDATE_CONTENTS = text(
    """
    UPDATE contents AS old
    SET title = new.title, summary = new.summary, text = new.body, content_hash = new.hash, revision = old.revision + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:summaries AS text[]), CAST(:texts AS text[]),
                CAST(:hashes AS bytea[])) AS new (id, title, summary, body, hash)
    WHERE old.id = new.id
    """
)
_REFRESH = text(
    """
    UPDATE contents AS old SET title = new.title, summary = new.summary
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:summaries AS text[])) AS new (id, title, summary)
    WHERE old.id = new.id
    """
)
_UPDATE_KEYS = text(
    """
    UPDATE content_keys AS old SET content_hash = new.hash
    FROM unnest(CAST(:keys AS bytea[]), CAST(:hashes AS bytea[])) AS new (key, hash)
    WHERE old.url_hash = new.key
    """
)


async def lock_versions(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, tuple[int, Version]]:
    """The stored version of each and its number; nobody else revises them until this transaction ends. In the order
    of ids, so that two batches never wait for each other."""
    query = select(Content.id, Content.revision, Content.title, Content.summary, Content.text)
    rows = await session.execute(query.where(Content.id.in_(ids)).order_by(Content.id).with_for_update())
    return {row.id: (row.revision, Version(row.title, row.summary, row.text)) for row in rows}


async def replace_versions(
    session: AsyncSession, items: Sequence[tuple[UUID, UUID, NewContent]], now: datetime
) -> None:
    """Keep the version that was there and put the new one in its place: (revision id, content id, new version)."""
    ids = [content_id for _, content_id, _ in items]
    contents = [item for _, _, item in items]
    hashes = [item.content_hash for item in contents]
    await session.execute(
        _KEEP_OLD_VERSIONS, {"revision_ids": [revision_id for revision_id, _, _ in items], "ids": ids, "now": now}
    )
    await session.execute(
        _UPDATE_CONTENTS,
        {
            "ids": ids,
            "titles": [item.title for item in contents],
            "summaries": [item.summary for item in contents],
            "texts": [item.text for item in contents],
            "hashes": hashes,
        },
    )
    await session.execute(_UPDATE_KEYS, {"keys": [item.key for item in contents], "hashes": hashes})


async def refresh_heads(session: AsyncSession, heads: Mapping[UUID, tuple[str, str | None]]) -> None:
    """Other words above the same text, of no weight: (title, summary) to show from now on."""
    ids = sorted(heads)
    values = {"titles": [heads[one][0] for one in ids], "summaries": [heads[one][1] for one in ids]}
    await session.execute(_REFRESH, {"ids": ids, **values})


async def list_versions(session: AsyncSession, content_id: UUID, top: int, limit: int) -> list[ContentRevision]:
    """The versions that were replaced, from this number down. `seen_at`: when the next one was seen."""
    query = select(ContentRevision).where(ContentRevision.content_id == content_id, ContentRevision.revision <= top)
    return list(await session.scalars(query.order_by(ContentRevision.revision.desc()).limit(limit)))
