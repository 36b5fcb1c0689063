"""Feed entries per second: parsed on one core beside feedparser alone; and parsed and stored in Postgres, in batches as
a poll stores them, beside one entry a transaction.

The feeds are the RSS samples that lie beside the checkout, where they do, and generated ones otherwise.
"""

import itertools
import lzma
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

import feedparser

from bench.articles import articles
from bench.stage import Stage, stage
from libs.common.events.content import BATCH_LIMIT
from libs.common.ids import new_id
from libs.common.local.paths import checkout
from libs.common.models import Source
from libs.common.models.enums import SourceGroup, SourceKind, SourceState
from services.ingest import adapters  # noqa: F401  (registers the source kinds)
from services.ingest.adapters.base import SOURCE_KINDS, Entry
from services.ingest.addresses import canonical_url, url_hash
from services.ingest.entries import content_of
from services.ingest.queries import NewContent
from services.ingest.storing import store_contents

FEEDS, ENTRIES = 40, 50
KEEP = timedelta(days=90)


@dataclass(frozen=True)
class Speeds:
    """All entries per second."""

    sample: str
    parsed: float
    parsed_by_feedparser: float
    stored: float
    stored_one_by_one: float


def sample() -> tuple[str, list[bytes]]:
    archive = checkout().parent / "shared" / "data" / "vn_rss_samples" / "files.tar.xz"
    if not archive.is_file():
        return "tự tạo", list(generated())
    with lzma.open(archive) as raw, tarfile.open(fileobj=raw) as members:
        found = [content.read() for member in members if (content := members.extractfile(member))]
    return "vn_rss_samples", found


def generated() -> Iterator[bytes]:
    """RSS as newspapers write it: the title, the link, a day, and a summary with a picture in it."""
    rows = articles(FEEDS * ENTRIES, "feeds")
    day = format_datetime(datetime(2026, 11, 24, 5, tzinfo=UTC))
    for _ in range(FEEDS):
        items = "".join(
            f"<item><title>{escape(row['title'])}</title><link>{row['url']}</link><guid>{row['url']}</guid>"
            f"<pubDate>{day}</pubDate><description><![CDATA[<a href='{row['url']}'><img src='/anh.jpg'></a>"
            f"{row['text'][:300]}]]></description></item>"
            for row in itertools.islice(rows, ENTRIES)
        )
        yield f"<rss version='2.0'><channel><title>Báo</title>{items}</channel></rss>".encode()


def entries_of(data: bytes) -> Sequence[Entry]:
    kind = SOURCE_KINDS.get(SourceKind.FEED)
    return kind.parse(data, content_type=None, url="https://bench.example.vn/rss", language="vi").entries


def by_feedparser(data: bytes) -> Sequence[object]:
    found: Sequence[object] = feedparser.parse(data).entries
    return found


def rate(feeds: Sequence[bytes], parse: Callable[[bytes], Sequence[object]]) -> float:
    """Entries per second of this core's time, of three passes the quickest."""
    passes = []
    for _ in range(3):
        began = time.process_time()
        count = sum(len(parse(data)) for data in feeds)
        passes.append(count / (time.process_time() - began))
    return max(passes)


async def stored(stage: Stage, source: Source, feeds: Sequence[bytes], batch: int, run: str) -> float:
    """Entries per second, from bytes to committed rows and events, by one process."""
    now, count = datetime.now(UTC), 0
    began = time.monotonic()
    for data in feeds:
        contents = [made for entry in entries_of(data) if (made := content(entry, source, now, run))]
        for start in range(0, len(contents), batch):
            async with stage.db.transaction() as session:
                await store_contents(session, contents[start : start + batch], now=now, keep=KEEP)
        count += len(contents)
    return count / (time.monotonic() - began)


def content(entry: Entry, source: Source, now: datetime, run: str) -> NewContent | None:
    """`run` makes the entries of two passes different pages with different texts."""
    url = canonical_url(entry.link or "")
    if url is None:
        return None
    url = f"{url}{'&' if '?' in url else '?'}run={run}"
    entry = replace(entry, title=f"{entry.title} ({run})")
    return content_of(entry, None, source, key=url_hash(url), url=url, now=now, mask=lambda text: text)


async def bench() -> Speeds:
    name, feeds = sample()
    async with stage(()) as made:
        source = await add_source(made)
        await stored(made, source, feeds[:2], BATCH_LIMIT, "warm")
        batched = await stored(made, source, feeds, BATCH_LIMIT, "batch")
        single = await stored(made, source, feeds[: max(len(feeds) // 10, 2)], 1, "single")
    return Speeds(name, rate(feeds, entries_of), rate(feeds, by_feedparser), batched, single)


async def add_source(made: Stage) -> Source:
    now = datetime.now(UTC)
    source = Source(
        id=new_id(now),
        kind=SourceKind.FEED,
        name="Đo nguồn cấp tin",
        url="https://bench.example.vn/rss",
        group=SourceGroup.PRESS,
        state=SourceState.PAUSED,
        created_at=now,
        language="vi",
    )
    async with made.db.transaction() as session:
        session.add(source)
    return source
