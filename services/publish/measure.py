"""Lengths the way platforms count them, on NFC text: NFD would double the count of Vietnamese letters."""

import unicodedata
from collections.abc import Callable, Sequence

import regex  # type: ignore[import-untyped]

ELLIPSIS = "…"
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\uFE0F\u20E3]")


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def graphemes(text: str) -> int:
    return len(regex.findall(r"\X", nfc(text)))


def utf8_bytes(text: str) -> int:
    return len(nfc(text).encode())


def utf16_units(text: str) -> int:
    return len(nfc(text).encode("utf-16-le")) // 2


def threads_units(text: str) -> int:
    """Letters as Threads counts them: one each, an emoji by the bytes of its UTF-8."""
    return sum(len(one.encode()) if _EMOJI.search(one) else len(one) for one in regex.findall(r"\X", nfc(text)))


def squeezed(text: object) -> str:
    """The words with one space between them, to compare what we sent with what a platform shows."""
    return " ".join(nfc(str(text or "")).split())


def shorten(text: str, most: int, count: Callable[[str], int] = graphemes) -> str:
    """The longest beginning of whole letters that counts at most `most`, cut at a word where there is one, and marked
    with an ellipsis; empty where not even one letter fits."""
    text = nfc(text).strip()
    if count(text) <= most:
        return text
    clusters = regex.findall(r"\X", text)
    fits, over = 0, len(clusters)
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if count(_cut(clusters[:middle])) <= most else (fits, middle)
    return _cut(clusters[:fits])


def _cut(clusters: Sequence[str]) -> str:
    kept = "".join(clusters)
    at_word = regex.sub(r"\s+\S*$", "", kept)
    whole = at_word if len(at_word) >= len(kept) // 2 else kept
    return whole.rstrip(" \n\t,;:.-–—") + ELLIPSIS if whole.strip() else ""
