"""Bodies of the doors of transfers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.models.transfers import TransferState
from services.ingest.schemas import Row


class ServerOut(BaseModel):
    """A server that cases may be passed on to."""

    name: str
    agency: str


class TransferCreate(BaseModel):
    server: Annotated[str, Field(min_length=1, max_length=40)]


class TransferDecision(BaseModel):
    """What a person found there: the id under which it stands, or none where it never arrived."""

    remote_id: Annotated[str, Field(min_length=1, max_length=100)] | None


class TransferOut(Row):
    id: UUID
    case_id: UUID
    server: str
    service_code: str
    state: TransferState
    requested_by: UUID
    requested_at: datetime
    armed_at: datetime | None
    remote_id: str | None
    looks: int
    due_at: datetime
    trouble: str | None
    updated_at: datetime
