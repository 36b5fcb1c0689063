"""The embedded typeface: Liberation Serif, whose letters are as wide as those of Times New Roman.

So what is measured here (rules as wide as the words, lines broken evenly) holds in DOCX as well.
"""

import re
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FAMILY = "LiberationSerif"
FONTS = Path(__file__).with_name("fonts")
POINTS_TO_MM = 25.4 / 72
MISSING = "□"
"""Printed for what the typeface has no sign for: an emoji, a Chinese character."""
_JOINERS = re.compile("[\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u00ad]")
"""Parts of one emoji, and signs without a shape."""


def face(*, bold: bool = False, italic: bool = False) -> str:
    """The font's name in the PDF."""
    _register()
    style = ("Bold" if bold else "") + ("Italic" if italic else "")
    return f"{FAMILY}-{style or 'Regular'}"


def width_mm(text: str, size: float, *, bold: bool = False) -> float:
    return float(pdfmetrics.stringWidth(printable(text), face(bold=bold), size)) * POINTS_TO_MM


def printable(text: str) -> str:
    """With a box for each sign that the typeface lacks; an emoji of several parts is one box or a few, never a gap."""
    known = _known()
    if known.issuperset(text):
        return text
    kept = _JOINERS.sub("", text)
    return "".join(letter if letter in known else MISSING for letter in kept)


def balanced(text: str, size: float, room_mm: float, *, bold: bool = False) -> list[str]:
    """Lines as even as can be, for centred words that do not fit on one; own line breaks stay."""
    return [
        line
        for part in text.split("\n")
        for line in _balanced([word for word in part.split(" ") if word], size, room_mm, bold=bold)
    ]


def _balanced(words: list[str], size: float, room_mm: float, *, bold: bool) -> list[str]:
    """The narrowest width that needs no more lines than the room does."""
    if not words:
        return []
    widths = [width_mm(word, size, bold=bold) for word in words]
    space = width_mm(" ", size, bold=bold)
    fewest = len(_filled(widths, space, room_mm))
    low, high = max(widths), room_mm
    while fewest > 1 and high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(widths, space, middle)) <= fewest else (middle, high)
    counts = _filled(widths, space, high)
    starts = [sum(counts[:at]) for at in range(len(counts))]
    return [" ".join(words[at : at + count]) for at, count in zip(starts, counts, strict=True)]


def _filled(widths: list[float], space: float, room: float) -> list[int]:
    """How many words each line takes when it takes as many as fit."""
    counts, used = [0], 0.0
    for width in widths:
        needed = width if not counts[-1] else used + space + width
        if counts[-1] and needed > room:
            counts.append(1)
            used = width
        else:
            counts[-1] += 1
            used = needed
    return counts


@cache
def _register() -> None:
    for style in ("Regular", "Bold", "Italic", "BoldItalic"):
        pdfmetrics.registerFont(TTFont(f"{FAMILY}-{style}", FONTS / f"{FAMILY}-{style}.ttf"))
    pdfmetrics.registerFontFamily(FAMILY, *(f"{FAMILY}-{s}" for s in ("Regular", "Bold", "Italic", "BoldItalic")))


@cache
def _known() -> frozenset[str]:
    """Those of all four cuts; line breaks are no signs."""
    _register()
    cuts = [pdfmetrics.getFont(f"{FAMILY}-{s}").face.charToGlyph for s in ("Regular", "Bold", "Italic", "BoldItalic")]
    shared = set.intersection(*(set(cut) for cut in cuts))
    joiners = {ord(letter) for letter in map(chr, shared) if _JOINERS.match(letter)}
    return frozenset(chr(code) for code in shared - joiners) | {"\n", "\u00a0"}
