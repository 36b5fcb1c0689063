"""What the public sees: valid structure, honest marks, readable colours."""

import itertools
import json
import re
from datetime import timedelta

import pytest
from lxml import html

from libs.common import web
from services.publish import bulletin
from tests.publish.entries import NOW, SITE, entry

ENTRIES = [
    entry(1),
    entry(2, affects_rights=True),
    entry(3, kind="correction"),
    entry(4, state="corrected"),
    entry(5, state="withdrawn", title="", body="", summary=None, withdrawn_reason="Sai ngày"),
    entry(6, ai_label="Tóm tắt do AI viết, biên tập viên đã kiểm tra.", source_note="Thông báo 12/TB, https://a.vn/12"),
]
PAGES = {
    "index": bulletin.index(SITE, ENTRIES, ["2026-11"], NOW),
    "empty": bulletin.index(SITE, [], [], NOW),
    "month": bulletin.month_page(SITE, "2026-11", ENTRIES),
    "missing": bulletin.missing(SITE),
    **{e.slug: bulletin.page(SITE, e) for e in ENTRIES},
}


def tree(page: bytes) -> html.HtmlElement:
    return html.document_fromstring(page.decode())


@pytest.mark.mission("M36")
@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_is_accessible(name: str) -> None:
    page = tree(PAGES[name])
    assert page.get("lang") == "vi"
    assert page.findtext(".//title").strip()
    assert len(page.findall(".//main")) == len(page.findall(".//h1")) == 1
    skip = page.find("body")[0]
    assert skip.tag == "a"
    assert page.get_element_by_id(skip.get("href").removeprefix("#")).tag == "main"
    assert page.findall("body/header")
    assert page.findall("body/footer")
    assert all(nav.get("aria-label") or nav.get("aria-labelledby") for nav in page.iter("nav"))
    assert all(link.text_content().strip() for link in page.iter("a"))
    assert all(svg.get("aria-hidden") == "true" for svg in page.iter("svg"))
    assert not [s for s in page.iter("script") if s.get("type") != "application/ld+json"]


@pytest.mark.mission("M36")
@pytest.mark.parametrize("name", sorted(PAGES))
def test_headings_do_not_skip_levels_and_ids_are_unique(name: str) -> None:
    page = tree(PAGES[name])
    levels = [int(h.tag[1]) for h in page.iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    labels = {i for node in page.iter() for i in (node.get("aria-labelledby") or "").split()}
    assert labels <= set(ids)


@pytest.mark.mission("M36")
def test_what_touches_rights_comes_first() -> None:
    titles = [h.text_content().strip() for h in tree(PAGES["index"]).iter("h3")]
    assert titles[0] == ENTRIES[1].title
    assert titles[1] == ENTRIES[0].title


def test_an_old_item_on_rights_goes_back_into_the_order_of_time() -> None:
    old = entry(1, affects_rights=True, published_at=NOW - timedelta(days=31))
    page = tree(bulletin.index(SITE, [old, entry(2)], [], NOW))
    assert [h.text_content().strip() for h in page.iter("h3")] == [entry(2).title, old.title]


@pytest.mark.mission("M30")
def test_a_withdrawn_item_says_so_and_shows_nothing_of_its_text() -> None:
    gone = entry(5, state="withdrawn", title="BÍ MẬT", body="BÍ MẬT", summary="BÍ MẬT", withdrawn_reason="Sai ngày")
    page = bulletin.page(SITE, gone).decode()
    front = bulletin.index(SITE, [gone], [], NOW).decode()
    assert "đã được rút" in page
    assert "Sai ngày" in page
    assert "đã được rút" in front
    assert "Sai ngày" in front
    assert "BÍ MẬT" not in page + front


def test_corrections_and_corrected_items_are_marked() -> None:
    assert "Cải chính" in PAGES["tin-so-3"].decode()
    assert "Đã được cải chính" in PAGES["tin-so-4"].decode()


@pytest.mark.mission("M38")
def test_ai_is_said_on_the_page_and_in_the_lists() -> None:
    assert "trí tuệ nhân tạo" in PAGES["tin-so-6"].decode()
    assert "Có sử dụng AI" in PAGES["index"].decode()
    assert "trí tuệ nhân tạo" not in PAGES["tin-so-1"].decode()


def test_structured_data_and_sharing_marks() -> None:
    page = tree(PAGES["tin-so-1"])
    data = json.loads(page.find(".//script").text)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == ENTRIES[0].title
    assert data["datePublished"] == "2026-11-24T12:00:00+07:00"
    og = {m.get("property"): m.get("content") for m in page.iter("meta") if m.get("property")}
    assert og["og:url"] == "https://tin.example.vn/tin/tin-so-1"
    assert og["og:locale"] == "vi_VN"
    feeds = {link.get("type") for link in page.iter("link") if link.get("rel") == "alternate"}
    assert feeds == {"application/rss+xml", "application/atom+xml", "application/feed+json", "text/calendar"}


def test_a_title_cannot_break_out_of_the_page() -> None:
    nasty = entry(7, title="</script><script>alert(1)</script>", summary='"><img src=x>')
    page = tree(bulletin.page(SITE, nasty))
    assert [s.get("type") for s in page.iter("script")] == ["application/ld+json"]
    assert not page.findall(".//img")


def test_the_same_entries_give_the_same_bytes() -> None:
    again = bulletin.index(SITE, list(reversed(ENTRIES)), ["2026-11"], NOW)
    assert again == PAGES["index"]


def _palette(css: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks if "--accent" in block]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(one: str, two: str) -> float:
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT_ON = [
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("link", "paper"), ("link", "card"),
    ("accent-ink", "accent"), ("rights-ink", "rights"), ("warn-ink", "warn"), ("note-ink", "note"),
    ("ink", "note"),
]  # fmt: skip


@pytest.mark.mission("M36")
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_contrast_is_at_least_aa(scheme: int, text: str, ground: str) -> None:
    colours = _palette(web.stylesheet())[scheme]
    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_focus_is_visible(scheme: int) -> None:
    colours = _palette(web.stylesheet())[scheme]
    assert _contrast(colours["focus"], colours["paper"]) >= 3


def test_the_policy_allows_exactly_our_style() -> None:
    assert "script-src" not in web.security_headers()["Content-Security-Policy"]
    assert "default-src 'none'" in web.security_headers()["Content-Security-Policy"]
    assert f"<style>{web.stylesheet()}</style>" in PAGES["index"].decode()
