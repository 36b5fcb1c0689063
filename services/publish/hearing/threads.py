"""Threads: one object `values` in each letter and no list of entries; signed with the Threads app's own secret.

All of it is known from memory (peers for `publish` and `delete`), so every field may be missing. Who wrote is compared
with whose post it is, and dropped.
"""

import json
from collections.abc import Iterator, Sequence

from typing_extensions import override

from services.publish.adapters.base import Said
from services.publish.adapters.reading import instant
from services.publish.hearing.base import HOOKS, Commented, Event, Heard, Json, Letter, Touched
from services.publish.hearing.meta import MetaHook


class ThreadsHook(MetaHook):
    account_setting = "account_id"

    @override
    def read(self, letter: Letter) -> Sequence[Heard]:
        """`target_id` is not believed to be the account's number: where a post does not say whose it is, the address
        that the letter came to does."""
        told = json.loads(letter.body)
        change = told["values"]
        owner = ((change.get("value") or {}).get("root_post") or {}).get("owner_id")
        account = str(owner) if owner else None
        key = json.dumps([told.get("time"), change], sort_keys=True)
        return [Heard(event, key, account) for event in self.events(account or "", change)]

    @override
    def events(self, account: str, change: Json) -> Iterator[Event]:
        value, field = change.get("value") or {}, change.get("field")
        if field == "replies" and value.get("text"):
            yield Commented(_said(value), is_new=True)
        elif field in ("publish", "delete") and value.get("id"):
            yield Touched(str(value["id"]), is_new=field == "publish")


def _said(value: Json) -> Said:
    root, above = value.get("root_post") or {}, str((value.get("replied_to") or {}).get("id") or "")
    post_id = str(root.get("id") or above)
    writer = value.get("username")
    return Said(
        str(value["id"]),
        post_id,
        str(value["text"]),
        instant(value.get("timestamp")),
        above if above and above != post_id else None,
        is_ours=bool(writer) and writer == root.get("username"),
    )


HOOKS.register("threads")(ThreadsHook())
