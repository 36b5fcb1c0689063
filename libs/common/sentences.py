"""Where sentences of Vietnamese press and posts end, by rules that can be read."""

import re
from collections.abc import Iterator

_END = re.compile(r"""(?:[.!?…]+|\n+)["'”’)\]]*(?=\s|$)|\n+""")
_INITIALS = re.compile(
    r"(?:\b(?:TP|Tp|tp|Q|P|H|Tr|Th|GS|PGS|TS|ThS|BS|KS|CN|Ths|Mr|Mrs|Ms|Dr|St|No|v\.v|đ/c|ĐT|TT|NĐ|QĐ|tr|vd|VD)|\b[A-ZĐ])\.$"
)
"""An abbreviation before a full stop: TP. Hà Nội, PGS. TS, Nguyễn V. A."""
_LIST = re.compile(r"(?:^|\n)\s*\(?\d{1,2}[.)]$")
MAX_SENTENCE = 600


def sentences(text: str) -> list[str]:
    """The sentences of a text, trimmed; a line break ends one, a full stop in a number or after an initial does not."""
    return list(_split(text))


def _split(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.end()]
        if "\n" not in end.group() and _goes_on(piece, text, end.end()):
            continue
        if sentence := piece.strip():
            yield sentence
        start = end.end()
    if rest := text[start:].strip():
        yield rest


def _goes_on(piece: str, text: str, end: int) -> bool:
    if not piece.endswith("."):
        return False
    tail = piece[-12:]
    following = text[end : end + 2].strip()
    return bool(
        _INITIALS.search(tail) or _LIST.search(piece[-6:]) or (following[:1].islower() and tail.endswith("..."))
    )
