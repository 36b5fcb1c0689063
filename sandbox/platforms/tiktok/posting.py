"""Posts on their way: what is asked before, the tasks, the bytes in chunks, and what became of them by the clock."""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.media_types import sniff
from sandbox.platforms.base import World
from sandbox.platforms.facebook.film import Film
from sandbox.platforms.tiktok import rules
from sandbox.platforms.tiktok.accounts import BANNED, NAME, Creator, Creators, new_publish_id
from sandbox.platforms.tiktok.wire import Call, Json, Refused, flag, invalid, number, require_only, text
from sandbox.pull import PullFailed, PullPolicy, is_loopback

TASK, POST = "task", "post"
_PHOTO_INFO = (
    "title", "description", "privacy_level", "disable_comment", "auto_add_music", "brand_content_toggle",
    "brand_organic_toggle",
)  # fmt: skip
_VIDEO_INFO = (
    "title", "privacy_level", "disable_comment", "disable_duet", "disable_stitch", "video_cover_timestamp_ms",
    "brand_content_toggle", "brand_organic_toggle", "is_aigc",
)  # fmt: skip


@dataclass(slots=True)
class Upload:
    """The bytes of one task as they come."""

    publish_id: str
    token: str
    size: int
    chunk: int
    count: int
    at: datetime
    mime: str = ""
    film: Film = field(default_factory=Film)


@dataclass(frozen=True, slots=True)
class Put:
    """What is answered to a chunk: the status, and how far the task has come."""

    status: int
    size: int
    total: int


class Posting:
    """`files`: the pictures fetched, for the pages; by their SHA-256."""

    def __init__(self, world: World, creators: Creators) -> None:
        self._world, self._creators = world, creators
        self.uploads: dict[str, Upload] = {}
        self.files: dict[str, tuple[bytes, str]] = {}

    def clear(self) -> None:
        self.uploads.clear()
        self.files.clear()

    # --- before a post ---

    def creator_info(self, creator: Creator) -> Json:
        """Over the cap this is an error, and HTTP 200."""
        if creator.status == BANNED:
            raise Refused("spam_risk_user_banned_from_posting", status=200)
        if self._is_capped(creator):
            raise Refused(rules.CAPPED, "Daily post cap from the API is reached for the current user.", status=200)
        self._creators.asked[creator.id] = self._world.clock.now()
        return {
            "creator_avatar_url": "https://p16.example/avatar.webp",
            "creator_username": creator.handle,
            "creator_nickname": creator.name,
            "privacy_level_options": list(creator.privacies()),
            **{f"{what}_disabled": what in creator.switched_off for what in ("comment", "duet", "stitch")},
            "max_video_post_duration_sec": creator.longest,
        }

    def _is_capped(self, creator: Creator) -> bool:
        if not self._world.settings.tiktok.limits:
            return False
        return self._since(creator, rules.DAY, is_draft=False) >= creator.posts_a_day

    def _since(self, creator: Creator, window: timedelta, *, is_draft: bool) -> int:
        since = self._world.clock.now() - window
        return sum(
            entry.act.kind == TASK
            and entry.act.effect is Effect.CREATED
            and entry.act.account == creator.id
            and entry.act.data["is_draft"] is is_draft
            and entry.at > since
            for entry in self._world.ledger.entries(NAME)
        )

    def _require_allowed(self, creator: Creator, info: Json, known: tuple[str, ...], again: bool) -> None:
        """What a direct post is held to."""
        now, privacy = self._world.clock.now(), text(info, "privacy_level")
        if creator.status == BANNED:
            raise Refused("spam_risk_user_banned_from_posting")
        if not again and self._is_capped(creator):
            raise Refused(rules.CAPPED, "Daily post cap from the API is reached for the current user.")
        asked = self._creators.asked.get(creator.id)
        if asked is None or now - asked > rules.ASKED_FIRST:
            raise invalid("creator_info must be queried before posting")
        if privacy not in creator.privacies():
            raise Refused("privacy_level_option_mismatch", f"privacy_level {privacy} is not an option of the creator")
        if not creator.is_audited and (privacy != rules.SELF_ONLY or not creator.is_private):
            raise Refused(rules.UNAUDITED, "Please review our integration guidelines")
        if flag(info, "brand_content_toggle") and privacy == rules.SELF_ONLY:
            raise invalid("Branded content visibility cannot be set to private")
        for what in creator.switched_off:
            if f"disable_{what}" in known and not flag(info, f"disable_{what}"):
                raise invalid(f"The creator has switched {what} off")

    # --- photos ---

    async def content(self, creator: Creator, call: Call) -> Json:
        require_only(call.body, "body", "media_type", "post_mode", "post_info", "source_info")
        mode = text(call.body, "post_mode")
        if text(call.body, "media_type") != "PHOTO" or mode not in ("DIRECT_POST", "MEDIA_UPLOAD"):
            raise invalid("media_type must be PHOTO and post_mode DIRECT_POST or MEDIA_UPLOAD")
        info, source, is_draft = call.part("post_info"), call.part("source_info"), mode == "MEDIA_UPLOAD"
        require_only(info, "post_info", *_PHOTO_INFO)
        text(info, "title", rules.PHOTO_TITLE)
        text(info, "description", rules.DESCRIPTION)
        self._require_scope(creator, is_draft)
        if is_draft:
            self._require_draft_room(creator)
        else:
            self._require_allowed(creator, info, _PHOTO_INFO, call.again)
        urls = self._addresses(creator, source)
        shas, reason = await self._pulled(creator, urls)
        data = self._task_data("photo", info, shas, is_draft=is_draft, reason=reason, is_whole=True)
        return {"publish_id": self._open("p_pub_url", creator, "content.init", data)}

    def _require_scope(self, creator: Creator, is_draft: bool) -> None:
        needed = "video.upload" if is_draft else "video.publish"
        if creator.scopes and needed not in creator.scopes:
            raise Refused("scope_not_authorized", f"The user did not authorize the scope {needed}.")

    def _require_draft_room(self, creator: Creator) -> None:
        if self._world.settings.tiktok.limits and self._since(creator, rules.DAY, is_draft=True) >= rules.DRAFTS:
            raise Refused("spam_risk_too_many_pending_share", "There are too many pending shares")

    def _addresses(self, creator: Creator, source: Json) -> list[str]:
        require_only(source, "source_info", "source", "photo_images", "photo_cover_index")
        if text(source, "source") != rules.PULL_ONLY:
            raise invalid("Photos are taken by PULL_FROM_URL only")
        urls = source.get("photo_images")
        if not isinstance(urls, list) or not 1 <= len(urls) <= rules.PHOTOS:
            raise invalid(f"photo_images has 1 to {rules.PHOTOS} addresses")
        if not 0 <= number(source, "photo_cover_index", 0) < len(urls):
            raise invalid("photo_cover_index names no picture")
        for url in urls:
            parts = urlsplit(str(url))
            if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                raise invalid("photo_images must be https")
            if not creator.owns(str(url)):
                raise Refused("url_ownership_unverified", "Please review our URL ownership verification rules")
        return [str(url) for url in urls]

    async def _pulled(self, creator: Creator, urls: list[str]) -> tuple[list[str], str]:
        """The pictures by their hashes, and what was wrong with the first bad one."""
        shas: list[str] = []
        for url in urls:
            try:
                policy = PullPolicy(rules.PHOTO_BYTES, redirects=rules.NO_REDIRECT)
                pulled = await self._world.puller.pull(NAME, creator.id, url, policy)
            except PullFailed:
                return shas, "photo_pull_failed"
            seen = sniff(pulled.body)
            if seen is None or seen.mime not in rules.PHOTO_TYPES or not seen.whole:
                return shas, "file_format_check_failed"
            if max(seen.width or 0, seen.height or 0) > rules.PHOTO_EDGE:
                return shas, "picture_size_check_failed"
            self.files[pulled.sha256] = (pulled.body, seen.mime)
            shas.append(pulled.sha256)
        return shas, ""

    # --- videos ---

    def video(self, creator: Creator, call: Call) -> Json:
        require_only(call.body, "body", "post_info", "source_info")
        info = call.part("post_info")
        require_only(info, "post_info", *_VIDEO_INFO)
        text(info, "title", rules.TITLE)
        for name in ("is_aigc", "brand_organic_toggle"):
            flag(info, name)
        self._require_scope(creator, is_draft=False)
        self._require_allowed(creator, info, _VIDEO_INFO, call.again)
        return self._started("v_pub_file", creator, "video.init", call, info, is_draft=False)

    def inbox(self, creator: Creator, call: Call) -> Json:
        require_only(call.body, "body", "source_info")
        self._require_scope(creator, is_draft=True)
        self._require_draft_room(creator)
        return self._started("v_inbox_file", creator, "inbox.init", call, {}, is_draft=True)

    def _started(
        self, prefix: str, creator: Creator, operation: str, call: Call, info: Json, *, is_draft: bool
    ) -> Json:
        size, chunk, count = _chunks(call.part("source_info"))
        publish_id = self._open(
            prefix, creator, operation, self._task_data("video", info, [], is_draft=is_draft, is_whole=False)
        )
        upload = Upload(publish_id, secrets.token_urlsafe(24), size, chunk, count, self._world.clock.now())
        self.uploads[publish_id] = upload
        number_of_it = secrets.randbelow(10**12)
        address = f"{call.base_url}/upload/video?upload_id={number_of_it}&upload_token={upload.token}"
        return {"publish_id": publish_id, "upload_url": address}

    async def put(self, token: str, headers: dict[str, str], body: AsyncIterator[bytes]) -> Put:
        """One chunk: 206 while more is wanted, 201 when all is there."""
        upload = next((one for one in self.uploads.values() if secrets.compare_digest(one.token, token)), None)
        if upload is None:
            return Put(404, 0, 0)
        if self._world.clock.now() >= upload.at + rules.URL_LIVES:
            return Put(403, upload.film.size, upload.size)
        mime = headers.get("content-type", "")
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("content-range", ""))
        if found is None or mime not in rules.VIDEO_TYPES or not headers.get("content-length", "").isdecimal():
            return Put(400, upload.film.size, upload.size)
        first, last, total = (int(one) for one in found.groups())
        data = bytearray()
        async for piece in body:
            data += piece
        if total != upload.size or first != upload.film.size or last != upload.film.size + self._wanted(upload) - 1:
            return Put(416, upload.film.size, upload.size)
        if len(data) != last - first + 1 or int(headers["content-length"]) != len(data):
            return Put(400, upload.film.size, upload.size)
        upload.film.feed(bytes(data))
        upload.mime = mime
        if upload.film.size < upload.size:
            return Put(206, upload.film.size, upload.size)
        self._finish(upload)
        return Put(201, upload.size, upload.size)

    def _wanted(self, upload: Upload) -> int:
        """How many bytes the next chunk has: the last takes what is left."""
        index = upload.film.size // upload.chunk
        return upload.size - upload.film.size if index >= upload.count - 1 else upload.chunk

    def _finish(self, upload: Upload) -> None:
        task = self._world.ledger.current.get(NAME, upload.publish_id)
        assert task is not None
        seen, seconds = upload.film.seen(), upload.film.seconds()
        longest = self._creators.by_id[task.account].longest
        reason = ""
        if seen is None or seen.mime not in rules.VIDEO_TYPES or not seen.whole:
            reason = "file_format_check_failed"
        elif seconds is not None and seconds > longest and not task.data["is_draft"]:
            reason = "duration_check_failed"
        more = {"media_sha256": [upload.film.sha256], "is_whole": True, "reason": reason, **self._times()}
        self._record("video.upload", task.account, TASK, task.subject, Effect.UPDATED, {**task.data, **more})

    # --- tasks and posts ---

    def _task_data(
        self, kind: str, info: Json, shas: list[str], *, is_draft: bool, is_whole: bool, reason: str = ""
    ) -> Json:
        told: Json = {"title": text(info, "title"), "description": text(info, "description")}
        more = {name: value for name, value in info.items() if name not in told}
        facts = {"kind": kind, "is_draft": is_draft, "is_whole": is_whole, "reason": reason, "post": None}
        return {**told, "info": more, "media_sha256": shas, **facts, **self._times()}

    def _times(self) -> Json:
        now, given = self._world.clock.now(), self._world.settings.tiktok
        ready = now + timedelta(seconds=given.processing_seconds)
        return {"ready_at": iso(ready), "public_at": iso(ready + timedelta(seconds=given.moderation_seconds))}

    def _open(self, prefix: str, creator: Creator, operation: str, data: Json) -> str:
        publish_id = new_publish_id(prefix)
        self._record(operation, creator.id, TASK, publish_id, Effect.CREATED, data)
        self.settle()
        return publish_id

    def status(self, creator: Creator, call: Call) -> Json:
        require_only(call.body, "body", "publish_id")
        task = self._world.ledger.current.get(NAME, text(call.body, "publish_id"))
        if task is None or task.kind != TASK:
            raise Refused("invalid_publish_id", "The publish_id is invalid")
        if task.account != creator.id:
            raise Refused("token_not_authorized_for_specified_publish_id")
        upload, data = self.uploads.get(task.subject), task.data
        told: Json = {"status": self.state(task)}
        if data["kind"] == "video" and upload is not None:
            told["uploaded_bytes"] = upload.film.size
        if told["status"] == "FAILED":
            told["fail_reason"] = data["reason"]
        post = self._world.ledger.current.get(NAME, data["post"] or "")
        if post is not None and self.is_public(post):
            told["publicaly_available_post_id"] = [int(post.subject)]  # the platform's own spelling
        return told

    def state(self, task: Item) -> str:
        data, now = task.data, self._world.clock.now()
        if not data["is_whole"]:
            return "PROCESSING_UPLOAD"
        if now < datetime.fromisoformat(data["ready_at"]):
            return "PROCESSING_DOWNLOAD" if data["kind"] == "photo" else "PROCESSING_UPLOAD"
        if data["reason"]:
            return "FAILED"
        if data["is_draft"] and not data["post"]:
            return "SEND_TO_USER_INBOX"
        return "PUBLISH_COMPLETE"

    def settle(self) -> None:
        """Whatever is processed by now is a post."""
        for task in self._world.ledger.current.of(NAME, TASK):
            if self.state(task) == "PUBLISH_COMPLETE" and not task.data["post"]:
                self.post(task)

    def post(self, task: Item) -> str:
        """The post of a task; of a draft, when its creator finishes it."""
        post_id = str(7_500_000_000_000_000_000 + len(self._world.ledger.entries()) + 1)
        told = {name: task.data[name] for name in ("kind", "title", "description", "info", "media_sha256")}
        privacy = str(task.data["info"].get("privacy_level") or rules.PUBLIC[0])
        public_at = max(task.data["public_at"], iso(self._world.clock.now()))
        data = {**told, "privacy": privacy, "public_at": public_at, "task": task.subject}
        self._record("publish", task.account, POST, post_id, Effect.CREATED, data)
        self._record("publish", task.account, TASK, task.subject, Effect.UPDATED, {**task.data, "post": post_id})
        return post_id

    def is_public(self, post: Item) -> bool:
        is_out = datetime.fromisoformat(post.data["public_at"]) <= self._world.clock.now()
        return is_out and bool(post.data["privacy"] == rules.PUBLIC[0])

    def _record(
        self, operation: str, account: str, kind: str, subject: str, effect: Effect, data: dict[str, Any]
    ) -> None:
        self._world.ledger.record(Act(NAME, operation, account, kind, subject, effect, data))


def _chunks(source: Json) -> tuple[int, int, int]:
    """Size, chunk size and number of chunks, as the platform checks them."""
    require_only(source, "source_info", "source", "video_size", "chunk_size", "total_chunk_count")
    if text(source, "source") != rules.VIDEO_PULL:
        raise invalid("Only FILE_UPLOAD is played")
    size, chunk, count = (number(source, name) for name in ("video_size", "chunk_size", "total_chunk_count"))
    least, most = rules.CHUNK
    if not 0 < size <= rules.VIDEO_BYTES:
        raise invalid("video_size is not allowed")
    if size < rules.WHOLE:
        if (chunk, count) != (size, 1):
            raise invalid("A video under 5 MB is one chunk")
        return size, chunk, count
    if not least <= chunk <= most or count != size // chunk or not 1 <= count <= rules.CHUNKS:
        raise invalid("The chunk size or the total chunk count is invalid")
    if size - (count - 1) * chunk > rules.LAST_CHUNK:
        raise invalid("The last chunk is too large")
    return size, chunk, count
