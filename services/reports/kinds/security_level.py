"""The file that proposes the system's security level (Decree 85/2016/NĐ-CP), filled from what runs.

Those who answer for the whole city make and read it; what only the city or its lawyer knows is theirs to write in.
"""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from libs.common.models.enums import Role
from libs.common.papers.content import Picture
from services.reports.domain import Period
from services.reports.filings.gathering import gather_security
from services.reports.kinds.base import KINDS, About, Data, Gather
from services.reports.periods import Cadence


@KINDS.register("security_level")
class SecurityLevel:
    title: ClassVar[str] = "Hồ sơ đề xuất cấp độ an toàn hệ thống thông tin"
    type_name: ClassVar[str] = "HỒ SƠ"
    cadence: ClassVar[Cadence] = Cadence.YEARLY
    about: ClassVar[About | None] = None
    roles: ClassVar[tuple[Role, ...]] = (Role.ADMIN, Role.SPOKESPERSON)

    async def gather(self, gather: Gather) -> Data:
        return await gather_security(gather)

    def subject(self, data: Data, period: Period) -> str:
        return "Đề xuất cấp độ an toàn hệ thống thông tin Lan Tỏa"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}

    def unit_of(self, data: Data) -> UUID | None:
        return UUID(data["unit_id"]) if data["unit_id"] else None

    def codes(self, data: Data) -> dict[str, str]:
        return {}
