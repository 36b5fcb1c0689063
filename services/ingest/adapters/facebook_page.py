"""A public Facebook page, read by the Graph API: the newest of `/{page}/published_posts`.

Fields are named, and `from` is none of them. The token stands in the `Authorization` header, so that it is in no
address, log or fetch. Pages of others answer only to an app with Page Public Content Access.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from services.ingest.adapters.api import items_of, secret_of, text_at
from services.ingest.adapters.base import SOURCE_KINDS, ApiCall, Entry, NotParsable, ParsedDocument
from services.ingest.dates import parse_date

if TYPE_CHECKING:
    from services.ingest.platforms import PlatformSettings

_PAGE = re.compile(r"https?://(?:www\.|m\.)?facebook\.com/(?:profile\.php\?id=)?([\w.]{2,80})/?(?:[?#].*)?")
_NO_PAGES = frozenset({"groups", "people", "watch", "events", "profile.php", "share", "sharer", "login", "hashtag"})
_FIELDS = "id,message,created_time,updated_time,permalink_url"
MOST = 50
NEARLY_ALL = 90.0
"""Percent of what an app may ask for; beyond it others of its calls would be refused."""


@SOURCE_KINDS.register("facebook_page")
class FacebookPage:
    """`https://www.facebook.com/{name or number of the page}`."""

    @staticmethod
    def api_call(address: str, platforms: "PlatformSettings") -> ApiCall:
        found = _PAGE.fullmatch(address)
        if found is None or found[1].lower() in _NO_PAGES:
            raise NotParsable(
                "Địa chỉ cần có dạng https://www.facebook.com/ten-trang", "the address is no page of Facebook"
            )
        token = secret_of(platforms.facebook_token, "Facebook")
        query = urlencode({"fields": _FIELDS, "limit": MOST}, safe=",")
        base = platforms.facebook_url.rstrip("/")
        return ApiCall(f"{base}/{found[1]}/published_posts?{query}", {"Authorization": f"Bearer {token}"})

    @staticmethod
    def rest_seconds(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> int | None:
        """By the usage headers: until access is regained, or an hour where little is left of what may be used."""
        minutes = percent = 0.0
        for said in _usages(headers):
            minutes = max(minutes, _number(said, "estimated_time_to_regain_access"))
            percent = max(percent, *(_number(said, name) for name in ("call_count", "total_cputime", "total_time")))
        return int(minutes * 60) or (3600 if percent >= NEARLY_ALL else None)

    @staticmethod
    def parse(
        data: bytes, *, content_type: str | None = None, url: str | None = None, language: str | None = None
    ) -> ParsedDocument:
        entries = [entry for item in items_of(data, "data", "Facebook") if (entry := _entry(item)) is not None]
        return ParsedDocument("facebook_page", None, language, entries)


def _usages(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """What the platform says of the app's use, and of each use case of each page."""
    for name in ("x-app-usage", "x-business-use-case-usage"):
        try:
            told = json.loads(headers.get(name) or "{}")
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            yield told
            cases = [one for each in told.values() if isinstance(each, list) for one in each]
            yield from (case for case in cases if isinstance(case, dict))


def _number(said: Mapping[str, Any], name: str) -> float:
    value = said.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number and value is not None else 0.0


def _entry(item: dict[str, Any] | Any) -> Entry | None:
    post, message = text_at(item, "id"), text_at(item, "message")
    if post is None or message is None or not re.fullmatch(r"\d{1,30}(?:_\d{1,30})?", post):
        return None  # a picture without words says nothing here
    shown, updated = parse_date(text_at(item, "created_time")), parse_date(text_at(item, "updated_time"))
    return Entry(
        id=post,
        link=_permalink(item),
        content=message,
        published_at=shown.at if shown else None,
        published_from="feed" if shown else "none",
        updated_at=updated.at if updated else None,
    )


def _permalink(item: dict[str, Any] | Any) -> str | None:
    link = text_at(item, "permalink_url")
    if link is None:
        return None
    try:
        return link if urlsplit(link).scheme in ("https", "http") else None
    except ValueError:
        return None
