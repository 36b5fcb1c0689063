"""A platform for tests that does what its script says: it may be blind, refuse, lose answers or keep what it is asked
to delete. What truly stands on it is in `Page.posts`."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from services.publish.adapters.base import (
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
    Metric,
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
    Tools,
    Undecidable,
    Unknown,
)
from services.publish.limits import Limit

KIND = "scripted"
NO = Reason("nền tảng không cho", "the platform does not")


def _at_once() -> asyncio.Event:
    done = asyncio.Event()
    done.set()
    return done


@dataclass
class Page:
    """One account: what stands there, and how the platform behaves."""

    posts: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    commits: Literal["posts", "refuses", "loses"] = "posts"
    deletes: Literal["deletes", "never", "fails"] = "deletes"
    looks: bool = True
    """Whether the platform lets us see what stands there."""
    takes: bool = True
    can_edit: bool = False
    deletions: int = 0
    stagings: int = 0
    uploaded: asyncio.Event = field(default_factory=_at_once)
    """An upload lasts until it is set."""


PAGES: dict[str, Page] = {}


@contextmanager
def platform() -> Iterator[None]:
    """The platform, while a test runs: elsewhere there is no such kind of channel."""
    CHANNELS.register(KIND)(Scripted)
    try:
        yield
    finally:
        CHANNELS._entries.pop(KIND)
        PAGES.clear()


class Scripted:
    name_vi: ClassVar[str] = "Nền tảng theo kịch bản"
    needs_secret: ClassVar[tuple[str, ...]] = ()
    needs_settings: ClassVar[tuple[str, ...]] = ("page",)
    limits: ClassVar[tuple[Limit, ...]] = ()

    def __init__(self, account: Account, tools: Tools) -> None:
        self._name = str(account.settings["page"])
        self._page, self._tools = PAGES[self._name], tools

    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=TextRules(),
            media=MediaRules(),
            repeatable_for=None,
            can_edit=self._page.can_edit,
            can_delete=True,
            can_list=False,
            metrics=(),
        )

    async def fetch_capabilities(self) -> Json:
        return {}

    async def health(self) -> Health:
        return Health()

    def compose(self, draft: Draft) -> Composed:
        if not self._page.takes:
            raise NotPostable(NO)
        edits = draft.corrects.id if draft.corrects and self._page.can_edit else None
        replies = draft.corrects.id if draft.corrects and not self._page.can_edit else None
        text = f"Đính chính: {draft.title}" if draft.kind == "correction" else draft.title
        return Composed(text, draft.link, {"text": text, "edits": edits, "replies": replies})

    def prepare(self, payload: Json, delivery_id: UUID, at: datetime) -> Prepared:
        return Prepared(str(delivery_id), payload, at=at)

    async def stage(self, prepared: Prepared) -> Prepared | NotStaged:
        self._page.stagings += 1
        await self._page.uploaded.wait()
        return prepared

    async def commit(self, prepared: Prepared) -> Outcome:
        if self._page.commits == "refuses":
            return Rejected(NO, permanent=True)
        post = str(prepared.payload["edits"] or prepared.key)
        if self._page.commits == "loses":
            return Unknown(prepared.as_handle(), self._tools.clock.now(), NO)
        self._page.posts[post] = str(prepared.payload["text"])
        self._page.sent.append(str(prepared.payload["text"]))
        return Published(post, self.url(post))

    async def reconcile(self, handle: Json) -> Reconciled:
        prepared = Prepared.from_handle(handle)
        post = str(prepared.payload["edits"] or prepared.key)
        if not self._page.looks:
            return Undecidable(NO)
        if self._page.posts.get(post) != prepared.payload["text"]:
            return NotFound()
        return Found(post, self.url(post), proof={"read": self.url(post)})

    async def status(self, platform_id: str) -> Standing:
        is_live = platform_id in self._page.posts if self._page.looks else None
        return Standing(is_live, self.url(platform_id), {"read": self.url(platform_id)})

    async def delete(self, platform_id: str) -> Removal:
        self._page.deletions += 1
        if self._page.deletes == "never":
            return StillLive(Reason("quá 48 giờ nên không gỡ được", "older than 48 hours"), needs_person=True)
        if self._page.deletes == "fails":
            return StillLive(NO)
        self._page.posts.pop(platform_id, None)
        return Deleted({"read": self.url(platform_id), "status": 404})

    async def list_posts(self, limit: int = 50) -> list[OwnPost] | None:
        return None

    async def metrics(self, platform_ids: Sequence[str]) -> dict[str, list[Metric]]:
        return {}

    def url(self, post: str) -> str:
        return f"https://{self._name}.example/{post}"
