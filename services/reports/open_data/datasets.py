"""What an open data set is, and the list of them. One entry is a file, its dictionary, its row of the catalogue."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.registry import Registry
from services.reports.domain import digest
from services.reports.periods import CutOffs

Row = dict[str, Any]


class Type(StrEnum):
    """As Frictionless Table Schema and XML Schema (CSVW) both call them."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Column:
    """unit, formula, source: of a figure; missing: what a blank cell means, None where a cell is never blank."""

    name: str
    title: str
    title_en: str
    type: Type = Type.STRING
    unit: str | None = None
    formula: str | None = None
    source: str | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Reading:
    """One reading of the database; `today`: the day in Hà Nội, which is not over."""

    session: AsyncSession
    as_of: datetime
    today: date
    cut: CutOffs


@dataclass(frozen=True)
class Dataset:
    """key: columns that tell a row from the others. every: ISO 8601, how often it may change."""

    code: str
    title: str
    title_en: str
    about: str
    about_en: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    every: str
    read: Callable[[Reading], Awaitable[Sequence[Row]]]

    def digest(self, rows: Sequence[Row]) -> bytes:
        """Of what it says; a changed dictionary is a new version as much as changed rows are."""
        told = [[column.__dict__ for column in self.columns], [self.title, self.about], list(rows)]
        return digest(told)


DATASETS: Registry[Dataset] = Registry("data set")


def add(dataset: Dataset) -> None:
    DATASETS.register(dataset.code)(dataset)
