"""The person behind a request, their roles within units, and the requirement every route declares."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth.tokens import TokenVerifier
from libs.common.clock import Clock
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated
from libs.common.models import Person, RoleGrant
from libs.common.models.enums import Role


@dataclass(frozen=True)
class Principal:
    person_id: UUID
    subject: str
    unit_id: UUID
    grants: frozenset[tuple[Role, UUID]]

    def has(self, *roles: Role) -> bool:
        return any(role in roles for role, _ in self.grants)

    def has_within(self, unit_id: UUID, *roles: Role) -> bool:
        """Whether one of the roles is held in exactly this unit: the city cannot act as a ward."""
        return any((role, unit_id) in self.grants for role in roles)

    def units(self, *roles: Role) -> set[UUID]:
        return {unit_id for role, unit_id in self.grants if role in roles}


async def load_principal(session: AsyncSession, subject: str, now: datetime) -> Principal | None:
    """The active person and the grants in force at this instant."""
    in_force = and_(
        RoleGrant.person_id == Person.id,
        RoleGrant.valid_from <= now,
        or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    rows = await session.execute(
        select(Person.id, Person.unit_id, RoleGrant.role, RoleGrant.unit_id)
        .join(RoleGrant, in_force, isouter=True)
        .where(Person.subject == subject, Person.is_active)
    )
    found = rows.all()
    if not found:
        return None
    grants = frozenset((Role(role), unit_id) for _, _, role, unit_id in found if role)
    return Principal(found[0][0], subject, found[0][1], grants)


def get_clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


ClockDep = Annotated[Clock, Depends(get_clock)]


def is_loopback(host: str) -> bool:
    """Whether a peer's address is this machine; a name or nothing is not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


bearer = HTTPBearer(
    auto_error=False,  # we answer with our own problem
    scheme_name="bearer",
    bearerFormat="JWT",
    description="Mã truy cập (JWT) của hệ thống đăng nhập; thao tác cần một trong các vai trò được nêu. "
    "/ An access token of the identity provider; whoever holds it needs one of the roles that an operation lists.",
)


async def get_principal(
    request: Request,
    session: SessionDep,
    clock: ClockDep,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    if shown is None or not shown.credentials:
        raise Unauthenticated("Thiếu mã truy cập (Authorization: Bearer …).")
    verifier: TokenVerifier = request.app.state.tokens
    if verifier.is_development and not is_loopback(request.client.host if request.client else ""):
        raise Unauthenticated("Mã truy cập phát triển chỉ dùng được ngay trên máy này.")
    subject = await verifier.subject(shown.credentials.strip(), clock.now())
    principal = await load_principal(session, subject, clock.now())
    if principal is None:
        raise Unauthenticated("Người dùng chưa được khai báo hoặc đã ngừng hoạt động.")
    return principal


PrincipalDep = Annotated[Principal, Depends(get_principal)]


def require(*roles: Role) -> Any:
    """A dependency: the caller, if they hold one of these roles in some unit."""

    async def requirement(principal: PrincipalDep) -> Principal:
        return _holding(principal, roles)

    # OpenAPI shows the roles where it has scopes for other schemes
    return Security(_declare(requirement, roles), scopes=[role.value for role in roles])


def require_first(*roles: Role) -> Any:
    """`require` in a transaction of its own that has ended when the route begins: for routes that take an upload or
    ask another site, and must hold no connection meanwhile."""

    async def requirement(
        request: Request,
        clock: ClockDep,
        database: DatabaseDep,
        shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Principal:
        async with database.transaction() as session:
            principal = await get_principal(request, session, clock, shown)
        return _holding(principal, roles)

    return Security(_declare(requirement, roles), scopes=[role.value for role in roles])


def _holding(principal: Principal, roles: tuple[Role, ...]) -> Principal:
    if not principal.has(*roles):
        wanted = ", ".join(role.value for role in roles)
        raise Forbidden(f"Thao tác này cần một trong các vai trò: {wanted}.")
    return principal


def signed_in() -> Any:
    """A dependency: the caller, whoever they are and whatever they may do, as long as they are known here."""

    async def requirement(principal: PrincipalDep) -> Principal:
        return principal

    return Depends(_declare(requirement, tuple(Role)))


def public() -> Any:
    """A dependency that says: this route is open on purpose."""

    async def requirement() -> None:
        return None

    return Depends(_declare(requirement, ()))


def _declare(requirement: Callable[..., Any], roles: tuple[Role, ...]) -> Callable[..., Any]:
    """Mark the function, so that a test can walk all routes and find the ones that declare nothing."""
    requirement.lantoa_roles = roles  # type: ignore[attr-defined]
    return requirement
