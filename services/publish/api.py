"""Routes of the publish service: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import SecretStr

from libs.common import models as m
from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import PublicationState, Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import desk_problems, queries
from services.publish import problems as wrong
from services.publish.resources import PublishResources
from services.publish.schemas import (
    Approve,
    ChannelCreate,
    ChannelOut,
    CredentialsIn,
    DeliveryOut,
    EngagementAsked,
    EngagementOut,
    PreviewOut,
    PreviewsOut,
    PublicationCreate,
    PublicationDetail,
    PublicationFromStory,
    PublicationOut,
    PublicationPatch,
    Withdraw,
)
from services.publish.service import approvals, channels, publications, withdrawing

router = APIRouter(prefix="/api/publish/v1", tags=["publish"], responses=problems(Unauthenticated, Forbidden))

Reader = Annotated[Principal, require(*publications.SEES)]
Editor = Annotated[Principal, require(Role.EDITOR, Role.SPOKESPERSON)]
Spokesperson = Annotated[Principal, require(Role.SPOKESPERSON)]
Approver = Annotated[Principal, require(Role.SPOKESPERSON, Role.EDITOR)]
"""An editor may ask and is told why not, in words."""
Admin = Annotated[Principal, require(Role.ADMIN)]


def held(request: Request) -> PublishResources:
    found: PublishResources = resources(request)
    return found


Res = Annotated[PublishResources, Depends(held)]


@router.get("/channels", response_model=Page[ChannelOut])
async def list_channels(session: SessionDep, who: Reader, page: PageDep) -> Any:
    return page_of(await queries.list_channels(session, page), page.limit, _by_id)


@router.post(
    "/channels",
    status_code=201,
    response_model=ChannelOut,
    responses=problems(wrong.UnknownChannelKind, wrong.InvalidChannel, wrong.ChannelExists),
)
async def register_channel(
    body: ChannelCreate, session: SessionDep, who: Admin, clock: ClockDep, res: Res
) -> m.Channel:
    fields = {**body.model_dump(exclude={"secret"}), "secret": _revealed(body.secret)}
    return await channels.register_channel(session, fields, who, clock.now(), res)


@router.put(
    "/channels/{channel_id}/credentials",
    response_model=ChannelOut,
    responses=problems(wrong.ChannelNotFound, wrong.InvalidChannel, wrong.NoCredentialsKey),
)
async def store_credentials(
    channel_id: UUID, body: CredentialsIn, session: SessionDep, who: Admin, clock: ClockDep, res: Res
) -> m.Channel:
    secret = _revealed(body.secret)
    return await channels.store_credentials(session, channel_id, secret, who, clock.now(), res)


@router.get("/publications", response_model=Page[PublicationOut])
async def list_publications(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    state: Annotated[PublicationState | None, Query()] = None,
) -> Any:
    rows = await queries.list_publications(session, page, who.units(*publications.SEES), state)
    return page_of(rows, page.limit, _by_id)


@router.post(
    "/publications",
    status_code=201,
    response_model=PublicationOut,
    responses=problems(wrong.ChannelNotFound, wrong.ChannelOfAnotherUnit, wrong.NotYourUnit, wrong.NotPostableHere),
)
async def create_publication(
    body: PublicationCreate, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> m.Publication:
    return await publications.create_publication(session, body.model_dump(), who, clock.now(), res)


@router.post(
    "/publications/from-story",
    status_code=201,
    response_model=PublicationOut,
    responses=problems(wrong.StoryNotFound, wrong.ChannelNotFound),
)
async def draft_from_story(
    body: PublicationFromStory, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> m.Publication:
    now = clock.now()
    return await publications.draft_from_story(session, body.story_id, body.channel_ids, who, now, res)


@router.get(
    "/publications/{publication_id}",
    response_model=PublicationDetail,
    responses=problems(wrong.PublicationNotFound),
)
async def read_publication(publication_id: UUID, session: SessionDep, who: Reader) -> PublicationDetail:
    return await _detail(session, publication_id, who)


@router.patch(
    "/publications/{publication_id}",
    response_model=PublicationOut,
    responses=problems(wrong.PublicationNotFound, wrong.NotYourUnit, wrong.StateConflict, wrong.ContentChanged),
)
async def edit_publication(
    publication_id: UUID, body: PublicationPatch, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> m.Publication:
    changes = body.changes()
    return await publications.edit_publication(session, publication_id, changes, who, clock.now(), res)


@router.get(
    "/publications/{publication_id}/preview",
    response_model=PreviewsOut,
    responses=problems(wrong.PublicationNotFound, wrong.NotPostableHere),
)
async def preview_publication(publication_id: UUID, session: SessionDep, who: Reader, res: Res) -> PreviewsOut:
    publication, previews = await publications.preview_publication(session, publication_id, who, res)
    return PreviewsOut(
        publication_id=publication.id,
        revision=publication.revision,
        content_hash=publication.content_hash.hex(),
        channels=[_preview(preview) for preview in previews],
    )


@router.post(
    "/publications/{publication_id}/submit",
    response_model=PublicationOut,
    responses=problems(wrong.PublicationNotFound, wrong.StateConflict, wrong.StillAutomatic, wrong.QuotedTooLong),
)
async def submit_publication(publication_id: UUID, session: SessionDep, who: Editor, clock: ClockDep) -> m.Publication:
    return await publications.submit_publication(session, publication_id, who, clock.now())


@router.post(
    "/publications/{publication_id}/approve",
    response_model=PublicationDetail,
    responses=problems(
        wrong.PublicationNotFound,
        wrong.NotSpokesperson,
        desk_problems.NotOnDuty,
        wrong.OwnWork,
        wrong.NotInReview,
        wrong.ContentChanged,
        wrong.StateConflict,
        wrong.ChannelNotUsable,
    ),
)
async def approve_publication(
    publication_id: UUID, body: Approve, session: SessionDep, who: Approver, clock: ClockDep, res: Res
) -> PublicationDetail:
    seen = bytes.fromhex(body.content_hash)
    await approvals.approve_publication(session, publication_id, seen, who, clock.now(), res)
    return await _detail(session, publication_id, who)


@router.post(
    "/publications/{publication_id}/withdraw",
    response_model=PublicationDetail,
    responses=problems(wrong.PublicationNotFound, wrong.NotSpokesperson, wrong.StateConflict),
)
async def withdraw_publication(
    publication_id: UUID, body: Withdraw, session: SessionDep, who: Spokesperson, clock: ClockDep
) -> PublicationDetail:
    await withdrawing.withdraw_publication(session, publication_id, body.reason, who, clock.now())
    return await _detail(session, publication_id, who)


@router.get(
    "/publications/{publication_id}/deliveries",
    response_model=Page[DeliveryOut],
    responses=problems(wrong.PublicationNotFound),
)
async def list_deliveries(publication_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    await publications.require_visible(session, publication_id, who)
    return page_of(await queries.list_deliveries(session, publication_id, page), page.limit, _by_id)


@router.get(
    "/publications/{publication_id}/engagement",
    response_model=Page[EngagementOut],
    responses=problems(wrong.PublicationNotFound),
)
async def list_engagement(publication_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    """Every figure ever read, newest first; the newest of each kind stands in the publication itself."""
    await publications.require_visible(session, publication_id, who)
    return page_of(await queries.list_engagement(session, publication_id, page), page.limit, _by_id)


@router.post(
    "/publications/{publication_id}/engagement/refresh",
    status_code=202,
    response_model=EngagementAsked,
    responses=problems(wrong.PublicationNotFound, wrong.NotYourUnit),
)
async def refresh_engagement(
    publication_id: UUID, session: SessionDep, who: Editor, clock: ClockDep
) -> EngagementAsked:
    return EngagementAsked(deliveries=await publications.ask_for_figures(session, publication_id, who, clock.now()))


async def _detail(session: SessionDep, publication_id: UUID, who: Principal) -> PublicationDetail:
    await session.flush()
    detail = await publications.read_publication(session, publication_id, who)
    row = PublicationOut.model_validate(detail.publication).model_dump()
    lists = {name: getattr(detail, name) for name in ("variants", "approvals", "deliveries", "engagement")}
    return PublicationDetail.model_validate({**row, **lists}, from_attributes=True)


def _preview(preview: publications.Preview) -> PreviewOut:
    return PreviewOut(
        channel_id=preview.channel.id,
        channel_name=preview.channel.name,
        kind=preview.channel.kind,
        text=preview.text,
        link=preview.link,
        payload=preview.payload,
        notes=list(preview.notes),
    )


def _revealed(secret: dict[str, SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in secret.items()}


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
