"""What a question becomes in SQL: what the index is asked, and days, which are read in the rows that it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Text, and_, cast, literal, literal_column, not_, or_, true
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from libs.common.clock import HANOI
from libs.common.ids import floor_id
from services.classify.searching.language import And, Bound, Filter, Name, Node, Not, Or, Term, Unreadable
from services.classify.searching.lexemes import filter_lexeme, joined, phrase, quoted, written_words

KEYS = {
    Name.FIELD: "f", Name.PLACE: "p", Name.SOURCE: "s", Name.GROUP: "g", Name.KIND: "k", Name.TONE: "t",
    Name.LANGUAGE: "l",
}  # fmt: skip
LATE = filter_lexeme("late", "1")
"""Stands for what came in more than LATE_BY after it was published."""
LATE_BY = timedelta(hours=1)
EARLY_BY = timedelta(days=2)
"""So far ahead of its arrival a text may be dated."""

Resolved = Mapping[str, Sequence[str]]
"""What the names of places and sources mean: `place:Ba Đình` → codes, `source:Báo A` → ids."""
Asked = str | bool
"""A tsquery; True where the index cannot tell anything apart, False where nothing can be found."""


@dataclass(frozen=True)
class Plan:
    """A question, ready to be asked."""

    candidates: str | None
    """A tsquery that everything found answers; None where the index is of no use."""
    condition: ColumnElement[bool] | None
    """What must be true of a row beside that; None where whatever answers `candidates` is found."""
    after: UUID | None
    """Nothing older can be found."""
    only_late_from: UUID | None
    """Of what came in from here on, only what was late can be found."""
    ends_by: UUID | None = None
    """And from here on, little of what was not."""


FIRST_DAY = date(1900, 1, 1)
"""Nothing is older, and older moments are none in UTC."""


def day_begins(day: date) -> datetime:
    return datetime.combine(max(day, FIRST_DAY), time(), HANOI).astimezone(UTC)


def _edge(at: datetime) -> UUID:
    """The first id of a moment; ids begin in 1970."""
    return floor_id(max(at, datetime(1970, 1, 1, tzinfo=UTC)))


def plan(node: Node, resolved: Resolved) -> Plan:
    maker = _Maker(resolved)
    over = maker.ask(node, widely=True)
    # Where every answer may lack every word that is asked for, the index would have to be read from end to end.
    indexed = not isinstance(over, bool) and is_anchored(node)
    required = _required(node)
    rest = [maker.holds(one) for one in required if not maker.is_exact(one)] if indexed else [maker.holds(node)]
    bounds = [one for one in required if isinstance(one, Bound)]
    after = [day_begins(one.day) for one in bounds if not one.is_before]
    before = [day_begins(one.day) for one in bounds if one.is_before]
    return Plan(
        candidates=str(over) if indexed else None,
        condition=and_(*rest) if rest else None,
        after=_edge(max(after) - EARLY_BY) if after else None,
        only_late_from=_edge(min(before) + LATE_BY) if before else None,
        ends_by=_edge(min(before)) if before else None,
    )


def _required(node: Node) -> tuple[Node, ...]:
    """What must all hold, as far as it stands on the top."""
    return tuple(inner for one in node.nodes for inner in _required(one)) if isinstance(node, And) else (node,)


def is_anchored(node: Node) -> bool:
    """Whether everything that is found has a word or a filter that the index can look up."""
    match node:
        case Term() | Filter():
            return True
        case And(nodes):
            return any(map(is_anchored, nodes))
        case Or(nodes):
            return all(map(is_anchored, nodes))
        case Not() | Bound():
            return False


indexed_words: ColumnElement[Any] = literal_column("search_documents.tsv", TSVECTOR())
told_at: ColumnElement[datetime] = literal_column("search_documents.told_at", DateTime(timezone=True))
"""By name, because a statement may have sorted the documents first."""


class _Maker:
    """Makes the parts of a plan; nodes that only a reading can tell are widened for the index."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved

    def is_exact(self, node: Node) -> bool:
        match node:
            case Term() | Filter():
                return True
            case Bound():
                return False
            case Not(inner):
                return self.is_exact(inner)
            case And(nodes) | Or(nodes):
                return all(map(self.is_exact, nodes))

    def ask(self, node: Node, *, widely: bool) -> Asked:
        """A tsquery that is answered by at least (or, not widely, by at most) what the node means."""
        match node:
            case Term(text, position):
                return _phrase(text, position)
            case Filter():
                return joined([quoted(one) for one in self._lexemes(node)], " | ") if self._lexemes(node) else False
            case Bound():
                return widely
            case Not(inner):
                found = self.ask(inner, widely=not widely)
                return not found if isinstance(found, bool) else f"!{_group(found)}"
            case And(nodes):
                return _combine([self.ask(one, widely=widely) for one in nodes], neutral=True, operator=" & ")
            case Or(nodes):
                return _combine([self.ask(one, widely=widely) for one in nodes], neutral=False, operator=" | ")

    def _lexemes(self, one: Filter) -> list[str]:
        key = KEYS[one.name]
        if one.name in (Name.PLACE, Name.SOURCE):
            return [filter_lexeme(key, value) for value in self._resolved[name_of(one)]]
        return [filter_lexeme(key, one.value)]

    def holds(self, node: Node) -> ColumnElement[bool]:
        """What is true of exactly the documents that are found."""
        if self.is_exact(node):
            return _matches(self.ask(node, widely=True))
        match node:
            case Bound(day, is_before):
                moment = literal(day_begins(day))
                return told_at < moment if is_before else told_at >= moment
            case Not(inner):
                return not_(self.holds(inner))
            case And(nodes):
                return and_(*map(self.holds, nodes))
            case Or(nodes):
                return or_(*map(self.holds, nodes))
            case Term() | Filter():
                return _matches(self.ask(node, widely=True))


def name_of(one: Filter) -> str:
    return f"{one.name.value}:{one.value}"


def as_tsquery(asked: str) -> ColumnElement[Any]:
    return cast(literal(asked, Text()), TSQUERY())


def _matches(asked: Asked) -> ColumnElement[bool]:
    if isinstance(asked, bool):
        return true() if asked else ~true()
    return indexed_words.op("@@", is_comparison=True)(as_tsquery(asked))


def _phrase(text: str, position: int) -> str:
    found = written_words(text)
    if not found:
        raise Unreadable("Không tìm được từ này", position)
    return phrase(found)


def _group(asked: str) -> str:
    return asked if asked.startswith("(") else f"({asked})"


def _combine(parts: Sequence[Asked], *, neutral: bool, operator: str) -> Asked:
    if any(part is not neutral and isinstance(part, bool) for part in parts):
        return not neutral
    kept = [part for part in parts if isinstance(part, str)]
    return joined(kept, operator) if kept else neutral
