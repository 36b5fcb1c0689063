"""The short way through a feed says what the general reader says, or nothing."""

from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.adapters import feed
from services.ingest.adapters.base import NotParsable, ParsedDocument
from services.ingest.adapters.plainfeed import read_plain

WORDS = (
    "Cầu mới",
    "thông xe",
    "a < b",
    "R&D",
    "<b>đậm</b>",
    "</br>",
    "<img src='x'/>",
    "&eacute;",
    "“trích”",
    "  ",
    "\n",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
ADDRESSES = st.sampled_from(
    ("https://bao.vn/a.html", "/tin/a.html", "http://bao.vn/x?a=1&b=2", "bao.vn", "", "urn:a:1")
)
KNOWN = st.sampled_from(
    ("Tue, 24 Nov 2026 10:15:00 +0700", "24 Nov 2026 10:15:00 GMT", "Sun, 1 Mar 2026 00:00:01 +0000")
)
DATES = st.one_of(*[KNOWN] * 6, st.sampled_from(("2026-11-24", "24/11/2026 10:15", "hôm qua", "")))
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name.split(' ')[0]}>"


ITEM_PARTS = st.one_of(
    st.tuples(st.sampled_from(("title", "description", "content:encoded", "category", "media:title")), TEXTS),
    st.tuples(st.sampled_from(("link", "guid", 'guid isPermaLink="false"', "comments")), ADDRESSES),
    st.tuples(st.sampled_from(("pubDate", "dc:date")), DATES),
    st.just(("author", "pv@bao.vn")),
).map(lambda part: element(*part))
ITEMS = st.lists(ITEM_PARTS, max_size=7).map(lambda parts: f"<item>{''.join(parts)}</item>")
CHANNEL_PARTS = st.one_of(
    st.tuples(st.just("title"), TEXTS).map(lambda part: element(*part)),
    st.sampled_from(
        (
            "<language>vi</language>",
            "<ttl>15</ttl>",
            "<link>https://bao.vn</link>",
            '<atom:link rel="hub" href="https://hub.vn/"/>',
            '<atom:link rel="self" href="rss.xml"/>',
            "<image><title>Ảnh</title><link>https://bao.vn/</link></image>",
        )
    ),
)
FEEDS = st.tuples(st.lists(CHANNEL_PARTS, max_size=4), st.lists(ITEMS, max_size=3)).map(
    lambda parts: f'<rss version="2.0" {NAMESPACES}><channel>{"".join(parts[0])}{"".join(parts[1])}</channel></rss>'
)


def short(document: str) -> ParsedDocument | None:
    return read_plain(document.encode(), content_type=None, url="https://bao.vn/rss", language=None)


def general(document: str) -> ParsedDocument:
    return feed._read_xml(feed.without_entities(document.encode()), "rss", None, "https://bao.vn/rss", None)


def said(parsed: ParsedDocument) -> Any:
    return (parsed.form, parsed.title, parsed.language, list(parsed.entries), list(parsed.links), parsed.ttl_seconds)


@settings(max_examples=300, deadline=None)
@given(FEEDS)
def test_it_says_what_the_general_reader_says(document: str) -> None:
    found = short(document)
    if found is not None:
        assert said(found) == said(general(document)), document


PLAIN = f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" {NAMESPACES}><channel><title>Báo</title><language>vi</language><ttl>15</ttl>
<atom:link rel="hub" href="https://hub.vn/"/>
<item><title>Cầu mới</title><link> https://bao.vn/a </link><guid>https://bao.vn/a</guid>
<pubDate>Tue, 24 Nov 2026 10:15:00 +0700</pubDate>
<description><![CDATA[<a href="x"><img src="y" alt="z"></a></br>Sáng nay <b>thông xe</b>.]]></description>
<content:encoded><![CDATA[<p>Một.</p><p>Hai.</p>]]></content:encoded></item></channel></rss>"""


def test_a_press_feed_goes_the_short_way() -> None:
    found = short(PLAIN)
    assert found is not None
    assert said(found) == said(general(PLAIN))
    (entry,) = found.entries
    assert (entry.title, entry.link, entry.id) == ("Cầu mới", "https://bao.vn/a", "https://bao.vn/a")
    assert entry.summary == "Sáng nay thông xe."
    assert entry.content == "Một.\nHai."
    assert (found.links, found.ttl_seconds) == (["https://hub.vn/"], 900)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<?xml", "<!DOCTYPE rss [<!ENTITY a 'b'>]><?xml"),
        ('encoding="utf-8"', 'encoding="windows-1258"'),
        ('version="2.0" xmlns', 'version="0.92" xmlns'),
        ("</item>", ""),
        ("<item>", '<item xml:base="https://khac.vn/">'),
        ("<title>Cầu mới", "<title>Khác</title><title>Cầu mới"),
        ("<title>Cầu mới", "<title>Cầu &amp;amp; mới"),
        (" https://bao.vn/a ", "/a"),
        ("<b>thông xe</b>", "<script>x()</script>"),
        ("Tue, 24 Nov", "Thứ ba 24 Nov"),
    ],
)
def test_what_is_unusual_is_left_to_the_general_reader(before: str, after: str) -> None:
    changed = PLAIN.replace(before, after, 1)
    assert changed != PLAIN
    assert short(changed) is None
    try:
        assert feed.Feed.parse(changed.encode())
    except NotParsable:
        pytest.fail("the general reader takes it")
