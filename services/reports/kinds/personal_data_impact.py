"""The assessment of what processing personal data does (Law 91/2025/QH15, Decree 356/2025/NĐ-CP).

Those who answer for the whole city make and read it; what only the city or its lawyer knows is theirs to write in.
"""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from libs.common.models.enums import Role
from libs.common.papers.content import Picture
from services.reports.domain import Period
from services.reports.filings.gathering import gather_impact
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.periods import Cadence


@KINDS.register("personal_data_impact")
class PersonalDataImpact:
    title: ClassVar[str] = "Hồ sơ đánh giá tác động xử lý dữ liệu cá nhân"
    type_name: ClassVar[str] = "HỒ SƠ"
    cadence: ClassVar[Cadence] = Cadence.HALF_YEAR
    about: ClassVar[About | None] = None
    roles: ClassVar[tuple[Role, ...]] = (Role.ADMIN, Role.SPOKESPERSON)

    async def gather(self, gather: Gather) -> Data:
        return await gather_impact(gather)

    def subject(self, data: Data, period: Period) -> str:
        return "Đánh giá tác động xử lý dữ liệu cá nhân của hệ thống Lan Tỏa"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}

    def unit_of(self, data: Data) -> UUID | None:
        return UUID(data["unit_id"]) if data["unit_id"] else None

    def codes(self, data: Data) -> dict[str, str]:
        return {}
