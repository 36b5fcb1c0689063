"""The parts of a paper as what reportlab lays out on pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.lib.utils import ImageReader
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer

from libs.common.papers import styles
from libs.common.papers.content import (
    ABOVE,
    Annex,
    Block,
    Bullets,
    Closing,
    Head,
    Heading,
    Note,
    Picture,
    Run,
    Runs,
    Table,
    Text,
)
from libs.common.papers.content import Cell as Value
from libs.common.papers.faces import balanced, width_mm
from libs.common.papers.form import PAGE_MM, Form
from libs.common.papers.grid import alignments, column_widths
from libs.common.papers.letterhead import CLOSING_SHARES, SHORT, letterhead_widths, shown_width
from libs.common.papers.pdf_table import Cell, Line, Rows
from libs.common.papers.pdf_words import POINTS_OF_MM, Rule, Told, line
from libs.common.papers.wording import (
    MOTTO,
    NATIONAL_NAME,
    RECIPIENTS,
    annex_basis,
    annex_line,
    cell_text,
    clean,
    date_line,
    number_line,
    recipient_lines,
)

HEADING, LINES = 30.0, 48.0
"""Points that a heading takes, and that two lines of text below it do."""


@dataclass(frozen=True)
class Page:
    """What a page has room for, in millimetres."""

    form: Form
    landscape: bool = False

    @property
    def room_mm(self) -> float:
        return self.form.room_mm(landscape=self.landscape)

    @property
    def full(self) -> float:
        """Points of height."""
        height = PAGE_MM[not self.landscape] - self.form.top_mm - self.form.bottom_mm
        return height * POINTS_OF_MM

    def beside(self, shares_mm: Sequence[float], *rows: Sequence[Sequence[Flowable]]) -> Rows:
        """Things side by side, without lines."""
        made = [Line([Cell(list(parts)) for parts in row]) for row in rows]
        return Rows([mm * POINTS_OF_MM for mm in shares_mm], len(made), made.__getitem__, self.full, ruled=False)


# --- above the text -----------------------------------------------------------------------------------------


def letterhead(page: Page, head: Head) -> Flowable:
    form = page.form
    left_mm, right_mm = letterhead_widths(form)
    above = balanced(clean((head.authority or "").upper()), form.agency_size, left_mm)
    own = balanced(clean(head.agency.upper()), form.agency_size, left_mm, bold=True)
    left = [
        *(line(form, styles.AUTHORITY, Run(told)) for told in above),
        *(line(form, styles.AGENCY, Run(told)) for told in own),
        Rule(shown_width(own, form.agency_size, left_mm) * form.agency_rule),
    ]
    right = [
        line(form, styles.NATIONAL, Run(NATIONAL_NAME)),
        line(form, styles.MOTTO, Run(MOTTO)),
        Rule(width_mm(MOTTO, form.motto_size, bold=True)),
    ]
    number = line(form, styles.NUMBER, Run(number_line(head)))
    day = line(form, styles.PLACE_DATE, Run(date_line(head.place, head.date, head.year)))
    return page.beside((left_mm, right_mm), (left, right), ([number], [day]))


def title(page: Page, head: Head) -> Iterator[Flowable]:
    form = page.form
    yield line(form, styles.TYPE_NAME, Run(head.type_name.upper()))
    lines = balanced(clean(head.subject), form.subject_size, page.room_mm * 0.86, bold=True)
    for told in lines:
        yield line(form, styles.SUBJECT, Run(told))
    yield Rule(shown_width(lines, form.subject_size, page.room_mm) * form.subject_rule)
    if head.basis:
        yield line(form, styles.BASIS, Run(f"({head.basis})"))
    yield Spacer(1, 6)


def annex_title(page: Page, annex: Annex, head: Head) -> Iterator[Flowable]:
    form = page.form
    yield line(form, styles.ANNEX, Run(annex_line(annex)))
    for told in balanced(clean(annex.title.upper()), form.annex_title_size, page.room_mm * 0.86, bold=True):
        yield line(form, styles.ANNEX_TITLE, Run(told))
    lines = balanced(clean(annex_basis(head)), form.body_size, page.room_mm * 0.95)
    yield line(form, styles.ANNEX_BASIS, Run("\n".join(lines)))


# --- the text -----------------------------------------------------------------------------------------------


def groups(page: Page, blocks: Sequence[Block]) -> Iterator[list[Flowable]]:
    """What stays together: headings wait for what they head, and go to the next page with it."""
    waiting: list[Flowable] = []
    for block in blocks:
        made = list(_block(page, block))
        if isinstance(block, Heading):
            waiting += made
            continue
        if waiting and made:
            break_ = CondPageBreak(min(len(waiting) * HEADING + _opening(made[0]), page.full))
            made[:1] = [break_, *waiting, made[0]]
            waiting = []
        if isinstance(block, Bullets):
            yield from _items(made)
        else:
            yield made
    if waiting:
        yield waiting


def _items(made: list[Flowable]) -> Iterator[list[Flowable]]:
    """Each of a list by itself: a long one is no group."""
    if len(made) > 1:
        yield made[:-1]
    yield made[-1:]


def signed(page: Page, last: list[Flowable], told: Closing) -> list[Flowable]:
    """The signature is never alone on a page, but for one below a long table."""
    if any(isinstance(one, Rows) and one.count > SHORT for one in last):
        return [*last, closing(page, told)]
    kept = [one for one in last if not isinstance(one, CondPageBreak)]
    flat = [part for one in kept for part in (one._content if isinstance(one, KeepTogether) else [one])]
    return [KeepTogether([*flat, closing(page, told)])]


def _block(page: Page, block: Block) -> Iterator[Flowable]:
    match block:
        case Heading(level, words):
            yield _heading(page.form, level, words)
        case Text(runs):
            yield line(page.form, styles.BODY, *runs)
        case Bullets(items, level, start):
            for n, runs in enumerate(items):
                mark = ("+ " if level else "- ") if start is None else f"{start + n}. "
                yield line(page.form, styles.BULLET, Run(mark), *runs)
        case Table():
            yield from _table(page, block)
        case Picture():
            yield _picture(page, block)
        case Note(words):
            yield line(page.form, styles.NOTE, Run(words))


def _opening(first: Flowable) -> float:
    """The height of the first of what a heading heads, without which it does not stand at the foot of a page."""
    if isinstance(first, CondPageBreak):  # of a table with a name
        return float(first.height)
    if isinstance(first, Rows):
        return first.opening
    if isinstance(first, KeepTogether):  # a picture and its name
        return float(first._content[0].drawHeight) + HEADING
    return LINES


def _heading(form: Form, level: int, words: str) -> Flowable:
    """With its place in the outline."""
    made = line(form, styles.HEADINGS[min(max(level, 1), 3) - 1], Run(words))
    made.outline = (min(max(level, 1), 3) - 1, " ".join(clean(words).split()))
    return made


def _table(page: Page, table: Table) -> Iterator[Flowable]:
    form = page.form
    widths = [mm * POINTS_OF_MM for mm in column_widths(table, page.room_mm, form.table_size)]
    looks = [styles.CELLS[align] for align in alignments(table)]
    head = Line([Cell([line(form, styles.CELL_HEAD, Run(name))], middle=True) for name in table.columns])

    def make(at: int) -> Line:
        row = table.rows[at]
        if len(row) < len(widths):
            runs = [Run(run.text, bold=True, italic=run.italic, emphasis=run.emphasis) for run in _runs(row[0])]
            return Line([Cell([line(form, styles.CELLS["left"], *runs)], len(widths))])
        goes_on = at > 0 and len(table.rows[at - 1]) == len(row)
        cells = zip(row, looks, strict=True)
        return Line([Cell([line(form, look, *_runs(cell))], joined=goes_on and cell is ABOVE) for cell, look in cells])

    rows = Rows(widths, len(table.rows), make, page.full, head=head)
    if table.caption:
        yield CondPageBreak(min(HEADING + rows.opening, page.full))
        yield line(form, styles.TABLE_NAME, Run(table.caption))
    yield rows
    yield Spacer(1, form.paragraph_gap_pt)


def _runs(cell: Value) -> Runs:
    return cell if isinstance(cell, tuple) else (Run(cell_text(cell)),)


def _size(page: Page, picture: Picture) -> tuple[float, float]:
    """Points, as told and within the page."""
    wide, high = ImageReader(BytesIO(picture.png)).getSize()
    width = min(picture.width_mm, page.room_mm) * POINTS_OF_MM
    scale = min(width / wide, page.form.tallest_mm(landscape=page.landscape) * POINTS_OF_MM / high)
    return wide * scale, high * scale


def _picture(page: Page, picture: Picture) -> Flowable:
    shown = Told(BytesIO(picture.png), *_size(page, picture))
    shown.alt, shown.hAlign, shown.spaceBefore = picture.alt, "CENTER", 6
    named = [line(page.form, styles.PICTURE_NAME, Run(picture.caption))] if picture.caption else []
    return KeepTogether([shown, *named])


# --- below the text -----------------------------------------------------------------------------------------


def closing(page: Page, told: Closing) -> Flowable:
    form = page.form
    left = [line(form, styles.RECIPIENTS_HEAD, Run(RECIPIENTS))]
    left += [line(form, styles.RECIPIENTS, Run(one)) for one in recipient_lines(told.recipients)]
    lines = [told.authority_line, *told.position.split("\n")]
    right: list[Flowable] = [Spacer(1, 8), *(line(form, styles.POSITION, Run(one.upper())) for one in lines if one)]
    right.append(line(form, styles.SIGNER, Run(told.signer or "")))
    return page.beside([page.room_mm * share for share in CLOSING_SHARES], (left, right))
