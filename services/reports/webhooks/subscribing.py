"""Use cases of subscriptions: add, change, pause, open again, exchange the secret, end."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.envelope import RowUnreadable
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.webhooks import WebhookState
from libs.common.subscribers import UnknownEvent, granted_by
from libs.common.webhook import PREFIX, PostRefused
from services.reports.webhooks import problems as wrong
from services.reports.webhooks import queries, rules
from services.reports.webhooks.desk import Desk, Sealed

MANAGES = (Role.INTEGRATOR, Role.ADMIN)
SECRET_BYTES = 32
AT_ONCE = 50


@dataclass(frozen=True)
class Asked:
    """What a person may say of a subscription. `events`: as `libs.common.subscribers.granted_by` reads them."""

    organisation: str
    purpose: str
    url: SecretStr
    events: Sequence[str]
    unit_codes: Sequence[str] = ()
    kinds: Sequence[str] = ()
    fields: Sequence[str] = ()


def subjects_of(events: Sequence[str]) -> list[str]:
    try:
        return granted_by(events)
    except UnknownEvent as error:
        raise wrong.UnknownWebhookEvent(f"“{error}” không có trong danh sách; xem GET webhook-events.") from None


def new_secret() -> SecretStr:
    return SecretStr(PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode())


async def add_webhook(
    session: AsyncSession, desk: Desk, unit_id: UUID, asked: Asked, who: Principal, now: datetime
) -> tuple[m.WebhookSubscription, SecretStr]:
    """The subscription, and its secret: told this once."""
    if not who.has_within(unit_id, *MANAGES):
        raise wrong.WebhookOfAnotherUnit("Chỉ người tích hợp hoặc quản trị của đơn vị được đăng ký webhook.")
    vault, host, subjects = desk.require_vault(), _host(desk, asked.url), subjects_of(asked.events)
    if await queries.lock_unit(session, unit_id) >= rules.MOST_OF_A_UNIT:
        raise wrong.TooManyWebhooks(f"Mỗi đơn vị có nhiều nhất {rules.MOST_OF_A_UNIT} đăng ký đang mở.")
    made, secret = new_id(now), new_secret()
    row = m.WebhookSubscription(
        id=made,
        unit_id=unit_id,
        organisation=asked.organisation,
        purpose=asked.purpose,
        host=host,
        ciphertext=Sealed(asked.url, secret).under(vault, made),
        key_id=vault.key_id,
        events=subjects,
        unit_codes=list(asked.unit_codes),
        kinds=list(asked.kinds),
        fields=list(asked.fields),
        state=WebhookState.ACTIVE.value,
        created_by=who.person_id,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await note(session, row, "webhook.added", who.person_id, now, {"events": subjects})
    return row, secret


async def require_webhook(
    session: AsyncSession, subscription_id: UUID, who: Principal, *, lock: bool = False
) -> m.WebhookSubscription:
    """Of a unit in which they manage webhooks; that of another is as good as none."""
    row = await queries.get_subscription(session, subscription_id, lock=lock)
    if row is None or row.unit_id not in who.units(*MANAGES):
        raise wrong.WebhookNotFound(f"Không có đăng ký {subscription_id} trong đơn vị của bạn.")
    return row


async def require_open(session: AsyncSession, subscription_id: UUID, who: Principal) -> m.WebhookSubscription:
    row = await require_webhook(session, subscription_id, who, lock=True)
    if row.state == WebhookState.ENDED:
        raise wrong.WebhookSettled("Đăng ký này đã kết thúc.")
    return row


async def change_webhook(
    session: AsyncSession, desk: Desk, subscription_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.WebhookSubscription:
    """What waits is sent to the new address; what was chosen counts for events from now on."""
    row = await require_open(session, subscription_id, who)
    plain = {name: value for name, value in changes.items() if name != "url"}
    if "url" in changes:
        row.host = _host(desk, changes["url"])
        _seal(desk, row, replace(_opened(desk, row), url=changes["url"]))
    if "events" in plain:
        plain["events"] = subjects_of(plain["events"])
    for name, value in plain.items():
        setattr(row, name, value)
    await session.flush()
    await note(session, row, "webhook.changed", who.person_id, now, {"changed": sorted(changes)})
    return row


async def pause_webhook(
    session: AsyncSession, subscription_id: UUID, who: Principal, now: datetime
) -> m.WebhookSubscription:
    """What happens meanwhile is kept, and sent when it is opened again."""
    row = await require_open(session, subscription_id, who)
    if row.state != WebhookState.ACTIVE:
        raise wrong.WebhookSettled(f"Đăng ký đang ở trạng thái “{row.state}”.")
    return await _move(session, row, WebhookState.PAUSED, "webhook.paused", who, now)


async def resume_webhook(
    session: AsyncSession, subscription_id: UUID, who: Principal, now: datetime
) -> m.WebhookSubscription:
    row = await require_open(session, subscription_id, who)
    if row.state == WebhookState.ACTIVE:
        raise wrong.WebhookSettled("Đăng ký đang hoạt động.")
    row.disabled_reason, row.failing_since = None, None
    return await _move(session, row, WebhookState.ACTIVE, "webhook.resumed", who, now)


async def rotate_secret(
    session: AsyncSession, desk: Desk, subscription_id: UUID, keep_old: timedelta, who: Principal, now: datetime
) -> tuple[m.WebhookSubscription, SecretStr]:
    """The new secret, told this once. For `keep_old` the one of before signs as well."""
    row, secret = await require_open(session, subscription_id, who), new_secret()
    before = _opened(desk, row)
    _seal(desk, row, Sealed(before.url, secret, before.secret if keep_old else None))
    row.old_secret_ends_at = now + keep_old if keep_old else None
    await session.flush()
    hours = keep_old // timedelta(hours=1)
    await note(session, row, "webhook.secret_rotated", who.person_id, now, {"old_hours": hours})
    return row, secret


async def end_webhook(session: AsyncSession, subscription_id: UUID, who: Principal, now: datetime) -> None:
    """For good; its history stays until its time is over."""
    row = await require_open(session, subscription_id, who)
    await queries.drop_waiting(session, row.id, now)
    row.ciphertext, row.key_id, row.old_secret_ends_at = None, None, None
    row.disabled_reason, row.ended_at = None, now
    await _move(session, row, WebhookState.ENDED, "webhook.ended", who, now)


async def reseal_webhooks(session: AsyncSession, desk: Desk) -> int:
    """Under the key that counts now, so that one of before can go. What no key opens stays as it is."""
    if desk.vault is None:
        return 0
    done, after = 0, UUID(int=0)
    while rows := await queries.claim_sealed_by_others(session, desk.vault.key_id, AT_ONCE, after):
        after = rows[-1].id
        done += sum(_resealed(desk, row) for row in rows)
    return done


def _resealed(desk: Desk, row: m.WebhookSubscription) -> bool:
    try:
        _seal(desk, row, _opened(desk, row))
    except wrong.WebhookLost:
        return False
    return True


def _host(desk: Desk, url: SecretStr) -> str:
    try:
        return desk.poster.host_of(url.get_secret_value())
    except PostRefused as error:
        raise wrong.WebhookAddressRefused(error.vi) from None


def _opened(desk: Desk, row: m.WebhookSubscription) -> Sealed:
    try:
        return Sealed.opened(desk.require_vault(), row.id, row.ciphertext or b"")
    except RowUnreadable:
        raise wrong.WebhookLost(f"Khóa đã niêm phong: {row.key_id}.") from None


def _seal(desk: Desk, row: m.WebhookSubscription, sealed: Sealed) -> None:
    vault = desk.require_vault()
    row.ciphertext, row.key_id = sealed.under(vault, row.id), vault.key_id


async def _move(
    session: AsyncSession, row: m.WebhookSubscription, state: WebhookState, action: str, who: Principal, now: datetime
) -> m.WebhookSubscription:
    row.state = state.value
    await session.flush()
    await note(session, row, action, who.person_id, now, {})
    return row


async def note(
    session: AsyncSession,
    row: m.WebhookSubscription,
    action: str,
    by: UUID | None,
    now: datetime,
    facts: dict[str, Any],
) -> None:
    await audit.append(
        session,
        service="reports",
        action=action,
        actor_id=by,
        object_type="webhook_subscription",
        object_id=row.id,
        now=now,
        facts=facts,
    )
