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
        found = [
            one
            for one in self.world.ledger.current.of(NAME, COMMENT)
            if one.data["parent"] is None and (one.data["video_id"] == video_id or one.account == whole)
        ]
        newest = sorted(found, key=lambda one: -one.seq)
        page, following = _page(newest, call)
        told: Json = {
            "kind": "youtube#commentThreadListResponse",
            "items": [self._thread(one, call.parts()) for one in page],
            "pageInfo": {"totalResults": len(page), "resultsPerPage": int(call.query.get("maxResults", "20"))},
        }
        return {**told, **following}

    def insert(self, channel: Channel, call: Call) -> Json:
        """`POST /comments`: the channel's own answer below a comment."""
        said = (call.body or {}).get("snippet", {})
        parent = self.world.ledger.current.get(NAME, str(said.get("parentId", "")))
        if parent is None:
            raise Refused(404, "parentCommentNotFound", "The parent comment cannot be found.", "youtube.comment")
        if not str(said.get("textOriginal", "")).strip():
            raise Refused(400, "commentTextRequired", "The text is missing.", "youtube.comment")
        video = self.videos.standing(parent.data["video_id"])
        return _comment(self.add(video, said["textOriginal"], channel.handle, parent.subject), self.channels)

    def replies(self, channel: Channel, call: Call) -> Json:
        parent = call.query.get("parentId", "")
        if self.world.ledger.current.get(NAME, parent) is None:
            raise Refused(404, "commentNotFound", "The comment cannot be found.", "youtube.comment")
        page, following = _page(self._below(parent), call)
        items = [_comment(one, self.channels) for one in page]
        return {"kind": "youtube#commentListResponse", "items": items, **following}

    def _below(self, parent: str) -> list[Item]:
        return [one for one in self.world.ledger.current.of(NAME, COMMENT) if one.data["parent"] == parent]

    def _thread(self, item: Item, parts: list[str]) -> Json:
        below = self._below(item.subject)
        whole: Json = {
            "snippet": {
                "channelId": item.account,
                "videoId": item.data["video_id"],
                "topLevelComment": _comment(item, self.channels),
                "canReply": True,
                "totalReplyCount": len(below),
                "isPublic": True,
            }
        }
        if below:
            whole["replies"] = {"comments": [_comment(one, self.channels) for one in below[: rules.REPLIES_SHOWN]]}
        told = {part: whole[part] for part in parts if part in whole}
        return {"kind": "youtube#commentThread", "id": item.subject, **told}


def _page(items: list[Item], call: Call) -> tuple[list[Item], Json]:
    start, most = int(call.query.get("pageToken", "0")), int(call.query.get("maxResults", "20"))
    following: Json = {"nextPageToken": str(start + most)} if start + most < len(items) else {}
    return items[start : start + most], following


def _comment(item: Item, channels: Channels) -> Json:
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
    if data["parent"] is not None:
        snippet["parentId"] = data["parent"]
    return {"kind": "youtube#comment", "id": item.subject, "snippet": snippet}


def _writer(item: Item, channels: Channels) -> str:
    """The channel itself, where it answered by its own name; else somebody."""
    own = channels.by_id.get(item.account)
    return own.id if own is not None and own.handle == item.data["author"] else "UC" + "x" * 22
