"""Events about claims. Internal: that something may repeat a claim is no fact to be told outside."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.events.base import Event
from libs.common.events.content import BATCH_LIMIT


class ClaimSeen(Event):
    """A claim was told again: suggested by the matcher, or confirmed by a person. Never says the verdict."""

    subject: ClassVar[str] = "lantoa.claim.seen.v1"
    claim_id: UUID
    state: Literal["suggested", "confirmed"]
    content_ids: Annotated[list[UUID], Field(min_length=1, max_length=BATCH_LIMIT)]
    """What was found by this look, or confirmed by this decision."""
    count: Annotated[int, Field(ge=1)]
    """Contents that are suggested or confirmed to repeat the claim, these among them."""
