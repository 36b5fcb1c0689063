"""Routes of kept queries. The integrator role has none of them; anybody may see how many there are, and what for."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import SavedQuery
from libs.common.models.searching import SearchPurpose
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.classify.searching import saved_queries, saving, service
from services.classify.searching.api import shown
from services.classify.searching.language import parse
from services.classify.searching.problems import (
    QueryAsksForPerson,
    QueryUnreadable,
    SavedQueryAlreadyRenewed,
    SavedQueryEnded,
    SavedQueryNotFound,
    SavedQueryTooBroad,
    SavedQueryTooLong,
)
from services.classify.searching.schemas import (
    PurposeCount,
    SavedQueryCounts,
    SavedQueryCreate,
    SavedQueryHitOut,
    SavedQueryOut,
    SavedQueryPatch,
    SavedQueryRenewal,
)

router = APIRouter(prefix="/api/classify/v1/saved-queries", tags=["search"])
KeeperDep = Annotated[Principal, require(*saving.KEEPERS)]
REFUSED = (Unauthenticated, Forbidden)
GONE = (*REFUSED, SavedQueryNotFound, SavedQueryEnded)


@router.get("/counts", dependencies=[public()])
async def count_saved_queries(session: SessionDep, clock: ClockDep) -> SavedQueryCounts:
    """How many queries are kept, by what they are kept for: numbers for the public register."""
    counts = await saved_queries.count_by_purpose(session, clock.now())
    rows = [(purpose, *counts.get(purpose.value, (0, 0))) for purpose in SearchPurpose]
    purposes = [PurposeCount(purpose_kind=kind, active=active, ended=ended) for kind, active, ended in rows]
    return SavedQueryCounts(as_of=clock.now(), purposes=purposes)


@router.post(
    "",
    status_code=201,
    responses=problems(*REFUSED, QueryUnreadable, QueryAsksForPerson, SavedQueryTooLong, SavedQueryTooBroad),
)
async def create_saved_query(
    request: Request, body: SavedQueryCreate, session: SessionDep, who: KeeperDep, clock: ClockDep
) -> SavedQueryOut:
    register = resources(request).register
    wanted = saving.Wanted(**body.model_dump())
    return await _one(session, await saving.keep_query(session, wanted, register, by=who, now=clock.now()))


@router.get("", responses=problems(*REFUSED))
async def list_saved_queries(page: PageDep, session: SessionDep, who: KeeperDep) -> Page[SavedQueryOut]:
    """Those of one's own units; an admin sees all, each with its purpose."""
    rows = await saving.list_queries(session, page, who)
    told = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    return Page[SavedQueryOut](items=await _all(session, told["items"]), next_cursor=told["next_cursor"])


@router.get("/{query_id}", responses=problems(*REFUSED, SavedQueryNotFound))
async def get_saved_query(query_id: UUID, session: SessionDep, who: KeeperDep) -> SavedQueryOut:
    return await _one(session, await saving.require_query(session, query_id, who))


@router.patch("/{query_id}", responses=problems(*GONE, QueryAsksForPerson))
async def change_saved_query(
    query_id: UUID, body: SavedQueryPatch, session: SessionDep, who: KeeperDep
) -> SavedQueryOut:
    changes = body.model_dump(exclude_none=True)
    return await _one(session, await saving.change_query(session, query_id, changes, by=who))


@router.post(
    "/{query_id}/renew", responses=problems(*GONE, SavedQueryAlreadyRenewed, SavedQueryTooLong, QueryAsksForPerson)
)
async def renew_saved_query(
    query_id: UUID, body: SavedQueryRenewal, session: SessionDep, who: KeeperDep, clock: ClockDep
) -> SavedQueryOut:
    renewed = await saving.renew_query(session, query_id, body.purpose, body.expires_at, by=who, now=clock.now())
    return await _one(session, renewed)


@router.post("/{query_id}/run", status_code=202, responses=problems(*GONE))
async def run_saved_query(query_id: UUID, session: SessionDep, who: KeeperDep, clock: ClockDep) -> SavedQueryOut:
    """Look over all that is stored once more; `looked_back_share` tells how far it is."""
    return await _one(session, await saving.run_again(session, query_id, by=who, now=clock.now()))


@router.post("/{query_id}/seen", responses=problems(*REFUSED, SavedQueryNotFound))
async def mark_saved_query_seen(query_id: UUID, session: SessionDep, who: KeeperDep, clock: ClockDep) -> SavedQueryOut:
    return await _one(session, await saving.mark_seen(session, query_id, by=who, now=clock.now()))


@router.delete("/{query_id}", status_code=204, responses=problems(*GONE))
async def end_saved_query(query_id: UUID, session: SessionDep, who: KeeperDep, clock: ClockDep) -> None:
    await saving.end_query(session, query_id, by=who, now=clock.now())


@router.get("/{query_id}/hits", responses=problems(*REFUSED, SavedQueryNotFound))
async def list_saved_query_hits(
    query_id: UUID, page: PageDep, session: SessionDep, who: KeeperDep
) -> Page[SavedQueryHitOut]:
    """What it found, the newest content first."""
    found = await saving.require_query(session, query_id, who)
    rows = await saved_queries.list_hits(session, query_id, page)
    told = page_of(rows, page.limit, lambda row: Cursor(None, row.content_id))
    kept = {row.content_id: row for row in told["items"]}
    described = shown(await service.describe(session, list(kept)), parse(found.query))
    items = [
        SavedQueryHitOut(**one.model_dump(), found_at=kept[one.content_id].found_at, is_new=kept[one.content_id].is_new)
        for one in described
    ]
    return Page[SavedQueryHitOut](items=items, next_cursor=told["next_cursor"])


async def _one(session: AsyncSession, found: SavedQuery) -> SavedQueryOut:
    return (await _all(session, [found]))[0]


async def _all(session: AsyncSession, found: Sequence[SavedQuery]) -> list[SavedQueryOut]:
    counts = await saved_queries.count_hits(session, [one.id for one in found])
    shares = await saving.looked_back_share(session, found)
    out = []
    for one in found:
        hits, unseen = counts.get(one.id, (0, 0))
        more = {"hits": hits, "unseen": unseen, "looked_back_share": shares[one.id]}
        named = {name: getattr(one, name) for name in SavedQueryOut.model_fields if name not in more}
        out.append(SavedQueryOut.model_validate(named | more))
    return out
