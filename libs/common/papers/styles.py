"""The look of each part of a paper, by the name its style has in a word processor; one table for DOCX and PDF."""

from dataclasses import dataclass
from typing import Literal

from libs.common.papers.content import Emphasis


@dataclass(frozen=True)
class Style:
    """Spaces in points around a paragraph; `indent` is the form's first line."""

    name: str
    size: str
    """A field of the form."""
    align: Literal["left", "center", "right", "both"] = "center"
    bold: bool = False
    italic: bool = False
    before: float = 0
    after: float = 0
    indent: bool = False
    spaced: bool = False
    """Lines and paragraphs apart as the form says of the body."""
    keep_next: bool = False


@dataclass(frozen=True)
class Look:
    """Of an emphasis: bold, in an ink (RRGGBB) dark enough to be read in grey."""

    name: str
    style_id: str
    ink: str


EMPHASES = {Emphasis.LATE: Look("Trễ hạn", "TreHan", "C00000")}

NATIONAL, MOTTO = "Quốc hiệu", "Tiêu ngữ"
AUTHORITY, AGENCY = "Cơ quan chủ quản", "Cơ quan ban hành"
NUMBER, PLACE_DATE = "Số và ký hiệu", "Địa danh và thời gian"
TYPE_NAME, SUBJECT, BASIS = "Tên loại", "Trích yếu", "Căn cứ thực hiện"
BODY, BULLET, NOTE = "Nội dung", "Gạch đầu dòng", "Ghi chú"
TABLE_NAME, PICTURE, PICTURE_NAME = "Tên bảng", "Hình", "Tên hình"
CELLS = {"left": "Trong bảng", "center": "Trong bảng, giữa", "right": "Trong bảng, phải"}
CELL_HEAD = "Đầu bảng"
RECIPIENTS_HEAD, RECIPIENTS = "Nơi nhận", "Danh sách nơi nhận"
POSITION, SIGNER = "Quyền hạn, chức vụ", "Họ tên người ký"
PAGE_NUMBER, FOOTER = "Số trang", "Chân trang"
ANNEX, ANNEX_TITLE, ANNEX_BASIS = "Phụ lục", "Tên phụ lục", "Kèm theo văn bản"
HEADINGS = ("Heading 1", "Heading 2", "Heading 3")
"""Their built-in names, so that the navigation pane and screen readers know them."""

STYLES = (
    Style(NATIONAL, "national_name_size", bold=True),
    Style(MOTTO, "motto_size", bold=True),
    Style(AUTHORITY, "agency_size"),
    Style(AGENCY, "agency_size", bold=True),
    Style(NUMBER, "number_size"),
    Style(PLACE_DATE, "place_date_size", italic=True),
    Style(TYPE_NAME, "type_name_size", bold=True, before=18, keep_next=True),
    Style(SUBJECT, "subject_size", bold=True, keep_next=True),
    Style(BASIS, "body_size", italic=True, after=6),
    Style(HEADINGS[0], "body_size", "both", bold=True, indent=True, spaced=True, keep_next=True),
    Style(HEADINGS[1], "body_size", "both", bold=True, indent=True, spaced=True, keep_next=True),
    Style(HEADINGS[2], "body_size", "both", bold=True, italic=True, indent=True, spaced=True, keep_next=True),
    Style(BODY, "body_size", "both", indent=True, spaced=True),
    Style(BULLET, "body_size", "both", indent=True, spaced=True),
    Style(NOTE, "note_size", "both", italic=True, after=6, indent=True),
    Style(TABLE_NAME, "body_size", bold=True, before=0, after=4, keep_next=True),
    Style(PICTURE, "body_size", before=6, keep_next=True),
    Style(PICTURE_NAME, "note_size", italic=True, before=2, after=8),
    Style(CELLS["left"], "table_size", "left", before=2, after=1.5),
    Style(CELLS["center"], "table_size", before=2, after=1.5),
    Style(CELLS["right"], "table_size", "right", before=2, after=1.5),
    Style(CELL_HEAD, "table_size", bold=True, before=2, after=2, keep_next=True),
    Style(RECIPIENTS_HEAD, "recipients_head_size", "left", bold=True, italic=True, before=12),
    Style(RECIPIENTS, "recipients_size", "left"),
    Style(POSITION, "signature_size", bold=True, keep_next=True),
    Style(SIGNER, "signature_size", bold=True, before=76),
    Style(PAGE_NUMBER, "page_number_size"),
    Style(FOOTER, "footer_size", italic=True),
    Style(ANNEX, "annex_size", bold=True, keep_next=True),
    Style(ANNEX_TITLE, "annex_title_size", bold=True, keep_next=True),
    Style(ANNEX_BASIS, "body_size", italic=True, after=12),
)
BY_NAME = {style.name: style for style in STYLES}
