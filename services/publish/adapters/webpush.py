"""Web push to readers' browsers: published means that the notice stands in our own database, from which
services/publish/push sends it.

A notice has no id on a reader's screen, only a place: `Topic` at the push service and `tag` in the browser, the same
for all notices of a thread. A correction takes the place of what it corrects, and a take-down puts a notice there that
says so: what was shown is not called back, it is replaced. What a screen shows nobody can read.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
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
    Json,
    MediaRules,
    Metric,
    MetricDefinition,
    NotFound,
    NoticeBoard,
    NotPostable,
    NotStaged,
    OnScreens,
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

TITLE, BODY = 120, 400
"""Most letters of each; a screen shows fewer, and the page the whole."""
ROOM = 3500
"""Bytes of all words together: 3993 fit into a push message (RFC 8291), less what is around them."""
MEDIA = MediaRules(
    images=20,
    videos=1,
    image_size=2_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
    video_mimes=frozenset({"video/mp4"}),
    may_mix=True,
)
"""As the bulletin has it, whose page the notice opens, and from which browsers fetch the picture that they show."""
METRICS = (
    MetricDefinition("accepted", "Số trình duyệt mà dịch vụ đẩy đã nhận thông báo (không phải số người đã xem)"),
    MetricDefinition("waiting", "Số trình duyệt còn chờ gửi"),
    MetricDefinition("failed", "Số trình duyệt không gửi được: bị từ chối hoặc đã quá hạn"),
)
ONE_PICTURE = "Trình duyệt nào hỗ trợ thì hiện hình đầu tiên; đủ ảnh và video ở trang tin mà thông báo mở ra"
NO_ROOM = Reason("Tiêu đề hoặc đường dẫn quá dài cho thông báo đẩy; hãy viết ngắn lại", "no room in a push message")
NO_BOARD = Reason("Tiến trình này không có cơ sở dữ liệu để ghi thông báo", "no notice board in this process")
REMOVED = Reason("Thông báo này đã được gỡ", "removed before")
RETRY = timedelta(seconds=30)


@CHANNELS.register("webpush")
class WebPush:
    name_vi: ClassVar[str] = "Thông báo đẩy tới trình duyệt"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ("topic",)
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools = account, tools

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(utf8_bytes=ROOM),
            media=MEDIA,
            repeatable_for=ALWAYS,
            can_edit=True,
            can_delete=True,
            can_list=False,
            metrics=METRICS,
        )

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        return Health(await self._board().problem(self._account.channel_id))

    def compose(self, draft: Draft) -> Composed:
        title = measure.shorten(wording.heading(draft), TITLE)
        label = wording.AI_LINE + measure.nfc(draft.ai_label) if draft.ai_label else ""
        ending = measure.shorten(label, BODY)
        media = fitting.choose_media(draft.media, MEDIA)
        payload: Json = {
            "title": title,
            "body": "",
            "navigate": draft.link or f"{self._tools.public_url.rstrip('/')}/",
            "image": self._image(draft.slug, media),
            "lang": draft.language,
            "is_urgent": draft.is_urgent,
            "edits": draft.corrects.id if draft.corrects else None,
            "media": media,
        }
        room = ROOM - sum(_written(text or "") for text in (title, ending, payload["navigate"], payload["image"]))
        if room < 0 or not title:
            raise NotPostable(NO_ROOM)
        lead = measure.shorten(measure.shorten(wording.plain(wording.lead(draft)), BODY), room, _written)
        payload["body"] = wording.joined(lead, ending)
        notes = (ONE_PICTURE,) if media else ()
        return Composed(wording.joined(title, payload["body"]), draft.link, payload, notes)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(delivery_id), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        if self._tools.notices is None:
            return Rejected(NO_BOARD, permanent=False)
        thread, topic = _thread(prepared), str(self._account.settings["topic"])
        try:
            shown = await self._tools.notices.put(
                self._account.channel_id, UUID(prepared.key), UUID(thread), topic, prepared.payload
            )
        except ChannelError as trouble:
            return Unknown(prepared.as_handle(), self._tools.clock.now(), trouble.reason)
        if shown.is_removed:
            return Rejected(REMOVED, permanent=True)
        return Published(thread, self._url(), proof=_proof(shown))

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        thread = _thread(prepared)
        try:
            is_put = await self._board().is_put(UUID(prepared.key))
            shown = await self._board().find(UUID(thread))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)
        if not is_put or shown is None:
            return NotFound()
        return Found(thread, self._url(), proof=_proof(shown))

    async def status(self, platform_id: str) -> Standing:
        """Nobody sees readers' screens: of what was shown and then replaced, nobody can say that all have it."""
        shown = await self._board().find(UUID(platform_id))
        if shown is None:
            return Standing(False, proof={"read": "push_notices", "found": False})
        is_live = True if not shown.is_removed else False if not shown.reached else None
        return Standing(is_live, self._url(), proof=_proof(shown))

    async def delete(self, platform_id: str) -> Removal:
        """Deleted: it reached no browser, or every push service took the notice that takes its place."""
        try:
            shown = await self._board().remove(UUID(platform_id))
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        if shown is None or not shown.reached:
            return Deleted(proof=_proof(shown) if shown else {"read": "push_notices", "found": False})
        instead = shown.withdrawal
        if instead is None or not instead.is_done:
            return StillLive(_replacing(shown), retry_at=self._tools.clock.now() + RETRY)
        if instead.failed or not instead.wanted:
            return StillLive(_not_replaced(shown), needs_person=True)
        return Deleted(proof=_proof(shown))

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """None: what was sent lies with its readers."""
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        found, as_of = {}, self._tools.clock.now()
        for platform_id in platform_ids:
            shown = await self._board().find(UUID(platform_id))
            told = asdict(shown.news) if shown is not None else {}
            found[platform_id] = [Metric(each.name, told.get(each.name), each.definition, as_of) for each in METRICS]
        return found

    def _board(self) -> NoticeBoard:
        if self._tools.notices is None:
            raise ChannelError(NO_BOARD)
        return self._tools.notices

    def _image(self, slug: str, media: Sequence[Json]) -> str | None:
        """The first picture's address on the page, which shows it for as long as it stands."""
        first = next((one["sha256"] for one in media if one["mime"].startswith("image/")), None)
        return f"{self._tools.public_url.rstrip('/')}/tin/{slug}/{first}" if first else None

    def _url(self) -> str:
        return f"{self._tools.public_url.rstrip('/')}/thong-bao"


def _thread(prepared: Prepared) -> str:
    """The first delivery of the place on the screen: a correction goes where what it corrects stands."""
    return str(prepared.payload.get("edits") or prepared.key)


def _written(text: str) -> int:
    """Bytes of a text as the message writes it."""
    return len(json.dumps(measure.nfc(text), ensure_ascii=False).encode())


def _replacing(shown: OnScreens) -> Reason:
    instead = shown.withdrawal
    done, of = (instead.accepted, instead.wanted) if instead is not None else (0, 0)
    of = of or shown.news.accepted
    return Reason(f"Đang gửi thông báo “đã được gỡ” thay thế: {done}/{of} trình duyệt", "replacing it on screens")


def _not_replaced(shown: OnScreens) -> Reason:
    instead = shown.withdrawal
    left = instead.failed if instead is not None and instead.wanted else shown.news.accepted
    vi = f"Không gửi được thông báo “đã được gỡ” tới {left} trình duyệt đã nhận; trang mà thông báo mở ra đã báo rút"
    return Reason(vi, "some browsers could not be told that it was withdrawn")


def _proof(shown: OnScreens) -> Json:
    instead = asdict(shown.withdrawal) if shown.withdrawal is not None else None
    return {"read": "push_notices", "removed": shown.is_removed, "news": asdict(shown.news), "withdrawal": instead}
