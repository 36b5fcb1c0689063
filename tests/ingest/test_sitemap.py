"""Sitemaps: plain, news, index, gzip, and what is none."""

import gzip
from datetime import UTC, datetime

import pytest

from services.ingest import adapters  # noqa: F401  (registers the kinds)
from services.ingest.adapters.base import SOURCE_KINDS, NotParsable, ParsedDocument

NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://bao.vn/a.html </loc><lastmod>2026-11-25</lastmod><news:news>
<news:publication><news:name>Báo</news:name><news:language>vi</news:language></news:publication>
<news:publication_date>2026-11-24T10:15:00+07:00</news:publication_date><news:title>Cầu mới</news:title>
</news:news></url>
<url><loc>javascript:alert(1)</loc></url><url><lastmod>2026-01-01</lastmod></url>
</urlset>"""


def parse(data: bytes | str) -> ParsedDocument:
    return SOURCE_KINDS.get("sitemap").parse(data.encode() if isinstance(data, str) else data)


@pytest.mark.mission("M02")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_news_sitemap_gives_titles_and_dates(pack: type[bytes]) -> None:
    (entry,) = parse(pack(NEWS.encode())).entries
    assert (entry.link, entry.title, entry.language) == ("https://bao.vn/a.html", "Cầu mới", "vi")
    assert (entry.published_at, entry.published_from) == (datetime(2026, 11, 24, 3, 15, tzinfo=UTC), "feed")


def test_lastmod_never_stands_for_publication() -> None:
    document = "<urlset><url><loc>https://bao.vn/a</loc><lastmod>2026-11-24</lastmod></url></urlset>"
    (entry,) = parse(document).entries
    assert (entry.published_at, entry.published_from) == (None, "none")
    assert entry.updated_at is not None


def test_an_index_gives_further_sitemaps() -> None:
    document = "<sitemapindex><sitemap><loc>https://bao.vn/1.xml</loc></sitemap><sitemap/></sitemapindex>"
    assert parse(document).links == ["https://bao.vn/1.xml"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><body/></html>", "không phải sơ đồ trang"),
        (b"", "không phải XML"),
        (b"not xml", "không phải XML"),
        (b"\x1f\x8b\x08broken", "bị hỏng"),
        (gzip.compress(b" " * 120_000_000), "vượt quá giới hạn"),
    ],
)
def test_what_is_no_sitemap_says_so(data: bytes, reason: str) -> None:
    with pytest.raises(NotParsable) as caught:
        parse(data)
    assert reason in caught.value.vi


def test_entities_stay_unexpanded() -> None:
    document = '<!DOCTYPE u [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY a "boom">]><urlset><url>'
    document += "<loc>https://bao.vn/&a;&e;</loc></url></urlset>"
    assert "boom" not in repr(parse(document))
    assert "root:" not in repr(parse(document))


def test_emoji_written_as_two_halves_are_whole_and_a_half_alone_goes() -> None:
    title = "M\u01b0a to &#55356;&#57287; &#xD83D;&#xDE00;, &#xD83D; ng\u1eadp"
    data = (
        "<urlset xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://bao.vn/1</loc>"
        f"<news:news><news:title>{title}</news:title></news:news></url></urlset>"
    ).encode()
    (entry,) = SOURCE_KINDS.get("sitemap").parse(data).entries
    assert entry.title == "M\u01b0a to \U0001f3c7 \U0001f600, ng\u1eadp"
