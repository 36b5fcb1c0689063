"""What stands under an account's posts: readers' words, the account's own answers, and what the account has hidden."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox import counting
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms import meta
from sandbox.platforms.base import World
from sandbox.platforms.containers import Account, pick
from sandbox.platforms.instagram import rules
from sandbox.platforms.instagram.hooks import Hooks
from sandbox.platforms.instagram.making import NAME
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter

COMMENT = "comment"
READER = "ban.doc"


@dataclass(frozen=True)
class Comments:
    world: World
    hooks: Hooks
    late: LateList
    next_id: Callable[[], str]

    def get(self, account: Account, comment_id: str) -> Item:
        """Under a post of this account."""
        item = self.world.ledger.current.get(NAME, comment_id)
        if item is None or item.kind != COMMENT or item.account != account.id:
            raise missing(comment_id)
        return item

    def under(self, post_id: str) -> list[Item]:
        """All of them, as they truly are."""
        return [one for one in self.world.ledger.current.of(NAME, COMMENT) if one.data["post_id"] == post_id]

    def shown(self, post_id: str) -> list[str]:
        """What readers see: nothing hidden, nor what answers it; the account's own words always."""
        found = self.under(post_id)
        hidden = {one.subject for one in found if one.data.get("hidden") and not one.data.get("is_ours")}
        return [one.data["text"] for one in found if not hidden & {one.subject, one.data["parent_id"]}]

    def said(self, above: Item, author: str, words: str) -> None:
        """By a reader, under a post or in answer to another comment."""
        self._put("engage", above, words, {"author": author or READER})

    # --- doors ---

    def listed(self, post_id: str, call: Call) -> Json:
        """Those straight under the post, the first of their answers with them where they are asked for."""
        call.require_only("limit", "after")
        found = [one for one in self._listed() if one.data["post_id"] == post_id]
        top = [self.view(one, call, found) for one in found if one.data["parent_id"] is None]
        return meta.page_of(call, top, rules.COMMENTS_PAGE)

    def below(self, item: Item, call: Call) -> Json:
        call.require_only("limit", "after")
        answers = [self.view(one, call) for one in self._listed() if one.data["parent_id"] == item.subject]
        return meta.page_of(call, answers, rules.COMMENTS_PAGE)

    def reply(self, account: Account, item: Item, call: Call) -> Json:
        """An answer to an answer stands under the first comment."""
        call.require_only("message")
        message = call.text("message") or ""
        if not message.strip():
            raise parameter("message", "The parameter message is required")
        if counting.utf16_units(message) > rules.COMMENT_LENGTH:
            raise parameter("message", f"Param message must be at most {rules.COMMENT_LENGTH} characters long")
        above = self.get(account, item.data["parent_id"]) if item.data["parent_id"] else item
        if above.data.get("hidden") or item.data.get("hidden"):
            raise Refused(rules.REPLY_HIDDEN, "(#100) A hidden comment cannot be replied to")
        made = self._put("comment.reply", item, message, {"author": account.handle, "is_ours": True})
        return {"id": made.subject}

    def hide(self, item: Item, call: Call) -> Json:
        """`hide`: its writer still sees it; set again it stays as it is."""
        call.require_only("hide")
        if "hide" not in call.params:
            raise parameter("hide", "The parameter hide is required")
        hidden = call.flag("hide", False)
        if hidden != item.data.get("hidden", False):
            kept = {**item.data, "hidden": hidden}
            act = Act(NAME, "comment.hide", item.account, COMMENT, item.subject, Effect.UPDATED, kept)
            self.world.ledger.record(act)
        return {"success": True}

    def view(self, item: Item, call: Call, beside: list[Item] | None = None) -> Json:
        """Only what is asked for; `user` of the account's own words alone."""
        data = item.data
        who = {"id": item.account if data.get("is_ours") else _number(data["author"]), "username": data["author"]}
        told = {
            "id": lambda: item.subject,
            "text": lambda: data["text"],
            "timestamp": lambda: meta.stamp(item.created_at),
            "hidden": lambda: data.get("hidden", False),
            "like_count": lambda: item.engagement.get("likes", 0),
            "parent_id": lambda: data["parent_id"],
            "media": lambda: {"id": data["post_id"]},
            "user": lambda: {"id": item.account} if data.get("is_ours") else None,
            "username": lambda: data["author"],
            "from": lambda: who,
            "replies": lambda: self._first(item, call, beside or self._listed()),
        }
        return pick(call, "IGComment", told, rules.COMMENT_FIELDS)

    # --- behind them ---

    def _listed(self) -> list[Item]:
        """In the order they were made, as late as lists are."""
        return self.late.served(self.late.due(COMMENT))

    def _first(self, item: Item, call: Call, beside: list[Item]) -> Json | None:
        """The first of its answers come with a comment, with the fields asked for inside."""
        below = [one for one in beside if one.data["parent_id"] == item.subject]
        if not below:
            return None
        asked = re.search(r"replies\{([^{}]*)\}", str(call.params.get("fields") or ""))
        inner = replace(call, params={**call.params, "fields": asked.group(1) if asked else ""})
        told = [self.view(one, inner) for one in below[: rules.REPLIES_SHOWN]]
        more = {"paging": {"cursors": {"after": "3"}, "next": "more"}} if len(below) > rules.REPLIES_SHOWN else {}
        return {"data": told, **more}

    def _put(self, operation: str, above: Item, words: str, more: Json) -> Item:
        is_answer = above.kind == COMMENT
        post_id = above.data["post_id"] if is_answer else above.subject
        thread = (above.data["parent_id"] or above.subject) if is_answer else None
        data = {"post_id": post_id, "parent_id": thread, "text": words, **more}
        comment_id = self.next_id()
        self.world.ledger.record(Act(NAME, operation, above.account, COMMENT, comment_id, Effect.CREATED, data))
        made = self.world.ledger.current.get(NAME, comment_id)
        assert made is not None
        self.hooks.comment(made)
        return made


def _number(author: str) -> str:
    return str(17 * 10**15 + len(author))
