"""One Markdown text makes the blocks of a paper; foreign words in it stay words."""

import pytest

from libs.common.papers.content import Block, Bullets, Emphasis, Heading, Note, Picture, Run, Runs, Table, Text
from libs.common.papers.markdown import plain_markdown, read_markdown
from tests.common.papers.samples import chart


def read(text: str) -> tuple[Block, ...]:
    return read_markdown(text, {"volume": chart()})


def plain(runs: Runs) -> str:
    return "".join(run.text for run in runs)


@pytest.mark.mission("M33")
def test_parts_words_lists_and_notes() -> None:
    blocks = read(
        "# Tên\n\n## I. MỘT\n\nĐoạn *một*\n**hai** và [báo](https://a.vn).\n\n### 1. Hai\n\n"
        "- a\n- b\n  - c\n- d\n\n3. ba\n4. bốn\n\n*Nguồn: x.*\n*Lúc: y.*\n"
    )
    assert blocks == (
        Heading(1, "I. MỘT"),
        Text(
            (
                Run("Đoạn "),
                Run("một", italic=True),
                Run(" "),
                Run("hai", bold=True),
                Run(" và "),
                Run("báo", link="https://a.vn"),
                Run("."),
            )
        ),
        Heading(2, "1. Hai"),
        Bullets(((Run("a"),), (Run("b"),))),
        Bullets(((Run("c"),),), level=1),
        Bullets(((Run("d"),),)),
        Bullets(((Run("ba"),), (Run("bốn"),)), start=3),
        Note("Nguồn: x."),
        Note("Lúc: y."),
    )


@pytest.mark.mission("M33")
def test_tables_keep_their_alignment_name_and_groups() -> None:
    told = "**Bảng 1. Tin**\n\n| Tên | Số |\n| --- | ---: |\n"
    told += "| [I. Nhóm](mark:across) | |\n| a\\|b | **1.018** |\n| c | |\n"
    assert read(told) == (
        Table(
            ("Tên", "Số"),
            (((Run("I. Nhóm"),),), ((Run("a|b"),), (Run("1.018", bold=True),)), ((Run("c"),), None)),
            caption="Bảng 1. Tin",
            align=("left", "right"),
        ),
    )
    [bare] = read("| A | B |\n|---|---|\n| 1 | 2 |")
    assert isinstance(bare, Table)
    assert bare.align is None, "set by what it holds"


@pytest.mark.mission("M33")
def test_a_picture_is_taken_by_its_name() -> None:
    before, picture, after = read('trước ![Đường tăng](chart:volume "Hình 1. Số tin") sau')
    assert isinstance(picture, Picture)
    assert (picture.png, picture.alt, picture.caption) == (chart().png, "Đường tăng", "Hình 1. Số tin")
    assert isinstance(before, Text)
    assert isinstance(after, Text)
    [own] = read("![](chart:volume)")
    assert isinstance(own, Picture)
    assert (own.alt, own.caption) == (chart().alt, chart().caption)


@pytest.mark.parametrize("source", ["chart:none", "https://a.vn/a.png", "/etc/passwd", "volume"])
def test_a_picture_from_elsewhere_is_only_its_words(source: str) -> None:
    assert read(f"![Đường tăng]({source})") == (Text((Run("Đường tăng"),)),)


def test_whoever_reads_the_markdown_itself_sees_bold_and_no_marks() -> None:
    text = (
        "| [I. Nhóm \\| A](mark:across) | |\n\n[TRỄ: đã có tin](mark:late), [báo](https://a.vn/x) và \\[x](mark:late)"
    )
    assert plain_markdown(text) == (
        "| I. Nhóm \\| A | |\n\n**TRỄ: đã có tin**, [báo](https://a.vn/x) và \\[x](mark:late)"
    )


def test_what_is_late_is_bold_and_goes_with_words() -> None:
    [text] = read("[Quá hạn](mark:late) [12](mark:late)")
    assert isinstance(text, Text)
    assert [(run.text, run.bold, run.emphasis) for run in text.runs] == [
        ("Quá hạn", True, Emphasis.LATE),
        (" ", False, None),
        ("12", True, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b>x</b>",
        "<img src=x onerror=y>",
        "a <!-- b --> c",
        "&lt;b&gt; <br>",
        "<a href='x'>",
    ],
)
def test_html_is_words(text: str) -> None:
    shown = "".join(plain(block.runs) for block in read(text) if isinstance(block, Text))
    assert shown == text.replace("&lt;b&gt;", "<b>")


@pytest.mark.parametrize(
    "text",
    [
        "> " * 300 + "sâu",
        "- " * 300 + "sâu",
        "[" * 5000 + "sâu",
        "*" * 5000 + "sâu",
        "![" * 2000 + "sâu" + "](x)" * 2000,
        "| a " * 500 + "|\n" + "|---" * 500 + "|\n" + "| sâu " * 500 + "|",
        "\x00\ud800\u202esâu",
        "- \n-\n\n1.\n\nsâu",
        "|sâu|\n|-|",
    ],
)
def test_what_is_nested_without_end_is_read_to_its_end(text: str) -> None:
    told = repr(read(text))
    assert "sâu" in told or text.startswith(("> ", "- - ")), "beyond twenty levels nothing is kept"


def test_a_second_paragraph_of_an_item_and_code_are_text() -> None:
    assert read("- a\n\n  b\n\n      c\n\n---\n\n> d\n") == (
        Bullets(((Run("a"),),)),
        Text((Run("b"),)),
        Text((Run("c"),)),
        Text((Run("d"),)),
    )
