"""The report of a quarter."""

from typing import ClassVar

from services.reports.kinds.base import KINDS
from services.reports.longer import Longer
from services.reports.periods import Cadence


@KINDS.register("quarterly")
class Quarterly(Longer):
    title: ClassVar[str] = "Báo cáo quý"
    cadence: ClassVar[Cadence] = Cadence.QUARTERLY
