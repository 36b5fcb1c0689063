"""Whatever people paste, a paper comes out, the same each time, and nothing of it becomes a command."""

import time
from dataclasses import replace
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from libs.common.papers.content import Bullets, Heading, Note, Paper, Run, Table, Text, words
from libs.common.papers.docx import to_docx
from libs.common.papers.pdf import to_pdf
from libs.common.papers.xlsx import to_xlsx
from tests.common.papers.samples import head, paper, weekly
from tests.common.papers.strange import ENDLESS, STRANGE, everywhere
from tests.common.papers.test_pdf import pages_of, text_of

PRINTERS = (to_docx, to_pdf, to_xlsx)


@pytest.mark.parametrize("text", STRANGE.values(), ids=list(STRANGE))
def test_strange_text_stands_everywhere_and_breaks_nothing(text: str) -> None:
    told = everywhere(text)
    made = to_docx(told)
    with ZipFile(BytesIO(made)) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(parts.read(name))
    assert len(Document(BytesIO(made)).sections) == 2
    assert len(pages_of(to_pdf(told))) >= 2
    assert to_xlsx(told)


def test_a_word_of_ten_thousand_letters_is_printed_whole() -> None:
    told = paper(Text(words(ENDLESS)), Table(("TT", "Từ"), ((1, ENDLESS),)))
    assert "".join(text_of(to_pdf(told)).split()).count("x") >= 2 * len(ENDLESS)
    assert ENDLESS in Document(BytesIO(to_docx(told))).tables[1].cell(1, 1).text


def test_what_the_face_lacks_is_a_box_and_words_around_it_stay() -> None:
    text = text_of(to_pdf(paper(Text(words("Cháy 🔥 lớn ở 汉 Hà Nội")))))
    assert "Cháy □ lớn ở □ Hà Nội" in text
    made = Document(BytesIO(to_docx(paper(Text(words("Cháy 🔥"))))))
    assert "🔥" in "".join(line.text for line in made.paragraphs), "a word processor has other faces"


def test_markup_is_printed_as_it_was_written() -> None:
    for name in ("markup of others", "a template's words", "a field of a word processor"):
        text = " ".join(STRANGE[name].split())
        assert text in text_of(to_pdf(paper(Text(words(STRANGE[name])), closing=None)))
    made = to_docx(everywhere(STRANGE["a field of a word processor"]))
    tree = etree.fromstring(ZipFile(BytesIO(made)).read("word/document.xml"))
    assert [element for element in tree.iter() if etree.QName(element).localname in ("instrText", "fldSimple")] == []


def test_a_row_taller_than_a_page_goes_on_on_the_next() -> None:
    tall = "\n".join(f"dòng {at}" for at in range(120))
    pages = pages_of(to_pdf(paper(Table(("TT", "Nội dung"), ((1, "trước"), (2, tall), (3, "sau"))), closing=None)))
    found = [int(line.split()[-1]) for page in pages for line in page.split("\n") if "dòng " in line]
    assert found == list(range(120))
    assert "sau" in pages[-1]
    assert all("Nội dung" in page for page in pages)


def test_a_head_taller_than_a_page_is_not_repeated_for_ever() -> None:
    tall = "\n".join(f"dòng {at}" for at in range(90))
    pages = pages_of(to_pdf(paper(Table(("TT", tall), ((1, "một"), (2, "hai"))), closing=None)))
    assert sum(page.count("dòng 89") for page in pages) == 1
    assert "hai" in pages[-1]


def test_three_hundred_recipients_are_all_named() -> None:
    told = paper(closing=None)
    many = weekly().closing
    assert many is not None
    made = to_pdf(replace(told, closing=replace(many, recipients=tuple(f"Phường số {at}" for at in range(300)))))
    assert "- Phường số 299." in text_of(made)


# --- the same paper, the same bytes -------------------------------------------------------------------------


@pytest.mark.mission("M33")
@pytest.mark.parametrize("printer", PRINTERS, ids=lambda one: one.__name__)
def test_the_same_paper_has_the_same_bytes_at_another_minute(printer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    first = printer(weekly())  # type: ignore[operator]
    later = time.time() + 40 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    assert printer(weekly()) == first  # type: ignore[operator]
    moved = replace(weekly(), head=head(date=date(2026, 2, 6)))
    assert printer(moved) != first  # type: ignore[operator]


TEXTS = st.text(max_size=60)
RUNS = st.lists(st.builds(Run, TEXTS, st.booleans(), st.booleans(), link=st.none() | TEXTS), max_size=3).map(tuple)
CELLS = st.none() | TEXTS | st.integers(-(10**9), 10**9) | st.floats() | st.dates(date(1990, 1, 1)) | RUNS
TABLES = st.integers(1, 4).flatmap(
    lambda count: st.builds(
        Table,
        st.tuples(*[TEXTS] * count),
        st.lists(st.tuples(*[CELLS] * count), max_size=5).map(tuple),
        caption=st.none() | TEXTS,
    )
)
BLOCKS = st.one_of(
    st.builds(Heading, st.integers(-1, 9), TEXTS),
    st.builds(Text, RUNS),
    st.builds(Bullets, st.lists(RUNS, max_size=3).map(tuple), st.integers(0, 3), st.none() | st.integers(0, 99)),
    TABLES,
    st.builds(Note, TEXTS),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(BLOCKS, max_size=5), TEXTS)
def test_any_paper_is_printed_and_is_the_same_twice(
    blocks: list[Heading | Text | Bullets | Table | Note], text: str
) -> None:
    told: Paper = paper(*blocks, head=head(subject=text, number=text, agency=text))
    for printer in PRINTERS:
        assert printer(told) == printer(told)
