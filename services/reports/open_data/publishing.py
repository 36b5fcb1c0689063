"""Once a day every data set is read, in one instant of the database; what says something new becomes a version."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from libs.common.clock import HANOI, Clock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.models import DatasetVersion
from libs.common.shelf import Shelf
from libs.common.web import Site
from services.reports.open_data import months, queries, sets, shelving
from services.reports.open_data.datasets import Dataset, Reading, Row
from services.reports.open_data.files import csv_file, json_file
from services.reports.periods import CutOffs


@dataclass(frozen=True)
class Press:
    """What publishing needs beside the session."""

    db: Database
    clock: Clock
    files: FileStore
    shelf: Shelf
    site: Site
    cut: CutOffs


async def publish_day(press: Press) -> int:
    """How many data sets got a version. Nothing where today's reading is done, or where nothing is listened to yet: a
    version stays for good, and the first one should not say that there is nothing."""
    now = press.clock.now()
    today = now.astimezone(HANOI).date()
    index = shelving.read_index(press.files, press.shelf)
    if index is not None and index.looked_on == today.isoformat():
        return 0
    async with press.db.transaction() as session:
        if index is None and not await queries.has_sources(session):
            return 0
        await months.freeze_closed_months(session, press.cut, now)
    said = await _read(press, now, today)
    versions = await asyncio.to_thread(_store, press, said, now, today)
    async with press.db.transaction() as session:
        await queries.lock_publishing(session)
        added = await queries.add_versions(session, versions)
        known = await queries.list_versions(session)
        await asyncio.to_thread(shelving.write_index, press.files, today.isoformat(), known)
    return added


async def _read(press: Press, now: datetime, today: date) -> list[tuple[Dataset, Sequence[Row]]]:
    """The data sets that say something else than in their newest version."""
    async with press.db.transaction() as session:
        _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        latest = await queries.latest_versions(session)
        reading = Reading(session, now, today, press.cut)
        read = [(dataset, await dataset.read(reading)) for dataset in sets.every()]
    return [
        (dataset, rows)
        for dataset, rows in read
        if dataset.code not in latest or latest[dataset.code].digest != dataset.digest(rows)
    ]


def _store(press: Press, said: list[tuple[Dataset, Sequence[Row]]], now: datetime, today: date) -> list[DatasetVersion]:
    """Files first, under their own hashes; nothing leads to them until their versions are recorded."""
    return [
        DatasetVersion(
            dataset=dataset.code,
            day=today,
            as_of=now,
            row_count=len(rows),
            digest=dataset.digest(rows),
            csv_key=press.files.put(csv_file(dataset, rows), ".csv"),
            json_key=press.files.put(json_file(dataset, rows, press.site, today, now), ".json"),
        )
        for dataset, rows in said
    ]
