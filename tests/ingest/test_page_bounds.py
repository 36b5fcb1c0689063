"""Hostile pages: whatever is served, trees and extractors see a bounded number of tags and attributes."""

import re
import time

import pytest

from services.ingest.extract import extract_article
from services.ingest.page_bounds import LONG_TAG, MAX_TAGS, bounded
from services.ingest.page_scan import scan_page
from services.ingest.templates import Extractor

BODY = 4_000_000
PARAGRAPH = "<p>Sáng nay thành phố khánh thành cây cầu mới bắc qua sông, nối hai bờ và rút ngắn đường đi.</p>".encode()


LD_JSON = b'<script type="application/ld+json">'


def filled(piece: bytes, size: int = BODY) -> bytes:
    return piece * (size // len(piece))


HOSTILE = {
    "open divisions": filled(b"<div>"),
    "closed divisions": filled(b"<div>text</div>"),
    "deep again and again": filled(b"<div>" * 240 + b"x" + b"</div>" * 240),
    "links": filled(b"<a href=x>y</a>"),
    "open links": filled(b"<a href=x>y"),
    "one attribute": b'<div class="' + filled(b"x ") + b'">',
    "attributes": b"<div " + b" ".join(b"a%d=1" % n for n in range(BODY // 9)) + b">",
    "attributes without values": b"<div " + b" ".join(b"a%d" % n for n in range(BODY // 7)) + b">",
    "open quotes": filled(b"<meta '"),
    "less-than signs": filled(b"<"),
    "open comments": filled(b"<!--"),
    "open headings": filled(b"<h1>x"),
    "tables": filled(b"<table><tr><td>x"),
    "paragraphs": filled(PARAGRAPH),
    "dates": filled(b'<span class="date">x'),
    "times": filled(b"<time datetime=x>"),
    "brackets in JSON-LD": LD_JSON + filled(b"["),
    "articles in JSON-LD": b'<script type="application/ld+json">['
    + filled(b'{"@type":"NewsArticle"},')
    + b"1]</script>",
    "UTF-16 without its mark": filled("<p>à".encode("utf-16-le")),
    "control characters in tags": filled(b"<\x01p>x"),
    "every byte": bytes(range(256)) * (BODY // 256),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_number_and_length_of_tags_are_bounded(name: str) -> None:
    page = bounded(HOSTILE[name])
    assert len(re.findall(rb"<[a-z]", page)) <= MAX_TAGS + 1
    assert len(page) <= len(HOSTILE[name])
    assert not re.search(rb"<[a-z][^<>\"']{%d}" % (LONG_TAG + 1), page)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_four_megabytes_of_anything_are_soon_done(name: str) -> None:
    """Both ways; the limit is far above what it takes (about a second), and far below what is not linear."""
    extractor, began = Extractor(), time.process_time()
    for _ in range(2):
        extractor.extract(HOSTILE[name], site="hostile.example")
    assert time.process_time() - began < 20


def test_an_ordinary_page_keeps_its_content() -> None:
    page = (
        b'<!DOCTYPE html><html lang=vi><head><style>p > a {}</style><script>var t = "<p>no</p>";</script>'
        b'<script type="application/ld+json">{"@type": "NewsArticle"}</script></head>'
        b"<body><!-- <p>no</p> --><p title='a > b'>1 < 2</p><SCRIPT>x</SCRIPT><p>2</p></body></html>"
    )
    kept = bounded(page)
    assert b"ld+json" in kept
    assert b"no" not in kept
    assert b"p > a" not in kept
    assert kept.endswith(b"<body><p title='a > b'>1 < 2</p></SCRIPT><p>2</p></body></html>")


def test_a_tag_that_holds_a_gallery_keeps_what_names_it() -> None:
    photos = "{&quot;src&quot;: &quot;/1.jpg&quot;, &quot;of&quot;: &quot;<b>&quot;}" * 1000
    page = f'<div id="g" class="a &amp; b" data-photos="{photos}" href="/x">'.encode() + PARAGRAPH + b"</div>"
    assert bounded(page) == b'<div id="g" class="a &amp; b" href="/x">' + PARAGRAPH + b"</div>"


def test_a_page_with_too_many_tags_is_read_to_where_it_is_cut() -> None:
    article = extract_article(b"<html><body><article>" + PARAGRAPH * 20 + filled(b"<a>x</a>", 2_000_000))
    assert "cây cầu mới" in article.text


def test_scanning_takes_markup_for_what_it_is() -> None:
    page = """<html LANG="vi"><head><!-- <meta name="title" content="no"> -->
        <script>"<meta name=title content=no>"</script>
        <META content="C&#7847;u &amp; đường > sông" name='og:title'><title>T &lt; U</title>
        <link href=/c rel=canonical></head><body><h1>\n Một <b>hai</b></h1>
        <script type="application/ld+json">{"a": "</b>"}</script>""".encode()
    for whole in (True, False):
        scan = scan_page(page, whole=whole)
        assert scan.html == {"lang": "vi"}
        assert [meta["content"] for meta in scan.metas] == ["Cầu & đường > sông"]
        assert scan.links == [{"href": "/c", "rel": "canonical"}]
        assert scan.headings == ["Một hai"]
        assert scan.title == "T < U"
        assert scan.blocks == ['{"a": "</b>"}']
