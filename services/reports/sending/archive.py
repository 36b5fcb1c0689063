"""The archive: every report by kind, period, number, state, signatory and words, and how its letters went.

Kinds that are for some eyes only are not in it: neither their words nor their subjects lead to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from libs.common import models as m
from libs.common.lexemes import asked_of
from libs.common.models.enums import ReportState
from libs.common.pagination import PageRequest
from services.reports.kinds import KINDS
from services.reports.kinds.base import Restricted

V = m.ReportVersion


@dataclass(frozen=True)
class Asked:
    """What is looked for; None is anything. start, end: of the period that a report covers, each touching it."""

    kind: str | None = None
    state: ReportState | None = None
    start: datetime | None = None
    end: datetime | None = None
    number: int | None = None
    year: int | None = None
    words: str | None = None
    signatory: str | None = None


async def search(
    session: AsyncSession, page: PageRequest, asked: Asked
) -> Sequence[Row[m.Report, m.Snapshot, str, str | None, UUID | None]]:
    """(report, snapshot without its figures, subject, signer, schedule), newest first."""
    report, made_by = m.Report, m.SchedulePeriod
    query = (
        select(report, m.Snapshot, V.head["subject"].astext, V.head["signer"].astext, made_by.schedule_id)
        .join(m.Snapshot, m.Snapshot.id == report.snapshot_id)
        .join(V, (V.report_id == report.id) & (V.version == report.version))
        .join(made_by, made_by.report_id == report.id, isouter=True)
        .where(report.kind.not_in(_kept_apart()), *_conditions(asked))
        .options(defer(m.Snapshot.data, raiseload=True))
        .order_by(report.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        query = query.where(report.id < page.after.id)
    return (await session.execute(query)).all()


def _kept_apart() -> list[str]:
    return [name for name in KINDS.names() if isinstance(KINDS.get(name)(), Restricted)]


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    report, found = m.Report, list[ColumnElement[bool]]()
    if asked.kind is not None:
        found.append(report.kind == asked.kind)
    if asked.state is not None:
        found.append(report.state == asked.state)
    if asked.start is not None:
        found.append(m.Snapshot.period_to > asked.start)
    if asked.end is not None:
        found.append(m.Snapshot.period_from < asked.end)
    if asked.number is not None:
        found.append(report.number == asked.number)
    if asked.year is not None:
        found.append(report.year == asked.year)
    if asked.words is not None:
        found.append(V.lexemes.contains(asked_of(asked.words)))
    if asked.signatory is not None:
        found.append(_is_named(asked.signatory))
    return found


def _is_named(signatory: str) -> ColumnElement[bool]:
    """By any part of the name, with its marks or without."""
    return func.strpos(func.f_unaccent(V.head["signer"].astext), func.f_unaccent(signatory)) > 0
