"""Request and response bodies."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from libs.common.models.enums import ChannelState, DeliveryState, PublicationKind, PublicationState


def _clean(text: Any) -> Any:
    """NFC before anything is counted (NFD is twice as long), and no control characters but line breaks and tabs."""
    if not isinstance(text, str):
        return text
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text):
        raise ValueError("chứa ký tự điều khiển / contains control characters")
    return text


def _hex(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), BeforeValidator(_clean)]
Summary = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), BeforeValidator(_clean)]
Body = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000), BeforeValidator(_clean)
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), BeforeValidator(_clean)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), BeforeValidator(_clean)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Hex = Annotated[str, BeforeValidator(_hex)]
ChannelIds = Annotated[list[UUID], Field(max_length=50)]
MediaIds = Annotated[list[UUID], Field(max_length=20)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500), BeforeValidator(_clean)
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ChannelCreate(Strict):
    kind: Name
    name: Name
    unit_id: UUID | None = None
    address: Name
    settings: dict[str, Any] = {}
    secret: dict[str, SecretStr] = {}
    programme_id: UUID | None = None
    is_drill: bool = Field(default=False, description="an account on the sandbox, for drills alone; never changes")


class CredentialsIn(Strict):
    secret: dict[str, SecretStr]


class ChannelOut(Row):
    id: UUID
    kind: str
    name: str
    unit_id: UUID
    owner_kind: str
    address: str
    settings: dict[str, Any]
    state: ChannelState
    is_city_official: bool
    programme_id: UUID | None
    is_drill: bool
    created_at: datetime


class PublicationCreate(Strict):
    unit_id: UUID | None = None
    kind: PublicationKind = PublicationKind.ANNOUNCEMENT
    title: Title
    summary: Summary = ""
    body: Body
    language: Language = "vi"
    story_id: UUID | None = None
    channel_ids: ChannelIds = Field(
        default_factory=list, description="may be empty for a correction: then wherever the original stands"
    )
    affects_rights: bool = False
    scheduled_at: AwareDatetime | None = None
    source_note: Note | None = None
    ai_label: Note | None = None
    is_ai_made: bool = False
    media_ids: MediaIds = []
    is_urgent: bool = False
    urgent_reason: Reason | None = None
    corrects_id: UUID | None = None

    @model_validator(mode="after")
    def _urgent_has_a_reason(self) -> Self:
        if self.is_urgent and not self.urgent_reason:
            raise ValueError("tin khẩn cần urgent_reason / what is urgent needs urgent_reason")
        if self.corrects_id is not None and self.kind != PublicationKind.CORRECTION:
            raise ValueError("corrects_id chỉ dùng cho bản cải chính / corrects_id is for a correction")
        return self


class PublicationFromStory(Strict):
    story_id: UUID
    channel_ids: ChannelIds


class PublicationPatch(Strict):
    """Only what is given changes; `revision` guards against overwriting somebody else's edit."""

    revision: int | None = None
    title: Title | None = None
    summary: Summary | None = None
    body: Body | None = None
    language: Language | None = None
    channel_ids: ChannelIds | None = None
    affects_rights: bool | None = None
    scheduled_at: AwareDatetime | None = None
    source_note: Note | None = None
    ai_label: Note | None = None
    is_ai_made: bool | None = None
    media_ids: MediaIds | None = None
    is_urgent: bool | None = None
    urgent_reason: Reason | None = None

    @model_validator(mode="after")
    def _urgent_has_a_reason(self) -> Self:
        if self.is_urgent and not self.urgent_reason:
            raise ValueError("tin khẩn cần urgent_reason / what is urgent needs urgent_reason")
        return self

    def changes(self) -> dict[str, Any]:
        """What was sent; an explicit null empties what may be empty and is ignored elsewhere."""
        given = self.model_dump(exclude_unset=True)
        emptied = {"scheduled_at", "source_note", "ai_label"}
        return {name: value for name, value in given.items() if value is not None or name in emptied}


class Approve(Strict):
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Withdraw(Strict):
    reason: Note


class PublicationOut(Row):
    id: UUID
    unit_id: UUID
    kind: PublicationKind
    title: str
    summary: str
    body: str
    slug: str
    language: str
    story_id: UUID | None
    affects_rights: bool
    source_note: str | None
    ai_label: str | None
    is_ai_made: bool
    is_urgent: bool
    urgent_reason: str | None
    is_drill: bool
    corrects_id: UUID | None
    campaign_id: UUID | None
    state: PublicationState
    revision: int
    content_hash: Hex
    scheduled_at: datetime | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime


class VariantOut(Row):
    channel_id: UUID
    revision: int
    text: str
    link: str | None


class ApprovalOut(Row):
    revision: int
    content_hash: Hex
    approver_id: UUID
    approved_at: datetime


class DeliveryOut(Row):
    id: UUID
    channel_id: UUID
    revision: int
    state: DeliveryState
    attempt: int
    platform_id: str | None
    platform_url: str | None
    error: str | None
    not_before: datetime
    committed_at: datetime | None
    confirmed_at: datetime | None
    proof: dict[str, Any] | None
    withdrawn_at: datetime | None
    withdrawal_proof: dict[str, Any] | None
    updated_at: datetime


class EngagementOut(Row):
    """`value` is null where the platform gave none; it is never 0 instead."""

    delivery_id: UUID
    metric: str
    value: int | None
    definition: str
    as_of: datetime


class EngagementAsked(BaseModel):
    """Of how many deliveries the figures will be read at once."""

    deliveries: int


class PublicationDetail(PublicationOut):
    variants: list[VariantOut]
    approvals: list[ApprovalOut]
    deliveries: list[DeliveryOut]
    engagement: list[EngagementOut]


class PreviewOut(Row):
    channel_id: UUID
    channel_name: str
    kind: str
    text: str
    link: str | None
    payload: dict[str, Any]
    notes: list[str]


class PreviewsOut(BaseModel):
    publication_id: UUID
    revision: int
    content_hash: str
    channels: list[PreviewOut]
