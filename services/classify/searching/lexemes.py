"""Words as the index keeps them: unmarked, in order; and the expressions that tell how a word was really written.

Both sides of a search are made here, so that a text and a question are cut into the same words. The parser of Postgres
would read "TP.Hà Nội" as a host and leave a quotation mark on the word after it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from operator import add

from libs.common.text import canonical_tone, unmark, words

TITLE_CHARS, BODY_CHARS = 300, 4000
"""What is searched of a text: the index costs by the word."""
LONGEST_WORD = 60
MOST_PLACES = 16_000
"""Postgres keeps no position beyond 16,383."""

_SPACES = {code: " " for code in range(128) if not chr(code).isalnum()}
_PLACES = [f":{n}" for n in range(1, MOST_PLACES + 1)]
_TITLE_PLACES = [f":{n}A" for n in range(1, TITLE_CHARS + 1)]
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ON_SECOND = re.compile(f"([ou])([aey])([{_TONES}])")
_ON_FIRST = re.compile(f"([ou])([{_TONES}])([aey])")
_VARIANTS: Mapping[str, str] = {
    "a": "aàáảãạăằắẳẵặâầấẩẫậ", "d": "dđ", "e": "eèéẻẽẹêềếểễệ", "i": "iìíỉĩị", "o": "oòóỏõọôồốổỗộơờớởỡợ",
    "u": "uùúủũụưừứửữự", "y": "yỳýỷỹỵ",
}  # fmt: skip


def folded_words(text: str) -> list[str]:
    """Lower case, without marks; runs of letters and digits. Overlong ones are no words."""
    folded = unmark(text)
    found = folded.translate(_SPACES).split() if folded.isascii() else words(folded.lower())
    return found if max(map(len, found), default=0) <= LONGEST_WORD else [w for w in found if len(w) <= LONGEST_WORD]


def vector(title: str, body: str) -> str:
    """The words of a text with their places, as Postgres reads a tsvector; those of its title have weight A."""
    first = folded_words(title[:TITLE_CHARS])
    rest = folded_words(body[:BODY_CHARS])
    # One place is left free between them: the last word of a title and the first of the text make no phrase.
    places = _PLACES[len(first) + 1 :]
    return " ".join([*map(add, first, _TITLE_PLACES), *map(add, rest, places)])


def filter_lexeme(name: str, value: str) -> str:
    """What stands in the index for a filter; no word of a text has a sign in it."""
    return f"{name}={value}"


def quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


# --- how a word was written ---------------------------------------------------------------------------------


def is_marked(text: str) -> bool:
    return any(unmark(word) != word.lower() for word in words(text))


def spellings(word: str) -> set[str]:
    """A word with its marks, in either placement of its tone."""
    apart = unicodedata.normalize("NFD", canonical_tone(word).lower())
    forms = {apart, _ON_SECOND.sub(r"\1\3\2", apart), _ON_FIRST.sub(r"\1\3\2", apart)}
    return {unicodedata.normalize("NFC", form) for form in forms}


def as_written(text: str) -> str:
    """An expression for Postgres and Python alike: each word with the marks it was asked with, or with none at all;
    a word that was asked without any may have whatever marks."""
    parts = [_one(word) for word in words(text)]
    return r"[^[:alnum:]]+".join(parts)


def _one(word: str) -> str:
    plain = unmark(word)
    if plain == word.lower():
        return "".join(f"[{_VARIANTS[letter]}]" if letter in _VARIANTS else letter for letter in plain)
    return f"({'|'.join(sorted({*spellings(word), plain}))})"


def for_postgres(expression: str) -> str:
    return rf"\y({expression})\y"


def for_python(expression: str) -> str:
    inner = expression.replace("[^[:alnum:]]", r"[\W_]")
    return rf"(?<![^\W_])(?:{inner})(?![^\W_])"


def any_marks(text: str) -> str:
    """As `as_written` for a question without marks, whatever it has."""
    return as_written(unmark(text))


def joined(parts: Sequence[str], operator: str) -> str:
    return parts[0] if len(parts) == 1 else f"({operator.join(parts)})"
