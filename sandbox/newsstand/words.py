"""Text made safe for XML, and names made safe for addresses."""

import re
import unicodedata
from urllib.parse import quote

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_SLUG = re.compile(r"[^a-z0-9.]+")


def clean(text: str) -> str:
    """NFC, without the characters that XML forbids."""
    return unicodedata.normalize("NFC", _NOT_XML.sub("", text)).strip()


def slug(text: str, longest: int = 60) -> str:
    """ASCII words joined by hyphens, as Vietnamese sites do; never empty, never a dot path."""
    spread = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    bare = "".join(sign for sign in spread if not unicodedata.combining(sign))
    return _NOT_SLUG.sub("-", bare)[:longest].strip("-.") or "khong-ten"


def excerpt(text: str, longest: int = 300) -> str:
    """The beginning of a text, cut at a word."""
    flat = " ".join(text.split())
    if len(flat) <= longest:
        return flat
    return flat[:longest].rsplit(" ", 1)[0] + "…"


def quoted(path: str) -> str:
    return quote(path, safe="/-._~")
