"""The report of a week."""

from typing import ClassVar

from services.reports.kinds.base import KINDS
from services.reports.longer import Longer
from services.reports.periods import Cadence


@KINDS.register("weekly")
class Weekly(Longer):
    title: ClassVar[str] = "Báo cáo tuần"
    cadence: ClassVar[Cadence] = Cadence.WEEKLY
