"""Feeds of a site, found from its address: what it links, what its anchors and robots.txt name, what is usual.

Every candidate is fetched by the rules of all fetches and read by the parser that would read it; what can't be read is
no candidate. Nothing is subscribed to. Requests are bounded, and no further host is asked than those the site names.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urljoin, urlsplit

from libs.common.http import Fetched, FetchError
from libs.common.models.enums import SourceKind
from services.ingest.adapters.base import SOURCE_KINDS, NotParsable
from services.ingest.addresses import canonical_url, site_of
from services.ingest.asking import ask
from services.ingest.markup import decode, html_tree, one_line
from services.ingest.resources import Resources

MAX_TRIED, MAX_SECONDS = 16, 40.0
"""Nothing more is asked after so many addresses, or so long."""
MAX_FOUND, MAX_ANCHORS = 30, 8
PATHS = ("/rss", "/feed", "/rss.xml", "/feed.xml", "/atom.xml", "/rss/home.rss", "/sitemap.xml", "/news-sitemap.xml")
_FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml|application/xml")
_LOOKS = re.compile(r"(?:^|[/._-])(?:rss|atom|feeds?|rdf)(?:$|[/._-])|\.(?:rss|rdf|atom)(?:$|\?)", re.IGNORECASE)
_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hint:
    """An address that may be a feed, and what named it."""

    url: str
    found_by: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed or sitemap that was read."""

    url: str
    kind: str
    title: str | None
    entries: int
    newest_at: datetime | None
    found_by: str


@dataclass
class Discovery:
    """What was found, how many addresses were tried, and why some were not read."""

    candidates: list[Candidate] = field(default_factory=list)
    tried: int = 0
    problems: list[str] = field(default_factory=list)


async def discover(held: Resources, url: str) -> Discovery:
    """Look for feeds from the address of a site or page; raises FetchError where that itself gives no answer."""
    found, until = Discovery(), time.monotonic() + MAX_SECONDS
    answer = await ask(held, url)
    found.tried = 1
    if (itself := await _read(held, answer, "the_address")) is not None:
        found.candidates.append(itself)
    named = await _hints_of_page(held, answer)
    hints = [hint for hint in named if hint.found_by == "link"]
    hints += [Hint(one, "robots") for one in await _sitemaps(held, answer.url)]
    hints += [hint for hint in named if hint.found_by == "anchor"][:MAX_ANCHORS]
    hints += [Hint(urljoin(answer.url, path), "path") for path in PATHS]
    for hint in _once(hints, {canonical_url(answer.url)}):
        if found.tried >= MAX_TRIED or time.monotonic() > until:
            break
        found.tried += 1
        await _try(held, hint, found)
    return found


async def _try(held: Resources, hint: Hint, found: Discovery) -> None:
    try:
        answer = await ask(held, hint.url)
    except FetchError as error:
        if hint.found_by != "path":  # a guess that is wrong is no problem
            found.problems.append(f"{urlsplit(hint.url).path}: {error}")
        return
    candidate = await _read(held, answer, hint.found_by)
    known = {canonical_url(one.url) for one in found.candidates}
    if candidate is not None and canonical_url(candidate.url) not in known:
        found.candidates.append(candidate)


# --- what may be a feed --------------------------------------------------------------------------------------


def hints_of(markup: str, url: str) -> list[Hint]:
    """Addresses that a page names as its feeds, those it declares first. Only its own site's and declared ones."""
    tree = html_tree(markup)
    if tree is None:
        return []
    base = next((one.get("href") or "" for one in tree.iter("base")), "")
    url = urljoin(url, base)
    declared = [
        Hint(link, "link")
        for one in tree.iter("link")
        if "alternate" in (one.get("rel") or "").lower().split() and _FEED_TYPES.search((one.get("type") or "").lower())
        if (link := _absolute(url, one.get("href")))
    ]
    anchored = [
        Hint(link, "anchor")
        for one in tree.iter("a")
        if (link := _absolute(url, one.get("href"))) and _is_likely(link, one.text_content(), url)
    ]
    return [*declared, *anchored][:MAX_FOUND]


async def _hints_of_page(held: Resources, answer: Fetched) -> list[Hint]:
    if not answer.ok:
        return []
    task = partial(_hints_of_bytes, answer.body[:2_000_000], answer.content_type, answer.url)
    try:
        return await held.parsers.run(task)
    except NotParsable:
        return []


def _hints_of_bytes(body: bytes, content_type: str | None, url: str) -> list[Hint]:
    return hints_of(decode(body, content_type), url)


def _is_likely(link: str, words: str, page: str) -> bool:
    parts = urlsplit(link)
    if site_of(parts.hostname or "") != site_of(urlsplit(page).hostname or ""):
        return False
    return bool(_LOOKS.search(parts.path)) or one_line(words).casefold() in ("rss", "feed", "atom")


def _absolute(base: str, href: str | None) -> str | None:
    try:
        link = urljoin(base, (href or "").strip())
        return link if canonical_url(link) and len(link) <= 2000 else None
    except ValueError:
        return None


async def _sitemaps(held: Resources, url: str) -> list[str]:
    """The sitemaps that robots.txt names, those of news first; of its own site only."""
    try:
        answer = await ask(held, urljoin(url, "/robots.txt"), max_bytes=512_000)
    except FetchError:
        return []
    if not answer.ok:
        return []
    site = site_of(urlsplit(url).hostname or "")
    named = [urljoin(url, one) for one in sitemaps_in(answer.body.decode("utf-8", "replace"))]
    own = [one for one in named if site_of(urlsplit(one).hostname or "") == site]
    return sorted(own, key=lambda one: "news" not in one.lower())[:6]


def sitemaps_in(robots: str) -> list[str]:
    return _SITEMAP.findall(robots)


def _once(hints: Iterable[Hint], seen: set[str | None]) -> Iterator[Hint]:
    for hint in hints:
        key = canonical_url(hint.url)
        if key is not None and key not in seen:
            seen.add(key)
            yield hint


# --- what is one ---------------------------------------------------------------------------------------------


async def _read(held: Resources, answer: Fetched, found_by: str) -> Candidate | None:
    if not answer.ok or not answer.body:
        return None
    task = partial(read_candidate, answer.body, answer.content_type, answer.url, found_by)
    try:
        return await held.parsers.run(task)
    except NotParsable:
        return None


def read_candidate(body: bytes, content_type: str | None, url: str, found_by: str) -> Candidate | None:
    """Read as a feed, else as a sitemap. An empty one is told too: a feed may be new."""
    for kind in (SourceKind.FEED, SourceKind.SITEMAP):
        try:
            document = SOURCE_KINDS.get(kind).parse(body, content_type=content_type, url=url)
        except NotParsable:
            continue
        dates = [one.published_at or one.updated_at for one in document.entries]
        newest = max((at for at in dates if at is not None), default=None)
        count = len(document.entries) or len(document.links)
        title = one_line(document.title)[:200] if document.title else None
        return Candidate(url, kind.value, title, count, newest, found_by)
    return None
