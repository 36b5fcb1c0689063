"""The string formats of the AT Protocol, each from its own specification (https://atproto.com/specs).

Datetimes and languages follow the specification, as the reference server does for what is written to it. The older
library @atproto/lexicon lets more pass (a time without a zone, a language in capitals).
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# What \s means to the servers' own language, which is not what it means here.
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_URI = re.compile(rf"[A-Za-z0-9_]+:(?://)?[^{_SPACE}/][^{_SPACE}]*")
_DATETIME = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?P<zone>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HANDLE = re.compile(rf"(?:{_LABEL}\.)+[a-zA-Z](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?")
_NSID = re.compile(rf"[a-zA-Z](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?(?:\.{_LABEL})+\.[a-zA-Z][a-zA-Z0-9]{{0,62}}")
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_KEY = re.compile(r"[a-zA-Z0-9_~.:-]{1,512}")
_AT_URI = re.compile(r"at://(?P<who>[^/?#]+)(?:/(?P<collection>[^/?#]+)(?:/(?P<key>[^/?#]+))?)?(?:#(?P<part>/.*))?")
_AT_URI_LETTERS = re.compile(r"[a-zA-Z0-9._~:@!$&'()*+,;=%/\\\[\]#?-]*")
_PART = re.compile(r"/[a-zA-Z0-9._~:@!$&')(*+,;=%\[\]/-]*")
# RFC 5646, section 2.1, with the primary language in small letters; each variant and each extension once.
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[A-Za-z]{3}){0,3})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
    r"(?P<extensions>(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*)(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"
)
_OTHER_LANGUAGES = re.compile(
    r"[xX](?:-[A-Za-z0-9]{1,8})+|en-GB-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:BE-FR|BE-NL|CH-DE)|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang)"
)


def is_datetime(text: str) -> bool:
    """A day of the calendar (the reference server lets 30 February pass) between the years 1 and 9999 of UTC."""
    found = _DATETIME.fullmatch(text)
    if found is None or len(text) > 64 or text.endswith("-00:00"):
        return False
    try:
        datetime.fromisoformat(f"{found['second']}{found['zone']}").astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None


def is_did(text: str) -> bool:
    return len(text) <= 2048 and _DID.fullmatch(text) is not None


def is_handle(text: str) -> bool:
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None


def is_at_identifier(text: str) -> bool:
    return is_did(text) if text.startswith("did:") else is_handle(text)


def is_nsid(text: str) -> bool:
    return len(text) <= 317 and _NSID.fullmatch(text) is not None


def is_tid(text: str) -> bool:
    return _TID.fullmatch(text) is not None


def is_record_key(text: str) -> bool:
    return text not in (".", "..") and _KEY.fullmatch(text) is not None


def is_at_uri(text: str) -> bool:
    found = _AT_URI.fullmatch(text) if len(text) <= 8192 and _AT_URI_LETTERS.fullmatch(text) else None
    if found is None or not is_at_identifier(found["who"]):
        return False
    if found["collection"] is not None and not is_nsid(found["collection"]):
        return False
    if found["key"] is not None and not is_record_key(found["key"]):
        return False
    return found["part"] is None or _is_part(found["part"])


def is_language(text: str) -> bool:
    found = _LANGUAGE.fullmatch(text)
    if found is None:
        return _OTHER_LANGUAGES.fullmatch(text) is not None
    variants = found["variants"].lower().split("-")[1:]
    singletons = [part for part in found["extensions"].lower().split("-") if len(part) == 1]
    return len(set(variants)) == len(variants) and len(set(singletons)) == len(singletons)


def is_cid(text: str) -> bool:
    """A CID in base32 or base58 whose digest is as long as it says."""
    if len(text) > 128:
        return False
    try:
        return _is_whole(_binary(text))
    except (ValueError, IndexError):
        return False


FORMATS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "datetime": (is_datetime, "must be an valid atproto datetime (both RFC-3339 and ISO-8601)"),
    "uri": (is_uri, "must be a uri"),
    "at-uri": (is_at_uri, "must be a valid at-uri"),
    "did": (is_did, "must be a valid did"),
    "handle": (is_handle, "must be a valid handle"),
    "at-identifier": (is_at_identifier, "must be a valid did or a handle"),
    "nsid": (is_nsid, "must be a valid nsid"),
    "cid": (is_cid, "must be a cid string"),
    "language": (is_language, "must be a well-formed BCP 47 language tag"),
    "tid": (is_tid, "must be a valid TID"),
    "record-key": (is_record_key, "must be a valid Record Key"),
}
"""Each format with the words of the library @atproto/lexicon for what is none."""


def _is_part(part: str) -> bool:
    if not _PART.fullmatch(part) or re.search(r"%(?![0-9A-Fa-f]{2})", part):
        return False
    try:
        unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return False
    return True


def _binary(text: str) -> bytes:
    if text.startswith("Qm"):
        return bytes([1, 0x70]) + _from_base58(text)  # version 0: a bare hash of a protobuf node
    if text.startswith("b"):
        body = text[1:]
        if body != body.lower() or "=" in body:
            raise ValueError("base32 is written in small letters, without padding")
        return base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    if text.startswith("z"):
        return _from_base58(text[1:])
    raise ValueError("a base that the sandbox does not read")


def _from_base58(text: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _is_whole(data: bytes) -> bool:
    """Version, codec, hash function, length, and as many bytes as the length says."""
    version, at = _varint(data, 0)
    _, at = _varint(data, at)
    _, at = _varint(data, at)
    length, at = _varint(data, at)
    return version == 1 and len(data) - at == length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
