"""Where hubs verify that we asked, and push what is new (W3C WebSub). Who does not know the address and the secret of
a subscription is refused, and leaves nothing but a count."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response

from libs.common import telemetry
from libs.common.app import resources
from libs.common.auth import ClockDep, public
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from services.ingest.api import PREFIX, StaffDep
from services.ingest.problems import SourceNotFound
from services.ingest.resources import Resources
from services.ingest.websub import pushes, queries, rules, service
from services.ingest.websub.problems import NotSubscribed
from services.ingest.websub.pushes import Letter
from services.ingest.websub.schemas import SubscriptionOut

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
public_router = APIRouter(prefix=service.PATH, include_in_schema=False, dependencies=[public()])
Res = Annotated[Resources, Depends(resources)]
_PLAIN = {"X-Content-Type-Options": "nosniff"}
_MAX_CHALLENGE = 4096


def _say(text: str, status: int = 200) -> Response:
    return PlainTextResponse(text, status_code=status, headers=_PLAIN)


@router.get("/sources/{source_id}/websub", responses=problems(SourceNotFound, NotSubscribed))
async def read_subscription(source_id: UUID, session: SessionDep, _: StaffDep) -> SubscriptionOut:
    row = await queries.of_source(session, source_id)
    if row is None:
        raise NotSubscribed(f"Mã nguồn: {source_id}.")
    return SubscriptionOut.model_validate(row)


@public_router.get("/{subscription_id}/{token}")
async def verify_intent(
    subscription_id: UUID, token: str, request: Request, session: SessionDep, clock: ClockDep, res: Res
) -> Response:
    """A hub asks whether it was we who asked."""
    keys, asked = service.keys_of(res.settings), dict(request.query_params)
    if (
        keys is None
        or not keys.is_token(subscription_id, token)
        or len(asked.get("hub.challenge", "")) > _MAX_CHALLENGE
    ):
        return _say("Không có gì ở đây.\n", 404)
    answer = await service.answer_intent(session, subscription_id, asked, res.settings, clock.now())
    return _say("Chúng tôi không yêu cầu điều này.\n", 404) if answer is None else _say(answer)


@public_router.post("/{subscription_id}/{token}")
async def take_push(
    subscription_id: UUID, token: str, request: Request, database: DatabaseDep, clock: ClockDep, res: Res
) -> Response:
    """Answered once what is in it is stored."""
    outcome, answer = await _taken(subscription_id, token, request, database, clock, res)
    telemetry.count("lantoa.websub.pushes", outcome=outcome)
    return answer


async def _taken(
    subscription_id: UUID, token: str, request: Request, database: DatabaseDep, clock: ClockDep, res: Resources
) -> tuple[str, Response]:
    keys = service.keys_of(res.settings)
    if keys is None or not keys.is_token(subscription_id, token):
        return "absent", _say("Không có gì ở đây.\n", 404)
    body = await _body(request, res.settings.websub.body_bytes)
    if body is None:
        return "too_large", _say("Quá dài.\n", 413)
    async with database.transaction() as session:
        found = await queries.get(session, subscription_id)
    if found is None or not pushes.is_open(*found, clock.now()):
        return "over", _say("Chúng tôi không còn theo dõi nguồn này.\n", 410)
    if not rules.is_signed(request.headers.get("x-hub-signature"), body, keys.secret(subscription_id)):
        return "refused", _say("Chữ ký không đúng.\n", 403)
    letter = Letter(body, request.headers.get("content-type"))
    outcome = await pushes.take_push(database, res, *found, letter, clock.now())
    return outcome.value, _say("ok\n")


async def _body(request: Request, limit: int) -> bytes | None:
    """Whole, as it was on the wire; None past the limit."""
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
        if len(whole) > limit:
            return None
    return bytes(whole)
