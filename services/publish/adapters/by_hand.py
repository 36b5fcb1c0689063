"""Platforms that no program may post to (forums, closed networks, partners' groups): a person posts a ready card.

The delivery waits with a task that carries the card; it is published once that person gives the address of the post,
on the site of the channel. Nothing of it is ever sent by us, so nothing can go out twice by a machine.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from services.publish import fitting, wording
from services.publish.adapters.base import (
    ALWAYS,
    CHANNELS,
    Account,
    ByHand,
    Capabilities,
    Composed,
    Draft,
    Health,
    Json,
    MediaRules,
    Metric,
    MetricDefinition,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
    Reason,
    Reconciled,
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
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
    video_mimes=frozenset({"video/mp4"}),
    may_mix=True,
)
METRICS = (MetricDefinition("views", "Nền tảng không cho máy đọc số liệu", is_offered=False),)
NOTE = "Không có cửa cho máy đăng: người phụ trách đăng theo thẻ soạn sẵn rồi báo địa chỉ bài"


KIND = "manual"


@CHANNELS.register(KIND)
class ByHandChannel:
    name_vi: ClassVar[str] = "Đăng bằng tay (diễn đàn, nhóm đối tác)"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ("platform", "site")
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._platform, self._site = str(account.settings.get("platform", "")), str(account.settings.get("site", ""))
        self._clock = tools.clock

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(),
            media=MEDIA,
            repeatable_for=ALWAYS,
            can_edit=False,
            can_delete=False,
            can_list=False,
            metrics=METRICS,
        )

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        return Health()

    def compose(self, draft: Draft) -> Composed:
        """Whole and unmarked, as forums and chats take it; the source line and the AI label stand in it."""
        text = wording.joined(wording.heading(draft), wording.plain(draft.body), wording.full_ending(draft))
        payload: Json = {
            "kind": "card",
            "platform": self._platform,
            "site": self._site,
            "text": text,
            "media": fitting.choose_media(draft.media, MEDIA),
        }
        if draft.corrects is not None:
            payload["corrects"] = draft.corrects.url
        return Composed(text, draft.link, payload, (NOTE,))

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(delivery_id), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        return self._to_a_person()

    async def reconcile(self, handle: Json) -> Reconciled:
        """Whether the person has posted it, only the person can say."""
        return self._to_a_person()

    async def status(self, platform_id: str) -> Standing:
        return Standing(None)

    async def delete(self, platform_id: str) -> Removal:
        why = Reason(f"Bài trên {self._platform} do người đăng, cần người gỡ", "posted by a person")
        return StillLive(why, needs_person=True)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        as_of = self._clock.now()
        return {one: [Metric(m.name, None, m.definition, as_of) for m in METRICS] for one in platform_ids}

    def _to_a_person(self) -> ByHand:
        return ByHand(Reason(f"Đăng bằng tay lên {self._platform} theo thẻ soạn sẵn", "a person posts it"))


def is_on(site: str, address: str) -> bool:
    """Whether the address lies on the site: its host, or one below it (`www.` makes no difference)."""
    home, host = (urlsplit(one).hostname or "" for one in (site, address))
    home, host = home.removeprefix("www."), host.removeprefix("www.")
    return bool(home) and (host == home or host.endswith(f".{home}"))
