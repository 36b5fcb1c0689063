"""The city's own bulletin: published means that the page's file was read again and carries this content."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.publish import fitting, measure
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
    Account,
    Capabilities,
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
)
from services.publish.limits import Limit

MEDIA = MediaRules(
    images=20,
    videos=1,
    image_size=2_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
    video_mimes=frozenset({"video/mp4"}),
    may_mix=True,
)
METRICS = (MetricDefinition("views", "Bản tin không đếm người đọc", is_offered=False),)


def content_digest(payload: Json) -> str:
    """What the page carries as proof of which content it shows."""
    canonical = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _figures(media: Sequence[Medium]) -> list[Json]:
    """The files the page shows, each with who made it and, where a model did, its label."""
    words = [{"credit": medium.credit, "ai_label": medium.ai_label} for medium in media]
    return [{**file, **told} for file, told in zip(fitting.choose_media(media, MEDIA), words, strict=True)]


@CHANNELS.register("own_site")
class OwnSite:
    name_vi: ClassVar[str] = "Bản tin của thành phố"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._tools = tools

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
        return Health()

    def compose(self, draft: Draft) -> Composed:
        payload: Json = {
            "slug": draft.slug,
            "title": measure.nfc(draft.title).strip(),
            "summary": measure.nfc(draft.summary).strip() if draft.summary else None,
            "body": measure.nfc(draft.body).strip(),
            "language": draft.language,
            "kind": draft.kind,
            "affects_rights": draft.affects_rights,
            "source_note": measure.nfc(draft.source_note) if draft.source_note else None,
            "ai_label": draft.ai_label,
            "unit_name": draft.unit_name,
            "is_urgent": draft.is_urgent,
            "corrects": {"slug": draft.corrects.id, "url": draft.corrects.url} if draft.corrects else None,
            "media": _figures(draft.media),
            **({"review": draft.review.payload()} if draft.review else {}),
        }
        return Composed(text=str(payload["body"]), link=draft.link, payload=payload)

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(payload["slug"]), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        try:
            await self._tools.press.publish(prepared.key)
        except OSError as error:
            why = Reason("Không ghi được tệp của bản tin", type(error).__name__)
            return Rejected(why, permanent=False)
        if self._shown(prepared):
            return Published(prepared.key, self._url(prepared.key))
        unseen = "Trang đã dựng nhưng đọc lại chưa thấy nội dung này"
        return Rejected(Reason(unseen, "page does not show this content"), permanent=False)

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        if not self._shown(prepared):
            return NotFound()
        url = self._url(prepared.key)
        return Found(prepared.key, url, proof={"read": url, "digest": content_digest(prepared.payload)})

    async def status(self, platform_id: str) -> Standing:
        digest, url = self._tools.press.shown_digest(platform_id), self._url(platform_id)
        return Standing(digest not in (None, "withdrawn"), url, proof={"read": url, "digest": digest})

    async def delete(self, platform_id: str) -> Removal:
        try:
            await self._tools.press.publish(platform_id)
        except OSError as error:
            return StillLive(Reason("Không ghi được tệp của bản tin", type(error).__name__))
        if self._tools.press.shown_digest(platform_id) == "withdrawn":
            return Deleted(proof={"read": self._url(platform_id), "digest": "withdrawn"})
        return StillLive(Reason("Trang trên bản tin vẫn còn nội dung cũ", "page still shows the content"))

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        """None: the bulletin's own index is made from what we published, and proves nothing more than a page does."""
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._tools.clock.now()
        blank = [Metric(m.name, None, m.definition, as_of) for m in METRICS]
        return dict.fromkeys(platform_ids, blank)

    def _shown(self, prepared: Prepared) -> bool:
        return self._tools.press.shown_digest(prepared.key) == content_digest(prepared.payload)

    def _url(self, slug: str) -> str:
        return f"{self._tools.public_url.rstrip('/')}/tin/{slug}"
