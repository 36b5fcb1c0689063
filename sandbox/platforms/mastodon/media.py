"""Media attachments: looked at byte by byte, processed by the sandbox's clock, gone from here once they are posted."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.media_types import Sniffed, sniff
from sandbox.platforms.base import World
from sandbox.platforms.mastodon import rules
from sandbox.platforms.mastodon.accounts import Account, Accounts
from sandbox.platforms.mastodon.instance import configuration
from sandbox.platforms.mastodon.wire import Answer, Call, Invalid, Json, Missing, Refused, Upload

NAME = "mastodon"
MEDIA = "media"
_STANDS_ALONE = ("video", "audio")
_SCOPE = "write:media"


class Media:
    def __init__(self, world: World, accounts: Accounts, next_id: Callable[[], str]) -> None:
        self._world, self._accounts, self._next_id = world, accounts, next_id
        self._files: dict[str, bytes] = {}

    def clear(self) -> None:
        self._files.clear()

    # --- doors ---

    def create(self, call: Call) -> Answer:
        account, upload = self._accounts.authorized(call, _SCOPE), call.files.get("file")
        if upload is None:
            raise Invalid("File can't be blank")
        found = self._checked(upload)
        kind = _kind(found.mime)
        data = {
            "type": kind,
            "mime": found.mime,
            "size": len(upload.data),
            "sha256": hashlib.sha256(upload.data).hexdigest(),
            "width": found.width,
            "height": found.height,
            "description": self._description(call),
            "focus": _focus(call.text("focus")),
            "ready_at": iso(self._ready_at(kind)),
            "is_broken": not found.whole,
        }
        media_id = self._next_id()
        self._files[media_id] = upload.data
        self._record("media.create", account.id, media_id, Effect.CREATED, data)
        return Answer(self.view(self._own(account, media_id), call.base_url), 200 if self._is_ready(data) else 202)

    def show(self, call: Call) -> Answer:
        return self._answer(self._loose(call), call)

    def update(self, call: Call) -> Answer:
        item = self._loose(call)
        data = {**item.data}
        if "description" in call.params:
            data["description"] = self._description(call)
        if "focus" in call.params:
            data["focus"] = _focus(call.text("focus"))
        self._record("media.update", item.account, item.subject, Effect.UPDATED, data)
        return self._answer(item, call)

    def delete(self, call: Call) -> Answer:
        item = self._loose(call)
        self.forget("media.delete", item)
        return Answer({})

    # --- for posts ---

    def attachable(self, account: Account, ids: Sequence[str], mine: Sequence[str] = (), again: bool = False) -> None:
        """Refuses what cannot go into one post; `mine` are those already in it."""
        most = configuration(self._world.settings.mastodon)["statuses"]["max_media_attachments"]
        if len(ids) > most:
            raise Refused(422, f"Cannot attach more than {most} files")
        attached = set() if again else self._attached() - set(mine)
        items = [item for one in ids if (item := self._item(one)) and item.account == account.id]
        missing = sorted(set(ids) - {item.subject for item in items if item.subject not in attached})
        if missing:
            raise Refused(422, rules.NOT_FOUND.format(ids=", ".join(missing)))
        if len(items) > 1 and any(item.data["type"] in _STANDS_ALONE for item in items):
            raise Refused(422, "Cannot attach a video to a post that already contains images")
        if any(not self._is_ready(item.data) or item.data["is_broken"] for item in items):
            raise Refused(422, rules.NOT_READY)

    def digests(self, ids: Sequence[str]) -> list[str]:
        return [item.data["sha256"] for one in ids if (item := self._item(one))]

    def redescribed(self, account: Account, attributes: Any, ids: Sequence[str]) -> list[tuple[Item, Json]]:
        """What media_attributes of an edit would change; nothing is written yet."""
        changes: list[tuple[Item, Json]] = []
        for row in attributes if isinstance(attributes, list) else []:
            item = self._item(str(row.get("id"))) if isinstance(row, dict) else None
            if item is None or item.subject not in ids or item.account != account.id or "description" not in row:
                continue
            text = self._short_enough(str(row["description"] or "") or None)
            if text != item.data["description"]:
                changes.append((item, item.data | {"description": text}))
        return changes

    def rewrite(self, operation: str, changes: Sequence[tuple[Item, Json]]) -> None:
        for item, data in changes:
            self._record(operation, item.account, item.subject, Effect.UPDATED, data)

    def views(self, ids: Sequence[str], base_url: str) -> list[Json]:
        return [self.view(item, base_url) for one in ids if (item := self._item(one))]

    def forget(self, operation: str, item: Item) -> None:
        self._files.pop(item.subject, None)
        self._record(operation, item.account, item.subject, Effect.DELETED, {})

    def item(self, media_id: str) -> Item | None:
        return self._item(media_id)

    def file(self, media_id: str) -> tuple[bytes, str] | None:
        item, data = self._item(media_id), self._files.get(media_id)
        return (data, str(item.data["mime"])) if item is not None and data is not None else None

    def view(self, item: Item, base_url: str) -> Json:
        data, url = item.data, f"{base_url}/system/media_attachments/{item.subject}"
        ready = self._is_ready(data) and not data["is_broken"]
        return {
            "id": item.subject,
            "type": data["type"],
            "url": url if ready else None,
            "preview_url": None if data["type"] == "audio" else url,
            "remote_url": None,
            "preview_remote_url": None,
            "text_url": None,
            "meta": _meta(data),
            "description": data["description"],
            "blurhash": None if data["type"] == "audio" else "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
        }

    # --- checks ---

    def _checked(self, upload: Upload) -> Sniffed:
        limits = configuration(self._world.settings.mastodon)["media_attachments"]
        found = sniff(upload.data)
        if found is None or found.mime not in limits["supported_mime_types"]:
            raise Invalid("File content type is invalid, File is invalid")
        still = _kind(found.mime) == "image"
        most = limits["image_size_limit"] if still else limits["video_size_limit"]
        if len(upload.data) >= most:
            raise Invalid(f"File file size must be less than {most // 1048576} MB")
        if still and (not found.whole or not found.width or not found.height):
            raise Refused(422, rules.BROKEN_IMAGE)
        pixels = limits["image_matrix_limit"] if still else limits["video_matrix_limit"]
        if found.width and found.height and found.width * found.height > pixels:
            raise Refused(422, f"{found.width}x{found.height} {'images' if still else 'videos'} are not supported")
        return found

    def _description(self, call: Call) -> str | None:
        return self._short_enough((call.text("description") or "").strip() or None)

    def _short_enough(self, text: str | None) -> str | None:
        most = configuration(self._world.settings.mastodon)["media_attachments"]["description_limit"]
        if text is not None and len(text) > most:
            raise Invalid(f"Description is too long (maximum is {most} characters)")
        return text

    # --- states ---

    def _ready_at(self, kind: str) -> datetime:
        settings = self._world.settings.mastodon
        seconds = settings.image_processing_seconds if kind == "image" else settings.video_processing_seconds
        return self._world.clock.now() + timedelta(seconds=seconds)

    def _is_ready(self, data: Json) -> bool:
        return self._world.clock.now() >= datetime.fromisoformat(data["ready_at"])

    def _answer(self, item: Item, call: Call) -> Answer:
        ready = self._is_ready(item.data)
        if ready and item.data["is_broken"]:
            raise Refused(422, "Error processing thumbnail for uploaded media")
        return Answer(self.view(item, call.base_url), 200 if ready else rules.PROCESSING)

    def _loose(self, call: Call) -> Item:
        """The caller's own, not yet in a post."""
        item = self._own(self._accounts.authorized(call, _SCOPE), call.path["id"])
        if item.subject in self._attached():
            raise Missing()
        return item

    def _own(self, account: Account, media_id: str) -> Item:
        item = self._item(media_id)
        if item is None or item.account != account.id:
            raise Missing()
        return item

    def _attached(self) -> set[str]:
        current = self._world.ledger.current
        posts = [*current.of(NAME, "status"), *current.of(NAME, "scheduled")]
        return {media_id for post in posts for media_id in post.data["media_ids"]}

    def _item(self, media_id: str) -> Item | None:
        item = self._world.ledger.current.get(NAME, media_id)
        return item if item is not None and item.kind == MEDIA else None

    def _record(self, operation: str, account: str, media_id: str, effect: Effect, data: Json) -> None:
        self._world.ledger.record(Act(NAME, operation, account, MEDIA, media_id, effect, data))


def _kind(mime: str) -> str:
    return "gifv" if mime == "image/gif" else mime.partition("/")[0]


def _focus(written: str | None) -> list[float] | None:
    try:
        x, y = (float(one) for one in (written or "").split(","))
    except ValueError:
        return None
    return [x, y]


def _meta(data: Json) -> Json:
    width, height = data["width"], data["height"]
    meta: Json = {}
    if width and height:
        size = {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}
        meta["original"] = size
    if data["focus"]:
        meta["focus"] = {"x": data["focus"][0], "y": data["focus"][1]}
    return meta
