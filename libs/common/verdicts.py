"""How verdicts on claims are named in Vietnamese, and rated on the scale of fact-checkers."""

from collections.abc import Mapping

from libs.common.models.enums import Verdict

LABELS: Mapping[Verdict, str] = {
    Verdict.TIN_GIA: "Tin giả",
    Verdict.TIN_SAI_SU_THAT: "Tin sai sự thật",
    Verdict.TIN_XAC_THUC: "Tin xác thực",
    Verdict.CHUA_XAC_MINH: "Chưa xác minh",
}
WORST, BEST = 1, 5
RATINGS: Mapping[Verdict, int] = {Verdict.TIN_GIA: 1, Verdict.TIN_SAI_SU_THAT: 2, Verdict.TIN_XAC_THUC: 5}
"""From 1 (false) to 5 (true), as in ClaimReview."""
