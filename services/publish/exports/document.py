"""A plan or a calendar as an office document, in the form of Nghị định 30/2020/NĐ-CP, phụ lục I.

A4, margins 20 mm above and below, 30 mm left, 15 mm right; Times New Roman 13-14; national name and motto, the
authority and the unit; page numbers centred in the upper margin from the second page on, as the decree has it. Number,
place, date and signature stay open: whoever signs fills them in. What the decree does not know (the instant of the
figures) stands in the footer.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as Paper
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from services.publish.calendar_rules import Entry
from services.publish.exports.contents import (
    PLAN_STATES,
    STATES,
    ZONE_NOTE,
    CampaignLine,
    Contents,
    TargetLine,
    ThemeLine,
    by_month,
    clean,
    headline,
    local,
    number,
    when,
)

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT = "Times New Roman"
BODY, TABLE, SMALL = Pt(14), Pt(13), Pt(11)
LETTERHEAD_WIDTHS = (67, 98)
"""Millimetres, 165 together: the paper's 210 less its margins; so have all tables."""
ENTRY_WIDTHS = (11, 29, 62, 33, 30)
CAMPAIGN_WIDTHS = (11, 56, 28, 40, 30)
IN_TABLE, IN_TABLE_CENTRED = "Trong bảng", "Trong bảng, giữa"
"""Styles, so that thousands of cells carry no format of their own."""
OPEN = "…………"


def render(contents: Contents) -> bytes:
    paper = Document()
    _set_up(paper, contents)
    _letterhead(paper, contents)
    _heading(paper, contents)
    if contents.is_plan:
        _plan(paper, contents)
    else:
        _months(paper, contents.entries)
    _closing(paper, contents)
    stored = BytesIO()
    paper.save(stored)
    return stored.getvalue()


# --- the page -----------------------------------------------------------------------------------------------


def _set_up(paper: Paper, contents: Contents) -> None:
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.header_distance, section.footer_distance = Mm(10), Mm(8)
    section.different_first_page_header_footer = True
    style = paper.styles["Normal"]
    style.font.name, style.font.size = FONT, BODY
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    style.element.get_or_add_rPr().append(language)
    style.paragraph_format.space_after, style.paragraph_format.space_before = Pt(6), Pt(0)
    for name, align in ((IN_TABLE, ALIGN.LEFT), (IN_TABLE_CENTRED, ALIGN.CENTER)):
        within = paper.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        within.base_style, within.font.size = style, TABLE
        within.paragraph_format.space_after, within.paragraph_format.alignment = Pt(0), align
    told = paper.core_properties
    told.title, told.author, told.language = clean(contents.title), clean(contents.unit_name), "vi-VN"
    told.created = told.modified = contents.as_of.replace(tzinfo=None)
    told.comments, told.last_modified_by = "", ""
    _page_number(section.header.paragraphs[0])
    for footer in (section.footer, section.first_page_footer):
        line = footer.paragraphs[0]
        line.alignment = ALIGN.CENTER
        _say(
            line,
            f"Số liệu tính đến {when(contents.as_of)} ({ZONE_NOTE}). Ô trống là chưa có số liệu.",
            size=SMALL,
            italic=True,
        )


def _page_number(paragraph: Paragraph) -> None:
    paragraph.alignment = ALIGN.CENTER
    for kind, text in (("begin", None), (None, "PAGE"), ("separate", None), ("text", "2"), ("end", None)):
        run = paragraph.add_run()
        run.font.size, run.font.name = TABLE, FONT
        if kind == "text":
            run.text = text or ""
        elif kind is None:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = text
            run._r.append(code)
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


# --- above the text -----------------------------------------------------------------------------------------


def _letterhead(paper: Paper, contents: Contents) -> None:
    table = _bare_table(paper, LETTERHEAD_WIDTHS)
    left, right = table.rows[0].cells
    if contents.above:
        _line(left, contents.above.upper(), size=Pt(13))
    _line(left, contents.unit_name.upper(), size=Pt(13), bold=True)
    _rule(left, 22)
    _line(left, f"Số: {OPEN}", size=Pt(13))
    _line(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=Pt(12), bold=True)
    _line(right, "Độc lập - Tự do - Hạnh phúc", size=Pt(13), bold=True)
    _rule(right, 21)
    year = local(contents.as_of).year
    _line(right, f"{OPEN}, ngày …… tháng …… năm {year}", size=Pt(13), italic=True)


def _heading(paper: Paper, contents: Contents) -> None:
    for at, text in enumerate((contents.form.upper(), contents.title)):
        line = paper.add_paragraph()
        line.alignment = ALIGN.CENTER
        line.paragraph_format.space_before, line.paragraph_format.space_after = Pt(0 if at else 14), Pt(0)
        line.paragraph_format.keep_with_next = True
        _say(line, text, size=BODY, bold=True)
    _rule(paper, 60)
    if contents.programme:
        line = paper.add_paragraph()
        line.alignment = ALIGN.CENTER
        _say(line, f"(Thực hiện {contents.programme})", size=BODY, italic=True)


# --- the text -----------------------------------------------------------------------------------------------


def _plan(paper: Paper, contents: Contents) -> None:
    _section(paper, "I. MỤC TIÊU")
    _prose(paper, contents.goals or "Chưa ghi mục tiêu.")
    _section(paper, "II. CHỦ ĐỀ VÀ CHIẾN DỊCH")
    for at, theme in enumerate(contents.themes, 1):
        _theme(paper, at, theme)
    if not contents.themes:
        _prose(paper, "Chưa có chủ đề.")
    _section(paper, "III. LỊCH ĐĂNG TIN")
    _months(paper, contents.entries)


def _theme(paper: Paper, at: int, theme: ThemeLine) -> None:
    dates = f"từ {theme.starts_on:%d/%m/%Y} đến {theme.ends_on:%d/%m/%Y}"
    _subsection(paper, f"{at}. {theme.title} ({dates})")
    if not theme.campaigns:
        _prose(paper, "Chưa có chiến dịch.")
        return
    rows = [row for n, campaign in enumerate(theme.campaigns, 1) for row in _campaign_rows(n, campaign)]
    table = _table(paper, ("TT", "Chiến dịch", "Thời gian", "Chỉ tiêu", "Đạt được"), CAMPAIGN_WIDTHS, rows)
    first = 1
    for campaign in theme.campaigns:
        last = first + max(len(campaign.targets), 1) - 1
        for column in range(3):
            _join(table.cell(first, column), table.cell(last, column))
        first = last + 1


def _campaign_rows(at: int, campaign: CampaignLine) -> list[Sequence[str]]:
    """A row for each target, the first with the campaign itself; a figure nobody told leaves its cell blank."""
    told = [campaign.title, f"({PLAN_STATES[campaign.state].lower()}; {number(campaign.publications)} tin)"]
    told += [f"Mục tiêu: {campaign.goals}"] if campaign.goals else []
    told += [f"Đối tượng: {campaign.audience}"] if campaign.audience else []
    told += [f"Kênh: {', '.join(campaign.channels)}"] if campaign.channels else []
    span = f"{campaign.starts_on:%d/%m/%Y}\nđến\n{campaign.ends_on:%d/%m/%Y}"
    targets = [(f"{t.definition}: {number(t.target)}", _reached(t)) for t in campaign.targets] or [("", "")]
    first, *others = targets
    return [(str(at), "\n".join(told), span, *first), *(("", "", "", *other) for other in others)]


def _reached(target: TargetLine) -> str:
    if target.value is None or target.as_of is None:
        return ""
    return f"{number(target.value)}\n(lúc {when(target.as_of)})"


def _join(first: _Cell, last: _Cell) -> None:
    """One cell of several rows; the empty lines of the lower ones go."""
    merged = first.merge(last)
    for line in merged.paragraphs[1:]:
        if not line.text:
            line._p.getparent().remove(line._p)


def _months(paper: Paper, entries: Sequence[Entry]) -> None:
    if not entries:
        _prose(paper, "Không có tin nào trong thời gian này.")
    for month, items in by_month(entries):
        _subsection(paper, month)
        rows = [_entry_cells(at, entry) for at, entry in enumerate(items, 1)]
        _table(paper, ("TT", "Thời gian", "Nội dung", "Kênh", "Trạng thái"), ENTRY_WIDTHS, rows)


def _entry_cells(at: int, entry: Entry) -> Sequence[str]:
    told = headline(entry) + (f"\n(Chiến dịch: {entry.campaign.title})" if entry.campaign else "")
    channels = ", ".join(channel.name for channel in entry.channels)
    return str(at), f"{local(entry.at):%H:%M\n%d/%m/%Y}", told, channels, STATES[entry.state]


def _closing(paper: Paper, contents: Contents) -> None:
    end = paper.add_paragraph()
    end.paragraph_format.space_after = Pt(6)
    _say(end, f"{contents.form.capitalize()} này có {number(len(contents.entries))} mục trong lịch./.", size=BODY)
    left, right = _bare_table(paper, (80, 85)).rows[0].cells
    first = _line(left, "Nơi nhận:", size=Pt(12), bold=True, italic=True, align=ALIGN.LEFT)
    first.paragraph_format.space_before = Pt(4)
    for text in (f"- {OPEN};", "- Lưu: VT."):
        _line(left, text, size=SMALL, align=ALIGN.LEFT)
    _line(right, "THỦ TRƯỞNG ĐƠN VỊ", size=BODY, bold=True)
    _line(right, "(Ký, ghi rõ họ tên)", size=Pt(13), italic=True)


# --- pieces -------------------------------------------------------------------------------------------------


def _section(paper: Paper, text: str) -> None:
    line = paper.add_paragraph()
    line.paragraph_format.space_before, line.paragraph_format.keep_with_next = Pt(6), True
    _say(line, text, size=BODY, bold=True)


def _subsection(paper: Paper, text: str) -> None:
    line = paper.add_paragraph()
    line.paragraph_format.first_line_indent = Mm(10)
    line.paragraph_format.space_before, line.paragraph_format.keep_with_next = Pt(6), True
    _say(line, text, size=BODY, bold=True)


def _prose(paper: Paper, text: str) -> None:
    for part in filter(str.strip, text.split("\n")):
        line = paper.add_paragraph()
        line.alignment, line.paragraph_format.first_line_indent = ALIGN.JUSTIFY, Mm(10)
        _say(line, part, size=BODY)


def _say(paragraph: Paragraph, text: str, *, size: Pt, bold: bool = False, italic: bool = False) -> None:
    run = paragraph.add_run(clean(text))
    run.font.size, run.bold, run.italic = size, bold or None, italic or None


def _line(
    cell: _Cell, text: str, *, size: Pt, bold: bool = False, italic: bool = False, align: ALIGN = ALIGN.CENTER
) -> Paragraph:
    line: Paragraph
    fresh = len(cell.paragraphs) == 1 and not cell.paragraphs[0].runs and not cell.paragraphs[0].text
    line = cell.paragraphs[0] if fresh else cell.add_paragraph()
    line.alignment, line.paragraph_format.space_after = align, Pt(0)
    _say(line, text, size=size, bold=bold, italic=italic)
    return line


def _rule(place: Paper | _Cell, indent: int) -> None:
    """A solid line below a heading, as the decree draws it: the border of an empty line with indents (mm)."""
    line = place.add_paragraph()
    shape = line.paragraph_format
    shape.left_indent = shape.right_indent = Mm(indent)
    shape.space_before, shape.space_after, shape.line_spacing = Pt(0), Pt(4), Pt(2)
    border: Any = OxmlElement("w:pBdr")
    side: Any = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
        side.set(qn(f"w:{name}"), value)
    border.append(side)
    line._p.get_or_add_pPr().insert_element_before(
        border, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _bare_table(paper: Paper, widths: Sequence[int]) -> Table:
    table: Table = paper.add_table(rows=1, cols=len(widths))
    _set_widths(table, widths)
    return table


def _table(paper: Paper, head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Table:
    """With a head that is repeated on each page, and rows that do not break across two."""
    table: Table = paper.add_table(rows=1, cols=len(head))
    table.style = "Table Grid"
    _set_widths(table, widths)  # new rows take theirs from the columns
    for cell, text in zip(table.rows[0].cells, head, strict=True):
        _line(cell, text, size=TABLE, bold=True)
    _mark(table.rows[0]._tr, "w:cantSplit", "w:tblHeader")
    plain, centred = (paper.styles[name].style_id for name in (IN_TABLE, IN_TABLE_CENTRED))
    for row in rows:
        made = table.add_row()  # type: ignore[no-untyped-call]
        _mark(made._tr, "w:cantSplit")
        for at, (cell, text) in enumerate(zip(made.cells, row, strict=True)):
            line = cell.paragraphs[0]
            line._p.style = plain if at else centred  # by its id: asking for a style searches all of them
            line.add_run(clean(text))
    after = paper.add_paragraph()
    after.paragraph_format.space_after, after.paragraph_format.line_spacing = Pt(0), Pt(6)
    return table


def _set_widths(table: Table, widths: Sequence[int]) -> None:
    table.autofit, table.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)


def _mark(row: Any, *names: str) -> None:
    for name in names:
        row.get_or_add_trPr().append(OxmlElement(name))
