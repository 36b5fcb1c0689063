"""Every SQL statement of the ingest service. The intake path writes whole batches by arrays, never row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import (
    Content,
    ContentKey,
    Fetch,
    NearCopy,
    Source,
)
from libs.common.pagination import PageRequest
from services.ingest.domain import Known

POLLED_KINDS = ("feed", "sitemap", "page", "youtube", "facebook_page")

# --- sources ------------------------------------------------------------------------------------------------


async def get_source(session: AsyncSession, source_id: UUID) -> Source | None:
    return await session.get(Source, source_id)


async def list_sources(session: AsyncSession, page: PageRequest) -> Sequence[Source]:
    query = select(Source).order_by(Source.name, Source.id).limit(page.limit + 1)
    if page.after:
        query = query.where(tuple_(Source.name, Source.id) > (str(page.after.key), page.after.id))
    return (await session.scalars(query)).all()


async def source_taken(session: AsyncSession, name: str | None, url: str | None, but: UUID | None) -> bool:
    """Whether another source has this name or address."""
    same = [c == v for c, v in ((Source.name, name), (Source.url, url)) if v is not None]
    if not same:
        return False
    query = select(Source.id).where(or_(*same)).limit(1)
    if but is not None:
        query = query.where(Source.id != but)
    return await session.scalar(query) is not None


async def sources_by_reference(session: AsyncSession, ids: set[UUID], names: set[str]) -> Sequence[Source]:
    query = select(Source).where(or_(Source.id.in_(ids), Source.name.in_(names)))
    return (await session.scalars(query)).all() if ids or names else []


async def insert_source_once(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(upsert(Source).values(row).on_conflict_do_nothing())


async def newest_items(session: AsyncSession, source_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of these sources last brought something new; by the newest key of the index for each."""
    newest = (
        select(Content.first_seen_at)
        .where(Content.source_id == Source.id)
        .order_by(Content.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await session.execute(select(Source.id, newest).where(Source.id.in_(source_ids)))
    found: dict[UUID, datetime] = {source_id: at for source_id, at in rows.all() if at}
    return found


async def list_fetches(session: AsyncSession, source_id: UUID | None, page: PageRequest) -> Sequence[Fetch]:
    query = newest_first(select(Fetch), Fetch, page)
    return (await session.scalars(query if source_id is None else query.where(Fetch.source_id == source_id))).all()


# --- contents: the hot path ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewContent:
    """One item ready to be stored: cleaned, masked, keyed and hashed.

    `aliases`: keys of further addresses at which the same page was found; `link`: the address of the first of them,
    where `url` and `key` are what the page itself declares.
    """

    key: bytes
    source_id: UUID
    kind: str
    url: str | None
    title: str
    summary: str | None
    text: str
    language: str
    published_at: datetime | None
    published_from: str
    content_hash: bytes
    aliases: tuple[bytes, ...] = ()
    link: str | None = None

    @property
    def keys(self) -> tuple[bytes, ...]:
        return (self.key, *self.aliases)


_CLAIM_KEYS = text(
    """
    INSERT INTO content_keys (url_hash, content_id, content_hash, expires_at)
    SELECT key, id, hash, CAST(:expires_at AS timestamptz)
    FROM unnest(CAST(:keys AS bytea[]), CAST(:ids AS uuid[]), CAST(:hashes AS bytea[])) AS new (key, id, hash)
    ON CONFLICT (url_hash) DO UPDATE
        SET content_id = excluded.content_id, content_hash = excluded.content_hash, expires_at = excluded.expires_at
        WHERE content_keys.expires_at < CAST(:now AS timestamptz)
    RETURNING url_hash
    """
)
_INSERT_CONTENTS = text(
    """
    INSERT INTO contents (id, source_id, kind, url, title, summary, text, language, published_at, published_from,
                          first_seen_at, content_hash, revision)
    SELECT id, source_id, kind, url, title, summary, body, language, published_at, published_from,
           CAST(:now AS timestamptz), hash, 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:source_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:urls AS text[]),
                CAST(:titles AS text[]), CAST(:summaries AS text[]), CAST(:texts AS text[]),
                CAST(:languages AS text[]), CAST(:published AS timestamptz[]), CAST(:origins AS text[]),
                CAST(:hashes AS bytea[]))
         AS new (id, source_id, kind, url, title, summary, body, language, published_at, published_from, hash)
    """
)
_POINT_KEYS = text(
    """
    UPDATE content_keys AS old SET content_id = new.id
    FROM unnest(CAST(:keys AS bytea[]), CAST(:ids AS uuid[])) AS new (key, id)
    WHERE old.url_hash = new.key
    """
)


async def claim_keys(
    session: AsyncSession, items: Sequence[tuple[UUID, NewContent]], now: datetime, expires_at: datetime
) -> set[bytes]:
    """Take the keys nobody holds; the ones taken. In key order, so that two batches never wait for each other."""
    claims = {key: (content_id, item.content_hash) for content_id, item in items for key in item.keys}
    ordered = sorted(claims)
    rows = await session.execute(
        _CLAIM_KEYS,
        {
            "keys": ordered,
            "ids": [claims[key][0] for key in ordered],
            "hashes": [claims[key][1] for key in ordered],
            "expires_at": expires_at,
            "now": now,
        },
    )
    return set(rows.scalars())


async def known_contents(session: AsyncSession, keys: Sequence[bytes]) -> dict[bytes, Known]:
    """What is stored under these keys."""
    query = (
        select(
            ContentKey.url_hash,
            ContentKey.content_id,
            func.coalesce(Content.content_hash, ContentKey.content_hash),
            Content.source_id,
            Content.title,
            Content.summary,
        )
        .outerjoin(Content, Content.id == ContentKey.content_id)
        .where(ContentKey.url_hash.in_(keys))
    )
    rows = await session.execute(query)
    return {
        key: Known(content_id, stored_hash, source_id, title or "", summary)
        for key, content_id, stored_hash, source_id, title, summary in rows
    }


async def insert_contents(session: AsyncSession, items: Sequence[tuple[UUID, NewContent]], now: datetime) -> None:
    contents = [item for _, item in items]
    await session.execute(
        _INSERT_CONTENTS,
        {
            "ids": [content_id for content_id, _ in items],
            "source_ids": [item.source_id for item in contents],
            "kinds": [item.kind for item in contents],
            "urls": [item.url for item in contents],
            "titles": [item.title for item in contents],
            "summaries": [item.summary for item in contents],
            "texts": [item.text for item in contents],
            "languages": [item.language for item in contents],
            "published": [item.published_at for item in contents],
            "origins": [item.published_from for item in contents],
            "hashes": [item.content_hash for item in contents],
            "now": now,
        },
    )


async def contents_of_texts(
    session: AsyncSession, hashes: Sequence[bytes], now: datetime
) -> list[tuple[bytes, str | None, Known]]:
    """Contents that had this title and text and whose keys are still held, the earliest first: (hash, url, known)."""
    query = (
        select(ContentKey.content_hash, Content.url, Content.id, Content.source_id, Content.title, Content.summary)
        .join(Content, Content.id == ContentKey.content_id)
        .where(ContentKey.content_hash.in_(hashes), ContentKey.expires_at >= now)
        .order_by(Content.id)
    )
    rows = await session.execute(query)
    return [
        (text_hash, url, Known(content_id, text_hash, source_id, title, summary))
        for text_hash, url, content_id, source_id, title, summary in rows
    ]


async def point_keys(session: AsyncSession, contents: Mapping[bytes, UUID]) -> None:
    """Let keys lead to these contents."""
    await session.execute(_POINT_KEYS, {"keys": list(contents), "ids": list(contents.values())})


async def list_contents(
    session: AsyncSession, source_id: UUID | None, page: PageRequest, *, with_copies: bool = True
) -> Sequence[Row[Any]]:
    """The newest first, each with the first content that it nearly copies; or only those that copy none."""
    columns = [column for column in Content.__table__.columns if column.name not in ("text", "content_hash")]
    found: Select[Any] = select(*columns, NearCopy.copy_of)
    query = newest_first(found.join(NearCopy, NearCopy.content_id == Content.id, isouter=True), Content, page)
    query = query if source_id is None else query.where(Content.source_id == source_id)
    query = query if with_copies else query.where(NearCopy.content_id.is_(None))
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def get_content(session: AsyncSession, content_id: UUID) -> Content | None:
    return await session.get(Content, content_id)


def newest_first(query: Select[Any], table: Any, page: PageRequest) -> Select[Any]:
    """Ids are UUIDv7, so their order is the order of arrival."""
    query = query.order_by(table.id.desc()).limit(page.limit + 1)
    return query.where(table.id < page.after.id) if page.after else query
