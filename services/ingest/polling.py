"""One poll of one source: fetch, parse, look up what is known, fetch the articles that are needed.

Nothing here is done inside a transaction, and whatever a source answers becomes a `Poll`, never an exception.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from libs.common import telemetry
from libs.common.db import Database
from libs.common.http import Fetched, FetchError
from libs.common.models import Source
from libs.common.models.enums import SourceKind
from services.ingest import queries
from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable, ParsedDocument
from services.ingest.addresses import canonical_url, is_article_host, url_hash
from services.ingest.domain import WHOLE_TEXT, Known, is_unchanged, item_hash
from services.ingest.entries import content_of
from services.ingest.extract import Article, extract_article
from services.ingest.queries import NewContent
from services.ingest.resources import Resources
from services.ingest.rhythm import PollOutcome, max_age_seconds, retry_after_seconds
from services.ingest.schemas import SourceOptions
from services.ingest.service import masker

MAX_SITEMAPS = 3
MAX_ADDRESS = 2000
NEWS_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll came to."""

    outcome: PollOutcome
    status: int | None = None
    url: str | None = None
    bytes: int = 0
    duration_ms: int = 0
    error: str | None = None
    wait_seconds: int | None = None
    moved_to: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    seen: int = 0
    is_whole: bool = True
    contents: Sequence[NewContent] = ()


@dataclass(slots=True)
class _Candidate:
    """An entry that is new or seems changed, with the key it would be stored under."""

    entry: Entry
    key: bytes
    url: str | None
    article: Article | None = None


@dataclass
class Poller:
    """Polls one source with what the process holds."""

    source: Source
    held: Resources
    db: Database
    now: datetime
    stopping: Callable[[], bool]
    options: SourceOptions = field(init=False)

    def __post_init__(self) -> None:
        self.options = SourceOptions.model_validate(self.source.settings)

    async def poll(self) -> Poll:
        began = time.monotonic()
        url = self.source.url or ""
        try:
            poll = await self._poll(url)
        except FetchError as error:
            poll = Poll(PollOutcome(error.outcome), error=str(error))
        except NotParsable as error:
            poll = Poll(PollOutcome.NOT_PARSABLE, error=str(error))
        return replace(poll, url=poll.url or url, duration_ms=int((time.monotonic() - began) * 1000))

    async def _poll(self, url: str) -> Poll:
        answer = await self._fetch(url, self._validators())
        poll = self._told(answer)
        if poll.outcome is not PollOutcome.OK:
            return poll
        try:
            document = await self._documents(answer)
        except NotParsable as error:
            return replace(poll, outcome=PollOutcome.NOT_PARSABLE, error=str(error))
        contents, is_whole = await self._contents(document)
        wait = max(poll.wait_seconds or 0, document.ttl_seconds or 0) or None
        return replace(poll, seen=len(document.entries), contents=contents, is_whole=is_whole, wait_seconds=wait)

    # --- the request ------------------------------------------------------------------------------------

    async def _fetch(self, url: str, headers: dict[str, str] | None = None, limit: int | None = None) -> Fetched:
        async with self.held.hosts.turn(_host(url)):
            return await self.held.fetcher.fetch(url, headers=headers, admit=self.held.robots.admit, max_bytes=limit)

    def _validators(self) -> dict[str, str]:
        pairs = (("If-None-Match", self.source.etag), ("If-Modified-Since", self.source.last_modified))
        return {name: value for name, value in pairs if value}

    def _told(self, answer: Fetched) -> Poll:
        """What the status line and headers say."""
        outcome, error = _judge_status(answer.status)
        wait = retry_after_seconds(answer.headers.get("retry-after"), self.now, _http_date(answer))
        if outcome is PollOutcome.OK:
            wait = min(max_age_seconds(answer.headers.get("cache-control")) or 0, 3600) or wait
        return Poll(
            outcome,
            status=answer.status,
            url=answer.url,
            bytes=answer.received,
            error=error,
            wait_seconds=wait,
            moved_to=answer.moved_to if outcome is PollOutcome.OK else None,
            etag=_validator(answer, "etag"),
            last_modified=_validator(answer, "last-modified"),
        )

    # --- the documents ----------------------------------------------------------------------------------

    async def _documents(self, answer: Fetched) -> ParsedDocument:
        """The parsed answer; for a sitemap index, with the entries of its newest parts."""
        document = await self._parse(answer)
        if document.form != "sitemapindex":
            return document
        entries: list[Entry] = []
        for link in document.links[:MAX_SITEMAPS]:
            part = await self._fetch(link)
            if part.ok:
                entries += (await self._parse(part)).entries
        return replace(document, entries=entries)

    async def _parse(self, answer: Fetched) -> ParsedDocument:
        kind = SOURCE_KINDS.get(self.source.kind)
        with telemetry.step("parse", kind=self.source.kind):
            return await asyncio.to_thread(
                kind.parse,
                answer.body,
                content_type=answer.content_type,
                url=answer.url,
                language=self.source.language,
            )

    # --- the entries ------------------------------------------------------------------------------------

    async def _contents(self, document: ParsedDocument) -> tuple[list[NewContent], bool]:
        """What is to be stored, and whether every entry that needs an article got its turn."""
        found = await self._candidates(self._recent(document.entries))
        budget = self.held.settings.poll.articles_per_poll
        until = time.monotonic() + self.held.settings.poll.articles_seconds
        mask = masker(self.held.settings.intake)
        ready: list[NewContent] = []
        for candidate in found:
            if self._wants_article(candidate):
                # The lease must outlast the poll, or another worker would take the same source.
                if budget == 0 or time.monotonic() > until or self.stopping():
                    return ready, False
                budget -= 1
                candidate.article = await self._article(candidate.url or "")
            content = content_of(
                candidate.entry,
                candidate.article,
                self.source,
                key=candidate.key,
                url=candidate.url,
                now=self.now,
                mask=mask,
            )
            if content is not None:
                ready.append(content)
        return ready, True

    def _recent(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """A sitemap lists a site's whole past; only its news are taken, the newest first."""
        if self.source.kind != SourceKind.SITEMAP:
            return entries
        oldest = self.now - NEWS_AGE
        dated = [(entry.published_at or entry.updated_at or self.now, entry) for entry in entries]
        recent = [pair for pair in dated if pair[0] >= oldest]
        return [entry for _, entry in sorted(recent, key=lambda pair: pair[0], reverse=True)]

    async def _candidates(self, entries: Sequence[Entry]) -> list[_Candidate]:
        keyed: dict[bytes, _Candidate] = {}
        for entry in entries:
            candidate = self._keyed(entry)
            if candidate is not None:
                keyed.setdefault(candidate.key, candidate)
        known = await self._known(list(keyed))
        return [one for key, one in keyed.items() if not self._is_unchanged(one, known.get(key))]

    def _keyed(self, entry: Entry) -> _Candidate | None:
        link = entry.link or (self.source.url if self.source.kind == SourceKind.PAGE else None)
        url = canonical_url(link) if link and len(link) <= MAX_ADDRESS else None
        if url:
            return _Candidate(entry, url_hash(url), url)
        name = entry.id or entry.title
        return _Candidate(entry, item_hash(self.source.id, name), None) if name else None

    async def _known(self, keys: list[bytes]) -> dict[bytes, Known]:
        if not keys:
            return {}
        async with self.db.transaction() as session:
            return await queries.known_contents(session, keys)

    def _is_unchanged(self, candidate: _Candidate, known: Known | None) -> bool:
        entry = candidate.entry
        if known is None:
            return False
        return is_unchanged(
            known,
            self.source.id,
            title=entry.title or known.title,
            summary=entry.summary or known.summary,
            whole_text=len(entry.content or "") >= WHOLE_TEXT or self.source.kind == SourceKind.PAGE,
        )

    # --- the articles -----------------------------------------------------------------------------------

    def _wants_article(self, candidate: _Candidate) -> bool:
        if candidate.url is None or self.source.kind == SourceKind.PAGE:
            return False
        bare = not (candidate.entry.title and (candidate.entry.summary or candidate.entry.content))
        wanted = self.options.full_text or bare
        if not wanted or len(candidate.entry.content or "") >= WHOLE_TEXT:
            return False
        return is_article_host(
            _host(candidate.url),
            _host(self.source.url or ""),
            self.options.article_hosts,
            replay=self.held.settings.replay,
        )

    async def _article(self, url: str) -> Article | None:
        """The article's page; None where it cannot be had, and the summary of the feed stands for it."""
        try:
            answer = await self._fetch(url, limit=self.held.settings.poll.page_bytes)
        except FetchError:
            return None
        if not answer.ok:
            return None
        return await asyncio.to_thread(
            extract_article,
            answer.body,
            content_type=answer.content_type,
            url=answer.url,
            language=self.source.language,
        )


def _host(url: str) -> str:
    """The host of an address; nothing for what the client cannot take, which the fetcher then refuses."""
    try:
        return httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ""


def _validator(answer: Fetched, name: str) -> str | None:
    """A validator is sent back as it came, so one that no header can carry is not kept."""
    value = answer.headers.get(name, "")
    return value if 0 < len(value) <= 512 and value.isascii() and value.isprintable() else None


def _judge_status(status: int) -> tuple[PollOutcome, str | None]:
    if status == 304:
        return PollOutcome.NOT_MODIFIED, None
    if 200 <= status < 300:
        return PollOutcome.OK, None
    if status == 410:
        return PollOutcome.GONE, "Nguồn tin đã ngừng hẳn: máy chủ trả lời 410 (the source is gone: 410)"
    reason = {
        401: "cần đăng nhập (login needed)",
        403: "máy chủ từ chối (forbidden)",
        404: "không có trang này (not found)",
        429: "máy chủ yêu cầu đọc thưa hơn (too many requests)",
    }.get(status, "máy chủ gặp lỗi (server error)" if status >= 500 else "không đọc được (not readable)")
    return PollOutcome.ERROR, f"Máy chủ trả lời {status}: {reason}"


def _http_date(answer: Fetched) -> datetime | None:
    try:
        found = parsedate_to_datetime(answer.headers.get("retry-after", ""))
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else None
