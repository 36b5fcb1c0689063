"""Events about the city's own words."""

from typing import ClassVar
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


class DeliveryConfirmed(Event):
    subject: ClassVar[str] = "lantoa.delivery.confirmed.v1"
    delivery_id: UUID
    publication_id: UUID
    channel_id: UUID
    state: str
    platform_url: str | None = None
