"""The platform as the sandbox holds it: its doors, its limits, its pages, and the strings behind the stage."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages
from sandbox.faults import Fault
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms import meta
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.containers import Account, Accounts, Containers, State, door, found_door, metric, pick
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter
from sandbox.platforms.threads import rules
from sandbox.platforms.threads.hooks import Hook, Hooks
from sandbox.platforms.threads.making import NAME, POST, REPLY, Making
from sandbox.platforms.threads.replies import Replies
from sandbox.tokens import TokensIn

SPAM, RESTRICTED = "spam_blocked", "restricted"
_BASIC, _PUBLISH, _READ, _MANAGE, _INSIGHTS, _DELETE = rules.SCOPES
_GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def build(world: World) -> Platform:
    return Threads(world)


class Threads:
    name = NAME
    title = "Threads"

    def __init__(self, world: World) -> None:
        self._world, self._usage, self._accounts = world, meta.Usage(), Accounts((SPAM, RESTRICTED))
        self._containers = Containers(world, NAME)
        self._making, self._hooks = Making(world, self._containers), Hooks(world)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._replies = Replies(world, self._late)
        base = rf"/{rules.VERSION}"
        own, one = rf"{base}/(?P<id>me|\d+)", rf"{base}/(?P<id>\d+)"
        self._doors = [
            door("GET", "/refresh_access_token", "token.refresh", self._renew),
            door("POST", f"{own}/threads", "threads.create", self._create),
            door("POST", f"{own}/threads_publish", "threads.publish", self._publish),
            door("GET", f"{own}/threads", "threads.list", self._list),
            door("GET", f"{own}/threads_publishing_limit", "publishing_limit.show", self._limit),
            door("GET", f"{one}/insights", "threads.insights", self._insights),
            door("GET", f"{one}/replies", "replies.list", self._below),
            door("GET", f"{one}/conversation", "conversation.list", self._conversation),
            door("POST", f"{one}/manage_reply", "reply.manage", self._hide),
            door("GET", own, "node.show", self._show),
            door("DELETE", one, "threads.delete", self._delete),
        ]
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}", include_in_schema=False)
        routes.add_api_route("/t/{shortcode}", self._page, methods=["GET"])
        routes.add_api_route("/files/{sha256}", self._file, methods=["GET"])
        routes.add_api_route("/{path:path}", self._answer, methods=["GET", "POST", "DELETE"])
        return routes

    def operation(self, method: str, path: str) -> str | None:
        """Objects of every kind are read at the same door: what they are names what is asked."""
        found, inside = found_door(self._doors, method, path)
        if found is None or found.operation != "node.show":
            return found.operation if found else None
        if inside["id"] == "me" or inside["id"] in self._accounts.by_id:
            return "user.show"
        return "container.show" if self._containers.get(inside["id"]) else "post.show"

    def failure(self, fault: Fault) -> Response:
        return meta.planned(fault, kind=NAME, code=rules.THROTTLED)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """`password` is the access token; `options`: `id`, `posts_a_day`, `scopes` (absent: everything), and `hook`
        with `app_secret`: where the app is told of what happens."""
        try:
            put = self._accounts.put(account, self._world.clock.now(), rules.POSTS_A_DAY)
        except ValueError:
            known = ", ".join((*meta.STATUSES, SPAM, RESTRICTED))
            raise HTTPException(422, f"status must be one of {known}") from None
        if account.options.get("hook"):
            secret = SecretStr(str(account.options.get("app_secret", "")))
            self._hooks.by_account[put.id] = Hook(str(account.options["hook"]), secret)
        return {"platform": NAME, "id": put.id, "handle": put.handle, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        return {"ended": self._accounts.end(asked, self._world.clock.now())}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind not in (POST, REPLY):
            raise UnknownPost(engagement.post)
        account = self._accounts.by_id[post.account]
        for reply in engagement.replies:
            item = self._replies.add(post, self._containers.next_id(), reply.text)
            self._hooks.reply(account, item, self._replies.root_of(item), reply.author or "nguoi.doc")
        given = {"likes": engagement.likes, "reposts": engagement.reposts, "quotes": engagement.quotes}
        added = {name: count for name, count in given.items() if count}
        if added:
            self._world.ledger.record(Act(NAME, "engage", post.account, post.kind, post.subject, Effect.ENGAGED, added))
        return {"post": post.subject, **self._counts(post)}

    def wall(self) -> list[PublicPost]:
        items = self._world.ledger.current.of(NAME, POST)
        return [self._public(item) for item in sorted(items, key=lambda item: -item.seq)]

    def reset(self) -> None:
        self._usage.clear()
        self._accounts.clear()
        self._hooks.by_account.clear()
        self._making.files.clear()
        self._late.clear()
        self._add_settled_accounts()

    # --- doors ---

    async def _answer(self, path: str, request: Request) -> Response:
        headers: dict[str, str] = {}
        found, inside = found_door(self._doors, request.method, f"/{path}")
        try:
            if found is None:
                raise Refused(2500, f"Unknown path components: /{path}")
            call = await meta.read(request, self._base(request), rules.VERSION, inside, headers)
            self._count(call)
            return JSONResponse(await found.answer(call), headers=headers)
        except Refused as refused:
            return meta.refusal(refused, headers)

    def _base(self, request: Request) -> str:
        return self._world.settings.threads.base_url or f"{str(request.base_url).rstrip('/')}/{NAME}"

    def _count(self, call: Call) -> None:
        account = self._accounts.bearer(call)
        if account is None or call.again or not self._world.settings.threads.limits:
            return
        told, blocked = self._usage.count(account.id, NAME, rules.CALLS, self._world.clock.now())
        call.headers.update(told)
        if blocked:
            raise meta.throttled(rules.THROTTLED)

    def _who(self, call: Call, *scopes: str) -> Account:
        return self._accounts.authorized(call, self._world.clock.now(), *scopes)

    def _own(self, call: Call, *scopes: str) -> Account:
        account = self._who(call, *scopes)
        if call.path["id"] not in ("me", account.id):
            raise missing(call.path["id"], call.method.lower())
        return account

    def _post_of(self, account: Account, call: Call) -> Item:
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.account != account.id or item.kind not in (POST, REPLY):
            raise missing(call.path["id"], call.method.lower())
        return item

    def _renew(self, call: Call) -> Json:
        return self._accounts.renew(call, self._world.clock.now(), "th_refresh_token")

    async def _create(self, call: Call) -> Json:
        return await self._making.create(self._own(call, _BASIC, _PUBLISH), call)

    def _publish(self, call: Call) -> Json:
        account = self._own(call, _BASIC, _PUBLISH)
        call.require_only("creation_id")
        item = self._containers.own(account, call.text("creation_id") or "")
        if not call.again:
            self._require_publishable(account, item)
        more = {"link": item.data["link"], "reply_to": item.data["reply_to"]}
        post = self._containers.publish(item, "threads.publish", POST, more)
        self._hooks.post(account, "publish", post)
        return {"id": post}

    def _require_publishable(self, account: Account, item: Item) -> None:
        match self._containers.state(item):
            case State.PUBLISHED:
                raise self._containers.refuse_second(item, "threads.publish")
            case State.IN_PROGRESS:
                raise Refused(rules.NOT_READY[0], "Media Not Found", rules.NOT_READY[1])
            case State.EXPIRED | State.ERROR:
                raise Refused(rules.ENDED, "The requested resource does not exist")
            case State.FINISHED if item.data["is_child"]:
                raise parameter("creation_id", "A carousel item is not published by itself")
            case State.FINISHED:
                pass
        if account.status == SPAM:
            raise Refused(rules.SPAM[0], "Application request limit reached", rules.SPAM[1])
        if account.status == RESTRICTED:
            raise Refused(rules.RESTRICTED[0], "User is restricted", rules.RESTRICTED[1])
        kind = "reply_" if item.data["reply_to"] else ""
        self._require_room(self._used(account)[kind], self._most(account)[kind])

    def _require_room(self, used: int, most: int) -> None:
        if self._world.settings.threads.limits and used >= most:
            raise Refused(rules.LIMIT_REACHED, "(#9) Application request limit reached")

    def _published(self, account: Account, *, is_reply: bool) -> int:
        """How many in the window, what is gone as well."""
        since = self._world.clock.now() - rules.DAY
        acts = [entry.act for entry in self._world.ledger.entries(NAME) if entry.at > since]
        made = [act for act in acts if act.kind == POST and act.account == account.id and act.effect is Effect.CREATED]
        return sum(bool((act.data or {}).get("reply_to")) == is_reply for act in made)

    def _limit(self, call: Call) -> Json:
        account = self._own(call, _BASIC, _PUBLISH)
        used, lasts = self._used(account), int(rules.DAY / timedelta(seconds=1))
        told: Json = {}
        for kind, most in self._most(account).items():
            told |= {f"{kind}quota_usage": used[kind]}
            told |= {f"{kind}config": {"quota_total": most, "quota_duration": lasts}}
        asked = call.fields() or ["quota_usage"]
        for name in asked:
            if name not in told:
                raise parameter("fields", f"Tried accessing nonexisting field ({name})")
        return {"data": [{name: told[name] for name in asked}]}

    def _most(self, account: Account) -> dict[str, int]:
        settings = self._world.settings.threads
        replies, deletes = settings.replies_a_day, settings.deletes_a_day
        return {
            "": account.posts_a_day,
            "reply_": rules.REPLIES_A_DAY if replies is None else replies,
            "delete_": rules.DELETES_A_DAY if deletes is None else deletes,
        }

    def _used(self, account: Account) -> dict[str, int]:
        return {
            "": self._published(account, is_reply=False),
            "reply_": self._published(account, is_reply=True),
            "delete_": self._containers.posts_since(account, POST, Effect.DELETED, rules.DAY),
        }

    def _list(self, call: Call) -> Json:
        account = self._own(call, _BASIC)
        posts = [one for one in self._late.due(POST) if one.account == account.id and not one.data["reply_to"]]
        return self._page_of(sorted(posts, key=lambda item: -item.seq), call)

    def _below(self, call: Call) -> Json:
        """The replies straight below a post."""
        post = self._post_of(self._who(call, _BASIC, _READ), call)
        found = self._replies.below(post.subject)
        return self._page_of(found if call.flag("reverse", rules.REVERSE) else found[::-1], call)

    def _conversation(self, call: Call) -> Json:
        post = self._post_of(self._who(call, _BASIC, _READ), call)
        found = self._replies.tree(post.subject)
        return self._page_of(found if call.flag("reverse", rules.REVERSE) else found[::-1], call)

    def _page_of(self, items: list[Item], call: Call) -> Json:
        usual, most = rules.LIST_MOST
        size, start = call.number("limit") or usual, call.number("after") or 0
        if size > most:
            raise parameter("limit", f"limit is at most {most}")
        page = self._late.served(items[start : start + size])
        paging: Json = {"cursors": {"before": str(start), "after": str(start + size)}}
        if start + size < len(items):
            paging["next"] = f"{call.base_url}/{rules.VERSION}/?after={start + size}"
        return {"data": [self._view(item, call) for item in page], "paging": paging}

    def _show(self, call: Call) -> Json:
        account, subject = self._who(call, _BASIC), call.path["id"]
        if subject in ("me", account.id):
            me = {"id": lambda: account.id, "username": lambda: account.handle, "name": lambda: account.name}
            return pick(call, "THUser", me, ("id",))
        container = self._containers.get(subject)
        if container is not None and container.account == account.id:
            state = self._containers.state(container)
            error = container.data["error"] if state is State.ERROR else None
            view = {"id": lambda: subject, "status": lambda: state.value, "error_message": lambda: error}
            return pick(call, "THContainer", view, ("id",))
        return self._view(self._post_of(account, call), call)

    def _view(self, item: Item, call: Call) -> Json:
        data, is_own = item.data, item.kind == POST
        above = data["reply_to"]
        kind = {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}
        handle = self._accounts.by_id[item.account].handle if item.account in self._accounts.by_id else ""
        told = {
            "id": lambda: item.subject,
            "text": lambda: data["text"] or None,
            "media_type": lambda: kind.get(data["type"], data["type"]),
            "permalink": lambda: f"{call.base_url}/t/{_shortcode(item)}",
            "shortcode": lambda: _shortcode(item),
            "timestamp": lambda: meta.stamp(item.created_at),
            "username": lambda: handle if is_own else "nguoi.doc",
            "alt_text": lambda: (data["alts"][0] or None) if len(data["alts"]) == 1 else None,
            "link_attachment_url": lambda: data["link"],
            "has_replies": lambda: bool(self._replies.below(item.subject)),
            "is_reply": lambda: bool(above),
            "replied_to": lambda: {"id": above} if above else None,
            "root_post": lambda: {"id": self._replies.root_of(item)} if above else None,
            "is_reply_owned_by_me": lambda: is_own if above else None,
            "hide_status": lambda: ("HIDDEN" if self._replies.is_hidden(item) else "NOT_HUSHED") if above else None,
        }
        return pick(call, "THMedia", told, ("id",))

    def _hide(self, call: Call) -> Json:
        account = self._who(call, _BASIC, _MANAGE)
        call.require_only("hide")
        item = self._post_of(account, call)
        above = self._world.ledger.current.get(NAME, item.data["reply_to"] or "")
        if above is None or above.data["reply_to"] or not rules.HIDE:
            raise parameter("hide", "Only a reply to an own post can be hidden")
        kept = {**item.data, "hidden": call.flag("hide", True)}
        self._world.ledger.record(Act(NAME, "reply.manage", account.id, item.kind, item.subject, Effect.UPDATED, kept))
        return {"success": True}

    def _delete(self, call: Call) -> Json:
        account = self._who(call, _BASIC, _DELETE)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.account != account.id or item.kind != POST:
            raise missing(call.path["id"], "delete")
        self._require_room(self._used(account)["delete_"], self._most(account)["delete_"])
        self._world.ledger.record(Act(NAME, "threads.delete", account.id, POST, item.subject, Effect.DELETED))
        self._hooks.post(account, "delete", item.subject)
        return {"success": rules.DELETE_ANSWER}

    def _insights(self, call: Call) -> Json:
        item = self._post_of(self._who(call, _BASIC, _INSIGHTS), call)
        wanted = [one for one in (call.text("metric") or "").split(",") if one]
        for name in wanted:
            if name not in rules.METRICS:
                raise parameter("metric", f"metric[0] must be one of the following values: {', '.join(rules.METRICS)}")
        known = self._counts(item)
        return {"data": [metric(name, known[name]) for name in wanted if name in known]}

    def _counts(self, item: Item) -> dict[str, int]:
        """Views come with the first reader, and never for nobody."""
        told = {name: item.engagement.get(name, 0) for name in ("likes", "reposts", "quotes", "shares")}
        told["replies"] = len(self._replies.below(item.subject))
        readers = sum(told.values())
        return {**told, **({"views": readers} if readers else {})}

    # --- pages ---

    async def _file(self, sha256: str) -> Response:
        found = self._making.files.get(sha256)
        if found is None:
            return Response(status_code=404)
        kind = "image/png" if found.startswith(b"\x89PNG") else "image/jpeg"
        return Response(found, media_type=kind, headers=_GUARDED)

    async def _page(self, shortcode: str) -> HTMLResponse:
        items = self._world.ledger.current.of(NAME, POST)
        item = next((one for one in items if _shortcode(one) == shortcode), None)
        if item is None:
            return pages.render("mastodon_missing.html", status=404)
        shown = zip(item.data["media_sha256"], item.data["alts"], strict=True)
        return pages.render(
            "containers_post.html",
            platform=self.title,
            post=self._public(item),
            media=[(f"/{NAME}/files/{sha}" if sha in self._making.files else None, alt) for sha, alt in shown],
            replies=[
                one.data["text"] for one in self._replies.tree(item.subject)[::-1] if not self._replies.is_hidden(one)
            ],
        )

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for handle, number, token in self._world.settings.threads.rows():
            told = AccountIn(platform=NAME, handle=handle, password=SecretStr(token), options={"id": number})
            self._accounts.put(told, self._world.clock.now(), rules.POSTS_A_DAY)

    def _public(self, item: Item) -> PublicPost:
        account, counts = self._accounts.by_id.get(item.account), self._counts(item)
        base = self._world.settings.threads.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=account.handle if account else item.account,
            author=account.name if account else item.account,
            text=item.data["text"],
            at=item.created_at,
            page=f"{base}/t/{_shortcode(item)}",
            links=(item.data["link"],) if item.data["link"] else (),
            counts={"thích": counts["likes"], "trả lời": counts["replies"], "đăng lại": counts["reposts"]},
        )


def _shortcode(item: Item) -> str:
    return f"T{int(item.subject):x}"
