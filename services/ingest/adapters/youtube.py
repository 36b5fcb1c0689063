"""A YouTube channel, read by the YouTube Data API v3: the newest of its uploads playlist, one unit of quota a poll.

`fields` names what is answered: neither the channel's name nor anybody else's is ever on the wire. The key stands in a
header (`X-Goog-Api-Key`), so that it is in no address, log or fetch.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services.ingest.adapters.api import items_of, secret_of, text_at
from services.ingest.adapters.base import SOURCE_KINDS, ApiCall, Entry, NotParsable, ParsedDocument
from services.ingest.dates import parse_date

if TYPE_CHECKING:
    from services.ingest.platforms import PlatformSettings

_CHANNEL = re.compile(r"https?://(?:www\.|m\.)?youtube\.com/channel/UC([\w-]{22})/?(?:[?#].*)?")
_FIELDS = "items(snippet(title,description,publishedAt),contentDetails(videoId,videoPublishedAt))"
MOST = 50
_USED_UP = (b"quotaExceeded", b"dailyLimitExceeded")
_PACIFIC = ZoneInfo("America/Los_Angeles")


@SOURCE_KINDS.register("youtube")
class YoutubeChannel:
    """`https://www.youtube.com/channel/UC…`; a handle would have to be looked up first, and may change hands."""

    @staticmethod
    def api_call(address: str, platforms: "PlatformSettings") -> ApiCall:
        found = _CHANNEL.fullmatch(address)
        if found is None:
            raise NotParsable(
                "Địa chỉ cần có dạng https://www.youtube.com/channel/UC…", "the address is no channel of YouTube"
            )
        key = secret_of(platforms.youtube_key, "YouTube")
        query = {
            "part": "snippet,contentDetails",
            "playlistId": f"UU{found[1]}",  # the uploads of channel UC… (contentDetails.relatedPlaylists.uploads)
            "maxResults": MOST,
            "fields": _FIELDS,
        }
        base = platforms.youtube_url.rstrip("/")
        return ApiCall(f"{base}/youtube/v3/playlistItems?{urlencode(query, safe='(),')}", {"X-Goog-Api-Key": key})

    @staticmethod
    def rest_seconds(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> int | None:
        """A quota that is used up is whole again at midnight, Pacific time."""
        if status not in (403, 429) or not any(reason in body[:4096] for reason in _USED_UP):
            return None
        there = now.astimezone(_PACIFIC)
        midnight = datetime.combine(there.date() + timedelta(days=1), time(0), _PACIFIC)
        return int((midnight - now).total_seconds()) + 60

    @staticmethod
    def parse(
        data: bytes, *, content_type: str | None = None, url: str | None = None, language: str | None = None
    ) -> ParsedDocument:
        entries = [entry for item in items_of(data, "items", "YouTube") if (entry := _entry(item)) is not None]
        return ParsedDocument("youtube", None, language, entries)


def _entry(item: dict[str, Any] | Any) -> Entry | None:
    video = text_at(item, "contentDetails", "videoId")
    if video is None or not re.fullmatch(r"[\w-]{1,64}", video):
        return None
    dated = text_at(item, "contentDetails", "videoPublishedAt") or text_at(item, "snippet", "publishedAt")
    shown = parse_date(dated)
    return Entry(
        id=video,
        title=text_at(item, "snippet", "title"),
        link=f"https://www.youtube.com/watch?v={video}",
        content=text_at(item, "snippet", "description"),
        published_at=shown.at if shown else None,
        published_from="feed" if shown else "none",
    )
