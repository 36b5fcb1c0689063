"""Request and response bodies of the register of programmes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from libs.common.models import Assignment, OrganizationUnit, Programme
from libs.common.models.enums import AssignmentState, ProgrammeState, SourceCompleteness
from libs.common.models.programmes import EvidenceKind, Recurrence
from libs.common.programme_evidence import EvidenceRule, Rules
from libs.common.text import nfc
from libs.common.units import How
from libs.common.web import Site
from services.reports.programmes.evidence_queries import Evidence
from services.reports.programmes.progress import ProgressTable
from services.reports.programmes.views import ProgrammeView, RowView

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(nfc)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000), AfterValidator(nfc)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]{3,2000}$", max_length=2048)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AfterValidator(nfc)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


# --- asked --------------------------------------------------------------------------------------------------


class StateMove(Strict):
    state: ProgrammeState


class RulesIn(Strict):
    evidence: Rules = Field(description="the row's rules from now on; none: nothing links itself")


class ProgressIn(Strict):
    state: AssignmentState
    percent: int | None = Field(default=None, ge=0, le=100, description="100 where it is done; may stay unknown")
    note: Words = Field(description="what was done, and what is in the way")
    version: int | None = Field(default=None, ge=0, description="the newest one that was seen; another is a conflict")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        whole = self.percent == 100
        if self.percent is not None and whole != (self.state is AssignmentState.DONE):
            raise ValueError("100 % là đã xong, và đã xong là 100 %")
        if self.state is AssignmentState.OPEN and self.percent:
            raise ValueError("chưa bắt đầu thì chưa có phần trăm")
        return self


class EvidenceIn(Strict):
    """An object of this system by `kind` and `object_id`; or `kind: link` with an address, its title and day."""

    kind: EvidenceKind
    is_linked: bool = Field(default=True, description="false takes it off the row")
    reason: Reason
    object_id: UUID | None = None
    title: Title | None = None
    url: Address | None = None
    happened_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        told = (self.title, self.url, self.happened_at)
        if self.kind is EvidenceKind.LINK and self.is_linked:
            if self.object_id is not None or None in told:
                raise ValueError("một liên kết cần url, title, happened_at và không có object_id")
        elif self.object_id is None or any(part is not None for part in told):
            raise ValueError("cần object_id, và chỉ object_id")
        return self


# --- told ---------------------------------------------------------------------------------------------------


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


class UnitNamed(Row):
    """A unit that a name of the annex means today."""

    code: str
    name: str
    how: How
    note: str = Field(description="what it follows, where it is a successor")


class AssignmentOut(Row):
    """What the source leaves out is null."""

    id: UUID
    row_no: str
    section: str
    text: str | None
    lead: str | None
    lead_units: list[UnitNamed] = Field(default=[], description="today; empty: not known, and the owner answers for it")
    partners: list[str]
    partner_units: list[UnitNamed] = Field(default=[], description="those of the partners that are known units today")
    period: str | None
    starts_on: date | None
    due_on: date = Field(description="the day that counts now; the programme's last where the words give none")
    every: Recurrence | None
    state: AssignmentState
    percent: int | None
    source_state: SourceCompleteness
    is_overdue: bool = False
    is_withdrawn: bool = Field(default=False, description="a later file no longer has it")
    reported_at: datetime | None = Field(default=None, description="of the newest word of its lead unit")
    evidence: list[EvidenceRule] = Field(description="the rules by which evidence links itself")

    @classmethod
    def of(cls, view: RowView) -> "AssignmentOut":
        row: Assignment = view.row
        kept = ["id", "row_no", "section", "text", "lead", "partners", "period", "starts_on", "every"]
        kept += ["state", "percent", "source_state", "evidence"]
        return cls(
            **{name: getattr(row, name) for name in kept},
            lead_units=[UnitNamed.model_validate(unit) for unit in view.leads],
            partner_units=[UnitNamed.model_validate(unit) for unit in view.partners],
            due_on=view.standing.due_on,
            is_overdue=view.standing.is_overdue,
            is_withdrawn=row.withdrawn_at is not None,
            reported_at=view.latest.reported_at if view.latest else None,
        )


class ProgrammeDetail(ProgrammeOut):
    rows: list[AssignmentOut]

    @classmethod
    def of(cls, view: ProgrammeView) -> "ProgrammeDetail":
        head = programme_out(view.programme, view.owner)
        rows = [AssignmentOut.of(row) for row in view.rows]
        return cls(**head.model_dump(exclude={"owner"}), owner=head.owner, rows=rows)


def programme_out(programme: Programme, owner: OrganizationUnit | None) -> ProgrammeOut:
    head = ProgrammeOut.model_validate(programme)
    return head.model_copy(update={"owner": OwnerOut.model_validate(owner) if owner else None})


class ProgressOut(Row):
    """One word of the history; only the newest counts."""

    version: int
    state: AssignmentState
    percent: int | None
    note: str
    reported_by: UUID = Field(description="an official's id")
    reported_at: datetime


class EvidenceOut(Row):
    """`url`: where it can be seen, where it is public; `reason`: why a person linked it, null where a rule did."""

    kind: EvidenceKind
    object_id: UUID
    title: str
    happened_at: datetime
    url: str | None
    reason: str | None

    @classmethod
    def told(cls, found: Sequence[Evidence], site: Site) -> list["EvidenceOut"]:
        return [
            cls(
                kind=EvidenceKind(each.kind),
                object_id=each.object_id,
                title=each.title,
                happened_at=each.happened_at,
                url=each.url or (site.url(each.path) if each.path else None),
                reason=each.reason,
            )
            for each in found
        ]


class ChoiceOut(Row):
    kind: EvidenceKind
    object_id: UUID
    is_linked: bool
    title: str
    url: str | None
    happened_at: datetime
    reason: str
    chosen_by: UUID
    chosen_at: datetime


class CountsOut(Row):
    rows: int
    done: int
    in_progress: int
    open: int
    overdue: int
    incomplete: int = Field(description="rows that the source does not give whole; among the others")


class ProgressRowOut(AssignmentOut):
    note: str | None = Field(default=None, description="the newest word of its lead unit")
    evidence_count: int = 0
    newest_evidence: list[EvidenceOut] = []


class ProgressTableOut(BaseModel):
    """The annex's own table with how far each row is."""

    as_of: datetime
    source: str = "assignments, assignment_progress, evidence_choices; minh chứng theo quy tắc của từng dòng"
    programme: ProgrammeOut
    counts: CountsOut
    rows: list[ProgressRowOut]

    @classmethod
    def told(cls, table: ProgressTable, site: Site) -> "ProgressTableOut":
        rows = [
            ProgressRowOut(
                **AssignmentOut.of(row.view).model_dump(),
                note=row.view.latest.note if row.view.latest else None,
                evidence_count=row.evidence_count,
                newest_evidence=EvidenceOut.told(row.newest, site),
            )
            for row in table.rows
        ]
        head = programme_out(table.programme, table.owner)
        return cls(as_of=table.as_of, programme=head, counts=CountsOut.model_validate(table.counts), rows=rows)
