"""Feeds are read back by an independent parser and held against the standards' own rules."""

import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser
import pytest
from lxml import etree

from libs.common.web.atom import ATOM, TOMBSTONE
from services.publish import bulletin, feeds
from tests.publish.entries import NOW, SITE, entry

ENTRIES = [
    entry(1, title="Đổi giờ & tuyến “32”", source_note="Sở Xây dựng"),
    entry(2, body="Có ]]> ở giữa và <b>thẻ</b>", updated_at=NOW),
    entry(3, state="withdrawn", title="", body="", updated_at=NOW - timedelta(minutes=5)),
]
FILES = bulletin.feed_files(SITE, ENTRIES, NOW)
PARSED = {name: feedparser.parse(FILES[name]) for name in ("feed.rss", "feed.atom")}


@pytest.mark.mission("M36")
@pytest.mark.mission("M20")
@pytest.mark.parametrize(("name", "version"), [("feed.rss", "rss20"), ("feed.atom", "atom10")])
def test_feeds_are_wellformed_and_full(name: str, version: str) -> None:
    feed = PARSED[name]
    assert not feed.bozo
    assert feed.version == version
    assert [e.id for e in feed.entries] == [ENTRIES[0].urn, ENTRIES[1].urn]
    assert feed.entries[0].title == ENTRIES[0].title
    assert feed.entries[0].link == "https://tin.example.vn/tin/tin-so-1"
    assert "Việc cần làm" in feed.entries[0].content[0].value
    assert "&lt;b&gt;thẻ&lt;/b&gt;" in feed.entries[1].content[0].value
    assert feed.entries[0].author == "Sở Y tế"
    selves = [link.href for link in feed.feed.links if link.rel == "self"]
    assert selves == [SITE.url("/" + name)]


def test_rss_follows_its_rules() -> None:
    root = etree.fromstring(FILES["feed.rss"])
    channel = root.find("channel")
    assert all(channel.findtext(tag) for tag in ("title", "link", "description"))
    for item in channel.iter("item"):
        assert item.find("guid").get("isPermaLink") == "false"
        assert parsedate_to_datetime(item.findtext("pubDate")).utcoffset() == timedelta(hours=7)


def test_atom_follows_its_rules() -> None:
    ns = {"a": ATOM, "at": TOMBSTONE}
    root = etree.fromstring(FILES["feed.atom"])
    for node in [root, *root.findall("a:entry", ns)]:
        for tag in ("a:id", "a:title", "a:updated"):
            assert len(node.findall(tag, ns)) == 1
        assert node.findall("a:author/a:name", ns)
        datetime.fromisoformat(node.findtext("a:updated", None, ns))
    changed = root.findall("a:entry", ns)[1]
    assert changed.findtext("a:updated", None, ns) == "2026-11-24T06:00:00Z"
    assert changed.findtext("a:published", None, ns) == "2026-11-24T04:00:00Z"


@pytest.mark.mission("M30")
def test_a_withdrawn_item_leaves_a_tombstone_in_atom_and_nothing_elsewhere() -> None:
    tombs = etree.fromstring(FILES["feed.atom"]).findall(f"{{{TOMBSTONE}}}deleted-entry")
    assert [(t.get("ref"), t.get("when")) for t in tombs] == [(ENTRIES[2].urn, "2026-11-24T05:55:00Z")]
    for name in ("feed.rss", "feed.json", "recent.json"):
        assert b"tin-so-3" not in FILES[name]


def test_json_feed_follows_its_rules() -> None:
    feed: dict[str, Any] = json.loads(FILES["feed.json"])
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == SITE.url("/feed.json")
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_published"]).utcoffset() == timedelta(hours=7)


@pytest.mark.mission("M20")
def test_the_news_sitemap_holds_two_days_and_no_more() -> None:
    rows = json.loads(FILES["recent.json"])
    ns = {"s": feeds.SITEMAP, "n": feeds.NEWS}

    def locations(now: datetime) -> list[str]:
        root = etree.fromstring(feeds.news_sitemap(SITE, rows, now))
        return [node.text for node in root.findall("s:url/s:loc", ns)]

    assert locations(NOW) == [SITE.url("/tin/tin-so-1"), SITE.url("/tin/tin-so-2")]
    assert locations(NOW + timedelta(hours=46, minutes=30)) == [SITE.url("/tin/tin-so-1")]
    assert locations(NOW + timedelta(days=2)) == []
    root = etree.fromstring(feeds.news_sitemap(SITE, rows, NOW))
    assert root.findtext("s:url/n:news/n:publication_date", None, ns) == "2026-11-24T12:00:00+07:00"
    assert root.findtext("s:url/n:news/n:publication/n:language", None, ns) == "vi"


def test_an_empty_bulletin_still_has_valid_feeds() -> None:
    files = bulletin.feed_files(SITE, [], NOW)
    assert not feedparser.parse(files["feed.atom"]).bozo
    assert not feedparser.parse(files["feed.rss"]).bozo
    assert json.loads(files["feed.json"])["items"] == []
