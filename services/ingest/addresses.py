"""Addresses of pages: one form for one page, without the segment that names an author. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from posixpath import normpath
from urllib.parse import parse_qs, quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

from libs.common.post_addresses import without_author as without_author

_TRACKING = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
        "mc_cid", "mc_eid", "zarsrc", "zalo_source", "vgo_ee", "_ga", "_gl", "gbraid", "wbraid", "cmpid",
        "spm", "gidzl", "mibextid", "srsltid", "epik", "s_kwcid", "mkt_tok", "_hsenc", "_hsmi", "vero_id",
        "fb_action_ids", "fb_action_types", "fb_source", "fb_ref", "ref_src", "ref_url", "at_medium",
        "at_campaign", "__twitter_impression", "_branch_match_id", "amp_js_v", "amp_gsa", "usqp",
    }
)  # fmt: skip
_SESSIONS = frozenset({"jsessionid", "phpsessid", "aspsessionid", "asp.net_sessionid", "cfid", "cftoken"})
_MAYBE_SESSIONS = frozenset({"sid", "sessionid", "session_id"})
_SESSION_VALUE = re.compile(r"[0-9a-zA-Z]{24,}")
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;]*", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
_PATH_SAFE = _UNRESERVED + "!$&'()*+,;=:@/"
_QUERY_SAFE = _PATH_SAFE + "?"
_ESCAPED_DELIMITER = re.compile(r"%(?:2F|3F|23|26|3D|2B|25|3B|2C|3A|40|24|21|27|28|29|2A)", re.IGNORECASE)


def canonical_url(url: str) -> str | None:
    """An address that can be asked for and shown: no tracking, session, fragment or default port, and the
    publisher's own where a cache or a link counter stands before it. None for what is no web address."""
    try:
        return _canonical(url)
    except ValueError:
        return None


def _canonical(url: str) -> str | None:
    parts = urlsplit(unicodedata.normalize("NFC", url.strip()))
    scheme, host, port = parts.scheme.lower(), _ascii_host(parts.hostname or ""), parts.port
    if scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        return None
    netloc = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    path = _path(parts.path)
    inner = _wrapped(host, path, parts.query)
    found = canonical_url(inner) if inner else None
    if found:
        return found
    return urlunsplit((scheme, netloc, path, _query(parts.query), ""))


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _path(path: str) -> str:
    if not path:
        return "/"
    encoded = _normal_escapes(path, _PATH_SAFE)
    encoded = _PATH_SESSION.sub("", encoded) if ";" in encoded else encoded
    if "/." not in encoded and "//" not in encoded:
        return encoded
    tidy = normpath(re.sub(r"/{2,}", "/", encoded))
    return tidy if tidy == "/" or not encoded.endswith(("/", "/.", "/..")) else tidy + "/"


def _query(query: str) -> str:
    if not query:
        return ""
    return "&".join(_normal_escapes(pair, _QUERY_SAFE) for pair in query.split("&") if pair and not _is_noise(pair))


def _is_noise(pair: str) -> bool:
    """Says where a reader came from, or which visit this is; nothing of the page. What may be a session and may be
    the number of a story goes only where it looks like a random token."""
    name, _, value = pair.partition("=")
    name = name.lower()
    if name in _MAYBE_SESSIONS:
        return bool(_SESSION_VALUE.fullmatch(value)) and not (value.isdigit() or value.isalpha())
    return name in _TRACKING or name in _SESSIONS or name.startswith("utm_")


# --- addresses that stand before others ------------------------------------------------------------------------

# The AMP cache's own form of an address: /c/s/host/path, where s says https.
# https://amp.dev/documentation/guides-and-tutorials/learn/amp-caches-and-cors/amp-cache-urls
_CACHED = re.compile(r"^/(?:c|v|wp)/(s/)?([^/]+\.[^/]+)(/.*)?$")
_VIEWED = re.compile(r"^/amp/(s/)?([^/]+\.[^/]+)(/.*)?$")
_COUNTERS = {"l.facebook.com": "u", "lm.facebook.com": "u", "l.instagram.com": "u", "l.threads.net": "u"}


def _wrapped(host: str, path: str, query: str) -> str | None:
    """The publisher's address behind a cache of AMP pages, a viewer of them, or a counter of clicks."""
    if host.endswith(("ampproject.org", "bing-amp.com")):
        return _of_cache(_CACHED.match(path), query)
    if site_of(host).startswith("google."):
        named = parse_qs(query) if path == "/url" else {}
        return _of_cache(_VIEWED.match(path), query) or next(iter(named.get("url") or named.get("q") or []), None)
    if host in _COUNTERS:
        return next(iter(parse_qs(query).get(_COUNTERS[host], [])), None)
    return None


def _of_cache(found: re.Match[str] | None, query: str) -> str | None:
    if found is None:
        return None
    return f"{'https' if found[1] else 'http'}://{found[2]}{found[3] or '/'}{'?' + query if query else ''}"


# --- escapes -----------------------------------------------------------------------------------------------------


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


# --- one key for one page ----------------------------------------------------------------------------------------

_FORMS = frozenset({"www", "m", "mobile", "amp", "wap", "touch", "mobi"})
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_AMP_END = re.compile(r"\.amp(?:\.html?)?$|[-_]amp(?=\.html?$)", re.IGNORECASE)
_AMP_VALUES = frozenset({"", "1", "true", "amp"})


def url_hash(canonical: str) -> bytes:
    """The key of a page, which is not an address: http and https, `www.`, mobile and AMP hosts, the AMP form of a
    path, `index.html`, both spellings of the end and the order of differently named parameters are one page.
    Parameters of one name keep their order, which may mean something.

    Folding may fold further in time: a key made by an older rule is not found any more and expires
    (`intake.keep_days`); meanwhile its content is recognised by its text.
    """
    address, _, query = canonical.partition("://")[2].partition("?")
    netloc, slash, path = address.partition("/")
    folded = _folded_host(netloc) + _folded_path(slash + path)
    kept = [pair for pair in query.split("&") if pair and not _is_amp(pair)]
    if kept:
        folded += "?" + "&".join(sorted(kept, key=lambda pair: pair.partition("=")[0]))
    return hashlib.sha256(folded.encode()).digest()


def _folded_host(netloc: str) -> str:
    first, _, rest = netloc.partition(".")
    while first in _FORMS and "." in rest and site_of(rest.partition(":")[0]) == site_of(netloc.partition(":")[0]):
        netloc = rest
        first, _, rest = netloc.partition(".")
    return netloc


def _folded_path(path: str) -> str:
    path = _INDEX.sub("", path).rstrip("/")
    parts = path.split("/")
    if len(parts) > 2 and parts[-1].lower() == "amp":
        del parts[-1]
    elif len(parts) > 2 and parts[1].lower() == "amp":
        del parts[1]
    parts[-1] = _AMP_END.sub("", parts[-1]) if "amp" in parts[-1].lower() else parts[-1]
    return "/".join(parts)


def _is_amp(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return (name in ("amp", "_amp") and value in _AMP_VALUES) or (name == "outputtype" and value == "amp")


def same_page(link: str, found_at: str | None, declared: str | None) -> str:
    """The address by which the page behind `link` is known: the one it declares (`<link rel=canonical>`) where that
    is on its own site, else where the redirects ended, else the link. All but `declared` are canonical.

    A home page is nobody's canonical form: sites that declare it for every article mean nothing by it.
    """
    landed = found_at if found_at and not _is_home(found_at) else link
    chosen = _joined(found_at or link, declared) if declared and len(declared) < 2000 else None
    if chosen and not _is_home(chosen) and host_site(chosen) == host_site(landed):
        return chosen
    return landed


def _joined(base: str, address: str) -> str | None:
    try:
        return canonical_url(urljoin(base, address.strip()))
    except ValueError:
        return None


def _is_home(canonical: str) -> bool:
    return canonical.partition("://")[2].partition("/")[2] == ""


def host_site(canonical: str) -> str:
    return site_of(page_host(canonical))


def page_host(canonical: str) -> str:
    """The host by which pages are known: `m.bao.vn` and `www.bao.vn` are `bao.vn`. Without a port."""
    netloc = canonical.partition("://")[2].partition("/")[0].partition("?")[0]
    return _folded_host(netloc if netloc.startswith("[") else netloc.partition(":")[0])


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
