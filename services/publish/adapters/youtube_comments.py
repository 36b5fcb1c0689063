"""What stands under a video, thread by thread. Who wrote it is in every answer, and is let go here."""

from collections.abc import Mapping
from typing import Any

from services.publish.adapters.base import MOST_COMMENTS, Json, Said
from services.publish.adapters.reading import instant
from services.publish.adapters.youtube_api import Api, Meaning, Refused

PAGE = "100"
DISABLED = "commentsDisabled"
SHOWN, HELD = "published", "heldForReview"


async def read_comments(api: Api, channel_id: str, video_id: str) -> list[Said]:
    """Published ones, newest threads first, each followed by its replies; then those held back, which only their
    writers and the channel see. None where comments are turned off."""
    query = {"videoId": video_id, "maxResults": PAGE, "order": "time", "textFormat": "plainText"}
    try:
        shown = await _published(api, query, channel_id, video_id)
        held = await api.get("commentThreads", part="snippet,replies", moderationStatus=HELD, **query)
    except Refused as refused:
        if refused.why != DISABLED and refused.meaning is not Meaning.GONE:
            raise
        return []
    known = {one.id for one in shown}
    hidden = [
        _said(one, channel_id, video_id, is_hidden=True)
        for thread in held.get("items") or []
        for one in _carried(thread)
        if one.get("id") not in known and (one.get("snippet") or {}).get("moderationStatus", HELD) != SHOWN
    ]
    return [*shown, *hidden][:MOST_COMMENTS]


async def _published(api: Api, query: Mapping[str, str], channel_id: str, video_id: str) -> list[Said]:
    found: list[Said] = []
    asked = dict(query)
    while len(found) < MOST_COMMENTS:
        page = await api.get("commentThreads", part="snippet,replies", **asked)
        for thread in page.get("items") or []:
            found += await _thread(api, thread, channel_id, video_id)
        if not page.get("nextPageToken"):
            break
        asked["pageToken"] = str(page["nextPageToken"])
    return found


def _carried(thread: Json) -> list[Json]:
    """The comment that a thread begins with, and the answers that came along."""
    top = (thread.get("snippet") or {}).get("topLevelComment") or {}
    return [one for one in (top, *((thread.get("replies") or {}).get("comments") or [])) if one.get("id")]


async def _thread(api: Api, thread: Json, channel_id: str, video_id: str) -> list[Said]:
    """A thread brings a few of its replies along; where there are more they are asked for."""
    told = thread.get("snippet") or {}
    top, count = told.get("topLevelComment") or {}, told.get("totalReplyCount") or 0
    below = (thread.get("replies") or {}).get("comments") or []
    if count > len(below):
        below = await list_replies(api, str(top.get("id")))
    comments = [top, *below]
    return [_said(one, channel_id, video_id) for one in comments if one.get("id")]


async def list_replies(api: Api, parent: str) -> list[Json]:
    found: list[Json] = []
    query = {"parentId": parent, "maxResults": PAGE, "textFormat": "plainText"}
    while len(found) < MOST_COMMENTS:
        page = await api.get("comments", part="snippet", **query)
        found += [one for one in page.get("items") or [] if isinstance(one, dict)]
        if not page.get("nextPageToken"):
            break
        query["pageToken"] = str(page["nextPageToken"])
    return found


def writer_of(comment: Mapping[str, Any]) -> str:
    """The channel that wrote it; compared with our own, and let go."""
    return str(((comment.get("snippet") or {}).get("authorChannelId") or {}).get("value") or "")


def _said(comment: Mapping[str, Any], channel_id: str, video_id: str, *, is_hidden: bool = False) -> Said:
    snippet, writer = comment.get("snippet") or {}, writer_of(comment)
    parent = snippet.get("parentId")
    return Said(
        str(comment["id"]),
        video_id,
        str(snippet.get("textOriginal") or snippet.get("textDisplay") or ""),
        instant(snippet.get("publishedAt")),
        str(parent) if parent else None,
        is_ours=bool(writer) and writer == channel_id,
        is_hidden=is_hidden,
    )
