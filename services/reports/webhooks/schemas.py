"""Request and response bodies of webhooks."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from libs.common import models as m
from libs.common.models.webhooks import DisabledReason, WebhookDeliveryState, WebhookOutcome, WebhookState

_PERSON = re.compile(r"@|[0-9]{9,}")


def _names_no_person(words: str) -> str:
    if _PERSON.search(words) or not words.isprintable():
        raise ValueError("hãy nêu cơ quan và mục đích, không nêu người, thư điện tử hay số điện thoại")
    return words


def _sayable(word: str) -> str:
    if not word.isprintable():
        raise ValueError("có ký tự không được phép")
    return word


Organisation = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), AfterValidator(_names_no_person)
]
Purpose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500), AfterValidator(_names_no_person)
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_sayable)]
Codes = Annotated[list[Code], Field(max_length=200)]
Url = Annotated[SecretStr, Field(min_length=8, max_length=2000, description="https://…; it may hold a token")]
Events = Annotated[
    list[Code],
    Field(min_length=1, max_length=20, description="publication.published, publication (all of these), or a subject"),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


# --- asked --------------------------------------------------------------------------------------------------


class WebhookCreate(Strict):
    """Empty lists choose nothing out; an event that has no unit, kind or field at all is not held back by them."""

    unit_id: UUID | None = Field(default=None, description="whose it is; by default your own unit")
    organisation: Organisation
    purpose: Purpose
    url: Url
    events: Events
    unit_codes: Codes = []
    kinds: Codes = []
    fields: Codes = []


class WebhookPatch(Strict):
    """What is left out stays."""

    organisation: Organisation | None = None
    purpose: Purpose | None = None
    url: Url | None = None
    events: Events | None = None
    unit_codes: Codes | None = None
    kinds: Codes | None = None
    fields: Codes | None = None

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self if value is not None}


class RotateIn(Strict):
    keep_old_hours: int = Field(default=24, ge=0, le=168, description="the one of before signs as well; 0: it was seen")


class WebhookTestIn(Strict):
    event: Code | None = Field(default=None, description="a subject of the subscription; by default its first")


class ReplayIn(Strict):
    since: AwareDatetime


# --- told ---------------------------------------------------------------------------------------------------


class WebhookEventOut(BaseModel):
    """`filters`: by which of a subscription's lists events of this type can be narrowed."""

    type: str
    filters: list[str]
    example: dict[str, Any]


class WebhookOut(Row):
    id: UUID
    unit_id: UUID
    organisation: str
    purpose: str
    host: str = Field(description="of its address, which is not shown: it may hold a token")
    events: list[str]
    unit_codes: list[str]
    kinds: list[str]
    fields: list[str]
    state: WebhookState
    disabled_reason: DisabledReason | None
    failing_since: datetime | None = Field(description="its first failure since it last took something")
    delivered_at: datetime | None = Field(description="when it last took something")
    old_secret_ends_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class WebhookSecretOut(WebhookOut):
    secret: str = Field(description="whsec_…; shown this once")

    @classmethod
    def of(cls, row: m.WebhookSubscription, secret: SecretStr) -> "WebhookSecretOut":
        return cls(**WebhookOut.model_validate(row).model_dump(), secret=secret.get_secret_value())


class WebhookDeliveryOut(Row):
    id: UUID
    event_id: UUID = Field(description="the webhook-id of every try")
    subject: str
    is_test: bool
    state: WebhookDeliveryState
    attempts: int
    due_at: datetime = Field(description="while it waits: when it is tried next")
    created_at: datetime
    settled_at: datetime | None


class WebhookAttemptOut(Row):
    number: int
    started_at: datetime
    outcome: WebhookOutcome | None = Field(description="null: under way, or nobody knows what became of it")
    status: int | None
    duration_ms: int | None
    answer: str | None = Field(description="its first 500 characters")
    trouble: str | None


class WebhookDeliveryDetail(WebhookDeliveryOut):
    document: dict[str, Any]
    tried: list[WebhookAttemptOut]

    @classmethod
    def of(cls, row: m.WebhookDelivery, attempts: Sequence[m.WebhookAttempt]) -> "WebhookDeliveryDetail":
        head = WebhookDeliveryOut.model_validate(row).model_dump()
        tried = [WebhookAttemptOut.model_validate(each) for each in attempts]
        return cls(**head, document=row.document, tried=tried)


class ReplayOut(BaseModel):
    queued: int
