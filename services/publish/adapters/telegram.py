"""Telegram channels (Bot API).

Nothing is idempotent and nothing can be read back. So: one attempt with long patience; what stands is proved by an
edit to the identical content ("message is not modified"), what is gone by a second deletion ("message to delete not
found"), and a sending without an answer by its automatic forward in the linked discussion group. The bot's token is
part of every address: no exception, log or trace carries an address.

settings: `chat` (@name or id), `service`, `web`, `confirm_by_edit` (true), `timeout_seconds` (60), `discussion` (@name
or id of the linked group), `owns_updates` (false; true: nobody else reads this bot's updates, so that old ones may be
forgotten).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.publish.adapters import telegram_replies as replies
from services.publish.adapters.base import (
    CHANNELS,
    Account,
    AuthRequired,
    Capabilities,
    ChannelError,
    Composed,
    Deleted,
    Draft,
    Found,
    Health,
    Json,
    Metric,
    MetricDefinition,
    NotFound,
    NotPostable,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
    Published,
    Reason,
    Reconciled,
    Rejected,
    Removal,
    Standing,
    StillLive,
    TextRules,
    Throttled,
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.adapters.botapi import BotApi, NotConnected, Refused
from services.publish.adapters.telegram_receipts import Receipts, is_of, is_twin
from services.publish.adapters.telegram_text import RULES, TEXT_UNITS, PostId, compose, kind_of
from services.publish.limits import Limit

DELETE_WITHIN = timedelta(hours=48)
SKEW = timedelta(minutes=10)
"""How far the platform's clock and ours may be apart when a receipt is matched with a sending."""
PROVED_BY_EDIT = timedelta(seconds=150)
"""How long after the sending its content is proved by the same edit; the core looks again later than this."""
METRICS = tuple(
    MetricDefinition(name, f"Bot API của Telegram không cho biết {what}", is_offered=False)
    for name, what in (("views", "lượt xem"), ("forwards", "lượt chuyển tiếp"), ("replies", "số bình luận"))
)
SAME, NO_EDIT, NO_DELETE = "message is not modified", "message to edit not found", "message to delete not found"
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
NOT_A_CHANNEL = Reason("settings.chat phải là một kênh (channel), không phải nhóm hay người", "not a channel")
CANNOT_DELETE = "message can't be deleted"
UNREADABLE = Reason("Telegram không cho bot đọc lại nhóm: hãy mở nhóm thảo luận để xem", "no history can be read")


@CHANNELS.register("telegram")
class Telegram:
    name_vi: ClassVar[str] = "Telegram"
    why_no_hiding: ClassVar[str] = (
        "Telegram không có cách ẩn, chỉ có xóa hẳn: đã xóa thì không hiện lại được nếu sau đó thấy đó là phê bình. Lan"
        " Tỏa không xóa thay ai; nếu là lừa đảo hay lộ dữ liệu cá nhân, quản trị viên nhóm xóa trong Telegram."
    )
    needs_secret: ClassVar[tuple[str, ...]] = ("token",)
    needs_settings: ClassVar[tuple[str, ...]] = ("chat",)
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit("chat_second", 1, timedelta(seconds=1)),
        Limit("channel_minute", 20, timedelta(minutes=1)),
        Limit("group_minute", 20, timedelta(minutes=1), costs={"reply": 1}),
    )

    def __init__(self, account: Account, tools: Tools) -> None:
        self._bot, self._tools, self._account = BotApi(account, tools.http), tools, account
        settings, self._facts = account.settings, account.facts or {}
        self._chat = _chat_name(settings.get("chat", ""))
        group = settings.get("discussion") or self._facts.get("linked_chat_id")
        owns = settings.get("owns_updates") is True
        self._receipts = Receipts(self._bot, self._chat, _chat_name(group), owns) if group else None
        self._confirms = settings.get("confirm_by_edit", True) is not False
        self._web = str(settings.get("web", "https://t.me")).rstrip("/")

    # --- what the account is and can do ---

    def capabilities(self) -> Capabilities:
        may_delete = self._facts.get("can_delete", True) or self._facts.get("can_post", True)
        return Capabilities(
            text=TextRules(utf16_units=TEXT_UNITS),
            media=RULES,
            repeatable_for=None,
            can_edit=True,
            can_delete=bool(may_delete),
            can_list=False,
            metrics=METRICS,
            delete_within=DELETE_WITHIN,
            fetched_at=self._account.facts_at,
        )

    async def fetch_capabilities(self) -> Json:
        chat = await self._bot.ask_object("getChat", {"chat_id": self._chat})
        mine = await self._membership()
        name = chat.get("username")
        rights = {f"can_{verb}": mine.get(f"can_{verb}_messages") is True for verb in ("post", "edit", "delete")}
        return {
            "chat_id": _number(chat.get("id")),
            "username": name if isinstance(name, str) and USERNAME.fullmatch(name) else None,
            "linked_chat_id": _number(chat.get("linked_chat_id")),
            **rights,
        }

    async def health(self) -> Health:
        """A bot's token has no end; it dies when it is changed or the bot is removed."""
        try:
            mine = await self._membership()
            chat = await self._bot.ask_object("getChat", {"chat_id": self._chat})
        except Refused as refused:
            if refused.needs_person:
                return Health(problem=_reconnect(refused))
            raise
        if chat.get("type") != "channel":
            return Health(problem=NOT_A_CHANNEL)
        if mine.get("status") == "administrator" and mine.get("can_post_messages") is True:
            return Health()
        why = "bot không còn là quản trị viên có quyền đăng bài của kênh"
        return Health(problem=Reason(f"Kênh Telegram cần kết nối lại: {why}", "bot may not post to the channel"))

    async def _membership(self) -> Json:
        me = await self._bot.ask_object("getMe", {})
        return await self._bot.ask_object("getChatMember", {"chat_id": self._chat, "user_id": me.get("id")})

    # --- sending ---

    def compose(self, draft: Draft) -> Composed:
        if self._chat.isdecimal():
            raise NotPostable(NOT_A_CHANNEL)  # a positive number is a person
        return compose(draft, self._chat)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        """An edit has its id before it is done: it can be looked for, and done again."""
        return Prepared(str(delivery_id), payload, id=payload.get("edits"), at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        """The platform keeps no uploads. Kept is when it is sent, and the last number before it, so that an older post
        of the same words is never taken for this one."""
        kept: Json = {"at": self._tools.clock.now().isoformat()}
        if self._receipts is not None:
            kept["after"] = prepared.staged.get("after", await self._before(self._receipts))
        return replace(prepared, staged=kept)

    async def _before(self, receipts: Receipts) -> int:
        try:
            seen = [number for receipt in await receipts.all() for number in receipt.post.numbers]
        except ChannelError:
            seen = []
        return max([*seen, self._last_number()])

    def _last_number(self, sent: int = 0) -> int:
        """The highest number that this process saw given to a post of the channel."""
        known = self._tools.sessions.get(self._account.channel_id)
        last = max(sent, known if isinstance(known, int) else 0)
        self._tools.sessions[self._account.channel_id] = last
        return last

    async def commit(self, prepared: Prepared) -> Outcome:
        try:
            if prepared.payload.get("edits"):
                return await self._edit(prepared)
            values, files = await self._request(prepared.payload)
            sent = await self._bot.send(str(prepared.payload["method"]), values, files)
        except OSError as error:
            why = Reason("Không đọc được tệp của thư viện ảnh", type(error).__name__)
            return Rejected(why, permanent=False)
        except ChannelError as trouble:
            return self._failed(prepared, trouble)
        return self._sent(prepared, sent)

    async def _request(self, payload: Json) -> tuple[Json, Json | None]:
        """The payload as the platform takes it: files instead of their hashes."""
        values = {name: value for name, value in payload.items() if name not in ("method", "media")}
        media = payload.get("media") or []
        if not media:
            return values, None
        bodies = [await self._tools.media.read(one["sha256"]) for one in media]
        files = {
            f"file{i}": (_file_name(one), body, one["mime"])
            for i, (one, body) in enumerate(zip(media, bodies, strict=True))
        }
        if payload["method"] != "sendMediaGroup":
            kind = kind_of(media[0])
            return {**values, **_facts(media[0])}, {kind: files["file0"]}
        items = [{"type": kind_of(one), "media": f"attach://file{i}", **_facts(one)} for i, one in enumerate(media)]
        items[0] |= {name: values.pop(name) for name in ("caption", "caption_entities") if name in values}
        return {**values, "media": items}, files

    async def _edit(self, prepared: Prepared) -> Outcome:
        post = PostId.parse(str(prepared.payload["edits"]))
        stands = await self._edited_same(post.numbers[0], prepared.payload)
        if stands is None:
            gone = Reason("Bài gốc không còn trên Telegram nên không sửa được", NO_EDIT)
            return Rejected(gone, permanent=True)
        return Published(str(post), self._url(post), proof={"edit": stands})

    def _sent(self, prepared: Prepared, sent: Any) -> Outcome:
        messages = sent if isinstance(sent, list) else [sent]
        numbers = [m.get("message_id") for m in messages if isinstance(m, dict)]
        known = tuple(number for number in numbers if isinstance(number, int))
        if not known or len(known) != len(messages):
            return self._unknown(prepared, "answer without message_id")
        post = PostId(known, bool(prepared.payload.get("media")))
        self._last_number(max(known))
        proof = {"message_ids": list(known), "date": _number(messages[0].get("date"))}
        return Published(str(post), self._url(post), proof=proof)

    def _failed(self, prepared: Prepared, trouble: ChannelError) -> Outcome:
        if isinstance(trouble, NotConnected):
            return Rejected(trouble.reason, permanent=False)
        if not isinstance(trouble, Refused):
            return self._unknown(prepared, trouble.reason.en)
        if trouble.code == 429:
            return Throttled(self._free_at(trouble))
        if trouble.needs_person:
            return AuthRequired(_reconnect(trouble))
        return Rejected(trouble.reason, permanent=True)

    def _unknown(self, prepared: Prepared, why: str) -> Unknown:
        reason = Reason("Không rõ Telegram đã nhận bài hay chưa, đang kiểm tra lại", why)
        return Unknown(prepared.as_handle(), self._tools.clock.now(), reason)

    def _free_at(self, refused: Refused) -> datetime:
        return self._tools.clock.now() + timedelta(seconds=max(refused.retry_after or 30, 1))

    # --- answering in the discussion group ---

    async def reply(self, comment_id: str, text: str, at: datetime) -> Outcome:
        return await replies.reply(self._bot, comment_id, text, at, self._tools.clock.now())

    async def find_reply(self, comment_id: str, text: str, since: datetime) -> str | None:
        """By its words nothing can be found: a bot reads no history, and is told of nothing that it wrote itself."""
        raise ChannelError(UNREADABLE)

    async def reply_stands(self, reply_id: str, text: str) -> bool:
        return await replies.stands(self._bot, reply_id, text)

    # --- looking ---

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        if not prepared.payload:
            return Undecidable(Reason("Không còn biết đã gửi gì", "nothing recorded of the sending"), is_final=True)
        try:
            if prepared.id is None:
                return await self._by_receipt(prepared)
            return await self._by_id(prepared, PostId.parse(prepared.id))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)

    async def _by_id(self, prepared: Prepared, post: PostId) -> Reconciled:
        stands = await self._stands(post, prepared)
        if stands is None:
            return NotFound()
        if prepared.payload.get("edits") and "edit" not in stands:
            return Undecidable(Reason("Bài còn đó, nhưng không rõ đã được sửa hay chưa", "edit not proved in time"))
        twins, receipt = await self._twins(prepared, post)
        return Found(str(post), self._url(post), twins, {**stands, **receipt})

    async def _twins(self, prepared: Prepared, post: PostId) -> tuple[tuple[str, ...], Json]:
        """Second posts that the platform made by itself, and the receipt of ours; there may be none yet."""
        if self._receipts is None or prepared.payload.get("edits"):
            return (), {}
        try:
            seen = await self._receipts.all()
            mine = next((r for r in seen if r.post.numbers == post.numbers), None)
            if mine is None:
                return (), {"receipt": None}
            alike = [r.post for r in seen if r is not mine and is_twin(r, mine, prepared.payload)]
            there = [str(twin) for twin in alike if await self._is_there(twin.numbers[0])]
        except ChannelError as trouble:
            return (), {"receipt": trouble.reason.en}
        return tuple(there), {"receipt": mine.at.isoformat()}

    async def _by_receipt(self, prepared: Prepared) -> Reconciled:
        """No answer came: only the discussion group can tell; that nothing is seen there proves nothing."""
        if self._receipts is None:
            why = "kênh không khai báo nhóm thảo luận để nhận biên nhận; xin người xem trên kênh"
            unseen = Reason(f"Telegram không cho xem lại bài đã đăng, và {why}", "no receipts configured")
            return Undecidable(unseen, is_final=True)
        since = (prepared.at or self._tools.clock.now()) - SKEW
        after = int(prepared.staged.get("after", 0))
        seen = [r for r in await self._receipts.all() if r.at >= since and r.post.numbers[0] > after]
        alike = [r for r in seen if is_of(r, prepared.payload)]
        there = [(r, proof) for r in alike if (proof := await self._stands(r.post, prepared)) is not None]
        if not there:
            return Undecidable(Reason("Chưa thấy biên nhận của bài trong nhóm thảo luận", "no receipt seen"))
        (first, proof), others = there[0], there[1:]
        proof = {**proof, "receipt": first.at.isoformat()}
        twins = tuple(str(receipt.post) for receipt, _ in others)
        return Found(str(first.post), self._url(first.post), twins, proof)

    async def _stands(self, post: PostId, prepared: Prepared) -> Json | None:
        """Proof that the post stands there; None where it, or an item of it, is gone.

        Soon after the sending with exactly this content. Later a correction may have changed it, which the same edit
        would undo: then only that it is there.
        """
        if not self._confirms:
            return {"answer": list(post.numbers)}
        staged, first = prepared.staged.get("at"), None
        sent = datetime.fromisoformat(staged) if staged else prepared.at
        is_fresh = sent is not None and self._tools.clock.now() - sent < PROVED_BY_EDIT
        if is_fresh:
            first = await self._edited_same(post.numbers[0], prepared.payload)
        others = post.numbers[1:] if is_fresh else post.numbers
        if (is_fresh and first is None) or not all([await self._is_there(number) for number in others]):
            return None
        return {"edit": first} if is_fresh else {"there": list(post.numbers)}

    async def _edited_same(self, number: int, payload: Json) -> str | None:
        """Gives the message this content: what the platform said of it, None where there is no such message."""
        names = (
            ("caption", "caption_entities") if "caption" in payload else ("text", "entities", "link_preview_options")
        )
        values = {name: payload[name] for name in names if name in payload}
        method = "editMessageCaption" if "caption" in payload else "editMessageText"
        try:
            await self._bot.ask(method, {"chat_id": self._chat, "message_id": number, **values})
        except Refused as refused:
            if refused.says(SAME):
                return SAME
            if refused.says(NO_EDIT):
                return None
            raise
        return "edited"

    async def _is_there(self, number: int) -> bool:
        """Asked without content: an edit of the keyboard that it does not have."""
        try:
            await self._bot.ask("editMessageReplyMarkup", {"chat_id": self._chat, "message_id": number})
        except Refused as refused:
            if refused.says(SAME):
                return True
            if refused.says(NO_EDIT):
                return False
            raise
        return True

    async def status(self, platform_id: str) -> Standing:
        post = PostId.parse(platform_id)
        there = [number for number in post.numbers if await self._is_there(number)]
        return Standing(bool(there), self._url(post), proof={"asked": list(post.numbers), "there": there})

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """None: a bot cannot read what was posted."""
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._tools.clock.now()
        blank = [Metric(m.name, None, m.definition, as_of) for m in METRICS]
        return dict.fromkeys(platform_ids, blank)

    # --- taking down ---

    async def delete(self, platform_id: str) -> Removal:
        """Gone means: deleted once more, and the platform knew no such message."""
        try:
            post = PostId.parse(platform_id)
            for number in post.numbers:
                await self._deleted(number)
            left = [number for number in post.numbers if await self._deleted(number)]
        except Refused as refused:
            return self._not_deleted(refused, platform_id)
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        if left:
            return StillLive(Reason("Đã yêu cầu xóa nhưng bài vẫn còn", "still there after deleteMessage"))
        return Deleted(proof={"deleted_again": list(post.numbers), "answer": NO_DELETE})

    async def _deleted(self, number: int) -> bool:
        """Whether there was something to delete."""
        try:
            await self._bot.ask("deleteMessage", {"chat_id": self._chat, "message_id": number})
        except Refused as refused:
            if refused.says(NO_DELETE):
                return False
            raise
        return True

    def _not_deleted(self, refused: Refused, platform_id: str) -> StillLive:
        if refused.code == 429:
            return StillLive(refused.reason, retry_at=self._free_at(refused))
        if refused.says(CANNOT_DELETE):
            url = self._url(PostId.parse(platform_id))
            vi = f"Telegram không cho bot xóa bài này (đã quá 48 giờ, hoặc bot thiếu quyền); xin xóa tay tại {url}"
            return StillLive(Reason(vi, refused.reason.en), needs_person=True)
        return StillLive(
            _reconnect(refused) if refused.needs_person else refused.reason, needs_reconnect=refused.needs_person
        )

    def _url(self, post: PostId) -> str:
        name = self._chat if self._chat.startswith("@") else str(self._facts.get("username") or "")
        if name:
            return f"{self._web}/{name.removeprefix('@')}/{post.numbers[0]}"
        return f"{self._web}/c/{self._chat.removeprefix('-100')}/{post.numbers[0]}"


def _number(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _chat_name(written: object) -> str:
    name = str(written).strip()
    return name if name.startswith("@") or name.lstrip("-").isdecimal() else f"@{name}"


def _facts(medium: Json) -> Json:
    """What the platform wants to be told of a video."""
    if kind_of(medium) == "photo":
        return {}
    told = {"width": medium.get("width"), "height": medium.get("height")}
    told["duration"] = int(medium["duration_ms"] / 1000) if medium.get("duration_ms") else None
    return {name: value for name, value in told.items() if value} | {"supports_streaming": True}


def _file_name(medium: Json) -> str:
    return f"{medium['sha256'][:12]}.{str(medium['mime']).partition('/')[2]}"


def _reconnect(refused: Refused) -> Reason:
    vi = f"Kênh Telegram cần kết nối lại; xem mã bot, quyền quản trị của bot và tên kênh. {refused.reason.vi}"
    return Reason(vi, refused.reason.en)
