"""Events about the city's own words."""

from typing import ClassVar, Literal
from uuid import UUID

from libs.common.events.base import Event


class PublicationApproved(Event):
    subject: ClassVar[str] = "lantoa.publication.approved.v1"
    publication_id: UUID
    revision: int


class PublicationPublished(Event):
    subject: ClassVar[str] = "lantoa.publication.published.v1"
    publication_id: UUID
    revision: int
    title: str
    url: str


class PublicationWithdrawn(Event):
    subject: ClassVar[str] = "lantoa.publication.withdrawn.v1"
    publication_id: UUID
    revision: int


class CorrectionPublished(Event):
    """A correction is out; `corrects_id` is the publication of ours that it corrects, where it is one. Of a claim: its
    verdict, whether this begins, updates, corrects or cancels what was said, and every earlier message in order."""

    subject: ClassVar[str] = "lantoa.correction.published.v1"
    publication_id: UUID
    corrects_id: UUID | None
    revision: int
    title: str
    url: str
    claim_id: UUID | None = None
    verdict: Literal["tin_gia", "tin_sai_su_that", "tin_xac_thuc"] | None = None
    step: Literal["alert", "update", "correction", "cancel"] | None = None
    reference_ids: tuple[UUID, ...] = ()


class TakedownClosed(Event):
    """Every channel of a withdrawal or a correction is confirmed."""

    subject: ClassVar[str] = "lantoa.takedown.closed.v1"
    takedown_id: UUID
    publication_id: UUID
    kind: str


class DeliveryConfirmed(Event):
    subject: ClassVar[str] = "lantoa.delivery.confirmed.v1"
    delivery_id: UUID
    publication_id: UUID
    channel_id: UUID
    state: str
    platform_url: str | None = None
