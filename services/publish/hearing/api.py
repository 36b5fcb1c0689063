"""Where platforms tell us what happens, and where staff read what people say under our posts.

Anybody may knock at `/hooks`: what the platform did not sign is refused, and leaves nothing but a count.
"""

import logging
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import PlainTextResponse, Response

from libs.common import models as m
from libs.common import telemetry
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import CaseState, Role
from libs.common.models.hearing import CommentState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import problems as wrong
from services.publish import queries as publish_queries
from services.publish.api import Reader, held
from services.publish.hearing import problems as wrong_comment
from services.publish.hearing import queries
from services.publish.hearing.base import UNREADABLE, Letter
from services.publish.hearing.handover import ESCALATES, escalate_comment
from services.publish.hearing.kinds import HOOKS
from services.publish.hearing.service import Ear, ear_of, is_genuine, take_heard
from services.publish.resources import PublishResources
from services.publish.service.publications import SEES

log = logging.getLogger("lantoa.publish.hearing")
public_router = APIRouter(include_in_schema=False, dependencies=[public()])
router = APIRouter(prefix="/api/publish/v1", tags=["publish"], responses=problems(Unauthenticated, Forbidden))
Res = Annotated[PublishResources, Depends(held)]
Admin = Annotated[Principal, require(Role.ADMIN)]
Officer = Annotated[Principal, require(*ESCALATES)]
MOST_BYTES = 1_000_000
ABSENT = PlainTextResponse("Không có gì ở đây.\n", status_code=404)
REFUSED = PlainTextResponse("Không phải do nền tảng gửi.\n", status_code=403)


class CommentOut(BaseModel):
    """`body` is masked, and null once it was removed on the platform. Who wrote it is not known here."""

    model_config = {"from_attributes": True}

    id: UUID
    channel_id: UUID
    delivery_id: UUID
    body: str | None
    is_ours: bool
    state: CommentState
    posted_at: datetime | None
    seen_at: datetime
    is_escalated: bool = Field(default=False, description="an officer made a feedback case of it")
    case_reference: str | None = None
    case_state: CaseState | None = None


class CommentCountOut(BaseModel):
    channel_id: UUID
    state: CommentState
    is_ours: bool
    count: int


class CommentCaseOut(BaseModel):
    """The case itself is opened by intake, under a reference of its own."""

    model_config = {"from_attributes": True}

    comment_id: UUID
    escalated_at: datetime


class HookOut(BaseModel):
    """What an administrator tells the platform, once."""

    url: str
    word: str = Field(description="verify token (Meta) or secret token (Telegram)")


@public_router.get("/hooks/{kind}/{channel_id}")
async def answer_challenge(kind: str, channel_id: UUID, request: Request, session: SessionDep, res: Res) -> Response:
    ear, channel = ear_of(res), await publish_queries.get_channel(session, channel_id)
    if ear is None or channel is None or channel.kind != kind or kind not in HOOKS.names():
        return ABSENT
    asked = dict(request.query_params)
    answers = (HOOKS.get(kind).challenge(asked, word) for word in ear.keys.words(channel_id))
    echo = next((each for each in answers if each is not None), None)
    return REFUSED if echo is None else PlainTextResponse(echo)


@public_router.post("/hooks/{kind}/{channel_id}")
async def take_hook(
    kind: str, channel_id: UUID, request: Request, database: DatabaseDep, clock: ClockDep, res: Res
) -> Response:
    """Answered once what is in it is stored; while the database is away the platform is told to come again."""
    ear = ear_of(res)
    if ear is None or kind not in HOOKS.names():
        return ABSENT
    body = await _body(request)
    if body is None:
        telemetry.count("lantoa.hearing.letters", kind=kind, outcome="too_large")
        return PlainTextResponse("Quá dài.\n", status_code=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    letter = Letter(headers, body, clock.now())
    async with database.transaction() as session:
        outcome = await _taken(session, kind, channel_id, letter, ear)
    telemetry.count("lantoa.hearing.letters", kind=kind, outcome=outcome)
    return {"absent": ABSENT, "refused": REFUSED}.get(outcome, PlainTextResponse("ok\n"))


async def _taken(session: AsyncSession, kind: str, channel_id: UUID, letter: Letter, ear: Ear) -> str:
    channel, hook = await publish_queries.get_channel(session, channel_id), HOOKS.get(kind)
    if channel is None or channel.kind != kind or channel.is_drill:  # nobody real speaks under a drill
        return "absent"
    if not await is_genuine(session, channel, hook, letter, ear):
        return "refused"
    try:
        heard = hook.read(letter)
    except UNREADABLE as error:
        # Refusing would make the platform repeat it, and at last switch the hook off. Of what it says nothing is told.
        log.warning("a genuine letter of %s could not be read: %s", kind, type(error).__name__)
        return "unreadable"
    await take_heard(session, channel, hook, heard, letter, ear)
    return "taken"


async def _body(request: Request) -> bytes | None:
    """Whole, as it was on the wire; None past the limit."""
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
        if len(whole) > MOST_BYTES:
            return None
    return bytes(whole)


@router.get("/channels/{channel_id}/hook", response_model=HookOut, responses=problems(wrong.ChannelNotFound))
async def read_hook(channel_id: UUID, session: SessionDep, who: Admin, res: Res) -> HookOut:
    ear, channel = ear_of(res), await publish_queries.get_channel(session, channel_id)
    if ear is None or channel is None or channel.kind not in HOOKS.names():
        raise wrong.ChannelNotFound("Kênh không có, hoặc nền tảng này không tự báo tin.")
    if channel.unit_id not in who.units(Role.ADMIN):
        raise wrong.NotYourUnit("Chỉ quản trị viên của đơn vị được xem.")
    return HookOut(url=f"{res.site.origin}/hooks/{channel.kind}/{channel.id}", word=ear.keys.word(channel.id))


@router.get(
    "/publications/{publication_id}/comments",
    response_model=Page[CommentOut],
    responses=problems(wrong.PublicationNotFound),
)
async def list_comments(publication_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    """What people say under it on every channel, newest first; only to its own unit."""
    await _require_readable(session, publication_id, who)
    found = page_of(await queries.list_comments(session, publication_id, page), page.limit, _by_id)
    cases = await queries.cases_of(session, [each.id for each in found["items"]])
    shown = [_with_case(each, cases.get(each.id)) for each in found["items"]]
    return Page[CommentOut](items=shown, next_cursor=found["next_cursor"])


def _with_case(comment: m.Comment, case: tuple[str | None, str | None] | None) -> CommentOut:
    told = CommentOut.model_validate(comment)
    if case is not None:
        told.is_escalated, told.case_reference = True, case[0]
        told.case_state = CaseState(case[1]) if case[1] else None
    return told


@router.get(
    "/publications/{publication_id}/comments/counts",
    response_model=list[CommentCountOut],
    responses=problems(wrong.PublicationNotFound),
)
async def count_comments(publication_id: UUID, session: SessionDep, who: Reader) -> Any:
    """How many of them there are, on each channel and in each state; a channel where nobody said anything has none."""
    await _require_readable(session, publication_id, who)
    rows = await queries.count_comments(session, publication_id)
    return [
        CommentCountOut(channel_id=at, state=CommentState(state), is_ours=ours, count=n) for at, state, ours, n in rows
    ]


@router.post(
    "/comments/{comment_id}/escalation",
    status_code=202,
    response_model=CommentCaseOut,
    responses=problems(wrong_comment.CommentNotFound, wrong_comment.NothingToEscalate),
)
async def escalate(comment_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """Make a feedback case of it; who wrote it can be answered where it was written, and is known nowhere else."""
    return await escalate_comment(session, comment_id, who, clock.now())


async def _require_readable(session: AsyncSession, publication_id: UUID, who: Principal) -> None:
    publication = await publish_queries.get_publication(session, publication_id)
    if publication is None or publication.unit_id not in who.units(*SEES):
        raise wrong.PublicationNotFound(f"Không có tin {publication_id} trong đơn vị của bạn.")


def _by_id(row: m.Comment) -> Cursor:
    return Cursor(None, row.id)
