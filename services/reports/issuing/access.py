"""Who may make and read a report of a kind that is not for everybody."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.errors import Forbidden
from libs.common.models.enums import Role
from services.reports import service
from services.reports.kinds import KINDS
from services.reports.kinds.base import About, Data, Restricted
from services.reports.service import Issue

MAKERS = (Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)
READERS = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)


def require_maker(who: Principal, kind: str) -> None:
    """Raises Forbidden: a kind with roles of its own is for those alone."""
    made = KINDS.get(kind)()
    _require(who, made.roles if isinstance(made, Restricted) else MAKERS)


def require_sight(who: Principal, kind: str, data: Data) -> None:
    """Raises Forbidden where the kind is for others, or what it is about is another unit's."""
    made = KINDS.get(kind)()
    if not isinstance(made, Restricted):
        return
    _require(who, made.roles)
    unit_id = made.unit_of(data)
    if unit_id is not None and not who.has_within(unit_id, *made.roles):
        raise Forbidden("Báo cáo này là của một đơn vị khác.")


async def require_seen(session: AsyncSession, report_id: UUID, who: Principal) -> Issue:
    """Raises ReportNotFound, Forbidden."""
    issue = await service.require_report(session, report_id)
    require_sight(who, issue.report.kind, issue.snapshot.data)
    return issue


async def note_look(session: AsyncSession, kind: str, data: Data, who: Principal, now: datetime) -> None:
    """A look at what is told of a legal-risk case is in the log, about that case; other kinds leave no trace."""
    made = KINDS.get(kind)()
    if made.about is not About.LEGAL_CASE or not isinstance(made, Restricted):
        return
    codes = made.codes(data)
    await audit.append(
        session,
        service=service.SOURCE,
        action="legal_case.read",
        actor_id=who.person_id,
        object_type="legal_risk_case",
        object_id=UUID(codes["case_id"]),
        now=now,
        facts=codes,
    )


def hidden_from(who: Principal) -> list[str]:
    """Kinds that a list does not show to them."""
    kinds = ((name, KINDS.get(name)()) for name in KINDS.names())
    return [name for name, kind in kinds if isinstance(kind, Restricted) and not who.has(*kind.roles)]


def _require(who: Principal, roles: tuple[Role, ...]) -> None:
    if not who.has(*roles):
        raise Forbidden(f"Thao tác này cần một trong các vai trò: {', '.join(role.value for role in roles)}.")
