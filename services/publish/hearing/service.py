"""What was heard becomes comments, wakes what waits, or closes an account: each event once, in one transaction.

Guarantee: words are masked before they are stored, and nothing that was stored, logged or sent on says who wrote them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common import telemetry
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.conversation import ReplyState
from libs.common.models.hearing import CommentState
from libs.common.text import nfc
from services.publish import queries as publish_queries
from services.publish.adapters.base import Account, Said
from services.publish.credentials import CredentialsUnreadable
from services.publish.hearing import ours, queries
from services.publish.hearing.base import (
    Commented,
    Ended,
    Heard,
    HearingKeys,
    Hidden,
    Hook,
    Letter,
    Messaged,
    Touched,
    Uncommented,
)
from services.publish.hearing.handover import hand_over, hand_over_changed
from services.publish.hearing.ours import Answer
from services.publish.resources import PublishResources
from services.publish.service.tasks import open_channel_task

MOST_LETTERS = 5_000
ANSWERABLE = timedelta(days=30)
"""How long a comment may be answered from here, as nobody expects an answer later."""
MOST_HOURS = 24 * 30
SETTLED = timedelta(minutes=10)
"""How long what was just told may still be on its way into the platform's list: older lists change nothing of it."""


class Word(Enum):
    """What a report of a comment is worth beside what we know of it."""

    FIRST = auto()
    """It appeared: what we know is later."""
    LATER = auto()
    """It was changed; of one that was removed nothing comes back."""
    LISTED = auto()
    """The platform shows it now, whatever we thought."""


@dataclass(frozen=True)
class Ear:
    """What hearing needs of the process; `keys` are never those that seal."""

    keys: HearingKeys
    res: PublishResources


def ear_of(res: PublishResources) -> Ear | None:
    """None where no key is set: nothing could be told apart or sealed."""
    return Ear(res.hearing, res) if res.hearing is not None else None


async def account_of(session: AsyncSession, channel: m.Channel, res: PublishResources) -> Account | None:
    """With its secret; None where that cannot be opened."""
    sealed = await publish_queries.get_credentials(session, channel.id)
    if sealed is None or res.vault is None:
        return Account(channel.id, channel.settings)
    try:
        return Account(channel.id, channel.settings, res.vault.open(channel.id, sealed))
    except CredentialsUnreadable:
        return None


async def is_genuine(session: AsyncSession, channel: m.Channel, hook: Hook, letter: Letter, ear: Ear) -> bool:
    account = await account_of(session, channel, ear.res)
    words = ear.keys.words(channel.id)
    return account is not None and any(hook.is_genuine(letter, account, word) for word in words)


async def take_heard(
    session: AsyncSession, channel: m.Channel, hook: Hook, heard: Sequence[Heard], letter: Letter, ear: Ear
) -> int:
    """Of what a genuine letter to this channel says, what is new; an app's callback also brings what is of its other
    accounts, which counts only where their own secret signed it. How many events were taken."""
    taken = 0
    for one in heard:
        whose = await _channel_of(session, channel, hook, one, letter, ear)
        if whose is None or not _is_sound(one):
            continue
        digests = ear.keys.digests(channel.kind, str(whose.id), one.key)
        if await queries.take_event(session, digests, whose.id, letter.at):
            await take(session, whose, one, letter.at, ear)
            taken += 1
    return taken


def _is_sound(heard: Heard) -> bool:
    """Whether what it names can be looked for and sealed: no control characters, no halves of letters."""
    match heard.event:
        case Commented(said) | Messaged(said):
            return all(name.isprintable() for name in (said.post_id, said.id, said.reply_to or ""))
        case Touched(post_id):
            return post_id.isprintable()
        case _:
            return True


async def _channel_of(
    session: AsyncSession, channel: m.Channel, hook: Hook, heard: Heard, letter: Letter, ear: Ear
) -> m.Channel | None:
    if heard.account is None or hook.is_of(Account(channel.id, channel.settings), heard.account):
        return channel
    for other in await queries.channels_of_kind(session, channel.kind):
        if hook.is_of(Account(other.id, other.settings), heard.account):
            return other if await is_genuine(session, other, hook, letter, ear) else None
    return None


async def take(session: AsyncSession, channel: m.Channel, heard: Heard, now: datetime, ear: Ear) -> None:
    telemetry.count("lantoa.hearing.events", kind=channel.kind, outcome=type(heard.event).__name__)
    match heard.event:
        case Commented(said, is_new):
            delivery = await _delivery_of(session, channel, said, ear)
            if delivery is not None:
                stored = await store(session, delivery, said, Word.FIRST if is_new else Word.LATER, now, ear)
                await hand_over(session, [stored] if stored and not said.is_ours else [], now)
        case Messaged(said, window):
            await store_message(session, channel, said, window, now, ear)
        case Uncommented(comment_id):
            known = await queries.find_comment(session, channel.id, _names(channel.id, comment_id, ear))
            await queries.erase_comments(session, [known.id] if known else [], now)
            await hand_over(session, [known.id] if known and not known.is_ours else [], now)
        case Hidden(comment_id, is_hidden):
            known = await queries.find_comment(session, channel.id, _names(channel.id, comment_id, ear))
            if known is not None and known.state != CommentState.REMOVED:
                known.state, known.updated_at = _shown(is_hidden), now
        case Touched(post_id, is_new):
            await queries.wake(session, channel.id, post_id, is_new, now)
        case Ended(reason):
            await publish_queries.close_for_reconnect(session, channel.id)
            title = f"Cần kết nối lại kênh “{channel.name}”: {reason.vi}"
            await open_channel_task(session, "channel_reconnect", channel, title, now)


async def _delivery_of(session: AsyncSession, channel: m.Channel, said: Said, ear: Ear) -> m.Delivery | None:
    if said.post_id:
        return await queries.delivery_of_post(session, channel.id, said.post_id)
    if said.parent_id:
        return await queries.delivery_of_comment(session, channel.id, _names(channel.id, said.parent_id, ear))
    return None


async def store(
    session: AsyncSession,
    delivery: m.Delivery,
    said: Said,
    word: Word,
    now: datetime,
    ear: Ear,
    answers: Sequence[Answer] | None = None,
) -> UUID | None:
    """One row for each comment, by whichever way and however often it comes; None where it says nothing, or where only
    a later list will tell whose it is. `answers`: ours under the post, where they were read already."""
    digests, body = _names(delivery.channel_id, said.id, ear), masked(said.text)
    if not body:
        return None
    known = await queries.find_comment(session, delivery.channel_id, digests)
    if known is None:
        known_answers = answers if answers is not None else await _answers(session, delivery.id, now)
        owned = said if said.is_ours else await _owned(session, said, body, word, known_answers)
        if owned is None:
            return None
        return await _add(session, delivery.channel_id, delivery.id, owned, body, ANSWERABLE, now, ear)
    await queries.name_anew(session, delivery.channel_id, digests)
    is_back = known.state == CommentState.REMOVED
    if not _may_change(known, word, now) or (known.body, known.state) == (body, _shown(said.is_hidden)):
        return known.id
    known.body, known.updated_at = body, now
    if word is Word.LISTED:
        known.state = _shown(said.is_hidden)
    if is_back:
        await _keep_address(session, known.id, said, now + ANSWERABLE, ear)
    return known.id


async def _owned(session: AsyncSession, said: Said, body: str, word: Word, answers: Sequence[Answer]) -> Said | None:
    """With whose it is, where the platform did not say that it is ours; None where a later list tells. What comes by
    itself comes once, and says whose it is."""
    found, answer = ours.whose(said.id, body, said.at, answers)
    if found is ours.Whose.OURS and answer is not None:
        await queries.name_answer(session, answer.id, said.id)
        return replace(said, is_ours=True)
    return None if found is ours.Whose.UNSETTLED and word is Word.LISTED else said


async def store_message(
    session: AsyncSession, channel: m.Channel, said: Said, window: timedelta, now: datetime, ear: Ear
) -> UUID | None:
    """What somebody wrote to the account alone: for its officers, and for nobody who listens to what is public. It
    goes further only where an officer makes a case of it."""
    body = masked(said.text)
    if not body or await queries.find_comment(session, channel.id, _names(channel.id, said.id, ear)) is not None:
        return None
    hours = channel.settings.get("answer_hours")
    lasts = timedelta(hours=hours) if isinstance(hours, int) and 0 < hours <= MOST_HOURS else window
    written = min(said.at or now, now)
    return await _add(session, channel.id, None, said, body, lasts - (now - written), now, ear)


async def _answers(session: AsyncSession, delivery_id: UUID, now: datetime) -> list[Answer]:
    """Ours under the post, sent so lately that a list may show one that we do not know there yet."""
    return [
        Answer(
            row.id,
            masked(row.body),
            row.armed_at or row.created_at,
            row.platform_id,
            is_told=row.state == ReplyState.CONFIRMED,
        )
        for row in await queries.own_answers(session, delivery_id, now - ANSWERABLE)
    ]


def _may_change(known: m.Comment, word: Word, now: datetime) -> bool:
    match word:
        case Word.FIRST:
            return False
        case Word.LATER:
            return known.state != CommentState.REMOVED
        case Word.LISTED:
            return known.updated_at < now - SETTLED


async def _add(
    session: AsyncSession,
    channel_id: UUID,
    delivery_id: UUID | None,
    said: Said,
    body: str,
    lasts: timedelta,
    now: datetime,
    ear: Ear,
) -> UUID | None:
    """`lasts`: how long it may be answered from now on."""
    names, above = _names(channel_id, said.id, ear), _names(channel_id, said.parent_id, ear) if said.parent_id else None
    for each in filter(None, (names, above)):
        await queries.name_anew(session, channel_id, each)
    values = {
        "id": new_id(now),
        "channel_id": channel_id,
        "delivery_id": delivery_id,
        "digest": names[0],
        "parent_digest": above[0] if above else None,
        "body": body,
        "is_ours": said.is_ours,
        "state": _shown(said.is_hidden),
        "posted_at": said.at,
        "seen_at": now,
        "updated_at": now,
    }
    added = await queries.add_comment(session, values)
    if added is not None and lasts > timedelta(0):
        await _keep_address(session, added, said, now + lasts, ear)
    return added


async def _keep_address(session: AsyncSession, comment_id: UUID, said: Said, until: datetime, ear: Ear) -> None:
    """Under seal, for as long as somebody may expect an answer; nobody answers oneself."""
    if not said.is_ours and ear.res.vault is not None:
        vault = ear.res.vault
        sealed = vault.seal(comment_id, {"identifier": said.reply_to or said.id})
        await queries.keep_address(session, comment_id, sealed, vault.key_id, until)


async def store_list(
    session: AsyncSession, delivery: m.Delivery, said: Sequence[Said], is_whole: bool, now: datetime, ear: Ear
) -> None:
    """What the platform shows under a post. `is_whole`: what it does not show is gone, and erased here too."""
    answers = await _answers(session, delivery.id, now)
    shown = {await store(session, delivery, each, Word.LISTED, now, ear, answers) for each in said}
    if is_whole:
        known = await queries.visible_of(session, delivery.id, now - SETTLED)
        await queries.erase_comments(session, [each.id for each in known if each.id not in shown], now)
    await hand_over_changed(session, delivery.id, now)


def masked(text: str) -> str:
    """As it is stored: no phone numbers, addresses or numbers of people; no bytes that are no letters."""
    letters = text.encode("utf-8", "ignore").decode().replace("\x00", "")
    return mask_personal_data(nfc(letters).strip())[:MOST_LETTERS]


def _shown(is_hidden: bool) -> CommentState:
    return CommentState.HIDDEN if is_hidden else CommentState.VISIBLE


def _names(channel_id: UUID, comment_id: str, ear: Ear) -> list[bytes]:
    return ear.keys.digests("comment", str(channel_id), comment_id)
