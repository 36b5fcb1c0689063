"""What goes into a container: the caption and the files, which Instagram fetches itself and looks at."""

import re

from sandbox.counting import utf16_units
from sandbox.ledger import Effect
from sandbox.media_types import sniff
from sandbox.platforms.base import World
from sandbox.platforms.containers import CONTAINER, Account, Containers, Made, State
from sandbox.platforms.instagram import rules
from sandbox.platforms.meta import Call, Json, Refused, parameter
from sandbox.pull import Pulled, PullFailed, PullPolicy, Trouble

NAME = "instagram"
_ALLOWED = (
    "image_url", "video_url", "caption", "alt_text", "media_type", "is_carousel_item", "children", "share_to_feed",
    "thumb_offset", "cover_url", "location_id", "user_tags", "collaborators",
)  # fmt: skip


class Making:
    """`files`: the pictures fetched, for the pages; by their SHA-256."""

    def __init__(self, world: World, containers: Containers) -> None:
        self._world, self._containers = world, containers
        self.files: dict[str, bytes] = {}

    async def create(self, account: Account, call: Call) -> Json:
        call.require_only(*_ALLOWED)
        self._require_room(account)
        made = await self._made(account, call)
        return {"id": self._containers.create(account, "media.create", made).subject}

    def _require_room(self, account: Account) -> None:
        made = self._containers.posts_since(account, CONTAINER, Effect.CREATED, rules.DAY)
        if self._world.settings.instagram.limits and made >= rules.CONTAINERS_A_DAY:
            raise Refused(rules.LIMIT_REACHED[0], "Application request limit reached", rules.LIMIT_REACHED[1])

    async def _made(self, account: Account, call: Call) -> Made:
        is_child, kind = call.flag("is_carousel_item", False), call.text("media_type") or "IMAGE"
        if kind == "CAROUSEL":
            return self._carousel(account, call)
        caption = "" if is_child else self._caption(call)
        if kind == "IMAGE":
            return await self._image(account, call, caption, is_child)
        if kind not in rules.REELS or (kind == "VIDEO") != is_child:
            raise Refused(100, f"(#100) media_type {kind} is not allowed here", 2207023, blamed=["media_type"])
        return await self._video(account, call, kind, caption, is_child)

    def _carousel(self, account: Account, call: Call) -> Made:
        ids = [one.strip() for one in (call.text("children") or "").split(",") if one.strip()]
        least, most = rules.CAROUSEL
        children = [self._containers.own(account, one) for one in ids]
        if not least <= len(children) <= most or len(set(ids)) < len(ids):
            raise Refused(rules.BAD_CAROUSEL[0], "(#100) A carousel has 2 to 10 items", rules.BAD_CAROUSEL[1])
        if not all(child.data["is_child"] for child in children):
            raise Refused(rules.BAD_CAROUSEL[0], "(#100) children must be carousel items", rules.BAD_CAROUSEL[1])
        states = {self._containers.state(child) for child in children}
        if states & {State.EXPIRED, State.ERROR}:
            raise Refused(rules.EXPIRED[0], "The requested resource does not exist", rules.EXPIRED[1])
        if states != {State.FINISHED}:
            raise Refused(rules.CHILD_READY[0], "Media ID is not available", rules.CHILD_READY[1])
        return Made(
            "CAROUSEL",
            self._caption(call),
            tuple(sha for child in children for sha in child.data["media_sha256"]),
            tuple(alt for child in children for alt in child.data["alts"]),
            tuple(ids),
            seconds=self._world.settings.instagram.image_processing_seconds,
        )

    def _caption(self, call: Call) -> str:
        caption = call.text("caption") or ""
        if utf16_units(caption) > rules.CAPTION:
            raise Refused(rules.CAPTION_LONG[0], "The caption was too long", rules.CAPTION_LONG[1])
        if len(re.findall(r"(?<![\w#])#\w+", caption)) > rules.HASHTAGS:
            raise parameter("caption", f"At most {rules.HASHTAGS} hashtags")
        if len(re.findall(r"(?<![\w@])@[\w.]+", caption)) > rules.MENTIONS:
            raise parameter("caption", f"At most {rules.MENTIONS} accounts")
        return caption

    async def _image(self, account: Account, call: Call, caption: str, is_child: bool) -> Made:
        url, alt = call.text("image_url"), call.text("alt_text") or ""
        if not url:
            raise Refused(rules.NO_TEXT, "(#100) The parameter image_url is required", blamed=["image_url"])
        if len(alt) > rules.ALT:
            raise parameter("alt_text", f"alt_text is over {rules.ALT} characters")
        pulled = await self._pulled(account, url, rules.IMAGE_BYTES)
        found = sniff(pulled.body)
        if found is None or found.mime != rules.IMAGE_TYPE or not found.whole:
            raise Refused(rules.BAD_TYPE[0], "The image format is not supported", rules.BAD_TYPE[1])
        least, most = rules.IMAGE_RATIO
        if not least <= round((found.width or 1) / (found.height or 1), 2) <= most:
            raise Refused(rules.BAD_RATIO[0], "The aspect ratio is not supported", rules.BAD_RATIO[1])
        self.files[pulled.sha256] = pulled.body
        seconds = self._world.settings.instagram.image_processing_seconds
        return Made("IMAGE", caption, (pulled.sha256,), (alt,), is_child=is_child, seconds=seconds)

    async def _video(self, account: Account, call: Call, kind: str, caption: str, is_child: bool) -> Made:
        """Fetched in its own time at the platform, here at once; what is wrong with it is told by its state."""
        url, seconds = call.text("video_url"), self._world.settings.instagram.video_processing_seconds
        if not url:
            raise parameter("video_url", "The parameter video_url is required")
        if call.text("alt_text"):
            raise parameter("alt_text", "alt_text is not supported for reels and videos")
        try:
            pulled = await self._pulled(account, url, rules.VIDEO_BYTES)
        except Refused as refused:
            return Made(kind, caption, is_child=is_child, seconds=seconds, error=f"Error: {refused.subcode}")
        found = sniff(pulled.body)
        is_good = found is not None and found.mime in ("video/mp4", "video/quicktime") and found.whole
        error = None if is_good else rules.VIDEO_BAD
        return Made(kind, caption, (pulled.sha256,), ("",), is_child=is_child, seconds=seconds, error=error)

    async def _pulled(self, account: Account, url: str, most: int) -> Pulled:
        try:
            return await self._world.puller.pull(NAME, account.id, url, PullPolicy(most, redirects=rules.NO_REDIRECT))
        except PullFailed as failed:
            match failed.trouble:
                case Trouble.SLOW:
                    raise Refused(rules.FETCH_SLOW[0], "Timed out fetching the media", rules.FETCH_SLOW[1]) from None
                case Trouble.TOO_LARGE:
                    raise Refused(rules.BAD_SIZE[0], "The media is too large", rules.BAD_SIZE[1]) from None
                case _:
                    words = "Only photo or video can be accepted. The media could not be fetched from this URI"
                    raise Refused(rules.NOT_FETCHED[0], words, rules.NOT_FETCHED[1]) from None
