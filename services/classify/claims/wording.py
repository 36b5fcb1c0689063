"""A text as the words it is matched by: without marks, chat spelling written out, numbers in one form.

"20h", "20 giờ" and "8 giờ tối" give the same words, and so do "1tr5", "1.500.000đ" and "một triệu rưỡi".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path

import yaml

from libs.common.text import unmark
from services.classify.function_words import FUNCTION_WORDS
from services.classify.text.spelling import spellings

Words = tuple[str, ...]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*[^\W\d_]*\d*|[^\W\d_]+[^\W_]*")
_IN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
_ASCII = bytes(byte if byte < 128 and (chr(byte).isalnum() or chr(byte) == "_") else 32 for byte in range(256))
_DIGITS = frozenset("0123456789")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_NUMBER = re.compile(r"(\d+(?:[.,_]\d+)*)([^\W\d_]*)(\d*)")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,_]\d{3})+")
_COUNT = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_ONES = {word: value for value, word in enumerate(_COUNT) if value} | {"tu": 4, "lam": 5}
_SCALES = {
    "tram": 100, "k": 1000, "nghin": 1000, "ngan": 1000, "tr": 10**6, "trieu": 10**6, "cu": 10**6, "ty": 10**9,
    "ti": 10**9,
}  # fmt: skip
_GOES_ON = _ONES.keys() | _SCALES.keys()
_UNITS = {"h": "gio", "g": "gio", "p": "phut", "kg": "kg", "km": "km", "m": "met", "l": "lit", "c": "do"}
_LATE = frozenset({"toi", "chieu"})
_MOST_DIGITS = 15
_EMPTY = FUNCTION_WORDS | frozenset(
    """a ah ak oi u uh nhe nha nhi hen ha vay z kia ay r luon lun cu the qua lam nhau em anh chi bac ban minh tui thay
    mn mng moi voi dau gi nao sao phai thiet""".split()
)
_MISREAD = frozenset({"tphcm", "ca", "ad", "s", "j", "z", "t", "ns", "ib", "iu", "bt", "cn"})
"""Chat spellings that are common words or codes once the marks are off."""
_SAME_FILE = Path(__file__).with_name("same_words.yaml")


@dataclass(frozen=True, slots=True)
class Forms:
    """What may be written for something else: `single` by its word; `longer` by its first word, each with all of its
    words and those it is matched as. `after` names the words that have to follow a first word, or begin a number."""

    single: dict[str, Words]
    longer: dict[str, list[tuple[Words, Words]]]
    after: dict[str, frozenset[str]]


@cache
def other_forms() -> Forms:
    told: dict[str, str] = yaml.safe_load(_SAME_FILE.read_text(encoding="utf-8"))
    chat = {unmark(short): unmark(word) for short, word in spellings().items()}
    known = {short: word for short, word in chat.items() if short.isalnum() and short not in _MISREAD} | told
    forms = {tuple(written.split()): tuple(meant.split()) for written, meant in known.items()}
    single = {written[0]: meant for written, meant in forms.items() if len(written) == 1}
    longer: dict[str, list[tuple[Words, Words]]] = {}
    after: dict[str, set[str]] = {word: set(_GOES_ON) for word in _ONES}
    for written, meant in sorted(forms.items(), key=lambda form: -len(form[0])):
        if len(written) > 1:
            longer.setdefault(written[0], []).append((written, meant))
            after.setdefault(written[0], set()).add(written[1])
    return Forms(single, longer, {first: frozenset(words) for first, words in after.items()})


def read_words(text: str) -> list[str]:
    """The words of a text that say something, in order and in one form."""
    folded = unmark(text)
    if "http" in folded or "www." in folded:
        folded = _LINK.sub(" ", folded)
    return [word for word in _one_form(_tokens(folded)) if word not in _EMPTY]


def pairs_of(words: Sequence[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(words)]


def is_number(word: str) -> bool:
    return word[0].isdigit()


def _tokens(folded: str) -> list[str]:
    """Runs of letters and digits; a number keeps the points and commas inside it."""
    if not folded.isascii():
        return _TOKEN.findall(folded)
    return _IN_NUMBER.sub("_", folded.replace("_", " ")).encode().translate(_ASCII).decode().split()


def _one_form(tokens: list[str]) -> list[str]:
    forms, told, at = other_forms(), list[str](), 0
    single, after, nothing = forms.single, forms.after, frozenset[str]()
    looked_at = [
        place
        for place, (token, following) in enumerate(zip_longest(tokens, tokens[1:], fillvalue=""))
        if token in single or token[0] in _DIGITS or following in after.get(token, nothing)
    ]
    for place in looked_at:
        if place >= at:
            told += tokens[at:place]
            at = _read_at(tokens, place, forms, told)
    return told + tokens[at:]


def _read_at(tokens: list[str], at: int, forms: Forms, told: list[str]) -> int:
    """Reads what is written otherwise there, if it is; where the next token is."""
    token = tokens[at]
    if token[0] in _DIGITS:
        return _figure(tokens, at, told)
    if token in _ONES and (used := _spelt_out(tokens, at, told)):
        return at + used
    for written, meant in forms.longer.get(token, ()):
        if tuple(tokens[at : at + len(written)]) == written:
            told.extend(meant)
            return at + len(written)
    told.extend(forms.single.get(token, (token,)))
    return at + 1


# --- numbers ------------------------------------------------------------------------------------------------


def _figure(tokens: list[str], at: int, told: list[str]) -> int:
    """Reads one number in digits with its scale and unit; where the next token is."""
    found = _NUMBER.fullmatch(tokens[at])
    at += 1
    if found is None or len(found[1]) > _MOST_DIGITS:
        return at  # a code or a telephone number, or what only begins with a digit
    value, suffix, tail = _value(found[1]), found[2], found[3]
    scale = _SCALES.get(suffix)
    if scale is None and not suffix and at < len(tokens) and tokens[at] in _SCALES:
        scale, at = _SCALES[tokens[at]], at + 1
    if scale:
        value *= scale
        if tail and scale > 1000:
            value += int(tail[:3]) * scale / 10 ** len(tail[:3])
        elif at < len(tokens) and tokens[at] == "ruoi":
            value, at = value + scale / 2, at + 1
    unit = _UNITS.get(suffix, "" if scale or len(suffix) < 3 else suffix)
    if not unit and at < len(tokens) and tokens[at] == "gio":
        unit, at = "gio", at + 1
    if unit == "gio" and value < 12 and at < len(tokens) and tokens[at] in _LATE:
        value += 12
    told.append(_written(value))
    if unit:
        told.append(unit)
    return at


def _value(digits: str) -> float:
    """1.500.000 is a million and a half; 6,5 and 6.5 are six and a half."""
    parts = digits.replace(",", "_").replace(".", "_").split("_")
    if _THOUSANDS.fullmatch(digits):
        return float("".join(parts))
    return float(f"{parts[0]}.{''.join(parts[1:]) or '0'}")


def _written(value: float) -> str:
    if value != int(value):
        return f"{value:g}"
    return _COUNT[int(value)] if 0 < value <= 10 else str(int(value))


def _spelt_out(tokens: list[str], at: int, told: list[str]) -> int:
    """How many tokens a number in words takes, where it is more than ten; a lone "ba" or "năm" is a word."""
    value, current, scaled, used = 0.0, 0.0, 1, 0
    for word in tokens[at : at + 8]:
        if word == "muoi" and used:
            current *= 10
        elif word in _SCALES and word not in ("k", "tr") and used:
            scaled = _SCALES[word]
            value, current = (value, current * 100) if scaled == 100 else (value + current * scaled, 0.0)
        elif word == "ruoi" and scaled > 100:
            value += scaled / 2
        elif word in _ONES:
            if used and current % 10 and word != "muoi":
                break
            current = current + _ONES[word]
        else:
            break
        used += 1
    value += current
    if used < 2 or value <= 10:
        return 0
    told.append(_written(value))
    if at + used < len(tokens) and tokens[at + used] == "ruoi":
        used += 1
    return used
