"""Request and response bodies of the register of programmes."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from libs.common.models import OrganizationUnit, Programme
from libs.common.models.enums import AssignmentState, ProgrammeState, SourceCompleteness
from services.reports.programmes.service import ProgrammeView


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class OwnerOut(Row):
    """An agency may have ended since: its last day says so."""

    code: str
    name: str
    valid_to: date | None


class ProgrammeOut(Row):
    id: UUID
    number: str
    title: str
    issued_on: date
    period_from: date
    period_to: date
    state: ProgrammeState
    is_fictional: bool
    source: str
    owner: OwnerOut | None = None


class AssignmentOut(Row):
    """What the source leaves out is null."""

    row_no: str
    section: str
    text: str | None
    lead: str | None
    partners: list[str]
    period: str | None
    state: AssignmentState
    source_state: SourceCompleteness
    is_overdue: bool = False


class ProgrammeDetail(ProgrammeOut):
    rows: list[AssignmentOut]

    @classmethod
    def of(cls, view: ProgrammeView) -> "ProgrammeDetail":
        rows = [AssignmentOut.model_validate(row).model_copy(update={"is_overdue": late}) for row, late in view.rows]
        head = programme_out(view.programme, view.owner)
        return cls(**head.model_dump(exclude={"owner"}), owner=head.owner, rows=rows)


def programme_out(programme: Programme, owner: OrganizationUnit | None) -> ProgrammeOut:
    head = ProgrammeOut.model_validate(programme)
    return head.model_copy(update={"owner": OwnerOut.model_validate(owner) if owner else None})
