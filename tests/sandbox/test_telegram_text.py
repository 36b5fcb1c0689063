"""The HTML of the Bot API: which tags, how they nest, and where entities lie in UTF-16 units."""

from typing import Any

import pytest

from sandbox.platforms.telegram.markup import checked_link, formatted, pieces
from sandbox.platforms.telegram.wire import BadRequest


def html(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    made = formatted(text, "HTML", None)
    return made.text, [(e["type"], e["offset"], e["length"]) for e in made.entities]


@pytest.mark.mission("M29")
def test_offsets_are_utf16_units() -> None:
    assert html("🏙 <b>Hà Nội</b> 👨‍👩‍👧 <i>ơi</i>") == (
        "🏙 Hà Nội 👨‍👩‍👧 ơi",
        [("bold", 3, 6), ("italic", 19, 2)],
    )


def test_tags_nest_and_overlap_like_a_tree() -> None:
    assert html("<b>một <i>hai</i></b><u>ba</u>") == (
        "một haiba",
        [("bold", 0, 7), ("italic", 4, 3), ("underline", 7, 2)],
    )
    assert html("<pre><code class='language-python'>x</code></pre>")[1] == [("pre", 0, 1)]
    made = formatted("<pre><code class='language-python'>x</code></pre>", "HTML", None)
    assert made.entities[0]["language"] == "python"
    assert html("<blockquote expandable>dài</blockquote>")[1] == [("expandable_blockquote", 0, 3)]
    assert html('<span class="tg-spoiler">kín</span>')[1] == [("spoiler", 0, 3)]


def test_references_and_unknown_ones() -> None:
    assert html("a &lt; b &amp;&amp; c &gt; d &quot;e&quot; &#272;&#x110;")[0] == 'a < b && c > d "e" ĐĐ'
    assert html("&nbsp;&khong;")[0] == "&nbsp;&khong;"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<b>mở", 'Can\'t find end tag corresponding to start tag "b"'),
        ("đóng</b>", "Unexpected end tag at byte offset 6"),
        ("<b><i>chéo</b></i>", 'Unmatched end tag at byte offset 11, expected "</i>", found "</b>"'),
        ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("ướt <p>x</p>", 'Unsupported start tag "p" at byte offset 7'),
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("3 < 4", 'Unsupported start tag "" at byte offset 2'),
        ("<a", "Unclosed start tag at byte offset 0"),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ],
)
def test_what_cannot_be_parsed_says_where(text: str, why: str) -> None:
    with pytest.raises(BadRequest) as refused:
        formatted(text, "HTML", None)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_links() -> None:
    made = formatted('Xem <a href="https://hanoi.gov.vn/a?b=1&amp;c=2">tại đây</a>', "HTML", None)
    assert made.entities == ({"type": "text_link", "offset": 4, "length": 7, "url": "https://hanoi.gov.vn/a?b=1&c=2"},)
    assert html('<a href="javascript:alert(1)">x</a>') == ("x", []), "no link, but no error"
    assert html("Đọc https://a.vn/tin.")[1] == [("url", 4, 16)]
    assert html('<a href="https://a.vn">https://b.vn/x</a>')[1] == [("text_link", 0, 14)]
    assert checked_link("hanoi.gov.vn") == "http://hanoi.gov.vn/"
    assert checked_link("http://127.0.0.1:8080/tin/x") == "http://127.0.0.1:8080/tin/x"


def test_ends_are_trimmed_and_entities_cut_to_fit() -> None:
    assert html("  \n<b> Tin </b>\r\n ") == ("Tin", [("bold", 0, 3)])


@pytest.mark.parametrize(
    ("entity", "why"),
    [
        ({"type": "bold", "offset": 0, "length": 9}, "entity beginning at UTF-16 offset 0 ends after the end"),
        ({"type": "bold", "offset": 1, "length": 1}, "in a middle of a UTF-16 symbol"),
        ({"type": "đậm", "offset": 0, "length": 2}, "can't parse entities"),
        ({"type": "bold", "offset": -1, "length": 2}, "can't parse entities"),
    ],
    ids=["past-the-end", "inside-a-pair", "unknown", "negative"],
)
def test_given_entities_have_to_fit(entity: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        formatted("🏙 Hà", "", [entity])


def test_entities_beyond_a_hundred_are_dropped_in_silence() -> None:
    made = formatted("<b>a</b> " * 120, "HTML", None)
    assert (len(made.entities), made.text.count("a")) == (100, 120)


def test_markdown_is_not_played() -> None:
    with pytest.raises(BadRequest, match="unsupported parse_mode"):
        formatted("*a*", "MarkdownV2", None)


def test_pieces_of_a_text_for_a_page() -> None:
    made = formatted('🏙 <b>đậm <i>nghiêng</i></b> <a href="https://a.vn/">đây</a>', "HTML", None)
    assert pieces(made.text, made.entities) == [
        ("🏙 ", frozenset(), None),
        ("đậm ", frozenset({"bold"}), None),
        ("nghiêng", frozenset({"bold", "italic"}), None),
        (" ", frozenset(), None),
        ("đây", frozenset({"text_link"}), "https://a.vn/"),
    ]
