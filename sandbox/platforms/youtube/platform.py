"""The platform as the sandbox holds it: its doors, each held against the discovery document, and the strings behind
the stage."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import pages as html
from sandbox.faults import Fault
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, PublicPost, UnknownPost, World
from sandbox.platforms.youtube import discovery, rules, wire
from sandbox.platforms.youtube.accounts import NO_CHANNEL, STATUSES, Channel, Channels
from sandbox.platforms.youtube.comments import Comments, is_shown
from sandbox.platforms.youtube.discovery import Discovery, Invalid, Method, NoDocument
from sandbox.platforms.youtube.partial import partial
from sandbox.platforms.youtube.uploads import Session, Uploads
from sandbox.platforms.youtube.videos import VIDEO, Videos, text_of
from sandbox.platforms.youtube.wire import NAME, UPLOAD_ID, Call, Json, Refused
from sandbox.tokens import TokensIn

_UPLOADS = "upload/youtube/v3/videos"
Door = Callable[[Channel, Call], Json | None]


class Youtube:
    name = NAME
    title = "YouTube"

    def __init__(self, world: World) -> None:
        self._world = world
        self._channels = Channels(world.clock)
        self._uploads = Uploads(world.clock)
        self._late = LateList(NAME, world.clock, world.ledger, world.lags)
        self._videos = Videos(world, self._channels, self._late)
        self._comments = Comments(world, self._channels, self._videos)
        self._doors: Mapping[str, Door] = {
            "youtube.videos.list": self._list,
            "youtube.videos.update": self._update,
            "youtube.videos.delete": self._delete,
            "youtube.channels.list": self._list_channels,
            "youtube.playlistItems.list": self._list_playlist,
            "youtube.commentThreads.list": self._comments.threads,
            "youtube.comments.list": self._comments.replies,
            "youtube.comments.insert": self._comments.insert,
            "youtube.comments.setModerationStatus": self._comments.moderate,
        }
        self._add_settled_channels()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{self.name}")
        routes.add_api_route("/watch", self._watch, methods=["GET"], include_in_schema=False)
        routes.add_api_route("/token", self._token, methods=["POST"], include_in_schema=False)
        routes.add_api_route("/quota/{client}", self._quota, methods=["GET"], include_in_schema=False)
        methods = ["GET", "POST", "PUT", "DELETE"]
        routes.add_api_route("/{path:path}", self._answer, methods=methods, include_in_schema=False)
        return routes

    def operation(self, method: str, path: str) -> str | None:
        """As the API calls its methods; `videos.upload` is what goes to an upload's session."""
        if (method, path) == ("POST", "/token"):
            return "oauth.token"
        if (method, path) == ("PUT", f"/{_UPLOADS}"):
            return "videos.upload"
        try:
            found = discovery.load().methods.get((method, path.lstrip("/")))
        except NoDocument:
            return None
        return found.id.removeprefix("youtube.") if found else None

    def failure(self, fault: Fault) -> Response:
        return wire.planned(fault)

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """`password` is the refresh token. Options: `id` (UC…), `client_id`, `client_secret`, `audited`, `testing`,
        `long_uploads`, `scopes`, `uploads_a_day`, `verdict` (`failed:codec`), `processing_seconds`, `comments`,
        `api_key`."""
        if account.status not in STATUSES:
            raise HTTPException(422, f"status must be one of {', '.join(STATUSES)}")
        options = account.options
        channel_id = str(options.get("id") or _channel_id(account.handle))
        if not re.fullmatch(r"UC[\w-]{22}", channel_id):
            raise HTTPException(422, "options.id must be UC and 22 letters")
        cap = options.get("uploads_a_day")
        made = Channel(
            channel_id,
            account.handle,
            account.display_name or account.handle,
            account.status,
            account.followers,
            str(options.get("client_id", "")),
            SecretStr(str(options.get("client_secret", ""))),
            account.password,
            is_audited=bool(options.get("audited", True)),
            long_uploads=str(options.get("long_uploads", "allowed")),
            is_testing=bool(options.get("testing", False)),
            scopes=tuple(str(scope) for scope in options.get("scopes", rules.SCOPES)),
            uploads_a_day=None if cap is None else int(cap),
            verdict=str(options.get("verdict", "")),
            issued_at=self._world.clock.now(),
            has_comments=bool(options.get("comments", True)),
            api_key=SecretStr(str(options.get("api_key") or f"no key of {channel_id}")),
            processing=float(options.get("processing_seconds", self._world.settings.youtube.processing_seconds)),
        )
        self._channels.put(made)
        return {"platform": NAME, "id": channel_id, "handle": made.handle, "status": made.status}

    def end_tokens(self, asked: TokensIn) -> dict[str, Any]:
        return {"ended": self._channels.end_tokens(asked)}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        self._videos.publish_due()
        item = self._world.ledger.current.get(NAME, engagement.post)
        if item is None or item.kind != VIDEO or not self._videos.is_seen(item):
            raise UnknownPost(engagement.post)
        given = {"likes": engagement.likes, "reposts": engagement.reposts}
        added = {name: count for name, count in given.items() if count}
        if added:
            self._world.ledger.record(Act(NAME, "engage", item.account, VIDEO, item.subject, Effect.ENGAGED, added))
        for reply in engagement.replies:
            self._comments.add(item, reply.text, reply.author)
        return {"post": item.subject, **self._videos.view(item, ["statistics"])["statistics"]}

    def wall(self) -> list[PublicPost]:
        self._videos.publish_due()
        seen = [one for one in self._world.ledger.current.of(NAME, VIDEO) if self._videos.is_seen(one)]
        return [self._public(item) for item in sorted(seen, key=lambda item: -item.seq)]

    def reset(self) -> None:
        for part in (self._channels, self._uploads, self._late):
            part.clear()
        self._add_settled_channels()

    # --- doors ---

    async def _token(self, request: Request) -> Response:
        return self._channels.grant(dict(parse_qsl((await request.body()).decode())))

    async def _answer(self, path: str, request: Request) -> Response:
        try:
            return await self._asked(path, request)
        except NoDocument as missing:
            return JSONResponse({"error": {"code": 501, "message": str(missing)}}, 501)
        except Invalid as invalid:
            return Refused(400, "invalidParameter", str(invalid), "global").answer()
        except Refused as refused:
            return refused.answer()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to hear it; what arrived is kept

    async def _asked(self, path: str, request: Request) -> Response:
        told = discovery.load()
        if (request.method, path) == ("PUT", _UPLOADS):
            return await self._send(told, request)
        method = told.methods.get((request.method, path))
        if method is None:
            raise Refused(404, "notFound", f"Method not found: {request.method} {path}", "global")
        is_upload = path.startswith("upload/")
        call = await wire.read(request, self._base(request), has_body=bool(method.request))
        channel = self._authorized(told, method, call)
        if method.id == "youtube.videos.insert":
            return self._open(told, method, channel, call, request)
        if method.id == "youtube.thumbnails.set":
            return self._set_thumbnail(told, channel, call, await request.body(), is_upload=is_upload)
        if method.id not in self._doors:
            raise Refused(501, "notImplemented", f"{method.id} is not played by the sandbox", "global")
        answer = self._doors[method.id](channel, call)
        return Response(status_code=204) if answer is None else _held(told, method, answer, call.fields)

    def _authorized(self, told: Discovery, method: Method, call: Call) -> Channel:
        """Whose token it is. Also a call that is refused as invalid is counted."""
        if call.token is None and call.key:
            channel = self._channels.reader(call.key, method)
        else:
            channel = self._channels.authorized(call.token, method)
        if self._world.settings.youtube.limits:
            self._channels.count(channel, method)
        told.require_query(method, call.query)
        if method.request is not None:
            told.require(method.request, call.body)
        self._videos.publish_due()
        return channel

    def _open(self, told: Discovery, method: Method, channel: Channel, call: Call, request: Request) -> Response:
        if call.query.get("uploadType") != "resumable":
            raise Refused(501, "notImplemented", "only resumable uploads are played by the sandbox", "global")
        self._videos.require_wanted(channel, call.body, call.parts())
        self._channels.count_upload(channel)
        made = self._uploads.open(channel.id, request, call.body, tuple(call.parts()), method.most or 0)
        query = f"uploadType=resumable&part={','.join(call.parts())}&{UPLOAD_ID}={made.id}"
        return Response(status_code=rules.SESSION, headers={"Location": f"{call.base}/{_UPLOADS}?{query}"})

    async def _send(self, told: Discovery, request: Request) -> Response:
        if request.headers.get("authorization") is not None:
            self._channels.authorized(wire.bearer(request))
        session = self._uploads.find(request.query_params.get(UPLOAD_ID, ""))
        await self._uploads.take(session, request)
        if not session.is_whole:
            return session.standing()
        item = self._whole(session)
        if item is None:
            raise Refused(404, rules.NOT_FOUND)
        method = told.methods["POST", _UPLOADS]
        return _held(told, method, self._videos.view(item, session.parts))

    def _whole(self, session: Session) -> Item | None:
        """The video of a session that has come to its end, made once; None where it was deleted since."""
        if session.video is None:
            return self._videos.create(self._channels.by_id[session.channel], session)
        return self._world.ledger.current.get(NAME, session.video)

    def _set_thumbnail(
        self, told: Discovery, channel: Channel, call: Call, data: bytes, *, is_upload: bool
    ) -> Response:
        if not is_upload:
            raise Refused(400, "mediaBodyRequired", "The request does not include the image content.")
        answer = self._videos.set_thumbnail(channel, call.query["videoId"], data)
        return _held(told, told.methods["POST", "youtube/v3/thumbnails/set"], answer)

    def _list(self, channel: Channel, call: Call) -> Json:
        ids = [one for one in call.query.get("id", "").split(",") if one]
        if not ids or len(ids) > 50:
            raise Refused(
                400, "missingRequiredParameter", "No filter selected. Expected one of: id", "youtube.parameter"
            )
        items = [self._videos.view(item, call.parts()) for item in self._videos.by_ids(channel, ids)]
        return {"kind": "youtube#videoListResponse", "items": items, "pageInfo": _page(len(items))}

    def _update(self, channel: Channel, call: Call) -> Json:
        return self._videos.view(self._videos.update(channel, call), call.parts())

    def _delete(self, channel: Channel, call: Call) -> None:
        self._videos.delete(channel, call.query["id"])

    def _list_channels(self, channel: Channel, call: Call) -> Json:
        if call.query.get("mine") != "true":
            raise Refused(501, "notImplemented", "only mine=true is played by the sandbox", "global")
        shown = [] if channel.status == NO_CHANNEL else [_channel_view(channel, call.parts())]
        return {
            "kind": "youtube#channelListResponse",
            "pageInfo": _page(len(shown)),
            **({"items": shown} if shown else {}),
        }

    def _list_playlist(self, channel: Channel, call: Call) -> Json:
        playlist = call.query.get("playlistId", "")
        most, start = int(call.query.get("maxResults", "5")), int(call.query.get("pageToken", "0"))
        found = self._videos.of_playlist(channel, playlist)
        page = self._late.served(found[start : start + most])
        owner = next((one.name for one in self._channels.by_id.values() if one.uploads == playlist), "")
        items = [_playlist_view(item, playlist, call.parts(), owner) for item in page]
        told: Json = {"kind": "youtube#playlistItemListResponse", "items": items, "pageInfo": _page(len(found), most)}
        return {**told, "nextPageToken": str(start + most)} if start + most < len(found) else told

    # --- pages for people ---

    async def _watch(self, v: str) -> HTMLResponse:
        self._videos.publish_due()
        item = self._world.ledger.current.get(NAME, v)
        if item is None or item.kind != VIDEO or not self._videos.is_seen(item):
            return html.render("mastodon_missing.html", status=404)
        said = item.data["snippet"]
        return html.render(
            "youtube_watch.html",
            post=self._public(item),
            title=said["title"],
            description=said.get("description", ""),
            is_processing=self._videos.upload_status(item)[0] == "uploaded",
            is_synthetic=bool(item.data["status"].get("containsSyntheticMedia")),
            replies=[
                (one.data["author"], one.data["text"]) for one in self._comments.of(item.subject) if is_shown(one)
            ],
        )

    async def _quota(self, client: str) -> dict[str, int]:
        """What a project has used today: the console of the platform, not its API."""
        return self._channels.used(client)

    # --- behind the stage ---

    def _base(self, request: Request) -> str:
        return self._world.settings.youtube.base_url.rstrip("/") or f"{str(request.base_url).rstrip('/')}/{NAME}"

    def _add_settled_channels(self) -> None:
        for handle, client, secret, refresh in self._world.settings.youtube.rows():
            options = {"client_id": client, "client_secret": secret}
            self.put_account(AccountIn(platform=NAME, handle=handle, password=SecretStr(refresh), options=options))

    def _public(self, item: Item) -> PublicPost:
        channel = self._channels.by_id.get(item.account)
        told = self._videos.view(item, ["statistics"])["statistics"]
        base = self._world.settings.youtube.base_url.rstrip("/") or f"/{NAME}"
        return PublicPost(
            platform=NAME,
            id=item.subject,
            account=channel.handle if channel else item.account,
            author=channel.name if channel else item.account,
            text=text_of(item),
            at=item.created_at,
            page=f"{base}/watch?v={item.subject}",
            counts={name: int(told[key]) for name, key in _COUNTS.items()},
        )


def build(world: World) -> Youtube:
    return Youtube(world)


_COUNTS = {"lượt xem": "viewCount", "thích": "likeCount", "bình luận": "commentCount"}


def _held(told: Discovery, method: Method, answer: Json, fields: str = "") -> Response:
    """Our own answers are held against the document too: one that it does not allow is a fault of the sandbox."""
    if method.response is not None:
        try:
            told.require(method.response, answer)
        except Invalid as invalid:
            raise AssertionError(f"{method.id}: the sandbox's own answer: {invalid}") from invalid
    return JSONResponse(partial(answer, fields))


def _page(total: int, per_page: int | None = None) -> Json:
    return {"totalResults": total, "resultsPerPage": total if per_page is None else per_page}


def _channel_view(channel: Channel, parts: list[str]) -> Json:
    whole: Json = {
        "snippet": {"title": channel.name, "customUrl": f"@{channel.handle}"},
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": channel.uploads}},
        "status": {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": channel.long_uploads},
        "statistics": {"subscriberCount": str(channel.followers)},
    }
    return {"kind": "youtube#channel", "id": channel.id, **{part: whole[part] for part in parts if part in whole}}


def _playlist_view(item: Item, playlist: str, parts: list[str], name: str) -> Json:
    said = item.data["snippet"]
    at = item.created_at.isoformat()
    whole: Json = {
        "snippet": {
            "title": said["title"],
            "description": said.get("description", ""),
            "publishedAt": at,
            "channelId": item.account,
            "channelTitle": name,
            "videoOwnerChannelTitle": name,
            "playlistId": playlist,
            "resourceId": {"kind": "youtube#video", "videoId": item.subject},
        },
        "contentDetails": {"videoId": item.subject, "videoPublishedAt": at},
        "status": {"privacyStatus": item.data["status"]["privacyStatus"]},
    }
    told = {part: whole[part] for part in parts if part in whole}
    return {"kind": "youtube#playlistItem", "id": f"PLI{item.subject}", **told}


def _channel_id(handle: str) -> str:
    """UC and 22 letters made of the name."""
    letters = re.sub(r"[^\w-]", "", handle, flags=re.ASCII)
    return f"UC{letters[:22].ljust(22, '0')}"
