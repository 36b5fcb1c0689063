"""Platforms of the programme that no longer are what it names: their channels are history, and nothing goes there.

One that comes back is taken off `PLATFORMS` and gets an adapter of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from services.publish.adapters.base import (
    CHANNELS,
    Account,
    Capabilities,
    Channel,
    Composed,
    Draft,
    Health,
    Json,
    MediaRules,
    Metric,
    NotPostable,
    NotStaged,
    Outcome,
    OwnPost,
    Prepared,
    Reason,
    Reconciled,
    Rejected,
    Removal,
    Standing,
    StillLive,
    TextRules,
    Tools,
    Undecidable,
)
from services.publish.limits import Limit


@dataclass(frozen=True)
class RetiredPlatform:
    """`since`: month of its end, as ISO 8601; `why` is told to whoever chooses it, with what to use instead."""

    name: str
    since: str
    why: Reason


PLATFORMS = {
    "gapo": RetiredPlatform(
        "Gapo",
        "2023-08",
        Reason(
            "mạng xã hội Gapo đã ngừng phục vụ người dùng từ tháng 8/2023; hãy chọn Zalo hoặc Facebook",
            "the Gapo network closed in August 2023",
        ),
    ),
    "lotus": RetiredPlatform(
        "Lotus",
        "2023",
        Reason(
            "bảng tin của Lotus đã dừng từ 2023, từ tháng 10/2024 chỉ còn Lotus Chat; hãy chọn Zalo hoặc Facebook",
            "Lotus's feed stopped in 2023; since October 2024 it is a chat",
        ),
    ),
}


class RetiredChannel:
    """Refuses everything that would go out, and says why; what once went out stays on record."""

    platform: ClassVar[RetiredPlatform]
    name_vi: ClassVar[str]
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        pass

    def capabilities(self) -> Capabilities:
        return Capabilities(TextRules(), MediaRules(), None, False, False, False, ())

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        return Health()

    def compose(self, draft: Draft) -> Composed:
        self._refuse()

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(key=str(delivery_id), payload=payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        return Rejected(self.platform.why, permanent=True)

    async def commit(self, prepared: Prepared) -> Outcome:
        return Rejected(self.platform.why, permanent=True)

    async def reconcile(self, handle: Json) -> Reconciled:
        return Undecidable(self.platform.why, is_final=True)

    async def status(self, platform_id: str) -> Standing:
        return Standing(None)

    async def delete(self, platform_id: str) -> Removal:
        return StillLive(self.platform.why, needs_person=True)

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        return {}

    def _refuse(self) -> NoReturn:
        raise NotPostable(self.platform.why)


def _channel_of(platform: RetiredPlatform) -> type[Channel]:
    named: dict[str, Any] = {"platform": platform, "name_vi": f"{platform.name} (đã dừng)"}
    return type(f"{platform.name}Channel", (RetiredChannel,), named)


for _kind, _platform in PLATFORMS.items():
    CHANNELS.register(_kind)(_channel_of(_platform))
