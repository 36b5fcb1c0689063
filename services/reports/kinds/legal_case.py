"""The hand-over package of a legal-risk case that a person has decided to refer: about a content, never about a person.

Of the text itself it has the hash, and a title where a paper or an agency published it. What people write themselves
is not quoted: only where it stands, without the part of the address that names its author.
"""

import re
from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import id_time
from libs.common.label_names import GROUPS
from libs.common.masking import mask_personal_data
from libs.common.models.enums import ContentKind, RiskClass, Role, SourceGroup, Verdict
from libs.common.papers.content import Picture
from libs.common.post_addresses import handed_over
from libs.common.verdicts import LABELS
from services.reports import labels
from services.reports.domain import PUBLISHED_GROUPS, Period, clip, iso
from services.reports.kinds import about_queries as queries
from services.reports.kinds.base import KINDS, About, Data, Gather, id_of
from services.reports.periods import Cadence
from services.reports.problems import AboutNotFound

FALSE = frozenset({Verdict.TIN_GIA, Verdict.TIN_SAI_SU_THAT})
_HANDLE = re.compile(r"(?<![\w.])@[\w.]+")
_ADDRESS = re.compile(r"https?://[^\s<>\"“”]+")


def without_people(text: str) -> str:
    """Somebody's words without accounts, without personal data, addresses without their authors; one clipped line."""
    text = _ADDRESS.sub(lambda found: handed_over(found[0]), text)
    return clip(_HANDLE.sub("[tài khoản]", mask_personal_data(text)))


async def require_referred(session: AsyncSession, case_id: UUID) -> m.LegalRiskCase:
    """Raises AboutNotFound where no person has decided to refer it, or it was released as criticism since."""
    case = await queries.referred_case(session, case_id)
    if case is None:
        raise AboutNotFound("Không có hồ sơ nào như vậy đã được người có thẩm quyền quyết định chuyển.")
    return case


@KINDS.register("legal_case")
class LegalCase:
    title: ClassVar[str] = "Hồ sơ chuyển giao nội dung có dấu hiệu vi phạm"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = About.LEGAL_CASE
    roles: ClassVar[tuple[Role, ...]] = (Role.FACT_CHECKER, Role.SPOKESPERSON, Role.ADMIN)
    """Who decides such cases; nobody else makes, reads or downloads their package."""

    async def gather(self, gather: Gather) -> Data:
        case = await require_referred(gather.session, id_of(gather.about))
        found = await queries.content_of(gather.session, case.content_id)
        if found is None:
            raise AboutNotFound("Nội dung của hồ sơ này đã hết thời hạn lưu.")
        content, source = found
        return {
            "case": _case(case),
            "content": _content(content, source),
            "claim": await _claim(gather, case),
            "figures": _figures(gather, case, content),
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Chuyển giao nội dung thuộc loại: {data['case']['class_name']}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}

    def unit_of(self, data: Data) -> UUID | None:
        return None

    def codes(self, data: Data) -> dict[str, str]:
        """For the audit log, which holds no words: who decided, on which ground, about which text."""
        return {
            "case_id": data["case"]["case_id"],
            "decided_by": data["case"]["officer_id"],
            "reason_code": data["case"]["class"],
            "content_hash": data["content"]["sha256"],
        }


def _case(case: m.LegalRiskCase) -> Data:
    return {
        "case_id": str(case.id),
        "class": case.risk_class,
        "class_name": labels.RISKS[RiskClass(case.risk_class)],
        "state": case.state,
        "suggested_at": iso(case.created_at),
        "decided_at": iso(case.decided_at),
        "officer_id": str(case.decided_by),
        "reason": without_people(case.reason or ""),
        "reported_by_harmed": case.reported_by_harmed,
    }


def _content(content: m.Content, source: m.Source) -> Data:
    group = SourceGroup(source.group)
    is_quoted = group in PUBLISHED_GROUPS and content.kind in (ContentKind.ARTICLE, ContentKind.RELEASE)
    return {
        "content_id": str(content.id),
        "sha256": content.content_hash.hex(),
        "revision": content.revision,
        "title": without_people(content.title) if is_quoted else None,
        "url": handed_over(content.url) if content.url else None,
        "source": {
            "source_id": str(source.id),
            "name": source.name,
            "group": group,
            "group_name": GROUPS[group],
        },
        "published_at": iso(content.published_at),
        "first_seen_at": iso(content.first_seen_at),
    }


async def _claim(gather: Gather, case: m.LegalRiskCase) -> Data | None:
    """What the class rests on: false information is handed over only while its verdict is public."""
    claim = await queries.published_claim(gather.session, case.claim_id) if case.claim_id else None
    is_false = claim is not None and claim.verdict is not None and Verdict(claim.verdict) in FALSE
    if case.risk_class == RiskClass.FALSE_EMERGENCY and not is_false:
        raise AboutNotFound("Tuyên bố của hồ sơ này không còn kết luận sai đã công bố.")
    if claim is None or claim.verdict is None:
        return None
    return {
        "claim_id": str(claim.id),
        "text": without_people(claim.text),
        "verdict": claim.verdict,
        "verdict_name": LABELS[Verdict(claim.verdict)],
        "updated_at": iso(claim.updated_at),
    }


def _figures(gather: Gather, case: m.LegalRiskCase, content: m.Content) -> Data:
    source = "legal_risk_cases (phân loại), contents (tiếp nhận)"
    seen = id_time(content.id)
    decided = round((case.decided_at - seen).total_seconds() / 60, 1) if case.decided_at else None
    formula = "từ lúc gặp nội dung lần đầu đến lúc người có thẩm quyền quyết định"
    return {"minutes_to_decision": gather.count(decided, source, formula, "phút")}
