"""An entry of a feed and the page behind it, made into one content."""

from collections.abc import Callable
from datetime import datetime

from libs.common.models import Source
from libs.common.models.enums import DateProvenance
from services.ingest.adapters.base import Entry
from services.ingest.addresses import same_page, url_hash, without_author
from services.ingest.domain import MASKED_GROUPS, believable_date, content_hash, form_of
from services.ingest.extract import Article
from services.ingest.markup import clean
from services.ingest.queries import NewContent

MAX_TITLE, MAX_SUMMARY, MAX_TEXT = 1000, 5000, 200_000


def content_of(
    entry: Entry,
    article: Article | None,
    source: Source,
    *,
    key: bytes,
    url: str | None,
    now: datetime,
    mask: Callable[[str], str],
    found_at: str | None = None,
) -> NewContent | None:
    """The content to store; None where neither the entry nor its page says anything. `found_at`: the canonical
    address at which redirects ended."""
    title = clean(entry.title or (article.title if article else None) or "")[:MAX_TITLE]
    summary = clean(entry.summary or (article.summary if article else None) or "")[:MAX_SUMMARY] or None
    text = clean(_fullest(entry, article))[:MAX_TEXT]
    if not (title or text):
        return None
    if source.group in MASKED_GROUPS:
        title, text = mask(title), mask(text)
        summary = mask(summary) if summary else None
    published, origin = _date(entry, article, now)
    link = without_author(url) if url else None
    address = without_author(same_page(url, found_at, article.canonical_url)) if url and article else link
    own_key = url_hash(address) if address else key
    return NewContent(
        key=own_key,
        aliases=() if own_key == key else (key,),
        link=link,
        source_id=source.id,
        kind=form_of(source.group),
        url=address,
        title=title or text[:120],
        summary=summary,
        text=text,
        language=source.language,
        published_at=published,
        published_from=origin,
        content_hash=content_hash(title, text),
    )


def _fullest(entry: Entry, article: Article | None) -> str:
    """The page's text, or the feed's when the page gave none or less."""
    own = entry.content or entry.summary or ""
    return article.text if article and len(article.text) >= len(own) else own


def _date(entry: Entry, article: Article | None, now: datetime) -> tuple[datetime | None, str]:
    """The feed's date, else the page's; each with where it was read."""
    for at, origin in (
        (entry.published_at, entry.published_from),
        (article.published_at, article.published_from) if article else (None, DateProvenance.NONE),
    ):
        believed = believable_date(at, now)
        if believed:
            return believed, origin
    return None, DateProvenance.NONE
