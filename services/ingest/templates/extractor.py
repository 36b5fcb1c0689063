"""Article pages, the quick way where a site is known: by a template learned from its pages, watched, and forgotten.

A template is used once it gives what the general way gives: to the word on the page it was learned from, or on
another. Where it does not fit a page, the general way reads it and the template learns; now and then a page is read
both ways, and a template that no longer agrees is out of use until it agrees again. Safe to call from several threads.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from services.ingest.extract import Article, article_of, read_article, read_fields, utf8_page
from services.ingest.page_metadata import PageMetadata, canonical_of, meta_tags
from services.ingest.page_scan import PageScan, scan_page
from services.ingest.templates.learning import ALIKE, LEAST_TEXT, learn, learn_more, likeness
from services.ingest.templates.model import Measures, Template
from services.ingest.templates.reading import Reading, read_part

MAX_SITES = 2000
MAX_LAYOUTS = 4
AGREED = 1
"""Pages on which a template must have agreed, so that it is used."""
FIRST_CHECK = 3
CHECK_EVERY = 100
"""After how many quick readings a page is read both ways: first, and from then on."""
DOUBT = 0.03
MAX_TRIES = 4
"""Pages in a row that may teach nothing before a site is left to the general way for a while."""


_FIELDS = ("title", "summary", "published_at", "published_from", "updated_at", "canonical_url", "language")


@dataclass(slots=True)
class _Layout:
    template: Template
    uses: int = 0

    @property
    def is_due(self) -> bool:
        return self.uses == FIRST_CHECK or (self.uses > 0 and self.uses % CHECK_EVERY == 0)


@dataclass(slots=True)
class _Site:
    layouts: list[_Layout] = field(default_factory=list)
    fruitless: int = 0

    @property
    def is_worth_learning(self) -> bool:
        """A site that taught nothing is asked again at every tenth page."""
        return self.fruitless < MAX_TRIES or self.fruitless % 10 == 0


class Extractor:
    """Reads article pages and remembers the layouts of at most `sites` sites, the least used forgotten first."""

    def __init__(self, sites: int = MAX_SITES) -> None:
        self._capacity = sites
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._lock = threading.Lock()
        self.quick = 0
        self.general = 0

    def extract(
        self,
        body: bytes,
        content_type: str | None = None,
        url: str | None = None,
        site: str | None = None,
        language: str | None = None,
    ) -> Article:
        """Read a page. `site` tells whose templates apply: the host of `url`, or of the page's own address, if None."""
        page = utf8_page(body, content_type)
        reader = _Reader(page, url, language)
        known = self._site(key) if (key := site or _host(url) or reader.own_site()) else None
        if known is not None and (article := _quickly(known, reader)) is not None:
            self.quick += 1
            return article
        self.general += 1
        article = read_article(page, url=url, language=language)
        if known is not None and len(article.text) >= LEAST_TEXT:
            with self._lock:
                _observe(known, reader, article)
        return article

    def templates(self, site: str) -> list[dict[str, Any]]:
        """What was learned of a site, as plain values to store."""
        with self._lock:
            known = self._sites.get(site)
            return [layout.template.to_json() for layout in known.layouts] if known else []

    def restore(self, site: str, stored: Iterable[Mapping[str, Any]]) -> None:
        """Take up what was stored of a site."""
        known = self._site(site)
        with self._lock:
            known.layouts = [_Layout(Template.from_json(one)) for one in stored][:MAX_LAYOUTS]

    def _site(self, key: str) -> _Site:
        with self._lock:
            site = self._sites.setdefault(key, _Site())
            self._sites.move_to_end(key)
            while len(self._sites) > self._capacity:
                self._sites.popitem(last=False)
            return site


@dataclass(slots=True)
class _Reader:
    """A page being read, with what was seen of its head."""

    page: bytes
    url: str | None
    language: str | None
    head: PageScan = field(init=False)

    def __post_init__(self) -> None:
        self.head = scan_page(self.page, whole=False)

    def own_site(self) -> str:
        """The host that the page names as its own."""
        return _host(canonical_of(self.head, meta_tags(self.head.metas)))

    def body(self, template: Template) -> Reading | None:
        place = template.container.find(self.page)
        return read_part(self.page[place[0] : place[1]], template) if place else None

    def fields(self, *, is_head_enough: bool = True) -> PageMetadata:
        scan = self.head if is_head_enough else scan_page(self.page)
        return read_fields(self.page, scan, url=self.url, language=self.language)


# --- the quick way ----------------------------------------------------------------------------------------


def _quickly(site: _Site, reader: _Reader) -> Article | None:
    """The article by the first layout that fits; None where the general way is to read the page."""
    for layout in tuple(site.layouts):
        template = layout.template
        if template.agreed < AGREED or (reading := reader.body(template)) is None or not fits(reading, template):
            continue
        layout.uses += 1
        if layout.is_due:
            return None
        fields = reader.fields(is_head_enough=template.is_head_enough)
        if is_whole(fields, template):
            return article_of(fields, reading.text)
    return None


def fits(reading: Reading, template: Template) -> bool:
    """Whether a reading looks like those the template was learned from."""
    found, known = reading.measures(has_title=True, has_date=True), template.measures
    return (
        max(LEAST_TEXT, known.shortest // 4) <= found.longest <= 4 * known.longest + 4000
        and found.most_links <= known.most_links + 0.1
        and reading.doubtful <= DOUBT * found.longest
    )


def is_whole(fields: PageMetadata, template: Template) -> bool:
    """Whether the page says of itself what the pages of its layout say."""
    known = template.measures
    return (not known.has_title or fields.title is not None) and (not known.has_date or fields.published_at is not None)


# --- learning ---------------------------------------------------------------------------------------------


def _observe(site: _Site, reader: _Reader, article: Article) -> None:
    """Hold what the templates give against what the general way gave, and learn from the difference."""
    if not (site.layouts or site.is_worth_learning):
        site.fruitless += 1
        return
    quick = reader.fields()
    is_head_enough = all(getattr(article, name) == getattr(quick, name) for name in _FIELDS)
    is_learned = _taught(site, reader, article, is_head_enough) or _new_layout(site, reader, article, is_head_enough)
    site.fruitless = 0 if is_learned else site.fruitless + 1


def _taught(site: _Site, reader: _Reader, article: Article, is_head_enough: bool) -> bool:
    """Whether a known layout is this page's; it then counts the page, or learned from it."""
    for layout in site.layouts:
        template = layout.template
        reading = reader.body(template)
        has_agreed = reading is not None and likeness(reading.text, article.text) >= ALIKE
        more = learn_more(template, reader.page, article.text)
        if more is None and not has_agreed:
            layout.template = replace(template, agreed=0) if reading is not None else template
            continue
        template, reading = more or (template, reading)
        layout.template = replace(
            template,
            measures=template.measures.joined(_measures(reading, article)) if reading else template.measures,
            agreed=template.agreed + 1 if has_agreed else 0,
            is_head_enough=template.is_head_enough and is_head_enough,
        )
        return True
    return False


def _new_layout(site: _Site, reader: _Reader, article: Article, is_head_enough: bool) -> bool:
    """Learn this page's layout; where a known one shares its container under fewer names, that one is widened."""
    page, text = reader.page, article.text
    template = learn(page, text, is_head_enough=is_head_enough, has_date=article.published_at is not None)
    if template is None:
        return False
    for layout in site.layouts:
        shared = layout.template.container.shared_with(template.container)
        if shared is None or shared == layout.template.container:
            continue
        if more := learn_more(replace(layout.template, container=shared), page, text):
            layout.template = replace(more[0], agreed=0)
            return True
    site.layouts.insert(0, _Layout(template))
    del site.layouts[MAX_LAYOUTS:]
    return True


def _measures(reading: Reading, article: Article) -> Measures:
    return reading.measures(has_title=article.title is not None, has_date=article.published_at is not None)


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""
