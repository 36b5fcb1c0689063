"""Uploads by handle, videos and reels: bytes first, then processing by the sandbox's clock, then the post."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import iso
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.facebook import rules
from sandbox.platforms.facebook.film import Film
from sandbox.platforms.facebook.pages import NAME, Page
from sandbox.platforms.facebook.views import VIDEO
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter, stamp


@dataclass(slots=True)
class Upload:
    """Bytes on their way, or waiting under a handle."""

    id: str
    account: str
    size: int
    kind: str
    at: datetime
    film: Film = field(default_factory=Film)
    handle: str = ""


class Videos:
    def __init__(self, world: World, next_id: Callable[[], str]) -> None:
        self._world, self._next_id = world, next_id
        self._uploads: dict[str, Upload] = {}
        self._reels: dict[str, Upload] = {}
        """Of reels that were started, by video."""

    def clear(self) -> None:
        self._uploads.clear()
        self._reels.clear()

    # --- bytes under a handle ---

    def open(self, page: Page, call: Call) -> Json:
        call.require_only("file_name", "file_length", "file_type")
        size, kind = call.number("file_length"), call.text("file_type") or ""
        if not size:
            raise parameter("file_length", "The parameter file_length is required")
        if kind not in rules.VIDEO_TYPES:
            raise parameter("file_type", f"Unsupported file type {kind}")
        made = Upload(rules.HANDLE + secrets.token_urlsafe(18), page.id, size, kind, self._world.clock.now())
        self._uploads[made.id] = made
        return {"id": made.id}

    def offset(self, page: Page, upload_id: str) -> Json:
        found = self._upload(page, upload_id)
        return {"id": found.id, "file_offset": found.film.size}

    async def fill(self, page: Page, upload_id: str, call: Call, body: AsyncIterator[bytes]) -> Json:
        found = self._upload(page, upload_id)
        await self._take(found, call.given.get("file_offset", ""), body)
        if found.film.size < found.size:
            return {"id": found.id, "file_offset": found.film.size}
        found.handle = found.handle or f"4::{secrets.token_urlsafe(24)}"
        return {"h": found.handle}

    def _upload(self, page: Page, upload_id: str) -> Upload:
        found = self._uploads.get(upload_id)
        if found is None or found.account != page.id or self._world.clock.now() >= found.at + rules.HANDLE_KEPT:
            raise missing(upload_id)
        return found

    async def _take(self, upload: Upload, written: str, body: AsyncIterator[bytes]) -> None:
        """What arrives before a cut counts; bytes for another place are refused."""
        if written != str(upload.film.size):
            raise parameter("file_offset", f"The file offset {written or 'missing'} is not {upload.film.size}")
        async for piece in body:
            upload.film.feed(piece)
            if upload.film.size > upload.size:
                raise parameter("file_length", "More bytes than file_length says")

    # --- videos ---

    def create(self, page: Page, call: Call) -> Json:
        call.require_only("fbuploader_video_file_chunk", "title", "description", "published")
        handle = call.text("fbuploader_video_file_chunk")
        found = next((u for u in self._uploads.values() if u.handle and u.handle == handle), None)
        if found is None or found.account != page.id or self._world.clock.now() >= found.at + rules.HANDLE_KEPT:
            raise parameter(
                "fbuploader_video_file_chunk", "The uploaded file handle is invalid or has expired", 1363030
            )
        seen = found.film.seen()
        if seen is None or not seen.mime.startswith("video/"):
            raise parameter(
                "fbuploader_video_file_chunk", "The video file you selected is in a format that we don't support", 352
            )
        video_id = self._next_id()
        self._put(page, video_id, call, found.film, is_reel=False, is_out=call.flag("published", True))
        return {"id": video_id}

    def _put(self, page: Page, video_id: str, call: Call, film: Film, is_reel: bool, is_out: bool) -> None:
        seen, now = film.seen(), self._world.clock.now()
        ready = now + timedelta(seconds=self._world.settings.facebook.video_processing_seconds)
        data: Json = {
            "title": call.text("title") or "",
            "description": call.text("description") or "",
            "sha256": film.sha256,
            "size": film.size,
            "seconds": film.seconds(),
            "is_reel": is_reel,
            "is_broken": seen is None or not seen.whole,
            "is_out": is_out,
            "ready_at": iso(ready),
            "post_id": None,
            "app_id": page.holder.app_id,
        }
        operation = "video_reels" if is_reel else "videos.create"
        self._record(operation, page.id, video_id, Effect.CREATED, data)

    def update(self, item: Item, call: Call) -> None:
        call.require_only("description", "name", "title")
        title = call.text("name") or call.text("title")
        said = {"description": call.text("description"), "title": title}
        changed = {name: value for name, value in said.items() if value is not None}
        if not changed:
            raise parameter("description", "Nothing to change")
        self._record("object.update", item.account, item.subject, Effect.UPDATED, {**item.data, **changed})

    def attach(self, item: Item, post_id: str) -> None:
        self._record("publish", item.account, item.subject, Effect.UPDATED, {**item.data, "post_id": post_id})

    def due(self) -> list[Item]:
        """Videos that were processed by now, and are to be posted and are not."""
        found = self._world.ledger.current.of(NAME, VIDEO)
        return [v for v in found if v.data["is_out"] and not v.data["post_id"] and self.state(v) == "ready"]

    def state(self, item: Item) -> str:
        if self._world.clock.now() < datetime.fromisoformat(item.data["ready_at"]):
            return "processing"
        return "error" if item.data["is_broken"] else "ready"

    def status(self, item: Item) -> Json:
        state, size = self.state(item), item.data["size"]
        processing: Json = {"status": {"processing": "in_progress", "ready": "complete", "error": "error"}[state]}
        if state == "error":
            processing["errors"] = [{"code": 1363047, "message": "The video file is damaged."}]
        publishing: Json = {"status": "not_started"}
        if item.data["post_id"]:
            published = {"publish_status": "published", "publish_time": stamp(item.updated_at)}
            publishing = {"status": "complete", **published}
        return {
            "video_status": state,
            "uploading_phase": {"status": "complete", "bytes_transferred": size, "source_file_size": size},
            "processing_phase": processing,
            "publishing_phase": publishing,
        }

    # --- reels ---

    def reel(self, page: Page, call: Call) -> Json:
        match call.text("upload_phase"):
            case "start":
                return self._start(page, call)
            case "finish":
                return self._finish(page, call)
            case other:
                raise parameter("upload_phase", f"Param upload_phase must be one of {{start, finish}}, not {other}")

    def started(self, page: Page, video_id: str) -> Upload | None:
        found = self._reels.get(video_id)
        return found if found is not None and found.account == page.id else None

    def started_status(self, upload: Upload) -> Json:
        is_full = upload.size and upload.film.size >= upload.size
        uploading = {"status": "complete" if is_full else "in_progress", "bytes_transferred": upload.film.size}
        waiting = {"processing_phase": {"status": "not_started"}, "publishing_phase": {"status": "not_started"}}
        return {"video_status": "upload_complete" if is_full else "uploading", "uploading_phase": uploading, **waiting}

    def _start(self, page: Page, call: Call) -> Json:
        call.require_only("upload_phase")
        video_id = self._next_id()
        self._reels[video_id] = Upload(video_id, page.id, 0, "video/mp4", self._world.clock.now())
        return {"video_id": video_id, "upload_url": f"{call.base_url}/video-upload/{call.version}/{video_id}"}

    async def fill_reel(self, page: Page, video_id: str, call: Call, body: AsyncIterator[bytes]) -> Json:
        found = self.started(page, video_id)
        if found is None:
            raise missing(video_id, "post")
        if "file_url" in call.given:
            raise parameter("file_url", "file_url is not played by the sandbox: send the bytes")
        written = call.given.get("file_size", "")
        if not written.isdecimal():
            raise parameter("file_size", "The header file_size is required")
        found.size = int(written)
        await self._take(found, call.given.get("offset", ""), body)
        return {"success": found.film.size == found.size}

    def _finish(self, page: Page, call: Call) -> Json:
        call.require_only("upload_phase", "video_id", "video_state", "title", "description")
        video_id, state = call.text("video_id") or "", call.text("video_state")
        if state not in rules.REEL_STATES:
            raise parameter("video_state", f"Param video_state must be one of {{{', '.join(rules.REEL_STATES)}}}")
        if state == "SCHEDULED":
            raise parameter("video_state", "SCHEDULED reels are not played by the sandbox")
        there = self._world.ledger.current.get(NAME, video_id)
        if there is not None and there.kind == VIDEO and there.account == page.id:
            return {"success": True}
        found = self.started(page, video_id)
        if found is None:
            raise missing(video_id, "post")
        if not found.size or found.film.size < found.size:
            raise parameter("video_id", "The video was not uploaded completely", 1363128)
        _require_reel(found.film)
        self._require_room(page)
        self._put(page, video_id, call, found.film, is_reel=True, is_out=state == "PUBLISHED")
        return {"success": True}

    def _require_room(self, page: Page) -> None:
        since = self._world.clock.now() - timedelta(days=1)
        made = [e for e in self._world.ledger.entries(NAME) if e.act.operation == "video_reels" and e.at > since]
        if sum(entry.act.account == page.id for entry in made) >= rules.REELS_A_DAY:
            raise Refused(
                rules.REEL_CAP_CODE, "(#613) Calls to this api have exceeded the rate limit: 30 reels in 24 hours"
            )

    def _record(self, operation: str, account: str, subject: str, effect: Effect, data: Json) -> None:
        self._world.ledger.record(Act(NAME, operation, account, VIDEO, subject, effect, data))


def _require_reel(film: Film) -> None:
    seen, seconds, (least, most) = film.seen(), film.seconds(), rules.REEL_SECONDS
    if seen is None or not seen.mime.startswith("video/"):
        raise parameter("video_id", "The video file you selected is in a format that we don't support", 352)
    if seconds is not None and not least <= seconds <= most:
        raise parameter("video_id", "Reels must be between 3 and 90 seconds long", 1363125)
    if seen.width and seen.height:
        is_tall = abs(seen.width / seen.height - 9 / 16) <= 9 / 16 * rules.REEL_RATIO
        if not is_tall or seen.width < rules.REEL_SHAPE[0] or seen.height < rules.REEL_SHAPE[1]:
            raise parameter("video_id", "Reels must be 9:16 and at least 540 by 960", 1363127)
