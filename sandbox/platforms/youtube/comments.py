"""Comments under videos: somebody writes one, threads and replies are listed. YouTube sends no webhook of them."""

from dataclasses import dataclass
from typing import Any

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.youtube import rules
from sandbox.platforms.youtube.accounts import Channel, Channels
from sandbox.platforms.youtube.videos import COMMENT, Videos
from sandbox.platforms.youtube.wire import NAME, Call, Json, Refused

SHOWN = rules.HELD[0]


@dataclass(frozen=True)
class Comments:
    world: World
    channels: Channels
    videos: Videos

    def add(self, video: Item, text: str, author: str, parent: str | None = None) -> Item:
        """A reader writes below a video, or below a comment."""
        number = sum(entry.act.kind == COMMENT for entry in self.world.ledger.entries(NAME)) + 1
        subject = f"Ug{number:024d}" if parent is None else f"{parent}.9{number:06d}"
        data: dict[str, Any] = {
            "video_id": video.subject,
            "text": text,
            "author": author or "Bạn đọc",
            "parent": parent,
            "at": iso(self.world.clock.now()),
            "moderation": SHOWN,
        }
        self.world.ledger.record(Act(NAME, "comment", video.account, COMMENT, subject, Effect.CREATED, data))
        made = self.world.ledger.current.get(NAME, subject)
        assert made is not None
        return made

    def of(self, video_id: str) -> list[Item]:
        return [one for one in self.world.ledger.current.of(NAME, COMMENT) if one.data["video_id"] == video_id]

    def threads(self, channel: Channel, call: Call) -> Json:
        """`videoId` or `allThreadsRelatedToChannelId`; newest first by `order=time`, which is the default."""
        video_id, whole = call.query.get("videoId"), call.query.get("allThreadsRelatedToChannelId")
        if (video_id is None) == (whole is None):
            raise Refused(400, "invalidFilters", "Expected one of: videoId, allThreadsRelatedToChannelId")
        if video_id is not None and not self.videos.by_ids(channel, [video_id]):
            raise Refused(404, rules.NOT_FOUND, "The video cannot be found.", "youtube.commentThread")
        if not channel.has_comments:
            raise Refused(*rules.COMMENTS_OFF, "The video has disabled comments.", "youtube.commentThread")
        wanted = call.query.get("moderationStatus", SHOWN)
        if wanted != SHOWN and (whole or channel.id) != channel.id:
            raise Refused(403, "forbidden", "Only the channel's own.", "youtube.commentThread")
        found = [
            one
            for one in self.world.ledger.current.of(NAME, COMMENT)
            if one.data["parent"] is None and (one.data["video_id"] == video_id or one.account == whole)
            if self._is_listed(one, wanted)
        ]
        newest = sorted(found, key=lambda one: -one.seq)
        page, following = _page(newest, call)
        told: Json = {
            "kind": "youtube#commentThreadListResponse",
            "items": [self._thread(one, call.parts(), wanted) for one in page],
            "pageInfo": {"totalResults": len(page), "resultsPerPage": int(call.query.get("maxResults", "20"))},
        }
        return {**told, **following}

    def insert(self, channel: Channel, call: Call) -> Json:
        """`POST /comments`: the channel's own answer below a comment."""
        said = (call.body or {}).get("snippet", {})
        parent = self._comment(str(said.get("parentId", "")))
        if parent is None:
            raise Refused(*rules.NO_PARENT, "The parent comment cannot be found.", "youtube.comment")
        if parent.data["parent"] is not None:
            raise Refused(*rules.ONE_LEVEL, "The parent is no top-level comment.", "youtube.comment")
        if not self.channels.by_id[parent.account].has_comments:
            raise Refused(*rules.COMMENTS_OFF, "The video has disabled comments.", "youtube.comment")
        if not str(said.get("textOriginal", "")).strip():
            raise Refused(400, "commentTextRequired", "The text is missing.", "youtube.comment")
        video = self.videos.standing(parent.data["video_id"])
        return _comment(self.add(video, said["textOriginal"], channel.handle, parent.subject), self.channels)

    def replies(self, channel: Channel, call: Call) -> Json:
        """`comments.list`: by ids, or published ones below a comment."""
        if ids := [each for each in call.query.get("id", "").split(",") if each]:
            asked = [one for each in ids if (one := self._comment(each)) is not None]
            items = [_comment(one, self.channels) for one in asked]
            return {"kind": "youtube#commentListResponse", "items": items}
        parent = call.query.get("parentId", "")
        if self._comment(parent) is None:
            raise Refused(*rules.NO_COMMENT, "The comment cannot be found.", "youtube.comment")
        page, following = _page([one for one in self._below(parent) if is_shown(one)], call)
        items = [_comment(one, self.channels) for one in page]
        return {"kind": "youtube#commentListResponse", "items": items, **following}

    def moderate(self, channel: Channel, call: Call) -> None:
        """`POST /comments/setModerationStatus`: of comments on the channel's own videos; again it changes nothing."""
        wanted = call.query["moderationStatus"]
        if wanted not in rules.HELD:
            raise Refused(400, "processingFailure", f"{wanted} cannot be set.", "youtube.comment")
        found = [self._comment(each) for each in call.query["id"].split(",")]
        for one in found:
            if one is None:
                raise Refused(*rules.NO_COMMENT, "The comment cannot be found.", "youtube.comment")
            if one.account != channel.id:
                raise Refused(403, "forbidden", "The comment is another channel's.", "youtube.comment")
        for one in filter(None, found):
            effect = Effect.UNCHANGED if one.data["moderation"] == wanted else Effect.UPDATED
            data = {**one.data, "moderation": wanted}
            self.world.ledger.record(
                Act(NAME, "comments.setModerationStatus", one.account, COMMENT, one.subject, effect, data)
            )

    def _comment(self, comment_id: str) -> Item | None:
        item = self.world.ledger.current.get(NAME, comment_id)
        return item if item is not None and item.kind == COMMENT else None

    def _is_listed(self, top: Item, wanted: str) -> bool:
        if wanted == SHOWN:
            return is_shown(top)
        return any(one.data["moderation"] == wanted for one in (top, *self._below(top.subject)))

    def _below(self, parent: str) -> list[Item]:
        return [one for one in self.world.ledger.current.of(NAME, COMMENT) if one.data["parent"] == parent]

    def _thread(self, item: Item, parts: list[str], wanted: str) -> Json:
        below = [one for one in self._below(item.subject) if one.data["moderation"] == wanted]
        whole: Json = {
            "snippet": {
                "channelId": item.account,
                "videoId": item.data["video_id"],
                "topLevelComment": _comment(item, self.channels, is_moderated=True),
                "canReply": True,
                "totalReplyCount": len(below),
                "isPublic": True,
            }
        }
        if below:
            whole["replies"] = {
                "comments": [_comment(one, self.channels, is_moderated=True) for one in below[: rules.REPLIES_SHOWN]]
            }
        told = {part: whole[part] for part in parts if part in whole}
        return {"kind": "youtube#commentThread", "id": item.subject, **told}


def _page(items: list[Item], call: Call) -> tuple[list[Item], Json]:
    start, most = int(call.query.get("pageToken", "0")), int(call.query.get("maxResults", "20"))
    following: Json = {"nextPageToken": str(start + most)} if start + most < len(items) else {}
    return items[start : start + most], following


def is_shown(item: Item) -> bool:
    """Whether everybody sees it."""
    return bool(item.data["moderation"] == SHOWN)


def _comment(item: Item, channels: Channels, *, is_moderated: bool = False) -> Json:
    """`is_moderated`: with its status, which is not told of what was asked for by its id."""
    data = item.data
    snippet: Json = {
        "channelId": item.account,
        "videoId": data["video_id"],
        "textDisplay": data["text"],
        "textOriginal": data["text"],
        "authorDisplayName": f"@{data['author']}",
        "authorProfileImageUrl": "https://yt3.ggpht.com/ytc/nobody",
        "authorChannelUrl": f"http://www.youtube.com/@{data['author']}",
        "authorChannelId": {"value": _writer(item, channels)},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": item.engagement.get("likes", 0),
        "publishedAt": data["at"],
        "updatedAt": data["at"],
    }
    if is_moderated:
        snippet["moderationStatus"] = data["moderation"]
    if data["parent"] is not None:
        snippet["parentId"] = data["parent"]
    return {"kind": "youtube#comment", "id": item.subject, "snippet": snippet}


def _writer(item: Item, channels: Channels) -> str:
    """The channel itself, where it answered by its own name; else somebody."""
    own = channels.by_id.get(item.account)
    return own.id if own is not None and own.handle == item.data["author"] else "UC" + "x" * 22
