"""The platform as the sandbox holds it: its doors, its limits, its pages, and the strings behind the stage."""

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
from sandbox.platforms.containers import (
    CONTAINER,
    Account,
    Accounts,
    Containers,
    State,
    door,
    found_door,
    metric,
    pick,
)
from sandbox.platforms.instagram import rules
from sandbox.platforms.instagram.comments import COMMENT, Comments
from sandbox.platforms.instagram.hooks import Hooks
from sandbox.platforms.instagram.making import NAME, Making
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter
from sandbox.tokens import TokensIn

POST = "media"
SPAM, RESTRICTED = "spam_blocked", "restricted"
_BASIC, _PUBLISH, _INSIGHTS, _COMMENTS = rules.SCOPES
_GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def build(world: World) -> Platform:
    return Instagram(world)


class Instagram:
    name = NAME
    title = "Instagram"

    def __init__(self, world: World) -> None:
        self._world, self._usage, self._accounts = world, meta.Usage(), Accounts((SPAM, RESTRICTED))
        self._containers = Containers(world, NAME)
        self._hooks = Hooks(world)
        self._making = Making(world, self._containers)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._said = Comments(world, self._hooks, self._late, self._containers.next_id)
        one = r"/v\d+\.\d+/(?P<id>\d+)"
        self._doors = [
            door("GET", "/refresh_access_token", "token.refresh", self._renew),
            door("POST", f"{one}/media", "media.create", self._create),
            door("POST", f"{one}/media_publish", "media.publish", self._publish),
            door("GET", f"{one}/media", "media.list", self._list),
            door("GET", f"{one}/content_publishing_limit", "publishing_limit.show", self._limit),
            door("GET", f"{one}/insights", "media.insights", self._insights),
            door("GET", f"{one}/comments", "comments", self._comments),
            door("GET", f"{one}/replies", "comments", self._below),
            door("POST", f"{one}/replies", "comment.reply", self._reply),
            door("POST", one, "comment.hide", self._hide),
            door("GET", one, "node.show", self._show),
            door("DELETE", one, "media.delete", self._delete),
        ]
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}", include_in_schema=False)
        routes.add_api_route("/p/{shortcode}/", self._page, methods=["GET"])
        routes.add_api_route("/files/{sha256}", self._file, methods=["GET"])
        routes.add_api_route("/{path:path}", self._answer, methods=["GET", "POST", "DELETE"])
        return routes

    def operation(self, method: str, path: str) -> str | None:
        """Objects of every kind are read at the same door: what they are names what is asked."""
        found, inside = found_door(self._doors, method, path)
        if found is None or found.operation != "node.show":
            return found.operation if found else None
        item = self._world.ledger.current.get(NAME, inside["id"])
        if item is not None:
            named = {CONTAINER: "container.show", POST: "media.show", COMMENT: "comment.show"}
            return named.get(item.kind, found.operation)
        return "user.show" if inside["id"] in self._accounts.by_id else "media.show"

    def failure(self, fault: Fault) -> Response:
        return meta.planned(fault, kind="instagram", code=rules.THROTTLED)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """`password` is the access token; `options`: `id`, `posts_a_day`, `scopes` (absent: everything); `hook`, the
        callback set for its app, and `app_secret`, which signs what goes there."""
        try:
            put = self._accounts.put(account, self._world.clock.now(), rules.POSTS_A_DAY)
        except ValueError:
            known = ", ".join((*meta.STATUSES, SPAM, RESTRICTED))
            raise HTTPException(422, f"status must be one of {known}") from None
        self._hooks.put(put.id, account.options)
        return {"platform": NAME, "id": put.id, "handle": put.handle, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        return {"ended": self._accounts.end(asked, self._world.clock.now())}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind not in (POST, COMMENT):
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            self._said.said(post, reply.author, reply.text)
        given = {"likes": engagement.likes, "shares": engagement.reposts, "reposts": engagement.quotes}
        added = {name: count for name, count in given.items() if count}
        if added:
            self._world.ledger.record(Act(NAME, "engage", post.account, POST, post.subject, Effect.ENGAGED, added))
        return {"post": post.subject, **(self._counts(post) if post.kind == POST else {})}

    def wall(self) -> list[PublicPost]:
        items = self._world.ledger.current.of(NAME, POST)
        return [self._public(item) for item in sorted(items, key=lambda item: -item.seq)]

    def reset(self) -> None:
        self._usage.clear()
        self._accounts.clear()
        self._hooks.clear()
        self._making.files.clear()
        self._late.clear()
        self._add_settled_accounts()

    # --- doors ---

    async def _answer(self, path: str, request: Request) -> Response:
        headers: dict[str, str] = {}
        found, inside = found_door(self._doors, request.method, f"/{path}")
        version = path.partition("/")[0]
        try:
            if found is None or (version not in rules.VERSIONS and found.operation != "token.refresh"):
                raise Refused(2500, f"Unknown path components: /{path}", kind="OAuthException")
            call = await meta.read(request, self._base(request), version, inside, headers)
            self._count(call)
            return JSONResponse(await found.answer(call), headers=headers)
        except Refused as refused:
            return meta.refusal(refused, headers)

    def _base(self, request: Request) -> str:
        return self._world.settings.instagram.base_url or f"{str(request.base_url).rstrip('/')}/{NAME}"

    def _count(self, call: Call) -> None:
        account = self._accounts.bearer(call)
        if account is None or call.again or not self._world.settings.instagram.limits:
            return
        told, blocked = self._usage.count(account.id, NAME, rules.CALLS, self._world.clock.now())
        call.headers.update(told)
        if blocked:
            raise meta.throttled(rules.THROTTLED)

    def _who(self, call: Call, *scopes: str) -> Account:
        return self._accounts.authorized(call, self._world.clock.now(), *scopes)

    def _own(self, call: Call, *scopes: str) -> Account:
        account = self._who(call, *scopes)
        if call.path["id"] != account.id:
            raise missing(call.path["id"], call.method.lower())
        return account

    def _renew(self, call: Call) -> Json:
        told = self._accounts.renew(call, self._world.clock.now(), "ig_refresh_token")
        return {**told, "permissions": ",".join(rules.SCOPES)}

    async def _create(self, call: Call) -> Json:
        return await self._making.create(self._own(call, _BASIC, _PUBLISH), call)

    def _publish(self, call: Call) -> Json:
        account = self._own(call, _BASIC, _PUBLISH)
        call.require_only("creation_id")
        item = self._containers.get(call.text("creation_id") or "")
        if item is None or item.account != account.id:
            raise Refused(rules.UNKNOWN[0], "The requested resource does not exist", rules.UNKNOWN[1])
        self._require_publishable(account, item, call.again)
        return {"id": self._containers.publish(item, "media.publish", POST, {})}

    def _require_publishable(self, account: Account, item: Item, again: bool) -> None:
        if again:
            return
        match self._containers.state(item):
            case State.PUBLISHED:
                raise self._containers.refuse_second(item, "media.publish")
            case State.IN_PROGRESS:
                raise Refused(rules.NOT_READY[0], "Media ID is not available", rules.NOT_READY[1])
            case State.EXPIRED:
                raise Refused(rules.EXPIRED[0], "The requested resource does not exist", rules.EXPIRED[1])
            case State.ERROR:
                raise Refused(rules.FAILED[0], "The media could not be created", rules.FAILED[1])
            case State.FINISHED if item.data["is_child"]:
                raise parameter("creation_id", "A carousel item is not published by itself")
            case State.FINISHED:
                pass
        _require_welcome(account)
        if self._world.settings.instagram.limits and self._posted(account) >= account.posts_a_day:
            raise Refused(rules.LIMIT_REACHED[0], "Application request limit reached", rules.LIMIT_REACHED[1])

    def _posted(self, account: Account) -> int:
        return self._containers.posts_since(account, POST, Effect.CREATED, rules.DAY)

    def _limit(self, call: Call) -> Json:
        account = self._own(call, _BASIC, _PUBLISH)
        config = {"quota_total": account.posts_a_day, "quota_duration": int(rules.DAY.total_seconds())}
        told = {"quota_usage": lambda: self._posted(account), "config": lambda: config, "id": lambda: None}
        return {"data": [pick(call, "ContentPublishingLimit", told, ("quota_usage",))]}

    def _list(self, call: Call) -> Json:
        account, (usual, most) = self._own(call, _BASIC), rules.LIST_MOST
        size = call.number("limit") or usual
        if size > most:
            raise parameter("limit", f"limit is at most {most}")
        posts = [item for item in self._late.due(POST) if item.account == account.id]
        page = self._late.served(sorted(posts, key=lambda item: -item.seq)[:size])
        return {"data": [self._post(item, call) for item in page], "paging": {"cursors": {"before": "b", "after": "a"}}}

    def _show(self, call: Call) -> Json:
        account, subject = self._who(call, _BASIC), call.path["id"]
        if subject == account.id:
            told = {"id": account.id, "user_id": account.id, "username": account.handle, "name": account.name}
            media = sum(item.account == account.id for item in self._world.ledger.current.of(NAME, POST))
            counts = {"followers_count": account.followers, "media_count": media, "account_type": "BUSINESS"}
            facts = {name: lambda value=value: value for name, value in {**told, **counts}.items()}
            return pick(call, "IGUser", facts, ("id",))
        item = self._world.ledger.current.get(NAME, subject)
        if item is None or item.account != account.id or item.kind not in (CONTAINER, POST, COMMENT):
            raise missing(subject)
        if item.kind == COMMENT:
            return self._said.view(self._said.get(self._who(call, _BASIC, _COMMENTS), subject), call)
        return self._post(item, call) if item.kind == POST else self._container(item, call)

    def _container(self, item: Item, call: Call) -> Json:
        state = self._containers.state(item)
        words = (
            item.data["error"] if state is State.ERROR else f"{state.value.title()}: the media is {state.value.lower()}"
        )
        told = {"id": lambda: item.subject, "status_code": lambda: state.value, "status": lambda: words}
        return pick(call, "IGContainer", told, ("id",))

    def _post(self, item: Item, call: Call) -> Json:
        kind, counts = item.data["type"], self._counts(item)
        is_reel = kind == "REELS"
        return pick(
            call,
            "IGMedia",
            {
                "id": lambda: item.subject,
                "caption": lambda: item.data["text"] or None,
                "media_type": lambda: {"REELS": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}.get(kind, kind),
                "media_product_type": lambda: "REELS" if is_reel else "FEED",
                "permalink": lambda: f"{call.base_url}/p/{_shortcode(item)}/",
                "shortcode": lambda: _shortcode(item),
                "timestamp": lambda: meta.stamp(item.created_at),
                "username": lambda: self._accounts.by_id[item.account].handle,
                "alt_text": lambda: (item.data["alts"][0] or None) if len(item.data["alts"]) == 1 else None,
                "like_count": lambda: counts["likes"],
                "comments_count": lambda: counts["comments"],
            },
            ("id",),
        )

    def _delete(self, call: Call) -> Json:
        account = self._who(call, _BASIC, *((rules.DELETE_SCOPE,) if self._names_delete(call) else ()))
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.account != account.id or item.kind != POST:
            raise missing(call.path["id"], "delete")
        self._world.ledger.record(Act(NAME, "media.delete", account.id, POST, item.subject, Effect.DELETED))
        return {"success": rules.DELETE_ANSWER}

    def _names_delete(self, call: Call) -> bool:
        account = self._accounts.bearer(call)
        return account is not None and bool(account.scopes)

    def _insights(self, call: Call) -> Json:
        account = self._who(call, _BASIC, _INSIGHTS)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.account != account.id or item.kind != POST:
            raise missing(call.path["id"])
        wanted = [one for one in (call.text("metric") or "").split(",") if one]
        for name in wanted:
            if name not in rules.METRICS:
                raise parameter("metric", f"metric[0] must be one of the following values: {', '.join(rules.METRICS)}")
        known = self._counts(item)
        return {"data": [metric(name, known[name]) for name in wanted if name in known]}

    def _comments(self, call: Call) -> Json:
        account = self._who(call, _BASIC, _COMMENTS)
        item = self._world.ledger.current.get(NAME, call.path["id"])
        if item is None or item.account != account.id or item.kind != POST:
            raise missing(call.path["id"])
        return self._said.listed(item.subject, call)

    def _below(self, call: Call) -> Json:
        return self._said.below(self._said.get(self._who(call, _BASIC, _COMMENTS), call.path["id"]), call)

    def _reply(self, call: Call) -> Json:
        account = self._who(call, _BASIC, _COMMENTS)
        item = self._said.get(account, call.path["id"])
        _require_welcome(account)
        return self._said.reply(account, item, call)

    def _hide(self, call: Call) -> Json:
        return self._said.hide(self._said.get(self._who(call, _BASIC, _COMMENTS), call.path["id"]), call)

    def _counts(self, item: Item) -> dict[str, int]:
        """Views and reach come with the first reader, and never for nobody."""
        given = item.engagement
        comments = len(self._said.under(item.subject))
        told = {name: given.get(name, 0) for name in ("likes", "shares", "reposts")}
        told |= {"comments": comments, "saved": 0}
        readers = sum(told.values())
        return {**told, "total_interactions": readers, **({"views": readers, "reach": readers} if readers else {})}

    # --- pages ---

    async def _file(self, sha256: str) -> Response:
        found = self._making.files.get(sha256)
        if found is None:
            return Response(status_code=404)
        return Response(found, media_type=rules.IMAGE_TYPE, headers=_GUARDED)

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
            replies=self._said.shown(item.subject),
        )

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for handle, number, token in self._world.settings.instagram.rows():
            told = AccountIn(platform=NAME, handle=handle, password=SecretStr(token), options={"id": number})
            self._accounts.put(told, self._world.clock.now(), rules.POSTS_A_DAY)

    def _public(self, item: Item) -> PublicPost:
        account, counts = self._accounts.by_id.get(item.account), self._counts(item)
        base = self._world.settings.instagram.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=account.handle if account else item.account,
            author=account.name if account else item.account,
            text=item.data["text"],
            at=item.created_at,
            page=f"{base}/p/{_shortcode(item)}/",
            counts={"thích": counts["likes"], "bình luận": counts["comments"], "chia sẻ": counts["shares"]},
        )


def _shortcode(item: Item) -> str:
    return f"C{int(item.subject):x}"


def _require_welcome(account: Account) -> None:
    """Neither taken for a source of spam nor restricted."""
    if account.status == SPAM:
        raise Refused(rules.SPAM[0], "Application request limit reached", rules.SPAM[1])
    if account.status == RESTRICTED:
        raise Refused(rules.RESTRICTED[0], "The account is restricted", rules.RESTRICTED[1])
