"""Claims, their verdicts by people, and the contents that may repeat them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import floor_id, new_id
from libs.common.models import Claim, ClaimMatch
from libs.common.models.enums import ClaimState, MatchState, Verdict
from services.classify import queries as contents
from services.classify.claims import queries
from services.classify.claims.book import ClaimBook, telling_pairs
from services.classify.claims.problems import ClaimNotFound, EvidenceNeeded, MatchNotFound, VerdictNotAllowed
from services.classify.queries import ToAnnotate
from services.classify.service import trail

LOOK_BACK = timedelta(days=30)
Evidence = Sequence[Mapping[str, str]]


async def create_claim(
    session: AsyncSession, text: str, verdict: Verdict | None, evidence: Evidence, *, by: UUID, now: datetime
) -> Claim:
    """A claim to be checked, or one checked already; contents of the last weeks are looked through at once."""
    row = {
        "id": new_id(now),
        "text": text,
        "verdict": verdict,
        "evidence": [dict(one) for one in evidence],
        "state": _state(verdict, evidence),
        "created_by": by,
        "created_at": now,
        "updated_at": now,
    }
    claim = await queries.insert_claim(session, row)
    await trail.record(session, "claim.created", by, ("claim", claim.id), now, {"verdict": verdict})
    await _match_stored(session, claim, now)
    return claim


async def set_verdict(
    session: AsyncSession, claim_id: UUID, verdict: Verdict, evidence: Evidence, *, by: UUID, now: datetime
) -> Claim:
    claim = await queries.get_claim(session, claim_id, lock=True)
    if claim is None:
        raise ClaimNotFound(f"Không có tuyên bố {claim_id}.")
    if claim.state not in (ClaimState.OPEN, ClaimState.CHECKED):
        raise VerdictNotAllowed("Kết luận đã công bố chỉ đổi được bằng một bản đính chính.")
    claim.state = _state(verdict, evidence)
    claim.verdict, claim.evidence, claim.updated_at = verdict, [dict(one) for one in evidence], now
    await trail.record(session, "claim.verdict", by, ("claim", claim_id), now, {"verdict": verdict})
    return claim


def _state(verdict: Verdict | None, evidence: Evidence) -> ClaimState:
    """Checked is what has a verdict with evidence; `chua_xac_minh` says that it is still open."""
    if verdict is None or verdict is Verdict.CHUA_XAC_MINH:
        return ClaimState.OPEN
    if not evidence:
        raise EvidenceNeeded("Hãy nêu nguồn chính thức hoặc tài liệu làm căn cứ.")
    return ClaimState.CHECKED


async def _match_stored(session: AsyncSession, claim: Claim, now: datetime) -> None:
    pairs = telling_pairs(claim.text)
    if not pairs:
        return
    found = await queries.contents_with_pairs(session, pairs, floor_id(now - LOOK_BACK))
    book = ClaimBook(await queries.claim_texts(session) | {claim.id: claim.text})
    rows = await asyncio.to_thread(_matches, book, found)
    rows = [row for row in rows if row[0] == claim.id]
    if rows:
        await queries.suggest_matches(session, rows, now)


async def match_contents(
    session: AsyncSession, ids: Sequence[UUID], book: ClaimBook[UUID], *, now: datetime
) -> ClaimBook[UUID]:
    """Suggest for new contents the claims they may repeat; returns the book, made anew if the claims changed."""
    texts = await queries.claim_texts(session)
    if texts != book.claims:
        book = ClaimBook(texts)
    if texts:
        found = await contents.contents_to_annotate(session, sorted(set(ids)))
        rows = await asyncio.to_thread(_matches, book, found)
        if rows:
            await queries.suggest_matches(session, rows, now)
    return book


def _matches(book: ClaimBook[UUID], found: Sequence[ToAnnotate]) -> list[tuple[UUID, UUID, float]]:
    return [
        (match.claim_id, content.content_id, match.score)
        for content in found
        for match in book.suggest(content.title, content.text)
    ]


async def decide_match(
    session: AsyncSession, claim_id: UUID, content_id: UUID, state: MatchState, *, by: UUID, now: datetime
) -> ClaimMatch:
    """A person says whether the content repeats the claim; may be said anew, since it is only a link."""
    match = await queries.lock_match(session, claim_id, content_id)
    if match is None:
        raise MatchNotFound("Chưa có gợi ý nào nối tuyên bố với nội dung này.")
    match.state, match.decided_by = state, by
    await trail.record(session, f"claim_match.{state}", by, ("claim", claim_id), now, {"content_id": str(content_id)})
    return match
