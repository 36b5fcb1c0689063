"""Bodies of alerts and their rules; unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from libs.common.models.alerts import AlertGrouping, AlertKind, AlertSeverity, AlertState, AlertStepKind
from libs.common.models.enums import Role
from services.classify.alerts.conditions import Condition

Hour = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]


StaffRole = Literal[Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN]
"""Titles of contents are for the house: no integrator is told."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EscalationStep(Body):
    after_minutes: int = Field(ge=1, le=7 * 24 * 60)
    role: StaffRole


class RuleBody(Body):
    """What a rule waits for, and how its alerts are told. Its kind is the one of its condition."""

    name: Name
    condition: Condition
    severity: AlertSeverity = AlertSeverity.WARNING
    role: StaffRole = Role.EDITOR
    unit_id: UUID | None = None
    group_by: AlertGrouping = AlertGrouping.RULE
    group_minutes: int = Field(default=2, ge=0, le=1440)
    quiet_from: Hour | None = None
    quiet_to: Hour | None = None
    breaks_quiet: AlertSeverity = AlertSeverity.URGENT
    escalation: list[EscalationStep] = Field(default=[], max_length=5)
    is_enabled: bool = True
    is_public: bool = False
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _hours_and_steps(self) -> "RuleBody":
        if (self.quiet_from is None) != (self.quiet_to is None) or (
            self.quiet_from and self.quiet_from == self.quiet_to
        ):
            raise ValueError("quiet hours have a beginning and another end")
        after = [step.after_minutes for step in self.escalation]
        if after != sorted(set(after)):
            raise ValueError("each step of an escalation is later than the one before")
        return self


class RuleChange(RuleBody):
    version: int = Field(ge=1, description="the version that was read; another has been saved meanwhile: 409")


class MuteBody(Body):
    until: AwareDatetime
    reason: Reason


class NoteBody(Body):
    note: Note = ""


class RuleOut(Row):
    id: UUID
    slug: str | None
    name: str
    kind: AlertKind
    condition: dict[str, Any]
    severity: AlertSeverity
    role: Role
    unit_id: UUID | None
    group_by: AlertGrouping
    group_minutes: int
    quiet_from: str | None
    quiet_to: str | None
    breaks_quiet: AlertSeverity
    escalation: list[Any]
    mute_until: datetime | None
    mute_reason: str | None
    is_enabled: bool
    is_public: bool
    expires_at: datetime | None
    remembers_from: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class AlertOut(Row):
    id: UUID
    rule_id: UUID
    kind: AlertKind
    severity: AlertSeverity
    state: AlertState
    title: str
    why: dict[str, Any]
    field: str | None
    place: str | None
    story_id: UUID | None
    count: int
    first_at: datetime
    last_at: datetime
    raised_at: datetime
    ended_at: datetime | None
    is_muted: bool
    hold: str | None
    due_at: datetime | None
    told_at: datetime | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None


class StepOut(Row):
    kind: AlertStepKind
    done_by: UUID | None
    facts: dict[str, Any]
    happened_at: datetime


class AlertWithTimeline(AlertOut):
    rule_name: str
    timeline: list[StepOut]


class WouldRaise(Row):
    key: str
    at: datetime
    count: int


class PreviewOut(Row):
    """What a rule would have raised from `since`; `is_complete` is false where more was stored than was read."""

    since: datetime
    as_of: datetime
    total: int
    is_complete: bool
    alerts: list[WouldRaise]
