"""Use cases of WebSub: subscribe where a feed names a hub, confirm what we asked for, store what the hub pushes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.http import Fetched, FetchError
from libs.common.ids import new_id
from libs.common.models import Source, WebSubSubscription
from libs.common.models.enums import SourceState
from libs.common.models.rhythm import SubscriptionState
from libs.common.withheld import withhold
from services.ingest import trail
from services.ingest.hosts import HostBusy
from services.ingest.resources import Resources
from services.ingest.settings import IngestSettings
from services.ingest.websub import queries, rules
from services.ingest.websub.discovery import Hub
from services.ingest.websub.rules import HubKeys, Standing, State

PATH = "/api/ingest/v1/websub"
_TOLD_LATE = timedelta(minutes=10)
_HUB_HOPS = 3
_ANSWER_BYTES = 4096


def keys_of(settings: IngestSettings) -> HubKeys | None:
    """None where no hub is asked to tell us: without a key, or without an https address of ours outside replay."""
    key = settings.websub.key.get_secret_value() if settings.websub.key else ""
    is_reachable = settings.replay or urlsplit(settings.public_url).scheme == "https"
    return HubKeys(key.encode()) if key and is_reachable else None


# --- from polls ----------------------------------------------------------------------------------------------


async def after_poll(
    session: AsyncSession,
    source: Source,
    found: Hub | None,
    fresh: int,
    settings: IngestSettings,
    now: datetime,
    *,
    is_changed: bool,
) -> bool:
    """Note the hub that a feed names, and what it did not tell; whether the hub can be relied on to tell us.
    `is_changed`: the poll saw the feed itself, and not only that it is the same."""
    if keys_of(settings) is None:
        return False
    row = await queries.of_source(session, source.id)
    if found is not None and _is_new(row, found) and _may_be_asked(found.hub, settings):
        await queries.replace(session, _wanted(source, found, now))
        return False
    if row is None:
        return False
    if found is None and is_changed and row.state in (State.WANTED, State.ASKED, State.ACTIVE):
        await queries.change(session, row.id, state=State.LEAVING, next_at=now, failures=0)
        return False
    if row.state != State.ACTIVE or row.lease_ends_at is None or row.lease_ends_at <= now:
        return False
    if fresh and (row.pushed_at is None or now - row.pushed_at > _TOLD_LATE):
        row.missed += 1
    return row.missed < rules.MISSED_AT_MOST


def _is_new(row: WebSubSubscription | None, found: Hub) -> bool:
    return row is None or row.state in (State.ENDED, State.LEAVING) or (row.hub, row.topic) != (found.hub, found.topic)


def _may_be_asked(hub: str, settings: IngestSettings) -> bool:
    """A secret goes over https alone; in replay nothing leaves this machine."""
    return settings.replay or urlsplit(hub).scheme == "https"


def _wanted(source: Source, found: Hub, now: datetime) -> WebSubSubscription:
    return WebSubSubscription(
        id=new_id(now),
        source_id=source.id,
        hub=found.hub,
        topic=found.topic,
        state=State.WANTED,
        next_at=now,
        failures=0,
        missed=0,
    )


# --- asking a hub --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be asked of a hub."""

    subscription_id: UUID
    hub: str
    topic: str
    mode: str
    failures: int


async def claim_request(session: AsyncSession, now: datetime) -> Request | None:
    """The next thing to ask; the state is what it is to be before the hub hears of it, for it may call back at once.
    Where no answer comes, it is asked again after a pause that doubles."""
    while (due := await queries.claim_due(session, now)) is not None:
        row, source = due
        step = rules.next_step(
            SubscriptionState(row.state),
            is_source_active=source.state == SourceState.ACTIVE,
            failures=row.failures,
            lease_ends_at=row.lease_ends_at,
            now=now,
        )
        row.failures = 0 if step.state is State.LEAVING and row.state != State.LEAVING else row.failures
        row.state = step.state
        row.next_at = None if step.mode is None else now + rules.pause_after(row.failures)
        if step.mode is None:
            await session.flush()
            continue
        request = Request(row.id, row.hub, row.topic, step.mode, row.failures)
        row.asked_at, row.failures = now, row.failures + 1
        return request
    return None


async def ask_hub(held: Resources, request: Request) -> str | None:
    """Send a request to its hub; what went wrong, or None. A hub may hand us on, by 307 and 308 alone (5.1)."""
    keys = keys_of(held.settings)
    if keys is None:
        return None
    try:
        answer = await _post(held, request, keys)
    except HostBusy as busy:
        return busy.en
    except FetchError as error:
        return str(error)
    return None if answer.ok else f"Hub trả lời {answer.status} (the hub answered {answer.status})"


async def _post(held: Resources, request: Request, keys: HubKeys) -> Fetched:
    secret, token = keys.secret(request.subscription_id), keys.token(request.subscription_id)
    withhold(secret)
    withhold(token)
    callback = f"{held.settings.public_url.rstrip('/')}{PATH}/{request.subscription_id}/{token}"
    told = {"hub.callback": callback, "hub.mode": request.mode, "hub.topic": request.topic}
    if request.mode == "subscribe":
        told |= {"hub.secret": secret, "hub.lease_seconds": str(held.settings.websub.lease_seconds)}
    body, url, hops = urlencode(told).encode(), request.hub, 0
    while True:
        answer = await held.fetcher.post(
            url,
            body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            max_bytes=_ANSWER_BYTES,
            turn=held.hosts.turn,
        )
        onward = urljoin(url, answer.headers.get("location", ""))
        hops += 1
        if answer.status not in (307, 308) or hops > _HUB_HOPS or not _may_be_asked(onward, held.settings):
            return answer
        url = onward


# --- what hubs tell us ---------------------------------------------------------------------------------------


async def answer_intent(
    session: AsyncSession, subscription_id: UUID, asked: Mapping[str, str], settings: IngestSettings, now: datetime
) -> str | None:
    """What a hub that verifies us is answered: its challenge, nothing (denied), or None: we did not ask for that."""
    found = await queries.lock(session, subscription_id)
    if found is None:
        return None
    row, source = found
    standing = Standing(SubscriptionState(row.state), row.topic, row.asked_at, source.state == SourceState.ACTIVE)
    answer = rules.judge_intent(standing, asked, now)
    match answer:
        case "refused":
            return None
        case "subscribed":
            lease = rules.lease_of(asked, timedelta(seconds=settings.websub.lease_seconds))
            is_first = row.verified_at is None
            row.state, row.failures, row.missed, row.last_error = State.ACTIVE, 0, 0, None
            row.verified_at, row.lease_ends_at, row.next_at = now, now + lease, rules.renewal_at(now, lease)
            if is_first:
                await trail.record(session, "websub.subscribed", row.source_id, now)
        case "left":
            row.state, row.next_at, row.lease_ends_at = State.ENDED, None, None
            await trail.record(session, "websub.left", row.source_id, now)
        case "denied":
            row.state, row.lease_ends_at = State.DENIED, None
            row.last_error = "Hub từ chối đăng ký (the hub denied the subscription)"
            row.next_at = now + rules.pause_after(12)
            await trail.record(session, "websub.denied", row.source_id, now)
    await session.flush()
    return "" if answer == "denied" else asked["hub.challenge"]
