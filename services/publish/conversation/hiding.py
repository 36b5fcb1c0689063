"""Hiding a comment by a written house rule, and showing it again.

Guarantee: what is, or ever was, criticism, opinion or complaint, or was made a case of, is never hidden, and neither is
what such an answer stands below, as platforms hide both. The database refuses it (0025_rules.sql, guard_hiding); what
turns out to be so later, or arrives below what is hidden, is shown again by `show_protected`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.conversation import HidingState, ShownBecause
from libs.common.models.hearing import CommentState
from services.publish import queries as publish_queries
from services.publish.adapters import CHANNELS
from services.publish.adapters.answering import HidesComments, why_not_hidden
from services.publish.conversation import problems as wrong
from services.publish.conversation import queries, rules
from services.publish.conversation.queries import ANSWERS
from services.publish.conversation.service import record, require_comment, require_free

H = HidingState
STEP = timedelta(seconds=60)
"""How long an armed one is another worker's."""
MOST_SHOWN = 100


async def hide(
    session: AsyncSession, comment_id: UUID, rule_id: UUID, reason: str, who: Principal, now: datetime
) -> m.CommentHiding:
    """The worker does it. Raises CriticismIsNeverHidden, NotLabelledYet, CriticismStandsBelow, NotLabelledBelow,
    NotHideable or HouseRuleNotFound."""
    await queries.lock_label(session, comment_id)
    comment = await require_comment(session, comment_id, who.units(*ANSWERS))
    await require_free(session, comment_id, who, now)
    await _require_hideable(session, comment)
    await _require_unprotected(session, comment_id)
    hiding = m.CommentHiding(
        id=new_id(now),
        comment_id=comment_id,
        rule_id=rule_id,
        reason=reason,
        hidden_by=who.person_id,
        state=H.TO_HIDE,
        asked_at=now,
        updated_at=now,
        not_before=now,
    )
    try:
        async with session.begin_nested():
            session.add(hiding)
    except IntegrityError as error:
        raise _why(error) from None
    await record(session, "comment.hide_asked", comment_id, who, now, {"rule": str(rule_id), "hiding": str(hiding.id)})
    return hiding


async def _require_unprotected(session: AsyncSession, comment_id: UUID) -> None:
    """Its words, and every answer below it: the platform takes those out of sight with it."""
    if await queries.is_protected(session, comment_id):
        raise wrong.CriticismIsNeverHidden("Hãy trả lời, hoặc chuyển thành phản ánh.")
    if not await queries.is_labelled(session, comment_id):
        raise wrong.NotLabelledYet("Chưa biết đây có phải phê bình hay không. Thường chỉ mất ít phút; hãy thử lại.")
    if await queries.is_protected_thread(session, comment_id):
        raise wrong.CriticismStandsBelow(
            "Ẩn bình luận này thì nền tảng ẩn cả câu trả lời bên dưới. Hãy trả lời công khai."
        )
    if not await queries.is_labelled_below(session, comment_id):
        raise wrong.NotLabelledBelow(
            "Ẩn bình luận này thì nền tảng ẩn cả câu trả lời bên dưới, mà chưa biết đó có phải phê bình hay không."
            " Thường chỉ mất ít phút; hãy thử lại."
        )


async def _require_hideable(session: AsyncSession, comment: m.Comment) -> None:
    channel = await publish_queries.get_channel(session, comment.channel_id)
    assert channel is not None
    kind = CHANNELS.get(channel.kind)
    if not issubclass(kind, HidesComments):
        raise wrong.NotHideable(why_not_hidden(kind))
    if comment.is_ours or comment.state == CommentState.REMOVED:
        raise wrong.NotHideable("Lời của chính trang, hoặc bình luận đã bị gỡ.")
    if await queries.live_hiding(session, comment.id) is not None or comment.state == CommentState.HIDDEN:
        raise wrong.NotHideable("Bình luận này đã ẩn, hoặc đang được ẩn hay hiện lại.")


def _why(error: IntegrityError) -> Exception:
    """What the database refused, in the words of our problems."""
    told = str(error.orig)
    if "answered, never hidden" in told:
        return wrong.CriticismIsNeverHidden("Vừa được phân loại như vậy. Hãy trả lời, hoặc chuyển thành phản ánh.")
    if "would be hidden with it" in told:
        return wrong.CriticismStandsBelow("Một câu trả lời bên dưới vừa được phân loại như vậy. Hãy trả lời công khai.")
    if "an answer without a label" in told:
        return wrong.NotLabelledBelow("Vừa có câu trả lời mới bên dưới. Thường chỉ mất ít phút; hãy thử lại.")
    if "written rule in force" in told or "rule_id_house_rules" in told:
        return wrong.HouseRuleNotFound("Không có quy tắc này đang có hiệu lực cho trang của đơn vị.")
    if "uq_comment_hidings_live" in told:
        return wrong.NotHideable("Bình luận này đã ẩn, hoặc đang được ẩn hay hiện lại.")
    return error


async def show(session: AsyncSession, comment_id: UUID, who: Principal, now: datetime) -> m.CommentHiding:
    """It was a mistake: it is shown again, and counted as such."""
    await queries.lock_label(session, comment_id)
    await require_comment(session, comment_id, who.units(*ANSWERS))
    hiding = await queries.live_hiding(session, comment_id)
    if hiding is None or hiding.state == H.TO_SHOW:
        raise wrong.HidingNotFound("Không có lệnh ẩn nào đang có hiệu lực.")
    _to_show(hiding, ShownBecause.OFFICER, now)
    hiding.shown_by = who.person_id
    await record(session, "comment.show_asked", comment_id, who, now, {"hiding": str(hiding.id)})
    await session.flush()
    return hiding


def _to_show(hiding: m.CommentHiding, because: ShownBecause, now: datetime) -> None:
    hiding.state, hiding.shown_because, hiding.updated_at = H.TO_SHOW, because, now
    hiding.not_before, hiding.attempts, hiding.error = now, 0, None


async def show_protected(session: AsyncSession, now: datetime) -> int:
    """What is hidden and turned out to be criticism, opinion or complaint, or became a case, or has such an answer
    below it."""
    found = await queries.hidden_but_protected(session, MOST_SHOWN)
    for hiding_id in found:
        hiding = await queries.lock_hiding(session, hiding_id)
        if hiding.state in (H.TO_HIDE, H.ARMED, H.HIDDEN):
            _to_show(hiding, ShownBecause.PROTECTED, now)
    return len(found)


# --- the worker's steps ---


async def arm(session: AsyncSession, claimed: m.CommentHiding, now: datetime) -> bool:
    """About to be hidden; False where it is protected by now, or another worker's."""
    await queries.lock_label(session, claimed.comment_id)
    hiding = await queries.lock_hiding(session, claimed.id)
    if hiding.state not in (H.TO_HIDE, H.ARMED) or hiding.not_before > now:
        return False
    if await queries.is_protected_thread(session, hiding.comment_id):
        _to_show(hiding, ShownBecause.PROTECTED, now)
        return False
    if not await queries.is_labelled(session, hiding.comment_id):
        # Its words were changed since: whether they are criticism now nobody knows, so it is not hidden.
        hiding.state, hiding.updated_at = H.FAILED, now
        hiding.error = "Bình luận đã được sửa và chưa phân loại lại nên không ẩn; nếu vẫn cần, hãy yêu cầu lại."
        return False
    if not await queries.is_labelled_below(session, hiding.comment_id):
        hiding.state, hiding.updated_at = H.FAILED, now
        hiding.error = "Có câu trả lời mới bên dưới chưa phân loại nên không ẩn; nếu vẫn cần, hãy yêu cầu lại."
        return False
    hiding.state, hiding.not_before, hiding.updated_at = H.ARMED, now + STEP, now
    hiding.attempts += 1
    return True


async def record_hidden(session: AsyncSession, hiding_id: UUID, now: datetime) -> None:
    hiding = await queries.lock_hiding(session, hiding_id)
    if hiding.state != H.ARMED:
        return  # asked to be shown again meanwhile: that follows
    hiding.state, hiding.hidden_at, hiding.updated_at, hiding.error = H.HIDDEN, now, now, None
    await _mark(session, hiding.comment_id, CommentState.HIDDEN, now)


async def record_shown(session: AsyncSession, hiding_id: UUID, now: datetime) -> None:
    hiding = await queries.lock_hiding(session, hiding_id)
    if hiding.state != H.TO_SHOW:
        return
    hiding.state, hiding.shown_at, hiding.updated_at, hiding.error = H.SHOWN, now, now, None
    await _mark(session, hiding.comment_id, CommentState.VISIBLE, now)


async def record_gone(session: AsyncSession, hiding_id: UUID, now: datetime) -> None:
    """There is no such comment any more: nothing to hide, nothing to show."""
    hiding = await queries.lock_hiding(session, hiding_id)
    hiding.updated_at, hiding.error = now, "Bình luận không còn trên nền tảng."
    if hiding.state == H.ARMED:
        hiding.state = H.FAILED
    elif hiding.state == H.TO_SHOW:
        hiding.state, hiding.shown_at = H.SHOWN, now


async def record_trouble(session: AsyncSession, hiding_id: UUID, why: str, now: datetime) -> None:
    """Tried again, ever later. Hiding is given up at last; showing again never is."""
    await queries.lock_label(session, (await session.get_one(m.CommentHiding, hiding_id)).comment_id)
    hiding = await queries.lock_hiding(session, hiding_id)
    hiding.updated_at, hiding.error = now, why
    hiding.not_before = now + rules.hide_again(hiding.attempts)
    if hiding.state == H.ARMED and hiding.attempts >= rules.HIDE_TRIES:
        hiding.state = H.FAILED
    elif hiding.state == H.TO_SHOW:
        hiding.attempts += 1


async def _mark(session: AsyncSession, comment_id: UUID, state: CommentState, now: datetime) -> None:
    comment = await session.get_one(m.Comment, comment_id, with_for_update=True, populate_existing=True)
    if comment.state != CommentState.REMOVED:
        comment.state, comment.updated_at = state, now
