"""Following a report at /gui-phan-anh/theo-doi: how far it is, and what only its sender may do.

Every step asks for the code again, in the body of a POST: nothing is remembered between two pages.
"""

import json
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from libs.common.auth import ClockDep, public
from libs.common.db import DatabaseDep
from libs.common.errors import Problem
from libs.common.models import DataRequest
from libs.common.models.feedback import DataRequestKind, DataRequestState
from libs.common.web import vn_time
from services.ingest.feedback import data_requests, intake, sender_queries
from services.ingest.feedback.doorkeeping import DoorsDep, peer_of
from services.ingest.feedback.form import Follow, read_follow, text_of
from services.ingest.feedback.intake import CaseStatusView
from services.ingest.feedback.open311 import DeskDep
from services.ingest.feedback.showing import HERE, FieldsDep, PageRoute, StageDep
from services.ingest.feedback.wording import STATES

READ = ["GET", "HEAD"]
MOST_REASON = 1000
_KINDS = {DataRequestKind.ACCESS: "Xem dữ liệu", DataRequestKind.ERASURE: "Xóa dữ liệu"}
_REQUESTS = {
    DataRequestState.OPEN: "đang chờ trả lời",
    DataRequestState.FULFILLED: "đã thực hiện",
    DataRequestState.REFUSED: "không thực hiện được",
}
router = APIRouter(prefix=f"{HERE}/theo-doi", include_in_schema=False, dependencies=[public()], route_class=PageRoute)


@dataclass(frozen=True)
class FollowDesk:
    """One step of a sender: their fields, and what it takes to let them in and answer."""

    request: Request
    stage: StageDep
    database: DatabaseDep
    desk: DeskDep
    doors: DoorsDep
    clock: ClockDep

    def ask(self, follow: Follow, status: int = 200, *, wait: int | None = None) -> Response:
        return self.stage.show("feedback_follow.html", status, retry_after=wait, follow=replace(follow, code=""))

    async def admit(self, follow: Follow) -> UUID | Response:
        """The sender's case, or the page that asks once more."""
        if follow.errors:
            return self.ask(follow, 422)
        if wait := self.doors.looking.take(peer_of(self.request), self.clock.now()):
            text = "Có quá nhiều lượt xem từ mạng của bạn. Xin thử lại sau ít phút."
            return self.ask(replace(follow, errors={"form": text}), 429, wait=wait)
        try:
            return await intake.admit(self.database, self.desk, follow.reference, follow.code, now=self.clock.now())
        except Problem as refused:
            told = replace(follow, errors={"form": refused.detail or refused.title_vi})
            return self.ask(told, refused.status, wait=refused.retry_after)

    async def show(
        self, case_id: UUID, follow: Follow, *, done: str = "", wrong: str = "", reason: str = ""
    ) -> Response:
        async with self.database.transaction() as session:
            view = await intake.full_status(session, self.desk, case_id, now=self.clock.now())
            requests = await sender_queries.data_requests_of(session, case_id)
        service = self.desk.catalogue.get(view.service_code)
        return self.stage.show(
            "feedback_status.html",
            422 if wrong else 200,
            view=view,
            code=follow.code,
            state=STATES[view.state],
            service=service.name if service else "Phản ánh",
            steps=_steps(view),
            requests=[_request(one) for one in requests],
            is_granted=any(_is_granted(one) for one in requests),
            done=done,
            wrong=wrong,
            reason=reason,
        )


FollowDeskDep = Annotated[FollowDesk, Depends()]


def _steps(view: CaseStatusView) -> list[dict[str, object]]:
    return [{"at": one.at, "state": STATES[one.state], "note": one.note} for one in view.updates or ()]


def _is_granted(request: DataRequest) -> bool:
    return request.kind == DataRequestKind.ACCESS and request.state == DataRequestState.FULFILLED


def _request(request: DataRequest) -> dict[str, object]:
    kind, state = _KINDS[DataRequestKind(request.kind)], DataRequestState(request.state)
    return {"kind": kind, "state": _REQUESTS[state], "due_at": request.due_at, "reason": request.reason,
            "is_open": state is DataRequestState.OPEN}  # fmt: skip


@router.api_route("", methods=READ)
async def ask_page(follows: FollowDeskDep) -> Response:
    return follows.ask(Follow())


@router.post("")
async def status_page(follows: FollowDeskDep, fields: FieldsDep) -> Response:
    follow = read_follow(fields)
    admitted = await follows.admit(follow)
    return await follows.show(admitted, follow) if isinstance(admitted, UUID) else admitted


@router.post("/giai-quyet")
async def say_solved(follows: FollowDeskDep, fields: FieldsDep) -> Response:
    follow = read_follow(fields)
    admitted = await follows.admit(follow)
    if not isinstance(admitted, UUID):
        return admitted
    solved = fields.get("solved") == "yes"
    try:
        async with follows.database.transaction() as session:
            await intake.confirm_solved(session, follows.desk, admitted, solved, now=follows.clock.now())
    except Problem as refused:
        return await follows.show(admitted, follow, wrong=refused.detail or refused.title_vi)
    thanks = "Cảm ơn bạn đã xác nhận việc đã được giải quyết."
    sorry = "Đã ghi nhận là chưa được giải quyết. Bạn có thể mở lại phản ánh ở phần dưới."
    return await follows.show(admitted, follow, done=thanks if solved else sorry)


@router.post("/mo-lai")
async def reopen(follows: FollowDeskDep, fields: FieldsDep) -> Response:
    follow, reason = read_follow(fields), text_of(fields.get("reason", ""))
    admitted = await follows.admit(follow)
    if not isinstance(admitted, UUID):
        return admitted
    if not reason or len(reason) > MOST_REASON:
        text = "Xin viết vì sao cần mở lại, tối đa 1.000 ký tự."
        return await follows.show(admitted, follow, wrong=text, reason=reason)
    try:
        async with follows.database.transaction() as session:
            await intake.reopen(session, follows.desk, admitted, reason, now=follows.clock.now())
    except Problem as refused:
        return await follows.show(admitted, follow, wrong=refused.detail or refused.title_vi, reason=reason)
    return await follows.show(admitted, follow, done="Đã mở lại. Đơn vị xử lý sẽ xem lại việc này.")


@router.post("/du-lieu")
async def ask_for_data(follows: FollowDeskDep, fields: FieldsDep) -> Response:
    """A request to see or to erase what is held of the sender; `fetch` hands out what was granted."""
    follow = read_follow(fields)
    admitted = await follows.admit(follow)
    if not isinstance(admitted, UUID):
        return admitted
    if fields.get("kind") == "fetch":
        return await _hand_out(follows, admitted, follow)
    kind = next((one for one in DataRequestKind if one.value == fields.get("kind")), None)
    if kind is None:
        return await follows.show(admitted, follow, wrong="Xin chọn xem hoặc xóa dữ liệu.")
    async with follows.database.transaction() as session:
        made = await data_requests.request_data(session, follows.desk, admitted, kind, now=follows.clock.now())
        due_at = made.due_at
    done = f"Đã ghi nhận yêu cầu “{_KINDS[kind].lower()}”. Bạn được trả lời tại đây trước {vn_time(due_at)}."
    return await follows.show(admitted, follow, done=done)


async def _hand_out(follows: FollowDesk, case_id: UUID, follow: Follow) -> Response:
    try:
        async with follows.database.transaction() as session:
            held = await data_requests.fetch(session, follows.desk, case_id)
    except Problem as refused:
        return await follows.show(case_id, follow, wrong=refused.detail or refused.title_vi)
    body = json.dumps(held, ensure_ascii=False, indent=2, default=str).encode()
    headers = {
        "Content-Disposition": 'attachment; filename="du-lieu-cua-toi.json"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, 200, headers, "application/json; charset=utf-8")
