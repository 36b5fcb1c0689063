"""Objects the way the Graph API tells them: only the fields asked for, unknown ones refused, absent ones left out."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sandbox.ledger import Item, Projection
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.pages import NAME, Page
from sandbox.platforms.meta import Call, Json, Refused, stamp

POST, PHOTO, VIDEO, COMMENT = "post", "photo", "video", "comment"
Tell = Callable[[Item], Any]


class Views:
    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def current(self) -> Projection:
        return self._world.ledger.current

    def page(self, page: Page, call: Call) -> Json:
        told = {
            "id": page.id,
            "name": page.name,
            "username": page.handle,
            "link": f"{call.base_url}/{page.handle}",
            "fan_count": page.followers,
            "followers_count": page.followers,
            "is_published": True,
            "can_post": True,
        }
        return chosen(call, "Page", {name: partial(told.get, name) for name in told}, ("name", "id"))

    def post(self, item: Item, call: Call, default: Sequence[str] = ("created_time", "message", "id")) -> Json:
        data = item.data
        reactions = {"data": [], "summary": {"total_count": item.engagement.get("likes", 0), "viewer_reaction": "NONE"}}
        comments = sum(one.data["post_id"] == item.subject for one in self.current.of(NAME, COMMENT))
        return chosen(
            call,
            "PagePost",
            {
                "id": lambda: item.subject,
                "message": lambda: data["message"] or None,
                "created_time": lambda: stamp(item.created_at),
                "updated_time": lambda: stamp(item.updated_at),
                "permalink_url": lambda: self.address(item, call.base_url),
                "is_published": lambda: data["is_published"],
                "is_hidden": lambda: False,
                "scheduled_publish_time": lambda: data.get("scheduled_at"),
                "status_type": lambda: "added_photos" if data["media_ids"] else "mobile_status_update",
                "attachments": lambda: self.attachments(item, call.base_url),
                "shares": lambda: {"count": shares} if (shares := item.engagement.get("reposts", 0)) else None,
                "comments": lambda: {"data": [], "summary": {"order": "ranked", "total_count": comments}},
                "reactions": lambda: reactions,
            },
            default,
        )

    def photo(self, item: Item, call: Call) -> Json:
        told: dict[str, Callable[[], Any]] = {
            "id": lambda: item.subject,
            "created_time": lambda: stamp(item.created_at),
            "alt_text_custom": lambda: item.data["alt"] or None,
            "name": lambda: item.data["caption"] or None,
            "width": lambda: item.data["width"],
            "height": lambda: item.data["height"],
            "link": lambda: f"{call.base_url}/photo/?fbid={item.subject}",
            "page_story_id": lambda: item.data["post_id"],
        }
        return chosen(call, "Photo", told, ("created_time", "id"))

    def video(self, item: Item, call: Call, status: Json) -> Json:
        data = item.data
        likes = {"data": [], "summary": {"total_count": item.engagement.get("likes", 0)}}
        comments = sum(one.data["post_id"] == data["post_id"] for one in self.current.of(NAME, COMMENT))
        told: dict[str, Callable[[], Any]] = {
            "id": lambda: item.subject,
            "title": lambda: data["title"] or None,
            "description": lambda: data["description"] or None,
            "created_time": lambda: stamp(item.created_at),
            "updated_time": lambda: stamp(item.updated_at),
            "permalink_url": lambda: self.reel_or_video(item, call.base_url),
            "published": lambda: data["post_id"] is not None,
            "post_id": lambda: data["post_id"].partition("_")[2] if data["post_id"] else None,
            "length": lambda: data["seconds"],
            "status": lambda: status,
            "likes": lambda: likes,
            "reactions": lambda: likes,
            "comments": lambda: {"data": [], "summary": {"order": "ranked", "total_count": comments}},
        }
        return chosen(call, "Video", told, ("updated_time", "description", "id"))

    def attachments(self, item: Item, base: str) -> Json | None:
        data = item.data
        if data["video_id"]:
            video = self.current.get(NAME, data["video_id"])
            url = self.reel_or_video(video, base) if video else f"{base}/watch/?v={data['video_id']}"
            return {"data": [{"media_type": "video", "target": {"id": data["video_id"]}, "type": "video", "url": url}]}
        if data["media_ids"]:
            photos = [{"media_type": "photo", "target": {"id": one}, "type": "photo"} for one in data["media_ids"]]
            if len(photos) == 1:
                return {"data": [{**photos[0], "url": f"{base}/photo/?fbid={data['media_ids'][0]}"}]}
            album = {"media_type": "album", "type": "album", "subattachments": {"data": photos}}
            return {"data": [{**album, "url": self.address(item, base)}]}
        if data["link"]:
            return {"data": [{"media_type": "link", "type": "share", "title": "", "unshimmed_url": data["link"]}]}
        return None

    def address(self, item: Item, base: str) -> str:
        return f"{base}/{item.account}/posts/{item.subject.partition('_')[2]}"

    def reel_or_video(self, item: Item, base: str) -> str:
        return (
            f"{base}/reel/{item.subject}/" if item.data["is_reel"] else f"{base}/{item.account}/videos/{item.subject}/"
        )


def chosen(call: Call, node: str, told: dict[str, Callable[[], Any]], default: Sequence[str]) -> Json:
    wanted = call.fields() or list(default)
    for name in wanted:
        if name not in told:
            raise Refused(rules.FIELDS, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")
    found = {name: told[name]() for name in dict.fromkeys([*wanted, "id"])}
    return {name: value for name, value in found.items() if value is not None}
