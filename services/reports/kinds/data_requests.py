"""Requests of people over their own data against the clock of two working days. No person, no case.

They are those of all units, so it is for the city's own people.
"""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from libs.common.models.enums import Role
from libs.common.papers.content import Picture
from services.reports.domain import Period
from services.reports.filings.requests import city_unit, gather_requests
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.periods import Cadence, period_name


@KINDS.register("data_requests")
class DataRequests:
    title: ClassVar[str] = "Báo cáo yêu cầu của chủ thể dữ liệu cá nhân"
    cadence: ClassVar[Cadence] = Cadence.MONTHLY
    about: ClassVar[About | None] = None
    roles: ClassVar[tuple[Role, ...]] = (Role.ADMIN, Role.SPOKESPERSON, Role.FEEDBACK_OFFICER)

    async def gather(self, gather: Gather) -> Data:
        return {"unit_id": await city_unit(gather), **await gather_requests(gather)}

    def subject(self, data: Data, period: Period) -> str:
        return f"Tiếp nhận, trả lời yêu cầu của chủ thể dữ liệu cá nhân {period_name(self.cadence, period)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}

    def unit_of(self, data: Data) -> UUID | None:
        return UUID(data["unit_id"]) if data["unit_id"] else None

    def codes(self, data: Data) -> dict[str, str]:
        return {}
