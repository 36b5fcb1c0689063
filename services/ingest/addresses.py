"""Addresses of pages: one form for one page, without the segment that names an author. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from posixpath import normpath
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

_TRACKING = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
        "mc_cid", "mc_eid", "zarsrc", "zalo_source", "vgo_ee", "_ga", "_gl", "gbraid", "wbraid", "cmpid",
        "spm",
    }
)  # fmt: skip
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
_PATH_SAFE = _UNRESERVED + "!$&'()*+,;=:@/"
_QUERY_SAFE = _PATH_SAFE + "?"
_ESCAPED_DELIMITER = re.compile(r"%(?:2F|3F|23|26|3D|2B|25|3B|2C|3A|40|24|21|27|28|29|2A)", re.IGNORECASE)


def canonical_url(url: str) -> str | None:
    """One address for one page: no tracking, fragment or default port; None for what is no web address."""
    try:
        parts = urlsplit(unicodedata.normalize("NFC", url.strip()))
        scheme, host, port = parts.scheme.lower(), _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if scheme not in _DEFAULT_PORTS or not host or any(sign in host for sign in " <>\"'`{}|\\^"):
        return None
    netloc = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return urlunsplit((scheme, netloc, _path(parts.path), _query(parts.query), ""))


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _path(path: str) -> str:
    if not path:
        return "/"
    encoded = _normal_escapes(path, _PATH_SAFE)
    if "/." not in encoded and "//" not in encoded:
        return encoded
    tidy = normpath(re.sub(r"/{2,}", "/", encoded))
    return tidy if tidy == "/" or not encoded.endswith(("/", "/.", "/..")) else tidy + "/"


def _query(query: str) -> str:
    kept = [pair for pair in query.split("&") if pair and not _is_tracking(pair.partition("=")[0])]
    return "&".join(_normal_escapes(pair, _QUERY_SAFE) for pair in kept)


def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name.startswith("utm_") or name in _TRACKING


def _normal_escapes(text: str, safe: str) -> str:
    """Escapes in one form: letters unescaped where they need none, NFC inside, hex in upper case."""
    if "%" not in text and text.isascii() and all(sign in safe for sign in text):
        return text
    pieces = _ESCAPED_DELIMITER.split(text)
    marks = [mark.upper() for mark in _ESCAPED_DELIMITER.findall(text)]
    quoted = [_requote(piece, safe) for piece in pieces]
    return quoted[0] + "".join(mark + piece for mark, piece in zip(marks, quoted[1:], strict=True))


def _requote(piece: str, safe: str) -> str:
    raw = unquote_to_bytes(piece)
    try:
        return quote(unicodedata.normalize("NFC", raw.decode("utf-8")), safe=safe)
    except UnicodeDecodeError:
        return quote(raw, safe=safe)


# Addresses of posts carry their author's name; the platform's post id is kept without it.
_AUTHOR_SEGMENTS = (
    (re.compile(r"^(https?://(?:www\.|m\.)?facebook\.com)/[^/]+/(posts|videos|photos)/"), r"\1/\2/"),
    (re.compile(r"^(https?://(?:www\.)?(?:x|twitter)\.com)/[^/]+/status/"), r"\1/i/status/"),
    (re.compile(r"^(https?://(?:www\.)?threads\.(?:net|com))/@[^/]+/post/"), r"\1/post/"),
    (re.compile(r"^(https?://(?:www\.|m\.)?tiktok\.com)/@[^/]+/(video|photo)/"), r"\1/\2/"),
    (re.compile(r"^(https?://(?:www\.)?instagram\.com)/(?!p/|reel/)[^/]+/(p|reel)/"), r"\1/\2/"),
    (re.compile(r"^(https?://bsky\.app)/profile/[^/]+/post/"), r"\1/post/"),
    (re.compile(r"^(https?://[^/]+)/(?:users/|u/)?@[^/]+/(?=\w)"), r"\1/"),
)


def without_author(canonical: str) -> str:
    """The address of a post without the segment that names who wrote it."""
    for form, kept in _AUTHOR_SEGMENTS:
        shorter, count = form.subn(kept, canonical)
        if count:
            return shorter
    return canonical


def url_hash(canonical: str) -> bytes:
    """The key of a page. http and https are the same page, and so are both spellings of its end: sites move
    between them."""
    address, mark, query = canonical.partition("://")[2].partition("?")
    return hashlib.sha256(f"{address.rstrip('/')}{mark}{query}".encode()).digest()


# --- sites ---------------------------------------------------------------------------------------------

_SECOND_LEVEL = frozenset({"com", "net", "org", "gov", "edu", "co", "ac", "info", "name", "pro", "health"})


def site_of(host: str) -> str:
    """The site a host belongs to: `m.bao.com.vn` and `bao.com.vn` are one. Addresses stand for themselves."""
    labels = host.lower().rstrip(".").split(".")
    if labels[-1].isdigit() or ":" in host:
        return host.lower()
    kept = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-kept:])


def is_article_host(host: str, source_host: str, allowed: Sequence[str], *, replay: bool) -> bool:
    """Whether pages of this host are fetched for a source: its own site, and hosts its keeper listed.
    In replay only this machine is ever asked."""
    if replay:
        return host in ("localhost", "127.0.0.1", "[::1]", "::1")
    return site_of(host) == site_of(source_host) or host in allowed
