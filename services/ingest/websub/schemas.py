"""What staff see of a subscription."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.models.rhythm import SubscriptionState


class SubscriptionOut(BaseModel):
    """How the hub of a source stands to us. Its secret and the address it calls are told to nobody."""

    model_config = {"from_attributes": True}

    source_id: UUID
    hub: str
    topic: str
    state: SubscriptionState
    verified_at: datetime | None
    lease_ends_at: datetime | None
    pushed_at: datetime | None
    missed: int = Field(description="polls in a row that found news which the hub had not told")
    last_error: str | None
