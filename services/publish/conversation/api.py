"""Routes of the inbox: which comments there are, who looks at them, templates, and answering as the page.

There is no way to ask by who wrote: a query with any other parameter than those named is refused.
"""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.hearing import CommentState
from libs.common.pagination import Cursor, Page, PageDep, PageRequest
from services.publish.conversation import problems as wrong
from services.publish.conversation import queries, replies, rules, service, templates
from services.publish.conversation.inbox_queries import Asked
from services.publish.conversation.queries import ANSWERS
from services.publish.conversation.schemas import (
    AssignIn,
    ConversationOut,
    HoldIn,
    HoldOut,
    PostOut,
    ReplyIn,
    ReplyOut,
    TemplateChange,
    TemplateCreate,
    TemplateOut,
    ToldIn,
)
from services.publish.hearing.handover import ESCALATES
from services.publish.hearing.problems import CommentNotFound

router = APIRouter(prefix="/api/publish/v1", tags=["conversation"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require(*ESCALATES)]
Officer = Annotated[Principal, require(*ANSWERS)]
FILTERS = frozenset(
    {"channel_id", "delivery_id", "messages", "state", "unanswered", "mine", "older_than_hours", "resolved"}
    | {"limit", "cursor"}
)
PAGES = frozenset({"limit", "cursor"})


def known_filters(request: Request) -> None:
    """What is not a filter is refused: silence would look like an answer to "all by this author"."""
    allowed = FILTERS if request.url.path.endswith("/conversations") else PAGES
    unknown = sorted(set(request.query_params) - allowed)
    if unknown:
        raise wrong.UnknownFilter(f"Chỉ lọc được theo: {', '.join(sorted(allowed))}. Không tìm theo người viết.")


Known = Depends(known_filters)


@router.get(
    "/conversations",
    response_model=Page[ConversationOut],
    responses=problems(wrong.UnknownFilter),
    dependencies=[Known],
)
async def list_conversations(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    clock: ClockDep,
    channel_id: Annotated[UUID | None, Query()] = None,
    delivery_id: Annotated[UUID | None, Query(description="one post")] = None,
    messages: Annotated[bool | None, Query(description="written to the account alone; false: under posts")] = None,
    state: Annotated[CommentState | None, Query()] = None,
    unanswered: Annotated[bool | None, Query(description="waits for an answer; false: does not")] = None,
    mine: Annotated[bool, Query(description="assigned to me")] = False,
    older_than_hours: Annotated[int | None, Query(ge=1, le=8760, description="seen so long ago or longer")] = None,
    resolved: Annotated[bool, Query(description="its feedback case was answered")] = False,
) -> Any:
    """Comments of readers on the channels of one's units, newest first, each once."""
    before = clock.now() - timedelta(hours=older_than_hours) if older_than_hours is not None else None
    assigned = who.person_id if mine else None
    units = who.units(*ESCALATES)
    asked = Asked(units, channel_id, delivery_id, state, unanswered, assigned, before, resolved, messages)
    shown, more = await service.inbox(session, asked, page)
    return {"items": shown, "next_cursor": Cursor(None, shown[-1]["comment_id"]).encode() if more else None}


@router.get(
    "/conversation-posts", response_model=Page[PostOut], responses=problems(wrong.UnknownFilter), dependencies=[Known]
)
async def list_conversation_posts(session: SessionDep, who: Reader, page: PageDep) -> Any:
    """The same by post, newest first: how many there are under each, and how many wait."""
    found = await service.posts(session, who.units(*ESCALATES), PageRequest(page.limit, page.after))
    shown, more = found[: page.limit], len(found) > page.limit
    return {"items": shown, "next_cursor": Cursor(None, shown[-1].delivery_id).encode() if more else None}


@router.post(
    "/comments/{comment_id}/hold",
    response_model=HoldOut,
    responses=problems(CommentNotFound, wrong.HeldByAnother),
)
async def hold_comment(comment_id: UUID, body: HoldIn, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """I look at it now: for five minutes, and again as often as it is said."""
    talk, taken_from = await service.hold(session, comment_id, who, clock.now(), take_over=body.take_over)
    return HoldOut(
        comment_id=comment_id, held_by=who.person_id, held_until=talk.held_until or clock.now(), taken_from=taken_from
    )


@router.delete("/comments/{comment_id}/hold", status_code=204, responses=problems(CommentNotFound))
async def let_go(comment_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> None:
    await service.let_go(session, comment_id, who, clock.now())


@router.put(
    "/comments/{comment_id}/assignment",
    status_code=204,
    responses=problems(CommentNotFound, wrong.NotAnOfficer),
)
async def assign_comment(comment_id: UUID, body: AssignIn, session: SessionDep, who: Officer, clock: ClockDep) -> None:
    await service.assign(session, comment_id, body.person_id, who, clock.now())


@router.post("/comments/{comment_id}/close", status_code=204, responses=problems(CommentNotFound, wrong.HeldByAnother))
async def close_comment(comment_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> None:
    """It needs no answer."""
    await service.close(session, comment_id, who, clock.now(), is_closed=True)


@router.post("/comments/{comment_id}/reopen", status_code=204, responses=problems(CommentNotFound, wrong.HeldByAnother))
async def reopen_comment(comment_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> None:
    await service.close(session, comment_id, who, clock.now(), is_closed=False)


# --- answering ---


@router.get("/comments/{comment_id}/replies", response_model=list[ReplyOut], responses=problems(CommentNotFound))
async def list_replies(comment_id: UUID, session: SessionDep, who: Reader) -> Any:
    return await replies.list_replies(session, comment_id, who.units(*ESCALATES))


@router.post(
    "/comments/{comment_id}/replies",
    status_code=202,
    response_model=ReplyOut,
    responses=problems(
        CommentNotFound,
        wrong.NotAnswerable,
        wrong.HeldByAnother,
        wrong.ReplyUnderWay,
        wrong.TemplateNotFound,
        wrong.TemplateUnfilled,
        wrong.ReplyTooLong,
    ),
)
async def write_reply(comment_id: UUID, body: ReplyIn, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """As the page, by this officer, under this comment; it leaves at most once."""
    return await replies.write_reply(session, comment_id, body.body, body.template_id, body.values, who, clock.now())


@router.delete(
    "/replies/{reply_id}",
    response_model=ReplyOut,
    responses=problems(wrong.ReplyNotFound, CommentNotFound, wrong.ReplyNotWaiting),
)
async def cancel_reply(reply_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    return await replies.cancel_reply(session, reply_id, who, clock.now())


@router.post(
    "/replies/{reply_id}/told",
    response_model=ReplyOut,
    responses=problems(wrong.ReplyNotFound, CommentNotFound, wrong.NothingToTell),
)
async def tell_of_reply(reply_id: UUID, body: ToldIn, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    """Where looking did not tell whether it stands there, the officer looks and says."""
    return await replies.tell(session, reply_id, who, clock.now(), is_posted=body.is_posted)


# --- templates ---


@router.get("/reply-templates", response_model=list[TemplateOut])
async def list_templates(session: SessionDep, who: Reader) -> Any:
    found = await queries.list_templates(session, who.units(*ESCALATES))
    return [_template(row.ReplyTemplate, row.body) for row in found]


@router.post("/reply-templates", status_code=201, response_model=TemplateOut, responses=problems(wrong.TemplateExists))
async def write_template(body: TemplateCreate, session: SessionDep, who: Officer, clock: ClockDep) -> Any:
    made = await templates.write_template(session, body.unit_id, body.name, body.body, who, clock.now())
    return _template(made, body.body)


@router.put("/reply-templates/{template_id}", response_model=TemplateOut, responses=problems(wrong.TemplateNotFound))
async def change_template(
    template_id: UUID, body: TemplateChange, session: SessionDep, who: Officer, clock: ClockDep
) -> Any:
    """A new version; replies of before keep theirs."""
    return _template(await templates.change_template(session, template_id, body.body, who, clock.now()), body.body)


@router.delete("/reply-templates/{template_id}", status_code=204, responses=problems(wrong.TemplateNotFound))
async def retire_template(template_id: UUID, session: SessionDep, who: Officer, clock: ClockDep) -> None:
    await templates.retire_template(session, template_id, who, clock.now())


def _template(template: Any, body: str) -> TemplateOut:
    return TemplateOut(
        id=template.id,
        unit_id=template.unit_id,
        name=template.name,
        version=template.version,
        body=body,
        placeholders=rules.placeholders(body),
        created_at=template.created_at,
        retired_at=template.retired_at,
    )
