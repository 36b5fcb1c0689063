"""Feeds of every format, and documents that are none."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from services.ingest import adapters  # noqa: F401  (registers the kinds)
from services.ingest.adapters.base import SOURCE_KINDS, NotParsable, ParsedDocument

MOMENT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


def parse(data: bytes | str, **how: str) -> ParsedDocument:
    return SOURCE_KINDS.get("feed").parse(data.encode() if isinstance(data, str) else data, **how)


def rss(items: str, channel: str = "", version: str = "2.0") -> str:
    return f'<rss version="{version}"><channel><title>Báo</title>{channel}{items}</channel></rss>'


ITEM = """<item><guid isPermaLink="false">t-1</guid>
<title>Cầu mới &lt;b&gt;thông xe&lt;/b&gt; &amp;amp; mở đường</title>
<link>https://bao.vn/cau-moi.html</link><pubDate>Tue, 24 Nov 2026 10:15:00 +0700</pubDate>
<author>pv@bao.vn (Nguyễn Văn A)</author><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">B</dc:creator>
<description><![CDATA[<a href="x"><img src="y"/></a></br>Sáng nay, cầu được thông xe.]]></description></item>"""


def test_rss_gives_clean_text_and_no_author() -> None:
    (entry,) = parse(rss(ITEM)).entries
    assert entry.id == "t-1"
    assert entry.title == "Cầu mới thông xe & mở đường"
    assert entry.link == "https://bao.vn/cau-moi.html"
    assert entry.summary == "Sáng nay, cầu được thông xe."
    assert (entry.published_at, entry.published_from, entry.zone_assumed) == (MOMENT, "feed", False)
    assert "Nguyễn" not in repr(entry)
    assert "pv@bao.vn" not in repr(entry)


@pytest.mark.parametrize("version", ["0.91", "0.92", "0.93", "2.0"])
def test_every_rss_version(version: str) -> None:
    assert len(parse(rss(ITEM, version=version)).entries) == 1


def test_rdf_items_beside_their_channel() -> None:
    document = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Báo</title></channel>
    <item rdf:about="https://bao.vn/1"><title>Một</title><link>https://bao.vn/1</link>
    <dc:date>2026-11-24T10:15:00+07:00</dc:date></item></rdf:RDF>"""
    (entry,) = parse(document).entries
    assert (entry.title, entry.published_at) == ("Một", MOMENT)


def test_atom_with_full_content_and_an_update() -> None:
    document = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><title>Cổng</title><entry><id>urn:1</id>
    <title type="html">A &amp;lt;b&amp;gt;</title><link href="https://cong.vn/1"/>
    <published>2026-11-24T03:15:00Z</published><updated>2026-11-25T03:15:00Z</updated>
    <content type="html">
    &lt;p&gt;Đoạn một&lt;/p&gt;&lt;p&gt;Đoạn hai&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</content>
    </entry></feed>"""
    (entry,) = parse(document).entries
    assert entry.content == "Đoạn một\nĐoạn hai"
    assert entry.published_at == MOMENT
    assert entry.updated_at == datetime(2026, 11, 25, 3, 15, tzinfo=UTC)


def test_json_feed() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Cổng",
        "language": "vi",
        "items": [
            {"id": 7, "url": "https://cong.vn/7", "title": "Bảy", "content_html": "<p>Một</p><p>Hai</p>",
             "date_published": "2026-11-24T10:15:00", "authors": [{"name": "Nguyễn Văn A"}]},
            "not an item",
        ],
    }  # fmt: skip
    (entry,) = parse(json.dumps(feed)).entries
    assert (entry.id, entry.title, entry.content) == ("7", "Bảy", "Một\nHai")
    assert (entry.published_at, entry.zone_assumed) == (MOMENT, True)
    assert "Nguyễn" not in repr(entry)


def test_a_time_without_a_zone_follows_the_language_of_the_source() -> None:
    item = ITEM.replace(" +0700", "")
    assert parse(rss(item), language="vi").entries[0].published_at == MOMENT
    assert parse(rss(item), url="https://bao.vn/rss").entries[0].zone_assumed
    foreign = parse(rss(item), url="https://example.com/rss", language="en").entries[0]
    assert foreign.published_at == datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", ["windows-1258", "utf-16", "utf-8-sig"])
def test_encodings_end_as_composed_utf8(name: str) -> None:
    word = "H\u00e0 N\u00f4\u0323i" if name == "windows-1258" else "Hà Nội"  # cp1258 adds the tone apart
    declared = "utf-8" if name == "utf-8-sig" else name
    text = f'<?xml version="1.0" encoding="{declared}"?>' + rss(f"<item><title>{word}</title></item>")
    title = parse(text.replace("Báo", "Bao").encode(name)).entries[0].title
    assert title == "Hà Nội"


def test_a_declared_charset_that_lies_is_not_believed() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?>' + rss("<item><title>Hà Nội</title></item>")
    document = parse(text.encode(), content_type="text/xml; charset=utf-8")
    assert document.entries[0].title == "Hà Nội"


def test_malformed_xml_gives_what_can_be_read_and_a_warning() -> None:
    document = parse(rss(ITEM + "<item><title>Hai &nbsp; ba & bốn</title>").replace("</channel></rss>", ""))
    assert len(document.entries) == 2
    assert document.warning is not None
    assert "XML không chuẩn" in document.warning


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE html><html><body>Trang chu</body></html>", "trang HTML"),
        (b"\xef\xbb\xbf <!-- x --><html lang='vi'><head></head></html>", "trang HTML"),
        (b"<kml><Document/></kml>", "phần tử gốc: kml"),
        (b"", "trống"),
        (b"  \n ", "trống"),
        (b"plain words", "Không nhận ra"),
        (b"{}", "không phải JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": ', "JSON không hợp lệ"),
        (b"{" * 50_000, "JSON không hợp lệ"),
        (b"\x1f\x8b broken", "bị hỏng"),
        (gzip.compress(b" " * 40_000_000), "vượt quá giới hạn"),
        (b"\x00\xff\xfe\x01" * 300, "Không nhận ra"),
    ],
)
def test_what_is_no_feed_says_so_in_vietnamese(data: bytes, reason: str) -> None:
    with pytest.raises(NotParsable) as caught:
        parse(data)
    assert reason in caught.value.vi
    assert caught.value.en


def test_entities_are_neither_expanded_nor_fetched() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "' + "boom" * 50 + '"><!ENTITY b "' + "&a;" * 50 + '"><!ENTITY f SYSTEM '
    bomb += '"file:///etc/passwd">]>' + rss("<item><title>x &b; &f; y</title></item>")
    document = parse(bomb)
    assert "boom" not in repr(document)
    assert "root:" not in repr(document)


def test_deep_nesting_and_many_items_are_bounded() -> None:
    deep = parse(rss("<item><title>ok</title></item>" + "<x>" * 20_000))
    many = parse(rss("<item><title>x</title></item>" * 3000))
    assert deep.entries[0].title == "ok"
    assert len(many.entries) == 2000


def test_a_script_link_is_no_link() -> None:
    (entry,) = parse(rss("<item><title>x</title><link>javascript:alert(1)</link></item>")).entries
    assert entry.link is None


def test_a_feed_names_its_hub_and_its_rhythm() -> None:
    link = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.vn/"/><ttl>30</ttl>'
    document = parse(rss(ITEM, channel=link))
    assert "https://hub.vn/" in document.links
    assert document.ttl_seconds == 1800


def test_a_feed_under_the_doctype_of_a_page_is_a_feed() -> None:
    data = (
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://x/"><rss><channel><title>a</title></channel></rss>'
    )
    assert SOURCE_KINDS.get("feed").parse(data).title == "a"


def test_a_document_of_nothing_but_tags_is_refused_before_it_is_read() -> None:
    with pytest.raises(NotParsable, match="quá nhiều phần tử"):
        SOURCE_KINDS.get("feed").parse(b"<rss version='2.0'><channel>" + b"<div>" * 800_000)
