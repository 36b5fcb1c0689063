"""One poll of one source: ask for its document in our turn, and have what it says read.

Nothing here is done inside a transaction, and whatever a source answers becomes a `Poll`, never an exception.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from libs.common.db import Database
from libs.common.http import Fetched, FetchError
from libs.common.models import Source
from services.ingest.adapters.base import SOURCE_KINDS, AsksApi, Entry, NotParsable, ParsedDocument
from services.ingest.hosts import HostBusy
from services.ingest.queries import NewContent
from services.ingest.reading import Reader
from services.ingest.resources import Resources
from services.ingest.rhythm import PollOutcome, max_age_seconds, retry_after_seconds
from services.ingest.websub.discovery import Hub, find_hub

MAX_SITEMAPS = 3


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll came to. `is_whole`: every entry was dealt with, none waits for another poll."""

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
    hub: Hub | None = None


@dataclass
class Poller:
    """Polls one source with what the process holds."""

    source: Source
    held: Resources
    db: Database
    now: datetime
    stopping: Callable[[], bool]
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        # The lease must outlast the poll, or another worker would take the same source.
        seconds = self.held.settings.poll.articles_seconds
        self.reader = Reader(self.source, self.held, self.db, self.now, self.stopping, seconds)

    async def poll(self) -> Poll:
        began = time.monotonic()
        url = self.source.url or ""
        try:
            poll = await self._poll(url)
        except HostBusy as busy:
            wait = math.ceil((busy.until - self.held.hosts.clock.now()).total_seconds())
            poll = Poll(PollOutcome.WAITING, wait_seconds=max(wait, 1))
        except FetchError as error:
            poll = Poll(PollOutcome(error.outcome), error=str(error))
        except NotParsable as error:
            poll = Poll(PollOutcome.NOT_PARSABLE, error=str(error))
        return replace(poll, url=poll.url or url, duration_ms=int((time.monotonic() - began) * 1000))

    async def _poll(self, url: str) -> Poll:
        answer = await self._ask(url)
        poll = self._told(answer)
        if poll.outcome is not PollOutcome.OK:
            return poll
        try:
            document, is_whole = await self._documents(answer)
        except NotParsable as error:
            return replace(poll, outcome=PollOutcome.NOT_PARSABLE, error=str(error))
        reading = await self.reader.read(document)
        return replace(
            poll,
            seen=len(document.entries),
            contents=reading.contents,
            is_whole=is_whole and not reading.later,
            wait_seconds=max(poll.wait_seconds or 0, document.ttl_seconds or 0) or None,
            hub=find_hub(answer.headers, answer.body, answer.url),
        )

    async def _ask(self, url: str) -> Fetched:
        """At the source's own address, or where its platform answers for it. Raises FetchError, NotParsable."""
        kind = SOURCE_KINDS.get(self.source.kind)
        if isinstance(kind, AsksApi):
            answer = await self.reader.ask(kind.api_call(url, self.held.settings.platforms), self._validators())
            rest = kind.rest_seconds(answer.status, answer.headers, answer.body, self.now)
            # What the platform says in its own way is told on as HTTP has it.
            return answer if rest is None else replace(answer, headers={**answer.headers, "retry-after": str(rest)})
        return await self.reader.fetch(url, self._validators())

    def _validators(self) -> dict[str, str]:
        pairs = (("If-None-Match", self.source.etag), ("If-Modified-Since", self.source.last_modified))
        return {name: value for name, value in pairs if value}

    def _told(self, answer: Fetched) -> Poll:
        """What the status line and headers say."""
        outcome, error = _judge_status(answer.status)
        wait = retry_after_seconds(answer.headers.get("retry-after"), self.now)
        if outcome is PollOutcome.OK:
            wait = min(max_age_seconds(answer.headers.get("cache-control")) or 0, 3600) or wait
        return Poll(
            outcome,
            status=answer.status,
            url=answer.url,
            bytes=answer.received,
            error=error,
            wait_seconds=wait,
            moved_to=answer.moved_to if outcome in (PollOutcome.OK, PollOutcome.NOT_MODIFIED) else None,
            etag=_validator(answer, "etag"),
            last_modified=_validator(answer, "last-modified"),
        )

    async def _documents(self, answer: Fetched) -> tuple[ParsedDocument, bool]:
        """The parsed answer; for a sitemap index, with the entries of its newest parts, and whether all were had."""
        document = await self.reader.parse(answer.body, answer.content_type, answer.url)
        if document.form != "sitemapindex":
            return document, True
        entries: list[Entry] = []
        for link in document.links[:MAX_SITEMAPS]:
            try:
                part = await self.reader.fetch(link, patience=self.held.settings.poll.articles_seconds / MAX_SITEMAPS)
            except HostBusy:
                return replace(document, entries=entries), False
            if part.ok:
                entries += (await self.reader.parse(part.body, part.content_type, part.url)).entries
        return replace(document, entries=entries), True


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
