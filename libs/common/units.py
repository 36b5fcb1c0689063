"""Which unit a name means on a given day.

Hà Nội had 30 districts until 30 June 2025 and has 126 wards and communes since 1 July 2025, many with the same
bare name. A name therefore resolves with a date: to the unit of that name then, or to what follows a unit that has
ended. Names match with or without marks, in either tone placement, with or without the word "quận", "phường"...
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.text import canonical_tone, collapse, fold

UNITS_DIR = Path(__file__).parent / "data" / "units"
CITY_CODE = "01"
PART_NOTE = "một phần"
BEFORE_RECORDS = date(1900, 1, 1)
"""Stored as the first day of a unit or name that is older than the lists say."""

_KIND_WORDS = {
    "quan": "quan", "q": "quan", "huyen": "huyen", "h": "huyen", "thi xa": "thi xa", "tx": "thi xa",
    "phuong": "phuong", "p": "phuong", "xa": "xa", "x": "xa", "thanh pho": "thanh pho", "tp": "thanh pho",
}  # fmt: skip
_SHORT = {word for word in _KIND_WORDS if len(word) <= 2 and word != "xa"}
_LONG = "|".join(word for word in _KIND_WORDS if word not in _SHORT)
_PREFIX = re.compile(rf"(?:(?:ubnd|uy ban nhan dan) )?(?P<word>(?:{_LONG})(?= )|(?:{'|'.join(_SHORT)})(?=[. ]))[. ]\s*")
_COMMITTEE = ("ubnd ", "uy ban nhan dan ")
_DASH = re.compile(r"\s*[-–—]\s*")


class How(StrEnum):
    NAME = "name"
    ALIAS = "alias"
    SUCCESSOR = "successor"


@dataclass(frozen=True)
class Unit:
    """One unit over the days it existed; an open end is None, both ends count."""

    code: str
    name: str
    kind: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def valid_on(self, on: date) -> bool:
        return not self.ended_by(on) and (self.valid_from is None or self.valid_from <= on)

    def ended_by(self, on: date) -> bool:
        return self.valid_to is not None and self.valid_to < on


@dataclass(frozen=True)
class Alias:
    """Another name of a unit; one equal to the name of an ended unit says that this unit follows it."""

    alias: str
    unit_code: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def valid_on(self, on: date) -> bool:
        began = self.valid_from is None or self.valid_from <= on
        return began and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Match:
    unit: Unit
    how: How
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """A name as it may be meant: the word for the kind of unit, if any, and the rest in both spellings."""

    kind_word: str | None
    marked: str
    folded: str

    def means(self, other: "Reading") -> bool:
        """Whether a name asked for in this way fits a known one; marks count only where they were typed."""
        if self.kind_word is not None and self.kind_word != other.kind_word:
            return False
        return self.folded == other.folded and self.marked in (
            self.folded,
            other.marked,
        )


@dataclass(frozen=True)
class Register:
    """All known units and names, found by the unmarked name."""

    units: dict[str, list[Unit]]
    aliases: tuple[Alias, ...]
    names: dict[str, list[tuple[Reading, Unit]]] = field(repr=False)
    other_names: dict[str, list[tuple[Reading, Alias]]] = field(repr=False)
    followers: dict[str, list[Alias]] = field(repr=False)


def readings(name: str) -> Iterator[Reading]:
    """The ways to take a name: whole, then split after the word for the kind."""
    marked = _DASH.sub(" - ", canonical_tone(collapse(name)).lower())
    folded = fold(marked)
    yield Reading(None, marked, folded)
    if found := _PREFIX.match(folded):
        rest = found.end()
        yield Reading(_KIND_WORDS[found["word"]], marked[rest:], folded[rest:])


def _known_readings(name: str) -> list[Reading]:
    """As `readings`, but a people's committee is not the place that it governs."""
    return list(readings(name))[: 1 if fold(name).startswith(_COMMITTEE) else None]


def build_register(units: Iterable[Unit], aliases: Iterable[Alias]) -> Register:
    """Index units and names; an alias equal to the name of an ended unit becomes a succession."""
    by_code: dict[str, list[Unit]] = {}
    names: dict[str, list[tuple[Reading, Unit]]] = {}
    for unit in units:
        by_code.setdefault(unit.code, []).append(unit)
        for reading in _known_readings(unit.name):
            names.setdefault(reading.folded, []).append((reading, unit))
    ended = {fold(unit.name) for versions in by_code.values() for unit in versions if unit.valid_to}
    register = Register(by_code, tuple(aliases), names, {}, {})
    for alias in register.aliases:
        if fold(alias.alias) in ended:
            register.followers.setdefault(fold(alias.alias), []).append(alias)
            continue
        for reading in _known_readings(alias.alias):
            register.other_names.setdefault(reading.folded, []).append((reading, alias))
    return register


def resolve_unit(name: str, on: date, register: Register) -> list[Match]:
    """The units that a name means on a day: of that name first, then other names, then successors."""
    matches = [match for unit, how in _candidates(name, on, register) for match in _on(unit, how, on, register)]
    order = list(How)
    best: dict[tuple[str, date | None], Match] = {}
    for match in sorted(matches, key=lambda match: order.index(match.how)):
        best.setdefault((match.unit.code, match.unit.valid_from), match)
    return list(best.values())


def _named(asked: Reading, on: date, register: Register) -> Iterator[tuple[Unit, How]]:
    for known, unit in register.names.get(asked.folded, ()):
        if asked.means(known):
            yield unit, How.NAME
    for known, alias in register.other_names.get(asked.folded, ()):
        if asked.means(known) and alias.valid_on(on):
            yield from ((unit, How.ALIAS) for unit in register.units.get(alias.unit_code, ()))


def _candidates(name: str, on: date, register: Register) -> list[tuple[Unit, How]]:
    """What the whole name means; only if nothing does, what it means after the word for the kind."""
    found: list[tuple[Unit, How]] = []
    for asked in readings(name):
        found = found or list(_named(asked, on, register))
    return found


def _on(unit: Unit, how: How, on: date, register: Register) -> Iterator[Match]:
    if unit.valid_on(on):
        yield Match(unit, how)
    elif unit.ended_by(on):
        yield from _successors(unit, on, register)


def _successors(old: Unit, on: date, register: Register) -> Iterator[Match]:
    for alias in register.followers.get(fold(old.name), ()):
        for unit in register.units.get(alias.unit_code, ()):
            if alias.valid_on(on) and unit.valid_on(on):
                yield Match(unit, How.SUCCESSOR, _succession_note(old, alias))


def _succession_note(old: Unit, alias: Alias) -> str:
    until = f"đến hết {old.valid_to:%d/%m/%Y}" if old.valid_to else "trước đây"
    return f"{old.name} ({until}); nguồn: {alias.source}"


# --- the shipped lists -------------------------------------------------------------------------------------------


def load_units() -> list[Unit]:
    """The city, its departments, its old districts, its wards and communes."""
    units = [_unit(row, row["name"], row["kind"]) for row in _rows("departments.csv")]
    units += [_unit(row, row["full_name"], "district") for row in _rows("districts.csv")]
    units += [_unit(row, row["full_name"], row["kind"]) for row in _rows("wards.csv")]
    return units


def load_aliases() -> list[Alias]:
    """Other names, and what follows each unit that has ended."""
    names = [Alias(row["alias"], row["unit_code"], source=row["source"]) for row in _rows("aliases.csv")]
    return [*names, *_district_successions(), *_department_successions()]


def _district_successions() -> Iterator[Alias]:
    full_names = {row["code"]: row["full_name"] for row in _rows("districts.csv")}
    for row in _rows("district_wards.csv"):
        source = row["source"] if row["share"] == "main" else f"{row['source']} ({PART_NOTE})"
        yield Alias(
            full_names[row["district_code"]],
            row["ward_code"],
            _day(row["on"]),
            source=source,
        )


def _department_successions() -> Iterator[Alias]:
    for row in _rows("departments.csv"):
        ended = _day(row["valid_to"])
        if row["successor_code"] and ended:
            begins = date.fromordinal(ended.toordinal() + 1)
            yield Alias(row["name"], row["successor_code"], begins, source=row["source"])


@cache
def load_register() -> Register:
    """The shipped lists, indexed; no database."""
    return build_register(load_units(), load_aliases())


class PlaceName(NamedTuple):
    """A name that a text may use for a unit, and the days on which the unit exists; an open end is None."""

    name: str
    code: str
    valid_from: date | None = None
    valid_to: date | None = None


def load_gazetteer() -> list[PlaceName]:
    """Every place that a text may name: wards and communes first, then the old districts; each with and without the
    word for its kind. A bare name that both share appears twice, the ward of today first."""
    places = [*_rows("wards.csv"), *_rows("districts.csv")]
    return [
        PlaceName(row[key], row["code"], _day(row.get("valid_from")), _day(row.get("valid_to")))
        for row in places
        for key in ("full_name", "name")
    ]


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (UNITS_DIR / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _unit(row: dict[str, str], name: str, kind: str) -> Unit:
    return Unit(
        row["code"],
        name,
        kind,
        _day(row.get("valid_from")),
        _day(row.get("valid_to")),
        row["source"],
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# --- the database ------------------------------------------------------------------------------------------------


async def load_stored_register(session: AsyncSession) -> Register:
    """The units and names that this installation has loaded."""
    rows = (await session.scalars(select(m.OrganizationUnit))).all()
    codes = {row.id: row.code for row in rows}
    names = (await session.scalars(select(m.UnitAlias))).all()
    return build_register(
        [Unit(row.code, row.name, row.kind, row.valid_from, row.valid_to, row.source) for row in rows],
        [Alias(row.alias, codes[row.unit_id], row.valid_from, row.valid_to, row.source) for row in names],
    )


async def resolve(session: AsyncSession, name: str, on: date) -> list[Match]:
    """`resolve_unit` over the units in the database."""
    return resolve_unit(name, on, await load_stored_register(session))
