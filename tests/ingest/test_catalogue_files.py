"""The catalogue's files: what is shipped, what is refused, and that nothing is lost on the way out and in."""

import unicodedata
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from libs.common.models.enums import SourceGroup, SourceKind
from libs.common.units import load_units
from services.ingest.catalogue.files import MAX_BYTES, SHIPPED, read_yaml, shipped, shipped_yaml, write_yaml
from services.ingest.catalogue.opml import GROUPS, read_opml, write_opml
from services.ingest.catalogue.problems import CatalogueUnreadable
from services.ingest.catalogue.schemas import MAX_ENTRIES, CatalogueEntry, EntryState

AT = datetime(2026, 11, 29, 3, tzinfo=UTC)

ENTRIES_SHIPPED = shipped()

# --- what is shipped -----------------------------------------------------------------------------------------


@pytest.mark.mission("M01")
def test_the_shipped_catalogue_is_whole() -> None:
    for path in SHIPPED.glob("*.yaml"):
        assert [(row.name, row.problem) for row in read_yaml(path.read_bytes()) if row.problem] == [], path.name
    entries = ENTRIES_SHIPPED
    assert len({entry.name for entry in entries}) == len(entries)
    urls = [entry.url for entry in entries if entry.url]
    assert len(set(urls)) == len(urls)
    groups = Counter(entry.group for entry in entries)
    assert groups[SourceGroup.PORTAL] > 60, "the programme counts more than sixty portals"
    assert groups[SourceGroup.PRESS] >= 30
    names = " ".join(entry.name for entry in entries)
    named: tuple[str, ...] = (
        "Hànộimới",
        "Kinh tế & Đô thị",
        "Phụ nữ Thủ đô",
        "Lao động Thủ đô",
        "Tuổi trẻ Thủ đô",
        "Truyền hình Hà Nội",
    )
    named += ("VnExpress", "Tuổi Trẻ", "Thanh Niên", "Dân trí", "VietNamNet", "Nhân Dân", "VOV", "VTV", "VietnamPlus")
    named += ("Báo Mới", "Soha", "Tintuc", "24h", "Otofun", "Webtretho", "Tinhte")
    assert [one for one in named if one not in names] == []


def test_what_is_not_known_is_not_said() -> None:
    """A source that is not read says why; an audience has its date and its source, or is not there."""
    for entry in ENTRIES_SHIPPED:
        assert entry.state is EntryState.ACTIVE or entry.state_reason, entry.name
        assert entry.state is not EntryState.ACTIVE or entry.url, entry.name
        assert entry.terms, entry.name
        assert entry.audience is None or (entry.audience.value > 0 and entry.audience.as_of <= date(2026, 11, 29))
        assert entry.group is not SourceGroup.FORUM or entry.state is not EntryState.ACTIVE, entry.name


def test_every_place_is_a_unit_of_the_city() -> None:
    codes = {unit.code for unit in load_units()}
    places = [entry.place for entry in ENTRIES_SHIPPED if entry.place]
    assert [place for place in places if place not in codes] == []
    wards = {code for code in places if code.isdigit() and len(code) == 5}
    assert len(wards) == 126


# --- out and in again ----------------------------------------------------------------------------------------

_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), min_size=1, max_size=40
).map(lambda words: " ".join(words.split()))
WORDS = _WORDS.filter(lambda words: words and words.isprintable())
URLS = st.builds("https://{}.example/{}".format, st.from_regex(r"[a-z]{1,12}", fullmatch=True), st.integers(0, 10**6))


def nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


def entry(**values: Any) -> CatalogueEntry:
    return CatalogueEntry.model_validate({"name": "Báo A", "url": "https://a.example/rss", "group": "press"} | values)


ENTRIES = st.builds(
    entry,
    name=WORDS.map(nfc),
    kind=st.sampled_from(["feed", "sitemap", "page", "youtube", "facebook_page", "push"]),
    url=URLS,
    homepage=st.none() | URLS,
    group=st.sampled_from([group.value for group in SourceGroup]),
    owner=st.none() | WORDS.map(nfc),
    terms=st.none() | WORDS.map(nfc),
    language=st.sampled_from(["vi", "en", "fra"]),
    audience=st.none()
    | st.fixed_dictionaries(
        {
            "value": st.integers(0, 10**9),
            "unit": WORDS.map(nfc),
            "as_of": st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(date.isoformat),
            "source": WORDS.map(nfc),
        }
    ),
    state=st.sampled_from([state.value for state in EntryState]),
    state_reason=st.none() | WORDS.map(nfc),
    tags=st.lists(WORDS.map(nfc), max_size=4, unique=True),
    place=st.none() | WORDS.map(nfc),
    poll_seconds=st.integers(5, 604800),
    settings=st.fixed_dictionaries(
        {"full_text": st.booleans(), "article_hosts": st.lists(st.sampled_from(["a.example", "b.example"]), max_size=2)}
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, max_size=5))
def test_yaml_gives_back_what_it_was_given(entries: list[CatalogueEntry]) -> None:
    rows = read_yaml(write_yaml(entries))
    assert [row.problem for row in rows] == [None] * len(entries)
    assert [row.entry for row in rows] == entries


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, max_size=5))
def test_opml_gives_back_what_it_was_given(entries: list[CatalogueEntry]) -> None:
    """In the order of its groups, which is how OPML has them."""
    rows = read_opml(write_opml(entries, at=AT))
    assert [row.problem for row in rows] == [None] * len(entries)
    assert [row.entry for row in rows] == sorted(entries, key=lambda one: one.group)


def test_the_shipped_catalogue_survives_both() -> None:
    entries = ENTRIES_SHIPPED
    assert [row.entry for row in read_yaml(shipped_yaml())] == entries
    by_name = {entry.name: entry for entry in entries}
    assert {row.name: row.entry for row in read_opml(write_opml(entries, at=AT))} == by_name


# --- other readers' files ------------------------------------------------------------------------------------

FOREIGN = """<?xml version="1.0" encoding="utf-8"?>
<opml version="1.1"><head><title>Subscriptions</title></head><body>
  <outline text="Báo chí">
    <outline text="Trung ương" title="Trung ương">
      <outline type="rss" text="VnExpress" xmlUrl="https://vnexpress.net/rss/tin-moi-nhat.rss"
               htmlUrl="https://vnexpress.net/" category="/tin tức/mới,báo" language="vi-VN"/>
    </outline>
  </outline>
  <outline text="Góc riêng">
    <outline type="rss" title="Tên &amp; nhãn" text="x" xmlUrl="https://b.example/feed"/>
    <outline type="link" text="Chỉ có trang" htmlUrl="https://c.example/"/>
    <outline type="include" text="Danh sách khác" url="https://d.example/list.opml"/>
  </outline>
  <outline type="rss" text="Ngoài thư mục" xmlUrl="https://e.example/rss"/>
</body></opml>"""


def test_another_reader_s_file_comes_in_with_its_folders() -> None:
    rows = read_opml(FOREIGN.encode(), SourceGroup.AGGREGATOR)
    first, second, page, include, last = rows
    assert first.entry is not None
    assert (first.entry.group, first.entry.tags) == (SourceGroup.PRESS, ["tin tức/mới", "báo", "Trung ương"])
    assert (first.entry.language, first.entry.homepage) == ("vi", "https://vnexpress.net/")
    assert second.entry is not None
    assert (second.name, second.entry.group, second.entry.tags) == (
        "Tên & nhãn", SourceGroup.AGGREGATOR, ["Góc riêng"],
    )  # fmt: skip
    for row in (page, include):
        assert row.entry is None
        assert "lantoa sources discover" in str(row.problem)
    assert last.entry is not None
    assert (last.entry.kind, last.entry.tags) == (SourceKind.FEED, [])


def test_what_is_written_is_opml_2() -> None:
    """By the OPML 2.0 specification: version, a title, and type, text and xmlUrl of each subscription."""
    root = etree.fromstring(write_opml([entry(), entry(name="B", url="https://b.example/x", group="forum")], at=AT))
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert [child.tag for child in root] == ["head", "body"]
    assert root.findtext("head/dateCreated") == "Sun, 29 Nov 2026 03:00:00 +0000"
    folders = root.findall("body/outline")
    assert [folder.get("text") for folder in folders] == [GROUPS[SourceGroup.FORUM], GROUPS[SourceGroup.PRESS]]
    for leaf in root.findall("body/outline/outline"):
        assert (leaf.get("type"), bool(leaf.get("text")), bool(leaf.get("xmlUrl"))) == ("rss", True, True)
        assert all(str(name).startswith("{") or name in STANDARD for name in leaf.attrib)


STANDARD = {"text", "title", "type", "language", "xmlUrl", "htmlUrl", "category", "description", "version"}

# --- hostile and broken files --------------------------------------------------------------------------------

LAUGHS = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nsources: [*b, *b]\n"
ENTITIES = '<!DOCTYPE opml [<!ENTITY a "b">]><opml version="2.0"><body><outline text="&a;" xmlUrl="x"/></body></opml>'
OUTSIDE = '<!DOCTYPE o SYSTEM "file:///etc/passwd"><opml version="2.0"><body/></opml>'


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS.encode(),
        b"sources: !!python/object/apply:os.system ['true']",
        b"sources: {a: 1}",
        b"- a\n- b",
        b"version: 2\nsources: []",
        b"\xff\xfe\x00",
        b"sources: [" + b"[" * 60 + b"]" * 60 + b"]",
        b"sources: [" + b"{}," * (MAX_ENTRIES + 1) + b"]",
        b" " * (MAX_BYTES + 1),
        b"",
    ],
)
def test_yaml_that_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(CatalogueUnreadable):
        read_yaml(data)


@pytest.mark.parametrize(
    "data",
    [
        ENTITIES.encode(),
        OUTSIDE.encode(),
        b"<opml",
        b"<rss><channel/></rss>",
        b"<opml version='2.0'><head/></opml>",
        b"",
        b"<opml><body>" + b"<outline text='x'>" * 40 + b"<outline xmlUrl='https://a.example/'/>"
        + b"</outline>" * 40 + b"</body></opml>",
        ENTITIES.encode("utf-16"),
        b"<opml><body>" + b"<outline>" * 100_000,
    ],
)  # fmt: skip
def test_opml_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(CatalogueUnreadable):
        read_opml(data)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "name"),
        ({"group": "hostile"}, "group"),
        ({"url": None}, "cần có địa chỉ"),
        ({"audience": {"value": 5}}, "audience.unit: thiếu mục này"),
        ({"audience": {"value": -1, "unit": "u", "as_of": "2026-01-01", "source": "s"}}, "audience.value"),
        ({"author": "ai đó"}, "author: mục lạ"),
        ({"state": "gone"}, "state"),
        ({"language": "Vietnamese"}, "language"),
        ({"tags": ["x"] * 21}, "tags"),
    ],
)
def test_a_row_that_is_wrong_says_what_and_holds_up_no_other(change: dict[str, Any], told: str) -> None:
    good = {"name": "Báo A", "url": "https://a.example/rss", "group": "press"}
    data = yaml.safe_dump({"version": 1, "sources": [good | change, good]}, allow_unicode=True).encode()
    bad, kept = read_yaml(data)
    assert bad.entry is None
    assert told in str(bad.problem)
    assert kept.entry is not None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    for read in (read_yaml, read_opml):
        for prefix in (b"", b"version: 1\nsources:\n", b"<opml version='2.0'><body>"):
            with suppress(CatalogueUnreadable):
                read(prefix + data)
