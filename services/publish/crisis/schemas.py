"""Bodies about playbooks, situations and drills."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, computed_field, model_validator

from libs.common.models.alerts import AlertSeverity
from libs.common.models.crisis import EntryKind, PlaybookTrigger, SituationState
from libs.common.models.enums import Field as PolicyField
from libs.common.models.enums import PublicationState, Role, TaskState
from libs.common.models.publish import DRILL_MARK
from services.publish.crisis.opening import PauseScope
from services.publish.filling import names_in
from services.publish.schemas import Body, ChannelIds, Name, Note, Reason, Row, Strict, Title

Placeholder = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Value = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class StepIn(Strict):
    """Whoever holds the role in the unit does it, within so many minutes of the opening."""

    title: Annotated[Title, StringConstraints(max_length=180)]
    role: Literal[Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN] = Role.EDITOR
    unit_id: UUID | None = Field(default=None, description="the playbook's unit where absent")
    minutes: int = Field(ge=1, le=10_080)


class PlaybookIn(Strict):
    name: Name
    trigger: PlaybookTrigger = PlaybookTrigger.MANUAL
    rule_id: UUID | None = Field(default=None, description="of an alert: raised by this rule")
    field: PolicyField | None = Field(default=None, description="of an alert: about this field")
    severity: AlertSeverity | None = Field(default=None, description="of an alert: at least so severe")
    statement_title: Title = Field(description="with placeholders {dia_diem}; {gio}, {ngay}, {don_vi} fill themselves")
    statement_body: Body
    urgent_reason: Reason
    speaking_unit_id: UUID | None = Field(default=None, description="whose spokesperson on duty speaks")
    approving_units: list[UUID] = Field(default_factory=list, max_length=20)
    channel_ids: ChannelIds = Field(default_factory=list)
    checklist: list[StepIn] = Field(default_factory=list, max_length=50)
    is_active: bool = True

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        asks = (self.rule_id, self.field, self.severity) != (None, None, None)
        if asks != (self.trigger is PlaybookTrigger.ALERT):
            raise ValueError("trigger = alert cần rule_id, field hoặc severity / alert needs one of them, manual none")
        return self


class PlaybookCreate(PlaybookIn):
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")


class PlaybookReplace(PlaybookIn):
    version: int = Field(description="the one you saw; a newer one is not overwritten")


class StepOut(BaseModel):
    title: str
    role: Role
    unit_id: UUID | None
    minutes: int


class PlaybookOut(Row):
    id: UUID
    unit_id: UUID
    name: str
    trigger: PlaybookTrigger
    rule_id: UUID | None
    field: PolicyField | None
    severity: AlertSeverity | None
    statement_title: str
    statement_body: str
    urgent_reason: str
    speaking_unit_id: UUID
    approving_units: list[UUID]
    channel_ids: list[UUID]
    checklist: list[StepOut]
    version: int
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @computed_field
    def placeholders(self) -> list[str]:
        return names_in(self.statement_title, self.statement_body)


class SuggestionOut(BaseModel):
    playbook_id: UUID
    playbook_name: str
    unit_id: UUID
    alert_id: UUID
    alert_title: str
    severity: AlertSeverity
    suggested_at: datetime


class SituationOpen(Strict):
    title: Title | None = Field(default=None, description="by default the alert's, or the playbook's name")
    values: dict[Placeholder, Value] = Field(default_factory=dict, max_length=50)
    is_drill: bool = False
    pause: PauseScope = Field(default=PauseScope.NONE, description="in the same action: stop what is scheduled")
    alert_id: UUID | None = None
    channel_ids: ChannelIds = Field(default_factory=list, description="instead of the playbook's")
    submit: bool = Field(default=False, description="ask for approval at once, where nothing is left to fill in")
    again: bool = Field(default=False, description="another one, though one of this playbook is open")


class Marked(Row):
    is_drill: bool

    @computed_field
    def badge(self) -> str | None:
        """What every screen shows beside it."""
        return DRILL_MARK if self.is_drill else None


class SituationOut(Marked):
    id: UUID
    unit_id: UUID
    playbook_id: UUID
    playbook_version: int
    title: str
    state: SituationState
    publication_id: UUID
    pause_id: UUID | None
    alert_id: UUID | None
    opened_by: UUID
    opened_at: datetime
    closed_by: UUID | None
    closed_at: datetime | None
    lesson: str | None


class SpeakerOut(BaseModel):
    model_config = {"from_attributes": True}

    person_id: UUID
    name: str
    until: datetime = Field(description="end of the shift")


class SituationStepOut(Marked):
    id: UUID
    title: str
    unit_id: UUID
    role: Role
    due_at: datetime
    state: TaskState
    done_by: UUID | None
    done_at: datetime | None


class MomentOut(Row):
    at: datetime
    kind: str
    what: str
    role: Role | None
    person_id: UUID | None
    object_id: UUID | None


class SituationDetail(SituationOut):
    speaking_unit_id: UUID
    speakers: list[SpeakerOut] = Field(description="spokespersons of that unit on duty now; may be nobody")
    statement_state: PublicationState
    missing: list[str] = Field(description="placeholders of the statement that are still empty")
    steps: list[SituationStepOut]
    timeline: list[MomentOut]


class EntryCreate(Strict):
    kind: Literal[EntryKind.NOTE, EntryKind.PUBLICATION, EntryKind.ALERT] = EntryKind.NOTE
    body: Note
    object_id: UUID | None = Field(default=None, description="the publication or alert that is linked")

    @model_validator(mode="after")
    def _links_something(self) -> Self:
        if (self.kind is EntryKind.NOTE) != (self.object_id is None):
            raise ValueError("object_id đi với publication, alert / object_id goes with publication and alert")
        return self


class EntryOut(Row):
    id: UUID
    situation_id: UUID
    kind: EntryKind
    body: str
    object_id: UUID | None
    role: Role
    done_by: UUID
    happened_at: datetime


class SituationClose(Strict):
    lesson: Annotated[Note, StringConstraints(min_length=10, max_length=4000)]


class ReportOut(Marked):
    """Minutes from the opening; null where the step has not happened. `source` names the tables they are from."""

    situation_id: UUID
    title: str
    as_of: datetime
    source: str
    opened_at: datetime
    submitted_minutes: float | None
    first_approval_minutes: float | None
    released_minutes: float | None
    first_delivered_minutes: float | None
    all_delivered_minutes: float | None
    channels: int
    channels_delivered: int
    steps: int
    steps_in_time: int
    steps_late: int
    steps_open: int
