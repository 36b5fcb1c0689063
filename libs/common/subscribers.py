"""Credentials of those who read our events over NATS, and the line of events that each of them has.

A subscriber may listen to what was granted to it and may publish nothing at all, not even an acknowledgement: an
acknowledgement may name a subject for its reply, and JetStream would put that reply onto any subject of ours. So the
server keeps the place instead: a durable consumer that we make for each subscriber delivers on a subject of its own,
waits while nobody listens there, and takes what was sent as received.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import bcrypt
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.events.outside import OUTSIDE
from libs.common.ids import new_id

SERVICES_USER = "lantoa"
"""Who our own services are on a server that knows subscribers; their password is LANTOA_NATS__TOKEN."""
DURABLE, LINE = "outside-", "outside."
_HASH_ROUNDS = 6
"""The password is 256 random bits, which nobody guesses; each attempt to sign in costs the server this work."""


class UnknownEvent(ValueError):
    """Not on the closed list."""


class NameTaken(ValueError):
    """A name is used once, so that it always means the same subscriber."""


def granted_by(names: Iterable[str]) -> list[str]:
    """The subjects meant by `publication.published`, by `publication` (all of these), or by a subject itself."""
    found: list[str] = []
    for name in names:
        words = name.removeprefix("lantoa.").removesuffix(".*")
        fits = [subject for subject in OUTSIDE if f"{subject.removeprefix('lantoa.')}.".startswith(f"{words}.")]
        if not fits:
            raise UnknownEvent(name)
        found += fits
    return sorted(set(found))


def line_of(name: str) -> str:
    """The subject on which a subscriber gets its events."""
    return LINE + name


async def add_subscriber(
    session: AsyncSession, name: str, organisation: str, purpose: str, subjects: Sequence[str], now: datetime
) -> str:
    """The password: told to whoever asked, and then nowhere to be found."""
    if await session.scalar(select(m.EventSubscriber.id).where(m.EventSubscriber.name == name)):
        raise NameTaken(name)
    password = secrets.token_urlsafe(32)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_HASH_ROUNDS, prefix=b"2a"))
    row = m.EventSubscriber(
        id=new_id(now),
        name=name,
        organisation=organisation,
        purpose=purpose,
        subjects=list(subjects),
        password_hash=hashed.decode(),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _record(session, "subscriber.added", row.id, now, {"events": list(subjects)})
    return password


async def revoke_subscriber(session: AsyncSession, name: str, now: datetime) -> bool:
    """Whether there was one to revoke."""
    query = select(m.EventSubscriber).where(m.EventSubscriber.name == name, m.EventSubscriber.revoked_at.is_(None))
    row = await session.scalar(query.with_for_update())
    if row is None:
        return False
    row.revoked_at = now
    await session.flush()
    await _record(session, "subscriber.revoked", row.id, now, {})
    return True


async def _record(session: AsyncSession, action: str, row: UUID, now: datetime, facts: dict[str, object]) -> None:
    await audit.append(
        session,
        service="operator",
        action=action,
        actor_id=None,
        object_type="event_subscriber",
        object_id=row,
        now=now,
        facts=facts,
    )


async def list_subscribers(session: AsyncSession) -> Sequence[m.EventSubscriber]:
    return (await session.scalars(select(m.EventSubscriber).order_by(m.EventSubscriber.name))).all()


def users_file(subscribers: Iterable[m.EventSubscriber]) -> str:
    """The users of nats-server: our services, and every subscriber that is not revoked. Names no secret."""
    lines = [f"    {{user: {json.dumps(SERVICES_USER)}, password: $NATS_TOKEN}}"]
    lines += [f"    {json.dumps(_user(one))}" for one in subscribers if one.revoked_at is None]
    return (
        "# Written by `lantoa subscribers`. nats-server reads it again on SIGHUP.\n"
        "authorization {\n  users: [\n" + "\n".join(lines) + "\n  ]\n}\n"
    )


def _user(subscriber: m.EventSubscriber) -> dict[str, object]:
    return {
        "user": subscriber.name,
        "password": subscriber.password_hash,
        "permissions": {
            "subscribe": {"allow": [line_of(subscriber.name), *subscriber.subjects]},
            "publish": {"deny": [">"]},
        },
    }


async def ensure_lines(js: JetStreamContext, stream: str, subscribers: Iterable[m.EventSubscriber]) -> None:
    """A consumer for each subscriber, and none for those who are revoked. One that is there keeps its place."""
    there = {info.name for info in await js.consumers_info(stream)}
    for one in subscribers:
        if one.revoked_at is None:
            # what is granted and where it goes never change, so this makes it or leaves it as it is
            if DURABLE + one.name not in there:
                await _make_line(js, stream, one, None)
        elif DURABLE + one.name in there:
            await js.delete_consumer(stream, DURABLE + one.name)


async def rewind(js: JetStreamContext, stream: str, subscriber: m.EventSubscriber, since: datetime) -> None:
    """Deliver again what is in the stream since then, for one who lost it."""
    with suppress(NotFoundError):
        await js.delete_consumer(stream, DURABLE + subscriber.name)
    await _make_line(js, stream, subscriber, since)


async def _make_line(js: JetStreamContext, stream: str, subscriber: m.EventSubscriber, since: datetime | None) -> None:
    config = ConsumerConfig(
        durable_name=DURABLE + subscriber.name,
        deliver_subject=line_of(subscriber.name),
        filter_subjects=list(subscriber.subjects),
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.NEW if since is None else DeliverPolicy.BY_START_TIME,
        opt_start_time=since,
        description="events for others",
    )
    await js.add_consumer(stream, config)
