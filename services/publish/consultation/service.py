"""A consultation's way: written, opened by a second person, answered within its window, and closed with what changed.

Guarantee: an answer is one more in the count of its option. Neither who gave it nor which form it came by is kept
beside it; a form counts once, by a token that says nothing but that this service made it.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.errors import Forbidden
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish.consultation import problems as wrong
from services.publish.consultation import queries
from services.publish.domain import slugify
from services.publish.hearing.base import HearingKeys, same

WRITES = (Role.EDITOR, Role.SPOKESPERSON)
FORM_LASTS = timedelta(hours=2)
MOST_AN_HOUR = 20
"""Answers from one network address: a household or an office, not a campaign."""


class Phase(StrEnum):
    BEFORE = "before"
    OPEN = "open"
    OVER = "over"


class Given(StrEnum):
    """What became of an answer."""

    COUNTED = "counted"
    TWICE = "twice"
    STALE = "stale"
    NOT_OPEN = "not_open"
    NO_CHOICE = "no_choice"


def phase(consultation: m.Consultation, now: datetime) -> Phase:
    if now < consultation.opens_at:
        return Phase.BEFORE
    return Phase.OPEN if now < consultation.closes_at else Phase.OVER


# --- forms ---


def make_token(keys: HearingKeys, consultation_id: UUID, now: datetime) -> str:
    """A random number and when it was made, signed: of who asked for the form there is nothing in it."""
    told = f"{secrets.token_hex(16)}.{int(now.timestamp())}"
    return f"{told}.{_mac(keys, consultation_id, told)[0]}"


def read_token(keys: HearingKeys, consultation_id: UUID, token: str, now: datetime) -> bytes | None:
    """The digest by which it is known to be spent; None where this service did not make it, or too long ago."""
    told, _, given = token.rpartition(".")
    nonce, _, at = told.partition(".")
    if not any(same(given, mac) for mac in _mac(keys, consultation_id, told)) or not at.isdecimal():
        return None
    made = datetime.fromtimestamp(int(at), UTC)
    return keys.digests("consultation-spent", nonce)[-1] if made <= now < made + FORM_LASTS else None


def _mac(keys: HearingKeys, consultation_id: UUID, told: str) -> list[str]:
    return [digest.hex() for digest in keys.digests("consultation", str(consultation_id), told)]


async def give(
    session: AsyncSession, consultation: m.Consultation, token: str, choice: str, keys: HearingKeys, now: datetime
) -> Given:
    if phase(consultation, now) is not Phase.OPEN:
        return Given.NOT_OPEN
    digest = read_token(keys, consultation.id, token, now)
    if digest is None:
        return Given.STALE
    options = (await queries.options_of(session, [consultation.id]))[consultation.id]
    position = next((one.position for one in options if str(one.position) == choice), None)
    if position is None:
        return Given.NO_CHOICE
    if not await queries.spend(session, digest, consultation.id):
        return Given.TWICE
    await queries.count_answer(session, consultation.id, position)
    return Given.COUNTED


# --- officers ---


async def write(
    session: AsyncSession,
    unit_id: UUID,
    question: str,
    body: str,
    options: Sequence[str],
    window: tuple[datetime, datetime],
    who: Principal,
    now: datetime,
) -> m.Consultation:
    if not who.has_within(unit_id, *WRITES):
        raise Forbidden("Chỉ biên tập viên hoặc người phát ngôn của đơn vị hỏi ý kiến.")
    opens_at, closes_at = window
    if closes_at <= now or closes_at < opens_at + timedelta(hours=1):
        raise wrong.WindowInThePast("Phải kết thúc sau lúc này, và kéo dài ít nhất một giờ.")
    made = m.Consultation(
        id=new_id(now),
        unit_id=unit_id,
        slug=slugify(question),
        question=question,
        body=body,
        opens_at=opens_at,
        closes_at=closes_at,
        written_by=who.person_id,
        written_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        if "uq_consultations_slug" not in str(error.orig):
            raise
        raise wrong.ConsultationExists("Hãy nói rõ hơn câu hỏi lần này khác lần trước ở đâu.") from None
    session.add_all(
        m.ConsultationOption(consultation_id=made.id, position=n, label=label, answers=0)
        for n, label in enumerate(options, start=1)
    )
    await session.flush()
    await _audit(session, "consultation.written", made, who, now)
    return made


async def drop(session: AsyncSession, consultation_id: UUID, who: Principal, now: datetime) -> None:
    """A draft; what was opened is kept."""
    found = await _require(session, consultation_id, who, *WRITES)
    if found.opened_at is not None:
        raise wrong.ConsultationStands("Đã mở cho mọi người nên không xóa được.")
    await _audit(session, "consultation.dropped", found, who, now)
    await session.delete(found)


async def open_to_all(session: AsyncSession, consultation_id: UUID, who: Principal, now: datetime) -> m.Consultation:
    found = await _require(session, consultation_id, who, Role.SPOKESPERSON)
    if found.opened_at is not None:
        raise wrong.ConsultationStands("Đã mở rồi.")
    if found.written_by == who.person_id:
        raise wrong.ConsultationByTwo("Người soạn không tự mở.")
    if found.closes_at <= now:
        raise wrong.WindowInThePast("Thời gian nhận ý kiến đã qua; hãy soạn lại.")
    found.opened_by, found.opened_at = who.person_id, now
    await session.flush()
    await _audit(session, "consultation.opened", found, who, now)
    return found


async def say_what_changed(
    session: AsyncSession, consultation_id: UUID, what: str, who: Principal, now: datetime
) -> m.Consultation:
    """After the window, once, by a person: public from then on."""
    found = await _require(session, consultation_id, who, Role.SPOKESPERSON)
    if found.opened_at is None or found.what_changed is not None:
        raise wrong.ConsultationStands("Chưa mở cho mọi người, hoặc đã công bố điều thay đổi.")
    if phase(found, now) is not Phase.OVER:
        raise wrong.WindowNotOver("Hãy đợi hết thời gian nhận ý kiến.")
    found.what_changed, found.changed_by, found.changed_at = what, who.person_id, now
    await session.flush()
    await _audit(session, "consultation.changed", found, who, now)
    return found


async def close(session: AsyncSession, consultation_id: UUID, who: Principal, now: datetime) -> m.Consultation:
    found = await _require(session, consultation_id, who, Role.SPOKESPERSON)
    if found.closed_at is not None:
        raise wrong.ConsultationStands("Đã khép lại.")
    if found.what_changed is None:
        raise wrong.WhatChangedMissing("Hãy công bố điều đã thay đổi (hoặc vì sao không) trước khi khép lại.")
    found.closed_at = now
    await session.flush()
    await _audit(session, "consultation.closed", found, who, now)
    return found


async def _require(session: AsyncSession, consultation_id: UUID, who: Principal, *roles: Role) -> m.Consultation:
    found = await queries.lock_consultation(session, consultation_id)
    if found is None or found.unit_id not in who.units(*roles):
        raise wrong.ConsultationNotFound("Không có trong đơn vị mà bạn có vai trò này.")
    return found


async def _audit(session: AsyncSession, action: str, what: m.Consultation, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="consultation",
        object_id=what.id,
        now=now,
    )
