"""What stands under a page's posts: readers' words, the page's own answers, and what the page has hidden."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import counting
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms import meta
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.hooks import Hooks
from sandbox.platforms.facebook.pages import NAME, Page
from sandbox.platforms.facebook.posts import Posts, require_may_post
from sandbox.platforms.facebook.views import COMMENT, VIDEO
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter, stamp


@dataclass(frozen=True)
class Comments:
    world: World
    posts: Posts
    hooks: Hooks
    next_id: Callable[[], str]

    def get(self, page: Page, object_id: str) -> Item | None:
        """A comment under a post of this page."""
        item = self.world.ledger.current.get(NAME, object_id)
        return item if item is not None and item.kind == COMMENT and item.account == page.id else None

    def listed(self, page: Page, object_id: str, call: Call) -> Json:
        """Oldest first, answers among them (`filter=stream`); readers are not named (`from` needs a permission)."""
        call.require_only("filter", "order", "since", "limit", "after")
        above, found = self.get(page, object_id), self.world.ledger.current.of(NAME, COMMENT)
        if above is not None:
            shown = [one for one in found if one.data["parent_id"] == above.subject]
        else:
            post = self.posts.mine(page, object_id)
            post_id = post.data["post_id"] if post.kind == VIDEO else post.subject
            shown = [one for one in found if one.data["post_id"] == post_id]
        return meta.page_of(call, [self._told(one) for one in shown], rules.COMMENTS_PAGE)

    def read(self, item: Item, call: Call) -> Json:
        told = self._told(item)
        wanted = call.fields() or ["created_time", "message", "id"]
        return {name: told[name] for name in [*wanted, "id"] if name in told}

    def _told(self, item: Item) -> Json:
        is_hidden, is_ours = item.data.get("is_hidden", False), item.data.get("is_ours", False)
        more = {"like_count": 0, "comment_count": 0, "is_hidden": is_hidden, "can_hide": not is_ours}
        told = {"id": item.subject, "message": item.data["text"], "created_time": stamp(item.created_at), **more}
        return {**told, "parent": {"id": item.data["parent_id"]}} if item.data["parent_id"] else told

    def reply(self, page: Page, call: Call) -> Json:
        """`POST /{comment}/comments`, or under a post itself."""
        require_may_post(page)
        call.require_only("message")
        message, object_id = call.text("message") or "", call.path["id"]
        if not message:
            raise parameter("message", "(#100) The comment is empty")
        if counting.utf16_units(message) > rules.COMMENT_LENGTH:
            raise parameter("message", f"Param message must be at most {rules.COMMENT_LENGTH} characters long")
        above = self.get(page, object_id)
        post_id = above.data["post_id"] if above is not None else self.posts.mine(page, object_id, "post").subject
        thread = (above.data["parent_id"] or above.subject) if above is not None else None
        comment_id = f"{post_id.partition('_')[2]}_{self.next_id()}"
        data = {"post_id": post_id, "parent_id": thread, "text": message, "author": page.name, "is_ours": True}
        self.world.ledger.record(Act(NAME, "comment.reply", page.id, COMMENT, comment_id, Effect.CREATED, data))
        made = self.get(page, comment_id)
        assert made is not None
        self.hooks.comment(made, page.name)
        return {"id": comment_id}

    def update(self, item: Item, page: Page, call: Call) -> Json:
        """`is_hidden`: its writer still sees it; set again it stays as it is."""
        require_may_post(page)
        call.require_only("is_hidden")
        if "is_hidden" not in call.params:
            raise missing(item.subject, "post")
        if item.data.get("is_ours"):
            raise Refused(200, "(#200) Users can only hide comments of others")
        is_hidden = call.flag("is_hidden", False)
        if is_hidden != item.data.get("is_hidden", False):
            data = {**item.data, "is_hidden": is_hidden}
            act = Act(NAME, "object.update", item.account, COMMENT, item.subject, Effect.UPDATED, data)
            self.world.ledger.record(act)
            self.hooks.hidden(item, is_hidden)
        return {"success": True}
