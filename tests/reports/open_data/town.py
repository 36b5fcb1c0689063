"""Cases of places in reporting months, told in few words."""

from datetime import datetime, timedelta

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from tests.reports.city import City

MONTHS = {month: datetime(2026, month, 1, 9, tzinfo=HANOI) for month in (8, 9, 10, 11)}
"""A moment in the reporting months that end on the 14th of these."""


async def wards(city: City, *names: str) -> dict[str, m.OrganizationUnit]:
    return {name: await city.make.unit(name, code=f"{number:05}") for number, name in enumerate(names, start=1)}


async def add_cases(city: City, month: int, told: dict[m.OrganizationUnit | None, int], **values: object) -> None:
    """So many cases about each ward, which answers for them; None: of no known place, and nobody's."""
    rows = []
    for ward, count in told.items():
        for number in range(count):
            at = MONTHS[month] + timedelta(minutes=number)
            row = {
                "id": new_id(at),
                "reference": f"PA-2026-{next(city.numbers):06d}",
                "kind": "criticism",
                "subject": "Đèn đường hỏng",
                "body": "Đèn hỏng từ tuần trước.",
                "urgency": "normal",
                "state": "received",
                "topic": "do_thi",
                "received_at": at,
                "accept_due_at": at + timedelta(hours=8),
                "due_at": at + timedelta(days=5),
                "updated_at": at,
                "place": ward.name if ward else None,
                "unit_id": ward.id if ward else None,
            }
            rows.append(m.FeedbackCase(**(row | values)))
    async with city.db.transaction() as session:
        session.add_all(rows)
