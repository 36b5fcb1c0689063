"""The report of a year."""

from typing import ClassVar

from services.reports.kinds.base import KINDS
from services.reports.longer import Longer
from services.reports.periods import Cadence


@KINDS.register("yearly")
class Yearly(Longer):
    title: ClassVar[str] = "Báo cáo năm"
    cadence: ClassVar[Cadence] = Cadence.YEARLY
