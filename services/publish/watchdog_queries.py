"""The SQL of the watchdog: what should be out and was not seen, what should be gone, who waits; and what was told."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from services.publish.watchdog_rules import AlertKind, Expected, Finding, Windows

EXPECTED = text(
    """
    SELECT d.id AS delivery_id, d.publication_id, p.unit_id, p.title, c.name AS channel, d.state, p.is_urgent,
           greatest(p.scheduled_at,
             (SELECT max(a.approved_at) FROM approvals a
              WHERE a.publication_id = p.id AND a.revision = p.revision AND a.content_hash = p.content_hash),
             (SELECT max(u.resumed_at) FROM pauses u WHERE u.unit_id IS NULL OR u.unit_id = p.unit_id)) AS due_at,
           greatest(CASE WHEN d.state = 'throttled' THEN d.not_before END,
             (SELECT max(e.not_before) FROM deliveries e
              WHERE e.channel_id = d.channel_id AND e.state = 'throttled' AND e.not_before > :now),
             (SELECT l.blocked_until FROM channel_limits l
              WHERE l.channel_id = d.channel_id AND l.name = '*')) AS held_until,
           c.settings -> 'quiet_hours' AS quiet_hours
    FROM deliveries d
    JOIN publications p ON p.id = d.publication_id AND p.revision = d.revision
    JOIN channels c ON c.id = d.channel_id
    WHERE d.confirmed_at IS NULL
      AND d.state IN ('pending', 'prepared', 'armed', 'committed', 'accepted', 'throttled', 'unknown',
                      'rejected', 'auth_required', 'manual')
      AND p.state IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
      AND coalesce(p.scheduled_at, '-infinity') <= :now
      AND c.state <> 'paused'
      AND NOT is_paused(p)
      AND NOT EXISTS (SELECT FROM tasks t WHERE t.delivery_id = d.id AND t.state = 'done')
    ORDER BY p.is_urgent DESC, p.scheduled_at NULLS FIRST, d.id
    """
)
"""Released, due, and not seen. Not: what is paused, and what a person has dealt with (a task about it is done)."""

OPEN_TAKEDOWNS = text(
    """
    SELECT t.id AS object_id, t.publication_id, p.unit_id, p.title, p.is_urgent, t.opened_at AS since, t.kind,
           (SELECT string_agg(c.name, ', ' ORDER BY c.name) FROM deliveries d JOIN channels c ON c.id = d.channel_id
            WHERE d.publication_id = coalesce(t.correction_id, t.publication_id)
              AND d.state <> CASE t.kind WHEN 'withdrawal' THEN 'withdrawn' ELSE 'published' END) AS channels
    FROM takedowns t JOIN publications p ON p.id = t.publication_id
    WHERE t.closed_at IS NULL AND t.opened_at <= :before ORDER BY t.id
    """
)
WAITING_APPROVALS = text(
    """
    SELECT * FROM (
        SELECT p.id AS object_id, p.id AS publication_id, p.unit_id, p.title, p.is_urgent, coalesce(
            (SELECT n.created_at FROM notifications n
             WHERE n.dedupe = 'approval:' || p.id || ':' || p.revision || ':0:spokesperson:' || p.unit_id),
            p.updated_at) AS since
        FROM publications p WHERE p.state = 'in_review' AND p.is_urgent
    ) waiting WHERE since <= :before ORDER BY object_id
    """
)
"""Counted from when the approval was asked for (service/reminding.py writes it down), whoever touched it since."""
_TAKEDOWN_WORDS = {"withdrawal": "gỡ bài", "correction": "đính chính"}


async def list_expected(session: AsyncSession, now: datetime) -> list[Expected]:
    rows = await session.execute(EXPECTED, {"now": now})
    return [Expected(**row) for row in rows.mappings()]


async def list_open_takedowns(session: AsyncSession, windows: Windows, now: datetime) -> list[Finding]:
    rows = await session.execute(OPEN_TAKEDOWNS, {"before": now - windows.takedown})
    return [_takedown(dict(row)) for row in rows.mappings()]


def _takedown(row: dict[str, Any]) -> Finding:
    kind, channels = _TAKEDOWN_WORDS[row.pop("kind")], row.pop("channels")
    return Finding(kind=AlertKind.TAKEDOWN_OPEN, about=f"{kind}, còn: {channels or 'chưa khép hồ sơ'}", **row)


async def list_waiting_approvals(session: AsyncSession, windows: Windows, now: datetime) -> list[Finding]:
    rows = await session.execute(WAITING_APPROVALS, {"before": now - windows.approval})
    return [Finding(kind=AlertKind.APPROVAL_WAITS, about="chờ duyệt", **row) for row in rows.mappings()]


async def raise_alerts(session: AsyncSession, findings: Iterable[Finding], now: datetime) -> None:
    """One row for each thing; what was over and is there again begins anew."""
    rows = [
        {"id": new_id(now), "kind": finding.kind, "object_id": finding.object_id, "first_seen_at": now}
        for finding in findings
    ]
    anew = {"first_seen_at": now, "mailed_at": None, "posted_at": None, "cleared_at": None}
    for some in _in_parts(rows):
        query = insert(m.WatchdogAlert).values(some)
        was_over = m.WatchdogAlert.cleared_at.is_not(None)
        await session.execute(
            query.on_conflict_do_update(index_elements=["kind", "object_id"], set_=anew, where=was_over)
        )


def _in_parts(all_: Iterable[Any]) -> Iterator[list[Any]]:
    """A statement has at most 32,767 parameters, and thousands of posts can be overdue at once."""
    rest = iter(all_)
    while some := list(islice(rest, 1000)):
        yield some


async def list_open_alerts(session: AsyncSession) -> Sequence[m.WatchdogAlert]:
    query = select(m.WatchdogAlert).where(m.WatchdogAlert.cleared_at.is_(None)).order_by(m.WatchdogAlert.id)
    return (await session.scalars(query)).all()


async def mark_told(session: AsyncSession, ids: Iterable[UUID], column: str, now: datetime) -> None:
    for some in _in_parts(ids):
        await session.execute(update(m.WatchdogAlert).where(m.WatchdogAlert.id.in_(some)).values({column: now}))


async def clear_alerts(session: AsyncSession, ids: Iterable[UUID], now: datetime) -> None:
    await mark_told(session, ids, "cleared_at", now)


ENDINGS = text(
    """
    SELECT w.id AS alert_id, w.kind, p.title, d.state, d.confirmed_at, t.closed_at, p.state AS publication_state,
           c.name AS channel, coalesce(d.publication_id, t.publication_id, p.id) AS publication_id
    FROM watchdog_alerts w
    LEFT JOIN deliveries d ON w.kind = 'delivery_overdue' AND d.id = w.object_id
    LEFT JOIN channels c ON c.id = d.channel_id
    LEFT JOIN takedowns t ON w.kind = 'takedown_open' AND t.id = w.object_id
    LEFT JOIN publications p ON p.id = coalesce(d.publication_id, t.publication_id, w.object_id)
    WHERE w.id = ANY(:ids) ORDER BY w.id
    """
)


async def list_endings(session: AsyncSession, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """How things that are over ended: what became of the delivery, the take-down or the publication."""
    return [dict(row) for row in (await session.execute(ENDINGS, {"ids": list(ids)})).mappings()]


async def keep_as_notifications(
    session: AsyncSession, alerts: Sequence[tuple[m.WatchdogAlert, Finding]], role: str, now: datetime
) -> None:
    """For where nobody is told directly: the unit's own people find it among their notifications."""
    rows = [
        {
            "id": new_id(now),
            "kind": f"watchdog_{finding.kind}",
            "role": role,
            "unit_id": finding.unit_id,
            "object_type": "publication",
            "object_id": finding.publication_id,
            "subject": f"Cần xem ngay: {finding.title}",
            "body": finding.about,
            "dedupe": f"watchdog:{alert.id}:{alert.first_seen_at.timestamp():.0f}",
            "created_at": now,
        }
        for alert, finding in alerts
    ]
    for some in _in_parts(rows):
        query = insert(m.Notification).values(some)
        await session.execute(query.on_conflict_do_nothing(index_elements=["dedupe"]))
