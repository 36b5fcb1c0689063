"""Lengths the way platforms count them, on NFC text: NFD would double the count of Vietnamese letters."""

import unicodedata
from collections.abc import Sequence

import regex  # type: ignore[import-untyped]

ELLIPSIS = "…"


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def graphemes(text: str) -> int:
    return len(regex.findall(r"\X", nfc(text)))


def utf8_bytes(text: str) -> int:
    return len(nfc(text).encode())


def utf16_units(text: str) -> int:
    return len(nfc(text).encode("utf-16-le")) // 2


def fits(text: str, max_graphemes: int, max_bytes: int) -> bool:
    return graphemes(text) <= max_graphemes and utf8_bytes(text) <= max_bytes


def shorten(text: str, max_graphemes: int, max_bytes: int) -> str:
    """The longest beginning that fits, cut at a word where there is one, and marked with an ellipsis."""
    text = nfc(text).strip()
    if fits(text, max_graphemes, max_bytes):
        return text
    kept = _beginning(regex.findall(r"\X", text), max_graphemes - 1, max_bytes - len(ELLIPSIS.encode()))
    at_word = regex.sub(r"\s+\S*$", "", kept)
    whole = at_word if len(at_word) >= len(kept) // 2 else kept
    return whole.rstrip(" \n\t,;:.-–—") + ELLIPSIS if whole.strip() else ""


def _beginning(clusters: Sequence[str], max_graphemes: int, max_bytes: int) -> str:
    kept: list[str] = []
    size = 0
    for cluster in clusters[: max(max_graphemes, 0)]:
        size += len(cluster.encode())
        if size > max_bytes:
            break
        kept.append(cluster)
    return "".join(kept)
