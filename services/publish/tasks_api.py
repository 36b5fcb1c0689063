"""Routes of what waits for a person: approvals, notifications, tasks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require, require_first
from libs.common.db import DatabaseDep, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role, TaskState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import approval_queries, queries
from services.publish import desk_problems as hard
from services.publish import problems as wrong
from services.publish.api import Reader, Res
from services.publish.desk_schemas import ApprovalStatusOut, CardOut, NotificationOut, TaskDone, TaskOut
from services.publish.service import approvals, by_hand, finishing, publications

router = APIRouter(prefix="/api/publish/v1", tags=["publish"], responses=problems(Unauthenticated, Forbidden))
Doer = Annotated[Principal, require_first(Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)]
Staff = Annotated[Principal, require(*publications.SEES)]


@router.get(
    "/publications/{publication_id}/approval",
    response_model=ApprovalStatusOut,
    responses=problems(wrong.PublicationNotFound),
)
async def read_approval(
    publication_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res
) -> approvals.ApprovalStatus:
    """Who has agreed, who is still missing and could agree now, and when those above are told."""
    return await approvals.read_approval(session, publication_id, who, clock.now(), res)


@router.get("/notifications", response_model=Page[NotificationOut])
async def list_notifications(session: SessionDep, who: Staff, page: PageDep) -> Any:
    """For the roles one holds, in the units in which one holds them; newest first."""
    rows = await approval_queries.list_notifications(session, page, who.grants, who.person_id)
    return page_of(rows, page.limit, _by_id)


@router.get("/tasks", response_model=Page[TaskOut])
async def list_tasks(
    session: SessionDep, who: Reader, page: PageDep, state: Annotated[TaskState | None, Query()] = None
) -> Any:
    rows = await queries.list_tasks(session, page, who.units(*publications.SEES), state)
    return page_of(rows, page.limit, _by_id)


@router.get("/tasks/{task_id}/card", response_model=CardOut, responses=problems(wrong.TaskNotFound, hard.NoCard))
async def read_card(task_id: UUID, session: SessionDep, who: Reader, res: Res) -> by_hand.Card:
    """Of a task `post_by_hand`: the text to copy, its pictures, and the steps."""
    return await by_hand.read_card(session, task_id, who, res)


@router.post(
    "/tasks/{task_id}/done",
    response_model=TaskOut,
    responses=problems(
        wrong.TaskNotFound,
        wrong.TaskEvidenceNeeded,
        wrong.StateConflict,
        hard.TaskAlreadyDone,
        hard.OutcomeNotPossible,
        hard.StillOnPlatform,
        hard.AlreadyOnPlatform,
        hard.ChannelNotConnected,
    ),
)
async def finish_task(
    task_id: UUID, body: TaskDone, database: DatabaseDep, who: Doer, clock: ClockDep, res: Res
) -> m.Task:
    """The platform is asked first, where it lets us see; only then the outcome is recorded."""
    seen = await finishing.look(database, task_id, body.outcome, who, clock.now(), res)
    async with database.transaction() as session:
        return await finishing.finish_task(session, task_id, body.outcome, body.evidence_url, seen, who, clock.now())


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
