"""Feeds under strict rules of our own (schemas cited to their standards), also with hostile words in them, and read by
parsers that agree: feedparser, and one of npm that knows nothing of it."""

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import feedparser
import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from libs.common.web import Site
from services.publish import bulletin, feeds
from services.publish.bulletin import Figure
from tests.publish.entries import NOW, entry
from tests.sandbox import npm

HERE = Path(__file__).parent
SITE = Site(
    "https://tin.example.vn",
    "Bản tin <thành phố> & bạn",
    "Ủy ban",
    "Tin chính thức.",
    "1022",
    "CC BY 4.0",
    "https://creativecommons.org/licenses/by/4.0/",
)
HUB = "https://tin.example.vn/hub"
NASTY = "Đổi giờ & tuyến “32” <b>]]></b> 😀"
ENTRIES = [
    entry(1, title=NASTY, source_note="Sở Xây dựng", affects_rights=True),
    entry(2, title="Bus 32", language="en", body="Có ]]> ở giữa và <b>thẻ</b>", updated_at=NOW, unit_name=None),
    entry(3, state="withdrawn", title="", body="", summary=None, updated_at=NOW - timedelta(minutes=5)),
    entry(4, summary=None, media=(Figure("a" * 64, "image/png", 'Xe "32" & bến'),), ai_label="Do AI viết"),
]
FILES = bulletin.feed_files(SITE, ENTRIES, NOW, HUB)
BARE = bulletin.feed_files(Site("https://tin.example.vn", "Bản tin", "Ủy ban", "Tin."), ENTRIES, NOW)
EMPTY = bulletin.feed_files(SITE, [], NOW, HUB)
LIVE = [ENTRIES[0], ENTRIES[1], ENTRIES[3]]


@cache
def schema(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(HERE / f"{name}.rng")))


def faults(name: str, document: bytes) -> list[str]:
    rules = schema(name)
    rules.validate(etree.fromstring(document))
    return [str(error) for error in rules.error_log]


@pytest.mark.mission("M36")
@pytest.mark.parametrize("files", [FILES, BARE, EMPTY], ids=["whole", "without hub and licence", "empty"])
def test_feeds_hold_under_strict_rules(files: dict[str, bytes]) -> None:
    assert faults("atom", files["feed.atom"]) == []
    assert faults("rss", files["feed.rss"]) == []
    rules = Draft202012Validator(json.loads((HERE / "jsonfeed.json").read_text("utf-8")))
    assert [error.message for error in rules.iter_errors(json.loads(files["feed.json"]))] == []
    sitemap = feeds.news_sitemap(SITE, json.loads(files["recent.json"]), NOW)
    assert faults("sitemap", sitemap) == []
    assert faults("sitemap", feeds.sitemap([("https://tin.example.vn/tin/a", NOW)])) == []


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("atom", FILES["feed.atom"].replace(b"<updated>2026", b"<updated>hom nay 2026", 1)),
        ("atom", FILES["feed.atom"].replace(b"urn:uuid:", b"", 1)),
        ("atom", FILES["feed.atom"].replace(b'rel="self"', b'rel="other"', 1)),
        ("rss", FILES["feed.rss"].replace(b"<pubDate>Tue,", b"<pubDate>T3,", 1)),
        ("rss", FILES["feed.rss"].replace(b'isPermaLink="false"', b"", 1)),
        ("sitemap", b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url/></urlset>"),
    ],
)
def test_the_rules_see_what_is_wrong(name: str, spoilt: bytes) -> None:
    assert faults(name, spoilt) != []


def test_a_news_item_is_in_the_language_of_its_text() -> None:
    root = etree.fromstring(feeds.news_sitemap(SITE, json.loads(FILES["recent.json"]), NOW))
    languages = root.findall(".//n:language", {"n": feeds.NEWS})
    assert [each.text for each in languages] == ["vi", "en", "vi"]
    atom = feedparser.parse(FILES["feed.atom"])
    assert [each.title_detail.language for each in atom.entries] == ["vi", "en", "vi"]


def test_the_licence_stands_in_every_feed() -> None:
    for name in ("feed.rss", "feed.atom", "feed.json"):
        assert SITE.licence_url
        assert SITE.licence_url.encode() in FILES[name]
        assert b"creativecommons.org" not in BARE[name]


def test_words_of_every_kind_come_out_as_they_went_in() -> None:
    for name in ("feed.rss", "feed.atom"):
        parsed = feedparser.parse(FILES[name])
        assert not parsed.bozo
        assert [each.title for each in parsed.entries] == [each.title for each in LIVE]
        assert parsed.feed.title == SITE.name


READ = """
const Parser = require('rss-parser');
const fs = require('fs');
(async () => {
  const told = {};
  for (const name of ['feed.rss', 'feed.atom']) {
    const feed = await new Parser().parseString(fs.readFileSync(name, 'utf8'));
    const items = feed.items.map((one) => [one.guid || one.id, one.title, one.link, one.isoDate]);
    told[name] = {title: feed.title, items};
  }
  console.log(JSON.stringify(told));
})();
"""


@pytest.mark.slow
@pytest.mark.mission("M36")
async def test_a_second_parser_reads_the_same(tmp_path: Path) -> None:
    folder = await npm.installed("rss-parser-3.13.0", "rss-parser@3.13.0")
    for name in ("feed.rss", "feed.atom"):
        (tmp_path / name).write_bytes(FILES[name])
    (tmp_path / "read.js").write_text(READ)
    printed = await npm.run(npm.program("node"), "read.js", cwd=tmp_path, NODE_PATH=str(folder / "node_modules"))
    told: dict[str, Any] = json.loads(printed)
    for name in ("feed.rss", "feed.atom"):
        ours = feedparser.parse(FILES[name])
        assert told[name]["title"] == ours.feed.title
        assert [one[:3] for one in told[name]["items"]] == [[e.id, e.title, e.link] for e in ours.entries]
        assert [one[3] for one in told[name]["items"]] == [
            f"{each.published_at:%Y-%m-%dT%H:%M:%S}.000Z" for each in LIVE
        ]
