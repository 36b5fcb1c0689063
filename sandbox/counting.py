"""The lengths platforms count, written from the standards and from nothing of the product.

Graphemes follow UAX #29 (extended clusters, without the Indic conjunct rule GB9c, which Vietnamese never meets).
"""

import re
import unicodedata
from bisect import bisect_right
from enum import Enum, auto
from itertools import pairwise

_ZWJ, _ZWNJ = 0x200D, 0x200C
_PREPEND = frozenset({*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0xD4E, 0x110BD, 0x110CD})
# Extended_Pictographic of emoji-data.txt, as first..last pairs.
_PICTOGRAPHS = (
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328), (0x2388, 0x2388), (0x23CF, 0x23CF),
    (0x23E9, 0x23F3), (0x23F8, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0),
    (0x25FB, 0x25FE), (0x2600, 0x2605), (0x2607, 0x2612), (0x2614, 0x2685), (0x2690, 0x2705), (0x2708, 0x2712),
    (0x2714, 0x2714), (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734),
    (0x2744, 0x2744), (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755), (0x2757, 0x2757),
    (0x2763, 0x2767), (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0), (0x27BF, 0x27BF), (0x2934, 0x2935),
    (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D),
    (0x3297, 0x3297), (0x3299, 0x3299), (0x1F000, 0x1F0FF), (0x1F10D, 0x1F10F), (0x1F12F, 0x1F12F),
    (0x1F16C, 0x1F171), (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AD, 0x1F1E5),
    (0x1F201, 0x1F20F), (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A), (0x1F23C, 0x1F23F),
    (0x1F249, 0x1F3FA), (0x1F400, 0x1F53D), (0x1F546, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F774, 0x1F77F),
    (0x1F7D5, 0x1F7FF), (0x1F80C, 0x1F80F), (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F), (0x1F888, 0x1F88F),
    (0x1F8AE, 0x1F8FF), (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1FAFF), (0x1FC00, 0x1FFFD),
)  # fmt: skip
_FIRSTS = tuple(first for first, _ in _PICTOGRAPHS)

# A link needs its protocol and a host that ends in letters; it does not end in punctuation or an unopened bracket.
_LINK = re.compile(
    r"(?<![\w@$#/.])https?://(?:[\w](?:[\w-]*[\w])?\.)+(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)(?![\w@-])(?::\d+)?"
    r"(?:/(?:\([^\s()<>]*\)|[^\s()<>?])*(?<![!*\"'<>;:=,.$%\[\]~&|@?]))?"
    r"(?:\?(?:[^\s()<>])*(?<![!*\"'<>;:=,.$%\[\]~|@?]))?",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<![=/\w])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)@[\w.-]*\w", re.IGNORECASE)


class _Break(Enum):
    CR = auto()
    LF = auto()
    CONTROL = auto()
    EXTEND = auto()
    ZWJ = auto()
    SPACING = auto()
    PREPEND = auto()
    REGIONAL = auto()
    PICTOGRAPH = auto()
    L = auto()
    V = auto()
    T = auto()
    LV = auto()
    LVT = auto()
    OTHER = auto()


_HANGUL_NEXT = {
    _Break.L: (_Break.L, _Break.V, _Break.LV, _Break.LVT),
    _Break.LV: (_Break.V, _Break.T),
    _Break.V: (_Break.V, _Break.T),
    _Break.LVT: (_Break.T,),
    _Break.T: (_Break.T,),
}
_HARD = (_Break.CR, _Break.LF, _Break.CONTROL)


def utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """What a reader would call letters: one for ế written in one piece or in three, one for a family emoji."""
    return len(_clusters(text))


def threads_units(text: str) -> int:
    """One for each code point, but every byte of the UTF-8 of a letter that is an emoji (👍 is 4, 🇻🇳 is 8)."""
    return sum(utf8_bytes(one) if any(map(_is_of_emoji, one)) else len(one) for one in _clusters(text))


def _is_of_emoji(char: str) -> bool:
    code = ord(char)
    return _is_pictograph(code) or 0x1F1E6 <= code <= 0x1F1FF or code in (0xFE0F, 0x20E3)


def _clusters(text: str) -> list[str]:
    starts, previous, flags, joins_emoji = list[int](), None, 0, False
    emoji_before = False
    for at, char in enumerate(text):
        this = _break_of(ord(char))
        if previous is None or not _joined(previous, this, flags, joins_emoji):
            starts.append(at)
        flags = flags + 1 if this is _Break.REGIONAL else 0
        joins_emoji = this is _Break.ZWJ and emoji_before
        emoji_before = this is _Break.PICTOGRAPH or (emoji_before and this is _Break.EXTEND)
        previous = this
    return [text[first:last] for first, last in pairwise([*starts, len(text)])]


def short_link_length(text: str, characters_per_url: int) -> int:
    """Graphemes where every link counts the same, however long, and of a mention only the part before its domain."""
    shortened = _MENTION.sub(r"@\1", _LINK.sub("x" * characters_per_url, text))
    return graphemes(shortened)


def links(text: str) -> list[tuple[int, int]]:
    """Where the links of a text stand, first and past-the-last index."""
    return [found.span() for found in _LINK.finditer(text)]


def _joined(before: _Break, this: _Break, flags: int, joins_emoji: bool) -> bool:
    if before is _Break.CR:
        return this is _Break.LF
    if before in _HARD or this in _HARD:
        return False
    if this in _HANGUL_NEXT.get(before, ()):
        return True
    if this in (_Break.EXTEND, _Break.ZWJ, _Break.SPACING) or before is _Break.PREPEND:
        return True
    if this is _Break.PICTOGRAPH and joins_emoji:
        return True
    return before is _Break.REGIONAL and this is _Break.REGIONAL and flags % 2 == 1


def _break_of(code: int) -> _Break:
    if 0x20 <= code < 0xA9:  # almost all of a Latin text
        return _Break.OTHER if code < 0x7F or code >= 0xA0 else _Break.CONTROL
    special = {0x0D: _Break.CR, 0x0A: _Break.LF, _ZWJ: _Break.ZWJ, _ZWNJ: _Break.EXTEND}.get(code)
    if special is not None:
        return special
    if _is_pictograph(code):
        return _Break.PICTOGRAPH
    if 0x1F1E6 <= code <= 0x1F1FF:
        return _Break.REGIONAL
    return _hangul(code) or _by_category(code)


def _is_pictograph(code: int) -> bool:
    at = bisect_right(_FIRSTS, code) - 1
    return at >= 0 and code <= _PICTOGRAPHS[at][1]


def _hangul(code: int) -> _Break | None:
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return _Break.L
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return _Break.V
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return _Break.T
    if 0xAC00 <= code <= 0xD7A3:
        return _Break.LV if (code - 0xAC00) % 28 == 0 else _Break.LVT
    return None


def _by_category(code: int) -> _Break:
    if code in _PREPEND:
        return _Break.PREPEND
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or code in (0xFF9E, 0xFF9F):
        return _Break.EXTEND
    match unicodedata.category(chr(code)):
        case "Mn" | "Me":
            return _Break.EXTEND
        case "Mc":
            return _Break.SPACING
        case "Cc" | "Cf" | "Zl" | "Zp" | "Cs":
            return _Break.CONTROL
        case _:
            return _Break.OTHER
