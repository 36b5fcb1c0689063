"""Words as the index keeps them: as they were written, in lower case and one placement of the tone, in order.

Both sides of a search are made here, so that a text and a question are cut into the same words. The parser of Postgres
would read "TP.Hà Nội" as a host and leave a quotation mark on the word after it; and keeping a second, unmarked word
beside each would double what indexing costs. A word that was asked without marks is looked up in all its written forms
(`syllables.py`); one asked with marks, as it is or where it was written without any. Of several words side by side
each is judged by itself, so that marks may be left out of some of them: "ha nội moi" is found as "Hà Nội mới".
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from operator import add

from libs.common.text import canonical_tone, unmark, words
from services.classify.searching.pairs import PAIRED, UNPAIRED, pairs_of
from services.classify.searching.syllables import all_written, meant_forms, written_forms

TITLE_CHARS, BODY_CHARS = 300, 4000
"""What is searched of a text: the index costs by the word."""
LONGEST_WORD = 60
MOST_PLACES = 16_000
"""Postgres keeps no position beyond 16,383."""

_PLACES = [f":{n}" for n in range(1, MOST_PLACES + 1)]
_TITLE_PLACES = [f":{n}A" for n in range(1, TITLE_CHARS + 1)]
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ON_SECOND = re.compile(f"([ou])([aey])([{_TONES}])")
_ON_FIRST = re.compile(f"([ou])([{_TONES}])([aey])")
_VARIANTS: Mapping[str, str] = {
    "a": "aàáảãạăằắẳẵặâầấẩẫậ", "d": "dđ", "e": "eèéẻẽẹêềếểễệ", "i": "iìíỉĩị", "o": "oòóỏõọôồốổỗộơờớởỡợ",
    "u": "uùúủũụưừứửữự", "y": "yỳýỷỹỵ",
}  # fmt: skip


def written_words(text: str) -> list[str]:
    """Runs of letters and digits as they were written, in lower case. Overlong ones are no words."""
    found = words(canonical_tone(text).lower())
    return found if max(map(len, found), default=0) <= LONGEST_WORD else [w for w in found if len(w) <= LONGEST_WORD]


def vector(title: str, body: str) -> str:
    """The words of a text with their places, as Postgres reads a tsvector; those of its title have weight A. Pairs of
    common words beside them, without a place."""
    first = written_words(title[:TITLE_CHARS])
    rest = written_words(body[:BODY_CHARS])
    # One place is left free between them: the last word of a title and the first of the text make no phrase.
    places = _PLACES[len(first) + 1 :]
    entries = [*map(add, first, _TITLE_PLACES), *map(add, rest, places)]
    pairs = map(quoted, (*pairs_of(first), *pairs_of(rest)))
    return " ".join([*entries, *_foreign({*first, *rest}), *pairs, PAIRED])


def _foreign(found: set[str]) -> list[str]:
    """The unmarked forms of marked words that are no Vietnamese syllable (café): no list has their written forms."""
    strange = [word for word in found - all_written() if not word.isascii()]
    return [plain for word in strange if (plain := unmark(word)) != word and plain.isalnum()]


def forms(word: str) -> tuple[str, ...]:
    """What the index is asked for a word of a question."""
    plain = unmark(word)
    if plain == word:
        return written_forms(word)
    return (*meant_forms(word), plain) if plain.isalnum() else (word,)


def filter_lexeme(name: str, value: str) -> str:
    """What stands in the index for a filter; no word of a text has a sign in it."""
    return f"{name}={value}"


def quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def joined(parts: Sequence[str], operator: str) -> str:
    return parts[0] if len(parts) == 1 else f"({operator.join(parts)})"


def phrase(found: Sequence[str]) -> str:
    """A tsquery for words side by side: each with the marks it was asked with, one that was asked without any with
    whatever it has; or, in a text that was written without marks, all of them without. Pairs of common words say where
    to look."""
    pairs, told = [quoted(pair) for pair in pairs_of(found)], _phrase(found)
    return f"(({joined(pairs, ' & ')} | {quoted(UNPAIRED)}) & {told})" if pairs else told


def _phrase(found: Sequence[str]) -> str:
    plain = [unmark(word) for word in found]
    if len(found) == 1 or plain == list(found) or not all(map(str.isalnum, plain)):
        return _side_by_side([forms(word) for word in found])
    pairs = zip(found, plain, strict=True)
    marked = [written_forms(word) if word == bare else meant_forms(word) for word, bare in pairs]
    return joined([_side_by_side(marked), _side_by_side([(word,) for word in plain])], " | ")


def _side_by_side(words_of: Sequence[Sequence[str]]) -> str:
    return joined([joined([quoted(form) for form in some], " | ") for some in words_of], " <-> ")


def whatever_marks(text: str) -> str:
    """A tsquery for these words side by side, whatever marks they have; empty, so that nothing answers it, for none."""
    found = written_words(unmark(text))
    return phrase(found) if found else ""


# --- finding them in a text ---------------------------------------------------------------------------------


def spellings(word: str) -> set[str]:
    """A word with its marks, in either placement of its tone."""
    apart = unicodedata.normalize("NFD", canonical_tone(word).lower())
    told = {apart, _ON_SECOND.sub(r"\1\3\2", apart), _ON_FIRST.sub(r"\1\3\2", apart)}
    return {unicodedata.normalize("NFC", form) for form in told}


def expression(text: str) -> str:
    """What finds these words in a text as it was written: each with the marks it was asked with, or with none at all;
    one that was asked without any, with whatever it has."""
    inner = r"[\W_]+".join(map(_one, words(text)))
    return rf"(?<![^\W_])(?:{inner})(?![^\W_])"


def _one(word: str) -> str:
    plain = unmark(word)
    if plain == word.lower():
        return "".join(f"[{_VARIANTS[letter]}]" if letter in _VARIANTS else letter for letter in plain)
    told = {spelling for form in meant_forms(canonical_tone(word).lower()) for spelling in spellings(form)}
    return f"(?:{'|'.join(sorted({*told, plain}))})"
