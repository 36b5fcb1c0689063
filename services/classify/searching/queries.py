"""SQL of the search index: filling it, and reading it from the newest, window by window."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Content, SearchDocument, Source, StoryItem
from services.classify.searching.lexemes import BODY_CHARS, joined, quoted, vector
from services.classify.searching.pairs import UNPAIRED
from services.classify.searching.plans import LATE, LATE_BY, Plan, as_tsquery
from services.classify.searching.windows import times_of

# --- filling ------------------------------------------------------------------------------------------------

_TO_INDEX = text(
    """
    SELECT c.id AS content_id, c.title, left(coalesce(nullif(c.text, ''), c.summary, ''), :chars) AS body
    FROM contents c WHERE c.id = ANY(CAST(:ids AS uuid[])) ORDER BY c.id
    """
)
_UPSERT = text(
    """
    INSERT INTO search_documents AS old (content_id, source_id, "group", field, kind, tone, language, places, title,
                                         published_at, told_at, content_revision, tsv)
    SELECT c.id, c.source_id, s."group", coalesce(a.field, 'khac'), coalesce(a.kind, 'other'),
           coalesce(a.tone, 'neutral'), coalesce(a.language, c.language), coalesce(a.places, '{}'), left(c.title, 300),
           c.published_at, coalesce(c.published_at, c.first_seen_at), c.revision,
           CAST(new.words AS tsvector) || array_to_tsvector(
               ARRAY['f=' || coalesce(a.field, 'khac'), 'k=' || coalesce(a.kind, 'other'),
                     't=' || coalesce(a.tone, 'neutral'), 'l=' || coalesce(a.language, c.language),
                     'g=' || s."group", 's=' || c.source_id]
               || ARRAY(SELECT DISTINCT 'p=' || place FROM unnest(a.places) AS place)
               || CASE WHEN c.published_at < c.first_seen_at - CAST(:late_by AS interval)
                       THEN ARRAY[CAST(:late AS text)] ELSE '{}' END)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:words AS text[])) AS new (id, words)
    JOIN contents c ON c.id = new.id
    JOIN sources s ON s.id = c.source_id
    LEFT JOIN annotations a ON a.content_id = new.id
    ORDER BY c.id
    ON CONFLICT (content_id) DO UPDATE
        SET source_id = excluded.source_id, "group" = excluded."group", field = excluded.field, kind = excluded.kind,
            tone = excluded.tone, language = excluded.language, places = excluded.places, title = excluded.title,
            published_at = excluded.published_at, told_at = excluded.told_at,
            content_revision = excluded.content_revision, tsv = excluded.tsv
        WHERE old.content_revision <= excluded.content_revision AND old.tsv <> excluded.tsv
    RETURNING content_id
    """
)
_NOT_INDEXED = text(
    """
    SELECT a.content_id FROM annotations a
    WHERE a.content_id < :before AND NOT EXISTS (SELECT FROM search_documents d WHERE d.content_id = a.content_id)
    ORDER BY a.content_id DESC LIMIT :limit
    """
)


async def index_contents(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """Put these into the index as they are now, or change them there; the ids of those that were new or had changed."""
    rows = (await session.execute(_TO_INDEX, {"ids": sorted(set(ids)), "chars": BODY_CHARS})).all()
    if not rows:
        return []
    values = {
        "ids": [row.content_id for row in rows],
        # In a thread: a full batch takes a third of a second, and other work of this process waits for its answers.
        "words": await asyncio.to_thread(lambda: [vector(row.title, row.body) for row in rows]),
        "late": LATE,
        "late_by": LATE_BY,
    }
    return list((await session.execute(_UPSERT, values)).scalars())


async def list_not_indexed(session: AsyncSession, before: UUID, limit: int) -> list[UUID]:
    """Annotated contents that the index lacks, the newest first."""
    return list(await session.scalars(_NOT_INDEXED, {"before": before, "limit": limit}))


async def list_unpaired(session: AsyncSession, before: UUID, limit: int) -> list[UUID]:
    """Documents of a process of before the index had pairs, the newest first."""
    key = SearchDocument.content_id
    query = select(key).where(_answers(quoted(UNPAIRED)), key < before).order_by(key.desc()).limit(limit)
    return list(await session.scalars(query))


async def has_unpaired(session: AsyncSession) -> bool:
    await prepare(session, by_words=True)
    query = select(SearchDocument.content_id).where(_answers(quoted(UNPAIRED))).limit(1)
    return await session.scalar(query) is not None


# --- reading ------------------------------------------------------------------------------------------------

EVERYTHING = UUID(int=(1 << 128) - 1)
_BY_INDEX_OF_WORDS = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_seqscan": "off"}
_BY_AGE = {"enable_indexscan": "on", "enable_indexonlyscan": "on", "enable_seqscan": "on"}


class Window(NamedTuple):
    """What came in from `low` on, and before `high`."""

    low: UUID
    high: UUID


async def prepare(session: AsyncSession, *, by_words: bool) -> None:
    """How the next statement is to be planned: by the index of words, or from the newest backwards, where a reading
    of every row costs less than the words' places would. Its parameters count: a common word is planned as such."""
    wanted = {"plan_cache_mode": "force_custom_plan", **(_BY_INDEX_OF_WORDS if by_words else _BY_AGE)}
    await session.execute(select(*(func.set_config(name, value, True) for name, value in wanted.items())))


class Edges(NamedTuple):
    newest: UUID | None
    """The newest document before the one asked for."""
    probe: UUID | None
    """The one that many rows further back, where there is one."""
    oldest: UUID | None


async def edges(session: AsyncSession, high: UUID, rows: int) -> Edges:
    key = SearchDocument.content_id
    before = select(key).where(key < high).order_by(key.desc()).limit(1)
    oldest = select(key).order_by(key).limit(1)
    parts = (before, before.offset(rows), oldest)
    row: Any = (await session.execute(select(*(part.scalar_subquery() for part in parts)))).one()
    return Edges(*row)


async def oldest(session: AsyncSession) -> UUID | None:
    query = select(SearchDocument.content_id).order_by(SearchDocument.content_id).limit(1)
    found: UUID | None = await session.scalar(query)
    return found


def within(plan: Plan, window: Window, *, by_words: bool, only_late: bool = False) -> Select[Any]:
    """The ids of what is found in a window, the newest first."""
    key = SearchDocument.content_id
    asked = [*([plan.candidates] if plan.candidates else []), *([quoted(LATE)] if only_late else [])]
    # The words first: where a row is read, that it is of the window needs no second look.
    times = [quoted(one) for one in times_of(window.low, window.high)] if by_words else []
    asked += [joined(times, " | ")] if times else []
    found = _held(plan, " & ".join(f"({one})" for one in asked)).where(key >= window.low, key < window.high)
    if not by_words:
        return found.order_by(key.desc())
    # OFFSET 0: for the newest few rows the planner would rather walk back through all, whatever the words.
    rows = found.offset(0).subquery()
    return select(rows.c.content_id).order_by(rows.c.content_id.desc())


def among(plan: Plan, ids: Sequence[UUID]) -> Select[Any]:
    """Those of these that are found."""
    return _held(plan, plan.candidates).where(SearchDocument.content_id.in_(ids))


def _answers(asked: str) -> ColumnElement[bool]:
    return SearchDocument.tsv.op("@@", is_comparison=True)(as_tsquery(asked))


def _held(plan: Plan, asked: str | None) -> Select[Any]:
    found = select(SearchDocument.content_id)
    if asked:
        found = found.where(_answers(asked))
    return found if plan.condition is None else found.where(plan.condition)


async def list_found(session: AsyncSession, query: Select[Any], limit: int) -> list[UUID]:
    return list(await session.scalars(query.limit(limit)))


async def describe(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Any]:
    """What a reader is shown of these, the newest first, with the text that a snippet is cut from."""
    document = SearchDocument
    query = (
        select(
            document.content_id,
            document.title,
            Content.url,
            Source.name.label("source"),
            document.group,
            document.published_at,
            document.field,
            document.kind,
            document.tone,
            document.language,
            document.places,
            StoryItem.story_id,
            func.left(func.coalesce(func.nullif(Content.text, ""), Content.summary, ""), BODY_CHARS).label("text"),
        )
        .join(Content, Content.id == document.content_id)
        .join(Source, Source.id == document.source_id)
        .join(StoryItem, StoryItem.content_id == document.content_id, isouter=True)
        .where(document.content_id.in_(ids))
        .order_by(document.content_id.desc())
    )
    return (await session.execute(query)).all()


# --- names --------------------------------------------------------------------------------------------------


async def sources_named(session: AsyncSession, name: str) -> list[UUID]:
    """Sources of this name; marks do not matter."""
    query = select(Source.id).where(func.f_unaccent(Source.name) == func.f_unaccent(name))
    return list(await session.scalars(query))
