"""What lies in the file store under a name, so that pages and files are there when the database is not:

`open-data/index.json` (the newest version of each data set, and the last ones before it), `open-data/<set>/<day>.json`
(which objects a dated version is, for ever), `open-data/changes.atom`, `open-data/register.json`.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from libs.common.files import FileStore
from libs.common.models import DatasetVersion
from libs.common.shelf import Shelf
from services.reports.domain import iso

FOLDER = "open-data"
INDEX, FEED, REGISTER = f"{FOLDER}/index.json", f"{FOLDER}/changes.atom", f"{FOLDER}/register.json"
LISTED = 30
"""Versions of a data set that its page leads to; older ones keep their addresses."""


@dataclass(frozen=True)
class Entry:
    """A version of a data set as the catalogue tells of it; plain JSON values."""

    dataset: str
    day: str
    as_of: str
    rows: int
    digest: str
    csv_key: str
    csv_bytes: int
    json_key: str
    json_bytes: int

    @property
    def csv_sha256(self) -> str:
        return _sha256(self.csv_key)

    @property
    def json_sha256(self) -> str:
        return _sha256(self.json_key)

    def key(self, suffix: str) -> str:
        return self.csv_key if suffix == "csv" else self.json_key


def _sha256(key: str) -> str:
    """Objects are named by their hash."""
    return key.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True)
class Index:
    """looked_on: the day whose reading is done. versions: newest first, by data set."""

    looked_on: str
    versions: dict[str, list[Entry]]

    @property
    def latest(self) -> list[Entry]:
        return [versions[0] for _, versions in sorted(self.versions.items())]


def entry_of(files: FileStore, version: DatasetVersion) -> Entry:
    return Entry(
        version.dataset,
        version.day.isoformat(),
        iso(version.as_of) or "",
        version.row_count,
        version.digest.hex(),
        version.csv_key,
        files.path(version.csv_key).stat().st_size,
        version.json_key,
        files.path(version.json_key).stat().st_size,
    )


def write_index(files: FileStore, looked_on: str, versions: Iterable[DatasetVersion]) -> None:
    """The pointers first: whoever is led to a version finds it. `versions`: newest first; one whose file is lost is
    no longer told of."""
    told: dict[str, list[dict[str, Any]]] = {}
    for version in versions:
        if not all(files.path(key).exists() for key in (version.csv_key, version.json_key)):
            continue
        kept = told.setdefault(version.dataset, [])
        pointer = f"{FOLDER}/{version.dataset}/{version.day.isoformat()}.json"
        if len(kept) < LISTED or not files.path(pointer).exists():
            entry = asdict(entry_of(files, version))
            kept.extend([entry] if len(kept) < LISTED else [])
            if not files.path(pointer).exists():
                files.write(pointer, json.dumps(entry).encode())
    files.write(INDEX, json.dumps({"looked_on": looked_on, "versions": told}).encode())


def read_index(files: FileStore, shelf: Shelf) -> Index | None:
    found = shelf.read(files, INDEX)
    if found is None:
        return None
    told = json.loads(found.data)
    versions = {code: [Entry(**one) for one in kept] for code, kept in told["versions"].items()}
    return Index(told["looked_on"], versions)


def read_version(files: FileStore, code: str, day: str) -> Entry | None:
    """A dated version; `code` and `day` have the form of one."""
    found = files.read(f"{FOLDER}/{code}/{day}.json")
    return Entry(**json.loads(found)) if found is not None else None
