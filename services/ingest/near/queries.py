"""Every SQL statement of near-copies. A batch is signed, looked up and linked by arrays, never row by row."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Result, Row, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Content, NearCopy, NearText
from libs.common.pagination import PageRequest
from services.ingest.near.rules import BANDS, Link, Signed, Sketch, unpacked_keys

PER_KEY = 20
"""Of a key that very many share (tables, forecasts), so many of the latest are looked at."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('lantoa near copies'))")
_RECORD = text(
    """
    INSERT INTO near_texts AS old (content_id, revision, signature, size, keys, signed_at)
    SELECT id, revision, signature, size, keys, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[]), CAST(:signatures AS bytea[]), CAST(:sizes AS int[]),
                CAST(:packed AS bytea[]))
         AS new (id, revision, signature, size, keys)
    ON CONFLICT (content_id) DO UPDATE
        SET revision = excluded.revision, signature = excluded.signature, size = excluded.size, keys = excluded.keys,
            signed_at = excluded.signed_at
        WHERE old.revision < excluded.revision
    """
)
_ADD_KEYS = text(
    """
    INSERT INTO near_keys (key, content_id)
    SELECT key, (CAST(:ids AS uuid[]))[place]
    FROM unnest(CAST(:keys AS int[]), CAST(:places AS int[])) AS new (key, place)
    ORDER BY key
    ON CONFLICT DO NOTHING
    """
)
_FIND = text(
    """
    SELECT asked.place, near.content_id, count(*) AS shared
    FROM unnest(CAST(:keys AS int[]), CAST(:places AS int[])) AS asked (key, place)
    CROSS JOIN LATERAL (
        SELECT k.content_id FROM near_keys AS k
        WHERE k.key = asked.key AND k.content_id >= CAST(:since AS uuid) AND k.content_id < CAST(:until AS uuid)
        ORDER BY k.content_id DESC LIMIT :per_key
    ) AS near
    WHERE near.content_id <> (CAST(:ids AS uuid[]))[asked.place]
    GROUP BY asked.place, near.content_id
    """
)
_UNLINK = text("DELETE FROM near_copies WHERE content_id = ANY(CAST(:ids AS uuid[]))")
_UNLINK_COPIES = text("DELETE FROM near_copies WHERE copy_of = ANY(CAST(:ids AS uuid[]))")
_DROP_KEYS = text(
    """
    DELETE FROM near_keys AS old
    USING unnest(CAST(:keys AS int[]), CAST(:ids AS uuid[])) AS gone (key, id)
    WHERE old.key = gone.key AND old.content_id = gone.id
    """
)
_REJOIN = text(
    """
    UPDATE near_copies AS old SET copy_of = new.first
    FROM unnest(CAST(:ids AS uuid[]), CAST(:firsts AS uuid[])) AS new (id, first)
    WHERE old.copy_of = new.id
    """
)
_LINK = text(
    """
    INSERT INTO near_copies (content_id, copy_of, nearest_id, similarity, linked_at)
    SELECT id, first, nearest, alike, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:firsts AS uuid[]), CAST(:nearest AS uuid[]), CAST(:alike AS real[]))
         AS new (id, first, nearest, alike)
    ON CONFLICT (content_id) DO UPDATE
        SET copy_of = excluded.copy_of, nearest_id = excluded.nearest_id, similarity = excluded.similarity,
            linked_at = excluded.linked_at
    """
)


class Told(NamedTuple):
    """A content as it is compared; `looked_at`: the revision that was compared before, if any."""

    content_id: UUID
    revision: int
    title: str
    text: str
    looked_at: int | None


async def lock(session: AsyncSession) -> None:
    """One batch at a time, until this transaction ends: two that did not see each other would miss their pairs."""
    await session.execute(_LOCK)


async def list_unsigned(session: AsyncSession, ids: Collection[UUID]) -> list[Told]:
    """Of these contents, those whose present revision was not looked at yet, in the order in which they came."""
    query = (
        select(Content.id, Content.revision, Content.title, Content.text, NearText.revision)
        .join(NearText, NearText.content_id == Content.id, isouter=True)
        .where(Content.id.in_(ids), or_(NearText.content_id.is_(None), NearText.revision < Content.revision))
        .order_by(Content.id)
    )
    return [Told(*row) for row in await session.execute(query)]


async def record_signatures(session: AsyncSession, signed: Sequence[tuple[Told, Signed | None]], now: datetime) -> None:
    """Remember what was looked at, and the keys by which later texts find it."""
    await session.execute(
        _RECORD,
        {
            "ids": [told.content_id for told, _ in signed],
            "revisions": [told.revision for told, _ in signed],
            "signatures": [one.sketch.signature if one else None for _, one in signed],
            "sizes": [one.sketch.size if one else 0 for _, one in signed],
            "packed": [one.packed_keys if one else None for _, one in signed],
            "now": now,
        },
    )
    kept = {told.content_id: one for told, one in signed if one}
    if kept:
        await session.execute(_ADD_KEYS, _placed(kept))


def _placed(signed: Mapping[UUID, Signed]) -> dict[str, list[Any]]:
    """Keys, each with the place (from 1) of its content in the list of ids: far less to send than an id for each."""
    return {
        "ids": list(signed),
        "keys": [key for one in signed.values() for key in one.keys],
        "places": [place for place in range(1, len(signed) + 1) for _ in range(BANDS)],
    }


async def find_candidates(
    session: AsyncSession, signed: Mapping[UUID, Signed], since: UUID, until: UUID
) -> list[tuple[UUID, UUID, int]]:
    """Contents that share keys with these: (content, candidate, how many keys)."""
    values = _placed(signed)
    rows = await session.execute(_FIND, values | {"since": since, "until": until, "per_key": PER_KEY})
    return [(values["ids"][place - 1], candidate, shared) for place, candidate, shared in rows]


async def get_sketches(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Sketch]:
    query = select(NearText.content_id, NearText.signature, NearText.size)
    rows = await session.execute(query.where(NearText.content_id.in_(ids), NearText.signature.is_not(None)))
    return {content_id: Sketch(signature, size) for content_id, signature, size in rows if signature}


async def get_firsts(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The first content of the group of each that is a copy."""
    query = select(NearCopy.content_id, NearCopy.copy_of).where(NearCopy.content_id.in_(ids))
    rows = await session.execute(query)
    return {row.content_id: row.copy_of for row in rows}


async def forget(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Take out what these were found and linked by, before they are looked at anew."""
    query = select(NearText.content_id, NearText.keys).where(NearText.content_id.in_(ids), NearText.keys.is_not(None))
    rows = await session.execute(query)
    gone = [(key, content_id) for content_id, packed in rows for key in unpacked_keys(packed or b"")]
    if gone:
        await session.execute(_DROP_KEYS, {"keys": [key for key, _ in gone], "ids": [owner for _, owner in gone]})
    await session.execute(_UNLINK, {"ids": list(ids)})


async def unlink_copies(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Of what has no text any more nothing is a copy."""
    await session.execute(_UNLINK_COPIES, {"ids": list(ids)})


async def link(session: AsyncSession, links: Sequence[Link], now: datetime) -> None:
    """Write links, and lead the copies of what is now a copy itself to the first of the group."""
    firsts = {one.content_id: one.copy_of for one in links}
    await session.execute(_REJOIN, {"ids": list(firsts), "firsts": list(firsts.values())})
    await session.execute(
        _LINK,
        {
            "ids": [one.content_id for one in links],
            "firsts": [one.copy_of for one in links],
            "nearest": [one.nearest_id for one in links],
            "alike": [one.similarity for one in links],
            "now": now,
        },
    )


# --- reading ------------------------------------------------------------------------------------------------


async def get_link(session: AsyncSession, content_id: UUID) -> NearCopy | None:
    return await session.get(NearCopy, content_id)


async def count_copies(session: AsyncSession, first: UUID) -> int:
    query = select(func.count()).select_from(NearCopy).where(NearCopy.copy_of == first)
    return await session.scalar(query) or 0


async def list_group(session: AsyncSession, first: UUID, but: UUID, page: PageRequest) -> Sequence[Row[Any]]:
    """The contents of a group without one of them, the newest first."""
    query = (
        select(
            Content.id,
            Content.source_id,
            Content.kind,
            Content.url,
            Content.title,
            Content.published_at,
            Content.first_seen_at,
            NearCopy.nearest_id,
            NearCopy.similarity,
        )
        .join(NearCopy, NearCopy.content_id == Content.id, isouter=True)
        .where(or_(Content.id == first, NearCopy.copy_of == first), Content.id != but)
        .order_by(Content.id.desc())
        .limit(page.limit + 1)
    )
    rows: Result[Any] = await session.execute(query.where(Content.id < page.after.id) if page.after else query)
    return rows.all()
