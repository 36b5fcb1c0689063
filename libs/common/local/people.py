"""The people of a one-machine installation: one for each desk, known to the development issuer alone."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import Role
from libs.common.seed import seed_person

EDITOR, SPOKESPERSON, SECOND, ADMIN, CHECKER = "bien-tap", "phat-ngon", "phat-ngon-2", "quan-tri", "kiem-chung"

DESKS: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    EDITOR: ("Biên tập viên trực (thử)", (Role.EDITOR,)),
    SPOKESPERSON: ("Người phát ngôn (thử)", (Role.SPOKESPERSON,)),
    SECOND: ("Người phát ngôn thứ hai (thử)", (Role.SPOKESPERSON,)),
    CHECKER: ("Bàn kiểm chứng (thử)", (Role.FACT_CHECKER,)),
    "tiep-dan": ("Bàn tiếp nhận phản ánh (thử)", (Role.FEEDBACK_OFFICER,)),
    ADMIN: ("Quản trị (thử)", (Role.ADMIN,)),
    "tich-hop": ("Hệ thống kết nối (thử)", (Role.INTEGRATOR,)),
    "kiem-tra": ("Kiểm tra viên (thử)", (Role.AUDITOR,)),
}
"""Name at sign-in → what the person is called, and what they may do for the city."""


async def seed_people(session: AsyncSession, now: datetime) -> int:
    """Make the desks' people and grants that are not there yet; needs the role that owns the schema."""
    made = [await seed_person(session, subject, name, roles, now) for subject, (name, roles) in DESKS.items()]
    return sum(made)
