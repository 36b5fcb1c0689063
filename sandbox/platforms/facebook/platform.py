"""The platform as the sandbox holds it: its doors, its limits, and the strings behind the stage."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages as html
from sandbox.faults import Fault
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms import meta
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.comments import Comments
from sandbox.platforms.facebook.hooks import Hooks
from sandbox.platforms.facebook.pages import NAME, SCOPES, STATUSES, Page, Pages
from sandbox.platforms.facebook.photos import Photos
from sandbox.platforms.facebook.posts import Posts, require_may_post
from sandbox.platforms.facebook.videos import Videos
from sandbox.platforms.facebook.views import COMMENT, POST, VIDEO, Views
from sandbox.platforms.meta import Call, Holder, Json, Refused, missing, refusal
from sandbox.tokens import TokensIn, Which

APP_ID = "355020260000001"


@dataclass(frozen=True, slots=True)
class Door:
    """`is_bytes`: its body is a file's bytes."""

    method: str
    path: re.Pattern[str]
    operation: str
    answer: Callable[..., Any]
    is_bytes: bool = False


def build(world: World) -> Platform:
    return Facebook(world)


class Facebook:
    name = NAME
    title = "Facebook"

    def __init__(self, world: World) -> None:
        self._world, self._pages, self._usage = world, Pages(), meta.Usage()
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._hooks = Hooks(world, self._pages)
        self._new_id = _next_id(world)
        self._photos, self._videos = Photos(world, lambda: self._new_id()), Videos(world, lambda: self._new_id())
        self._views = Views(world)
        self._posts = Posts(
            world, self._photos, self._videos, self._views, self._late, lambda: self._new_id(), self._hooks.post
        )
        self._comments = Comments(world, self._posts, self._hooks, lambda: self._new_id())
        self._doors = self._made_doors()
        world.webhooks.feed(self._posts.publish_due)
        world.webhooks.feed(self._hooks.look)
        self._add_settled_pages()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        routes.add_api_route("/{page}/posts/{number}", self._page, methods=["GET"], include_in_schema=False)
        for path in ("/reel/{video_id}/", "/{page}/videos/{video_id}/"):
            routes.add_api_route(path, self._video_page, methods=["GET"], include_in_schema=False)
        routes.add_api_route(
            "/{path:path}", self._answer, methods=["GET", "POST", "DELETE", "PUT"], include_in_schema=False
        )
        return routes

    def operation(self, method: str, path: str) -> str | None:
        door, _, _ = self._door(method, path)
        return door.operation if door else None

    def failure(self, fault: Fault) -> Response:
        return meta.planned(fault, code=rules.THROTTLED)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """`password` is the page token. Options: `page_id`, `app_id`, `app_secret` (absent: no proof is asked for),
        `engaged_users` or `quota` (calls in 24 hours), `scopes`, `expires_at`, `data_access_until` (ISO 8601)."""
        if account.status not in STATUSES:
            raise HTTPException(422, f"status must be one of {', '.join(STATUSES)}")
        options = account.options
        page_id = str(options.get("page_id") or _page_id(account.handle))
        if not re.fullmatch(r"\d{5,20}", page_id):
            raise HTTPException(422, "options.page_id must be a number")
        page = Page(
            Holder(
                page_id,
                account.password,
                str(options.get("app_id", APP_ID)),
                SecretStr(str(options.get("app_secret", ""))),
                account.status,
                _instant(options.get("expires_at")),
                _instant(options.get("data_access_until")),
                tuple(str(scope) for scope in options.get("scopes", SCOPES)),
            ),
            account.handle,
            account.display_name or account.handle,
            account.followers,
            int(options.get("quota", rules.ENGAGED_CALLS * int(options.get("engaged_users", 100)))),
        )
        self._pages.by_id[page_id] = page
        return {"platform": NAME, "id": page_id, "handle": page.handle, "status": account.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        """Run out: 463; withdrawn: the app was removed (458). There are no refresh tokens."""
        page = self._pages.named(asked.account)
        if page is None:
            raise LookupError(asked.account)
        if asked.which is Which.REFRESH or page.holder.status in meta.DEATHS:
            return {"ended": 0}
        holder = replace(page.holder, status="app_removed" if asked.revoke else "expired")
        self._pages.by_id[page.id] = replace(page, holder=holder)
        return {"ended": 1}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        self._posts.publish_due()
        item = self._world.ledger.current.get(NAME, engagement.post)
        if item is None or item.kind not in (POST, VIDEO, COMMENT):
            raise UnknownPost(engagement.post)
        post = self._world.ledger.current.get(NAME, str(item.data["post_id"])) if item.kind == VIDEO else item
        given = {"likes": engagement.likes, "reposts": engagement.reposts}
        added = {name: count for name, count in given.items() if count}
        for one in {id(each): each for each in (item, post) if each is not None and added}.values():
            self._world.ledger.record(Act(NAME, "engage", one.account, one.kind, one.subject, Effect.ENGAGED, added))
        if post is not None:
            for reply in engagement.replies:
                self._hooks.comment(self._posts.comment(post, reply.author, reply.text), reply.author or "Bạn đọc")
            if engagement.likes:
                self._hooks.reaction(post, "Bạn đọc")
        return {"post": item.subject, **(self._counts(item) if item.kind != COMMENT else {})}

    def wall(self) -> list[PublicPost]:
        self._posts.publish_due()
        items = [one for one in self._world.ledger.current.of(NAME, POST) if one.data["is_published"]]
        return [self._public(item) for item in sorted(items, key=lambda item: -item.seq)]

    def reset(self) -> None:
        self._usage.clear()
        self._pages.clear()
        self._hooks.clear()
        self._videos.clear()
        self._late.clear()
        self._new_id = _next_id(self._world)
        self._add_settled_pages()

    # --- doors ---

    def _made_doors(self) -> list[Door]:
        one, upload = r"(?P<id>\d+(?:_\d+)?)", r"(?P<upload>upload:[\w-]+)"
        return [
            _door("GET", "debug_token", "debug_token", self._debug),
            _door("GET", "me", "page.read", self._views.page),
            _door("POST", r"(?P<page>me|\d+)/feed", "feed.create", self._posts.create),
            _door("POST", r"(?P<page>me|\d+)/photos", "photos.create", self._photo),
            _door("POST", r"(?P<page>me|\d+)/videos", "videos.create", self._video),
            _door("POST", r"(?P<page>me|\d+)/video_reels", "video_reels", self._reel),
            _door("GET", r"(?P<page>[\w.]+)/(?:published_posts|feed)", "published_posts", self._posts.published),
            _door("GET", r"(?P<page>me|\d+)/scheduled_posts", "scheduled_posts", self._posts.scheduled),
            _door("GET", r"(?P<page>me|\d+)/subscribed_apps", "subscribed_apps", self._hooks.subscribed),
            _door("POST", r"(?P<page>me|\d+)/subscribed_apps", "subscribed_apps", self._hooks.subscribe_page),
            _door("POST", r"(?P<app>\d+)/subscriptions", "subscriptions", self._hooks.subscribe_app),
            _door("POST", r"(?P<app>\d+)/uploads", "uploads.create", self._videos.open),
            _door("GET", upload, "uploads.read", lambda page, call: self._videos.offset(page, call.path["upload"])),
            _door("POST", upload, "uploads.transfer", self._fill, is_bytes=True),
            _door("POST", r"video-upload/(?P<reel>\d+)", "video.transfer", self._fill_reel, is_bytes=True),
            _door("GET", f"{one}/comments", "comments", self._listed_comments),
            _door("POST", f"{one}/comments", "comment.reply", self._comments.reply),
            _door("GET", one, "object.read", self._read),
            _door("POST", one, "object.update", self._update),
            _door("DELETE", one, "object.delete", lambda page, call: self._posts.delete(page, call.path["id"], call)),
        ]

    def _door(self, method: str, path: str) -> tuple[Door | None, str, dict[str, str]]:
        """The version stands first, but for the bytes of reels (rupload's own path)."""
        found = re.fullmatch(r"/(?:(video-upload)/)?(v\d+\.\d+)/(.+)", path)
        if found is None:
            return None, "", {}
        rest = "/".join(part for part in (found.group(1), found.group(3)) if part)
        for door in self._doors:
            inside = door.path.fullmatch(rest) if door.method == method else None
            if inside:
                return door, found.group(2), inside.groupdict()
        return None, found.group(2), {}

    async def _answer(self, path: str, request: Request) -> Response:
        headers: dict[str, str] = {}
        door, asked, inside = self._door(request.method, f"/{path}")
        version = _served(asked)
        headers["facebook-api-version"] = version
        base = self._world.settings.facebook.base_url or f"{str(request.base_url).rstrip('/')}/{NAME}"
        try:
            if door is None:
                raise Refused(2500, "Unknown path components: " + path.rpartition("/")[2][:60])
            call = await meta.read(request, base, version, inside, headers, keep_body=not door.is_bytes)
            self._posts.publish_due()
            body = await (door.answer(call, request) if door.is_bytes else self._asked(door, call))
        except Refused as refused:
            return refusal(refused, headers)
        return JSONResponse(body, headers=headers)

    async def _asked(self, door: Door, call: Call) -> Json:
        if door.operation == "debug_token":
            return self._debug(call)
        if door.operation == "subscriptions":
            return await self._hooks.subscribe_app(call.path["app"], call)
        page = self._authorized(call)
        if call.path.get("app") not in (None, page.holder.app_id):
            raise missing(call.path["app"], call.method.lower())
        if call.path.get("page") not in (None, "me", page.id):
            return dict(door.answer(self._read_in_public(page, door, call), call))
        return dict(door.answer(page, call))

    def _read_in_public(self, reader: Page, door: Door, call: Call) -> Page:
        """Another page, of which an app that was granted the feature reads what everybody sees."""
        other = self._pages.named(call.path["page"])
        if door.operation != "published_posts" or other is None:
            raise missing(call.path["page"], call.method.lower())
        if rules.PUBLIC_CONTENT not in reader.holder.scopes:
            raise Refused(10, rules.PUBLIC_CONTENT_MISSING)
        return other

    def _authorized(self, call: Call) -> Page:
        """Whose token it is; calls are counted for dead tokens too, and refused while there are too many."""
        known = self._pages.bearer(call)
        if known is not None and self._world.settings.facebook.limits and not call.again:
            now = self._world.clock.now()
            told, is_blocked = self._usage.count(known.id, "pages", known.quota, now)
            call.headers.update(told)
            if is_blocked:
                raise meta.throttled(rules.THROTTLED)
        holder = meta.authorized(call, self._pages.holders(), self._world.clock.now())
        return self._pages.by_id[holder.id]

    def _debug(self, call: Call) -> Json:
        return meta.debug_token(call, self._pages.holders(), self._world.clock.now(), "PAGE")

    def _photo(self, page: Page, call: Call) -> Json:
        require_may_post(page)
        photo, is_out = self._photos.create(page, call)
        return self._posts.with_photo(page, photo, call) if is_out else {"id": photo.subject}

    def _video(self, page: Page, call: Call) -> Json:
        require_may_post(page)
        return self._videos.create(page, call)

    def _reel(self, page: Page, call: Call) -> Json:
        require_may_post(page)
        return self._videos.reel(page, call)

    def _read(self, page: Page, call: Call) -> Json:
        wanted = call.path["id"]
        comment = self._comments.get(page, wanted)
        if comment is not None:
            return self._comments.read(comment, call)
        return self._views.page(page, call) if wanted == page.id else self._posts.read(page, wanted, call)

    def _update(self, page: Page, call: Call) -> Json:
        comment = self._comments.get(page, call.path["id"])
        if comment is not None:
            return self._comments.update(comment, page, call)
        return self._posts.update(page, call.path["id"], call)

    def _listed_comments(self, page: Page, call: Call) -> Json:
        return self._comments.listed(page, call.path["id"], call)

    async def _fill(self, call: Call, request: Request) -> Json:
        return await self._videos.fill(self._authorized(call), call.path["upload"], call, request.stream())

    async def _fill_reel(self, call: Call, request: Request) -> Json:
        return await self._videos.fill_reel(self._authorized(call), call.path["reel"], call, request.stream())

    # --- pages for people ---

    async def _page(self, page: str, number: str) -> HTMLResponse:
        self._posts.publish_due()
        known = self._pages.named(page)
        return self._shown(self._world.ledger.current.get(NAME, f"{known.id if known else page}_{number}"))

    async def _video_page(self, video_id: str) -> HTMLResponse:
        self._posts.publish_due()
        video = self._world.ledger.current.get(NAME, video_id)
        post = video.data.get("post_id") if video is not None else None
        return self._shown(self._world.ledger.current.get(NAME, str(post)))

    def _shown(self, item: Item | None) -> HTMLResponse:
        if item is None or item.kind != POST or not item.data["is_published"]:
            return html.render("mastodon_missing.html", status=404)
        current = self._world.ledger.current
        photos = [one for key in item.data["media_ids"] if (one := current.get(NAME, key)) is not None]
        replies = [c for c in current.of(NAME, COMMENT) if c.data["post_id"] == item.subject]
        return html.render(
            "facebook_post.html",
            post=self._public(item),
            link=item.data["link"],
            photos=[photo.data["alt"] for photo in photos],
            has_video=bool(item.data["video_id"]),
            edited_at=item.updated_at if item.updated_at != item.created_at else None,
            replies=[(one.data["author"], one.data["text"]) for one in replies],
        )

    # --- behind the stage ---

    def _add_settled_pages(self) -> None:
        for handle, page_id, token, secret in self._world.settings.facebook.rows():
            options = {"page_id": page_id, "app_secret": secret}
            self.put_account(AccountIn(platform=NAME, handle=handle, password=SecretStr(token), options=options))

    def _counts(self, item: Item) -> dict[str, int]:
        post = item.data["post_id"] if item.kind == VIDEO else item.subject
        comments = sum(one.data["post_id"] == post for one in self._world.ledger.current.of(NAME, COMMENT))
        told = item.engagement
        return {"reactions": told.get("likes", 0), "comments": comments, "shares": told.get("reposts", 0)}

    def _public(self, item: Item) -> PublicPost:
        page, told = self._pages.by_id.get(item.account), self._counts(item)
        base = self._world.settings.facebook.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.data["video_id"] or item.subject,
            account=page.handle if page else item.account,
            author=page.name if page else item.account,
            text=item.data["message"],
            at=item.created_at,
            page=self._views.address(item, base),
            links=(item.data["link"],) if item.data["link"] else (),
            counts={"cảm xúc": told["reactions"], "bình luận": told["comments"], "chia sẻ": told["shares"]},
        )


def _door(method: str, path: str, operation: str, answer: Callable[..., Any], *, is_bytes: bool = False) -> Door:
    return Door(method, re.compile(path), operation, answer, is_bytes)


def _served(asked: str) -> str:
    """The oldest live version in place of an expired or unknown one."""
    return asked if asked in rules.LIVE_VERSIONS else rules.LIVE_VERSIONS[0]


def _next_id(world: World) -> Callable[[], str]:
    """Growing numbers, over restarts too."""
    known = (subject.rpartition("_")[2] for platform, subject in world.ledger.current.items if platform == NAME)
    last = max((int(number) for number in known if number.isdecimal()), default=122_000_000_000_000)

    def make() -> str:
        nonlocal last
        last += 1
        return str(last)

    return make


def _page_id(handle: str) -> str:
    return str(10**14 + int.from_bytes(handle.lower().encode()[:5].rjust(5, b"0"), "big"))


def _instant(written: Any) -> datetime | None:
    return datetime.fromisoformat(str(written)) if written else None
