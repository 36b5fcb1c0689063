"""How the one official channel was chosen: written by one person, signed by a spokesperson, kept as it was signed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.partners import ChoiceState
from services.publish import queries as channels
from services.publish.partners import queries, rules
from services.publish.partners.problems import (
    ChannelOfAnotherProgramme,
    ChoiceNotFound,
    ChoiceSettled,
    SignedByAnother,
)
from services.publish.problems import (
    ChannelNotFound,
    ChannelOfAnotherUnit,
    CityChannelExists,
    NotSpokesperson,
    NotYourUnit,
)
from services.publish.service.publications import SEES

ONE = ("uq_channel_choices_signed", "uq_channels_city_official")


async def write_choice(
    session: AsyncSession, fields: dict[str, Any], who: Principal, now: datetime
) -> tuple[m.ChannelChoice, str]:
    """A draft, with the candidates as their channels are now; and the name of the chosen one."""
    unit_id = fields.pop("unit_id", None) or who.unit_id
    if not who.has_within(unit_id, Role.ADMIN):
        raise NotYourUnit("Chỉ quản trị viên của đơn vị được lập hồ sơ lựa chọn kênh.")
    scored = fields.pop("candidates")
    found = await channels.channels_by_id(session, [each["channel_id"] for each in scored])
    candidates = [_candidate(each, found.get(each["channel_id"])) for each in scored]
    chosen = found[fields["channel_id"]]
    if chosen.unit_id != unit_id:
        raise ChannelOfAnotherUnit(f"“{chosen.name}” không thuộc đơn vị lập hồ sơ.")
    choice = m.ChannelChoice(
        id=new_id(now),
        unit_id=unit_id,
        candidates=candidates,
        state=ChoiceState.DRAFT,
        created_by=who.person_id,
        created_at=now,
        **fields,
    )
    session.add(choice)
    await session.flush()
    await _audit(session, choice, who, now, "channel-choice.written")
    return choice, chosen.name


def _candidate(scored: dict[str, Any], channel: m.Channel | None) -> dict[str, Any]:
    if channel is None:
        raise ChannelNotFound(f"Không có kênh {scored['channel_id']}.")
    told = {"kind": channel.kind, "name": channel.name, "address": channel.address}
    return told | {"channel_id": str(channel.id), "scores": scored["scores"], "note": scored["note"]}


async def sign_choice(
    session: AsyncSession, choice_id: UUID, who: Principal, now: datetime
) -> tuple[m.ChannelChoice, str]:
    """Makes its channel the official one of the programme, and the only one."""
    choice = await _locked(session, choice_id, who, ChoiceState.DRAFT)
    if choice.created_by == who.person_id:
        raise SignedByAnother("Hồ sơ phải do một người phát ngôn khác người lập ký.")
    channel = await queries.lock_channel(session, choice.channel_id)
    assert channel is not None
    if channel.programme_id not in (None, choice.programme_id):
        raise ChannelOfAnotherProgramme(f"“{channel.name}” đã gắn với chương trình khác.")
    signatory, programme_id = await queries.person_name(session, who.person_id), choice.programme_id
    try:
        async with session.begin_nested():
            choice.state, choice.signed_by, choice.signed_at = ChoiceState.SIGNED, who.person_id, now
            choice.signatory = signatory
            await session.flush()
            channel.is_city_official, channel.programme_id = True, programme_id
            await session.flush()
    except IntegrityError as error:
        if any(name in str(error.orig) for name in ONE):
            raise await _taken(session, programme_id) from None
        raise
    await _audit(session, choice, who, now, "channel-choice.signed")
    return choice, channel.name


async def _taken(session: AsyncSession, programme_id: UUID | None) -> CityChannelExists:
    standing = await queries.official_channel(session, programme_id)
    named = f" (đang là “{standing.name}”)" if standing is not None else ""
    return CityChannelExists(
        f"Mỗi chương trình chỉ có một kênh chính thức của thành phố{named}. Muốn đổi, hãy kết thúc hồ sơ đang có trước."
    )


async def end_choice(
    session: AsyncSession, choice_id: UUID, reason: str, who: Principal, now: datetime
) -> tuple[m.ChannelChoice, str]:
    """The channel stays, but is the official one no more; another record may then be signed."""
    choice = await _locked(session, choice_id, who, ChoiceState.SIGNED)
    channel = await queries.lock_channel(session, choice.channel_id)
    assert channel is not None
    channel.is_city_official = False
    await session.flush()
    choice.state, choice.ended_by, choice.ended_at, choice.ended_reason = (
        ChoiceState.ENDED,
        who.person_id,
        now,
        reason,
    )
    await session.flush()
    await _audit(session, choice, who, now, "channel-choice.ended")
    return choice, channel.name


async def read_choice(session: AsyncSession, choice_id: UUID, who: Principal) -> tuple[m.ChannelChoice, str]:
    choice = await session.get(m.ChannelChoice, choice_id)
    if choice is None or choice.unit_id not in who.units(*SEES):
        raise ChoiceNotFound(f"Không có hồ sơ {choice_id} trong đơn vị của bạn.")
    channel = await session.get(m.Channel, choice.channel_id)
    assert channel is not None
    return choice, channel.name


def printed(choice: m.ChannelChoice, channel_name: str) -> dict[str, Any]:
    """The whole record, the candidates by their totals."""
    weighed = {each.channel_id: each for each in rules.weigh(choice.criteria, choice.candidates)}
    candidates = [
        each | {"total": weighed[each["channel_id"]].total, "rank": weighed[each["channel_id"]].rank}
        for each in choice.candidates
    ]
    kept = {column.key: getattr(choice, column.key) for column in m.ChannelChoice.__table__.columns}
    told = {"candidates": sorted(candidates, key=lambda each: each["rank"]), "method": rules.METHOD}
    return kept | told | {"channel_name": channel_name}


async def _locked(session: AsyncSession, choice_id: UUID, who: Principal, state: ChoiceState) -> m.ChannelChoice:
    choice = await queries.lock_choice(session, choice_id)
    if choice is None or choice.unit_id not in who.units(*SEES):
        raise ChoiceNotFound(f"Không có hồ sơ {choice_id} trong đơn vị của bạn.")
    if not who.has_within(choice.unit_id, Role.SPOKESPERSON):
        raise NotSpokesperson("Chỉ người phát ngôn của đơn vị được ký hoặc kết thúc hồ sơ.")
    if choice.state != state:
        raise ChoiceSettled(f"Hồ sơ đang ở trạng thái {choice.state}.")
    return choice


async def _audit(session: AsyncSession, choice: m.ChannelChoice, who: Principal, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="channel_choice",
        object_id=choice.id,
        now=now,
        facts={"channel_id": str(choice.channel_id)},
    )
