"""What stands under a video, thread by thread. Who wrote it is in every answer, and is let go here."""

from collections.abc import Mapping
from typing import Any

from services.publish.adapters.base import MOST_COMMENTS, Json, Said
from services.publish.adapters.reading import instant
from services.publish.adapters.youtube_api import Api, Meaning, Refused

PAGE = "100"
DISABLED = "commentsDisabled"


async def read_comments(api: Api, channel_id: str, video_id: str) -> list[Said]:
    """Published ones, newest threads first, each followed by its replies; none where comments are turned off."""
    found: list[Said] = []
    query = {"videoId": video_id, "maxResults": PAGE, "order": "time", "textFormat": "plainText"}
    try:
        while len(found) < MOST_COMMENTS:
            page = await api.get("commentThreads", part="snippet,replies", **query)
            for thread in page.get("items") or []:
                found += await _thread(api, thread, channel_id, video_id)
            if not page.get("nextPageToken"):
                break
            query["pageToken"] = str(page["nextPageToken"])
    except Refused as refused:
        if refused.why != DISABLED and refused.meaning is not Meaning.GONE:
            raise
        return []
    return found[:MOST_COMMENTS]


async def _thread(api: Api, thread: Json, channel_id: str, video_id: str) -> list[Said]:
    """A thread brings a few of its replies along; where there are more they are asked for."""
    told = thread.get("snippet") or {}
    top, count = told.get("topLevelComment") or {}, told.get("totalReplyCount") or 0
    below = (thread.get("replies") or {}).get("comments") or []
    if count > len(below):
        below = await _replies(api, str(top.get("id")))
    comments = [top, *below]
    return [_said(one, channel_id, video_id) for one in comments if one.get("id")]


async def _replies(api: Api, parent: str) -> list[Json]:
    found: list[Json] = []
    query = {"parentId": parent, "maxResults": PAGE, "textFormat": "plainText"}
    while len(found) < MOST_COMMENTS:
        page = await api.get("comments", part="snippet", **query)
        found += [one for one in page.get("items") or [] if isinstance(one, dict)]
        if not page.get("nextPageToken"):
            break
        query["pageToken"] = str(page["nextPageToken"])
    return found


def _said(comment: Mapping[str, Any], channel_id: str, video_id: str) -> Said:
    snippet = comment.get("snippet") or {}
    writer = (snippet.get("authorChannelId") or {}).get("value")
    parent = snippet.get("parentId")
    return Said(
        str(comment["id"]),
        video_id,
        str(snippet.get("textOriginal") or snippet.get("textDisplay") or ""),
        instant(snippet.get("publishedAt")),
        str(parent) if parent else None,
        is_ours=bool(writer) and writer == channel_id,
    )
