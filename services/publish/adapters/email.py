"""The digest that readers get by mail: published means that it lies in the next letter, which is our own database.

The letters themselves are written and sent by services/publish/readers. What has gone out in one cannot be called back:
it is left out of every letter that has not gone yet, and those who read it are told in the next.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.publish import fitting, measure, wording
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
    Account,
    Capabilities,
    ChannelError,
    Composed,
    Deleted,
    Draft,
    Found,
    Health,
    InLetter,
    Json,
    LetterBasket,
    MediaRules,
    Metric,
    MetricDefinition,
    NotFound,
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
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.limits import Limit
from services.publish.readers import rules

TITLE, LEAD, SOURCE = 200, 500, 300
"""Most letters of each; a digest shows the beginning, and the page the whole."""
MEDIA = MediaRules(
    images=20,
    videos=1,
    image_size=2_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
    video_mimes=frozenset({"video/mp4"}),
    may_mix=True,
)
"""As the bulletin has it, from whose page the pictures are shown."""
METRICS = (MetricDefinition("letters", "Số thư có tin này đã giao cho máy chủ thư (không phải số người đã đọc)"),)
NO_BASKET = Reason("Tiến trình này không có cơ sở dữ liệu để bỏ tin vào thư", "no basket in this process")
BAD_LIST = Reason("Tên `list` của kênh chỉ gồm chữ thường không dấu, số và gạch nối", "the channel's `list` is no slug")
TAKEN_OUT = Reason("Tin đã được lấy ra khỏi thư", "taken out of the letter before")


@CHANNELS.register("email")
class EmailDigest:
    name_vi: ClassVar[str] = "Thư bản tin cho bạn đọc"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ("list",)
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools = account, tools

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(),
            media=MEDIA,
            repeatable_for=ALWAYS,
            can_edit=False,
            can_delete=True,
            can_list=False,
            metrics=METRICS,
        )

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        good = rules.LIST.fullmatch(str(self._account.settings.get("list", "")))
        return Health() if good else Health(BAD_LIST)

    def compose(self, draft: Draft) -> Composed:
        title = measure.shorten(wording.heading(draft), TITLE)
        lead = measure.shorten(wording.plain(wording.lead(draft)), LEAD)
        payload: Json = {
            "title": title,
            "lead": lead,
            "link": draft.link,
            "slug": draft.slug,
            "unit_name": measure.nfc(draft.unit_name) if draft.unit_name else None,
            "source_note": measure.shorten(draft.source_note, SOURCE) if draft.source_note else None,
            "ai_label": wording.AI_LINE + measure.nfc(draft.ai_label) if draft.ai_label else None,
            "language": draft.language,
            "is_urgent": draft.is_urgent,
            "affects_rights": draft.affects_rights,
            "corrects": {"id": draft.corrects.id, "url": draft.corrects.url} if draft.corrects else None,
            "media": fitting.choose_media(draft.media, MEDIA),
        }
        return Composed(wording.joined(title, lead, wording.full_ending(draft)), draft.link, payload)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(delivery_id), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        if self._tools.letters is None:
            return Rejected(NO_BASKET, permanent=False)
        channel_id, delivery_id = self._account.channel_id, UUID(prepared.key)
        try:
            kept = await self._tools.letters.put(channel_id, delivery_id, prepared.payload)
        except ChannelError as trouble:
            return Unknown(prepared.as_handle(), self._tools.clock.now(), trouble.reason)
        if kept.is_removed:
            return Rejected(TAKEN_OUT, permanent=True)
        return Published(prepared.key, self._url(), proof=_proof(kept))

    async def reconcile(self, handle: Json) -> Reconciled:
        try:
            kept = await self._find(str(handle["key"]))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)
        if kept is None or kept.is_removed:
            return NotFound()
        return Found(str(handle["key"]), self._url(), proof=_proof(kept))

    async def status(self, platform_id: str) -> Standing:
        """Nobody sees into readers' mailboxes: of what was sent and then withdrawn, nobody can say that it is gone."""
        kept = await self._find(platform_id)
        if kept is None:
            return Standing(False, proof={"read": "digest_items", "found": False})
        is_live = True if not kept.is_removed else None if kept.letters else False
        return Standing(is_live, self._url(), proof=_proof(kept))

    async def delete(self, platform_id: str) -> Removal:
        try:
            kept = await self._basket().take_out(UUID(platform_id))
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        if kept is None or not kept.letters:
            return Deleted(proof=_proof(kept) if kept else {"read": "digest_items", "found": False})
        vi = (
            f"Tin đã đi trong {kept.letters} thư của số {kept.number}; thư đã gửi thì không lấy lại được. "
            "Các thư chưa gửi không còn tin này, và thư kế tiếp báo tin đã rút"
        )
        return StillLive(Reason(vi, "sent letters cannot be recalled; the next one says so"), needs_person=True)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """None: what was sent lies with its readers."""
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        found, as_of = {}, self._tools.clock.now()
        for platform_id in platform_ids:
            kept = await self._find(platform_id)
            sent = kept.letters if kept is not None and kept.number is not None else None
            found[platform_id] = [Metric(METRICS[0].name, sent, METRICS[0].definition, as_of)]
        return found

    def _basket(self) -> LetterBasket:
        if self._tools.letters is None:
            raise ChannelError(NO_BASKET)
        return self._tools.letters

    async def _find(self, platform_id: str) -> InLetter | None:
        return await self._basket().find(UUID(platform_id))

    def _url(self) -> str:
        return f"{self._tools.public_url.rstrip('/')}/nhan-tin/{self._account.settings['list']}"


def _proof(kept: InLetter) -> Json:
    return {"read": "digest_items", "removed": kept.is_removed, "number": kept.number, "letters": kept.letters}
