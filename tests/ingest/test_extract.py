"""Article pages: text without the frame, fields with their origin."""

from datetime import UTC, datetime

import pytest

from services.ingest.extract import extract_article
from services.ingest.markup import decode, paragraphs, plain_text
from services.ingest.page_metadata import load_json_leniently

MOMENT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
STORY = "".join(
    f"<p>Đoạn {number}: sáng nay thành phố khánh thành cây cầu mới bắc qua sông, nối hai bờ và rút ngắn đường "
    f"đi của người dân các phường ven sông.</p>"
    for number in range(6)
)


def page(head: str = "", body: str = "", lang: str = "vi") -> bytes:
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>Cầu mới - Báo</title>{head}</head>'
        f"<body><nav><a href='/'>Trang chủ</a><a href='/a'>Thời sự</a></nav><article><h1>Khánh thành cầu mới</h1>"
        f"{body}{STORY}</article><footer>Bản quyền thuộc về báo, mọi quyền được giữ</footer></body></html>"
    ).encode()


JSONLD = """<script type="application/ld+json">{"@graph": [{"@type": "WebPage", "name": "x"},
{"@type": ["NewsArticle"], "headline": "Khánh thành &quot;cầu mới&quot;", "datePublished": "2026-11-24T10:15:00+07:00",
"author": {"@type": "Person", "name": "Nguyễn Văn A"}, "description": "Tóm
tắt",}]}</script>"""
META = '<meta property="article:published_time" content="2026-11-24T10:15:00+07:00">'


def test_the_text_of_the_article_without_its_frame() -> None:
    article = extract_article(page())
    assert "Đoạn 0: sáng nay" in article.text
    assert "Đoạn 5: sáng nay" in article.text
    assert "Bản quyền" not in article.text
    assert article.title == "Khánh thành cầu mới"
    assert article.language == "vi"


@pytest.mark.parametrize(
    ("head", "body", "origin"),
    [
        (JSONLD + META, "", "jsonld"),
        (META, "", "meta"),
        ('<meta name="pubdate" content="2026-11-24T10:15:00+07:00">', "", "meta"),
        ("", '<time datetime="2026-11-24T10:15:00">10:15</time>', "meta"),
        ("", '<span class="date">Thứ ba, 24/11/2026, 10:15 (GMT+7)</span>', "text"),
    ],
)
def test_a_date_says_where_it_was_read(head: str, body: str, origin: str) -> None:
    article = extract_article(page(head, body))
    assert (article.published_at, article.published_from) == (MOMENT, origin)


def test_a_page_without_a_date_has_none() -> None:
    article = extract_article(page())
    assert (article.published_at, article.published_from) == (None, "none")


def test_sloppy_json_ld_is_read_and_its_author_is_not() -> None:
    article = extract_article(page(JSONLD))
    assert article.title == 'Khánh thành "cầu mới"'
    assert article.summary == "Tóm tắt"
    assert "Nguyễn Văn A" not in repr(article)


def test_the_canonical_address_is_the_page_s_own() -> None:
    head = (
        '<link rel="canonical" href="https://bao.vn/cau-moi.html"><meta property="og:url" content="https://m.bao.vn/">'
    )
    assert extract_article(page(head)).canonical_url == "https://bao.vn/cau-moi.html"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"\x00" * 5000,
        b"\xff\xfe\x00",
        b"%PDF-1.7 binary \x80\x81",
        b"<html>",
        b"<html></html>",
        b"<div>" * 50_000,
        b"<a" * 50_000,
        b"<!--" * 20_000,
        b"<table><tr><td>" * 5_000,
        b'<script type="application/ld+json">' + b"[" * 50_000 + b"</script>",
        b'<script type="application/ld+json">{"@graph": {"@graph": 1}}</script>',
        b"<html><body>" + b"<p>x" * 50_000,
    ],
)
def test_nothing_a_stranger_serves_breaks_it(data: bytes) -> None:
    extract_article(data)


def test_legacy_and_lying_encodings() -> None:
    text = "<html><body>H\u00e0 N\u00f4\u0323i</body></html>"
    assert "Hà Nội" in decode(text.encode("cp1258"), "text/html; charset=windows-1258")
    assert "Hà Nội" in decode(text.encode("cp1258"))
    assert "Hà Nội" in decode("Hà Nội".encode(), "text/html; charset=iso-8859-1")
    assert decode(b"abc", "text/html; charset=base64") == "abc"
    assert decode(b"abc", "text/html; charset=no-such") == "abc"


def test_markup_to_text() -> None:
    assert plain_text("a < b và c > d") == "a < b và c > d"
    assert plain_text("Một<br>hai &amp; <i>ba</i><script>x</script>") == "Một hai & ba"
    assert paragraphs("<p>Một\nhai</p><div>Ba</div>") == "Một hai\nBa"
    assert paragraphs("Một\n\nHai &lt;3") == "Một\nHai <3"


def test_json_as_sites_write_it() -> None:
    assert load_json_leniently('{"a": [1, 2,],}') == {"a": [1, 2]}
    assert load_json_leniently('{"a": "b\nc"}') == {"a": "b\nc"}
    assert load_json_leniently("{&quot;a&quot;: 1}") == {"a": 1}
    assert load_json_leniently("nonsense") is None
