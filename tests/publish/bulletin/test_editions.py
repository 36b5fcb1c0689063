"""The pages in both languages of their own words: what stands where, and what is said where a text has no English."""

import json
import string
from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from libs.common.web import Site
from services.publish import bulletin
from services.publish.bulletin import Entry, Reference
from services.publish.chrome import EDITIONS, EN, ENGLISH, VI, VIETNAMESE, Edition
from services.publish.service.publications import QUOTE
from tests.publish.bulletin.structure import faults, tree
from tests.publish.entries import NOW, entry

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
SITE = Site("https://tin.example.vn", "City bulletin", "City", "Official.", "1022", "CC BY 4.0", LICENCE)
MADE = entry(1, language="en", title="Bus 32 changes its route", translates=Reference("tin-so-2", "Xe 32", NOW))
ORIGINAL = entry(2, affects_rights=True, english=Reference("tin-so-1", MADE.title, NOW))
ENTRIES = [
    MADE,
    ORIGINAL,
    entry(3, kind="correction", corrects=Reference("tin-so-4", "Tin cũ", NOW), is_urgent=True),
    entry(4, state="corrected", corrected_by=(Reference("tin-so-3", "Tin cải chính", NOW),)),
    entry(5, state="withdrawn", title="", body="", summary=None, withdrawn_reason="Sai ngày"),
    entry(6, ai_label="Tóm tắt do AI viết.", source_note="Thông báo 12/TB, https://a.vn/12"),
    entry(7, language="en", title="Only in English"),
]


def pages(edition: Edition) -> dict[str, bytes]:
    found = bulletin.search_page(SITE, edition, asked="xe", found=[], has_more=False)
    return {
        "index": bulletin.index(SITE, ENTRIES, ["2026-11"], NOW, edition),
        "empty": bulletin.index(SITE, [], [], NOW, edition),
        "month": bulletin.month_page(SITE, "2026-11", ENTRIES, edition),
        "missing": bulletin.missing(SITE, edition),
        "search": bulletin.search_page(SITE, edition),
        "nothing found": found,
        "search down": bulletin.search_page(SITE, edition, asked="xe", trouble="search_down"),
        **{each.slug: bulletin.page(SITE, each, edition) for each in ENTRIES},
    }


PAGES = {(edition.code, name): page for edition in EDITIONS for name, page in pages(edition).items()}


def shown(edition: Edition, name: str) -> html.HtmlElement:
    return tree(PAGES[edition.code, name])


def titles(page: html.HtmlElement) -> list[str]:
    return [heading.text_content().strip() for heading in page.iter("h3")]


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert VI.keys() == EN.keys()
    assert {name: fields_of(text) for name, text in VI.items()} == {name: fields_of(text) for name, text in EN.items()}


@pytest.mark.mission("M36")
@pytest.mark.parametrize(("code", "name"), sorted(PAGES))
def test_every_page_of_both_is_accessible(code: str, name: str) -> None:
    assert faults(tree(PAGES[code, name]), code) == []


@pytest.mark.mission("M36")
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda each: each.code)
def test_what_touches_rights_comes_first_in_both(edition: Edition) -> None:
    late = entry(9, affects_rights=True, published_at=NOW - timedelta(days=20))
    page = tree(bulletin.index(SITE, [late, entry(1)], [], NOW, edition))
    assert titles(page) == [late.title, entry(1).title]
    assert page.xpath("string(//main//h2[1])") == edition.words["rights_heading"]


def test_of_two_texts_that_say_the_same_each_edition_shows_its_own() -> None:
    assert MADE.title not in titles(shown(VIETNAMESE, "index"))
    assert ORIGINAL.title not in titles(shown(ENGLISH, "index"))
    assert MADE.title in titles(shown(ENGLISH, "index"))
    for edition in EDITIONS:
        assert "Only in English" in titles(shown(edition, "index"))


def test_a_text_without_english_stands_there_in_vietnamese_and_says_so() -> None:
    page = shown(ENGLISH, "tin-so-6")
    assert EN["only_vietnamese_text"] in page.text_content()
    assert page.xpath("//h1/@lang") == ["vi"]
    assert page.xpath("//*[contains(@class, 'text')]/ancestor-or-self::*[@lang][1]/@lang")[-1] == "vi"
    listed = shown(ENGLISH, "index").xpath("//article[.//a[contains(@href, 'tin-so-6')]]")[0]
    assert EN["only_vietnamese"] in listed.text_content()
    assert EN["only_vietnamese_text"] not in shown(ENGLISH, "tin-so-1").text_content()


@pytest.mark.parametrize(
    ("edition", "slug", "leads"),
    [
        (VIETNAMESE, "tin-so-2", "/en/tin/tin-so-1"),
        (ENGLISH, "tin-so-1", "/tin/tin-so-2"),
        (VIETNAMESE, "tin-so-6", "/en/tin/tin-so-6"),
        (ENGLISH, "index", "/"),
        (VIETNAMESE, "index", "/en"),
        (VIETNAMESE, "month", "/en/thang/2026-11"),
    ],
)
def test_the_switch_leads_to_the_same_thing_in_the_other_language(edition: Edition, slug: str, leads: str) -> None:
    [link] = shown(edition, slug).xpath("//header//a[@hreflang][@lang]")
    assert link.get("href") == SITE.url(leads)
    assert link.get("lang") == link.get("hreflang") != edition.code


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda each: each.code)
def test_links_stay_in_their_edition(edition: Edition) -> None:
    hrefs = [link.get("href") for link in shown(edition, "index").xpath("//main//a")]
    paths = [href.removeprefix(SITE.origin) for href in hrefs]
    assert len(paths) > 5
    assert all(path.startswith("/en/") == edition.is_english for path in paths)


def test_english_words_tell_times_in_english() -> None:
    page = shown(ENGLISH, "tin-so-6")
    assert page.xpath("string(//article//time)") == "07:00, 24 November 2026"
    assert page.xpath("//article//time/@datetime") == ["2026-11-24T07:00:00+07:00"]


def test_what_is_withdrawn_says_so_in_english_and_shows_nothing() -> None:
    page = shown(ENGLISH, "tin-so-5").text_content()
    assert EN["withdrawn_title"] in page
    assert "Sai ngày" in page


@pytest.mark.mission("M36")
def test_the_licence_covers_our_own_text_and_says_what_it_does_not() -> None:
    for edition in EDITIONS:
        page = shown(edition, "tin-so-6")
        [link] = page.xpath("//footer//a[@rel='license']")
        assert link.get("href") == LICENCE
        assert edition.words["licence_after"] in " ".join(page.xpath("string(//footer)").split())
        data: dict[str, Any] = json.loads(page.findtext(".//script"))
        assert data["license"] == LICENCE


def test_without_a_licence_nothing_is_promised() -> None:
    bare = Site("https://tin.example.vn", "Bản tin", "Thành phố", "Tin.")
    page = tree(bulletin.page(bare, ENTRIES[5]))
    assert page.xpath("//*[@rel='license']") == []
    assert "license" not in json.loads(page.findtext(".//script"))


def test_the_press_may_be_quoted_by_these_letters_alone() -> None:
    """What the licence's line says of quotations is what drafts are made by."""
    assert str(QUOTE) in VI["licence_after"]
    assert str(QUOTE) in EN["licence_after"]


def test_the_proof_of_what_a_page_shows_is_the_same_in_both() -> None:
    marks = {
        shown(edition, "tin-so-6").xpath("string(//meta[@name='lantoa:content']/@content)") for edition in EDITIONS
    }
    assert marks == {"0" * 64}


def test_an_entry_alone_knows_no_twin() -> None:
    alone: Entry = entry(1)
    assert alone.elsewhere(VIETNAMESE) == "/en/tin/tin-so-1"
    assert alone.elsewhere(ENGLISH) == "/tin/tin-so-1"
