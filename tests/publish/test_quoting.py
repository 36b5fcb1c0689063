"""The press is quoted by title, at most 300 characters and the link: also in what an editor wrote."""

import unicodedata

import pytest
from lxml import html

from libs.common.testing.make import Make
from services.publish import markup, quoting
from tests.publish.newsroom import Newsroom

PRESS = {"baomot.example.vn"}
ARTICLE = "https://baomot.example.vn/xe-buyt-32"
LONG = ("Tuyến xe buýt số 32 sẽ đổi lộ trình từ đầu tháng sau để tránh công trường. " * 5)[:301]
SHORT = LONG[:300]


def found(body: str, source: str | None = None) -> int | None:
    too_long = quoting.too_long(body, source, PRESS)
    return too_long.length if too_long else None


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (f"Báo Một viết: “{LONG}” {ARTICLE}", None),
        (f'- Báo Một: "{LONG}" {ARTICLE}', None),
        (f"> {LONG}\n{ARTICLE}", None),
        (f"> {LONG}\n\nTheo Báo Một: {ARTICLE}", None),
        (f"Báo Một viết ({ARTICLE}):\n\n> {LONG}", None),
        (f"> {LONG}", f"Báo Một, {ARTICLE}"),
        (f"> {LONG[:150]}\n> {LONG[150:]}\n\n{ARTICLE}", None),
        (f"- “{LONG[:151]}” {ARTICLE}\n- “{LONG[151:]}x” {ARTICLE}", None),
        (f"“{LONG}” https://m.baomot.example.vn/xe", None),
        (f"> {LONG}\r\n\r\n{ARTICLE}", None),
    ],
)
def test_more_than_300_characters_of_one_article_are_found(body: str, source: str | None) -> None:
    assert found(body, source) is not None


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (f"> {SHORT}\n\n{ARTICLE}", None),
        (f"“{SHORT}” {ARTICLE}", None),
        (f"“{LONG}” https://so.example.vn/thong-bao", None),
        (f"> {LONG}\n\nLuật Giao thông: https://vanban.example.vn/luat", f"Báo Một, {ARTICLE}"),
        (f"“{LONG}”\n\nBáo Một cũng đưa tin: {ARTICLE}", ARTICLE),
        (f"{LONG} {ARTICLE}", None),
        (f"- “{SHORT}” {ARTICLE}\n- “{SHORT}” https://baomot.example.vn/bai-khac", None),
        (f"“{LONG}” https://khongphaibaomot.example.vn/a", None),
        ("", None),
    ],
)
def test_what_is_short_our_own_or_of_others_is_not(body: str, source: str | None) -> None:
    assert found(body, source) is None


def test_letters_are_counted_as_they_are_read() -> None:
    """Composed and decomposed Vietnamese are the same length."""
    assert found(f"“{unicodedata.normalize('NFD', SHORT)}” {ARTICLE}") is None
    assert found(f"“{unicodedata.normalize('NFD', LONG)}” {ARTICLE}") == 301


def test_a_platforms_address_says_nothing_of_whose_words_they_are() -> None:
    assert quoting.too_long(f"“{LONG}” https://youtube.com/watch?v=1", None, {"youtube.com"}) is None


async def test_such_a_draft_is_not_submitted_until_it_is_shortened(newsroom: Newsroom, make: Make) -> None:
    await make.source(url="https://www.baomot.example.vn/rss", homepage=None, group="press")
    made = await newsroom.draft(body=f"> {LONG}\n\nTheo Báo Một.", source_note=f"Báo Một, {ARTICLE}")
    refused = await newsroom.act("submit", made, newsroom.editor)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:quoted-too-long")
    told = refused.json()
    assert told["title"] == "Trích báo chí quá 300 ký tự"
    assert "301 ký tự" in told["detail"]
    assert ARTICLE in told["detail"]
    assert (await newsroom.read(made))["state"] == "draft"
    shorter = await newsroom.draft(body=f"> {SHORT}\n\nTheo Báo Một.", source_note=f"Báo Một, {ARTICLE}")
    assert (await newsroom.act("submit", shorter, newsroom.editor)).status_code == 200


async def test_a_law_may_be_quoted_as_long_as_it_is(newsroom: Newsroom, make: Make) -> None:
    await make.source(url="https://baomot.example.vn/rss", group="press")
    made = await newsroom.draft(body=f"> {LONG}\n\nLuật: https://vanban.example.vn/luat")
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200


def test_a_marked_quotation_is_one_on_the_page_and_keeps_its_marks_elsewhere() -> None:
    body = "Báo viết:\n> Xe <b>32</b>\n> đổi đường\nHết."
    page = html.fragment_fromstring(markup.to_html(body), create_parent="div")
    [quote] = page.iter("blockquote")
    assert quote.text_content() == "Xe <b>32</b>đổi đường"
    assert markup.to_text(body) == "Báo viết:\n“Xe <b>32</b>\nđổi đường”\nHết."
