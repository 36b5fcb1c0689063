"""The private draft of a video on YouTube: uploaded, dressed with its thumbnail, seen through processing.

What is staged: `session` (the address of an upload under way, in no line and dropped at its end),
`video` (the id, once it is whole), `thumbnail` (the picture set), and the file's SHA-256, which says that the upload
was begun. Until it is made public the draft bears the key of its sending, by which it is found again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.publish.adapters.base import Json, Prepared, Reason, Tools
from services.publish.adapters.youtube_api import AnswerLost, Api, Meaning, Refused
from services.publish.adapters.youtube_upload import CHUNK, UNIT, SessionGone, Upload

SESSION, VIDEO, THUMBNAIL = "session", "video", "thumbnail"
LOOKS = (1.0, 3.0)
"""Seconds between looks at a video in processing; what takes longer is made public while it is processed, and is
out when it is done."""
SEARCHED = "50"
CATEGORY = "25"
"""News & Politics."""
_FAILED_VI = {
    "conversion": "không chuyển đổi được video",
    "invalidFile": "tệp không phải là video đọc được",
    "emptyFile": "tệp rỗng",
    "tooSmall": "tệp quá nhỏ",
    "codec": "không đọc được mã hóa của video; hãy xuất lại thành MP4 (H.264, AAC)",
    "uploadAborted": "việc tải lên bị dừng",
    "copyright": "vi phạm bản quyền",
    "inappropriate": "nội dung bị coi là không phù hợp",
    "duplicate": "trùng với video đã có trên kênh",
    "termsOfUse": "vi phạm điều khoản sử dụng",
    "length": "dài quá mức kênh được phép; cần xác minh số điện thoại của kênh",
    "claim": "bị khiếu nại bản quyền",
    "trademark": "vi phạm nhãn hiệu",
    "legal": "lý do pháp lý",
    "uploaderAccountSuspended": "tài khoản bị khóa",
    "uploaderAccountClosed": "tài khoản đã đóng",
}


class Unready(Exception):
    """No video to make public. `is_final`: another try would end the same."""

    def __init__(self, vi: str, en: str, *, is_final: bool = False) -> None:
        super().__init__(en)
        self.reason, self.is_final = Reason(vi, en), is_final


def failure_of(status: Mapping[str, Any]) -> Reason | None:
    """Why YouTube will not show a video, from its `status`; None where nothing is wrong with it."""
    state = status.get("uploadStatus")
    if state not in ("failed", "rejected", "deleted"):
        return None
    why = str(status.get("failureReason") or status.get("rejectionReason") or "")
    done = {"failed": "không xử lý được", "rejected": "từ chối"}.get(str(state), "đã xóa")
    said = f": {_FAILED_VI.get(why, why)}" if why else ""
    return Reason(f"YouTube {done} video{said}; video không được công khai", f"{state} {why}")


class Drafts:
    def __init__(
        self, api: Api, tools: Tools, settings: Mapping[str, Any], playlist: Callable[[], Awaitable[str]]
    ) -> None:
        self._api, self._tools, self._settings, self._playlist = api, tools, settings, playlist
        self._chunk = max(int(settings.get("chunk", CHUNK)) // UNIT, 1) * UNIT

    async def make(self, prepared: Prepared, ready: Json) -> None:
        """Fills `ready` until the video stands whole. Raises Unready or a ChannelError; what was done is in `ready`."""
        if VIDEO in ready and not await self._stands(ready):
            ready.clear()
        if VIDEO not in ready:
            await self._upload(prepared, ready)
        await self._dress(prepared.payload, ready)
        await self._await_processing(ready)

    async def _stands(self, ready: Json) -> bool:
        """Whether the video of an earlier try is still there."""
        return await self._status(ready) is not None

    async def _upload(self, prepared: Prepared, ready: Json) -> None:
        [medium] = prepared.payload["media"]
        is_begun = SESSION in ready
        if not is_begun and not await self._begin(prepared, medium, ready):
            return
        try:
            made = await Upload(self._api, self._tools.media, str(ready[SESSION]), medium, self._chunk).finish(
                is_begun=is_begun
            )
        except SessionGone:
            ready.clear()
            raise Unready("YouTube đã bỏ phiên tải lên, sẽ tải lại", "the upload session is gone") from None
        ready.pop(SESSION)
        ready[VIDEO] = _id(made)

    async def _begin(self, prepared: Prepared, medium: Json, ready: Json) -> bool:
        """A session to send into; False where an earlier try has uploaded it all and was not heard of.

        A large file's session is kept before its first byte goes, by a try of its own: whoever takes over goes on."""
        ready[str(medium["sha256"])] = "begun"
        if (found := await self._find(prepared)) is not None:
            ready[VIDEO] = found
            return False
        ready[SESSION] = await self._open(prepared, medium)
        if int(medium["size"]) > self._chunk:
            raise Unready("Đã mở phiên tải video lên YouTube, đang tải", "session opened, the upload goes on")
        return True

    async def _open(self, prepared: Prepared, medium: Json) -> str:
        snippet, status = self.approved(prepared.payload)
        said = f"Bản chờ đăng của Lan Tỏa, chưa công khai. Khóa: {prepared.key}"
        draft = {**snippet, "description": said}
        answer = await self._api.post_upload(
            "videos",
            {
                "uploadType": "resumable",
                "part": "snippet,status",
                "notifySubscribers": _flag(self._settings.get("notify_subscribers") is not False),
            },
            json={"snippet": draft, "status": {**status, "privacyStatus": "private"}},
            headers={"X-Upload-Content-Length": str(medium["size"]), "X-Upload-Content-Type": str(medium["mime"])},
        )
        session = answer.headers.get("Location")
        if not session:
            raise AnswerLost("no session was told")
        return str(session)

    async def _find(self, prepared: Prepared) -> str | None:
        """A draft of this very sending in the channel's uploads."""
        try:
            playlist = await self._playlist()
            page = await self._api.get("playlistItems", part="snippet", playlistId=playlist, maxResults=SEARCHED)
        except Refused as refused:
            if refused.meaning is Meaning.GONE:  # a channel without uploads may have no such playlist yet
                return None
            raise
        for item in page.get("items") or []:
            snippet = item.get("snippet") or {}
            if prepared.key in str(snippet.get("description", "")):
                found = str((snippet.get("resourceId") or {}).get("videoId", ""))
                return found if await self._status({VIDEO: found}) is not None else None
        return None

    async def _dress(self, payload: Json, ready: Json) -> None:
        """The thumbnail; a channel that may not set one goes without."""
        picture = payload.get("thumbnail")
        if not picture or ready.get(THUMBNAIL) == picture["sha256"]:
            return
        data = await self._tools.media.read(str(picture["sha256"]))
        try:
            await self._api.post_upload(
                "thumbnails/set",
                {"videoId": str(ready[VIDEO])},
                content=data,
                headers={"Content-Type": str(picture["mime"])},
            )
        except Refused as refused:
            if refused.meaning not in (Meaning.PERMISSION, Meaning.REFUSED):
                raise
        ready[THUMBNAIL] = picture["sha256"]

    async def _await_processing(self, ready: Json) -> None:
        """A little while; one that YouTube will not show is never made public."""
        status = await self._status(ready)
        for seconds in LOOKS:
            if status is None or status.get("uploadStatus") != "uploaded":
                break
            await asyncio.sleep(seconds)
            status = await self._status(ready)
        if status is None:
            raise AnswerLost("the uploaded video is not to be read yet")
        if (why := failure_of(status)) is not None:
            raise Unready(why.vi, why.en, is_final=True)

    async def _status(self, ready: Json) -> Json | None:
        video_id = str(ready[VIDEO])
        told = await self._api.get("videos", part="status", id=video_id)
        items = [one for one in told.get("items") or [] if isinstance(one, dict) and one.get("id") == video_id]
        return dict(items[0].get("status") or {}) if items else None

    # --- what YouTube is told ---

    def approved(self, payload: Json) -> tuple[Json, Json]:
        """`snippet` and `status` as they were approved, without the privacy."""
        snippet: Json = {
            "title": payload["title"],
            "description": payload["description"],
            "tags": payload["tags"],
            "categoryId": str(self._settings.get("category", CATEGORY)),
            "defaultLanguage": payload["language"],
            "defaultAudioLanguage": payload["language"],
        }
        status: Json = {
            "license": "youtube",
            "embeddable": True,
            "publicStatsViewable": True,
            "selfDeclaredMadeForKids": self._settings.get("made_for_kids") is True,
            "containsSyntheticMedia": bool(payload["synthetic"]),
        }
        return snippet, status

    def corrected(self, payload: Json, video: Json) -> tuple[Json, Json]:
        """What stands there with the words of a correction; an AI label that was set once stays."""
        before, standing = video.get("snippet") or {}, video.get("status") or {}
        kept = {name: before[name] for name in _SNIPPET if name in before}
        snippet = {**kept, "title": payload["title"], "description": payload["description"]}
        synthetic = bool(payload["synthetic"] or standing.get("containsSyntheticMedia"))
        status = {name: standing[name] for name in _STATUS if name in standing}
        return snippet, {**status, "containsSyntheticMedia": synthetic}


_SNIPPET = ("tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
_STATUS = ("privacyStatus", "publishAt", "license", "embeddable", "publicStatsViewable", "selfDeclaredMadeForKids")


def _id(video: Json) -> str:
    if not video.get("id"):
        raise AnswerLost("answer without a video")
    return str(video["id"])


def _flag(value: bool) -> str:
    return "true" if value else "false"
