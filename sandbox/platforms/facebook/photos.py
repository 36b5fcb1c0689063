"""Photos: looked at byte by byte; unpublished ones wait for a post and are gone after a day."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from sandbox.ledger import Act, Effect, Item
from sandbox.media_types import sniff
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.pages import NAME, Page
from sandbox.platforms.facebook.views import PHOTO
from sandbox.platforms.meta import Call, Json, Refused, parameter

_ALLOWED = ("source", "message", "caption", "alt_text_custom", "published", "temporary")


class Photos:
    def __init__(self, world: World, next_id: Callable[[], str]) -> None:
        self._world, self._next_id = world, next_id

    def create(self, page: Page, call: Call) -> tuple[Item, bool]:
        """The photo, and whether it is to be published at once."""
        if "url" in call.params:
            raise parameter("url", "url is not played by the sandbox: send source")
        call.require_only(*_ALLOWED)
        data, photo_id = self._looked_at(call), self._next_id()
        self._record("photos.create", page.id, photo_id, Effect.CREATED, data)
        item = self._world.ledger.current.get(NAME, photo_id)
        assert item is not None
        return item, call.flag("published", True)

    def attachable(self, page: Page, photo_id: str, now: datetime) -> Item:
        item = self._world.ledger.current.get(NAME, photo_id)
        if item is None or item.kind != PHOTO or item.account != page.id or self._is_gone(item, now):
            raise parameter("attached_media", f"media_fbid {photo_id} does not exist or was deleted")
        if item.data["post_id"] is not None:
            raise Refused(
                100, "(#100) Photos were already posted", rules.PHOTO_ONCE, user_message="Ảnh này đã có trong bài khác."
            )
        return item

    def attach(self, item: Item, post_id: str | None) -> None:
        self._record("photos.attach", item.account, item.subject, Effect.UPDATED, {**item.data, "post_id": post_id})

    def _looked_at(self, call: Call) -> Json:
        upload = call.files.get("source")
        if upload is None:
            raise parameter("source", "(#324) Requires upload file")
        found = sniff(upload.data)
        if found is None or found.mime not in rules.PHOTO_TYPES or not found.whole:
            raise _refused("Your photo could not be uploaded: it should be JPG or PNG and not damaged.")
        if len(upload.data) >= rules.PHOTO_BYTES:
            raise _refused("Your photo could not be uploaded: it should be less than 4 MB.")
        return {
            "sha256": hashlib.sha256(upload.data).hexdigest(),
            "mime": found.mime,
            "size": len(upload.data),
            "width": found.width,
            "height": found.height,
            "alt": call.text("alt_text_custom") or "",
            "caption": call.text("message") or call.text("caption") or "",
            "post_id": None,
        }

    def _is_gone(self, item: Item, now: datetime) -> bool:
        return item.data["post_id"] is None and now >= item.created_at + rules.PHOTOS_KEPT

    def _record(self, operation: str, account: str, subject: str, effect: Effect, data: Json) -> None:
        self._world.ledger.record(Act(NAME, operation, account, PHOTO, subject, effect, data))


def _refused(words: str) -> Refused:
    return Refused(
        100,
        f"(#100) {words}",
        rules.PHOTO_REFUSED,
        user_title="Can't Read Files",
        user_message=words,
        blamed=["source"],
    )
