"""The figures of the report on feedback. A count by unit or by ward is shown from ten on, and where what is held back
would follow from the total, another is held back with it; a unit may be a ward, so both have the same rule."""

from libs.common.clock import HANOI
from libs.common.small_counts import K_ANONYMITY, publishable
from services.reports import feedback_queries as queries
from services.reports.daily import gather_feedback_counts
from services.reports.domain import iso
from services.reports.kinds.base import Data, Gather
from services.reports.longer import days_of, percent

SOURCE = "feedback_cases (tiếp nhận)"
STEPS = "case_events (tiếp nhận)"
HELD = f"trống khi dưới {K_ANONYMITY} hoặc phải giữ kín cùng nơi khác"
IN_TIME = "số phản ánh trả lời trong kỳ không muộn hơn hạn xử lý"
DUE = "số phản ánh trả lời trong kỳ có hạn xử lý"
SHARE = "đúng hạn / trả lời trong kỳ có hạn xử lý x 100; trống khi không có phản ánh nào như vậy"
REOPENED = "số lần người gửi mở lại phản ánh trong kỳ"


async def gather_feedback(gather: Gather) -> Data:
    return {
        "feedback": await gather_feedback_counts(gather),
        "answers": await _answers(gather),
        "volume": await _volume(gather),
        "units": await _units(gather),
        "wards": await _wards(gather),
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
    rows = await queries.answers_by_unit(gather.session, gather.period)
    due, in_time = sum(row[1] for row in rows), sum(row[2] for row in rows)
    reopened = sum((await queries.reopened_by_unit(gather.session, gather.period)).values())
    return {
        "due": gather.count(due, SOURCE, DUE, "phản ánh"),
        "in_time": gather.count(in_time, SOURCE, IN_TIME, "phản ánh"),
        "share": gather.count(percent(in_time, due), SOURCE, SHARE, "%"),
        "reopened": gather.count(reopened, STEPS, REOPENED, "lần"),
    }


async def _units(gather: Gather) -> Data:
    shown = shown_counts(await queries.received_by_unit(gather.session, gather.period))
    answers = {name: (due, good) for name, due, good in await queries.answers_by_unit(gather.session, gather.period)}
    reopened = await queries.reopened_by_unit(gather.session, gather.period)
    rows = []
    for name, received in shown.items():
        due, good = answers.get(name, (0, 0))
        # A share tells its parts to who knows the whole: both must be ones that could be shown.
        is_told = received is not None and all(part is not None for part in map(held, (good, due - good)))
        again = None if received is None else held(reopened.get(name, 0))
        rows.append(
            {
                "name": name,
                "received": gather.count(received, SOURCE, f"số phản ánh nhận trong kỳ; {HELD}", "phản ánh"),
                "share": gather.count(percent(good, due) if is_told else None, SOURCE, f"{SHARE}; {HELD}", "%"),
                "reopened": gather.count(again, STEPS, f"{REOPENED}; {HELD}", "lần"),
            }
        )
    return _table(gather, rows)


async def _wards(gather: Gather) -> Data:
    shown = shown_counts(await queries.received_by_place(gather.session, gather.period))
    codes = await queries.ward_codes(gather.session, gather.period.end.astimezone(HANOI).date())
    formula = f"số phản ánh nhận trong kỳ về nơi này; {HELD}"
    rows = [
        {"name": name, "code": codes.get(name), "cases": gather.count(count, SOURCE, formula, "phản ánh")}
        for name, count in shown.items()
    ]
    return _table(gather, rows)


def _table(gather: Gather, rows: list[Data]) -> Data:
    return {"rows": rows, "as_of": iso(gather.as_of), "source": SOURCE, "formula": HELD}


def shown_counts(counts: dict[str, int]) -> dict[str, int | None]:
    """As `publishable`; nothing at all where what is held back would still be known from the total."""
    shown = publishable(counts)
    hidden = [name for name, count in shown.items() if count is None]
    is_known = len(hidden) == 1 or 0 < sum(counts[name] for name in hidden) < K_ANONYMITY
    return {} if is_known else shown


def held(count: int) -> int | None:
    return None if 0 < count < K_ANONYMITY else count
