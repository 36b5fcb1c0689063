"""Addresses of posts without who wrote them: what takes posts in and what hands them over cut the same way."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from libs.common.masking import mask_personal_data

# Addresses of posts carry their author's name; the platform's post id is kept without it.
_AUTHOR_SEGMENTS = (
    (re.compile(r"^(https?://(?:www\.|m\.)?facebook\.com)/[^/]+/(posts|videos|photos)/"), r"\1/\2/"),
    (re.compile(r"^(https?://(?:www\.)?(?:x|twitter)\.com)/[^/]+/status/"), r"\1/i/status/"),
    (re.compile(r"^(https?://(?:www\.)?threads\.(?:net|com))/@[^/]+/post/"), r"\1/post/"),
    (re.compile(r"^(https?://(?:www\.|m\.)?tiktok\.com)/@[^/]+/(video|photo)/"), r"\1/\2/"),
    (re.compile(r"^(https?://(?:www\.)?instagram\.com)/(?!p/|reel/)[^/]+/(p|reel)/"), r"\1/\2/"),
    (re.compile(r"^(https?://bsky\.app)/profile/[^/]+/post/"), r"\1/post/"),
    (re.compile(r"^(https?://[^/]+)/(?:users/|u/)?@[^/]+/(?=\w)"), r"\1/"),
)
_PEOPLE = re.compile(
    r"/(?:members?|users?|u|profiles?|authors?|tac-gia|thanh-vien)/[^/]+(?=/|$)|/@[^/]+", re.IGNORECASE
)
_OF_A_POST = frozenset({"v", "story_fbid", "fbid", "id", "p", "t", "post", "thread"})
"""The only parameters that are kept: they name a post, where another might name its author."""
_ACCOUNT_BY_ID = ("facebook.com", "fb.com")
"""Where `id` is the account and `story_fbid` the post."""


def without_author(canonical: str) -> str:
    """The address of a post without the segment that names who wrote it."""
    for form, kept in _AUTHOR_SEGMENTS:
        shorter, count = form.subn(kept, canonical)
        if count:
            return shorter
    return canonical


def handed_over(url: str) -> str:
    """The address as it may leave the house with what is said of a text: no author's segment, no name
    before the host, no parameter that is not of the post, nothing personal in what is left."""
    scheme, host, path, query, _ = urlsplit(without_author(url))
    host = host.rpartition("@")[2]
    names = _OF_A_POST - {"id"} if host.endswith(_ACCOUNT_BY_ID) else _OF_A_POST
    kept = [(key, mask_personal_data(value)) for key, value in parse_qsl(query) if key in names]
    path = mask_personal_data(_PEOPLE.sub("", path))
    return urlunsplit((scheme, host, quote(path, safe="/%:@[]~!$&'()*+,;="), urlencode(kept), ""))
