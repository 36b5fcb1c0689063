"""Doors of web push: what browsers ask by our own page, and what staff see.

Browsers carry no cookie and no token here: who knows the endpoint and the secret of a subscription is that browser.
Requests of other sites are refused all the same, so that none signs its visitors up.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Problem, Unauthenticated, problems
from services.publish import queries as channels
from services.publish.api import Res
from services.publish.problems import ChannelNotFound
from services.publish.push import queries, subscribing
from services.publish.push.schemas import LeaveIn, NoticeOut, PushOut, SubscribedOut, SubscribeIn
from services.publish.push.service import PushService
from services.publish.push.subscribing import (
    Asked,
    NoRoom,
    NotThisBrowser,
    SubscriptionInvalid,
    SubscriptionUnknown,
    TopicUnknown,
)
from services.publish.service.publications import SEES

PREFIX = "/api/publish/v1"
SHOWN_NOTICES = 20
NO_KEY = "Chưa khai báo khóa VAPID (LANTOA_PUBLISH__PUSH__VAPID_PRIVATE_KEY) hoặc khóa mã hóa của kênh"


class PushOff(Problem):
    status = 404
    title_vi = "Thành phố chưa gửi thông báo tới trình duyệt"
    title_en = "Web push is not set up"


class FromAnotherSite(Problem):
    status = 403
    title_vi = "Chỉ nhận đăng ký từ trang của thành phố"
    title_en = "Only the city's own page may ask this"


class TooManyAsks(Problem):
    status = 429
    title_vi = "Có quá nhiều lượt đăng ký"
    title_en = "Too many sign-ups"


def from_our_page(request: Request, res: Res) -> None:
    """JSON, which no form of another site can send unasked, and by what the browser says of where it comes from."""
    told = request.headers
    is_json = told.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    site, origin = told.get("sec-fetch-site", "same-origin"), told.get("origin", res.site.origin)
    if not is_json or site != "same-origin" or origin.rstrip("/") != res.site.origin.rstrip("/"):
        raise FromAnotherSite("Xin mở trang đăng ký của thành phố và thử lại.")


def able(res: Res) -> PushService:
    if res.push is None:
        raise PushOff("Xin theo dõi bản tin trên trang của thành phố.")
    return res.push


def not_too_often(request: Request, res: Res, push: "Push", clock: ClockDep) -> None:
    peer = request.client.host if request.client else ""
    if not res.doorman.lets_in(f"push {peer}", push.settings.asks_per_hour, clock.now()):
        raise TooManyAsks("Xin thử lại sau một giờ.")


Push = Annotated[PushService, Depends(able)]
public_router = APIRouter(
    prefix=f"{PREFIX}/push",
    tags=["push"],
    include_in_schema=False,  # for our own page alone: others are refused
    dependencies=[public(), Depends(from_our_page)],
    responses=problems(FromAnotherSite, PushOff),
)
router = APIRouter(prefix=PREFIX, tags=["push"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require(*SEES)]


@public_router.post(
    "/subscriptions",
    response_model=SubscribedOut,
    dependencies=[Depends(not_too_often)],
    responses=problems(SubscriptionInvalid, TopicUnknown, NotThisBrowser, NoRoom, SubscriptionUnknown, TooManyAsks),
)
async def subscribe(body: SubscribeIn, session: SessionDep, clock: ClockDep, push: Push) -> SubscribedOut:
    told = body.subscription
    asked = Asked(
        subscribing.browser_of(push, told.endpoint, told.keys.p256dh, told.keys.auth),
        body.topics,
        subscribing.ends_at(told.expiration_time),
        (body.replaces.endpoint, body.replaces.auth) if body.replaces is not None else None,
    )
    return SubscribedOut(topics=await subscribing.subscribe(session, push, asked, clock.now()))


@public_router.post("/subscriptions/show", response_model=SubscribedOut, responses=problems(SubscriptionUnknown))
async def show_subscription(body: LeaveIn, session: SessionDep, push: Push) -> SubscribedOut:
    return SubscribedOut(topics=await subscribing.topics_of(session, push, body.endpoint, body.auth))


@public_router.post("/subscriptions/leave", status_code=204)
async def leave(body: LeaveIn, session: SessionDep, push: Push) -> None:
    """The same answer whether it was known or not."""
    await subscribing.leave(session, push, body.endpoint, body.auth)


@router.get("/channels/{channel_id}/push", response_model=PushOut, responses=problems(ChannelNotFound))
async def read_push(channel_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> PushOut:
    """How many browsers there are, and how far the last notices got."""
    channel = await channels.get_channel(session, channel_id)
    if channel is None or channel.kind != "webpush" or channel.unit_id not in who.units(*SEES):
        raise ChannelNotFound(f"Không có kênh thông báo đẩy {channel_id} trong đơn vị của bạn.")
    topic = str(channel.settings["topic"])
    return PushOut(
        channel_id=channel.id,
        topic=topic,
        browsers=await queries.count_subscriptions(session, topic),
        not_sending=NO_KEY if res.push is None else None,
        notices=[_notice(each) for each in await queries.list_notices(session, channel.id, SHOWN_NOTICES)],
        as_of=clock.now(),
    )


def _notice(notice: m.PushNotice) -> NoticeOut:
    told = {name: getattr(notice, name) for name in NoticeOut.model_fields if name != "title"}
    return NoticeOut(**told, title=notice.payload["title"])
