"""The press kit: published means that the item's version stands in our own database, from which
services/publish/presskit sends it to press partners and serves their feeds.

A correction is a new version of the same item, and a take-down a kill notice: the same item once more, canceled, by
every way by which a partner has it. What newsrooms printed nobody can call back: partners that do not acknowledge the
kill are named to a person, who calls them.
"""

from collections.abc import Sequence
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
    Medium,
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
from services.publish.presskit.contract import OnDesks, PressDesk
from services.publish.presskit.partners import PartnersInvalid, partners_of

MEDIA = MediaRules(
    images=20,
    videos=1,
    image_size=2_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
    video_mimes=frozenset({"video/mp4"}),
    may_mix=True,
)
"""As the bulletin has it. Partners also get every other file there is of a picture, the largest first."""
METRICS = (
    MetricDefinition("accepted", "Số lượt cơ quan báo chí đã nhận phiên bản mới nhất (không phải số báo đã đăng)"),
    MetricDefinition("waiting", "Số cơ quan báo chí chưa xác nhận phiên bản mới nhất"),
)
MOST_HELD = 10_080
"""Minutes of an embargo: a week."""
NO_DESK = Reason("Tiến trình này không có cơ sở dữ liệu để ghi tin cho báo chí", "no press desk in this process")
KILLED = Reason("Tin này đã có thông báo rút gửi báo chí", "killed before")
BAD_EMBARGO = Reason(f"settings.embargo_minutes là số phút từ 0 đến {MOST_HELD}", "embargo_minutes is out of range")
RETRY = timedelta(seconds=30)


@CHANNELS.register("press")
class PressKit:
    name_vi: ClassVar[str] = "Bộ tin cho báo chí"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools = account, tools

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(),
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
        try:
            partners_of(self._account.settings, self._account.secret)
        except PartnersInvalid as error:
            return Health(Reason(f"Danh sách cơ quan báo chí: {error}", "partners are not valid"))
        return Health() if self._embargo() is not None else Health(BAD_EMBARGO)

    def compose(self, draft: Draft) -> Composed:
        headline, body = wording.heading(draft), measure.nfc(draft.body).strip()
        payload: Json = {
            "headline": headline,
            "summary": measure.nfc(draft.summary).strip() if draft.summary else None,
            "body": body,
            "link": draft.link,
            "slug": draft.slug,
            "language": draft.language,
            "unit_name": measure.nfc(draft.unit_name) if draft.unit_name else None,
            "source_note": measure.nfc(draft.source_note).strip() if draft.source_note else None,
            "ai_label": measure.nfc(draft.ai_label) if draft.ai_label else None,
            "is_urgent": draft.is_urgent,
            "edits": draft.corrects.id if draft.corrects else None,
            "media": fitting.choose_media(draft.media, MEDIA),
            "pictures": [_picture(medium) for medium in draft.media],
        }
        return Composed(wording.joined(headline, wording.plain(body), wording.full_ending(draft)), draft.link, payload)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(delivery_id), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        if self._tools.press_desk is None:
            return Rejected(NO_DESK, permanent=False)
        minutes = self._embargo()
        if minutes is None:
            return Rejected(BAD_EMBARGO, permanent=False)
        now, item = self._tools.clock.now(), _item(prepared)
        until = (prepared.at or now) + timedelta(minutes=minutes) if minutes else None
        try:
            partners_of(self._account.settings, self._account.secret)
            kept = await self._tools.press_desk.put(
                self._account, UUID(prepared.key), UUID(item), prepared.payload, until
            )
        except PartnersInvalid as error:
            return Rejected(Reason(f"Danh sách cơ quan báo chí: {error}", "partners are not valid"), permanent=False)
        except ChannelError as trouble:
            return Unknown(prepared.as_handle(), now, trouble.reason)
        return Rejected(KILLED, permanent=True) if kept.is_removed else Published(item, self._url(), proof=_proof(kept))

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        item = _item(prepared)
        try:
            kept = await self._desk().find(UUID(item), UUID(prepared.key))
        except ChannelError as trouble:
            return Undecidable(trouble.reason)
        if kept is None or kept.is_removed:
            return NotFound()
        return Found(item, self._url(), proof=_proof(kept))

    async def status(self, platform_id: str) -> Standing:
        """What newsrooms hold nobody sees: of what reached one and was killed, nobody can say that it is gone."""
        kept = await self._desk().find(UUID(platform_id))
        if kept is None:
            return Standing(False, proof={"read": "press_versions", "found": False})
        is_told = not kept.reached or not kept.untold
        is_live = True if not kept.is_removed else False if is_told else None
        return Standing(is_live, self._url(), proof=_proof(kept))

    async def delete(self, platform_id: str) -> Removal:
        """Deleted: no partner has it, or each acknowledged the kill by every way by which it has it."""
        try:
            kept = await self._desk().remove(UUID(platform_id))
        except ChannelError as trouble:
            return StillLive(trouble.reason)
        if kept is None or not kept.reached or not kept.untold:
            return Deleted(proof=_proof(kept) if kept else {"read": "press_versions", "found": False})
        names = ", ".join(self._names(kept.untold))
        if not kept.are_tried:
            vi = f"Đang gửi thông báo rút tin; chưa xác nhận: {names}"
            return StillLive(Reason(vi, "kill notice under way"), retry_at=self._tools.clock.now() + RETRY)
        vi = (
            f"Nguồn tin không còn phát tin này, nhưng chưa xác nhận thông báo rút: {names}. Hãy gọi cho các cơ quan này"
        )
        return StillLive(Reason(vi, "some partners have not acknowledged the kill notice"), needs_person=True)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """None: what was sent lies with newsrooms."""
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        found, as_of = {}, self._tools.clock.now()
        for platform_id in platform_ids:
            kept = await self._desk().find(UUID(platform_id))
            values = (kept.accepted, len(kept.untold)) if kept is not None else (None, None)
            pairs = zip(METRICS, values, strict=True)
            found[platform_id] = [Metric(each.name, value, each.definition, as_of) for each, value in pairs]
        return found

    def _desk(self) -> PressDesk:
        if self._tools.press_desk is None:
            raise ChannelError(NO_DESK)
        return self._tools.press_desk

    def _embargo(self) -> int | None:
        """Minutes; None where what is written is not one."""
        written = self._account.settings.get("embargo_minutes", 0)
        is_good = isinstance(written, int) and not isinstance(written, bool) and 0 <= written <= MOST_HELD
        return written if is_good else None

    def _names(self, partner_ids: Sequence[str]) -> list[str]:
        """As the channel has them; an organisation that was struck off since goes by its id."""
        written = {str(each.get("id")): str(each.get("name")) for each in self._account.settings.get("partners") or []}
        return [written.get(each, each) for each in partner_ids]

    def _url(self) -> str:
        root = self._tools.public_url.rstrip("/")
        return f"{root}/api/publish/v1/press/{self._account.channel_id}/items"


def _item(prepared: Prepared) -> str:
    """The first delivery of the item: a correction is another version of what it corrects."""
    return str(prepared.payload.get("edits") or prepared.key)


def _picture(medium: Medium) -> Json:
    """Every file of it, with what newsrooms have to say beside it."""
    files = [
        {"sha256": file.sha256, "mime": file.mime, "size": file.size, "width": file.width, "height": file.height}
        | {"duration_ms": medium.duration_ms}
        for file in medium.files
    ]
    return {"alt": medium.alt, "credit": medium.credit, "ai_label": medium.ai_label, "renditions": files}


def _proof(kept: OnDesks) -> Json:
    told = {"version": kept.version, "removed": kept.is_removed, "accepted": kept.accepted}
    return {"read": "press_versions", **told, "untold": list(kept.untold)}
