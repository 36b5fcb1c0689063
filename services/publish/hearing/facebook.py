"""Facebook Pages: the field `feed` tells of comments and of what happens to our posts."""

from collections.abc import Iterator

from typing_extensions import override

from services.publish.adapters.base import Said
from services.publish.hearing.base import HOOKS, Commented, Heard, Json, Touched, Uncommented
from services.publish.hearing.meta import MetaHook, key_of, seconds

POSTS = frozenset({"post", "photo", "video", "status", "share", "album"})
GONE = frozenset({"remove", "hide"})


class FacebookHook(MetaHook):
    account_setting = "page"

    @override
    def heard(self, account: str, change: Json) -> Iterator[Heard]:
        value = change.get("value") or {}
        if change.get("field") != "feed" or not value.get("post_id"):
            return
        item, verb, post_id, key = value.get("item"), value.get("verb"), str(value["post_id"]), key_of(change)
        if item == "comment" and verb in GONE:
            yield Heard(Uncommented(str(value["comment_id"])), key, account)
        elif item == "comment" and value.get("message"):
            parent = str(value.get("parent_id") or "")
            said = Said(
                str(value["comment_id"]),
                post_id,
                str(value["message"]),
                seconds(value.get("created_time")),
                parent if parent and parent != post_id else None,
                is_ours=str((value.get("from") or {}).get("id", "")) == account,
            )
            yield Heard(Commented(said), key, account)
        elif item in POSTS:
            yield Heard(Touched(post_id), key, account)


HOOKS.register("facebook")(FacebookHook())
