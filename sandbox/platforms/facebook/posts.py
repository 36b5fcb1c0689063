"""Posts of a page: made, scheduled, edited, deleted, listed; the page's readers under them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox import counting
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.pages import NAME, POLICY_BLOCKED, Page
from sandbox.platforms.facebook.photos import Photos
from sandbox.platforms.facebook.videos import Videos
from sandbox.platforms.facebook.views import COMMENT, PHOTO, POST, VIDEO, Views
from sandbox.platforms.meta import PERMISSION_LOST, Call, Json, Refused, missing, parameter, permission

Tell = Callable[[Item, str], None]
_FEED = (
    "message",
    "link",
    "published",
    "scheduled_publish_time",
    "unpublished_content_type",
    "attached_media",
)
_EDIT = ("message", "is_published", "scheduled_publish_time")
_ATTACHED = re.compile(r"attached_media\[\d+\]")


@dataclass(frozen=True)
class Posts:
    world: World
    photos: Photos
    videos: Videos
    views: Views
    late: LateList
    next_id: Callable[[], str]
    tell: Tell
    """Called with each post that came, changed or went, and the verb."""

    # --- made ---

    def create(self, page: Page, call: Call) -> Json:
        require_may_post(page)
        call.require_only(*_FEED)
        message, link = _message(call), call.text("link") or ""
        attached = [self.photos.attachable(page, one, self.world.clock.now()) for one in _attached(call)]
        if not message and not link and not attached:
            raise parameter("message", "The post is empty. Please enter a message to share.")
        _require_link(link, bool(attached))
        if not call.again:
            self._require_new(page, message, link)
        item = self._put("feed.create", page, message, link, attached, self._time(call))
        return self._answer(item, call)

    def with_photo(self, page: Page, photo: Item, call: Call) -> Json:
        """`POST /{page}/photos` of a published one."""
        require_may_post(page)
        item = self._put("photos.create", page, _message(call), "", [photo], None)
        return {"id": photo.subject, "post_id": item.subject}

    def publish_due(self) -> None:
        """What the clock has brought meanwhile: scheduled posts, and posts of processed videos."""
        now = self.world.clock.now()
        for item in self.world.ledger.current.of(NAME, POST):
            at = item.data["scheduled_at"]
            if not item.data["is_published"] and at is not None and now.timestamp() >= at:
                self._record("publish", item, Effect.UPDATED, {**item.data, "is_published": True, "scheduled_at": None})
                self.tell(item, "add")
        for item in self.world.ledger.current.of(NAME, POST):
            if item.data["video_id"] and self.world.ledger.current.get(NAME, item.data["video_id"]) is None:
                self._record("publish", item, Effect.DELETED, {})  # somebody deleted the video by hand
        for video in self.videos.due():
            self._put_video(video)

    def _put_video(self, video: Item) -> None:
        post_id = f"{video.account}_{self.next_id()}"
        data = _data(video.data["description"], "", [], [video.data["sha256"]], video.data["app_id"])
        data["video_id"] = video.subject
        act = Act(NAME, "publish", video.account, POST, post_id, Effect.CREATED, data)
        self.world.ledger.record(act)
        self.videos.attach(video, post_id)
        self.tell(self._standing(post_id), "add")

    def _put(
        self, operation: str, page: Page, message: str, link: str, photos: list[Item], scheduled: int | None
    ) -> Item:
        post_id = f"{page.id}_{self.next_id()}"
        ids, hashes = [p.subject for p in photos], [p.data["sha256"] for p in photos]
        data = _data(message, link, ids, hashes, page.holder.app_id)
        if scheduled is not None:
            data |= {"is_published": False, "scheduled_at": scheduled or None}
        self.world.ledger.record(Act(NAME, operation, page.id, POST, post_id, Effect.CREATED, data))
        for photo in photos:
            self.photos.attach(photo, post_id)
        item = self._standing(post_id)
        if item.data["is_published"]:
            self.tell(item, "add")
        return item

    def _answer(self, item: Item, call: Call) -> Json:
        """`{id}`, or the fields asked for."""
        return self.views.post(item, call, default=("id",))

    def _time(self, call: Call) -> int | None:
        """None: at once; 0: unpublished without a time; else when, in Unix seconds."""
        kind = call.text("unpublished_content_type")
        if kind is not None and kind not in rules.UNPUBLISHED:
            raise parameter("unpublished_content_type", f"must be one of {{{', '.join(sorted(rules.UNPUBLISHED))}}}")
        at = _when(call)
        if call.flag("published", True):
            if at is not None:
                raise parameter(
                    "scheduled_publish_time", "You cannot specify a scheduled publish time on a published post"
                )
            return None
        if at is None:
            return 0
        self._require_ahead(at)
        return int(at.timestamp())

    def _require_ahead(self, at: datetime) -> None:
        now, (least, most) = self.world.clock.now(), rules.SCHEDULE
        if not now + least <= at <= now + most:
            raise parameter("scheduled_publish_time", "The specified scheduled publish time is invalid.")

    def _require_new(self, page: Page, message: str, link: str) -> None:
        mine = [item for item in self.world.ledger.current.of(NAME, POST) if item.account == page.id]
        last = max(mine, key=lambda item: item.seq, default=None)
        if last is None or self.world.clock.now() - last.created_at >= rules.DUPLICATE_WITHIN:
            return
        if message and (last.data["message"], last.data["link"]) == (message, link):
            raise Refused(
                rules.DUPLICATE,
                "(#506) Duplicate status message",
                1455006,
                user_title="Duplicate Status Update",
                user_message="This status update is identical to the last one you posted.",
            )

    # --- read, changed, gone ---

    def read(self, page: Page, object_id: str, call: Call) -> Json:
        if page.holder.status == PERMISSION_LOST:
            raise missing(object_id)
        reel = self.videos.started(page, object_id)
        if reel is not None and self.world.ledger.current.get(NAME, object_id) is None:
            wanted = {"id": object_id, "status": self.videos.started_status(reel)}
            return {name: value for name, value in wanted.items() if name in [*call.fields(), "id"]}
        item = self.mine(page, object_id)
        match item.kind:
            case "video":
                return self.views.video(item, call, self.videos.status(item))
            case "photo":
                return self.views.photo(item, call)
            case _:
                return self.views.post(item, call)

    def update(self, page: Page, object_id: str, call: Call) -> Json:
        require_may_post(page)
        item = self.mine(page, object_id, "post")
        if item.data.get("app_id", page.holder.app_id) != page.holder.app_id:
            raise Refused(200, "(#200) The post wasn't created by the application")
        if item.kind == VIDEO:
            self.videos.update(item, call)
            self._reword(item)
        elif item.kind == POST:
            self._update(item, call)
        else:
            raise missing(object_id, "post")
        return {"success": True}

    def _reword(self, video: Item) -> None:
        """The post of a video says what its video says."""
        post = self.world.ledger.current.get(NAME, str(video.data["post_id"]))
        if post is not None:
            self._record("object.update", post, Effect.UPDATED, {**post.data, "message": video.data["description"]})
            self.tell(post, "edited")

    def _update(self, item: Item, call: Call) -> None:
        call.require_only(*_EDIT)
        changed: Json = {}
        if "message" in call.params:
            changed["message"] = _message(call)
        if call.flag("is_published", False):
            changed |= {"is_published": True, "scheduled_at": None}
        at = _when(call)
        if at is not None:
            if item.data["is_published"]:
                raise parameter("scheduled_publish_time", "The post is already published")
            self._require_ahead(at)
            changed["scheduled_at"] = int(at.timestamp())
        if not changed:
            raise parameter("message", "Nothing to change")
        was_out = item.data["is_published"]
        self._record("object.update", item, Effect.UPDATED, {**item.data, **changed})
        if item.data["is_published"]:
            self.tell(item, "edited" if was_out else "add")

    def delete(self, page: Page, object_id: str, call: Call) -> Json:
        require_may_post(page)
        item = self.mine(page, object_id, "delete")
        twins = [item]
        other = item.data.get("post_id") if item.kind == VIDEO else item.data.get("video_id")
        if item.kind in (VIDEO, POST) and other and (twin := self.world.ledger.current.get(NAME, other)):
            twins.append(twin)
        for one in twins:
            self.world.ledger.record(Act(NAME, "object.delete", one.account, one.kind, one.subject, Effect.DELETED))
            if one.kind == POST and one.data["is_published"]:
                self.tell(one, "remove")
        return {"success": True}

    def mine(self, page: Page, object_id: str, method: str = "get") -> Item:
        item = self.world.ledger.current.get(NAME, object_id)
        if item is None or item.account != page.id or item.kind not in (POST, PHOTO, VIDEO):
            raise missing(object_id, method)
        return item

    def _standing(self, post_id: str) -> Item:
        item = self.world.ledger.current.get(NAME, post_id)
        assert item is not None
        return item

    # --- lists ---

    def published(self, page: Page, call: Call) -> Json:
        """Late, as lists are."""
        items = [item for item in self.late.due(POST) if item.account == page.id and item.data["is_published"]]
        return self._listed(page, items, call, served=True)

    def scheduled(self, page: Page, call: Call) -> Json:
        items = self.world.ledger.current.of(NAME, POST)
        waiting = [item for item in items if item.account == page.id and item.data["scheduled_at"] is not None]
        return self._listed(page, waiting, call)

    def _listed(self, page: Page, items: list[Item], call: Call, served: bool = False) -> Json:
        if page.holder.status == PERMISSION_LOST:
            raise permission("pages_read_engagement")
        call.require_only("limit", "after", "since", "until")
        usual, most = rules.LIST_MOST
        limit = min(call.number("limit") or usual, most)
        newest = sorted(items, key=lambda item: (item.created_at, item.seq), reverse=True)
        after = call.number("after")
        newest = [item for item in newest if after is None or item.seq < after]
        page_of = newest[:limit]
        shown = self.late.served(page_of) if served else page_of
        told: Json = {"data": [self.views.post(item, call) for item in shown]}
        if page_of:
            told["paging"] = {"cursors": {"before": str(page_of[0].seq), "after": str(page_of[-1].seq)}}
        if len(newest) > limit:
            kept = {"limit": str(limit), "after": str(page_of[-1].seq), "fields": call.text("fields") or ""}
            told["paging"]["next"] = f"{call.base_url}/{call.version}/{page.id}/published_posts?{urlencode(kept)}"
        return told

    # --- readers ---

    def comment(self, above: Item, author: str, words: str) -> Item:
        """Under a post, or in answer to another comment."""
        parent = above.subject if above.kind == COMMENT else None
        post_id = above.data["post_id"] if above.kind == COMMENT else above.subject
        comment_id = f"{post_id.partition('_')[2]}_{self.next_id()}"
        data = {"post_id": post_id, "parent_id": parent, "text": words, "author": author or "Bạn đọc"}
        self.world.ledger.record(Act(NAME, "engage", above.account, COMMENT, comment_id, Effect.CREATED, data))
        return self._standing(comment_id)

    def _record(self, operation: str, item: Item, effect: Effect, data: Json) -> None:
        self.world.ledger.record(Act(NAME, operation, item.account, POST, item.subject, effect, data))


def require_may_post(page: Page) -> None:
    if page.holder.status == PERMISSION_LOST:
        raise permission("pages_manage_posts")
    if page.holder.status == POLICY_BLOCKED:
        words = "The action attempted has been deemed abusive or is otherwise disallowed"
        raise Refused(rules.POLICY, words, 1346003, user_title="Action Blocked", user_message=words)


def _data(message: str, link: str, media: list[str], hashes: list[str], app_id: str) -> Json:
    return {
        "message": message,
        "link": link,
        "media_ids": media,
        "media_sha256": hashes,
        "video_id": None,
        "app_id": app_id,
        "is_published": True,
        "scheduled_at": None,
    }


def _message(call: Call) -> str:
    message = call.text("message") or ""
    if counting.utf16_units(message) > rules.MESSAGE:
        raise parameter("message", f"Param message must be at most {rules.MESSAGE} characters long")
    return message


def _attached(call: Call) -> list[str]:
    """`attached_media` as one JSON array, or `attached_media[0]` and so on, each `{"media_fbid": "…"}`."""
    rows = call.json("attached_media")
    if rows is None:
        rows = [call.json(name) for name in sorted(call.params) if _ATTACHED.fullmatch(name)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == {"media_fbid"} for row in rows):
        raise parameter("attached_media", "Param attached_media must be an array of {media_fbid}")
    ids = [str(row["media_fbid"]) for row in rows]
    if len(ids) > rules.ATTACHED_MOST or len(set(ids)) < len(ids):
        raise parameter("attached_media", f"at most {rules.ATTACHED_MOST} photos, each once")
    return ids


def _require_link(link: str, has_media: bool) -> None:
    if not link:
        return
    if has_media:
        raise parameter("link", "link and attached_media cannot be used together")
    parts = urlsplit(link)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or host.endswith(".invalid"):
        raise parameter("link", "The url you supplied is invalid", rules.LINK_UNREADABLE)
    if host == "facebook.com" or host.endswith(".facebook.com"):
        raise parameter("link", "Links to facebook.com cannot be attached", rules.LINK_OWN)


def _when(call: Call) -> datetime | None:
    written: Any = call.params.get("scheduled_publish_time")
    if written is None:
        return None
    try:
        return datetime.fromtimestamp(int(written)).astimezone()
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        raise parameter("scheduled_publish_time", "must be a Unix time or ISO 8601") from None
    if at.tzinfo is None:
        raise parameter("scheduled_publish_time", "must have a time zone")
    return at
