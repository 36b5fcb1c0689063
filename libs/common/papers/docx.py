"""A paper as DOCX: Times New Roman named, every part in its own style, the same bytes for the same paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as Made
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.shared import Emu, Mm

from libs.common.papers import docx_styles, styles, wordml
from libs.common.papers.content import (
    ABOVE,
    Annex,
    Block,
    Bullets,
    Cell,
    Closing,
    Head,
    Heading,
    Note,
    Paper,
    Picture,
    Run,
    Runs,
    Table,
    Text,
)
from libs.common.papers.faces import balanced, width_mm
from libs.common.papers.form import Form
from libs.common.papers.grid import alignments, column_widths
from libs.common.papers.letterhead import CLOSING_SHARES, SHORT, letterhead_widths, shown_width
from libs.common.papers.package import fixed
from libs.common.papers.printing import MEDIA_TYPES, PaperFormat
from libs.common.papers.wording import (
    MOTTO,
    NATIONAL_NAME,
    RECIPIENTS,
    annex_basis,
    annex_line,
    cell_text,
    clean,
    date_line,
    ended,
    footer_line,
    has_address,
    number_line,
    recipient_lines,
    safe_link,
    stated_day,
)

MEDIA_TYPE = MEDIA_TYPES[PaperFormat.DOCX]


def to_docx(paper: Paper) -> bytes:
    made = Document()
    docx_styles.set_up_styles(made, paper.form)
    writer = _Writer(made, paper.form, docx_styles.style_ids(made))
    docx_styles.set_up_page(made.sections[0], paper.form, footer_line(paper.footer), writer.ids)
    writer.put(*_letterhead(writer, paper.head), *_title(writer, paper.head))
    writer.blocks(ended(paper.blocks) if paper.closing else paper.blocks, before_closing=paper.closing is not None)
    if paper.closing:
        writer.put(_closing(writer, paper.closing), wordml.gap(1))
    for annex in paper.annexes:
        _annex(writer, annex, paper.head)
    _properties(made, paper)
    stored = BytesIO()
    made.save(stored)
    return fixed(stored.getvalue(), stated_day(paper))


@dataclass
class _Writer:
    """Puts blocks at the end of the document."""

    made: Made
    form: Form
    ids: dict[str, str]
    room_mm: float = field(init=False)
    tallest_mm: float = field(init=False)
    pictures: int = 0

    def __post_init__(self) -> None:
        self.turn(landscape=False)

    def turn(self, *, landscape: bool) -> None:
        self.room_mm = self.form.room_mm(landscape=landscape)
        self.tallest_mm = self.form.tallest_mm(landscape=landscape)

    def put(self, *elements: Any) -> None:
        body = self.made.element.body
        for element in elements:
            body.insert_element_before(element, "w:sectPr")

    def line(self, style: str, *runs: Run, keep_next: bool = False) -> Any:
        ragged = styles.BY_NAME[style].align == "both" and has_address(runs)
        return wordml.paragraph(self.ids[style], *self.inline(runs), keep_next=keep_next, ragged=ragged)

    def inline(self, runs: Sequence[Run]) -> Iterator[Any]:
        for run in runs:
            link = safe_link(run.link)
            if link is None:
                yield wordml.run(run)
            else:
                held: Any = wordml.w("hyperlink", wordml.run(run))
                held.set(qn("r:id"), self.made.part.relate_to(link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
                yield held

    def blocks(self, blocks: Sequence[Block], *, before_closing: bool = False) -> None:
        """The last words stay on the page of the signature."""
        for at, block in enumerate(blocks, 1):
            self.put(*_block(self, block, keep_next=before_closing and at == len(blocks)))


# --- above the text -----------------------------------------------------------------------------------------


def _letterhead(writer: _Writer, head: Head) -> tuple[Any, ...]:
    form = writer.form
    left_mm, right_mm = letterhead_widths(form)
    left: list[Any] = []
    if head.authority:
        lines = balanced(clean(head.authority.upper()), form.agency_size, left_mm)
        left += [writer.line(styles.AUTHORITY, Run(line)) for line in lines]
    lines = balanced(clean(head.agency.upper()), form.agency_size, left_mm, bold=True)
    left += [writer.line(styles.AGENCY, Run(line)) for line in lines]
    ruled = shown_width(lines, form.agency_size, left_mm) * form.agency_rule
    left.append(wordml.rule(writer.ids[styles.AGENCY], (left_mm - ruled) / 2))
    ruled = width_mm(MOTTO, form.motto_size, bold=True)
    right = [
        writer.line(styles.NATIONAL, Run(NATIONAL_NAME)),
        writer.line(styles.MOTTO, Run(MOTTO)),
        wordml.rule(writer.ids[styles.MOTTO], (right_mm - ruled) / 2),
    ]
    number = wordml.cell(left_mm, writer.line(styles.NUMBER, Run(number_line(head))))
    day = wordml.cell(right_mm, writer.line(styles.PLACE_DATE, Run(date_line(head.place, head.date, head.year))))
    rows = (wordml.row(wordml.cell(left_mm, *left), wordml.cell(right_mm, *right)), wordml.row(number, day))
    return (wordml.table((left_mm, right_mm), rows, ruled=False),)


def _title(writer: _Writer, head: Head) -> Iterator[Any]:
    form = writer.form
    yield writer.line(styles.TYPE_NAME, Run(head.type_name.upper()))
    lines = balanced(clean(head.subject), form.subject_size, writer.room_mm * 0.86, bold=True)
    for line in lines:
        yield writer.line(styles.SUBJECT, Run(line))
    ruled = shown_width(lines, form.subject_size, writer.room_mm) * form.subject_rule
    yield wordml.rule(writer.ids[styles.SUBJECT], (writer.room_mm - ruled) / 2)
    if head.basis:
        yield writer.line(styles.BASIS, Run(f"({head.basis})"))
    yield wordml.gap(6)


# --- the text -----------------------------------------------------------------------------------------------


def _block(writer: _Writer, block: Block, *, keep_next: bool) -> Iterator[Any]:
    match block:
        case Heading(level, text):
            yield writer.line(styles.HEADINGS[min(max(level, 1), 3) - 1], Run(text))
        case Text(runs):
            yield writer.line(styles.BODY, *runs, keep_next=keep_next)
        case Bullets(items, level, start):
            for at, runs in enumerate(items):
                mark = ("+ " if level else "- ") if start is None else f"{start + at}. "
                yield writer.line(styles.BULLET, Run(mark), *runs, keep_next=keep_next and at == len(items) - 1)
        case Table():
            yield from _table(writer, block, keep_next=keep_next and len(block.rows) <= SHORT)
        case Picture():
            yield from _picture(writer, block)
        case Note(text):
            yield writer.line(styles.NOTE, Run(text), keep_next=keep_next)


def _table(writer: _Writer, table: Table, *, keep_next: bool) -> Iterator[Any]:
    if table.caption:
        yield writer.line(styles.TABLE_NAME, Run(table.caption))
    widths = column_widths(table, writer.room_mm, writer.form.table_size)
    looks = [writer.ids[styles.CELLS[align]] for align in alignments(table)]
    head = (
        wordml.cell(width, writer.line(styles.CELL_HEAD, Run(name)), middle=True)
        for name, width in zip(table.columns, widths, strict=True)
    )
    rows = [wordml.row(*head, is_head=True)]
    for row, below in zip(table.rows, (*table.rows[1:], ()), strict=False):
        if len(row) < len(widths):
            across = wordml.paragraph(
                looks[0] if len(looks) == 1 else writer.ids[styles.CELLS["left"]], *_across(row[0])
            )
            rows.append(wordml.row(wordml.cell(sum(widths), across, span=len(widths))))
            continue
        goes_on = [cell is ABOVE for cell in below] if len(below) == len(row) else [False] * len(row)
        told = zip(row, widths, looks, goes_on, strict=True)
        rows.append(wordml.row(*(_cell(writer, *one) for one in told)))
    if keep_next:
        wordml.keep_together(rows)
    yield wordml.table(widths, rows, ruled=True, caption=table.caption)
    yield wordml.gap(writer.form.paragraph_gap_pt, keep_next=keep_next)


def _across(cell: Cell) -> Iterator[Any]:
    for run in _cell_runs(cell):
        yield wordml.run(Run(run.text, bold=True, italic=run.italic, emphasis=run.emphasis))


def _cell(writer: _Writer, cell: Cell, width: float, look: str, goes_on: bool) -> Any:
    merge = "continue" if cell is ABOVE else "restart" if goes_on else None
    return wordml.cell(width, wordml.paragraph(look, *writer.inline(_cell_runs(cell))), merge=merge)


def _cell_runs(cell: Cell) -> Runs:
    return cell if isinstance(cell, tuple) else (Run(cell_text(cell)),)


def _picture(writer: _Writer, picture: Picture) -> Iterator[Any]:
    """Told in words to whoever cannot see it, and named below it."""
    line = writer.made.add_paragraph()
    line._p.style = writer.ids[styles.PICTURE]
    shown = line.add_run().add_picture(BytesIO(picture.png), width=Mm(min(picture.width_mm, writer.room_mm)))
    if (over := shown.height / Mm(writer.tallest_mm)) > 1:
        shown.width, shown.height = Emu(round(shown.width / over)), Emu(round(shown.height / over))
    writer.pictures += 1
    told = shown._inline.docPr
    told.set("id", str(writer.pictures))
    told.set("name", f"Hình {writer.pictures}")
    told.set("descr", clean(picture.alt))
    if picture.caption:
        yield writer.line(styles.PICTURE_NAME, Run(picture.caption))


# --- below the text -----------------------------------------------------------------------------------------


def _closing(writer: _Writer, closing: Closing) -> Any:
    left_mm, right_mm = (writer.room_mm * share for share in CLOSING_SHARES)
    left = [writer.line(styles.RECIPIENTS_HEAD, Run(RECIPIENTS))]
    left += [writer.line(styles.RECIPIENTS, Run(line)) for line in recipient_lines(closing.recipients)]
    told = [closing.authority_line, *closing.position.split("\n")]
    right = [wordml.gap(8), *(writer.line(styles.POSITION, Run(line.upper())) for line in told if line)]
    right.append(writer.line(styles.SIGNER, Run(closing.signer or "")))
    row = wordml.row(wordml.cell(left_mm, *left), wordml.cell(right_mm, *right))
    return wordml.table((left_mm, right_mm), (row,), ruled=False)


def _annex(writer: _Writer, annex: Annex, head: Head) -> None:
    """A section of its own: its own page numbers from 1, across where it is wide."""
    docx_styles.begin_annex(writer.made, landscape=annex.landscape)
    writer.turn(landscape=annex.landscape)
    writer.put(writer.line(styles.ANNEX, Run(annex_line(annex))))
    lines = balanced(clean(annex.title.upper()), writer.form.annex_title_size, writer.room_mm * 0.86, bold=True)
    writer.put(*(writer.line(styles.ANNEX_TITLE, Run(line)) for line in lines))
    lines = balanced(clean(annex_basis(head)), writer.form.body_size, writer.room_mm * 0.95)
    writer.put(writer.line(styles.ANNEX_BASIS, Run("\n".join(lines))))
    writer.blocks(annex.blocks)


def _properties(made: Made, paper: Paper) -> None:
    told = made.core_properties
    told.title = clean(" ".join(f"{paper.head.type_name} {paper.head.subject}".split()))[:255]
    told.author, told.language = clean(" ".join(paper.head.agency.split()))[:255], "vi-VN"
    told.created = told.modified = stated_day(paper)
    told.comments, told.last_modified_by, told.keywords, told.revision = "", "", "", 1
