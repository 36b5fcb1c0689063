"""A plan or a calendar as a workbook: real dates and numbers, filters, and no text that could act as a formula."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from math import ceil

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from services.publish.exports.contents import (
    BLANK_NOTE,
    PLAN_STATES,
    STATES,
    ZONE_NOTE,
    CampaignLine,
    Contents,
    ThemeLine,
    clean,
    local,
    when,
)

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_IN_CELL = 32_767
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet calculate a text, at once or after the next edit of the cell (OWASP: CSV injection)."""
FONT = "Times New Roman"
LINE, TALLEST = 16.5, 409.0
"""Points: one line of the font, and the tallest row there can be."""
FULL = 0.9
"""Of a column's width in characters, what words fill before they wrap."""
HEAD = PatternFill("solid", fgColor="D9E2F3")
EDGE = Side(style="thin", color="808080")
THIN = Border(EDGE, EDGE, EDGE, EDGE)

Value = str | int | float | datetime | date | None
Column = tuple[str, float]

ENTRY_COLUMNS: Sequence[Column] = (
    ("TT", 6),
    (f"Thời gian ({ZONE_NOTE})", 20),
    ("Tháng", 10),
    ("Nội dung", 52),
    ("Khẩn", 8),
    ("Kênh", 30),
    ("Chiến dịch", 32),
    ("Trạng thái", 22),
    ("Bản", 7),
    ("Lưu ý", 46),
)
CAMPAIGN_COLUMNS: Sequence[Column] = (
    ("TT", 6),
    ("Chủ đề", 22),
    ("Chiến dịch", 28),
    ("Từ ngày", 12),
    ("Đến ngày", 12),
    ("Trạng thái", 14),
    ("Mục tiêu", 28),
    ("Đối tượng", 22),
    ("Kênh", 22),
    ("Số tin", 8),
    ("Chỉ số", 14),
    ("Cách tính", 28),
    ("Chỉ tiêu", 11),
    ("Đạt được", 11),
    (f"Số liệu lúc ({ZONE_NOTE})", 18),
)


def render(contents: Contents) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Lịch đăng"
    _fill(sheet, ENTRY_COLUMNS, _entry_rows(contents))
    if contents.is_plan:
        _fill(book.create_sheet("Chiến dịch", 0), CAMPAIGN_COLUMNS, _campaign_rows(contents))
    _notes(book.create_sheet("Ghi chú"), contents)
    book.active = 0
    for number, each in enumerate(book.worksheets):
        each.sheet_view.tabSelected = number == 0
    book.properties.title, book.properties.creator = clean(contents.title), clean(contents.unit_name)
    book.properties.created = book.properties.modified = contents.as_of.replace(tzinfo=None)
    stored = BytesIO()
    book.save(stored)
    return stored.getvalue()


def _entry_rows(contents: Contents) -> list[list[Value]]:
    return [
        [
            number,
            local(entry.at),
            f"{entry.day:%m/%Y}",
            entry.title,
            "Khẩn" if entry.is_urgent else None,
            ", ".join(channel.name for channel in entry.channels),
            entry.campaign.title if entry.campaign else None,
            STATES[entry.state],
            entry.revision,
            "\n".join(hint.message for hint in entry.conflicts) or None,
        ]
        for number, entry in enumerate(contents.entries, 1)
    ]


def _campaign_rows(contents: Contents) -> list[list[Value]]:
    """A row for each target; a campaign without any has one."""
    told = [
        _campaign_cells(theme, campaign) + target
        for theme in contents.themes
        for campaign in theme.campaigns
        for target in _target_cells(campaign)
    ]
    return [[number, *cells] for number, cells in enumerate(told, 1)]


def _campaign_cells(theme: ThemeLine, campaign: CampaignLine) -> list[Value]:
    return [
        theme.title,
        campaign.title,
        campaign.starts_on,
        campaign.ends_on,
        PLAN_STATES[campaign.state],
        campaign.goals or None,
        campaign.audience or None,
        ", ".join(campaign.channels) or None,
        campaign.publications,
    ]


def _target_cells(campaign: CampaignLine) -> list[list[Value]]:
    nothing: list[Value] = [None] * 5
    told: list[list[Value]] = [
        [t.metric, t.definition, t.target, t.value, local(t.as_of) if t.as_of else None] for t in campaign.targets
    ]
    return told or [nothing]


def _fill(sheet: Worksheet, columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> None:
    for at, (name, width) in enumerate(columns, 1):
        _put(sheet.cell(1, at), name, is_head=True)
        sheet.column_dimensions[get_column_letter(at)].width = width
    widths = [width for _, width in columns]
    sheet.row_dimensions[1].height = _height([name for name, _ in columns], widths)
    for down, row in enumerate(rows, 2):
        for at, value in enumerate(row, 1):
            _put(sheet.cell(down, at), value)
        sheet.row_dimensions[down].height = _height(row, widths)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    sheet.print_title_rows = "1:1"
    _page(sheet)


def _page(sheet: Worksheet) -> None:
    """A4 across, as wide as the columns, with page numbers."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    assert sheet.oddFooter is not None
    sheet.oddFooter.center.text = "Trang &P/&N"


def _height(row: Sequence[Value], widths: Sequence[float]) -> float:
    """Room for the longest text of a row as it wraps: not every program measures it by itself."""
    texts = [(str(value), width) for value, width in zip(row, widths, strict=True) if isinstance(value, str)]
    lines = [sum(ceil((len(part) + 1) / (width * FULL)) for part in text.split("\n")) for text, width in texts]
    return min(LINE * max([1, *lines]), TALLEST)


def _put(cell: Cell | MergedCell, value: Value, *, is_head: bool = False) -> None:
    assert isinstance(cell, Cell)
    cell.font, cell.border = Font(FONT, 12, bold=is_head), THIN
    cell.alignment = Alignment(wrap_text=True, vertical="center" if is_head else "top")
    if is_head:
        cell.fill = HEAD
    match value:
        case str():
            _put_text(cell, value)
        case datetime():
            cell.value, cell.number_format = value.replace(tzinfo=None, microsecond=0), "dd/mm/yyyy hh:mm"
        case date():
            cell.value, cell.number_format = value, "dd/mm/yyyy"
        case int():
            cell.value, cell.number_format = value, "#,##0"
        case _:
            cell.value = value


def _put_text(cell: Cell, text: str) -> None:
    """Always a text; marked as one (quotePrefix) where it would become a formula when somebody edits the cell."""
    cell.value = clean(text)[:MOST_IN_CELL]
    cell.data_type = "s"
    if text.lstrip(" ").startswith(FORMULA_SIGNS):
        cell.quotePrefix = True


def _notes(sheet: Worksheet, contents: Contents) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 90
    _page(sheet)
    lines: list[tuple[str, str]] = [
        ("Đơn vị", contents.unit_name),
        (contents.form.capitalize(), contents.title),
        *([("Chương trình", contents.programme)] if contents.programme else []),
        *([("Mục tiêu", contents.goals)] if contents.goals else []),
        ("Số liệu tính đến", f"{when(contents.as_of)} ({ZONE_NOTE})"),
        ("Múi giờ", "Mọi ngày, giờ trong tệp là giờ Hà Nội (Asia/Ho_Chi_Minh, UTC+7); Excel không lưu múi giờ."),
        ("Số liệu trống", BLANK_NOTE),
    ]
    for down, (name, text) in enumerate(lines, 1):
        sheet.row_dimensions[down].height = _height([name, text], (24, 90))
        _put(sheet.cell(down, 1), name, is_head=True)
        _put(sheet.cell(down, 2), text)
