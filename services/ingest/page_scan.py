"""One walk over an article page as bytes: its meta elements, links, headings and JSON-LD, without building a tree.

What lies in comments, scripts and styles is not markup and is stepped over. Every step moves forward and every part
is bounded, so the time is linear in the length of the page whatever a stranger writes. Pages are UTF-8 here.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.ingest.markup import plain_text

MAX_TAG = 16_000
"""Bytes of one start tag that are looked at."""
MAX_OF_A_KIND = 500
MAX_BLOCKS = 20
MAX_BLOCK = 2_000_000
MAX_HEADING = 2_000

_MARK = re.compile(rb"<(?:!--|(script|style|meta|link|title|h1|html|/head|body)(?=[\s>/]))", re.IGNORECASE)
_TAG_END = re.compile(rb"""(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(r"""(?<![^\s"'/])([a-zA-Z][\w:.-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++))""")
_META_NAME = re.compile(rb"""\s(?:property|name|itemprop)\s*=\s*["']?([^"'<>]{1,60})""", re.IGNORECASE)
_READ_META = re.compile(
    rb"title|descr|og:url|site_name|locale|language|time|date|pub|issued|created|modified|lastmod", re.IGNORECASE
)
"""What the names of those meta elements have in them that anybody reads."""
_CLOSING = {name: re.compile(b"</" + name, re.IGNORECASE) for name in (b"script", b"style", b"title", b"h1")}


@dataclass(slots=True)
class PageScan:
    """What a page says about itself, in its own order; all of it text. `rest`: where the walk ended; `tried`: how many
    headings were looked at."""

    page: bytes = field(repr=False, default=b"")
    html: dict[str, str] = field(default_factory=dict)
    metas: list[dict[str, str]] = field(default_factory=list)
    links: list[dict[str, str]] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    title: str = ""
    rest: int = 0
    tried: int = 0

    @property
    def headings(self) -> list[str]:
        """The first headings of the highest level; looked for only when somebody asks."""
        if self.rest < len(self.page) and not self.shown:
            self.shown += _later_headings(self.page, self.rest)
        return self.shown


def scan_page(page: bytes, *, whole: bool = True) -> PageScan:
    """Walk the page. Without `whole`, the walk ends with the head; headings and JSON-LD are still found behind it."""
    found = PageScan(page)
    found.rest = _walk(page, found, whole=whole)
    if not whole:
        found.blocks += _later_blocks(page, found.rest, MAX_BLOCKS - len(found.blocks))
    return found


def attributes(tag: bytes) -> dict[str, str]:
    """The attributes of a start tag, names in lower case, values without entities; the first of a name stands."""
    told: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text_of(tag)):
        value = double or single or bare
        told.setdefault(name.lower(), html.unescape(value) if "&" in value else value)
    return told


def text_of(part: bytes) -> str:
    """A part of a page as text; a cut through a character costs that character alone."""
    return part.decode("utf-8", "replace")


def tag_end(page: bytes, start: int) -> int:
    """Where the start tag that begins at `start` ends, behind its `>`; quoted values may hold one."""
    if (end := well_formed_end(page, start, MAX_TAG)) >= 0:
        return end
    end = page.find(b">", start, start + MAX_TAG)  # a quote that never closes
    return end + 1 if end >= 0 else min(start + MAX_TAG, len(page))


def well_formed_end(page: bytes, start: int, limit: int) -> int:
    """Where a tag whose quotes close ends, within so many bytes; -1 where none does."""
    found = _TAG_END.match(page, start + 1, start + limit)
    return found.end() if found else -1


def closing(page: bytes, name: bytes, start: int, stop: int | None = None) -> int:
    """Where the closing tag of that name begins; the end of the page, or -1 before `stop`, where there is none."""
    limit = len(page) if stop is None else stop
    at = page.find(b"</" + name, start, limit)
    if at < 0 and (other := _CLOSING[name].search(page, start, limit)):
        return other.start()
    return at if at >= 0 or stop is not None else len(page)


def _walk(page: bytes, found: PageScan, *, whole: bool) -> int:
    at = 0
    while mark := _MARK.search(page, at):
        name = (mark[1] or b"").lower()
        if not whole and name in (b"/head", b"body"):
            return mark.start()
        at = _step(page, mark.start(), name, found)
    return len(page)


def _step(page: bytes, start: int, name: bytes, found: PageScan) -> int:
    """Take what stands here; answers where to go on."""
    if not name:
        end = page.find(b"-->", start + 4)
        return end + 3 if end >= 0 else len(page)
    if name in (b"/head", b"body"):
        return start + len(name) + 1
    end = tag_end(page, start)
    if name in (b"script", b"style"):
        return _skip(page, start, end, name, found)
    if name in (b"title", b"h1"):
        found.tried += 1
        return _heading(page, end, name, found) if found.tried < MAX_OF_A_KIND else end
    _keep(page, start, end, name, found)
    return end


def _keep(page: bytes, start: int, end: int, name: bytes, found: PageScan) -> None:
    if name == b"html":
        found.html = found.html or attributes(page[start:end])
        return
    tag = page[start:end]
    if name == b"link" and b"canonical" not in tag.lower():
        return
    if name == b"meta" and not any(map(_READ_META.search, _META_NAME.findall(tag))):
        return
    kept = found.metas if name == b"meta" else found.links
    if len(kept) < MAX_OF_A_KIND:
        kept.append(attributes(tag))


def _skip(page: bytes, start: int, end: int, name: bytes, found: PageScan) -> int:
    """Over a script or style; JSON-LD is kept."""
    stop = closing(page, name, end)
    if name == b"script" and len(found.blocks) < MAX_BLOCKS and b"ld+json" in page[start:end].lower():
        found.blocks.append(text_of(page[end : min(stop, end + MAX_BLOCK)]))
    return stop + 2


def _heading(page: bytes, end: int, name: bytes, found: PageScan) -> int:
    close = closing(page, name, end, end + 4 * MAX_HEADING)
    if close < 0:
        return end
    if name == b"title":
        found.title = found.title or plain_text(text_of(page[end:close]))
    elif len(found.shown) < 5:
        found.shown.append(plain_text(text_of(page[end:close])))
    return close


def _later_blocks(page: bytes, at: int, room: int) -> Iterator[str]:
    while room > 0 and (at := page.find(b"application/ld+json", at)) >= 0:
        start, opened = page.find(b">", at, at + MAX_TAG), page.rfind(b"<", max(0, at - 500), at)
        if start >= 0 and page[opened : opened + 7].lower() == b"<script":
            end = closing(page, b"script", start)
            yield text_of(page[start + 1 : min(end, start + MAX_BLOCK)])
            room, at = room - 1, end
        at += 19


def _later_headings(page: bytes, at: int) -> Iterator[str]:
    for _ in range(3):
        if (at := page.find(b"<h1", at)) < 0:
            return
        end = tag_end(page, at)
        if (close := closing(page, b"h1", end, end + 4 * MAX_HEADING)) >= 0:
            yield plain_text(text_of(page[end:close]))
        at = end
