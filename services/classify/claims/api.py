"""Routes of claims and of what may repeat them."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.auth import ClockDep, Principal
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.ids import floor_id
from libs.common.models import Claim
from libs.common.models.enums import ClaimState, MatchState, Role
from libs.common.pagination import Cursor, InvalidCursor, Page, PageDep, page_of
from services.classify.api import PREFIX, STAFF, StaffDep
from services.classify.claims import checking, queries, spread
from services.classify.claims.nearest import nearest_claims
from services.classify.claims.problems import (
    ClaimNotFound,
    EvidenceNeeded,
    MatchNotConfirmed,
    MatchNotFound,
    RiskNotAllowed,
    VerdictNotAllowed,
)
from services.classify.claims.roles import CheckerDep, ClaimReaderDep
from services.classify.claims.schemas import (
    ClaimCreate,
    ClaimOut,
    DecidedOut,
    DecisionsOut,
    MatchDecisions,
    MatchOut,
    MatchWithWords,
    NearClaim,
    SpreadOut,
    VerdictSet,
)
from services.classify.domain import visible_verdict

router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))
Hours = Annotated[int | None, Query(ge=1, le=24 * 365)]


@router.post("/claims", status_code=201, responses=problems(EvidenceNeeded))
async def create_claim(body: ClaimCreate, session: SessionDep, who: CheckerDep, clock: ClockDep) -> ClaimOut:
    evidence, now = [one.model_dump() for one in body.evidence], clock.now()
    claim = await checking.create_claim(
        session, body.text, body.verdict, evidence, by=who.person_id, now=now, look_back_days=body.look_back_days
    )
    return ClaimOut.model_validate(claim)


@router.post("/claims/{claim_id}/verdict", responses=problems(ClaimNotFound, VerdictNotAllowed, EvidenceNeeded))
async def set_verdict(
    claim_id: UUID, body: VerdictSet, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> ClaimOut:
    evidence = [one.model_dump() for one in body.evidence]
    claim = await checking.set_verdict(session, claim_id, body.verdict, evidence, by=who.person_id, now=clock.now())
    return ClaimOut.model_validate(claim)


@router.get("/claims")
async def list_claims(
    page: PageDep, session: SessionDep, who: ClaimReaderDep, state: ClaimState | None = None
) -> Page[ClaimOut]:
    rows = await queries.list_claims(session, state, page, only_published=not who.has(*STAFF))
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    return Page[ClaimOut](items=[_claim(row, who) for row in shown["items"]], next_cursor=shown["next_cursor"])


@router.get("/claims/{claim_id}/spread", responses=problems(ClaimNotFound))
async def get_spread(
    claim_id: UUID,
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    step: spread.Step = spread.Step.HOURS,
    hours: Annotated[int, Query(ge=1, le=24 * 365, description="how far back the curve goes")] = 72,
) -> SpreadOut:
    now = clock.now()
    found = await spread.spread_of(session, claim_id, step, now - timedelta(hours=hours), now=now)
    return SpreadOut.model_validate(found)


@router.get("/contents/{content_id}/claims", responses=problems(MatchNotFound))
async def list_near_claims(content_id: UUID, session: SessionDep, _: StaffDep) -> list[NearClaim]:
    """The claims that this content is nearest to, whether or not they were suggested."""
    return await nearest_claims(session, content_id)


# --- matches ------------------------------------------------------------------------------------------------


@router.get("/matches")
async def list_matches(
    page: PageDep,
    session: SessionDep,
    who: StaffDep,
    clock: ClockDep,
    claim_id: UUID | None = None,
    content_id: UUID | None = None,
    state: MatchState | None = None,
    hours: Hours = None,
) -> Page[MatchWithWords]:
    """Newest content first; `hours`: only of contents that came in so recently."""
    if page.after:
        _uuid(page.after.key)
    since = _since(clock.now(), hours)
    rows = await queries.list_matches(session, queries.MatchFilter(claim_id, content_id, state, since), page)
    shown = page_of(rows, page.limit, lambda row: Cursor(str(row.claim_id), row.content_id))
    items = [_match(row, who) for row in shown["items"]]
    return Page[MatchWithWords](items=items, next_cursor=shown["next_cursor"])


@router.get("/claims/{claim_id}/suggestions", responses=problems(ClaimNotFound))
async def list_suggestions(
    claim_id: UUID, session: SessionDep, who: StaffDep, clock: ClockDep, hours: Hours = None
) -> list[MatchWithWords]:
    """What to look at first: near-copies of what was confirmed, then by score; at most a hundred."""
    if await queries.get_claim(session, claim_id) is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    since = _since(clock.now(), hours) or UUID(int=0)
    return [_match(row, who) for row in await queries.list_first(session, claim_id, since, 100)]


@router.post("/matches/decisions")
async def decide_matches(body: MatchDecisions, session: SessionDep, who: CheckerDep, clock: ClockDep) -> DecisionsOut:
    """Many at once; one that is not there hinders none of the others."""
    wanted = [checking.Wanted(one.claim_id, one.content_id, one.state) for one in body.decisions]
    done = await checking.decide_matches(session, wanted, by=who.person_id, now=clock.now())
    results = [DecidedOut.model_validate(one) for one in done]
    return DecisionsOut(decided=sum(one.status == "decided" for one in done), results=results)


@router.put("/claims/{claim_id}/matches/{content_id}", responses=problems(ClaimNotFound, MatchNotFound))
async def link_content(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> MatchOut:
    """A person has found that this content repeats the claim; it counts as confirmed."""
    row = await checking.link_content(session, claim_id, content_id, by=who.person_id, now=clock.now())
    return MatchOut.model_validate(row)


@router.post("/claims/{claim_id}/matches/{content_id}/confirm", responses=problems(MatchNotFound))
async def confirm_match(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> MatchOut:
    decided = checking.CONFIRMED
    row = await checking.decide_match(session, claim_id, content_id, decided, by=who.person_id, now=clock.now())
    return MatchOut.model_validate(row)


@router.post("/claims/{claim_id}/matches/{content_id}/reject", responses=problems(MatchNotFound))
async def reject_match(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> MatchOut:
    decided = checking.REJECTED
    row = await checking.decide_match(session, claim_id, content_id, decided, by=who.person_id, now=clock.now())
    return MatchOut.model_validate(row)


@router.post(
    "/claims/{claim_id}/matches/{content_id}/legal-risk",
    status_code=204,
    responses=problems(MatchNotFound, MatchNotConfirmed, RiskNotAllowed),
)
async def suggest_legal_risk(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> None:
    """Suggest a confirmed match of a claim published as false to the legal desk, where another person decides."""
    await checking.suggest_risk(session, claim_id, content_id, by=who.person_id, now=clock.now())


def _roles(who: Principal) -> set[Role]:
    return {role for role, _ in who.grants}


def _claim(claim: Claim, who: Principal) -> ClaimOut:
    """Evidence says the verdict too, and so does who reviewed it: all are seen together or not at all."""
    shown = ClaimOut.model_validate(claim)
    seen = visible_verdict(shown.verdict, claim.state == ClaimState.PUBLISHED, None, _roles(who))
    hidden: dict[str, Any] = {
        "verdict": seen,
        "evidence": [],
        "reviewer": None,
        "review_url": None,
        "reviewed_at": None,
    }
    return shown if seen == shown.verdict else shown.model_copy(update=hidden)


def _match(row: Any, who: Principal) -> MatchWithWords:
    shown = MatchWithWords.model_validate(row)
    published = row.claim_state == ClaimState.PUBLISHED
    seen = visible_verdict(shown.verdict, published, shown.state, _roles(who))
    return shown.model_copy(update={"verdict": seen})


def _since(now: datetime, hours: int | None) -> UUID | None:
    return floor_id(now - timedelta(hours=hours)) if hours else None


def _uuid(key: object) -> UUID:
    try:
        return UUID(str(key))
    except ValueError as error:
        raise InvalidCursor("Con trỏ này thuộc về một danh sách khác.") from error
