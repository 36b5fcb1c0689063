"""What citizens report: how much, answered in time or not, reopened, by unit and by ward. No case, no word of one."""

from collections.abc import Mapping
from typing import ClassVar

from libs.common.papers.content import Picture
from services.reports.charts.curves import draw_volume
from services.reports.charts.wards import draw_wards
from services.reports.domain import Period
from services.reports.feedback import gather_feedback
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.longer import points_of
from services.reports.periods import Cadence, period_name


@KINDS.register("feedback")
class Feedback:
    title: ClassVar[str] = "Báo cáo phản ánh, kiến nghị"
    cadence: ClassVar[Cadence] = Cadence.MONTHLY
    about: ClassVar[About | None] = None

    async def gather(self, gather: Gather) -> Data:
        return await gather_feedback(gather)

    def subject(self, data: Data, period: Period) -> str:
        return f"Tiếp nhận, trả lời phản ánh, kiến nghị {period_name(self.cadence, period)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        volume, wards = data["volume"], data["wards"]
        on_map = [row for row in wards["rows"] if row["code"]]
        drawn = {
            "volume": draw_volume(
                points_of(volume["days"], volume["values"]), what="Số phản ánh mỗi ngày", unit="phản ánh"
            )
        }
        if wards.get("is_mapped", bool(on_map)):  # snapshots of before do not say
            counts = {row["code"]: row["cases"]["value"] for row in on_map}
            names = {row["code"]: row["name"] for row in on_map}
            drawn["wards"] = draw_wards(counts, names, what="phản ánh nhận trong kỳ", unit="phản ánh")
        return drawn
