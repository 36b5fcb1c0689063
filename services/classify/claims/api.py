"""Routes of claims and of what may repeat them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models import Claim
from libs.common.models.enums import ClaimState, MatchState, Role
from libs.common.pagination import Cursor, InvalidCursor, Page, PageDep, page_of
from services.classify.api import PREFIX, STAFF, StaffDep
from services.classify.claims import checking, queries
from services.classify.claims.problems import ClaimNotFound, EvidenceNeeded, MatchNotFound, VerdictNotAllowed
from services.classify.claims.schemas import ClaimCreate, ClaimOut, MatchOut, MatchWithWords, VerdictSet
from services.classify.domain import visible_verdict

router = APIRouter(prefix=PREFIX, tags=["classify"], responses=problems(Unauthenticated, Forbidden))
CheckerDep = Annotated[Principal, require(Role.FACT_CHECKER, Role.ADMIN)]
ClaimReaderDep = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]


@router.post("/claims", status_code=201, responses=problems(EvidenceNeeded))
async def create_claim(body: ClaimCreate, session: SessionDep, who: CheckerDep, clock: ClockDep) -> ClaimOut:
    evidence = [one.model_dump() for one in body.evidence]
    claim = await checking.create_claim(session, body.text, body.verdict, evidence, by=who.person_id, now=clock.now())
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


@router.get("/matches")
async def list_matches(
    page: PageDep,
    session: SessionDep,
    who: StaffDep,
    claim_id: UUID | None = None,
    content_id: UUID | None = None,
    state: MatchState | None = None,
) -> Page[MatchWithWords]:
    if page.after:
        _uuid(page.after.key)
    rows = await queries.list_matches(session, queries.MatchFilter(claim_id, content_id, state), page)
    shown = page_of(rows, page.limit, lambda row: Cursor(str(row.claim_id), row.content_id))
    items = [_match(row, who) for row in shown["items"]]
    return Page[MatchWithWords](items=items, next_cursor=shown["next_cursor"])


@router.post("/claims/{claim_id}/matches/{content_id}/confirm", responses=problems(MatchNotFound))
async def confirm_match(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> MatchOut:
    decided = MatchState.CONFIRMED
    row = await checking.decide_match(session, claim_id, content_id, decided, by=who.person_id, now=clock.now())
    return MatchOut.model_validate(row)


@router.post("/claims/{claim_id}/matches/{content_id}/reject", responses=problems(MatchNotFound))
async def reject_match(
    claim_id: UUID, content_id: UUID, session: SessionDep, who: CheckerDep, clock: ClockDep
) -> MatchOut:
    decided = MatchState.REJECTED
    row = await checking.decide_match(session, claim_id, content_id, decided, by=who.person_id, now=clock.now())
    return MatchOut.model_validate(row)


def _roles(who: Principal) -> set[Role]:
    return {role for role, _ in who.grants}


def _claim(claim: Claim, who: Principal) -> ClaimOut:
    """Evidence says the verdict too, so both are seen together or not at all."""
    shown = ClaimOut.model_validate(claim)
    seen = visible_verdict(shown.verdict, claim.state == ClaimState.PUBLISHED, None, _roles(who))
    return shown if seen == shown.verdict else shown.model_copy(update={"verdict": seen, "evidence": []})


def _match(row: Any, who: Principal) -> MatchWithWords:
    shown = MatchWithWords.model_validate(row)
    published = row.claim_state == ClaimState.PUBLISHED
    seen = visible_verdict(shown.verdict, published, shown.state, _roles(who))
    return shown.model_copy(update={"verdict": seen})


def _uuid(key: object) -> UUID:
    try:
        return UUID(str(key))
    except ValueError as error:
        raise InvalidCursor("Con trỏ này thuộc về một danh sách khác.") from error
