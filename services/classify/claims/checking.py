"""Claims and their verdicts, which people give; whether a content repeats one, which people decide."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id, new_id
from libs.common.models import Claim, ClaimMatch
from libs.common.models.enums import ClaimState, MatchState, RiskClass, Verdict
from libs.common.text import nfc
from services.classify import queries as label_queries
from services.classify.claims import queries
from services.classify.claims.book import ClaimBook
from services.classify.claims.matching import announce, asked_pairs
from services.classify.claims.problems import (
    ClaimNotFound,
    EvidenceNeeded,
    MatchNotConfirmed,
    MatchNotFound,
    RiskNotAllowed,
    VerdictNotAllowed,
)
from services.classify.claims.queries import NewMatch
from services.classify.domain import guard
from services.classify.service import trail

LOOK_BACK_DAYS = 30
Evidence = Sequence[Mapping[str, str]]
Decision = Literal[MatchState.CONFIRMED, MatchState.REJECTED]
CONFIRMED: Literal[MatchState.CONFIRMED] = MatchState.CONFIRMED
REJECTED: Literal[MatchState.REJECTED] = MatchState.REJECTED
FALSE = frozenset({Verdict.TIN_GIA, Verdict.TIN_SAI_SU_THAT})


async def create_claim(
    session: AsyncSession,
    text: str,
    verdict: Verdict | None,
    evidence: Evidence,
    *,
    by: UUID,
    now: datetime,
    look_back_days: int = LOOK_BACK_DAYS,
) -> Claim:
    """A claim to be checked, or one checked already; contents of the last days are looked through at once."""
    row = {
        "id": new_id(now),
        "text": nfc(text),
        "verdict": verdict,
        "evidence": [dict(one) for one in evidence],
        "state": state_of(verdict, evidence),
        "created_by": by,
        "created_at": now,
        "updated_at": now,
    }
    claim = await queries.insert_claim(session, row)
    await trail.record(session, "claim.created", by, ("claim", claim.id), now, {"verdict": verdict})
    await match_stored(session, claim.id, claim.text, now, look_back_days)
    return claim


async def set_verdict(
    session: AsyncSession, claim_id: UUID, verdict: Verdict, evidence: Evidence, *, by: UUID, now: datetime
) -> Claim:
    claim = await queries.get_claim(session, claim_id, lock=True)
    if claim is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    if claim.state not in (ClaimState.OPEN, ClaimState.CHECKED):
        raise VerdictNotAllowed("Kết luận đã công bố chỉ đổi được bằng một bản đính chính.")
    claim.state = state_of(verdict, evidence)
    claim.verdict, claim.evidence, claim.updated_at = verdict, [dict(one) for one in evidence], now
    await trail.record(session, "claim.verdict", by, ("claim", claim_id), now, {"verdict": verdict})
    return claim


def state_of(verdict: Verdict | None, evidence: Evidence) -> ClaimState:
    """Checked is what has a verdict with evidence; `chua_xac_minh` says that it is still open."""
    if verdict is None or verdict is Verdict.CHUA_XAC_MINH:
        return ClaimState.OPEN
    if not evidence:
        raise EvidenceNeeded("Hãy nêu nguồn chính thức hoặc tài liệu làm căn cứ.")
    return ClaimState.CHECKED


async def match_stored(session: AsyncSession, claim_id: UUID, text: str, now: datetime, look_back_days: int) -> int:
    """Look through what came in during the last days; how many contents may repeat this claim."""
    asked = asked_pairs(text)
    if not asked or look_back_days <= 0:
        return 0
    found = await queries.contents_with_pairs(session, asked, floor_id(now - timedelta(days=look_back_days)))
    book = ClaimBook({claim_id: text})

    def judge() -> list[NewMatch]:
        told = ((one.content_id, book.suggest(one.title, one.text)) for one in found)
        return [NewMatch(match.claim_id, content_id, match.score) for content_id, matches in told for match in matches]

    rows = await asyncio.to_thread(judge)
    if rows:
        await announce(session, await queries.suggest_matches(session, rows, now), MatchState.SUGGESTED, now)
    return len(rows)


# --- decisions ----------------------------------------------------------------------------------------------


async def decide_match(
    session: AsyncSession, claim_id: UUID, content_id: UUID, state: Decision, *, by: UUID, now: datetime
) -> ClaimMatch:
    """A person says whether the content repeats the claim; may be said anew, since it is only a link."""
    match = await queries.lock_match(session, claim_id, content_id)
    if match is None:
        raise MatchNotFound("Chưa có gợi ý nào nối tuyên bố với nội dung này.")
    is_news = state is MatchState.CONFIRMED and match.state != MatchState.CONFIRMED
    match.state, match.decided_by, match.decided_at = state, by, now
    await session.flush()
    await trail.record(session, f"claim_match.{state}", by, ("claim", claim_id), now, {"content_id": str(content_id)})
    if is_news:
        await announce(session, [(claim_id, content_id)], MatchState.CONFIRMED, now)
    return match


@dataclass(frozen=True, slots=True)
class Wanted:
    claim_id: UUID
    content_id: UUID
    state: Decision


@dataclass(frozen=True, slots=True)
class Decided:
    """`status`: decided, unchanged (it was so already) or not_found."""

    claim_id: UUID
    content_id: UUID
    status: Literal["decided", "unchanged", "not_found"]


async def decide_matches(session: AsyncSession, wanted: Sequence[Wanted], *, by: UUID, now: datetime) -> list[Decided]:
    """Many at once, each with what became of it; locked in one order, so that two desks do not wait for each other."""
    done: dict[tuple[UUID, UUID], Decided] = {}
    for one in sorted(wanted, key=lambda one: (one.claim_id, one.content_id)):
        key = (one.claim_id, one.content_id)
        match = await queries.lock_match(session, *key)
        if match is None:
            done[key] = Decided(*key, "not_found")
        elif match.state == one.state:
            done[key] = Decided(*key, "unchanged")
        else:
            await decide_match(session, *key, one.state, by=by, now=now)
            done[key] = Decided(*key, "decided")
    return [done[one.claim_id, one.content_id] for one in wanted]


async def link_content(
    session: AsyncSession, claim_id: UUID, content_id: UUID, *, by: UUID, now: datetime
) -> ClaimMatch:
    """A person has found a content that repeats the claim, whether or not it was suggested."""
    if await queries.get_claim(session, claim_id) is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    if not await label_queries.contents_to_annotate(session, [content_id]):
        raise MatchNotFound(f"Không có nội dung {content_id}.")
    await queries.suggest_matches(session, [NewMatch(claim_id, content_id, 1.0)], now)
    return await decide_match(session, claim_id, content_id, MatchState.CONFIRMED, by=by, now=now)


# --- the legal-risk queue -----------------------------------------------------------------------------------


async def suggest_risk(session: AsyncSession, claim_id: UUID, content_id: UUID, *, by: UUID, now: datetime) -> None:
    """Hand a content to the legal desk as a suggestion: only what a person confirmed to repeat a claim that is
    published as false, and never what is, or ever was, criticism, opinion or complaint. The database says the same."""
    match, claim = await queries.lock_match(session, claim_id, content_id), await queries.get_claim(session, claim_id)
    if match is None or claim is None:
        raise MatchNotFound("Chưa có gợi ý nào nối tuyên bố với nội dung này.")
    if match.state != MatchState.CONFIRMED:
        raise MatchNotConfirmed("Hãy xác nhận nội dung này nhắc lại tuyên bố trước.")
    proven = claim.state == ClaimState.PUBLISHED and claim.verdict in FALSE
    past = (await label_queries.lock_pasts(session, [content_id])).get(content_id)
    if not proven:
        raise RiskNotAllowed("Tuyên bố chưa có kết luận sai được công bố.")
    if past is None or past.kind is None:
        raise RiskNotAllowed("Nội dung chưa được phân loại.")
    if RiskClass.FALSE_EMERGENCY not in guard(past.kind, [RiskClass.FALSE_EMERGENCY], past.ever, proven=proven).risk:
        raise RiskNotAllowed("Góp ý, phê bình, khiếu nại là phản ánh cần trả lời, không vào hàng chờ pháp lý.")
    await queries.suggest_risk(session, content_id, claim_id, now)
    facts = {"content_id": str(content_id)}
    await trail.record(session, "claim_match.risk_suggested", by, ("claim", claim_id), now, facts)
