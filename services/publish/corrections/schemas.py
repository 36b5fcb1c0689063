"""Bodies about corrections of claims."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from libs.common.models.corrections import CorrectionStep, PublicVerdict, TargetReason
from libs.common.models.enums import DeliveryState, PublicationState, TaskState
from services.publish.corrections.rules import Evidence
from services.publish.schemas import ChannelIds, PublicationOut, Reason, Row, Strict

Url = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^\s<>\"]+$", max_length=2000)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class EvidenceItem(Strict):
    title: Named
    url: Url

    def told(self) -> Evidence:
        return Evidence(self.title, self.url)


class _Draft(Strict):
    channel_ids: ChannelIds = Field(default_factory=list, description="added to those where the claim was seen")
    affects_rights: bool = False
    is_urgent: bool = False
    urgent_reason: Reason | None = None

    @model_validator(mode="after")
    def _urgent_has_a_reason(self) -> Self:
        if self.is_urgent and not self.urgent_reason:
            raise ValueError("tin khẩn cần urgent_reason / what is urgent needs urgent_reason")
        return self

    def fields(self) -> dict[str, object]:
        return self.model_dump(include={"affects_rights", "is_urgent", "urgent_reason"})


class CorrectionCreate(_Draft):
    claim_id: UUID


class FollowUp(_Draft):
    """`verdict` and new evidence belong to a correction of the correction; an update may bring evidence, too."""

    step: Literal[CorrectionStep.UPDATE, CorrectionStep.CORRECTION, CorrectionStep.CANCEL]
    reason: Reason
    verdict: PublicVerdict | None = None
    evidence: list[EvidenceItem] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _only_a_correction_has_another_verdict(self) -> Self:
        if self.verdict is not None and self.step is not CorrectionStep.CORRECTION:
            raise ValueError("chỉ bước correction đổi kết luận / only the step correction has a verdict")
        return self


class EvidenceOut(Row):
    title: str
    url: str


class PlaceOut(Row):
    """Where the claim was seen, in contents that a person confirmed."""

    source_id: UUID
    name: str
    kind: str
    group: str
    items: int
    first_at: datetime


class TargetOut(BaseModel):
    channel_id: UUID
    channel_name: str
    channel_kind: str
    reason: TargetReason
    seen_at_sources: list[UUID]


class ProposalOut(BaseModel):
    """What a correction of the claim would be made of; nothing is written. `existing_id`: follow that one instead."""

    claim_id: UUID
    verdict: PublicVerdict
    label: str
    evidence: list[EvidenceOut]
    first_seen_at: datetime | None
    places: list[PlaceOut]
    channels: list[TargetOut]
    title: str
    summary: str
    body: str
    existing_id: UUID | None


class CarrierOut(BaseModel):
    """A channel that has to carry it. `reason` is null where it was added while editing; `carried_at` is when it was
    seen there; `task_id`: a person has to put it there."""

    channel_id: UUID
    channel_name: str
    channel_kind: str
    reason: TargetReason | None
    seen_at_sources: list[UUID]
    is_carried: bool
    carried_at: datetime | None
    url: str | None
    delivery_state: DeliveryState | None
    task_id: UUID | None
    task_state: TaskState | None


class TimingOut(BaseModel):
    """Instants, and seconds since the claim was first seen; null for what has not happened or is not known."""

    first_seen_at: datetime | None
    drafted_at: datetime
    approved_at: datetime | None
    first_channel_at: datetime | None
    all_channels_at: datetime | None
    seconds_to_approved: float | None
    seconds_to_first_channel: float | None
    seconds_to_all_channels: float | None


class CorrectionOut(BaseModel):
    """`is_open`: released, the newest of its chain, and missing on a channel."""

    publication_id: UUID
    chain_id: UUID
    claim_id: UUID
    step: CorrectionStep
    verdict: PublicVerdict
    label: str
    title: str
    state: PublicationState
    reference_ids: list[UUID]
    reason: str | None
    is_open: bool
    missing: int
    timing: TimingOut


class LinkOut(BaseModel):
    publication_id: UUID
    step: CorrectionStep
    verdict: PublicVerdict
    title: str
    state: PublicationState
    published_at: datetime | None


class CorrectionDetail(CorrectionOut):
    """`chain`: every message, the oldest first; `head_id`: the one that stands."""

    claim: str
    evidence: list[EvidenceOut]
    channels: list[CarrierOut]
    chain: list[LinkOut]
    head_id: UUID | None


class CorrectionDrafted(BaseModel):
    """`note`: what a person has to do before it can be submitted."""

    publication: PublicationOut
    correction: CorrectionDetail
    note: str


class MedianOut(Row):
    measured: int
    seconds: float | None


class MeasuredOut(Row):
    """Medians since the claim was first seen; `measured` says of how many of the `corrections` that was known."""

    since: datetime
    as_of: datetime
    corrections: int
    to_approved: MedianOut
    to_first_channel: MedianOut
    to_all_channels: MedianOut
