"""The form of papers as data, within the bounds of Nghị định 30/2020/NĐ-CP, annex I.

A city changes a copy of `form.yaml`. What the decree does not allow is refused when the file is read, with every wrong
value named, so that no paper leaves in a form that an office sends back.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEFAULT = Path(__file__).with_name("form.yaml")
FONT = "Times New Roman"
"""The one that the decree names; PDF embeds Liberation Serif, whose letters are as wide."""
PAGE_MM = (210.0, 297.0)
_NAME_MM = 25


class FormError(ValueError):
    """A form that no paper may have; one line for each wrong value, in Vietnamese."""


def _bound(name: str, low: float, high: float, unit: str, *, by_decree: bool = True) -> Any:
    return field(metadata={"name": name, "low": low, "high": high, "unit": unit, "by_decree": by_decree})


@dataclass(frozen=True, kw_only=True)
class Form:
    """Lengths in millimetres, sizes in points, as their names say."""

    top_mm: float = _bound("lề trên", 20, 25, "mm")
    bottom_mm: float = _bound("lề dưới", 20, 25, "mm")
    left_mm: float = _bound("lề trái", 30, 35, "mm")
    right_mm: float = _bound("lề phải", 15, 20, "mm")
    national_name_size: float = _bound("cỡ chữ Quốc hiệu", 12, 13, "pt")
    motto_size: float = _bound("cỡ chữ Tiêu ngữ", 13, 14, "pt")
    agency_size: float = _bound("cỡ chữ tên cơ quan", 12, 13, "pt")
    number_size: float = _bound("cỡ chữ số, ký hiệu", 13, 13, "pt")
    place_date_size: float = _bound("cỡ chữ địa danh và thời gian", 13, 14, "pt")
    type_name_size: float = _bound("cỡ chữ tên loại", 13, 14, "pt")
    subject_size: float = _bound("cỡ chữ trích yếu", 13, 14, "pt")
    body_size: float = _bound("cỡ chữ nội dung", 13, 14, "pt")
    signature_size: float = _bound("cỡ chữ quyền hạn, chức vụ và họ tên người ký", 13, 14, "pt")
    recipients_head_size: float = _bound("cỡ chữ “Nơi nhận”", 12, 12, "pt")
    recipients_size: float = _bound("cỡ chữ danh sách nơi nhận", 11, 11, "pt")
    annex_size: float = _bound("cỡ chữ “Phụ lục”", 14, 14, "pt")
    annex_title_size: float = _bound("cỡ chữ tên phụ lục", 13, 14, "pt")
    page_number_size: float = _bound("cỡ chữ số trang", 13, 14, "pt")
    table_size: float = _bound("cỡ chữ trong bảng", 10, 14, "pt", by_decree=False)
    note_size: float = _bound("cỡ chữ ghi chú", 10, 14, "pt", by_decree=False)
    footer_size: float = _bound("cỡ chữ chân trang", 8, 12, "pt", by_decree=False)
    first_line_mm: float = _bound("lùi đầu dòng", 10, 12.7, "mm")
    line_spacing: float = _bound("giãn dòng", 1, 1.5, "dòng")
    paragraph_gap_pt: float = _bound("cách đoạn", 6, 12, "pt")
    agency_rule: float = _bound("đường kẻ dưới tên cơ quan", 0.333, 0.5, "độ dài dòng chữ")
    subject_rule: float = _bound("đường kẻ dưới trích yếu", 0.333, 0.5, "độ dài dòng chữ")

    def __post_init__(self) -> None:
        wrong = [line for one in fields(self) if (line := _complaint(one.metadata, getattr(self, one.name)))]
        if wrong:
            raise FormError("\n".join(wrong))

    def room_mm(self, *, landscape: bool = False) -> float:
        """The width that text has."""
        return PAGE_MM[landscape] - self.left_mm - self.right_mm

    def tallest_mm(self, *, landscape: bool = False) -> float:
        """The height that a picture has beside its name."""
        return PAGE_MM[not landscape] - self.top_mm - self.bottom_mm - _NAME_MM


def _complaint(told: Any, value: object) -> str | None:
    """A bool is no length, though Python counts with it; nor is what is no number at all (nan)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{_capital(told['name'])} phải là một số, không phải “{value}”."
    if told["low"] <= value <= told["high"]:
        return None
    low, high = _number(told["low"]), _number(told["high"])
    span = f"là {low}" if low == high else f"từ {low} đến {high}"
    why = " theo Nghị định 30/2020/NĐ-CP" if told["by_decree"] else ""
    return f"{_capital(told['name'])} phải {span} {told['unit']}{why}, không phải {_number(value)}."


def _number(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def default_form() -> Form:
    return Form(**_read(DEFAULT))


def read_form(path: Path | None) -> Form:
    """A city's own form over the default; FormError where it is no form or out of bounds."""
    if path is None:
        return default_form()
    told = _read(path)
    if unknown := sorted(set(told) - {one.name for one in fields(Form)}):
        raise FormError(f"Thể thức có mục lạ: {', '.join(unknown)}. Các mục được phép có trong form.yaml.")
    return Form(**(_read(DEFAULT) | told))


def _read(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FormError(f"Không đọc được thể thức văn bản ở {path}: {error}") from error
    if not isinstance(told, dict):
        raise FormError(f"Thể thức văn bản ở {path} phải gồm các dòng “tên: số”.")
    return {str(name): value for name, value in told.items()}
