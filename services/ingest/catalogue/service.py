"""Use cases of the catalogue: take a file in, give one out."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import new_id
from libs.common.models.enums import SourceGroup, SourceState
from services.ingest import trail
from services.ingest.catalogue import queries
from services.ingest.catalogue.files import Row, read_yaml, write_yaml
from services.ingest.catalogue.opml import read_opml, write_opml
from services.ingest.catalogue.rules import Step, Wish, entry_of, plan
from services.ingest.catalogue.schemas import POLLED, Action, CatalogueEntry, Change, ImportOut, ImportRow
from services.ingest.problems import SourceRefused
from services.ingest.service import Actor, check_source_address


def read_file(data: bytes, content_type: str, group: SourceGroup) -> list[Row]:
    """The rows of a file, told apart by its first sign rather than by what it is called."""
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or "opml" in content_type
    return read_opml(data, group) if is_xml else read_yaml(data)


async def import_rows(
    session: AsyncSession, rows: Sequence[Row], wish: Wish, *, by: Actor | None, dry_run: bool, now: datetime
) -> ImportOut:
    """Take the rows in, each by itself; `dry_run` only says what would be done. `by` None: the operator's command."""
    await queries.lock(session)
    known = await queries.list_known(session)
    steps = [_checked(step, replay=wish.replay) for step in plan(rows, known, wish)]
    if not dry_run:
        steps = await _write(session, steps, by, now)
    named = {step.source_id for step in steps if step.index is not None}
    counts = Counter(step.action for step in steps)
    return ImportOut(
        dry_run=dry_run,
        **{action.value: counts[action] for action in Action},
        not_in_file=sum(one.id not in named for one in known),
        rows=[_told(step) for step in steps],
    )


def _checked(step: Step, *, replay: bool) -> Step:
    """An address that no fetch will ever reach is refused here, as it is where one source is registered."""
    if step.action not in (Action.ADDED, Action.CHANGED):
        return step
    try:
        check_source_address(step.columns["url"], replay=replay)
    except SourceRefused as error:
        return Step(Action.REJECTED, step.name, step.index, problem=str(error.detail))
    return step


async def _write(session: AsyncSession, steps: Sequence[Step], by: Actor | None, now: datetime) -> list[Step]:
    added = [step for step in steps if step.action is Action.ADDED]
    ids = {id(step): new_id(now) for step in added}
    await queries.add_sources(session, [_new(ids[id(step)], step.columns, now) for step in added])
    for step in steps:
        if step.action in (Action.CHANGED, Action.RETIRED) and step.source_id is not None:
            await queries.change_source(session, step.source_id, _changes(step, now))
    written = [
        Step(
            step.action, step.name, step.index, ids.get(id(step), step.source_id), step.columns, step.was, step.problem
        )
        for step in steps
    ]
    await _audit(session, written, by, now)
    return written


def _new(source_id: UUID, columns: Any, now: datetime) -> dict[str, Any]:
    is_read = columns["state"] == SourceState.ACTIVE and columns["kind"] in POLLED
    return {**columns, "id": source_id, "created_at": now, "failures": 0, "next_poll_at": now if is_read else None}


def _changes(step: Step, now: datetime) -> dict[str, Any]:
    """The changed columns; a source that is to be read anew starts without its old failures and validators."""
    changes: dict[str, Any] = {name: step.columns[name] for name in step.was}
    if {"url", "state", "kind"} & set(changes):
        is_read = step.columns["state"] == SourceState.ACTIVE and step.columns["kind"] in POLLED
        changes |= {"next_poll_at": now if is_read else None}
        changes |= {"failures": 0, "etag": None, "last_modified": None} if is_read else {}
    return changes


_AUDITED = {
    Action.ADDED: "source.created",
    Action.CHANGED: "source.changed",
    Action.RETIRED: "source.retired",
}


async def _audit(session: AsyncSession, steps: Sequence[Step], by: Actor | None, now: datetime) -> None:
    for step in steps:
        if step.action in _AUDITED and step.source_id is not None:
            await trail.record(
                session,
                _AUDITED[step.action],
                step.source_id,
                now,
                by=None if by is None else by.person_id,
                facts={"fields": sorted(step.was), "by": "catalogue"},
            )


def _told(step: Step) -> ImportRow:
    return ImportRow(
        index=step.index,
        name=step.name,
        action=step.action,
        source_id=step.source_id,
        changes=[Change(field=name, was=was, now=step.columns[name]) for name, was in step.was.items()],
        problem=step.problem,
    )


async def export_entries(session: AsyncSession, group: SourceGroup | None = None) -> list[CatalogueEntry]:
    """The sources that a catalogue speaks of: those that are read from an address of the web."""
    known = await queries.list_known(session)
    return [
        entry_of(one.columns)
        for one in known
        if one.columns["kind"] in POLLED and (group is None or one.columns["group"] == group)
    ]


def written(entries: Sequence[CatalogueEntry], form: str, now: datetime) -> bytes:
    return write_opml(entries, at=now) if form == "opml" else write_yaml(entries)
