"""Videos: made of an upload, processed by the clock, changed part by part, listed, gone."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import counting
from sandbox.clock import iso
from sandbox.lag import LateList
from sandbox.ledger import Act, Effect, Item
from sandbox.media_types import sniff
from sandbox.platforms.base import World
from sandbox.platforms.youtube import rules
from sandbox.platforms.youtube.accounts import Channel, Channels, require_channel
from sandbox.platforms.youtube.uploads import Session
from sandbox.platforms.youtube.wire import NAME, Call, Json, Refused

VIDEO, COMMENT = "video", "comment"
PUBLIC, PRIVATE = "public", "private"
_SNIPPET = ("title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
_STATUS = (
    "privacyStatus",
    "publishAt",
    "license",
    "embeddable",
    "publicStatsViewable",
    "selfDeclaredMadeForKids",
    "containsSyntheticMedia",
)
_MUTABLE = {"snippet": _SNIPPET, "status": _STATUS}
_DEFAULTS: Json = {"license": "youtube", "embeddable": True, "publicStatsViewable": True}


@dataclass(frozen=True)
class Videos:
    world: World
    channels: Channels
    late: LateList

    # --- made ---

    def require_wanted(self, channel: Channel, wanted: Json, parts: Sequence[str]) -> None:
        """What a new video is to be, before a byte of it is sent."""
        require_channel(channel)
        _require_named_parts(wanted, parts)
        self._require_snippet({"categoryId": "22", **wanted.get("snippet", {})})
        self._require_status(wanted.get("status", {}), None)

    def create(self, channel: Channel, session: Session) -> Item:
        now = self.world.clock.now()
        subject = self._next_id()
        film = session.film
        seconds = film.seconds()
        data: Json = {
            "snippet": {"categoryId": "22", **_kept(session.wanted.get("snippet", {}), _SNIPPET)},
            "status": {"privacyStatus": rules.PRIVACY, **_DEFAULTS, **_kept(session.wanted.get("status", {}), _STATUS)},
            "sha256": film.sha256,
            "media_sha256": [film.sha256],
            "size": film.size,
            "seconds": seconds,
            "uploaded_at": iso(now),
            "ready_at": iso(now + timedelta(seconds=channel.processing)),
            "verdict": self._verdict(channel, session),
            "thumbnail": None,
            "was_public": False,
        }
        self._lock(channel, data)
        self._record("videos.insert", channel.id, subject, Effect.CREATED, data)
        session.video = subject
        return self.standing(subject)

    def _verdict(self, channel: Channel, session: Session) -> str:
        seen, seconds = session.film.seen(), session.film.seconds()
        if seen is None or not seen.mime.startswith("video/") or not seen.whole:
            return f"failed:{rules.BROKEN}"
        if channel.long_uploads != "allowed" and (seconds or 0) > rules.LONG_VIDEOS.total_seconds():
            return "rejected:length"
        return channel.verdict

    def _lock(self, channel: Channel, data: Json) -> None:
        """Of a project that was not audited; and notes what has been public once."""
        if not channel.is_audited:
            data["status"] = {**data["status"], "privacyStatus": rules.LOCKED}
        if data["status"]["privacyStatus"] == PUBLIC:
            data["was_public"] = True

    def publish_due(self) -> None:
        """What the clock has made public meanwhile."""
        now = self.world.clock.now()
        for item in self.world.ledger.current.of(NAME, VIDEO):
            at = item.data["status"].get("publishAt")
            if at is None or datetime.fromisoformat(at) > now:
                continue
            status = {**item.data["status"], "privacyStatus": PUBLIC}
            del status["publishAt"]
            data = {**item.data, "status": status}
            self._lock(self.channels.by_id[item.account], data)
            self._record("publish", item.account, item.subject, Effect.UPDATED, data)

    # --- changed ---

    def update(self, channel: Channel, call: Call) -> Item:
        require_channel(channel)
        body, parts = call.body, call.parts()
        item = self.mine(channel, str(body.get("id", "")))
        _require_named_parts(body, parts)
        data = dict(item.data)
        for part in parts:
            if part in _MUTABLE:
                data[part] = _kept(body.get(part, {}), _MUTABLE[part])
        if "snippet" in parts:
            self._require_snippet(data["snippet"])
        if "status" in parts:
            data["status"] = {"privacyStatus": rules.PRIVACY, **_DEFAULTS, **data["status"]}
            self._require_status(data["status"], item)
        self._lock(channel, data)
        self._record("videos.update", channel.id, item.subject, Effect.UPDATED, data)
        return self.standing(item.subject)

    def delete(self, channel: Channel, video_id: str) -> None:
        item = self.mine(channel, video_id)
        self._record("videos.delete", channel.id, item.subject, Effect.DELETED, {})

    def set_thumbnail(self, channel: Channel, video_id: str, data: bytes) -> Json:
        item = self.mine(channel, video_id)
        seen = sniff(data)
        if not data:
            raise Refused(400, "mediaBodyRequired", "The request does not include the image content.")
        if seen is None or seen.mime not in rules.THUMBNAIL_TYPES or not seen.whole:
            raise Refused(400, "invalidImage", "The provided image content is invalid.")
        if len(data) > rules.THUMBNAIL_BYTES:
            raise Refused(413, "uploadTooLarge", "The image is too large.", "global")
        digest = hashlib.sha256(data).hexdigest()
        changed = {**item.data, "thumbnail": digest}
        self._record("thumbnails.set", channel.id, item.subject, Effect.UPDATED, changed)
        return {"kind": "youtube#thumbnailSetResponse", "items": [_thumbnails(item.subject)]}

    # --- read ---

    def mine(self, channel: Channel, video_id: str) -> Item:
        item = self.world.ledger.current.get(NAME, video_id)
        if item is None or item.kind != VIDEO or (item.account != channel.id and _privacy(item) == PRIVATE):
            raise Refused(404, rules.NOT_FOUND, "The video that you are trying to use cannot be found.")
        if item.account != channel.id:
            raise Refused(403, "forbidden", "The video is another channel's.")
        return item

    def standing(self, video_id: str) -> Item:
        item = self.world.ledger.current.get(NAME, video_id)
        assert item is not None
        return item

    def by_ids(self, channel: Channel, ids: Sequence[str]) -> list[Item]:
        found = [self.world.ledger.current.get(NAME, one) for one in ids]
        return [
            one
            for one in found
            if one is not None
            and one.kind == VIDEO
            and (one.account == channel.id or (_privacy(one) != PRIVATE and rules.OTHERS))
        ]

    def of_playlist(self, channel: Channel, playlist: str) -> list[Item]:
        """Newest first, as late as lists are; private ones for their own channel."""
        owner = next((one for one in self.channels.by_id.values() if one.uploads == playlist), None)
        if owner is None:
            raise Refused(404, "playlistNotFound", "The playlist cannot be found.", "youtube.playlistItem")
        mine = [
            item
            for item in self.late.due(VIDEO)
            if item.account == owner.id and (owner.id == channel.id or _privacy(item) == PUBLIC)
        ]
        return sorted(mine, key=lambda item: -item.seq)

    def upload_status(self, item: Item) -> tuple[str, str]:
        """Where it stands by the clock, and why where that is not well."""
        if self.world.clock.now() < datetime.fromisoformat(item.data["ready_at"]):
            return "uploaded", ""
        state, _, why = str(item.data["verdict"] or "processed").partition(":")
        return state, why

    def is_seen(self, item: Item) -> bool:
        """Whether anybody can watch it, now or as soon as it is processed."""
        return _privacy(item) == PUBLIC and self.upload_status(item)[0] in ("uploaded", "processed")

    def view(self, item: Item, parts: Sequence[str]) -> Json:
        """A Video, the parts asked for."""
        whole: dict[str, Any] = {
            "snippet": self._snippet(item),
            "status": self._status(item),
            "processingDetails": self._processing(item),
            "statistics": self._statistics(item),
            "contentDetails": {
                "duration": f"PT{int(item.data['seconds'] or 0)}S",
                "hasCustomThumbnail": bool(item.data["thumbnail"]),
            },
            "fileDetails": {"fileSize": str(item.data["size"]), "fileType": "video"},
        }
        made = {"kind": "youtube#video", "id": item.subject, "etag": f"e{item.seq}-{int(item.updated_at.timestamp())}"}
        return {**made, **{part: whole[part] for part in parts if part in whole}}

    def _snippet(self, item: Item) -> Json:
        channel = self.channels.by_id.get(item.account)
        said = item.data["snippet"]
        return {
            "description": "",
            **said,
            "publishedAt": iso(item.created_at),
            "channelId": item.account,
            "channelTitle": channel.name if channel else "",
            "liveBroadcastContent": "none",
            "localized": {"title": said["title"], "description": said.get("description", "")},
            "thumbnails": _thumbnails(item.subject),
        }

    def _status(self, item: Item) -> Json:
        state, why = self.upload_status(item)
        reason = {"failed": "failureReason", "rejected": "rejectionReason"}.get(state)
        kids = bool(item.data["status"].get("selfDeclaredMadeForKids"))
        return {**item.data["status"], "madeForKids": kids, "uploadStatus": state, **({reason: why} if reason else {})}

    def _processing(self, item: Item) -> Json:
        state, _ = self.upload_status(item)
        if state == "uploaded":
            progress = {"partsTotal": "100", "partsProcessed": "40", "timeLeftMs": "60000"}
            return {"processingStatus": "processing", "processingProgress": progress}
        status = {"processed": "succeeded", "rejected": "terminated"}.get(state, "failed")
        return {"processingStatus": status, **({"processingFailureReason": "other"} if status == "failed" else {})}

    def _statistics(self, item: Item) -> Json:
        comments = sum(one.data["video_id"] == item.subject for one in self.world.ledger.current.of(NAME, COMMENT))
        given = item.engagement
        counts = {"viewCount": given.get("likes", 0) + given.get("reposts", 0), "likeCount": given.get("likes", 0)}
        counts |= {"favoriteCount": 0, "commentCount": comments}
        return {name: str(count) for name, count in counts.items()}

    # --- what may be said ---

    def _require_snippet(self, snippet: Mapping[str, Any]) -> None:
        title, description = snippet.get("title", ""), snippet.get("description", "")
        if not title.strip() or counting.utf16_units(title) > rules.TITLE or _has_angle(title):
            raise Refused(400, "invalidTitle", "The request metadata specifies an invalid or empty video title.")
        if counting.utf8_bytes(description) > rules.DESCRIPTION or _has_angle(description):
            raise Refused(400, "invalidDescription", "The request metadata specifies an invalid video description.")
        if _tags_length(snippet.get("tags", ())) > rules.TAGS or any(map(_has_angle, snippet.get("tags", ()))):
            raise Refused(400, "invalidTags", "The request metadata specifies invalid video keywords.")
        if snippet.get("categoryId") not in rules.CATEGORIES:
            raise Refused(400, "invalidCategoryId", "The snippet.categoryId property specifies an invalid category ID.")

    def _require_status(self, status: Mapping[str, Any], before: Item | None) -> None:
        at = status.get("publishAt")
        if at is None:
            return
        was_public = before is not None and before.data["was_public"]
        if status.get("privacyStatus") != PRIVATE or was_public or datetime.fromisoformat(at) <= self.world.clock.now():
            raise Refused(*rules.PUBLISH_AT, "The request metadata specifies an invalid scheduled publishing time.")

    def _next_id(self) -> str:
        """Eleven letters, as watch addresses have them."""
        digest = hashlib.sha256(f"{NAME}/{len(self.world.ledger.entries())}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()[:11]

    def _record(self, operation: str, account: str, subject: str, effect: Effect, data: Json) -> None:
        self.world.ledger.record(Act(NAME, operation, account, VIDEO, subject, effect, data))


def text_of(item: Item) -> str:
    said = item.data["snippet"]
    return f"{said['title']}\n\n{said.get('description', '')}".strip()


def _require_named_parts(body: Mapping[str, Any], parts: Sequence[str]) -> None:
    """A part that is sent and not named is not heard; the sandbox says so."""
    unnamed = [part for part in _MUTABLE if part in body and part not in parts]
    if unnamed:
        raise Refused(400, "unexpectedPart", f"'{unnamed[0]}' is sent and not named in part")


def _kept(said: Mapping[str, Any], names: Sequence[str]) -> Json:
    return {name: said[name] for name in names if name in said}


def _privacy(item: Item) -> str:
    return str(item.data["status"]["privacyStatus"])


def _has_angle(text: str) -> bool:
    return re.search(f"[{rules.ANGLES}]", text) is not None


def _tags_length(tags: Sequence[str]) -> int:
    return sum(len(tag) + 2 * (" " in tag) for tag in tags) + max(0, len(tags) - 1)


def _thumbnails(video_id: str) -> Json:
    return {"default": {"url": f"https://i.ytimg.com/vi/{video_id}/default.jpg", "width": 120, "height": 90}}
