"""A browser asks to be told, changes its topics, and leaves. Nothing is kept of it but where it is told, sealed."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.errors import Problem
from libs.common.ids import new_id
from services.publish.credentials import CredentialsUnreadable
from services.publish.push import queries
from services.publish.push.encryption import BrowserKeys, KeyInvalid
from services.publish.push.endpoints import EndpointRefused
from services.publish.push.service import Browser, PushService
from services.publish.push.vapid import unb64


class SubscriptionInvalid(Problem):
    status = 422
    title_vi = "Đăng ký của trình duyệt không hợp lệ"
    title_en = "The browser's subscription is not valid"


class TopicUnknown(Problem):
    status = 422
    title_vi = "Không có chủ đề này"
    title_en = "There is no such topic"


class NotThisBrowser(Problem):
    status = 403
    title_vi = "Đăng ký này không phải của trình duyệt này"
    title_en = "The subscription is not this browser's"


class NoRoom(Problem):
    status = 503
    title_vi = "Hiện không nhận thêm đăng ký"
    title_en = "No more subscriptions are taken now"


class SubscriptionUnknown(Problem):
    status = 404
    title_vi = "Trình duyệt này chưa đăng ký"
    title_en = "This browser is not subscribed"


@dataclass(frozen=True)
class Asked:
    """`ends_at`: where the browser says so; `topics`: None to keep those of what it `replaces` (endpoint, auth)."""

    browser: Browser
    topics: Sequence[str] | None
    ends_at: datetime | None = None
    replaces: tuple[str, str] | None = None


def browser_of(push: PushService, endpoint: str, p256dh: str, auth: str) -> Browser:
    """Raises SubscriptionInvalid, which says nothing of the endpoint but its host."""
    try:
        push.services.origin_of(endpoint)
        return Browser(endpoint, BrowserKeys(unb64(p256dh), unb64(auth)))
    except EndpointRefused as error:
        raise SubscriptionInvalid(f"Không gửi tới dịch vụ đẩy này được ({error}).") from None
    except (KeyInvalid, ValueError):
        raise SubscriptionInvalid("Khóa của trình duyệt không đúng dạng.") from None


def ends_at(milliseconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds is not None else None


def offered(channels: Iterable[m.Channel]) -> dict[str, str]:
    """Topic → its name, of the active channels."""
    return {str(channel.settings["topic"]): channel.name for channel in channels}


async def subscribe(session: AsyncSession, push: PushService, asked: Asked, now: datetime) -> list[str]:
    """The topics from now on. Asked again by the same browser it is the same subscription."""
    topics, before = asked.topics, None
    if asked.replaces is not None:
        before = await _own(session, push, *asked.replaces)
        topics = topics or (before.topics if before is not None else None)
    if not topics:
        raise SubscriptionUnknown("Xin chọn lại chủ đề trên trang của thành phố.")
    known = offered(await queries.list_channels(session))
    chosen = sorted(set(topics) & set(known)) if asked.topics is None else sorted(set(topics))
    if not chosen or not set(chosen) <= set(known):
        raise TopicUnknown("Xin chọn một chủ đề có trên trang.")
    await _put(session, push, asked, chosen, now)
    if before is not None and before.key_hash != push.vapid.digest(asked.browser.endpoint):
        await queries.erase(session, before.id)
    return chosen


async def _put(session: AsyncSession, push: PushService, asked: Asked, topics: list[str], now: datetime) -> None:
    browser, key_hash = asked.browser, push.vapid.digest(asked.browser.endpoint)
    if await queries.find_subscription(session, key_hash) is None:
        if await queries.count_subscriptions(session) >= push.settings.most:
            raise NoRoom("Xin thử lại sau, hoặc nhận tin qua thư.")
        made = new_id(now)
        values = {"id": made, "key_hash": key_hash, "topics": topics, "subscribed_at": now}
        values |= {"ciphertext": push.vault.seal(made, browser.as_secret()), "key_id": push.vault.key_id}
        await queries.put_subscription(session, values | {"expires_at": asked.ends_at})
    row = await queries.find_subscription(session, key_hash)
    if row is None or not _is_its(push, row, browser.keys.auth):
        raise NotThisBrowser("Địa chỉ này đã được một trình duyệt khác đăng ký.")
    row.topics, row.expires_at = topics, asked.ends_at


async def topics_of(session: AsyncSession, push: PushService, endpoint: str, auth: str) -> list[str]:
    """Raises SubscriptionUnknown."""
    row = await _own(session, push, endpoint, auth)
    if row is None:
        raise SubscriptionUnknown("Trình duyệt này chưa đăng ký, hoặc đăng ký đã hết.")
    return list(row.topics)


async def leave(session: AsyncSession, push: PushService, endpoint: str, auth: str) -> UUID | None:
    """The browser is forgotten; one that is not known, or is somebody else's, changes nothing."""
    row = await _own(session, push, endpoint, auth)
    if row is None:
        return None
    await queries.erase(session, row.id)
    return row.id


async def _own(session: AsyncSession, push: PushService, endpoint: str, auth: str) -> m.PushSubscription | None:
    row = await queries.find_subscription(session, push.vapid.digest(endpoint))
    try:
        told = unb64(auth)
    except ValueError:
        return None
    return row if row is not None and _is_its(push, row, told) else None


def _is_its(push: PushService, row: m.PushSubscription, auth: bytes) -> bool:
    """In constant time; a row that cannot be read any more is nobody's."""
    try:
        kept = Browser.of(push.vault.open(row.id, row.ciphertext))
    except (CredentialsUnreadable, KeyInvalid):
        return False
    return hmac.compare_digest(kept.keys.auth, auth)
