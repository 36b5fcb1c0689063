"""Which column of an exported file is what: data (`libs/common/data/imports.yaml`), read once per process."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

import libs.common
from libs.common.models import enums
from libs.common.text import fold
from services.ingest.imports.problems import FileNotReadable, UnknownMapping

FILE = Path(libs.common.__file__).parent / "data" / "imports.yaml"
Column = Literal[
    "external_id",
    "title",
    "text",
    "topic",
    "place",
    "sent_at",
    "state",
    "unit",
    "contact_name",
    "contact_phone",
    "contact_email",
]


class Mapping(BaseModel):
    """Columns by their headers, states that are finished, and the names of policy areas."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=80)
    columns: dict[Column, list[str]]
    finished: list[str] = []
    topics: dict[enums.Field, list[str]] = {}

    def is_finished(self, state: str) -> bool:
        return _key(state) in {_key(each) for each in self.finished}

    def topic_of(self, name: str) -> enums.Field | None:
        wanted = _key(name)
        return next((topic for topic, names in self.topics.items() if wanted in map(_key, names)), None)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of one file are. `ignored`: how many more it has, which nobody reads."""

    at: dict[Column, int]
    ignored: int

    def cell(self, row: list[str], column: Column) -> str:
        index = self.at.get(column)
        return row[index].strip() if index is not None and index < len(row) else ""


def layout_of(mapping: Mapping, header: list[str]) -> Layout:
    """The columns of a header row; of two with one name the first. Raises FileNotReadable where no text is named."""
    names = [_key(cell) for cell in header]
    at: dict[Column, int] = {}
    for column, known in mapping.columns.items():
        index = next((names.index(_key(name)) for name in known if _key(name) in names), None)
        if index is not None:
            at[column] = index
    if "text" not in at and "title" not in at:
        wanted = " hoặc ".join(f"“{name}”" for name in (mapping.columns.get("text") or ["Nội dung"])[:2])
        raise FileNotReadable(f"Dòng đầu của tệp không có cột {wanted}.")
    return Layout(at, sum(1 for name in names if name) - len(at))


def _key(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


@cache
def mappings(file: Path = FILE) -> dict[str, Mapping]:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: Mapping.model_validate(one) for name, one in told.items()}


def mapping_named(name: str) -> Mapping:
    found = mappings().get(name)
    if found is None:
        raise UnknownMapping("Các bộ ánh xạ có sẵn: " + ", ".join(sorted(mappings())) + ".")
    return found
