"""Data sets of what citizens report. Those by place are made of frozen months alone; the others name no place."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from libs.common.clock import HANOI
from libs.common.label_names import FIELDS, KINDS
from libs.common.models import PlaceMonth
from libs.common.small_counts import K_ANONYMITY
from services.reports.domain import Period
from services.reports.open_data import months, queries
from services.reports.open_data.datasets import Column, Dataset, Reading, Row, Type, add

SOURCE = "feedback_cases (tiếp nhận phản ánh)"
HELD = (
    f"giữ kín: dưới {K_ANONYMITY} (kể cả 0), hoặc phải giữ kín cùng để số dưới {K_ANONYMITY} không suy ra được từ tổng"
)
FROZEN = "chốt một lần khi kỳ tháng khép lại, không tính lại"
MONTH = (
    Column("month", "Kỳ tháng, theo kỳ báo cáo của thành phố", "Reporting month"),
    Column("from_day", "Ngày đầu của kỳ", "First day", Type.DATE),
    Column("to_day", "Ngày cuối của kỳ", "Last day", Type.DATE),
)


def _days(period: Period) -> tuple[date, date]:
    last = period.end - timedelta(microseconds=1)
    return period.start.astimezone(HANOI).date(), last.astimezone(HANOI).date()


def _month(period: Period) -> Row:
    """A month is named by its last day, as the city's reports name it."""
    first, last = _days(period)
    return {"month": f"{last:%Y-%m}", "from_day": first.isoformat(), "to_day": last.isoformat()}


# --- by place -------------------------------------------------------------------------------------------------


def _cases(about: str) -> Column:
    return Column(
        "cases", "Số phản ánh", "Reports received", Type.INTEGER, "phản ánh",
        f"số phản ánh nhận trong kỳ {about}; {FROZEN}", SOURCE, HELD,
    )  # fmt: skip


async def _by_ward(reading: Reading) -> list[Row]:
    return [row for month in await queries.all_months(reading.session) for row in _cells(month, month.wards, "ward")]


async def _by_unit(reading: Reading) -> list[Row]:
    return [row for month in await queries.all_months(reading.session) for row in _cells(month, month.units, "unit")]


def _cells(month: PlaceMonth, cells: Sequence[dict[str, Any]], what: str) -> list[Row]:
    told = _month(Period(month.period_from, month.period_to))
    ordered = sorted(cells, key=lambda cell: (cell["code"] == "", cell["code"]))
    return [
        {**told, f"{what}_code": cell["code"] or None, f"{what}_name": cell["name"], "cases": cell["cases"]}
        for cell in ordered
    ]


add(
    Dataset(
        code="phan-anh-theo-phuong-xa",
        title="Phản ánh theo phường, xã và tháng",
        title_en="Citizens' reports by ward or commune and month",
        about="Số phản ánh nhận về từng phường, xã trong mỗi kỳ tháng đã khép lại. Số dưới mười được giữ kín.",
        about_en="Reports received about each ward or commune in each closed month. Counts under ten are held back.",
        columns=(
            *MONTH,
            Column("ward_code", "Mã phường, xã", "Code of the ward", missing="chưa rõ địa bàn"),
            Column("ward_name", "Phường, xã", "Ward or commune"),
            _cases("về nơi này"),
        ),
        key=("month", "ward_name"),
        every="P1M",
        read=_by_ward,
    )
)
add(
    Dataset(
        code="phan-anh-theo-don-vi",
        title="Phản ánh theo đơn vị trả lời và tháng",
        title_en="Citizens' reports by responsible unit and month",
        about="Số phản ánh nhận trong mỗi kỳ tháng đã khép lại, theo đơn vị được giao khi kỳ khép lại. Số dưới mười"
        " của phường, xã được giữ kín.",
        about_en="Reports received in each closed month by the unit that answers. Counts under ten of wards and"
        " communes are held back.",
        columns=(
            *MONTH,
            Column("unit_code", "Mã đơn vị", "Code of the unit", missing="chưa giao, hoặc đơn vị không còn"),
            Column("unit_name", "Đơn vị", "Unit"),
            _cases("mà đơn vị này phải trả lời"),
        ),
        key=("month", "unit_code", "unit_name"),
        every="P1M",
        read=_by_unit,
    )
)


# --- by kind and field, of the whole city -----------------------------------------------------------------------


def _figures() -> tuple[Column, ...]:
    told = {
        "received": ("Đã nhận", "Received", "số phản ánh nhận trong kỳ"),
        "answered": (
            "Đã trả lời",
            "Answered",
            "trong số nhận trong kỳ: đã trả lời, khép lại, từ chối có lý do hoặc gộp",
        ),
        "overdue": (
            "Quá hạn",
            "Overdue",
            "trong số nhận trong kỳ: trả lời sau hạn xử lý, hoặc chưa trả lời và đã quá hạn",
        ),
    }
    return tuple(
        Column(name, title, english, Type.INTEGER, "phản ánh", f"{formula}; tính lại mỗi ngày", SOURCE)
        for name, (title, english, formula) in told.items()
    )


async def _by_kind(reading: Reading) -> list[Row]:
    return await _counted(reading, "kind", {kind.value: name for kind, name in KINDS.items()})


async def _by_field(reading: Reading) -> list[Row]:
    return await _counted(reading, "topic", {field.value: name for field, name in FIELDS.items()})


async def _counted(reading: Reading, column: str, names: dict[str, str]) -> list[Row]:
    """Every kind or field of every month; one that had nothing has zeros."""
    first = await queries.first_case_at(reading.session)
    closed = sorted(months.closed_months(reading.cut, first, reading.as_of), key=lambda one: one.start) if first else []
    counts = await queries.cases_of_months(reading.session, closed, column, reading.as_of) if closed else {}
    what = "field" if column == "topic" else column
    rows = []
    for number, period in enumerate(closed, start=1):
        for code, name in names.items():
            received, answered, overdue = counts.get((number, code), (0, 0, 0))
            told = {"received": received, "answered": answered, "overdue": overdue}
            rows.append({**_month(period), what: code, f"{what}_name": name, **told})
    return rows


add(
    Dataset(
        code="phan-anh-theo-loai",
        title="Phê bình, khiếu nại, phản ánh theo tháng: nhận, trả lời, quá hạn",
        title_en="Criticism, complaints and reports by month: received, answered, overdue",
        about="Mỗi kỳ tháng nhận bao nhiêu phê bình, khiếu nại, ý kiến, câu hỏi và phản ánh; đến nay đã trả lời bao"
        " nhiêu và bao nhiêu quá hạn. Toàn thành phố.",
        about_en="How much criticism, how many complaints, opinions, questions and reports each month brought, and how"
        " many of them are answered or overdue by now. Whole city.",
        columns=(*MONTH, Column("kind", "Mã loại", "Kind (code)"), Column("kind_name", "Loại", "Kind"), *_figures()),
        key=("month", "kind"),
        every="P1D",
        read=_by_kind,
    )
)
add(
    Dataset(
        code="phan-anh-theo-linh-vuc",
        title="Phản ánh theo lĩnh vực và tháng: nhận, trả lời, quá hạn",
        title_en="Citizens' reports by field and month: received, answered, overdue",
        about="Mỗi kỳ tháng nhận bao nhiêu phản ánh về mỗi lĩnh vực; đến nay đã trả lời bao nhiêu và bao nhiêu quá hạn."
        " Phản ánh chưa rõ lĩnh vực tính vào “Khác”. Toàn thành phố.",
        about_en="Reports about each field in each month, and how many are answered or overdue by now. Those without a"
        " field count as “other”. Whole city.",
        columns=(
            *MONTH,
            Column("field", "Mã lĩnh vực", "Field (code)"),
            Column("field_name", "Lĩnh vực", "Field"),
            *_figures(),
        ),
        key=("month", "field"),
        every="P1D",
        read=_by_field,
    )
)  # fmt: skip
