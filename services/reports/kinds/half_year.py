"""The report of half a year."""

from typing import ClassVar

from services.reports.kinds.base import KINDS
from services.reports.longer import Longer
from services.reports.periods import Cadence


@KINDS.register("half_year")
class HalfYear(Longer):
    title: ClassVar[str] = "Báo cáo 6 tháng"
    cadence: ClassVar[Cadence] = Cadence.HALF_YEAR
