"""Vietnamese text in one form: NFC, unmarked, one tone placement, tokens.

Pure and fast, because every item passes here several times: text whose characters are Vietnamese, ASCII
or common punctuation takes a byte-table path; anything else (emoji, other scripts) takes the general one.
"""

import codecs
import re
import unicodedata
from functools import cache

_MARK_RANGE = re.compile("[\u0300-\u036f]+")
_TYPOGRAPHY = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **dict.fromkeys("–—‑−•·", "-"),
    **dict.fromkeys("\u00a0\u202f", " "),
    "…": ".",
}
_IGNORED = ("\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")
_MARKS = tuple("\u0300\u0301\u0302\u0303\u0306\u0308\u0309\u030a\u030c\u031b\u0323\u0327")

_GENERAL_TABLE = str.maketrans({**_TYPOGRAPHY, **dict.fromkeys(_IGNORED, ""), "đ": "d", "ð": "d"})


def _byte_tables() -> tuple[str, bytes, bytes]:
    """A private one-byte alphabet (ASCII, marks, đ, punctuation), its folding table and the bytes to drop."""
    dropped = (*_MARKS, *_IGNORED)
    kept = {**_TYPOGRAPHY, "đ": "d", "Đ": "d"}
    high = [*dropped, *kept]
    alphabet = "".join(map(chr, range(128))) + "".join(high) + "\ufffe" * (128 - len(high))
    folded = bytearray(range(256))
    folded[:128] = bytes(range(128)).lower()
    for offset, char in enumerate(high):
        folded[128 + offset] = ord(kept.get(char, "?"))
    return (
        alphabet,
        bytes(folded),
        bytes(128 + offset for offset in range(len(dropped))),
    )


_ALPHABET, _FOLDED, _DROPPED = _byte_tables()
_ENCODING = codecs.charmap_build(_ALPHABET)


MOST_MARKS = 30
"""Marks in a row that are kept: no language has as many (UAX #15, Stream-Safe Text Format)."""
_STRIDE, _IN_A_ROW = 64, 8
"""Every 64th sign is looked at; eight marks in a row among those are no text."""


def nfc(text: str) -> str:
    """The composed form (NFC), in which everything is stored and compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", _stream_safe(text))


def _stream_safe(text: str) -> str:
    """Without what follows the thirtieth mark of a letter, where a letter has hundreds: marks are put in order in the
    square of their number, and 80,000 on one letter take twelve seconds."""
    looked_at = bytes(map(bool, map(unicodedata.combining, text[::_STRIDE])))
    return _too_many_marks().sub(r"\1", text) if b"\1" * _IN_A_ROW in looked_at else text


@cache
def _too_many_marks() -> re.Pattern[str]:
    marks = "".join(mark for mark in map(chr, range(0x300, 0x20000)) if unicodedata.combining(mark))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")


def collapse(text: str) -> str:
    """Every run of whitespace becomes one space; none at the ends."""
    return " ".join(text.split())


def unmark(text: str) -> str:
    """Lower case without marks (đ becomes d, typographic quotes and dashes ASCII); whitespace is kept."""
    if text.isascii():
        return text.lower()
    text = _stream_safe(text)
    decomposed = unicodedata.normalize("NFD", text)
    try:
        encoded, _ = codecs.charmap_encode(decomposed, "strict", _ENCODING)
    except UnicodeEncodeError:
        lowered = unicodedata.normalize("NFD", text.lower())
        return unicodedata.normalize("NFC", _MARK_RANGE.sub("", lowered).translate(_GENERAL_TABLE))
    return encoded.translate(_FOLDED, _DROPPED).decode("ascii")


def fold(text: str) -> str:
    """The form in which texts with and without marks are equal: `unmark` with whitespace collapsed."""
    return collapse(unmark(text))


def _tone_pairs() -> dict[str, str]:
    """Each spelling with the tone on the wrong vowel, and the one kept: hoà → hòa, but hòan → hoàn."""
    pairs: dict[str, str] = {}
    for first, second in (("o", "a"), ("o", "e"), ("u", "y")):
        for tone in ("\u0300", "\u0301", "\u0303", "\u0309", "\u0323"):
            pairs[_cased(first, second + tone)] = _cased(first + tone, second)
    return {make(new): make(old) for new, old in pairs.items() for make in (str, str.upper, _capital)}


def _cased(first: str, second: str) -> str:
    return unicodedata.normalize("NFC", first + second)


def _capital(pair: str) -> str:
    return pair[0].upper() + pair[1]


_NEW_TO_OLD = _tone_pairs()
_OLD_TO_NEW = {old: new for new, old in _NEW_TO_OLD.items()}
_LETTER = r"[^\W\d_]"
_NEW = re.compile(r"[oOuU][àáảãạèéẻẽẹỳýỷỹỵÀÁẢÃẠÈÉẺẼẸỲÝỶỸỴ](?!" + _LETTER + r"|[\u0300-\u036f])(?<![qQ]..)")
_OLD = re.compile(r"[òóỏõọùúủũụÒÓỎÕỌÙÚỦŨỤ][aeyAEY](?![\u0300-\u036f])(?:(?=" + _LETTER + r")|(?<=[qQ]..))")


def _to_old(found: re.Match[str]) -> str:
    return _NEW_TO_OLD.get(found.group(), found.group())


def _to_new(found: re.Match[str]) -> str:
    return _OLD_TO_NEW.get(found.group(), found.group())


def canonical_tone(text: str) -> str:
    """One tone placement (hoà, hòa → hòa; thuý → thúy; qúy → quý; hòan → hoàn); letter case is kept."""
    text = nfc(text)
    return text if text.isascii() else _OLD.sub(_to_new, _NEW.sub(_to_old, text))


_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The tokens of a text: runs of letters and digits, in order, as written."""
    return _WORD.findall(text)
