"""The pure rules of intake: identity, revisions, when to poll again, when a case falls due.

Guarantees: functions of their arguments alone; no await, no session, no clock.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from posixpath import normpath
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit
from uuid import UUID

from libs.common.models.enums import ContentKind, SourceGroup, SourceState, TextKind

# --- identity: one item per canonical address ---------------------------------------------------------

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


def item_hash(source_id: UUID, external_id: str) -> bytes:
    """The key of an item without an address: its source and the id the source gave it."""
    return hashlib.sha256(b"item\x00" + source_id.bytes + external_id.encode("utf-8")).digest()


def content_hash(title: str, text: str) -> bytes:
    """Equal for texts that differ only in white space and Unicode form."""
    joined = " ".join(title.split()) + "\x00" + " ".join(text.split())
    if not joined.isascii():
        joined = unicodedata.normalize("NFC", joined)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).digest()


class Verdict(StrEnum):
    """What an item is to what is stored under its key."""

    NEW = "new"
    DUPLICATE = "duplicate"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored under a key; the source is None once the item itself has been dropped."""

    content_id: UUID
    content_hash: bytes
    source_id: UUID | None
    title: str = ""
    summary: str | None = None


def judge(known: Known | None, source_id: UUID, new_hash: bytes) -> Verdict:
    """A page seen again is a revision only from the source that brought it: another source's shorter
    form of the same page would make the two overwrite each other for ever."""
    if known is None:
        return Verdict.NEW
    if known.content_hash == new_hash or known.source_id != source_id:
        return Verdict.DUPLICATE
    return Verdict.REVISION


def believable_date(published_at: datetime | None, now: datetime) -> datetime | None:
    """A publisher's date, unless it lies in the future or before the web."""
    if published_at is None or published_at > now + timedelta(days=1) or published_at.year < 1990:
        return None
    return published_at


# --- when to poll again -------------------------------------------------------------------------------

_LONGEST_WAIT = timedelta(hours=24)


class PollOutcome(StrEnum):
    """What one poll of a source came to; the word kept in `fetches.outcome`."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    GONE = "gone"
    ROBOTS = "robots"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    NOT_PARSABLE = "not_parsable"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The source's schedule after a poll."""

    at: datetime
    failures: int
    is_gone: bool = False


def decide_next_poll(
    outcome: PollOutcome,
    *,
    now: datetime,
    poll_seconds: int,
    failures: int,
    wait_seconds: int | None = None,
    spread: float = 0.0,
) -> NextPoll:
    """Success keeps the rhythm, failure doubles it up to a day, 410 ends it. A server's own wish
    (`Retry-After`, `ttl`, `max-age`) is honoured up to a day. `spread` in [0, 1) avoids stampedes."""
    rhythm = timedelta(seconds=max(poll_seconds, 1))
    asked = min(timedelta(seconds=max(wait_seconds or 0, 0)), _LONGEST_WAIT)
    if outcome is PollOutcome.GONE:
        return NextPoll(now + _LONGEST_WAIT, failures + 1, is_gone=True)
    if outcome in (PollOutcome.OK, PollOutcome.NOT_MODIFIED):
        return NextPoll(now + max(rhythm, asked) * (1 + spread * 0.1), 0)
    backed_off = min(rhythm * 2 ** min(failures + 1, 10), _LONGEST_WAIT)
    return NextPoll(now + max(backed_off, asked) * (1 + spread * 0.1), failures + 1)


def retry_after_seconds(raw: str | None, now: datetime, http_date: datetime | None = None) -> int | None:
    """Seconds of a Retry-After header; the caller has read its date form, if it is one."""
    text = (raw or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), int(_LONGEST_WAIT.total_seconds()))
    if http_date is not None:
        return max(0, min(int((http_date - now).total_seconds()), int(_LONGEST_WAIT.total_seconds())))
    return None


def max_age_seconds(cache_control: str | None) -> int | None:
    """The `max-age` of a Cache-Control header."""
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", cache_control or "", re.IGNORECASE)
    return int(found[1]) if found else None


# --- how a source is ----------------------------------------------------------------------------------

SILENT_AFTER = timedelta(days=3)


class Health(StrEnum):
    """A source at a glance: `new` was never read, `silent` answers but has brought nothing for days."""

    NEW = "new"
    OK = "ok"
    SILENT = "silent"
    FAILING = "failing"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the health of a source is told from."""

    state: str
    failures: int
    created_at: datetime
    last_ok_at: datetime | None
    last_item_at: datetime | None


def health_of(pulse: Pulse, now: datetime) -> Health:
    """A source that is not read says why; one that is read is silent when its newest item is days old."""
    if pulse.state != SourceState.ACTIVE:
        return Health(pulse.state)
    if pulse.failures:
        return Health.FAILING
    if pulse.last_ok_at is None and pulse.last_item_at is None:
        return Health.NEW
    newest = max(pulse.created_at, pulse.last_item_at or pulse.created_at)
    return Health.SILENT if now - newest > SILENT_AFTER else Health.OK


WHOLE_TEXT = 1200
"""A feed entry of at least this many characters is taken for the whole article."""

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


def is_unchanged(known: Known, source_id: UUID, *, title: str, summary: str | None, whole_text: bool) -> bool:
    """Whether an entry seen again can be left alone: another source's page, or the same title and summary.
    A feed that carries whole texts is compared by its text."""
    if known.source_id != source_id:
        return True
    return not whole_text and known.title == title and (known.summary or None) == (summary or None)


# --- feedback cases ------------------------------------------------------------------------------------

HANOI = timezone(timedelta(hours=7))
_SHIFTS = ((time(8, 0), time(12, 0)), (time(13, 30), time(17, 30)))
ACCEPT_WITHIN = timedelta(hours=8)
URGENT_WITHIN = timedelta(hours=4)

# Kinds of text that are a citizen's matter for a unit to answer.
CASE_KINDS = frozenset({TextKind.CRITICISM, TextKind.COMPLAINT, TextKind.REPORT_OF_PROBLEM})
CASE_FORMS = frozenset({ContentKind.POST, ContentKind.REPORT})
# Groups of sources in which citizens speak for themselves: what they write is masked before it is stored.
MASKED_GROUPS = frozenset({SourceGroup.CITIZEN, SourceGroup.FORUM})

_FORMS = {
    SourceGroup.PRESS: ContentKind.ARTICLE,
    SourceGroup.PORTAL: ContentKind.ARTICLE,
    SourceGroup.AGGREGATOR: ContentKind.ARTICLE,
    SourceGroup.OFFICIAL: ContentKind.RELEASE,
    SourceGroup.FORUM: ContentKind.POST,
    SourceGroup.CITIZEN: ContentKind.POST,
}

_URGENT = re.compile(
    r"khẩn cấp|nguy hiểm|cháy|nổ|sập|đổ cây|cây đổ|điện giật|rò rỉ|ngập|hố sâu|hố tử thần|sạt lở|tai nạn|"
    r"cấp cứu|đuối nước|ngộ độc|rò khí|cáp điện",
    re.IGNORECASE,
)


def form_of(group: str) -> ContentKind:
    """What an item of a source is when nobody says."""
    return _FORMS[SourceGroup(group)]


def is_citizens_text(source_group: str, form: str) -> bool:
    """Whether a citizen speaks: a citizens' source whatever the form of its items, or a post or report on the
    city's own pages. The press and the agencies' own articles and releases are not theirs."""
    return source_group in MASKED_GROUPS or (source_group == SourceGroup.OFFICIAL and form in CASE_FORMS)


def opens_case(text_kind: str, source_group: str, form: str) -> bool:
    """Whether a classified text becomes a feedback case: no criticism by a citizen is ever dropped."""
    return text_kind in CASE_KINDS and is_citizens_text(source_group, form)


def is_urgent(text: str) -> bool:
    """Words that mean somebody may be hurt; an officer can change it."""
    return _URGENT.search(unicodedata.normalize("NFC", text)) is not None


def add_working_time(start: datetime, span: timedelta, holidays: frozenset[date] = frozenset()) -> datetime:
    """`start` plus working time: Monday to Friday, 8:00-12:00 and 13:30-17:30, Hà Nội time."""
    at, left = start.astimezone(HANOI), span
    for _ in range(3660):  # ten years of days bound the walk whatever the holidays say
        if at.weekday() < 5 and at.date() not in holidays:
            for opens, closes in _SHIFTS:
                begin = max(at, datetime.combine(at.date(), opens, HANOI))
                end = datetime.combine(at.date(), closes, HANOI)
                if begin < end:
                    if left <= end - begin:
                        return (begin + left).astimezone(start.tzinfo)
                    left -= end - begin
        at = datetime.combine(at.date() + timedelta(days=1), time(0), HANOI)
    raise ValueError("no working day in ten years")


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When a case must be accepted, and when an urgent one must be dealt with (others have no set limit)."""

    accept_by: datetime
    handle_by: datetime | None


def due_times(received_at: datetime, *, urgent: bool, holidays: frozenset[date] = frozenset()) -> DueTimes:
    """Accepted within 8 working hours; urgent cases dealt with within 4."""
    accept_by = add_working_time(received_at, ACCEPT_WITHIN, holidays)
    return DueTimes(accept_by, add_working_time(received_at, URGENT_WITHIN, holidays) if urgent else None)


def case_reference(year: int, number: int) -> str:
    """The reference a citizen is given."""
    return f"PA-{year}-{number:06d}"


def case_subject(title: str, text: str) -> str:
    """One line that names the case, at most 120 characters, cut at a word."""
    line = " ".join((title or text).split())
    return line if len(line) <= 120 else line[:119].rsplit(" ", 1)[0] + "…"
