"""The report of a month."""

from typing import ClassVar

from services.reports.kinds.base import KINDS
from services.reports.longer import Longer
from services.reports.periods import Cadence


@KINDS.register("monthly")
class Monthly(Longer):
    title: ClassVar[str] = "Báo cáo tháng"
    cadence: ClassVar[Cadence] = Cadence.MONTHLY
