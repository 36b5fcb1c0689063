"""A file that another system exported becomes contents or cases, a few rows in each transaction.

Guarantee: rows are known by the id that their system gave them, so a file that was half imported, or is imported again,
brings each report once. What identifies a sender reaches the sealed contact of a case, and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.db import Database
from libs.common.errors import Problem
from libs.common.ids import new_id
from libs.common.models import Source
from libs.common.models.enums import ContentKind, DateProvenance, SourceGroup, SourceKind, SourceState
from libs.common.models.feedback import ReportChannel
from libs.common.text import fold
from services.ingest import queries as ingest_queries
from services.ingest import service, trail
from services.ingest.adapters.base import NotParsable
from services.ingest.domain import Verdict, content_hash, item_hash
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.intake import Contact, NewReport, open_report
from services.ingest.imports import queries
from services.ingest.imports.mapping import Layout, Mapping, mapping_named
from services.ingest.imports.problems import FileNotReadable
from services.ingest.imports.rules import BadRow, ImportedRow
from services.ingest.imports.schemas import ImportOut, RowOut, RowStatus, Target
from services.ingest.imports.table import read_table
from services.ingest.isolation import Parsers
from services.ingest.queries import NewContent
from services.ingest.settings import IngestSettings

BATCH = {Target.CONTENTS: 200, Target.CASES: 25}
"""Rows of one transaction."""
READ_SECONDS = 60.0
"""For a file of ten thousand rows; a usual one takes one or two."""
FINISHED = "Phản ánh đã được xử lý ở hệ thống gốc."


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked: by which mapping, into what, and whether only to look."""

    mapping: str
    into: Target
    is_preview: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A file that was read and judged; nothing of it is stored yet."""

    order: Order
    mapping: Mapping
    layout: Layout
    form: str
    rows: Sequence[ImportedRow | BadRow]

    def summary(self, results: Sequence[RowOut]) -> ImportOut:
        count = {status: sum(one.status is status for one in results) for status in RowStatus}
        return ImportOut(
            form=self.form,
            mapping=self.order.mapping,
            into=self.order.into,
            is_preview=self.order.is_preview,
            columns=sorted(self.layout.at),
            ignored_columns=self.layout.ignored,
            rows=len(self.rows),
            stored=count[RowStatus.STORED],
            duplicates=count[RowStatus.DUPLICATE],
            skipped=count[RowStatus.SKIPPED],
            rejected=count[RowStatus.REJECTED],
            results=list(results),
        )


async def plan_import(data: bytes, order: Order, now: datetime, parsers: Parsers | None = None) -> Plan:
    """Read and judge a file, in a parser's process where there is one: what it does to its reader it does to nobody
    else. Raises FileNotReadable, UnknownMapping."""
    mapping = mapping_named(order.mapping)
    task = partial(read_table, data, mapping, now)
    try:
        table = await (asyncio.to_thread(task) if parsers is None else parsers.run(task, deadline=READ_SECONDS))
    except NotParsable as error:
        raise FileNotReadable(error.vi) from None
    if table.layout is None:
        raise FileNotReadable(table.problem)
    return Plan(order, mapping, table.layout, table.form, table.rows)


def preview(plan: Plan) -> ImportOut:
    """What would become of each row; what is stored already is not looked up."""
    return plan.summary([_settled(row, plan.order) or _told(row, RowStatus.READY) for row in plan.rows])


async def run_import(
    db: Database, plan: Plan, settings: IngestSettings, *, by: UUID | None, clock: Callable[[], datetime]
) -> AsyncIterator[list[RowOut]]:
    """Store the rows, batch by batch; what became of each, in order. Audited once it is through."""
    source = await _source(db, plan, clock())
    work = _Work(plan, settings, source, desk_of(settings))
    size, done = BATCH[plan.order.into], 0
    for start in range(0, len(plan.rows), size):
        async with db.transaction() as session:
            results = await work.take(session, plan.rows[start : start + size], clock())
        done += sum(one.status is RowStatus.STORED for one in results)
        yield results
    async with db.transaction() as session:
        facts = {"rows": len(plan.rows), "stored": done, "into": plan.order.into}
        await trail.record(session, "import.finished", source.id, clock(), by=by, facts=facts)


async def _source(db: Database, plan: Plan, now: datetime) -> Source:
    """One for each mapping. It is citizens', so that what they write is masked."""
    name = f"Tệp nhập từ {plan.mapping.name}"
    row = {
        "id": new_id(now),
        "kind": SourceKind.IMPORT,
        "name": name,
        "group": SourceGroup.CITIZEN,
        "state": SourceState.ACTIVE,
        "created_at": now,
    }
    async with db.transaction() as session:
        await ingest_queries.insert_source_once(session, row)
        (source,) = await ingest_queries.sources_by_reference(session, set(), {name})
    return source


def _settled(row: ImportedRow | BadRow, order: Order) -> RowOut | None:
    """Of a row that is not to be stored, why."""
    if isinstance(row, BadRow):
        return RowOut(row=row.number, status=RowStatus.REJECTED, reasons=[row.reason])
    if row.is_finished and order.into is Target.CASES:
        return RowOut(row=row.number, status=RowStatus.SKIPPED, reasons=[FINISHED])
    return None


def _told(row: ImportedRow | BadRow, status: RowStatus, **more: Any) -> RowOut:
    warnings = [] if isinstance(row, BadRow) else list(row.warnings)
    return RowOut(row=row.number, status=status, **{"reasons": warnings, **more})


class _Work:
    """Stores the rows of one file."""

    def __init__(self, plan: Plan, settings: IngestSettings, source: Source, desk: FeedbackDesk) -> None:
        self._plan, self._limits, self._source, self._desk = plan, settings.intake, source, desk
        self._units: dict[str, str] | None = None

    async def take(self, session: AsyncSession, rows: Sequence[ImportedRow | BadRow], now: datetime) -> list[RowOut]:
        results = {row.number: _settled(row, self._plan.order) for row in rows}
        ready = [row for row in rows if isinstance(row, ImportedRow) and results[row.number] is None]
        store = self._contents if self._plan.order.into is Target.CONTENTS else self._cases
        results |= {one.row: one for one in await store(session, ready, now)}
        return [one for one in results.values() if one is not None]

    async def _contents(self, session: AsyncSession, rows: Sequence[ImportedRow], now: datetime) -> list[RowOut]:
        keep = timedelta(days=self._limits.keep_days)
        stored = await service.store_contents(session, [self._content(row) for row in rows], now=now, keep=keep)
        status = {True: RowStatus.DUPLICATE, False: RowStatus.STORED}
        return [
            _told(row, status[one.verdict is Verdict.DUPLICATE], content_id=one.content_id)
            for row, one in zip(rows, stored, strict=True)
        ]

    def _content(self, row: ImportedRow) -> NewContent:
        mask = self._desk.mask
        title, text = mask(row.title), mask(f"{row.text}\nĐịa điểm: {row.place}" if row.place else row.text)
        return NewContent(
            key=item_hash(self._source.id, row.external_id),
            source_id=self._source.id,
            kind=ContentKind.REPORT,
            url=None,
            title=title,
            summary=None,
            text=text,
            language="vi",
            published_at=row.sent_at,
            published_from=DateProvenance.PUSH if row.sent_at else DateProvenance.NONE,
            content_hash=content_hash(title, text),
        )

    async def _cases(self, session: AsyncSession, rows: Sequence[ImportedRow], now: datetime) -> list[RowOut]:
        if self._units is None:
            self._units = await queries.units_of_today(session, now.astimezone(HANOI).date())
        return [await self._case(session, row, self._units, now) for row in rows]

    async def _case(self, session: AsyncSession, row: ImportedRow, units: dict[str, str], now: datetime) -> RowOut:
        report = NewReport(
            title=row.title,
            description=row.text,
            channel=ReportChannel.IMPORT,
            place_text=row.place,
            contact=self._contact(row),
            external_id=f"{self._plan.order.mapping}:{row.external_id}",
            topic=row.topic,
            unit_code=units.get(fold(row.unit)) if row.unit else None,
        )
        try:
            async with session.begin_nested():
                opened = await open_report(session, self._desk, report, now=now)
        except Problem as problem:
            return RowOut(row=row.number, status=RowStatus.REJECTED, reasons=[problem.detail or problem.title_vi])
        return _told(row, RowStatus.STORED if opened.is_new else RowStatus.DUPLICATE, reference=opened.reference)

    def _contact(self, row: ImportedRow) -> Contact | None:
        """Sealed, or not kept at all."""
        contact = Contact(row.contact_name, row.contact_phone, row.contact_email)
        return None if contact.is_empty or self._desk.keys is None else contact
