"""Request and response bodies of choices, partners and kits."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from libs.common.models.partners import (
    ChoiceState,
    ConflictResult,
    DropReason,
    PartnerKind,
    PartnerState,
    SelectionState,
)
from services.publish.partners.rules import MOST_ADDRESS, Unfit
from services.publish.schemas import Name, Note, Reason, Row, Strict, Title, _clean

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Decision = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=20, max_length=5000), BeforeValidator(_clean)
]
Platform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{2,30}$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=MOST_ADDRESS)]
ByRole = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=120),
    BeforeValidator(_clean),
    Field(description="vai trò, ví dụ “Ban quản trị trang”; không ghi tên, số máy hay địa chỉ thư của ai"),
]
Score = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


class Criterion(Strict):
    key: Key
    name: Name
    weight: int = Field(ge=1, le=100)


class CandidateIn(Strict):
    channel_id: UUID
    scores: dict[str, Score] = Field(description="điểm 0-10 cho từng tiêu chí")
    note: Note | None = None


class ChoiceCreate(Strict):
    title: Title
    unit_id: UUID | None = None
    programme_id: UUID | None = None
    criteria: list[Criterion] = Field(min_length=1, max_length=20)
    candidates: list[CandidateIn] = Field(min_length=1, max_length=20)
    channel_id: UUID = Field(description="kênh được chọn, là một trong các kênh ứng viên")
    decision: Decision

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        keys = {each.key for each in self.criteria}
        if len(keys) < len(self.criteria):
            raise ValueError("hai tiêu chí trùng khóa / two criteria with one key")
        ids = [each.channel_id for each in self.candidates]
        if len(set(ids)) < len(ids):
            raise ValueError("một kênh được chấm hai lần / a channel is scored twice")
        if any(set(each.scores) != keys for each in self.candidates):
            raise ValueError("mỗi kênh cần điểm cho đủ các tiêu chí / each channel needs a score for each criterion")
        if self.channel_id not in ids:
            raise ValueError("kênh được chọn phải là một ứng viên / the chosen channel is one of the candidates")
        return self


class CandidateOut(Row):
    channel_id: UUID
    kind: str
    name: str
    address: str
    scores: dict[str, float]
    note: str | None
    total: float
    rank: int


class ChoiceOut(Row):
    """As printed: the whole record with its totals, how they were made, and who signed it."""

    id: UUID
    programme_id: UUID | None
    unit_id: UUID
    title: str
    state: ChoiceState
    criteria: list[Criterion]
    candidates: list[CandidateOut]
    method: str
    channel_id: UUID
    channel_name: str
    decision: str
    created_at: datetime
    signatory: str | None
    signed_by: UUID | None
    signed_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None


class EndIn(Strict):
    reason: Reason


class SelectionCreate(Strict):
    """The numbers are the programme's; where it says nothing, those of Decision 3550: 10-20 of at least 50,000."""

    title: Title
    unit_id: UUID | None = None
    programme_id: UUID | None = None
    min_followers: int = Field(default=50_000, ge=1, le=1_000_000_000)
    min_partners: int = Field(default=10, ge=1, le=1000)
    max_partners: int = Field(default=20, ge=1, le=1000)
    evidence_days: int = Field(default=90, ge=1, le=3650)
    recheck_days: int = Field(default=90, ge=1, le=3650)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.max_partners < self.min_partners:
            raise ValueError("max_partners nhỏ hơn min_partners / max_partners is below min_partners")
        return self


class SelectionOut(Row):
    id: UUID
    programme_id: UUID | None
    unit_id: UUID
    title: str
    state: SelectionState
    min_followers: int
    min_partners: int
    max_partners: int
    evidence_days: int
    recheck_days: int
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision: str | None
    ended_at: datetime | None


class DecideIn(Strict):
    decision: Decision


class PartnerCreate(Strict):
    kind: PartnerKind
    platform: Platform
    name: Name
    url: Address
    contact_role: ByRole


class ProofIn(Strict):
    followers: int = Field(ge=0, le=2_000_000_000)
    measured_at: AwareDatetime
    source_url: Address | None = None
    medium_id: UUID | None = Field(default=None, description="ảnh chụp màn hình trong thư viện của đơn vị")

    @model_validator(mode="after")
    def _is_shown(self) -> Self:
        if self.source_url is None and self.medium_id is None:
            raise ValueError("cần source_url hoặc medium_id / a proof needs source_url or medium_id")
        return self


class ProofOut(Row):
    id: UUID
    followers: int
    measured_at: datetime
    source_url: str | None
    medium_id: UUID | None
    recorded_by: UUID
    recorded_at: datetime


class ConflictIn(Strict):
    result: ConflictResult
    note: Reason


class ConsentIn(Strict):
    medium_id: UUID = Field(description="ảnh chụp thư đồng ý, trong thư viện của đơn vị")
    consent_at: AwareDatetime


class PartnerOut(Row):
    """`unfit`: why it cannot be selected (or stay on the list) as of now; null where it can."""

    id: UUID
    selection_id: UUID
    kind: PartnerKind
    platform: str
    name: str
    url: str
    contact_role: str
    state: PartnerState
    unfit: Unfit | None
    followers: int | None
    measured_at: datetime | None
    conflict_result: ConflictResult | None
    conflict_note: str | None
    conflict_checked_at: datetime | None
    consent_medium_id: UUID | None
    consent_at: datetime | None
    consent_withdrawn_at: datetime | None
    selected_at: datetime | None
    dropped_at: datetime | None
    drop_reason: DropReason | None


class SelectionDetail(SelectionOut):
    selected: int
    partners: list[PartnerOut]


class KitCreate(Strict):
    partner_id: UUID
    embargo_until: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(default=None, description="mặc định 30 ngày sau khi mở")


class KitPostOut(Row):
    url: str
    reported_at: datetime


class KitDay(Row):
    day: date
    clicks: int


class KitOut(Row):
    """`clicks`: of everybody together; nothing is known about who followed the link."""

    id: UUID
    publication_id: UUID
    partner_id: UUID
    partner_name: str
    link: str
    embargo_until: datetime | None
    expires_at: datetime
    acknowledged_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    posts: list[KitPostOut]
    clicks: int
    days: list[KitDay]
    definition: str
    as_of: datetime


class KitMade(KitOut):
    """`url` holds the token and is told this once."""

    url: str
