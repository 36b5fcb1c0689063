"""The language of questions, read without any knowledge of what is stored: pure, and total.

    cầu giấy "tai nạn" -xe máy (field:giao_thong HOẶC kind:complaint) place:"Ba Đình" after:2026-11-01

Words side by side must all be there; AND OR NOT and VÀ HOẶC KHÔNG are written in capitals, and the Vietnamese ones are
plain words in a question that is all capitals. What cannot be read raises `Unreadable` with the position, from 1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from libs.common.models.enums import Field, SourceGroup, TextKind, Tone
from libs.common.text import fold, nfc

MAX_CHARS, MAX_DEPTH, MAX_TERMS = 500, 8, 40


class Unreadable(ValueError):
    """Why a question cannot be read, in Vietnamese, and where: the number of the sign, from 1."""

    def __init__(self, why: str, position: int) -> None:
        super().__init__(why)
        self.why, self.position = why, position


class Name(StrEnum):
    FIELD = "field"
    PLACE = "place"
    SOURCE = "source"
    GROUP = "group"
    KIND = "kind"
    TONE = "tone"
    AFTER = "after"
    BEFORE = "before"
    LANGUAGE = "language"


_NAMES = {name.value: name for name in Name} | {
    "linhvuc": Name.FIELD, "noi": Name.PLACE, "nguon": Name.SOURCE, "nhom": Name.GROUP, "loai": Name.KIND,
    "sacthai": Name.TONE, "sau": Name.AFTER, "truoc": Name.BEFORE, "ngonngu": Name.LANGUAGE,
}  # fmt: skip
_CLOSED: dict[Name, frozenset[str]] = {
    Name.FIELD: frozenset(Field),
    Name.GROUP: frozenset(SourceGroup),
    Name.KIND: frozenset(TextKind),
    Name.TONE: frozenset(Tone),
}
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or several that stand side by side."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A closed list's member, a language, or the name of a place or source that is still to be resolved."""

    name: Name
    value: str
    position: int


@dataclass(frozen=True, slots=True)
class Bound:
    """Told on this day or after it, or (`is_before`) before it began."""

    day: date
    is_before: bool
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple["Node", ...]


Node = Term | Filter | Bound | Not | And | Or


def parse(text: str) -> Node:
    """The question as a tree."""
    text = nfc(text.replace("\0", " "))
    if len(text) > MAX_CHARS:
        raise Unreadable(f"Câu hỏi dài quá {MAX_CHARS} ký tự", MAX_CHARS + 1)
    return _Parser(list(_tokens(text)), len(text)).whole()


def leaves(node: Node) -> Iterator[Term | Filter | Bound]:
    match node:
        case Not(inner):
            yield from leaves(inner)
        case And(nodes) | Or(nodes):
            for one in nodes:
                yield from leaves(one)
        case _:
            yield node


# --- signs --------------------------------------------------------------------------------------------------


class _Is(StrEnum):
    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    LEAF = ""


@dataclass(frozen=True, slots=True)
class _Token:
    is_: _Is
    position: int
    leaf: Term | Filter | Bound | None = None


_QUOTES = '"“”„'
_PIECE = re.compile(rf"\s+|[()]|[{_QUOTES}]|[^\s(){_QUOTES}]+")
_ENGLISH = {"AND": _Is.AND, "OR": _Is.OR, "NOT": _Is.NOT}
_VIETNAMESE = {"VÀ": _Is.AND, "HOẶC": _Is.OR, "KHÔNG": _Is.NOT}


def _tokens(text: str) -> Iterator[_Token]:
    operators = _ENGLISH | ({} if text.isupper() else _VIETNAMESE)
    at, is_start = 0, True
    while at < len(text):
        found = _PIECE.match(text, at)
        assert found is not None
        piece, position = found[0], at + 1
        at = found.end()
        if piece.isspace():
            is_start = True
            continue
        if piece in "()":
            yield _Token(_Is(piece), position)
        elif piece in _QUOTES:
            inner, at = _quoted(text, at, position)
            if leaf := _term(inner, position):
                yield leaf
        elif piece in operators:
            yield _Token(operators[piece], position)
        else:
            if is_start and piece[0] in "-−" and (len(piece) > 1 or text[at : at + 1].strip()):
                yield _Token(_Is.NOT, position)
                piece, position = piece[1:], position + 1
            name, value, at = _named(text, piece, position, at)
            if name is not None:
                yield _Token(_Is.LEAF, position, _filter(name, value, position))
            elif leaf := _term(piece, position):
                yield leaf
        is_start = piece == "("


def _quoted(text: str, at: int, position: int) -> tuple[str, int]:
    """What is between the quotation mark before `at` and the next one, and where that ends."""
    for end in range(at, len(text)):
        if text[end] in _QUOTES:
            return text[at:end], end + 1
    raise Unreadable("Dấu ngoặc kép này chưa được đóng", position)


def _term(text: str, position: int) -> _Token | None:
    """Signs alone are no word: they are passed over."""
    return _Token(_Is.LEAF, position, Term(text, position)) if any(map(str.isalnum, text)) else None


def _named(text: str, piece: str, position: int, at: int) -> tuple[Name | None, str, int]:
    """`name:value` or `name:"a value"`; anything else with a colon is a word."""
    before, colon, value = piece.partition(":")
    name = _NAMES.get(fold(before).replace("_", "")) if colon else None
    if name is None:
        return None, "", at
    if not value and text[at : at + 1] and text[at] in _QUOTES:
        value, at = _quoted(text, at + 1, at + 1)
    if not value.strip():
        raise Unreadable(f"Sau {before}: cần một giá trị", position)
    return name, value.strip(), at


def _filter(name: Name, value: str, position: int) -> Filter | Bound:
    match name:
        case Name.AFTER | Name.BEFORE:
            return Bound(_day(value, position), name is Name.BEFORE, position)
        case Name.PLACE | Name.SOURCE:
            return Filter(name, value, position)
        case Name.LANGUAGE:
            code = value.lower()
            if not _LANGUAGE.fullmatch(code):
                raise Unreadable("Ngôn ngữ là mã hai hoặc ba chữ cái, ví dụ vi", position)
            return Filter(name, code, position)
        case Name.FIELD | Name.GROUP | Name.KIND | Name.TONE:
            code = re.sub(r"[\s,\-]+", "_", fold(value))
            if code not in _CLOSED[name]:
                known = ", ".join(sorted(_CLOSED[name]))
                raise Unreadable(f"{name.value}: không có giá trị này; hãy chọn một trong {known}", position)
            return Filter(name, code, position)


def _day(value: str, position: int) -> date:
    """2026-11-24 or 24/11/2026."""
    parts = value.split("/")
    try:
        if len(parts) == 3:
            return date(int(parts[2]), int(parts[1]), int(parts[0]))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Unreadable("Ngày viết là 2026-11-24 hoặc 24/11/2026", position)


# --- the tree -----------------------------------------------------------------------------------------------


class _Parser:
    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens, self._at, self._end = tokens, 0, length + 1
        self._terms = 0

    def whole(self) -> Node:
        if not any(token.leaf for token in self._tokens):
            raise Unreadable("Câu hỏi chưa có từ hay bộ lọc nào để tìm", 1)
        node = self._either(0)
        if token := self._next():
            raise Unreadable("Dấu ngoặc đóng này không có dấu mở", token.position)
        return node

    def _next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kind: _Is) -> bool:
        token = self._next()
        if token is None or token.is_ is not kind:
            return False
        self._at += 1
        return True

    def _either(self, depth: int) -> Node:
        nodes = [self._all(depth)]
        while self._take(_Is.OR):
            nodes.append(self._all(depth))
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _all(self, depth: int) -> Node:
        nodes = [self._one(depth)]
        while (token := self._next()) and token.is_ not in (_Is.OR, _Is.CLOSE):
            self._take(_Is.AND)
            nodes.append(self._one(depth))
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _one(self, depth: int) -> Node:
        token = self._next()
        if token is None:
            raise Unreadable("Ở đây còn thiếu một từ", self._end)
        if depth > MAX_DEPTH:
            raise Unreadable(f"Lồng nhau quá {MAX_DEPTH} lớp", token.position)
        self._at += 1
        match token.is_:
            case _Is.NOT:
                return Not(self._one(depth + 1))
            case _Is.OPEN:
                node = self._either(depth + 1)
                if not self._take(_Is.CLOSE):
                    raise Unreadable("Dấu ngoặc mở này chưa được đóng", token.position)
                return node
            case _Is.LEAF:
                return self._leaf(token)
            case _Is.AND | _Is.OR | _Is.CLOSE:
                raise Unreadable(f"Trước “{token.is_.value}” còn thiếu một từ", token.position)

    def _leaf(self, token: _Token) -> Node:
        assert token.leaf is not None
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise Unreadable(f"Câu hỏi có quá {MAX_TERMS} từ và bộ lọc", token.position)
        return token.leaf
