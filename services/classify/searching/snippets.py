"""The words around what was found: escaped for HTML, with <mark> around each hit, at most 300 signs in all."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from libs.common.text import collapse
from services.classify.searching.language import And, Bound, Filter, Node, Not, Or, Term
from services.classify.searching.lexemes import expression

MAX_CHARS = 300
_BEFORE, _CHARS, _STEP = 60, 280, 20
_MARK, _END = "<mark>", "</mark>"
Highlighter = re.Pattern[str]


def highlighter(node: Node) -> Highlighter | None:
    """What finds the words of a question in a text; None for one that asks for no words."""
    asked = [expression(one) for one in dict.fromkeys(_asked(node))]
    return re.compile("|".join(asked), re.IGNORECASE) if asked else None


def _asked(node: Node) -> Iterator[str]:
    """Words that are wanted: what a text must not have is not shown."""
    match node:
        case Term(text):
            yield text
        case And(nodes) | Or(nodes):
            for one in nodes:
                yield from _asked(one)
        case Not() | Filter() | Bound():
            return


def snippet(text: str, found: Highlighter | None) -> str:
    text = collapse(text)
    first = found.search(text) if found else None
    start = _word_start(text, first.start() - _BEFORE) if first else 0
    hits = [hit.span() for hit in found.finditer(text, start, start + _CHARS)] if found and first else []
    for size in range(_CHARS, 0, -_STEP):
        shown = _shown(text, start, size, hits)
        if len(shown) <= MAX_CHARS:
            return shown
    return ""


def _word_start(text: str, at: int) -> int:
    """The beginning of the word at a place, or of the text."""
    return text.rfind(" ", 0, at) + 1 if at > 0 else 0


def _shown(text: str, start: int, size: int, hits: Sequence[tuple[int, int]]) -> str:
    end = start + size
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + size // 2)
    pieces, at = ["…"] if start else [], start
    for low, high in hits:
        if high <= end:
            pieces += [escape(text[at:low]), _MARK, escape(text[low:high]), _END]
            at = high
    pieces += [escape(text[at:end]), "…"] if end < len(text) else [escape(text[at:end])]
    return "".join(pieces)
