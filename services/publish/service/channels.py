"""The registry of official channels and their secrets."""

from datetime import datetime, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import ChannelState, Role
from libs.common.models.publish import DRILL_KINDS
from services.publish import adapters, domain, queries
from services.publish.adapters.base import Health, Json
from services.publish.adapters.retired import PLATFORMS as RETIRED
from services.publish.problems import (
    ChannelExists,
    ChannelNotFound,
    InvalidChannel,
    NoCredentialsKey,
    NotYourUnit,
    UnknownChannelKind,
)
from services.publish.resources import PublishResources
from services.publish.service.tasks import open_channel_task

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


async def register_channel(
    session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime, res: PublishResources
) -> m.Channel:
    secret: dict[str, str] = fields.pop("secret", {})
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_admin(who, unit_id)
    _check(fields["kind"], fields["settings"])
    if fields.get("is_drill"):
        _check_drill(fields, res)
    needs = adapters.CHANNELS.get(fields["kind"]).needs_secret
    state = ChannelState.ACTIVE if all(name in secret for name in needs) else ChannelState.NEEDS_RECONNECT
    if fields["kind"] in RETIRED:
        state = ChannelState.RETIRED
    channel = m.Channel(id=new_id(now), unit_id=unit_id, owner_kind="official", state=state, created_at=now, **fields)
    await _insert(session, channel)
    if secret:
        await _seal(session, channel, secret, now, res)
    await _audit(session, channel, who, now, "channel.registered")
    return channel


async def _insert(session: AsyncSession, channel: m.Channel) -> None:
    try:
        async with session.begin_nested():
            session.add(channel)
    except IntegrityError as error:
        if "uq_channels_kind_address" in str(error.orig):
            raise ChannelExists(f"Kênh {channel.kind} “{channel.address}” đã có.") from None
        raise InvalidChannel("Đơn vị của kênh không có trong danh mục.") from None


def _check(kind: str, settings: dict[str, Any]) -> None:
    if kind not in adapters.CHANNELS.names():
        known = ", ".join(adapters.CHANNELS.names())
        raise UnknownChannelKind(f"Không có loại kênh “{kind}”; các loại hiện có: {known}.")
    for name in adapters.CHANNELS.get(kind).needs_settings:
        if not settings.get(name):
            raise InvalidChannel(f"Thiếu settings.{name}.")
    for name in ("service", "web", "site", "rights_url"):
        if name in settings:
            _check_address(name, settings[name])
    if "quiet_hours" in settings:
        _check_quiet_hours(settings["quiet_hours"])


def _check_drill(fields: dict[str, Any], res: PublishResources) -> None:
    """An account of drills is on the sandbox with every address it knows."""
    if fields["kind"] not in DRILL_KINDS:
        raise InvalidChannel(f"Kênh diễn tập là tài khoản trên sandbox của: {', '.join(DRILL_KINDS)}.")
    if not fields["settings"].get("service"):
        raise InvalidChannel("Kênh diễn tập cần settings.service là địa chỉ của sandbox.")
    for name, written in fields["settings"].items():
        if "//" in str(written) and not (isinstance(written, str) and res.drills.holds(written)):
            raise InvalidChannel(f"settings.{name} của kênh diễn tập phải là địa chỉ của sandbox.")


def _check_quiet_hours(written: object) -> None:
    try:
        assert isinstance(written, dict)
        begins, ends = (time.fromisoformat(written[name]) for name in ("from", "to"))
    except (AssertionError, KeyError, TypeError, ValueError):
        raise InvalidChannel('settings.quiet_hours viết như {"from": "22:00", "to": "06:00"}, giờ Hà Nội.') from None
    if begins == ends or begins.tzinfo or ends.tzinfo:
        raise InvalidChannel("settings.quiet_hours cần hai giờ khác nhau, không kèm múi giờ.")


def _check_address(name: str, written: object) -> None:
    """Where secrets are sent to, and where readers are led: only over TLS, but for this machine's own sandbox."""
    address = urlsplit(str(written))
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
        raise InvalidChannel(f"settings.{name} phải là địa chỉ https.")
    if address.username or address.password:
        raise InvalidChannel(f"settings.{name} không được chứa mật khẩu.")


async def store_credentials(
    session: AsyncSession,
    channel_id: UUID,
    secret: dict[str, str],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Channel:
    """A fresh secret reconnects the channel, and what waited for it is due again."""
    channel = await queries.get_channel(session, channel_id)
    if channel is None:
        raise ChannelNotFound(f"Không có kênh {channel_id}.")
    _require_admin(who, channel.unit_id)
    missing = [name for name in adapters.CHANNELS.get(channel.kind).needs_secret if not secret.get(name)]
    if missing:
        raise InvalidChannel(f"Thiếu thông tin đăng nhập: {', '.join(missing)}.")
    await _seal(session, channel, secret, now, res)
    if channel.state == ChannelState.NEEDS_RECONNECT:
        channel.state = ChannelState.ACTIVE
    await queries.resume_deliveries(session, channel_id, now)
    res.forget_session(channel_id)
    await _audit(session, channel, who, now, "channel.reconnected")
    return channel


async def record_health(
    session: AsyncSession, channel_id: UUID, health: Health, facts: Json | None, now: datetime
) -> None:
    """What the platform said about the account; a person is told where it cannot be used, or soon cannot."""
    channel = await queries.get_channel(session, channel_id)
    assert channel is not None
    channel.credentials_end_at = health.credentials_end_at
    if facts is not None:
        channel.capabilities, channel.capabilities_at = facts, now
    if health.problem is not None:
        await queries.close_for_reconnect(session, channel_id)
        title = f"Cần kết nối lại kênh “{channel.name}”: {health.problem.vi}"
        await open_channel_task(session, "channel_reconnect", channel, title, now)
    elif health.credentials_end_at is not None and health.credentials_end_at <= now + domain.EXPIRY_WARNING:
        until = f"{health.credentials_end_at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
        title = f"Thông tin đăng nhập của kênh “{channel.name}” hết hạn lúc {until}; hãy kết nối lại trước đó"
        await open_channel_task(session, "channel_expiring", channel, title, now)
    elif health.notice is not None:
        await open_channel_task(session, "channel_expiring", channel, f"Kênh “{channel.name}”: {health.notice.vi}", now)


async def _seal(
    session: AsyncSession, channel: m.Channel, secret: dict[str, str], now: datetime, res: PublishResources
) -> None:
    if res.vault is None:
        raise NoCredentialsKey("Hãy đặt LANTOA_PUBLISH__CREDENTIALS_KEY (ít nhất 32 ký tự).")
    await queries.store_credentials(session, channel.id, res.vault.seal(channel.id, secret), now)


def _require_admin(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, Role.ADMIN):
        raise NotYourUnit("Chỉ quản trị viên của đơn vị được khai báo kênh của đơn vị.")


async def _audit(session: AsyncSession, channel: m.Channel, who: Principal, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="channel",
        object_id=channel.id,
        now=now,
        facts={"kind": channel.kind},
    )
