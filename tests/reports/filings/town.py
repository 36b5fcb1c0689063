"""Rows that the filings count: what is read, where is posted, who is told, who asked over their own data."""

from datetime import datetime, timedelta
from typing import Any

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from tests.reports.city import PHONE, City


def november(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """2026, Hà Nội time; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=HANOI)


async def requested(
    city: City, received_at: datetime, due_at: datetime, decided_at: datetime | None = None, **values: Any
) -> m.DataRequest:
    case = await city.case()
    officer = (await city.make.person(Role.FEEDBACK_OFFICER)).id if decided_at else None
    row: dict[str, Any] = {
        "id": new_id(received_at),
        "case_id": case.id,
        "kind": "access",
        "state": "fulfilled" if decided_at else "open",
        "received_at": received_at,
        "due_at": due_at,
        "decided_at": decided_at,
        "decided_by": officer,
    }
    return await city.make.add(m.DataRequest(**(row | values)))


async def town(city: City) -> None:
    """One of each thing that an impact assessment names."""
    now = city.now
    await city.item(await city.make.source(name="Báo Thủ đô"))
    await city.make.source(group="portal", kind="page")
    await city.make.source(group="portal", kind="page", state="gone")
    for kind in ("facebook", "own_site", "mastodon"):
        await city.make.channel(kind)
    await city.make.channel("zalo", state="retired")
    told = {"organisation": "Trung tâm dữ liệu thành phố", "purpose": "Hiển thị tin chính thức trên cổng"}
    for name, revoked_at in (("cong-du-lieu", None), ("cong-cu-da-dong", now)):
        await city.make.add(
            m.EventSubscriber(
                id=new_id(now),
                name=name,
                subjects=["lantoa.publication.published.v1"],
                password_hash="$2a$12$" + "a" * 53,
                created_at=now,
                revoked_at=revoked_at,
                **told,
            )
        )
    letter = {"event_id": new_id(now), "consumer": "reports", "subject": "lantoa.x", "payload": "{}", "error": PHONE}
    await city.make.add(m.DeadLetter(id=new_id(now), tries=5, dead_at=now - timedelta(minutes=1), **letter))
