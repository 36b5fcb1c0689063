"""The figures of the report on feedback. Counts by unit and by ward are those of the frozen months, which are open data
too: a count of another period could be subtracted from them. A unit may be a ward, so both have one rule."""

from libs.common.small_counts import K_ANONYMITY
from services.reports import feedback_queries as queries
from services.reports.daily import gather_feedback_counts
from services.reports.domain import iso
from services.reports.kinds.base import Data, Gather
from services.reports.longer import days_of, percent
from services.reports.open_data.months import Places, places_of

SOURCE = "feedback_cases (tiếp nhận)"
STEPS = "case_events (tiếp nhận)"
FROZEN = "place_months (chốt khi kỳ tháng khép lại)"
HELD = f"trống khi dưới {K_ANONYMITY} (kể cả 0) hoặc phải giữ kín cùng nơi khác"
IN_TIME = "số phản ánh trả lời trong kỳ không muộn hơn hạn xử lý"
DUE = "số phản ánh trả lời trong kỳ có hạn xử lý"
SHARE = "đúng hạn / trả lời trong kỳ có hạn xử lý x 100; trống khi không có phản ánh nào như vậy"
UNIT_SHARE = "đúng hạn / đã trả lời có hạn, trong số nhận trong kỳ, x 100"
REOPENED = "số lần người gửi mở lại phản ánh trong kỳ"


async def gather_feedback(gather: Gather) -> Data:
    places = await places_of(gather.session, gather.period)
    return {
        "feedback": await gather_feedback_counts(gather),
        "answers": await _answers(gather),
        "volume": await _volume(gather),
        "units": await _units(gather, places),
        "wards": _wards(gather, places),
    }


async def _volume(gather: Gather) -> Data:
    days = days_of(gather.period)
    found = await queries.received_by_day(gather.session, gather.period)
    return {
        "days": [iso(day.start) for day in days],
        "values": [found.get(day.start, 0) for day in days],
        "as_of": iso(gather.as_of),
        "source": SOURCE,
        "formula": "số phản ánh nhận trong mỗi 24 giờ tính từ đầu kỳ",
        "unit": "phản ánh",
    }


async def _answers(gather: Gather) -> Data:
    due, in_time = await queries.answers(gather.session, gather.period)
    reopened = sum((await queries.reopened_by_unit(gather.session, gather.period)).values())
    return {
        "due": gather.count(due, SOURCE, DUE, "phản ánh"),
        "in_time": gather.count(in_time, SOURCE, IN_TIME, "phản ánh"),
        "share": gather.count(percent(in_time, due), SOURCE, SHARE, "%"),
        "reopened": gather.count(reopened, STEPS, REOPENED, "lần"),
    }


async def _units(gather: Gather, places: Places | None) -> Data:
    answers = {
        code: (due, good) for code, due, good in await queries.answers_of_received(gather.session, gather.period)
    }
    reopened = await queries.reopened_by_unit(gather.session, gather.period)
    rows = []
    for cell in places.units if places else []:
        code, received = cell["code"], cell["cases"]
        due, good = answers.get(code, (0, 0))
        # A share tells its parts to who knows the whole: both must be ones that could be shown.
        is_told = received is not None and all(part is not None for part in map(held, (good, due - good)))
        again = None if received is None else held(reopened.get(code, 0))
        rows.append(
            {
                "name": cell["name"],
                "received": gather.count(received, FROZEN, f"số phản ánh nhận trong kỳ; {HELD}", "phản ánh"),
                "share": gather.count(percent(good, due) if is_told else None, SOURCE, f"{UNIT_SHARE}; {HELD}", "%"),
                "reopened": gather.count(again, STEPS, f"{REOPENED}; {HELD}", "lần"),
            }
        )
    return _table(gather, rows, places)


def _wards(gather: Gather, places: Places | None) -> Data:
    formula = f"số phản ánh nhận trong kỳ về nơi này; {HELD}"
    rows = [
        {
            "name": cell["name"],
            "code": cell["code"] or None,
            "cases": gather.count(cell["cases"], FROZEN, formula, "phản ánh"),
        }
        for cell in (places.wards if places else [])
    ]
    is_mapped = any(row["code"] and row["cases"]["value"] is not None for row in rows)
    return _table(gather, rows, places) | {"is_mapped": is_mapped}


def _table(gather: Gather, rows: list[Data], places: Places | None) -> Data:
    """`is_frozen`: whether the period is made of whole months whose counts by place are frozen; of no other is
    anything told by place."""
    told = {"is_frozen": places is not None, "as_of": iso(gather.as_of), "source": FROZEN, "formula": HELD}
    return {"rows": rows, **told}


def held(count: int) -> int | None:
    return None if 0 < count < K_ANONYMITY else count
