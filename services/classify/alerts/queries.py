"""SQL of the hot path: what a batch counts for, and the alerts that come of it. Whole batches, never item by item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.alerts import AlertKind

READ_CHARACTERS = 6000
SHOWN_CONTENTS = 5


async def active_rules(session: AsyncSession, kinds: Sequence[AlertKind], now: datetime) -> Sequence[m.AlertRule]:
    r = m.AlertRule
    query = select(r).where(r.is_enabled, r.kind.in_(kinds), or_(r.expires_at.is_(None), r.expires_at > now))
    return (await session.scalars(query.order_by(r.id))).all()


# --- items and hits ------------------------------------------------------------------------------------------

_ITEMS = text(
    """
    SELECT a.content_id, a.field, a.kind, a.tone, a.places, s."group" AS source_group, c.first_seen_at, c.published_at,
           CASE WHEN :with_words THEN left(concat_ws(' . ', c.title, c.summary, c.text), :characters) END AS words
    FROM annotations a JOIN contents c ON c.id = a.content_id JOIN sources s ON s.id = a.source_id
    WHERE a.content_id = ANY(CAST(:ids AS uuid[])) AND c.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY a.content_id
    """
)
_ADD_HITS = text(
    """
    INSERT INTO alert_hits (rule_id, key, content_id, hit_at)
    SELECT rule_id, key, content_id, hit_at
    FROM unnest(CAST(:rules AS uuid[]), CAST(:keys AS text[]), CAST(:contents AS uuid[]), CAST(:ats AS timestamptz[]))
         AS new (rule_id, key, content_id, hit_at)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
    RETURNING rule_id, key, hit_at
    """
)
_COUNT_HITS = text(
    """
    SELECT g.rule_id, g.key, found.items, found.first_at, found.last_at, found.content_ids
    FROM unnest(CAST(:rules AS uuid[]), CAST(:keys AS text[]), CAST(:sinces AS timestamptz[]),
                CAST(:untils AS timestamptz[]), CAST(:limits AS int[])) AS g (rule_id, key, since, until, most)
    CROSS JOIN LATERAL (
        SELECT count(*) AS items, min(hit_at) AS first_at, max(hit_at) AS last_at,
               (array_agg(content_id ORDER BY hit_at DESC))[1:5] AS content_ids
        FROM (SELECT content_id, hit_at FROM alert_hits h
              WHERE h.rule_id = g.rule_id AND h.key = g.key AND h.hit_at > g.since AND h.hit_at <= g.until
              ORDER BY hit_at DESC LIMIT g.most) AS newest
    ) AS found
    """
)
"""Counted no further than `most`, so that a group of many costs no more than one of few."""


class Hit(NamedTuple):
    rule_id: UUID
    key: str
    content_id: UUID
    hit_at: datetime


class Group(NamedTuple):
    """A group of a rule whose window ends at `until`, counted up to `most`."""

    rule_id: UUID
    key: str
    until: datetime
    window: timedelta
    most: int


async def list_items(session: AsyncSession, ids: Sequence[UUID], *, with_words: bool) -> Sequence[Row[Any]]:
    values = {"ids": list(ids), "with_words": with_words, "characters": READ_CHARACTERS}
    return (await session.execute(_ITEMS, values)).all()


async def add_hits(session: AsyncSession, hits: Sequence[Hit]) -> Sequence[Row[Any]]:
    """Those that are new: a content labelled again counts no second time."""
    if not hits:
        return []
    rules, keys, contents, ats = (list(column) for column in zip(*hits, strict=True))
    return (await session.execute(_ADD_HITS, {"rules": rules, "keys": keys, "contents": contents, "ats": ats})).all()


async def count_hits(session: AsyncSession, groups: Sequence[Group]) -> Sequence[Row[Any]]:
    if not groups:
        return []
    values = {
        "rules": [one.rule_id for one in groups],
        "keys": [one.key for one in groups],
        "sinces": [one.until - one.window for one in groups],
        "untils": [one.until for one in groups],
        "limits": [one.most for one in groups],
    }
    return (await session.execute(_COUNT_HITS, values)).all()


# --- first appearances ---------------------------------------------------------------------------------------

_MEMORIES = text(
    """
    SELECT m.rule_id, m.key, m.seen_at FROM alert_memories m
    JOIN unnest(CAST(:rules AS uuid[]), CAST(:keys AS text[])) AS asked (rule_id, key)
      ON m.rule_id = asked.rule_id AND m.key = asked.key
    """
)
_REMEMBER = text(
    """
    INSERT INTO alert_memories AS m (rule_id, key, seen_at)
    SELECT rule_id, key, seen_at
    FROM unnest(CAST(:rules AS uuid[]), CAST(:keys AS text[]), CAST(:ats AS timestamptz[]))
         AS new (rule_id, key, seen_at)
    ORDER BY 1, 2
    ON CONFLICT (rule_id, key) DO UPDATE SET seen_at = excluded.seen_at
        WHERE excluded.seen_at > m.seen_at + interval '10 minutes'
    """
)


async def memories(session: AsyncSession, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], datetime]:
    rows = await session.execute(_MEMORIES, {"rules": [rule for rule, _ in keys], "keys": [key for _, key in keys]})
    return {(rule_id, key): seen_at for rule_id, key, seen_at in rows}


async def remember(session: AsyncSession, seen: dict[tuple[UUID, str], datetime]) -> None:
    if seen:
        rules, keys = [rule for rule, _ in seen], [key for _, key in seen]
        await session.execute(_REMEMBER, {"rules": rules, "keys": keys, "ats": list(seen.values())})


# --- alerts --------------------------------------------------------------------------------------------------

_ADD_TO_GOING_ON = text(
    """
    WITH given AS (
        SELECT * FROM unnest(CAST(:rules AS uuid[]), CAST(:event_keys AS text[]), CAST(:totals AS int[]),
                             CAST(:added AS int[]), CAST(:lasts AS timestamptz[]))
             AS new (rule_id, event_key, total, added, last_at)
    ), found AS (
        SELECT a.id, a.rule_id, a.event_key, g.added, g.total, g.last_at FROM given g
        JOIN alerts a ON a.rule_id = g.rule_id AND a.event_key = g.event_key AND a.ended_at IS NULL
    ), changed AS (
        UPDATE alerts a SET count = greatest(a.count + f.added, f.total), last_at = greatest(a.last_at, f.last_at)
        FROM found f
        WHERE a.id = f.id AND (f.added > 0 OR f.total > a.count OR f.last_at > a.last_at)
    )
    SELECT rule_id, event_key FROM found
    """
)


@dataclass(frozen=True)
class Adding:
    """What goes to the alert of this event that is going on: so many more, or a new total."""

    rule_id: UUID
    event_key: str
    last_at: datetime
    total: int = 0
    added: int = 0


async def add_to_going_on(session: AsyncSession, adding: Sequence[Adding]) -> set[tuple[UUID, str]]:
    """Which of these have an alert that is going on; it grew by what was added."""
    if not adding:
        return set()
    ordered = sorted(adding, key=lambda one: (one.rule_id, one.event_key))
    values = {
        "rules": [one.rule_id for one in ordered],
        "event_keys": [one.event_key for one in ordered],
        "totals": [one.total for one in ordered],
        "added": [one.added for one in ordered],
        "lasts": [one.last_at for one in ordered],
    }
    return {(rule_id, event_key) for rule_id, event_key in await session.execute(_ADD_TO_GOING_ON, values)}


async def insert_alerts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Raise what is not going on already; of two workers with the same, one does."""
    if not rows:
        return set()
    query = insert(m.Alert).values(list(rows))
    query = query.on_conflict_do_nothing(
        index_elements=["rule_id", "event_key"], index_where=m.Alert.ended_at.is_(None)
    )
    return set(await session.scalars(query.returning(m.Alert.id)))


async def earlier(session: AsyncSession, rule_id: UUID, event_keys: Sequence[str]) -> dict[str, int]:
    """How many alerts of these events there were, over or not."""
    a = m.Alert
    query = select(a.event_key, func.count()).where(a.rule_id == rule_id, a.event_key.in_(event_keys))
    return dict((await session.execute(query.group_by(a.event_key))).all())


async def bundle_times(session: AsyncSession, rule_id: UUID, bundle: str, now: datetime) -> tuple[Any, Any]:
    """(told, due): when this bundle was last told, and when what already waits in it will be."""
    a = m.Alert
    waits = a.due_at.is_not(None) & (a.due_at > now) & (a.next_level == 0) & a.hold.is_(None)
    query = select(func.max(a.told_at), func.min(a.due_at).filter(waits)).where(
        a.rule_id == rule_id, a.bundle == bundle
    )
    told, due = (await session.execute(query)).one()
    return told, due


async def titles(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    c = m.Content
    rows = await session.execute(select(c.id, func.left(c.title, 300)).where(c.id.in_(list(ids))))
    return dict(rows.all())


async def place_names(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    u = m.OrganizationUnit
    rows = await session.execute(select(u.code, u.name).where(u.code.in_(list(codes))).order_by(u.valid_from))
    return dict(rows.all())


async def add_steps(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(m.AlertStep).values(list(rows)))


async def try_lock(session: AsyncSession, name: str) -> bool:
    """Held until this transaction ends; another worker goes on without."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(await session.scalar(lock, {"name": f"alerts:{name}"}))
