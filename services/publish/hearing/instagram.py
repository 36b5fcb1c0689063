"""Instagram: the field `comments`; signed with the secret of the app (the Instagram app's own, for Instagram Login)."""

from collections.abc import Iterator

from typing_extensions import override

from services.publish.adapters.base import Said
from services.publish.hearing.base import HOOKS, Commented, Event, Json
from services.publish.hearing.meta import MetaHook


class InstagramHook(MetaHook):
    account_setting = "account_id"

    @override
    def events(self, account: str, change: Json) -> Iterator[Event]:
        value = change.get("value") or {}
        post_id = str((value.get("media") or {}).get("id") or "")
        if change.get("field") != "comments" or not post_id or not value.get("text"):
            return
        parent = value.get("parent_id")
        said = Said(
            str(value["id"]),
            post_id,
            str(value["text"]),
            parent_id=str(parent) if parent else None,
            is_ours=str((value.get("from") or {}).get("id", "")) == account,
        )
        yield Commented(said, is_new=True)


HOOKS.register("instagram")(InstagramHook())
