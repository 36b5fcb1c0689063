"""Routes of alerts and their rules."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.alerts import AlertKind, AlertSeverity, AlertState
from libs.common.models.enums import Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.classify.alerts import keep_queries, keeping
from services.classify.alerts.conditions import read_condition
from services.classify.alerts.preview import preview
from services.classify.alerts.problems import (
    AlertAboutAPerson,
    AlertAlreadySettled,
    AlertMuteTooLong,
    AlertNotForOutsiders,
    AlertNotFound,
    AlertRuleChanged,
    AlertRuleInUse,
    AlertRuleNotFound,
    AlertUnitUnknown,
)
from services.classify.alerts.schemas import (
    AlertOut,
    AlertWithTimeline,
    MuteBody,
    NoteBody,
    PreviewOut,
    RuleBody,
    RuleChange,
    RuleOut,
    StepOut,
)

router = APIRouter(prefix="/api/classify/v1", tags=["alerts"], responses=problems(Unauthenticated, Forbidden))

STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
StaffDep = Annotated[Principal, require(*STAFF)]
# Whoever is on duty takes care of an alert; what raises one is for the few who answer for it.
DutyDep = Annotated[
    Principal, require(Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
]
KeeperDep = Annotated[Principal, require(Role.SPOKESPERSON, Role.ADMIN)]

_TESTED = (AlertAboutAPerson, AlertNotForOutsiders)
_BODY = (*_TESTED, AlertUnitUnknown)


# --- rules ---------------------------------------------------------------------------------------------------


@router.get("/alert-rules")
async def list_alert_rules(page: PageDep, session: SessionDep, _: StaffDep) -> Page[RuleOut]:
    rows = await keep_queries.list_rules(session, page)
    return Page[RuleOut].model_validate(page_of(rows, page.limit, lambda row: Cursor(None, row.id)))


@router.post("/alert-rules", status_code=201, responses=problems(*_BODY))
async def create_alert_rule(body: RuleBody, session: SessionDep, who: KeeperDep, clock: ClockDep) -> RuleOut:
    return RuleOut.model_validate(await keeping.create_rule(session, body, by=who.person_id, now=clock.now()))


@router.post("/alert-rules/test", responses=problems(*_TESTED))
async def try_new_alert_rule(body: RuleBody, session: SessionDep, _: KeeperDep, clock: ClockDep) -> PreviewOut:
    """What this rule would have raised over the last seven days; nothing is kept."""
    keeping.check(body)
    return PreviewOut.model_validate(await preview(session, body.condition, clock.now()))


@router.get("/alert-rules/{rule_id}", responses=problems(AlertRuleNotFound))
async def get_alert_rule(rule_id: UUID, session: SessionDep, _: StaffDep) -> RuleOut:
    return RuleOut.model_validate(await _rule(session, rule_id))


@router.post("/alert-rules/{rule_id}/test", responses=problems(AlertRuleNotFound))
async def try_alert_rule(rule_id: UUID, session: SessionDep, _: StaffDep, clock: ClockDep) -> PreviewOut:
    condition = read_condition((await _rule(session, rule_id)).condition)
    return PreviewOut.model_validate(await preview(session, condition, clock.now()))


@router.put("/alert-rules/{rule_id}", responses=problems(AlertRuleNotFound, AlertRuleChanged, *_BODY))
async def change_alert_rule(
    rule_id: UUID, body: RuleChange, session: SessionDep, who: KeeperDep, clock: ClockDep
) -> RuleOut:
    by, now = who.person_id, clock.now()
    return RuleOut.model_validate(await keeping.change_rule(session, rule_id, body, body.version, by=by, now=now))


@router.delete(
    "/alert-rules/{rule_id}",
    status_code=204,
    responses=problems(AlertRuleNotFound, AlertRuleChanged, AlertRuleInUse),
)
async def remove_alert_rule(
    rule_id: UUID, version: Annotated[int, Query(ge=1)], session: SessionDep, who: KeeperDep, clock: ClockDep
) -> None:
    await keeping.remove_rule(session, rule_id, version, by=who.person_id, now=clock.now())


@router.post("/alert-rules/{rule_id}/mute", responses=problems(AlertRuleNotFound, AlertMuteTooLong))
async def mute_alert_rule(
    rule_id: UUID, body: MuteBody, session: SessionDep, who: KeeperDep, clock: ClockDep
) -> RuleOut:
    by, now = who.person_id, clock.now()
    return RuleOut.model_validate(await keeping.mute_rule(session, rule_id, body.until, body.reason, by=by, now=now))


@router.post("/alert-rules/{rule_id}/unmute", responses=problems(AlertRuleNotFound))
async def unmute_alert_rule(rule_id: UUID, session: SessionDep, who: KeeperDep, clock: ClockDep) -> RuleOut:
    return RuleOut.model_validate(await keeping.unmute_rule(session, rule_id, by=who.person_id, now=clock.now()))


async def _rule(session: SessionDep, rule_id: UUID) -> m.AlertRule:
    rule = await keep_queries.get_rule(session, rule_id)
    if rule is None:
        raise AlertRuleNotFound(f"Không có quy tắc {rule_id}.")
    return rule


# --- alerts --------------------------------------------------------------------------------------------------


@router.get("/alerts")
async def list_alerts(
    page: PageDep,
    session: SessionDep,
    _: StaffDep,
    state: AlertState | None = None,
    kind: AlertKind | None = None,
    severity: AlertSeverity | None = None,
    rule_id: UUID | None = None,
) -> Page[AlertOut]:
    """Newest first."""
    wanted = keep_queries.AlertFilter(state, kind, severity, rule_id)
    rows = await keep_queries.list_alerts(session, wanted, page)
    return Page[AlertOut].model_validate(page_of(rows, page.limit, lambda row: Cursor(None, row.id)))


@router.get("/alerts/{alert_id}", responses=problems(AlertNotFound))
async def get_alert(alert_id: UUID, session: SessionDep, _: StaffDep) -> AlertWithTimeline:
    alert = await keep_queries.get_alert(session, alert_id)
    if alert is None:
        raise AlertNotFound(f"Không có cảnh báo {alert_id}.")
    rule = await _rule(session, alert.rule_id)
    timeline = [StepOut.model_validate(one) for one in await keep_queries.list_steps(session, alert_id)]
    return AlertWithTimeline(**AlertOut.model_validate(alert).model_dump(), rule_name=rule.name, timeline=timeline)


@router.post("/alerts/{alert_id}/acknowledge", responses=problems(AlertNotFound, AlertAlreadySettled))
async def acknowledge_alert(
    alert_id: UUID, body: NoteBody, session: SessionDep, who: DutyDep, clock: ClockDep
) -> AlertOut:
    by, now = who.person_id, clock.now()
    return AlertOut.model_validate(await keeping.acknowledge(session, alert_id, body.note, by=by, now=now))


@router.post("/alerts/{alert_id}/resolve", responses=problems(AlertNotFound, AlertAlreadySettled))
async def resolve_alert(alert_id: UUID, body: NoteBody, session: SessionDep, who: DutyDep, clock: ClockDep) -> AlertOut:
    by, now = who.person_id, clock.now()
    return AlertOut.model_validate(await keeping.resolve(session, alert_id, body.note, by=by, now=now))
