"""Hard bounds on a page before any parser of trees sees it: tags, attributes, scripts.

Parsers and extractors take time that grows with the square of what a stranger can write: a million links, a tag with
half a million attributes. An article has a few thousand tags (the largest of 720 real pages: 5,500). So the page is
cut behind the tag that is one too many, long tags keep only the attributes that name a part or a link, and what is no
content is left out. One walk, linear in the length of the page.
"""

import re

from services.ingest.page_scan import MAX_TAG, attributes, closing, tag_end, well_formed_end

MAX_TAGS = 20_000
LONG_TAG = 2_000
"""Bytes from which a start tag is written anew."""
MAX_LONG_TAGS = 50
LONGEST_TAG = 1_000_000
"""Bytes to which a long tag may go on: sites put whole galleries in one value."""
KEPT = ("id", "class", "itemprop", "role", "href", "type", "style", "lang", "datetime")
MAX_VALUE = 400

_OPENING = re.compile(rb"<(?:!--|/?([a-zA-Z][a-zA-Z0-9:-]{0,30}))")
_LEFT_OUT = frozenset({b"script", b"style"})


def bounded(page: bytes, tags: int = MAX_TAGS) -> bytes:
    """The page within the bounds: comments, styles and scripts out (JSON-LD stays), at most so many tags."""
    pieces, at, kept, long_ones = [], 0, 0, 0
    while (found := _OPENING.search(page, at)) and (tags := tags - 1) >= 0:
        start, name = found.start(), (found[1] or b"").lower()
        end = well_formed_end(page, start, MAX_TAG) if name else _behind_comment(page, start)
        if end < 0 and (long_ones := long_ones + 1) < MAX_LONG_TAGS:
            end = well_formed_end(page, start, LONGEST_TAG)
        if end < 0:
            end = tag_end(page, start)
        is_out = not name
        if name in _LEFT_OUT and page[start + 1] != 0x2F:
            is_out = b"ld+json" not in page[start:end]
            end = closing(page, name, end)
        if is_out or (end - start > LONG_TAG and name not in _LEFT_OUT):
            pieces.append(page[kept:start])
            if not is_out:
                pieces.append(_shortened(page[start:end], name))
            kept = end
        at = max(end, start + 1)
    pieces.append(page[kept : at if tags < 0 else len(page)])
    return b"".join(pieces)


def _behind_comment(page: bytes, start: int) -> int:
    end = page.find(b"-->", start + 4)
    return end + 3 if end >= 0 else len(page)


def _shortened(tag: bytes, name: bytes) -> bytes:
    if tag.startswith(b"</"):
        return b"</%b>" % name
    told = attributes(tag)
    kept = (f' {one}="{_quoted(told[one])}"' for one in KEPT if one in told)
    return b"<%b%b>" % (name, "".join(kept).encode("utf-8", "replace"))


def _quoted(value: str) -> str:
    return value[:MAX_VALUE].replace("&", "&amp;").replace('"', "&quot;")
