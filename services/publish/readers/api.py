"""Routes of readers' mail for staff: totals, the next issue as it would be sent, and what became of earlier ones."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Problem, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import queries as channels
from services.publish.api import Res
from services.publish.problems import ChannelNotFound
from services.publish.readers import issues, letters, queries, rules
from services.publish.readers.letters import Sender
from services.publish.readers.schemas import DigestOut, IssueOut, PreviewOut, ReadersOut
from services.publish.service.publications import SEES

router = APIRouter(
    prefix="/api/publish/v1/channels/{channel_id}/digest",
    tags=["readers"],
    responses=problems(Unauthenticated, Forbidden, ChannelNotFound),
)
Reader = Annotated[Principal, require(*SEES)]
MOST_COUNTED = 100
NO_KEY = "Chưa khai báo khóa của bạn đọc (LANTOA_PUBLISH__READERS__KEY)"
NO_SERVER = "Chưa có máy chủ thư (LANTOA_MAIL__HOST)"
NO_SIGNATURE = "Chưa có khóa DKIM (LANTOA_PUBLISH__READERS__DKIM_KEY_FILE)"


class NothingWaits(Problem):
    status = 404
    title_vi = "Chưa có tin nào chờ vào số kế tiếp"
    title_en = "Nothing waits for the next issue"


@router.get("", response_model=DigestOut)
async def read_digest(channel_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> DigestOut:
    channel = await _channel(session, channel_id, who)
    return DigestOut(
        channel_id=channel.id,
        list=channel.settings["list"],
        readers=ReadersOut(**await queries.counts(session, channel.id)),
        waiting=len(await queries.waiting(session, channel.id, MOST_COUNTED)),
        next_at=rules.Timetable.of(channel.settings).next(clock.now()),
        not_sending=_why_not(res.sender),
        as_of=clock.now(),
    )


@router.get("/next", response_model=PreviewOut, responses=problems(NothingWaits))
async def preview_next(channel_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> PreviewOut:
    """By the code that writes the letters; the link for leaving is none, because it has no reader."""
    channel = await _channel(session, channel_id, who)
    found = await queries.waiting(session, channel.id, rules.MOST_ITEMS)
    if not found or res.sender is None:
        raise NothingWaits("Tin vào số kế tiếp sau khi được đăng trên kênh này.")
    rows = [{"delivery_id": one.delivery_id, "kind": one.kind, "payload": one.payload} for one in found]
    number = await queries.next_number(session, channel.id)
    draft = m.Digest(channel_id=channel.id, number=number, is_urgent=False, closed_at=clock.now())
    issue = issues.issue_of(channel, draft, rows)
    nobody = res.site.url("/nhan-tin/thoi/…")
    return PreviewOut(
        number=number,
        subject=issue.subject,
        text=letters.text_of(issue, res.sender, nobody),
        html=letters.html_of(issue, res.sender, nobody),
        items=list(issue.items),
    )


@router.get("/issues", response_model=Page[IssueOut])
async def list_issues(channel_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Page[IssueOut]:
    channel = await _channel(session, channel_id, who)
    before = page.after.key if page.after is not None else None
    found = await queries.list_digests(session, channel.id, page.limit + 1, before if isinstance(before, int) else None)
    counted = await queries.totals(session, [digest.id for digest in found])
    shown = page_of(found, page.limit, lambda digest: Cursor(digest.number, digest.id))
    rows = [_issue(digest, counted.get(digest.id, {})) for digest in shown["items"]]
    return Page[IssueOut](items=rows, next_cursor=shown["next_cursor"])


def _issue(digest: m.Digest, counted: dict[str, int]) -> IssueOut:
    told = {name: getattr(digest, name) for name in ("id", "number", "is_urgent", "closed_at", "finished_at")}
    return IssueOut(**told, letters=counted)


async def _channel(session: SessionDep, channel_id: UUID, who: Principal) -> m.Channel:
    channel = await channels.get_channel(session, channel_id)
    if channel is None or channel.kind != "email" or channel.unit_id not in who.units(*SEES):
        raise ChannelNotFound(f"Không có bản tin thư {channel_id} trong đơn vị của bạn.")
    return channel


def _why_not(sender: Sender | None) -> str | None:
    if sender is None:
        return NO_KEY
    if not sender.mail.host:
        return NO_SERVER
    return None if sender.may_send else NO_SIGNATURE
