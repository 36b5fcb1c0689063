"""Facebook Pages: the field `feed` tells of comments and of what happens to our posts."""

from collections.abc import Iterator

from typing_extensions import override

from services.publish.adapters.base import Said
from services.publish.hearing.base import HOOKS, Commented, Event, Hidden, Json, Touched, Uncommented, instant
from services.publish.hearing.meta import MetaHook

POSTS = frozenset({"post", "photo", "video", "status", "share", "album"})
HIDING = {"hide": True, "unhide": False}
APPEARED = frozenset({"add", "edited", "edit"})


class FacebookHook(MetaHook):
    account_setting = "page"

    @override
    def events(self, account: str, change: Json) -> Iterator[Event]:
        value = change.get("value") or {}
        if change.get("field") == "feed" and value.get("post_id"):
            yield from _events(account, value)


def _events(account: str, value: Json) -> Iterator[Event]:
    """Of one change of the field `feed`."""
    item, verb, post_id = value.get("item"), value.get("verb"), str(value["post_id"])
    if item == "comment" and verb in HIDING:
        yield Hidden(str(value["comment_id"]), HIDING[verb])
    elif item == "comment" and verb == "remove":
        yield Uncommented(str(value["comment_id"]))
    elif item == "comment" and value.get("message"):
        yield Commented(_said(account, post_id, value), is_new=verb == "add")
    elif item in POSTS:
        yield Touched(post_id, is_new=verb in APPEARED)


def _said(account: str, post_id: str, value: Json) -> Said:
    parent = str(value.get("parent_id") or "")
    return Said(
        str(value["comment_id"]),
        post_id,
        str(value["message"]),
        instant(value.get("created_time")),
        parent if parent and parent != post_id else None,
        is_ours=str((value.get("from") or {}).get("id", "")) == account,
    )


HOOKS.register("facebook")(FacebookHook())
