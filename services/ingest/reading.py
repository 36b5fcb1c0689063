"""What a document of a source says, made ready to be stored: parsed, compared with what is known, its pages read.

The same for what a poll fetched and for what a hub pushed. Nothing here is done inside a transaction.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

import httpx

from libs.common import telemetry
from libs.common.db import Database
from libs.common.http import Fetched, FetchError, FetchRefused
from libs.common.models import Source
from libs.common.models.enums import SourceKind
from services.ingest import poll_queries, queries
from services.ingest.adapters.base import SOURCE_KINDS, ApiCall, Entry, NotParsable, ParsedDocument
from services.ingest.addresses import canonical_url, is_article_host, url_hash, without_author
from services.ingest.domain import WHOLE_TEXT, Known, is_unchanged, item_hash
from services.ingest.entries import content_of
from services.ingest.extract import Article
from services.ingest.hosts import HostBusy, host_of
from services.ingest.queries import NewContent
from services.ingest.resources import Resources
from services.ingest.schemas import SourceOptions
from services.ingest.service import masker
from services.ingest.templates import extract_page

MAX_ADDRESS = 2000
NEWS_AGE = timedelta(days=7)
WHOLE_KINDS = frozenset({SourceKind.PAGE, SourceKind.YOUTUBE, SourceKind.FACEBOOK_PAGE})
"""Of these kinds an entry is all there is: no page behind it is read, and it is compared by its text."""


@dataclass(slots=True)
class Candidate:
    """An entry that is new or seems changed, with the key it would be stored under."""

    entry: Entry
    key: bytes
    url: str | None
    article: Article | None = None
    found_at: str | None = None
    was_known: bool = False


class Page(Enum):
    """What became of the wish to read an entry's page."""

    READ = auto()
    """Also where it could not be had: what the feed says stands for it."""
    KNOWN = auto()
    """Another source stored it meanwhile."""
    HELD = auto()
    """Another source is reading it now."""
    OVER = auto()
    """No time is left, or the host has no turn for us in it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be stored, and the keys of those whose page is still to be read."""

    contents: Sequence[NewContent] = ()
    later: Sequence[bytes] = ()


@dataclass
class Reader:
    """Reads for one source with what the process holds. `seconds` is the time for pages. `keeps_thin`: an entry whose
    page gets no turn is given all the same, by what the feed says; otherwise it waits for the next poll."""

    source: Source
    held: Resources
    db: Database
    now: datetime
    stopping: Callable[[], bool] = lambda: False
    seconds: float = 0.0
    keeps_thin: bool = False
    options: SourceOptions = field(init=False)
    _until: float = field(init=False, default=0.0)
    _left: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.options = SourceOptions.model_validate(self.source.settings)

    async def fetch(
        self, url: str, headers: dict[str, str] | None = None, limit: int | None = None, patience: float | None = None
    ) -> Fetched:
        """By robots.txt and in our turn, which is waited for `patience` seconds. Raises FetchError."""
        hosts, robots = self.held.hosts, self.held.robots
        turn = hosts.turn if patience is None else hosts.within(patience)
        return await self.held.fetcher.fetch(url, headers=headers, admit=robots.admit, turn=turn, max_bytes=limit)

    async def ask(self, call: ApiCall, headers: dict[str, str]) -> Fetched:
        """A platform's API, in our turn at its host: what lets us in is never carried to another. Raises FetchError."""
        host = host_of(call.url)

        async def stays(url: httpx.URL) -> None:
            if host_of(str(url)) != host:
                raise FetchRefused("API chuyển hướng sang máy khác.", "The API redirects to another host.")

        sent = {**headers, **call.headers}
        return await self.held.fetcher.fetch(call.url, headers=sent, admit=stays, turn=self.held.hosts.turn)

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedDocument:
        """Raises NotParsable."""
        kind = SOURCE_KINDS.get(self.source.kind)
        with telemetry.step("parse", kind=self.source.kind):
            task = partial(kind.parse, body, content_type=content_type, url=url, language=self.source.language)
            return await self.held.parsers.run(task, site=host_of(url))

    # --- the entries ------------------------------------------------------------------------------------

    async def read(self, document: ParsedDocument) -> Reading:
        """What of a document is to be stored; each entry whose page is wanted gets its turn while there is time."""
        self._until = time.monotonic() + self.seconds
        self._left = self.held.settings.poll.articles_per_poll
        ready: list[NewContent] = []
        later: list[bytes] = []
        for candidate in await self._candidates(self._recent(document.entries)):
            page = await self._page(candidate) if self._wants_article(candidate) else Page.READ
            if page in (Page.HELD, Page.OVER):
                later.append(candidate.key)
            if page is Page.OVER and not self.keeps_thin:
                break
            content = self._content(candidate) if page in (Page.READ, Page.OVER) else None
            if content is not None:
                ready.append(content)
        return Reading(ready, later)

    def _content(self, candidate: Candidate) -> NewContent | None:
        mask = masker(self.held.settings.intake)
        return content_of(
            candidate.entry,
            candidate.article,
            self.source,
            key=candidate.key,
            url=candidate.url,
            now=self.now,
            mask=mask,
            found_at=candidate.found_at,
        )

    def _recent(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """A sitemap lists a site's whole past; only its news are taken, the newest first."""
        if self.source.kind != SourceKind.SITEMAP:
            return entries
        oldest = self.now - NEWS_AGE
        dated = [(entry.published_at or entry.updated_at or self.now, entry) for entry in entries]
        recent = [pair for pair in dated if pair[0] >= oldest]
        return [entry for _, entry in sorted(recent, key=lambda pair: pair[0], reverse=True)]

    async def _candidates(self, entries: Sequence[Entry]) -> list[Candidate]:
        keyed: dict[bytes, Candidate] = {}
        for entry in entries:
            candidate = self._keyed(entry)
            if candidate is not None:
                keyed.setdefault(candidate.key, candidate)
        known, wanted = await self._known(list(keyed))
        for key, candidate in keyed.items():
            candidate.was_known = key in known
        return [one for key, one in keyed.items() if key in wanted or not self._is_unchanged(one, known.get(key))]

    def _keyed(self, entry: Entry) -> Candidate | None:
        link = entry.link or (self.source.url if self.source.kind == SourceKind.PAGE else None)
        url = canonical_url(link) if link and len(link) <= MAX_ADDRESS else None
        if url:
            return Candidate(entry, url_hash(without_author(url)), url)
        name = entry.id or entry.title
        return Candidate(entry, item_hash(self.source.id, name), None) if name else None

    async def _known(self, keys: list[bytes]) -> tuple[dict[bytes, Known], set[bytes]]:
        """What is stored under these keys, and those whose page is still to be read."""
        if not keys:
            return {}, set()
        async with self.db.transaction() as session:
            known = await queries.known_contents(session, keys)
            return known, await poll_queries.wanted_pages(session, self.source.id) if not self.keeps_thin else set()

    def _is_unchanged(self, candidate: Candidate, known: Known | None) -> bool:
        entry = candidate.entry
        if known is None:
            return False
        return is_unchanged(
            known,
            self.source.id,
            title=entry.title or known.title,
            summary=entry.summary or known.summary,
            whole_text=len(entry.content or "") >= WHOLE_TEXT or self.source.kind in WHOLE_KINDS,
        )

    # --- the articles -----------------------------------------------------------------------------------

    def _wants_article(self, candidate: Candidate) -> bool:
        if candidate.url is None or self.source.kind in WHOLE_KINDS:
            return False
        bare = not (candidate.entry.title and (candidate.entry.summary or candidate.entry.content))
        wanted = self.options.full_text or bare
        if not wanted or len(candidate.entry.content or "") >= WHOLE_TEXT or self._is_too_slow(candidate.url):
            return False
        return is_article_host(
            _host(candidate.url),
            _host(self.source.url or ""),
            self.options.article_hosts,
            replay=self.held.settings.replay,
        )

    def _is_too_slow(self, url: str) -> bool:
        """A host whose robots.txt asks for such pauses that its pages would not end: what its feed says is enough."""
        return self.held.hosts.asked_pause(url) > self.held.settings.poll.articles_seconds / 2

    async def _page(self, candidate: Candidate) -> Page:
        """Read the page of an entry, unless another source does: one page is asked for once."""
        left = self._until - time.monotonic()
        if self._left == 0 or left <= 0 or self.stopping():
            return Page.OVER
        if not await self._claim(candidate):
            return Page.HELD
        if not candidate.was_known and (await self._known([candidate.key]))[0]:
            return Page.KNOWN
        self._left -= 1
        try:
            async with asyncio.timeout(left if self.keeps_thin else None):
                candidate.article = await self._article(candidate, left)
        except (HostBusy, TimeoutError):
            return Page.OVER
        return Page.READ

    async def _claim(self, candidate: Candidate) -> bool:
        until = self.now + timedelta(seconds=self.held.settings.poll.lease_seconds)
        async with self.db.transaction() as session:
            return await poll_queries.claim_page(session, candidate.key, self.source.id, self.now, until)

    async def _article(self, candidate: Candidate, patience: float) -> Article | None:
        """The article's page; None where it cannot be had, and the summary of the feed stands for it."""
        try:
            answer = await self.fetch(candidate.url or "", limit=self.held.settings.poll.page_bytes, patience=patience)
        except HostBusy:
            raise
        except FetchError:
            return None
        if not answer.ok:
            return None
        candidate.found_at = canonical_url(answer.url)
        task = partial(
            extract_page,
            answer.body,
            content_type=answer.content_type,
            url=answer.url,
            language=self.source.language,
        )
        try:
            return await self.held.parsers.run(task, site=_host(answer.url))
        except NotParsable:
            return None


def _host(url: str) -> str:
    """The host of an address; nothing for what the client cannot take, which the fetcher then refuses."""
    try:
        return httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ""
