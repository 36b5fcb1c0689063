"""The claim loop of transfers: one due step at a time; whatever asks another server is outside any transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.jobs import JobContext, Jobs
from libs.common.models import FeedbackCase
from libs.common.models.transfers import CaseTransfer, TransferState
from services.ingest.feedback.desk import desk_of
from services.ingest.feedback.settings import OtherServer
from services.ingest.resources import Resources
from services.ingest.transfers import queries, service
from services.ingest.transfers.client import Client, NotTold
from services.ingest.transfers.wire import Sending, Unreadable

jobs = Jobs()
BEFORE = timedelta(minutes=15)
"""By so much the other server's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed transfer, as it stood then."""

    id: UUID
    server: OtherServer
    state: TransferState
    reference: str
    armed_at: datetime
    remote_id: str | None
    token: str | None
    sending: Sending | None
    """Only of one that was queued, and is armed now."""


@jobs.every(seconds=10)
async def step_transfer(ctx: JobContext[Resources]) -> int:
    """One step of the transfer that has been due longest; 0 when none is."""
    servers = {one.name: one for one in ctx.resources.settings.open311.others}
    if not servers:
        return 0
    async with ctx.db.transaction() as session:
        claimed = await queries.claim_due(session, list(servers), ctx.clock.now(), service.LEASE)
        due = None if claimed is None else await _due(session, claimed, servers[claimed.server], ctx.clock.now())
    if due is None:
        return 0
    client = Client(due.server, ctx.resources.fetcher)
    if due.sending is not None:
        await _send(ctx, client, due.id, due.sending)
        return 1
    if due.state is TransferState.FAILED:
        return 1
    try:
        await _ask(ctx, client, due)
    except (NotTold, Unreadable):
        async with ctx.db.transaction() as session:
            await service.could_not_ask(session, due.id, now=ctx.clock.now())
    return 1


async def _due(session: AsyncSession, claimed: CaseTransfer, server: OtherServer, now: datetime) -> Due:
    queued = claimed.state == TransferState.QUEUED
    sending = await service.arm(session, claimed, now) if queued else None
    case = await session.get_one(FeedbackCase, claimed.case_id)
    return Due(
        claimed.id,
        server,
        TransferState(claimed.state),
        case.reference,
        claimed.armed_at or now,
        claimed.remote_id,
        claimed.token,
        sending,
    )


async def _send(ctx: JobContext[Resources], client: Client, transfer_id: UUID, sending: Sending) -> None:
    attempt = await client.file(sending)
    async with ctx.db.transaction() as session:
        await service.settle(session, transfer_id, attempt, now=ctx.clock.now())


async def _ask(ctx: JobContext[Resources], client: Client, due: Due) -> None:
    now = ctx.clock.now()
    match due.state:
        case TransferState.ARMED | TransferState.UNKNOWN:
            found = await client.find(due.reference, due.armed_at - BEFORE, now + BEFORE)
            async with ctx.db.transaction() as session:
                await service.reconcile(session, due.id, found, now=ctx.clock.now())
        case TransferState.SENT if due.remote_id is None:
            remote_id = await client.resolve(due.token or "")
            async with ctx.db.transaction() as session:
                await service.learn_id(session, due.id, remote_id, now=ctx.clock.now())
        case _:
            told = await client.updates(due.remote_id or "", now)
            agency = due.server.agency or due.server.name
            async with ctx.db.transaction() as session:
                desk = desk_of(ctx.resources.settings)
                await service.hear(session, desk, due.id, (agency, told), now=ctx.clock.now())
