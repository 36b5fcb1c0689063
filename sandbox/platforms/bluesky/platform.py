"""The platform as the sandbox holds it: its doors, its limits, and the strings behind the stage."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages
from sandbox.clock import iso
from sandbox.faults import Fault, FaultKind
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, ReplyIn, UnknownPost, World
from sandbox.platforms.bluesky import rules
from sandbox.platforms.bluesky.appview import REPLY, AppView, counts, hidden_replies, reader_did, replies_to
from sandbox.platforms.bluesky.encoding import record_cid
from sandbox.platforms.bluesky.lexicon import Invalid
from sandbox.platforms.bluesky.records import LEXICONS, POST, card_of, images_of
from sandbox.platforms.bluesky.repo import NAME, Repo, key_of
from sandbox.platforms.bluesky.sessions import HANDLE, STATUSES, Account, Sessions
from sandbox.platforms.bluesky.wire import NAMES, Call, InvalidRequest, Json, XrpcError
from sandbox.tokens import TokensIn
from sandbox.windows import Limit, Standing, Windows
from sandbox.wire import AGAIN

Method = Callable[[Call], Json]
_NO_SECRET = SecretStr("")
_XRPC = re.compile(r"/xrpc/([a-zA-Z0-9.-]+)")


def build(world: World) -> Platform:
    return Bluesky(world)


class Bluesky:
    name = NAME
    title = "Bluesky (AT Protocol)"

    def __init__(self, world: World) -> None:
        self._world, self._windows = world, Windows()
        self._sessions = Sessions(world.clock)
        self._repo = Repo(world, self._sessions)
        self._appview = AppView(world, self._sessions)
        self._procedures: Mapping[str, Method] = {
            "com.atproto.server.createSession": self._sessions.create,
            "com.atproto.server.refreshSession": self._sessions.refresh,
            "com.atproto.server.deleteSession": self._sessions.delete,
            "com.atproto.repo.createRecord": self._repo.create,
            "com.atproto.repo.putRecord": self._repo.put,
            "com.atproto.repo.deleteRecord": self._repo.delete,
            "com.atproto.repo.applyWrites": self._repo.apply,
            "com.atproto.repo.uploadBlob": self._repo.upload,
        }
        self._queries: Mapping[str, Method] = {
            "com.atproto.server.getSession": self._sessions.get,
            "com.atproto.identity.resolveHandle": self._appview.resolve,
            "com.atproto.repo.getRecord": self._repo.get,
            "com.atproto.repo.listRecords": self._repo.list_records,
            "app.bsky.actor.getProfile": self._appview.profile,
            "app.bsky.feed.getAuthorFeed": self._appview.author_feed,
            "app.bsky.feed.getPosts": self._appview.posts,
            "app.bsky.feed.getPostThread": self._appview.thread,
        }
        self._add_settled_accounts()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        routes.add_api_route("/xrpc/com.atproto.sync.getBlob", self._get_blob, methods=["GET"])
        routes.add_api_route("/xrpc/{nsid}", self._answer, methods=["GET", "POST"])
        routes.add_api_route("/profile/{did}/post/{key}", self._page, methods=["GET"], include_in_schema=False)
        return routes

    def operation(self, method: str, path: str) -> str | None:
        found = _XRPC.fullmatch(path)
        return found.group(1) if found else None

    def failure(self, fault: Fault) -> Response:
        match fault.kind:
            case FaultKind.TOKEN_EXPIRED:
                return _refusal(XrpcError(rules.EXPIRED, "ExpiredToken", "Token has expired"))
            case FaultKind.THROTTLE:
                until = self._world.clock.now() + timedelta(seconds=fault.seconds)
                standing = Standing(rules.REQUESTS, 0, until, True)
                return _refusal(XrpcError(429, *NAMES[429]), _limit_headers(standing))
            case _:
                error, message = NAMES.get(fault.status, ("Unknown", "Unknown Error"))
                return _refusal(XrpcError(fault.status, error, message))

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        handle = account.handle.lower()
        if not HANDLE.fullmatch(handle) or account.status not in STATUSES:
            raise HTTPException(422, f"handle must be a domain name, status one of {', '.join(STATUSES)}")
        put = self._sessions.put(handle, account.password, account.display_name, account.status, account.followers)
        return {"platform": NAME, "did": put.did, "handle": put.handle, "status": put.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        return {"ended": self._sessions.end_tokens(asked)}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        post = self._world.ledger.current.get(NAME, engagement.post)
        if post is None or post.kind != POST:
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            self._reply(post, reply)
        given = {"likes": engagement.likes, "reposts": engagement.reposts, "quotes": engagement.quotes}
        added = {name: count for name, count in given.items() if count}
        if added:
            act = Act(NAME, "engage", post.account, POST, post.subject, Effect.ENGAGED, added)
            self._world.ledger.record(act)
        return {"post": post.subject, **counts(post, self._world.ledger.current)}

    def wall(self) -> list[PublicPost]:
        items = self._world.ledger.current.of(NAME, POST)
        return [self._public(item) for item in sorted(items, key=lambda item: -item.seq)]

    def reset(self) -> None:
        self._windows.clear()
        self._sessions.clear()
        self._repo.clear()
        self._appview.clear()
        self._add_settled_accounts()

    # --- doors ---

    async def _answer(self, nsid: str, request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            self._consume(headers, "requests", _address(request), 1, rules.REQUESTS)
            method = self._method(request.method, nsid)
            call = await self._read(nsid, request, headers)
            if not call.again:
                self._require_allowance(call)
            LEXICONS.check_input(nsid, call.body)
            return JSONResponse(method(call), headers=headers)
        except XrpcError as error:
            return _refusal(error, headers)
        except Invalid as wrong:
            return _refusal(InvalidRequest(str(wrong)), headers)

    def _method(self, verb: str, nsid: str) -> Method:
        own, other = (self._queries, self._procedures) if verb == "GET" else (self._procedures, self._queries)
        if nsid in own:
            return own[nsid]
        if nsid in other:
            raise InvalidRequest(f"Incorrect HTTP method ({verb}) expected {'POST' if verb == 'GET' else 'GET'}")
        raise XrpcError(501, *NAMES[501])

    async def _read(self, nsid: str, request: Request, headers: dict[str, str]) -> Call:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            given.setdefault(name.removesuffix("[]"), []).append(value)
        is_blob = nsid.endswith(".uploadBlob")
        content_type = request.headers.get("content-type", "")
        params, raw = LEXICONS.params(nsid, given), await _limited(request, nsid)
        if is_blob and not content_type:
            raise InvalidRequest("Request encoding (Content-Type) required but not provided")
        return Call(
            nsid=nsid,
            address=_address(request),
            base_url=self._world.settings.bluesky.base_url or f"{str(request.base_url).rstrip('/')}/{NAME}",
            token=token.strip() if scheme == "Bearer" else None,
            params=params,
            body={} if is_blob else _json(raw, content_type),
            raw=raw if is_blob else b"",
            mime=content_type.partition(";")[0].strip().lower() if is_blob else "",
            again=bool(request.scope.get(AGAIN)),
            headers=headers,
        )

    async def _get_blob(self, did: str, cid: str) -> Response:
        found = self._repo.blob(cid)
        if found is None:
            return _refusal(InvalidRequest("Blob not found", "BlobNotFound"))
        guarded = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(found[0], media_type=found[1], headers=guarded)

    async def _page(self, did: str, key: str) -> HTMLResponse:
        item = self._world.ledger.current.get(NAME, f"at://{did}/{POST}/{key}")
        if item is None:
            return pages.render("bluesky_missing.html", status=404)
        record = item.data["record"]
        current = self._world.ledger.current
        hidden, answers = hidden_replies(item, current), replies_to(item.subject, current)
        replies = [
            (r.data.get("author") or "Người đọc", r.data["record"]["text"], r.subject in hidden) for r in answers
        ]
        return pages.render(
            "bluesky_post.html",
            post=self._public(item),
            pieces=_pieces(record),
            card=card_of(record),
            images=_images(did, record),
            replies=replies,
        )

    # --- limits ---

    def _require_allowance(self, call: Call) -> None:
        """The limits of the method; the headers tell of the one with the least left."""
        if call.nsid == "com.atproto.server.createSession":
            key = f"{str(call.body.get('identifier')).lower()}-{call.address}"
            self._consume(call.headers, "logins", key, 1, rules.LOGINS_DAY, rules.LOGINS_SHORT)
        if call.nsid == "com.atproto.repo.uploadBlob":
            self._sessions.authorized(call)
            self._consume(call.headers, "uploads", call.address, 1, rules.UPLOADS_DAY)
        points = _points(call)
        if points:
            did = self._sessions.authorized(call).did
            self._consume(call.headers, "writes", did, points, rules.WRITES_HOUR, rules.WRITES_DAY)

    def _consume(self, headers: dict[str, str], name: str, key: str, points: int, *limits: Limit) -> None:
        if not self._world.settings.bluesky.limits:
            return
        now = self._world.clock.now()
        standings = [self._windows.consume(f"{name}-{limit.window}", key, limit, points, now) for limit in limits]
        tightest = min(standings, key=lambda standing: (not standing.exceeded, standing.remaining))
        headers.update(_limit_headers(tightest))
        if tightest.exceeded:
            raise XrpcError(429, *NAMES[429])

    # --- behind the stage ---

    def _add_settled_accounts(self) -> None:
        for handle, password in self._world.settings.bluesky.rows():
            self._sessions.put(handle, SecretStr(password), "", "active", 0)

    def _reply(self, post: Item, reply: ReplyIn) -> None:
        """A reader's answer; the root of the thread may lie above the post."""
        here = {"uri": post.subject, "cid": post.data["cid"]}
        root = post.data["record"].get("reply", {}).get("root", here)
        record: Json = {
            "$type": POST,
            "text": reply.text,
            "createdAt": iso(self._world.clock.now()),
            "reply": {"root": root, "parent": here},
        }
        did = reader_did(reply.author)
        uri = f"at://{did}/{POST}/{self._repo.next_key()}"
        data = {"record": record, "cid": record_cid(record), "author": reply.author}
        self._world.ledger.record(Act(NAME, "engage", did, REPLY, uri, Effect.CREATED, data))

    def _public(self, item: Item) -> PublicPost:
        account = self._sessions.accounts.get(item.account) or Account(item.account, item.account, _NO_SECRET)
        told = counts(item, self._world.ledger.current)
        base = self._world.settings.bluesky.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=account.handle,
            author=account.display_name or account.handle,
            text=item.data["record"].get("text", ""),
            at=item.created_at,
            page=f"{base}/profile/{item.account}/post/{key_of(item.subject)}",
            links=tuple(uri for _, uri in _pieces(item.data["record"]) if uri),
            counts={
                "thích": told["likeCount"],
                "đăng lại": told["repostCount"],
                "trả lời": told["replyCount"],
                "trích dẫn": told["quoteCount"],
            },
        )


def _points(call: Call) -> int:
    match call.nsid.removeprefix("com.atproto.repo."):
        case "createRecord":
            return rules.POINTS["create"]
        case "putRecord":
            return rules.POINTS["update"]
        case "deleteRecord":
            return rules.POINTS["delete"]
        case "applyWrites":
            writes = call.body.get("writes")
            kinds = (
                [str(w.get("$type")).rsplit("#", 1)[-1] for w in writes if isinstance(w, dict)]
                if isinstance(writes, list)
                else []
            )
            return sum(rules.POINTS.get(kind, 1) for kind in kinds)
        case _:
            return 0


async def _limited(request: Request, nsid: str) -> bytes:
    most = rules.MAX_JSON
    if nsid.endswith((".createRecord", ".putRecord", ".applyWrites")):
        most = rules.MAX_RECORD_JSON
    elif nsid.endswith(".uploadBlob"):
        most = rules.MAX_BLOB
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise XrpcError(413, *NAMES[413])
        parts.append(part)
    return b"".join(parts)


def _json(raw: bytes, content_type: str) -> Json:
    if not raw:
        return {}
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest(f"Wrong request encoding (Content-Type): {content_type}")
    try:
        body = json.loads(raw, parse_float=_number)
    except (ValueError, RecursionError):
        raise InvalidRequest("Invalid JSON", "SyntaxError") from None
    if not isinstance(body, dict):
        raise InvalidRequest("Input must be an object")
    return body


def _number(written: str) -> int | float:
    """In the servers' own language 1.0 is the integer 1."""
    value = float(written)
    return int(value) if value.is_integer() else value


def _limit_headers(standing: Standing) -> dict[str, str]:
    seconds = int(standing.limit.window.total_seconds())
    return {
        "RateLimit-Limit": str(standing.limit.points),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(int(standing.resets_at.timestamp())),
        "RateLimit-Policy": f"{standing.limit.points};w={seconds}",
    }


def _refusal(error: XrpcError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": error.error, "message": error.message}, error.status, headers)


def _pieces(record: Json) -> list[tuple[str, str | None]]:
    """The text cut at its link facets, the way apps make links: only what a facet covers is one."""
    text, made, at = record.get("text", "").encode(), [], 0
    for start, end, uri in sorted(_links(record)):
        if start >= at:
            made += [(text[at:start].decode(errors="replace"), None), (text[start:end].decode(errors="replace"), uri)]
            at = end
    made.append((text[at:].decode(errors="replace"), None))
    return [(words, uri) for words, uri in made if words]


def _links(record: Json) -> list[tuple[int, int, str]]:
    found = []
    for facet in record.get("facets", []):
        for feature in facet["features"]:
            uri = feature.get("uri")
            if feature["$type"].endswith("#link") and re.match(r"https?://", str(uri)):
                found.append((facet["index"]["byteStart"], facet["index"]["byteEnd"], str(uri)))
    return found


def _images(did: str, record: Json) -> list[tuple[str, str]]:
    base = f"/{NAME}/xrpc/com.atproto.sync.getBlob?did={did}&cid="
    return [(base + image["image"]["ref"]["$link"], image["alt"]) for image in images_of(record)]


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
