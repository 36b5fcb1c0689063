"""Who files a report by Open311, and the form that they send: a key of the settings, or a token of ours."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import ClockDep, Principal
from libs.common.auth.principal import get_principal
from libs.common.errors import Forbidden, Unauthenticated
from libs.common.models.enums import Role
from services.ingest.api import SettingsDep
from services.ingest.feedback.doorkeeping import DoorsDep, peer_of
from services.ingest.feedback.open311_wire import Rejected

MOST_BYTES = 64 * 1024
FILERS = (Role.INTEGRATOR, Role.FEEDBACK_OFFICER, Role.ADMIN)
FORM = "application/x-www-form-urlencoded"


async def body_of(request: Request) -> bytes:
    """At most 64 KiB of a form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Rejected(415, f"Cần {FORM}. / The body must be {FORM}.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Rejected(413, "Nội dung quá 64 KB. / The body is over 64 KB.")
    return bytes(body)


@dataclass(frozen=True)
class Filing:
    """What it takes to know who files."""

    request: Request
    doors: DoorsDep
    clock: ClockDep
    settings: SettingsDep

    async def by(self, fields: dict[str, str], session: AsyncSession) -> str:
        """The name of their key, or the id of their account; refused where they come too often."""
        if wait := self.doors.filing.take(peer_of(self.request), self.clock.now()):
            raise Rejected(429, "Gửi quá nhanh. / Too many requests.", retry_after=wait)
        if self.request.headers.get("authorization"):
            return f"person-{(await _signed_in(self.request, session)).person_id}"
        given = fields.get("api_key", "").encode()
        known = [one for one in self.settings.open311.filers if _is(one.key.get_secret_value(), given)]
        if not known:
            raise Rejected(403, "Thiếu api_key hoặc api_key không đúng. / The api_key is missing or not valid.")
        return known[0].name


FilingDep = Annotated[Filing, Depends()]


def _is(key: str, given: bytes) -> bool:
    return hmac.compare_digest(key.encode(), given)


async def _signed_in(request: Request, session: AsyncSession) -> Principal:
    scheme, _, token = request.headers["authorization"].partition(" ")
    shown = HTTPAuthorizationCredentials(scheme=scheme, credentials=token)
    try:
        who = await get_principal(request, session, request.app.state.clock, shown)
    except Unauthenticated as error:
        raise Rejected(401, "Mã truy cập không dùng được. / The bearer token is not valid.") from error
    if not who.has(*FILERS):
        raise Forbidden("Tài khoản này không được gửi phản ánh thay người dân.")
    return who
