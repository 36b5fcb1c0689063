"""What an import changes: the file beside the sources that are there. Pure; nothing is ever deleted by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from libs.common.models.enums import SourceState
from services.ingest.catalogue.files import Row
from services.ingest.catalogue.schemas import POLLED, Action, CatalogueEntry, EntryState

REPLAY_REASON = "Chế độ phát lại chỉ đọc nguồn trên máy này; nguồn thật bật khi chạy với --live."
STATES = {
    EntryState.ACTIVE: SourceState.ACTIVE,
    EntryState.PAUSED: SourceState.PAUSED,
    EntryState.RETIRED: SourceState.GONE,
}
_ENTRY_STATES = {source: entry for entry, source in STATES.items()}
COLUMNS = (
    "name", "kind", "url", "homepage", "group", "owner", "terms", "audience", "language", "state", "state_reason",
    "tags", "place", "poll_seconds", "settings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A source that is there, as the columns the catalogue speaks of."""

    id: UUID
    columns: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.columns["name"])


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one row."""

    action: Action
    name: str
    index: int | None = None
    source_id: UUID | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


def columns_of(entry: CatalogueEntry, *, replay: bool) -> dict[str, Any]:
    """The columns of a source. In replay nothing outside this machine is read: what would be is paused and says so."""
    told = entry.model_dump(mode="json")
    columns = {name: told[name] for name in COLUMNS}
    columns["state"] = STATES[entry.state].value
    if replay and entry.state is EntryState.ACTIVE and entry.kind in POLLED and not _is_here(entry.url or ""):
        columns |= {"state": SourceState.PAUSED.value, "state_reason": REPLAY_REASON}
    return columns


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def entry_of(columns: Mapping[str, Any]) -> CatalogueEntry:
    """A source as an entry of the catalogue; one that was paused for replay alone is active in the file."""
    told = {name: columns[name] for name in COLUMNS}
    told["state"] = _ENTRY_STATES[SourceState(columns["state"])]
    if told["state"] is EntryState.PAUSED and told["state_reason"] == REPLAY_REASON:
        told |= {"state": EntryState.ACTIVE, "state_reason": None}
    return CatalogueEntry.model_validate(told)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is to be taken. `only_new`: sources that are there are left alone. `retire_missing`: those that the
    file lacks are retired. `replay`: nothing outside this machine is read."""

    only_new: bool = False
    retire_missing: bool = False
    replay: bool = False


def plan(rows: Sequence[Row], known: Sequence[Known], wish: Wish) -> list[Step]:
    """One step for each row, in order; then the sources that the file lacks, retired only where that is asked for."""
    by_name = {one.name: one for one in known}
    by_url = {one.columns["url"]: one for one in known if one.columns["url"]}
    taken: set[UUID] = set()
    names: set[str] = set()
    urls: set[str] = set()
    steps: list[Step] = []
    for row in rows:
        step = _step(row, by_name, by_url, wish)
        url = step.columns.get("url")
        if step.action is not Action.REJECTED and (
            step.columns["name"] in names or (url and url in urls) or step.source_id in taken
        ):
            step = _rejected(row, "trùng tên hoặc địa chỉ với một dòng ở trên (twice in the file)")
        if step.action is not Action.REJECTED:
            names.add(step.columns["name"])
            urls |= {url} if url else set()
            taken |= {step.source_id} if step.source_id else set()
        steps.append(step)
    if wish.retire_missing:
        steps += [_retired(one) for one in known if one.id not in taken and _is_catalogued(one)]
    return steps


def _step(row: Row, by_name: Mapping[str, Known], by_url: Mapping[str, Known], wish: Wish) -> Step:
    if row.entry is None:
        return _rejected(row, row.problem or "")
    columns = columns_of(row.entry, replay=wish.replay)
    named, placed = by_name.get(row.entry.name), by_url.get(row.entry.url or "")
    if named is not None and placed is not None and named.id != placed.id:
        return _rejected(row, f"địa chỉ này là của nguồn “{placed.name}” (another source has this address)")
    there = named or placed
    if there is None:
        return Step(Action.ADDED, row.entry.name, row.index, None, columns)
    changed = {name: value for name, value in columns.items() if there.columns[name] != value}
    if not changed or wish.only_new:
        return Step(Action.UNCHANGED, row.entry.name, row.index, there.id, columns)
    is_retired = changed.get("state") == SourceState.GONE
    action = Action.RETIRED if is_retired else Action.CHANGED
    return Step(action, row.entry.name, row.index, there.id, columns, {name: there.columns[name] for name in changed})


def _rejected(row: Row, problem: str) -> Step:
    return Step(Action.REJECTED, row.name, row.index, problem=problem)


def _is_catalogued(one: Known) -> bool:
    """Doors of our own (push, forms) are no entries of a catalogue, and a retired source is retired already."""
    return one.columns["kind"] in POLLED and one.columns["state"] != SourceState.GONE


def _retired(one: Known) -> Step:
    columns = dict(one.columns) | {"state": SourceState.GONE.value, "state_reason": "Không còn trong tệp danh mục."}
    return Step(Action.RETIRED, one.name, None, one.id, columns, {n: one.columns[n] for n in ("state", "state_reason")})
