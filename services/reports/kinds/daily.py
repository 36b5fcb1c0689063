"""The daily brief: what rises, what was answered, what waits."""

from collections.abc import Mapping
from typing import ClassVar

from libs.common.papers.content import Picture
from services.reports.daily import gather_daily
from services.reports.domain import Period
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.periods import Cadence, period_name


@KINDS.register("daily")
class Daily:
    title: ClassVar[str] = "Tin nhanh trong ngày"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = None

    async def gather(self, gather: Gather) -> Data:
        return await gather_daily(gather)

    def subject(self, data: Data, period: Period) -> str:
        return f"Thông tin trên không gian mạng {period_name(self.cadence, period)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}
