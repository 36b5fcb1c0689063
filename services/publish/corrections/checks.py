"""What is asked of a correction at each door: evidence in its words, a verdict that still stands, a place in its chain.

The database judges the same when it is released (guard_correction_release).
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.corrections import CorrectionStep
from libs.common.models.enums import ClaimState, PublicationKind
from services.publish.corrections import queries
from services.publish.corrections.problems import EvidenceMissing, PartOfAChain, VerdictChanged


async def require_evidence_shown(session: AsyncSession, publication: m.Publication) -> None:
    """On submitting: readers are led to at least one piece of the evidence."""
    if publication.kind != PublicationKind.CORRECTION:
        return
    review = await queries.review_of(session, publication.id)
    if review is None and publication.corrects_id is None:
        raise EvidenceMissing(
            "Hãy lập bản cải chính từ một tuyên bố đã kiểm chứng, hoặc nêu tin của mình được cải chính."
        )
    if review is not None and not any(one.url in publication.body for one in review.evidence):
        raise EvidenceMissing("Hãy giữ ít nhất một đường dẫn căn cứ trong nội dung.")


async def require_verdict_stands(session: AsyncSession, publication: m.Publication) -> None:
    """On approving: what was taken back in the meantime is not announced."""
    review = await queries.review_of(session, publication.id)
    if review is None or review.step not in (CorrectionStep.ALERT, CorrectionStep.UPDATE):
        return
    claim = await queries.get_claim(session, review.claim_id)
    if claim is None or claim.state == ClaimState.OPEN or claim.verdict != review.verdict:
        raise VerdictChanged("Hãy hủy bản nháp này và lập bản mới theo kết luận hiện nay.")


async def require_off_chain(session: AsyncSession, corrects_id: UUID | None) -> None:
    """What corrects a correction of a claim is drafted as its next step, so that every reference is kept."""
    if corrects_id is not None and await queries.get_correction(session, corrects_id) is not None:
        raise PartOfAChain("Hãy dùng POST /corrections/{id}/follow-ups: cập nhật, cải chính hoặc thu hồi.")
