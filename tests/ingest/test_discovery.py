"""Feeds found from a site's address, against a real site: what is read is told, nothing is subscribed to."""

from typing import Any

import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from services.ingest.catalogue.discovery import MAX_TRIED, hints_of, read_candidate, sitemaps_in
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, Item, rss
from tests.ingest.site import Answer, Site

HOME = """<html><head><title>Cổng thông tin</title>
<link rel="alternate" type="application/rss+xml" title="Tin mới" href="/rss/tin-moi.rss">
<link rel="alternate" type="application/atom+xml" href="/hong.atom">
<link rel="alternate" type="text/html" hreflang="en" href="/en"><link rel="stylesheet" href="/feed.css"></head>
<body><nav><a href="/gioi-thieu">Giới thiệu</a> <a href="/kenh/rss">Kênh</a> <a href="/dang-ky">RSS</a>
<a href="https://khac.example/rss">Báo bạn</a> <a href="/rss/tin-moi.rss?utm_source=menu">Tin mới</a>
<a href="javascript:void(0)">RSS</a></nav></body></html>"""
SITEMAP = (
    b"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    b"<url><loc>https://a.example/1</loc><lastmod>2026-11-20T08:00:00+07:00</lastmod></url></urlset>"
)
ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><title>Thong bao</title><updated>2026-11-01T00:00:00Z</updated>"
    b"<entry><id>1</id><title>A</title><link href='https://a.example/1'/><updated>2026-11-02T00:00:00Z</updated></entry>"
    b"</feed>"
)


def portal(site: Site) -> None:
    site.routes["/"] = Answer(HOME.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    site.routes["/rss/tin-moi.rss"] = Answer(rss(Item(site.url("/1"), "Một"), Item(site.url("/2"), "Hai")))
    site.routes["/hong.atom"] = Answer(b"<html><body>404</body></html>")
    site.routes["/kenh/rss"] = Answer(ATOM)
    site.routes["/robots.txt"] = Answer(
        f"User-agent: *\nDisallow: /rss.xml\nSitemap: {site.url('/news.xml')}\nsitemap:/map.xml\n".encode()
    )
    site.routes["/news.xml"] = Answer(SITEMAP)
    site.routes["/map.xml"] = Answer(
        b"<sitemapindex><sitemap><loc>https://a.example/s1.xml</loc></sitemap></sitemapindex>"
    )


async def find(desk: Desk, url: str, **more: Any) -> Any:
    return await desk.ask("POST", "/catalogue/discover", json={"url": url}, **more)


async def test_a_site_is_searched_and_nothing_is_subscribed_to(desk: Desk, site: Site) -> None:
    portal(site)
    await desk.make.source(name="Đã có", url=site.url("/kenh/rss"))
    answer = await find(desk, site.url("/"))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    told = {one["url"].removeprefix(site.url("")): one for one in found["candidates"]}
    assert {path: (one["kind"], one["entries"], one["found_by"]) for path, one in told.items()} == {
        "/rss/tin-moi.rss": ("feed", 2, "link"),
        "/kenh/rss": ("feed", 1, "anchor"),
        "/news.xml": ("sitemap", 1, "robots"),
        "/map.xml": ("sitemap", 1, "robots"),
    }
    assert (told["/rss/tin-moi.rss"]["title"], told["/kenh/rss"]["newest_at"]) == ("Báo", "2026-11-02T00:00:00Z")
    assert [path for path, one in told.items() if one["is_known"]] == ["/kenh/rss"]
    assert await desk.count(m.Source) == 1
    asked = site.paths()
    assert asked.count("/rss/tin-moi.rss") == 1, "the anchor's tracking makes no second address of it"
    assert "/rss.xml" not in asked, "robots.txt keeps us out of it"
    assert "/gioi-thieu" not in asked
    assert found["tried"] <= MAX_TRIED


async def test_the_address_of_a_feed_is_its_own_answer(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/1"), "Một")))
    found = (await find(desk, site.url("/rss"))).json()
    assert [(one["url"], one["found_by"]) for one in found["candidates"]] == [(site.url("/rss"), "the_address")]


async def test_a_site_that_offers_nothing_says_so(desk: Desk, site: Site) -> None:
    site.routes["/"] = Answer(b"<html><body><p>Xin ch\xc3\xa0o</p></body></html>")
    found = (await find(desk, site.url("/"))).json()
    assert found["candidates"] == []
    assert len(site.paths()) <= MAX_TRIED + 2


async def test_a_page_of_endless_links_is_searched_only_so_far(desk: Desk, site: Site) -> None:
    links = "".join(f"<a href='/rss/{n}'>rss</a>" for n in range(5000))
    site.routes["/"] = Answer(f"<html><body>{links}</body></html>".encode())
    found = (await find(desk, site.url("/"))).json()
    assert found["tried"] <= MAX_TRIED
    assert len(site.paths()) <= MAX_TRIED + 2, "and robots.txt, for its rules and for its sitemaps"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:1/x",
        "http://[::1]/",
        "ftp://a.example/",
        "file:///etc/passwd",
    ],
)
async def test_nothing_private_is_ever_asked(desk_with: DeskWith, url: str) -> None:
    desk: Desk = await desk_with(replay=False)
    answer = await find(desk, url)
    assert (answer.status_code, answer.json()["title"]) == (422, "Không đọc được trang để tìm nguồn tin"), answer.text


async def test_a_redirect_to_a_private_address_is_refused(desk_with: DeskWith, site: Site) -> None:
    """From this machine, where the first hop is allowed, to an address that is not."""
    desk: Desk = await desk_with(replay=True)
    site.routes["/"] = Answer(status=302, headers={"Location": "http://10.0.0.1/rss"})
    answer = await find(desk, site.url("/"))
    assert answer.status_code == 422
    assert "10.0.0.1" in answer.json()["detail"]


async def test_only_keepers_of_sources_may_look(desk: Desk, site: Site, signed_in: Any) -> None:
    portal(site)
    for role in (Role.VIEWER, Role.INTEGRATOR, Role.SPOKESPERSON):
        assert (await find(desk, site.url("/"), who=await signed_in(role))).status_code == 403
    assert site.paths() == []


# --- pure ----------------------------------------------------------------------------------------------------


def test_hints_are_of_the_site_itself_and_in_order() -> None:
    hints = hints_of(HOME, "https://cong.example/")
    assert [(one.url, one.found_by) for one in hints] == [
        ("https://cong.example/rss/tin-moi.rss", "link"),
        ("https://cong.example/hong.atom", "link"),
        ("https://cong.example/kenh/rss", "anchor"),
        ("https://cong.example/dang-ky", "anchor"),
        ("https://cong.example/rss/tin-moi.rss?utm_source=menu", "anchor"),
    ]
    based = hints_of("<base href='/vn/'><a href='rss'>x</a>", "https://cong.example/")
    assert [one.url for one in based] == ["https://cong.example/vn/rss"]
    assert hints_of("", "https://cong.example/") == []


@pytest.mark.parametrize(
    ("robots", "named"),
    [
        ("Sitemap: https://a.example/s.xml", ["https://a.example/s.xml"]),
        ("user-agent: *\r\nSITEMAP :https://a.example/1.xml # tin\r\n", ["https://a.example/1.xml"]),
        ("Disallow: /sitemap", []),
        ("", []),
    ],
)
def test_sitemaps_of_robots(robots: str, named: list[str]) -> None:
    assert sitemaps_in(robots) == named


def test_what_is_no_feed_is_no_candidate() -> None:
    for body in (b"<html></html>", b"{}", b"PK\x03\x04", b"<a/>", b"\x00\xff"):
        assert read_candidate(body, None, "https://a.example/x", "path") is None
    empty = read_candidate(rss(), "text/xml", "https://a.example/rss", "path")
    assert empty is not None
    assert (empty.kind, empty.entries, empty.newest_at) == ("feed", 0, None)
