"""The newsstand: every document of the sample reads, and a directory of anybody's files is served as it is."""

import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import httpx
import pytest
from fastapi import FastAPI
from lxml import etree, html

from sandbox.newsstand.app import open_edition, root_router, router
from sandbox.newsstand.directory import kind_of
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.settings import Mode, PressSettings
from sandbox.settings import SandboxSettings

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
FIELDS = {
    *("giao_thong", "moi_truong", "y_te", "giao_duc", "kinh_te", "do_thi", "an_ninh_trat_tu"),
    *("van_hoa_du_lich", "the_thao", "hanh_chinh", "thien_tai", "dat_dai_xay_dung", "chay_no", "an_sinh", "khac"),
}
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>B\xc3\xa1o M\xe1\xbb\x99t</title>
<image><url>https://mot.example/logo.png</url></image>
<item><title>Tin</title><link>https://mot.example/1</link></item></channel></rss>"""


def open_stand(press: PressSettings) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(router(SandboxSettings(), press))
    app.include_router(root_router())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8110")


def replayed(path: Path, mode: Mode = Mode.DIR, **more: Any) -> httpx.AsyncClient:
    return open_stand(PressSettings(mode=mode, path=path, ends_at=NOON, **more))


@pytest.fixture
def sample() -> httpx.AsyncClient:
    return open_stand(PressSettings(ends_at=NOON))


async def manifest(stand: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await stand.get("/press/manifest.json")).raise_for_status().json())


async def test_every_source_of_the_sample_reads_and_its_articles_open(sample: httpx.AsyncClient) -> None:
    told = await manifest(sample)
    assert told["fictional"]
    feeds = [one for one in told["sources"] if one["kind"] == "feed"]
    assert {urlsplit(one["url"]).path.rpartition(".")[2] for one in feeds} == {"xml", "json"}
    opened = 0
    for source in told["sources"]:
        if "url" not in source:
            continue
        answer = await sample.get(source["url"])
        links = _links(answer, source)
        assert len(links) == source["items"]
        for link in links:
            page = await sample.get(link)
            assert page.status_code == 200, link
            linked = html.fromstring(page.content).xpath('//script[@type="application/ld+json"]/text()')
            assert json.loads(linked[0])["@type"] == "NewsArticle"
            opened += 1
    assert opened + told["pushes"] == len((await sample.get("/press/gold.json")).json()) == 121


def _links(answer: httpx.Response, source: dict[str, Any]) -> list[str]:
    if source["url"].endswith(".json"):
        return [item["url"] for item in answer.json()["items"]]
    if source["kind"] == "sitemap":
        return [str(loc.text) for loc in etree.fromstring(answer.content).iter("{*}loc")]
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    return [entry.link for entry in parsed.entries]


async def test_the_gold_keeps_to_the_closed_lists(sample: httpx.AsyncClient) -> None:
    gold = (await sample.get("/press/gold.json")).json()
    assert {row["field"] for row in gold} <= FIELDS
    assert not [row["id"] for row in gold if row["risk"] and row["kind"] in ("criticism", "opinion", "complaint")]
    assert {row["kind"] for row in gold} >= {"news", "criticism", "complaint", "report_of_problem", "scam_suspect"}
    stories = Counter(row["story"] for row in gold if row["story"])
    assert min(stories.values()) >= 2
    assert len(stories) >= 8


async def test_the_day_ends_when_it_is_told_to(sample: httpx.AsyncClient) -> None:
    feed = feedparser.parse((await sample.get("/press/bao-song-hong/rss.xml")).content)
    assert all(datetime(*entry.published_parsed[:6], tzinfo=UTC) <= NOON for entry in feed.entries)


async def test_an_unchanged_document_is_not_sent_twice(sample: httpx.AsyncClient) -> None:
    first = await sample.get("/press/bao-song-hong/rss.xml")
    again = await sample.get("/press/bao-song-hong/rss.xml", headers={"If-None-Match": first.headers["etag"]})
    since = await sample.get(
        "/press/bao-song-hong/rss.xml", headers={"If-Modified-Since": first.headers["last-modified"]}
    )
    other = await sample.get("/press/bao-song-hong/rss.xml", headers={"If-None-Match": '"khac"'})
    assert (again.status_code, again.content, since.status_code, other.status_code) == (304, b"", 304, 200)


async def test_programs_are_kept_out_of_the_private_folder(sample: httpx.AsyncClient) -> None:
    rules = (await sample.get("/robots.txt")).text
    assert "Disallow: /press/*/noi-bo/" in rules
    assert (await sample.get("/press/phuong-cau-giay/noi-bo/lich-truc.html")).status_code == 200


async def test_its_front_page_is_marked_as_fiction(sample: httpx.AsyncClient) -> None:
    page = await sample.get("/press/")
    assert "HƯ CẤU" in page.text
    assert "Báo Sông Hồng" in page.text


async def test_links_never_point_to_a_host_that_was_only_claimed(sample: httpx.AsyncClient) -> None:
    answer = await sample.get("/press/manifest.json", headers={"Host": "evil.example"})
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("key", ["../../etc/passwd", "%2e%2e/settings.py", "tep/../../x", "khong-co"])
async def test_nothing_but_the_listed_documents_is_served(sample: httpx.AsyncClient, key: str) -> None:
    assert (await sample.get(f"/press/{key}")).status_code == 404


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (RSS, "feed"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><feed xmlns='http://www.w3.org/2005/Atom'/>", "feed"),
        (b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "feed"),
        (b"<urlset><url/></urlset>", "sitemap"),
        (b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY nbsp '&#160;'>]>\n<!-- a --> <!-- b --><rss/>", "feed"),
        ("<?xml version='1.0' encoding='utf-16'?><rss/>".encode("utf-16"), "feed"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "page"),
        (b"<html><body>about &lt;rss&gt;</body></html>", "page"),
        (b'{"id": 1}', None),
        (b"# A page begins with <html>", None),
        (b"%PDF-1.4", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_content(data: bytes, kind: str | None) -> None:
    assert kind_of(data) == kind


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", [b"<!--", b"<?", b"<!DOCTYPE", b"<!DOCTYPE [ ] ", b" ", b"<link "])
def test_no_file_takes_long_to_be_looked_at(piece: bytes) -> None:
    assert kind_of(b"<!DOCTYPE" + piece * 20_000) is None
    assert kind_of(piece * 20_000) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "nguon"
    (made / "sau").mkdir(parents=True)
    (made / "a.bin").write_bytes(RSS)
    (made / "sau" / "b.xml.xz").write_bytes(lzma.compress(RSS))
    (made / "trang.html").write_text("<!doctype html><html><title>Trang</title><body><p>Chữ</p></body></html>")
    (made / "README").write_text("không phải nguồn")
    with tarfile.open(made / "goi.tar.xz", "w:xz") as archive:
        entry = tarfile.TarInfo("../../thoat.xml")
        entry.size = len(RSS)
        archive.addfile(entry, io.BytesIO(RSS))
        link = tarfile.TarInfo("lien-ket.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with zipfile.ZipFile(made / "goi.zip", "w") as zipped:
        zipped.writestr("c.xml", RSS)
    return made


async def test_a_directory_is_served_with_its_own_bytes(folder: Path) -> None:
    stand = replayed(folder)
    told = await manifest(stand)
    feeds = [one for one in told["sources"] if one["kind"] == "feed"]
    assert len(feeds) == 4
    assert len({one["name"] for one in feeds}) == 4
    assert all("Báo Một" in one["name"] for one in feeds)
    assert told["ignored"] == ["README"]
    for feed in feeds:
        assert (await stand.get(feed["url"])).content == RSS
    (pages,) = [one for one in told["sources"] if one["kind"] == "sitemap"]
    (link,) = _links(await stand.get(pages["url"]), pages)
    assert "Chữ" in (await stand.get(link)).text


async def test_a_link_that_leads_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "bi-mat.xml"
    secret.write_bytes(RSS.replace(b"Tin", b"BI MAT"))
    inside = tmp_path / "nguon"
    inside.mkdir()
    (inside / "a.xml").write_bytes(RSS)
    (inside / "b.xml").symlink_to(secret)
    assert len((await manifest(replayed(inside)))["sources"]) == 1


@pytest.mark.parametrize("what", ["missing", "empty", "damaged", "bomb", "nothing"])
def test_what_cannot_be_replayed_is_refused_with_its_name(what: str, tmp_path: Path) -> None:
    path, limit = tmp_path / "nguon", 10_000_000
    match what:
        case "empty":
            path.mkdir()
        case "damaged":
            path = tmp_path / "hong.tar.xz"
            path.write_bytes(b"\xfd7zXZ\x00 khong phai")
        case "bomb":
            path = tmp_path / "bom.xml.xz"
            path.write_bytes(lzma.compress(b"<rss>" + b" " * 20_000_000))
        case "nothing":
            path.mkdir()
            (path / "a.txt").write_text("x")
    with pytest.raises(NewsstandError) as refused:
        open_edition(PressSettings(mode=Mode.DIR, path=path, max_bytes=limit), NOON)
    assert path.name in str(refused.value)


async def test_articles_become_full_text_feeds_of_their_outlets(tmp_path: Path) -> None:
    rows = [
        {
            "title": f"Tin {n}",
            "text": "Đoạn một.\nĐoạn hai.",
            "url": f"https://a.example/{n}",
            "published": "2026-01-21",
        }
        for n in range(450)
    ]
    lines = [json.dumps(row) for row in rows] + ["{hỏng", json.dumps({"title": "Thiếu chữ"}), "[]", ""]
    lines.append(json.dumps({"title": "Không địa chỉ", "text": "Chữ", "source_name": "Nguyễn Văn A"}))
    path = tmp_path / "bai.jsonl.xz"
    path.write_bytes(lzma.compress("\n".join(lines).encode()))
    stand = replayed(path, Mode.ARTICLES)
    told = await manifest(stand)
    assert [(one["name"], one["items"]) for one in told["sources"]] == [
        ("Không rõ nguồn", 1),
        ("a.example (1)", 200),
        ("a.example (2)", 200),
        ("a.example (3)", 50),
    ]
    assert [one.split(":")[0] for one in told["ignored"]] == ["dòng 451", "dòng 452", "dòng 453"]
    entries = feedparser.parse((await stand.get(told["sources"][1]["url"])).content).entries
    assert "Đoạn hai." in entries[0].content[0].value
    assert entries[0].link.startswith("https://a.example/")
    local = feedparser.parse((await stand.get(told["sources"][0]["url"])).content).entries[0].link
    assert "Chữ" in (await stand.get(local)).text
    assert "Nguyễn Văn A" not in json.dumps(told, ensure_ascii=False), "a byline is no outlet"


async def test_two_outlets_whose_names_look_alike_keep_their_own_feeds(tmp_path: Path) -> None:
    path = tmp_path / "bai.jsonl"
    rows = [{"title": f"Tin {name}", "text": "Chữ", "source": name} for name in ("Báo A", "Bao-A")]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    stand = replayed(path, Mode.ARTICLES)
    feeds = [feedparser.parse((await stand.get(one["url"])).content) for one in (await manifest(stand))["sources"]]
    assert {feed.entries[0].title for feed in feeds} == {"Tin Báo A", "Tin Bao-A"}


async def test_a_page_with_an_address_of_its_own_is_watched_by_itself(tmp_path: Path) -> None:
    own = b'<!doctype html><html><head><link href="https://bao.example/a" rel="canonical"></head><body>x</body></html>'
    (tmp_path / "a.html").write_bytes(own)
    (tmp_path / "b.html").write_bytes(own.replace(b"https://bao.example", b""))
    stand = replayed(tmp_path)
    sources = (await manifest(stand))["sources"]
    assert [one["kind"] for one in sources] == ["page", "sitemap"]
    page = await stand.get(sources[0]["url"])
    assert page.content == own
    assert page.headers["content-security-policy"] == "sandbox"


async def test_a_name_that_comes_twice_in_an_archive_is_two_sources(tmp_path: Path) -> None:
    path = tmp_path / "goi.tbz2"
    with tarfile.open(path, "w:bz2") as archive:
        for _ in range(2):
            entry = tarfile.TarInfo("a.xml")
            entry.size = len(RSS)
            archive.addfile(entry, io.BytesIO(RSS))
    sources = (await manifest(replayed(path)))["sources"]
    assert len({one["name"] for one in sources}) == 2
    assert [one["items"] for one in sources] == [1, 1]


def test_a_bomb_in_the_headers_of_an_archive_ends_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bom.tar.xz"
    with tarfile.open(path, "w:xz", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.xml")
        entry.pax_headers = {"comment": " " * 20_000_000}
        archive.addfile(entry)
    with pytest.raises(NewsstandError, match="vượt quá"):
        open_edition(PressSettings(mode=Mode.DIR, path=path, max_bytes=1_000_000), NOON)


@pytest.mark.parametrize("path", ["/press/manifest.json", "/press/pushes.jsonl", "/press/", "/robots.txt"])
async def test_a_program_may_ask_for_the_head_alone(sample: httpx.AsyncClient, path: str) -> None:
    assert (await sample.head(path)).status_code == 200


def test_the_check_prints_what_would_be_served_or_why_nothing_can_be(folder: Path) -> None:
    def check(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox.newsstand", "--mode", "dir", "--path", str(path), "--check"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    good, bad = check(folder), check(folder / "khong-co")
    assert (good.returncode, len(json.loads(good.stdout)["sources"])) == (0, 5)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "Không có thư mục" in bad.stderr
    assert "Traceback" not in bad.stderr
