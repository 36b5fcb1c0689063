"""How far a programme has come, in the annex's own table: figures first, then each row with what shows it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import OrganizationUnit, Programme
from libs.common.models.enums import AssignmentState, SourceCompleteness
from services.reports.programmes import evidence_queries, views
from services.reports.programmes.evidence_queries import Asked, Evidence
from services.reports.programmes.views import RowView

NEWEST = 3
"""Evidences of a row that its line names."""


@dataclass(frozen=True)
class Counts:
    """Of the rows that the annex has now; `incomplete` are among the others."""

    rows: int
    done: int
    in_progress: int
    open: int
    overdue: int
    incomplete: int


@dataclass(frozen=True)
class ProgressRow:
    view: RowView
    evidence_count: int
    newest: list[Evidence]


@dataclass(frozen=True)
class ProgressTable:
    programme: Programme
    owner: OrganizationUnit | None
    as_of: datetime
    counts: Counts
    rows: list[ProgressRow]


async def progress_of(session: AsyncSession, programme_id: UUID, now: datetime) -> ProgressTable:
    view = await views.require_programme(session, programme_id, now)
    shown = [row for row in view.rows if row.row.withdrawn_at is None]
    asked = [Asked.of(row.row, view.programme, now) for row in shown]
    found = await evidence_queries.newest_of(session, asked, NEWEST)
    rows = [ProgressRow(row, *found[row.row.id]) for row in shown]
    return ProgressTable(view.programme, view.owner, now, _counts(shown), rows)


def _counts(rows: list[RowView]) -> Counts:
    states = Counter(row.row.state for row in rows)
    return Counts(
        rows=len(rows),
        done=states[AssignmentState.DONE],
        in_progress=states[AssignmentState.IN_PROGRESS],
        open=states[AssignmentState.OPEN],
        overdue=sum(row.standing.is_overdue for row in rows),
        incomplete=sum(row.row.source_state == SourceCompleteness.INCOMPLETE_IN_SOURCE for row in rows),
    )
