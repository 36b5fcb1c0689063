"""SQL of what is past its time. Each gives (id, title or what it is made from, unit, is_drill, due_at, …), the longest
overdue first, with the count of all beside each row."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import activities
from libs.common import models as m
from libs.common.models.agenda import AgendaState
from libs.common.models.enums import ProgrammeState

LOOKED_BACK = timedelta(days=7)
"""How long an activity that was never told of stays on the front page."""

# Counted with the same reading: how many there are, beside the first of those that the caller may read one by one.
_CASES = text(
    """
    SELECT c.id, c.reference, c.kind, u.name AS unit, c.received_at AS since,
           least(CASE WHEN c.state IN ('received', 'reopened') THEN c.accept_due_at END, c.due_at) AS due_at,
           :read_all OR coalesce(c.unit_id = ANY(:read), false) AS is_readable, count(*) OVER () AS cases
    FROM feedback_cases AS c LEFT JOIN organization_units AS u ON u.id = c.unit_id
    WHERE (:count_all OR c.unit_id = ANY(:counted))
      AND ((c.state IN ('received', 'reopened') AND c.accept_due_at < :now)
           OR (c.state IN ('received', 'reopened', 'accepted', 'assigned', 'in_progress') AND c.due_at < :now))
    ORDER BY is_readable DESC, due_at, c.id LIMIT :limit
    """
)
_DATA_REQUESTS = text(
    """
    SELECT r.id, c.reference, r.kind, u.name AS unit, r.received_at AS since, r.due_at
    FROM data_requests AS r JOIN feedback_cases AS c ON c.id = r.case_id
    LEFT JOIN organization_units AS u ON u.id = c.unit_id
    WHERE r.state = 'open' AND r.due_at < :now AND (:all_cases OR c.unit_id = ANY(:units))
    ORDER BY r.due_at, r.id
    """
)
_TASKS = text(
    """
    SELECT t.id, t.situation_id, t.title, t.role, u.name AS unit, t.is_drill, t.created_at AS since, t.due_at
    FROM tasks AS t JOIN organization_units AS u ON u.id = t.unit_id
    WHERE t.state = 'open' AND t.due_at < :now AND t.unit_id = ANY(:units)
    ORDER BY t.due_at, t.id
    """
)
# What the watchdog holds for overdue, and still is: a watchdog that stands still leaves no alert standing for long.
_WATCHED = text(
    """
    WITH standing AS MATERIALIZED (
        SELECT id, kind, object_id, first_seen_at FROM watchdog_alerts WHERE cleared_at IS NULL
    )
    SELECT w.kind, coalesce(t.id, d.id) AS id, p.id AS publication_id, p.title, c.name AS channel, u.name AS unit,
           p.is_drill, w.first_seen_at AS since
    FROM standing AS w
    LEFT JOIN deliveries AS d ON w.kind = 'delivery_overdue' AND d.id = w.object_id AND d.confirmed_at IS NULL
        AND d.state NOT IN ('withdrawn', 'withdrawing')
    LEFT JOIN takedowns AS t ON w.kind = 'takedown_open' AND t.id = w.object_id AND t.closed_at IS NULL
    JOIN publications AS p ON p.id = coalesce(d.publication_id, t.publication_id)
    JOIN organization_units AS u ON u.id = p.unit_id
    LEFT JOIN channels AS c ON c.id = d.channel_id
    WHERE p.unit_id = ANY(:units)
    ORDER BY w.first_seen_at, w.id
    """
)


async def cases(
    session: AsyncSession,
    counted: Collection[UUID] | None,
    read: Collection[UUID] | None,
    now: datetime,
    limit: int,
) -> Sequence[Row[Any]]:
    """(id, reference, kind, unit, since, due_at, is_readable, cases): the first of all that are overdue in the units
    where they are counted, with how many these are; of all units where None."""
    names = {
        "counted": list(counted or ()),
        "count_all": counted is None,
        "read": list(read or ()),
        "read_all": read is None,
        "now": now,
        "limit": limit,
    }
    return (await session.execute(_CASES, names)).all()


async def data_requests(session: AsyncSession, units: Collection[UUID] | None, now: datetime) -> Sequence[Row[Any]]:
    """(id, reference of the case, kind, unit, since, due_at); of all units where None."""
    names = {"units": list(units or ()), "all_cases": units is None, "now": now}
    return (await session.execute(_DATA_REQUESTS, names)).all()


async def tasks(session: AsyncSession, units: Collection[UUID], now: datetime) -> Sequence[Row[Any]]:
    """(id, situation_id, title, role, unit, is_drill, since, due_at)."""
    return (await session.execute(_TASKS, {"units": list(units), "now": now})).all()


async def watched(session: AsyncSession, units: Collection[UUID]) -> Sequence[Row[Any]]:
    """(kind, id, publication_id, title, channel, unit, is_drill, since): posts due and not seen, take-downs open."""
    return (await session.execute(_WATCHED, {"units": list(units)})).all()


async def running_rows(session: AsyncSession) -> Sequence[Row[m.Assignment, m.Programme, datetime | None]]:
    """(row, programme, when its lead unit spoke last) of every programme that runs."""
    row, programme, told = m.Assignment, m.Programme, m.AssignmentProgress
    newest = (
        select(told.reported_at)
        .where(told.assignment_id == row.id)
        .order_by(told.version.desc())
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )
    query = (
        select(row, programme, newest)
        .join(programme, programme.id == row.programme_id)
        .where(programme.state == ProgrammeState.RUNNING, row.withdrawn_at.is_(None))
        .order_by(programme.id, row.sort)
    )
    return (await session.execute(query)).all()


async def untold(session: AsyncSession, units: Collection[UUID], now: datetime) -> Sequence[tuple[activities.Row, str]]:
    """(activity, its unit's name) of those past their time of the last days."""
    event, unit = m.AgendaEvent, m.OrganizationUnit
    query = (
        activities.rows()
        .add_columns(unit.name)
        .join(unit, unit.id == event.unit_id)
        .where(
            event.unit_id.in_(units),
            event.state == AgendaState.PLANNED,
            event.starts_at >= now - LOOKED_BACK,
            event.starts_at < now,
            activities.due_at() < now,
        )
        .order_by(event.starts_at, event.id)
    )
    return [(activities.Row(*row[:3]), row[3]) for row in await session.execute(query)]
