"""What changed in the public register: a source came or went, a class, a model, a limit, a data set. Told once each.

How the register stands is compared with the newest change of each subject; the first look opens the register and tells
nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models import RegisterChange
from libs.common.models.open_data import RegisterSubject as S
from services.reports import labels, register_queries
from services.reports.open_data import queries
from services.reports.open_data.cards import measures_of
from services.reports.register import limits_of
from services.reports.settings import RetentionSettings

State = dict[tuple[str, str], dict[str, Any]]


async def record_changes(session: AsyncSession, limits: RetentionSettings, now: datetime) -> int:
    """How many there are since the last look."""
    await queries.lock_publishing(session)
    known = await queries.latest_changes(session)
    changes = list(compare(known, await _state(session, limits)))
    if not known:
        changes.append((S.OPENED, "", None, {}))
    session.add_all(
        RegisterChange(id=new_id(now), subject=subject, key=key, at=now, before=before, after=after)
        for subject, key, before, after in changes
    )
    await session.flush()
    return len(changes)


def compare(
    known: Mapping[tuple[str, str], RegisterChange], state: State
) -> Iterator[tuple[str, str, dict[str, Any] | None, dict[str, Any] | None]]:
    """(subject, key, before, after) of what is not as it was told last."""
    standing = [at for at, change in known.items() if change.after is not None and at[0] != S.OPENED]
    for subject, key in sorted({*standing, *state}):
        change = known.get((subject, key))
        before, after = change.after if change is not None else None, state.get((subject, key))
        if before != after:
            yield subject, key, before, after


async def _state(session: AsyncSession, limits: RetentionSettings) -> State:
    state: State = {(S.RETENTION, key): {"days": days} for key, days in limits_of(limits).items()}
    state |= {(S.CLASSES, one.code): {"members": [str(code) for code, _ in one.members]} for one in labels.CLASSES}
    for source in await register_queries.watched_sources(session):
        told = {"name": source.name, "group": source.group, "kind": source.kind, "state": source.state}
        state[S.SOURCE, str(source.id)] = told
    for model in await register_queries.models(session):
        if model.is_current:
            state[S.MODEL, model.name] = {"version": model.version, "measures": measures_of(model.card)}
    for code, version in (await queries.latest_versions(session)).items():
        state[S.DATASET, code] = {"day": version.day.isoformat(), "rows": version.row_count}
    return state


def by_day(changes: Sequence[RegisterChange]) -> Iterator[list[RegisterChange]]:
    """As the feed tells them, newest first: versions of data sets of one day together, all else alone."""
    days: dict[Any, list[RegisterChange]] = {}
    for change in changes:
        is_version = change.subject == S.DATASET
        days.setdefault((S.DATASET, change.at.astimezone(HANOI).date()) if is_version else change.id, []).append(change)
    yield from days.values()
