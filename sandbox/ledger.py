"""What truly happened on each platform.

Append-only: an entry is never changed, and what stands on a platform now is a projection of the entries. Tests ask
the ledger, not the platform's answers, so that a lost response cannot hide a doubled post. With a file, entries are
written as JSON lines before they count, and a restart reads them back.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from threading import RLock
from typing import Any

from sandbox.clock import VirtualClock, iso


class Effect(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    ABSENT = "absent"
    ENGAGED = "engaged"
    CALLED = "called"
    """The platform itself called out: fetched a file, sent a webhook."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done on a platform, before it has its place in the ledger."""

    platform: str
    operation: str
    account: str
    kind: str
    subject: str
    effect: Effect
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    at: datetime
    act: Act

    def as_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "at": iso(self.at), **asdict(self.act)}


@dataclass(slots=True)
class Item:
    """Something that stands on a platform: a post, an uploaded file, a reply control."""

    platform: str
    kind: str
    subject: str
    account: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    seq: int
    engagement: dict[str, int] = field(default_factory=dict)


class Projection:
    """What stands after the entries applied so far."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.applied = 0

    def apply(self, entry: Entry) -> None:
        act, key = entry.act, (entry.act.platform, entry.act.subject)
        self.applied = entry.seq
        match act.effect:
            case Effect.CREATED | Effect.UPDATED:
                self._put(key, entry)
            case Effect.DELETED:
                self.items.pop(key, None)
            case Effect.ENGAGED:
                self._engage(key, act.data)
            case Effect.UNCHANGED | Effect.ABSENT | Effect.CALLED:
                pass

    def of(self, platform: str, kind: str) -> list[Item]:
        return [item for item in self.items.values() if item.platform == platform and item.kind == kind]

    def get(self, platform: str, subject: str) -> Item | None:
        return self.items.get((platform, subject))

    def _put(self, key: tuple[str, str], entry: Entry) -> None:
        act, before = entry.act, self.items.get(key)
        if before is None:
            at = entry.at
            self.items[key] = Item(act.platform, act.kind, act.subject, act.account, act.data, at, at, entry.seq)
        else:
            before.data, before.updated_at = act.data, entry.at

    def _engage(self, key: tuple[str, str], counts: dict[str, Any]) -> None:
        item = self.items.get(key)
        if item is not None:
            for name, count in counts.items():
                item.engagement[name] = item.engagement.get(name, 0) + int(count)


class Ledger:
    def __init__(self, clock: VirtualClock, file: Path | None = None) -> None:
        self._clock, self._file, self._lock = clock, file, RLock()
        self._entries: list[Entry] = []
        self.current = Projection()
        for entry in _read(file) if file else ():
            self._admit(entry)
        if self._entries:
            clock.not_before(self._entries[-1].at)

    def record(self, act: Act) -> Entry:
        with self._lock:
            entry = Entry(len(self._entries) + 1, self._clock.now(), act)
            if self._file is not None:
                _write(self._file, entry)
            self._admit(entry)
            return entry

    def entries(self, platform: str | None = None, after: int = 0) -> list[Entry]:
        with self._lock:
            return [e for e in self._entries[after:] if platform in (None, e.act.platform)]

    def clear(self) -> None:
        with self._lock:
            self._entries, self.current = [], Projection()
            if self._file is not None:
                self._file.unlink(missing_ok=True)

    def _admit(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.current.apply(entry)


def _write(file: Path, entry: Entry) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(entry.as_json(), ensure_ascii=False) + "\n")


def _read(file: Path) -> Iterable[Entry]:
    if not file.exists():
        return
    _mend(file)
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield _entry(json.loads(line))


def _mend(file: Path) -> None:
    """A line cut off by a crash never counted; it goes, so that the next one begins on a line of its own."""
    data = file.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with file.open("r+b") as opened:
            opened.truncate(whole)


def _entry(row: dict[str, Any]) -> Entry:
    seq, at = row.pop("seq"), datetime.fromisoformat(row.pop("at"))
    return Entry(seq, at, Act(**{**row, "effect": Effect(row["effect"])}))
