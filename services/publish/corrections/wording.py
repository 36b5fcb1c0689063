"""The draft of a correction, made of the claim, its verdict and its evidence by a template; a person edits it.

It carries the mark of an automatic draft, and cannot be submitted while it does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.common.clock import HANOI
from libs.common.models.corrections import CorrectionStep, PublicVerdict
from services.publish import domain, measure
from services.publish.corrections.rules import Evidence, Review

TITLE, SUMMARY, CLAIM_IN_TITLE = 200, 500, 130
SAID: Mapping[PublicVerdict, str] = {
    PublicVerdict.TIN_GIA: "Thông tin “{claim}” là tin giả.",
    PublicVerdict.TIN_SAI_SU_THAT: "Thông tin “{claim}” sai sự thật.",
    PublicVerdict.TIN_XAC_THUC: "Thông tin “{claim}” đã được xác thực là đúng.",
}
TAKEN_BACK = "Kết luận “{label}” về thông tin “{claim}” được thu hồi và không còn giá trị."
EVIDENCE = "## Căn cứ"
ADVICE: Mapping[PublicVerdict, str] = {
    PublicVerdict.TIN_GIA: "Đề nghị không chia sẻ lại thông tin này.",
    PublicVerdict.TIN_SAI_SU_THAT: "Đề nghị không chia sẻ lại thông tin này.",
    PublicVerdict.TIN_XAC_THUC: "Khi chia sẻ lại, đề nghị dẫn nguồn chính thức ở trên.",
}


def draft(review: Review) -> dict[str, Any]:
    """Title, summary and body."""
    return {
        "title": measure.shorten(f"{review.lead} – “{_short(review.claim_text)}”", TITLE),
        "summary": measure.shorten(_said(review, _short(review.claim_text)), SUMMARY),
        "body": "\n".join(_lines(review)),
    }


def _lines(review: Review) -> list[str]:
    lines = [domain.AUTO_DRAFT, "", _said(review, review.claim_text)]
    if review.reason:
        lines += ["", f"Điểm mới so với thông báo trước: {review.reason}"]
    if review.first_seen_at is not None and review.step is CorrectionStep.ALERT:
        lines += ["", f"Thông tin này được ghi nhận lần đầu lúc {_at(review.first_seen_at)}."]
    lines += ["", EVIDENCE, *_listed(review.evidence)]
    if review.step is not CorrectionStep.CANCEL:
        lines += ["", ADVICE[review.verdict]]
    return lines


def _listed(evidence: Sequence[Evidence]) -> list[str]:
    return [f"- {one.title}: {one.url}" for one in evidence]


def without_evidence(body: str, evidence: Sequence[Evidence]) -> str:
    """For a page that lists the evidence beside the verdict: the body without the template's own list of it. What a
    person wrote there stays."""
    lines = body.replace("\r\n", "\n").split("\n")
    listed = [EVIDENCE, *_listed(evidence)]
    for at in range(len(lines) - len(listed) + 1):
        end = at + len(listed)
        is_whole = end == len(lines) or not lines[end].startswith("- ")
        if lines[at:end] == listed and is_whole:
            return "\n".join([*lines[:at], *lines[end:]])
    return body


def _said(review: Review, claim: str) -> str:
    if review.step is CorrectionStep.CANCEL:
        return TAKEN_BACK.format(label=review.label, claim=claim)
    return SAID[review.verdict].format(claim=claim)


def _short(claim: str) -> str:
    return measure.shorten(claim, CLAIM_IN_TITLE)


def _at(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"


def heading(title: str, review: Review) -> str:
    """The title with the verdict in it; put before it where an editor left it out."""
    says_it = review.lead.casefold() in title.casefold()
    return title if says_it else f"{review.lead}: {title}"
