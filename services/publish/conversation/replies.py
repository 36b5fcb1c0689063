"""A reply to one comment, as the page, by one officer: prepared → armed → committed → confirmed.

Guarantee: it leaves at most once. What was armed and not heard of is looked for on the platform and never sent again;
what looking does not tell a person says. The database holds the steps too (0021_rules.sql, guard_reply).
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.conversation import ReplyState
from services.publish import domain
from services.publish import queries as publish_queries
from services.publish.adapters import CHANNELS
from services.publish.adapters.answering import AnswersComments
from services.publish.adapters.base import (
    Accepted,
    AuthRequired,
    ByHand,
    Outcome,
    Published,
    Reason,
    Rejected,
    Said,
    Throttled,
    Unknown,
)
from services.publish.conversation import problems as wrong
from services.publish.conversation import queries, rules, templates
from services.publish.conversation.queries import ANSWERS
from services.publish.conversation.service import record, require_comment, require_free
from services.publish.hearing import queries as hearing_queries
from services.publish.hearing.service import Word, ear_of, store
from services.publish.resources import PublishResources
from services.publish.service import limiting
from services.publish.service.tasks import open_channel_task, open_publication_task

R = ReplyState
UNCLEAR = "reply_unclear"
LATER = timedelta(minutes=15)
SOON = timedelta(minutes=1)


async def write_reply(
    session: AsyncSession,
    comment_id: UUID,
    body: str | None,
    template_id: UUID | None,
    values: dict[str, str],
    who: Principal,
    now: datetime,
) -> m.CommentReply:
    """The worker sends it; until then it may be cancelled."""
    comment = await require_comment(session, comment_id, who.units(*ANSWERS))
    await _require_answerable(session, comment, now)
    await require_free(session, comment_id, who, now)
    made = await templates.words(session, comment, body, template_id, values, who)
    reply = m.CommentReply(
        id=new_id(now),
        comment_id=comment_id,
        body=made.body,
        template_id=made.template_id,
        template_version=made.version,
        replied_by=who.person_id,
        state=R.PREPARED,
        created_at=now,
        updated_at=now,
        not_before=now,
    )
    try:
        async with session.begin_nested():
            session.add(reply)
    except IntegrityError as error:
        if "uq_comment_replies_open" not in str(error.orig):
            raise
        raise wrong.ReplyUnderWay("Hãy đợi câu trước gửi xong, hoặc hủy nó khi còn chờ gửi.") from None
    await record(session, "comment.reply_written", comment_id, who, now, {"reply": str(reply.id)})
    return reply


async def _require_answerable(session: AsyncSession, comment: m.Comment, now: datetime) -> None:
    channel = await publish_queries.get_channel(session, comment.channel_id)
    assert channel is not None
    if not issubclass(CHANNELS.get(channel.kind), AnswersComments):
        raise wrong.NotAnswerable("Kênh này chưa trả lời được từ đây; hãy mở bài trên nền tảng và trả lời ở đó.")
    known = await queries.address_of(session, comment.id)
    why = _why_not(comment, known, now)
    if why is not None:
        raise wrong.NotAnswerable(why)


def _why_not(comment: m.Comment, known: m.ReplyAddress | None, now: datetime) -> str | None:
    ends_at, is_message = known.expires_at if known else None, comment.delivery_id is None
    return rules.why_no_reply(comment.is_ours, comment.state, ends_at, now, is_message=is_message)


async def cancel_reply(session: AsyncSession, reply_id: UUID, who: Principal, now: datetime) -> m.CommentReply:
    reply = await _require_reply(session, reply_id, who)
    if reply.state != R.PREPARED:
        raise wrong.ReplyNotWaiting(f"Trạng thái hiện nay: {reply.state}.")
    reply.state, reply.updated_at = R.CANCELLED, now
    await record(session, "comment.reply_cancelled", reply.comment_id, who, now, {"reply": str(reply.id)})
    return reply


async def tell(
    session: AsyncSession, reply_id: UUID, who: Principal, now: datetime, *, is_posted: bool
) -> m.CommentReply:
    """What a person saw on the platform, where looking by machine did not tell."""
    reply = await _require_reply(session, reply_id, who)
    if reply.state != R.MANUAL:
        raise wrong.NothingToTell(f"Trạng thái hiện nay: {reply.state}.")
    reply.state, reply.told_by, reply.updated_at = (R.CONFIRMED if is_posted else R.REJECTED), who.person_id, now
    reply.confirmed_at, reply.error = (now, None) if is_posted else (None, "Cán bộ xem: câu trả lời không có ở đó.")
    await session.flush()
    publication = await queries.publication_of(session, reply.comment_id)
    comment = await session.get_one(m.Comment, reply.comment_id)
    of = publication.id if publication else None
    await queries.close_unclear(session, comment.channel_id, of, UNCLEAR, who.person_id, now)
    facts = {"reply": str(reply.id), "is_posted": is_posted}
    await record(session, "comment.reply_told", reply.comment_id, who, now, facts)
    return reply


async def _require_reply(session: AsyncSession, reply_id: UUID, who: Principal) -> m.CommentReply:
    reply = await queries.lock_reply(session, reply_id)
    if reply is None:
        raise wrong.ReplyNotFound(f"Không có câu trả lời {reply_id}.")
    await require_comment(session, reply.comment_id, who.units(*ANSWERS))
    return reply


async def list_replies(session: AsyncSession, comment_id: UUID, units: set[UUID]) -> list[m.CommentReply]:
    await require_comment(session, comment_id, units)
    return list(await queries.replies_of(session, comment_id))


# --- the worker's steps, each a transaction of its own ---


async def target_of(session: AsyncSession, comment_id: UUID, res: PublishResources) -> str | None:
    """The platform's id of the comment, while it is kept."""
    address = await queries.address_of(session, comment_id)
    if address is None or res.vault is None:
        return None
    return str(res.vault.open(comment_id, address.ciphertext)["identifier"])


async def arm(session: AsyncSession, reply_id: UUID, now: datetime) -> bool:
    """Record that it is about to be sent; False where it may not be any more, or not yet."""
    reply = await queries.lock_reply(session, reply_id)
    if reply is None or reply.state != R.PREPARED:
        return False
    comment = await session.get_one(m.Comment, reply.comment_id, populate_existing=True)
    known = await queries.address_of(session, comment.id)
    why = _why_not(comment, known, now)
    if why is not None:
        reply.state, reply.error, reply.updated_at = R.REJECTED, why, now
        return False
    if await queries.is_paused(session, comment.id):
        reply.not_before, reply.error, reply.updated_at = now + SOON, "Đơn vị đang tạm dừng đăng tin.", now
        return False
    reply.state, reply.armed_at, reply.updated_at, reply.error = R.ARMED, now, now, None
    reply.not_before, reply.looks = now + domain.STEP_LEASE, 0
    return True


async def put_off(session: AsyncSession, reply_id: UUID, until: datetime, why: str, now: datetime) -> None:
    """Certainly not sent, and not to be sent before then."""
    reply = await queries.lock_reply(session, reply_id)
    if reply is not None and reply.state in (R.PREPARED, R.ARMED):
        reply.state, reply.not_before, reply.error, reply.updated_at = R.PREPARED, until, why, now


async def record_outcome(
    session: AsyncSession, reply_id: UUID, outcome: Outcome, channel: m.Channel, now: datetime
) -> None:
    """What the platform answered; of one that was looked for meanwhile it changes nothing."""
    reply = await queries.lock_reply(session, reply_id)
    if reply is None or reply.state != R.ARMED:
        return
    reply.updated_at = now
    match outcome:
        case Published(id=platform_id):
            reply.state, reply.platform_id, reply.not_before = R.COMMITTED, platform_id, now
        case Accepted() | Unknown():
            reply.state, reply.not_before = R.UNKNOWN, now + rules.LOOKS[0]
            reply.error = "Không rõ nền tảng đã nhận câu trả lời hay chưa, đang xem lại."
        case Throttled(until):
            await limiting.block(session, channel.id, until, now)
            await put_off(session, reply_id, until, "Nền tảng yêu cầu chờ.", now)
        case AuthRequired(reason):
            await put_off(session, reply_id, now + LATER, reason.vi, now)
            await publish_queries.close_for_reconnect(session, channel.id)
            title = f"Cần kết nối lại kênh “{channel.name}”: {reason.vi}"
            await open_channel_task(session, "channel_reconnect", channel, title, now)
        case Rejected(reason, permanent=False):
            await put_off(session, reply_id, now + SOON, reason.vi, now)
        case Rejected(reason) | ByHand(reason):
            reply.state, reply.error = R.REJECTED, reason.vi


async def record_look(
    session: AsyncSession, reply_id: UUID, found: str | None, why: Reason | None, res: PublishResources, now: datetime
) -> None:
    """Seen there: confirmed. Else looked for again, ever later, and at last given to a person."""
    reply = await queries.lock_reply(session, reply_id)
    if reply is None or reply.state not in (R.ARMED, R.COMMITTED, R.UNKNOWN):
        return
    reply.updated_at = now
    if found not in (None, reply.platform_id) and await queries.is_anothers(session, reply, str(found)):
        found = None  # the same words, said before
    if found is not None:
        names = {found, reply.platform_id or found}
        reply.state, reply.platform_id, reply.confirmed_at, reply.error = R.CONFIRMED, found, now, None
        for name in sorted(names):
            await _keep_own(session, reply, name, res, now)
        return
    reply.looks += 1
    wait = rules.next_look(reply.looks)
    reply.error = why.vi if why else "Chưa thấy câu trả lời trên nền tảng."
    if wait is not None:
        reply.state = R.UNKNOWN
        reply.not_before = now + wait
        return
    reply.state = R.MANUAL
    await session.flush()
    await _ask_a_person(session, reply, now)


async def _ask_a_person(session: AsyncSession, reply: m.CommentReply, now: datetime) -> None:
    publication = await queries.publication_of(session, reply.comment_id)
    if publication is not None:
        title = (
            f"Không rõ câu trả lời bình luận đã lên hay chưa, dưới tin “{publication.title}”: xem trên nền tảng rồi báo"
        )
        await open_publication_task(session, UNCLEAR, publication, title, now)
        return
    comment = await session.get_one(m.Comment, reply.comment_id)
    channel = await session.get_one(m.Channel, comment.channel_id)
    title = f"Không rõ câu trả lời tin nhắn đã tới hay chưa, ở kênh “{channel.name}”: xem trên nền tảng rồi báo"
    await open_channel_task(session, UNCLEAR, channel, title, now)


async def _keep_own(
    session: AsyncSession, reply: m.CommentReply, platform_id: str, res: PublishResources, now: datetime
) -> None:
    """Our own words are known as such, whichever way the platform tells of them later."""
    ear = ear_of(res)
    comment = await session.get_one(m.Comment, reply.comment_id)
    target = await target_of(session, comment.id, res)
    if ear is None or target is None or comment.delivery_id is None:  # what stands in a private talk nobody reads
        return
    delivery = await session.get_one(m.Delivery, comment.delivery_id)
    said = Said(platform_id, "", reply.body, now, target, is_ours=True)
    known = await store(session, delivery, said, Word.FIRST, now, ear)
    if known is None:  # told of at this moment, and stored by whoever was told
        digests = ear.keys.digests("comment", str(comment.channel_id), platform_id)
        row = await hearing_queries.find_comment(session, comment.channel_id, digests)
        known = row.id if row is not None else None
    if known is not None:
        await queries.mark_ours(session, known)
