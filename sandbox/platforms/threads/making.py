"""What goes into a container: the words and the files, which Threads fetches itself and looks at."""

import re

from sandbox.counting import threads_units
from sandbox.media_types import sniff
from sandbox.platforms.base import World
from sandbox.platforms.containers import Account, Containers, Made, State
from sandbox.platforms.meta import Call, Json, Refused, missing, parameter
from sandbox.platforms.threads import rules
from sandbox.pull import Pulled, PullFailed, PullPolicy

NAME, POST, REPLY = "threads", "post", "reply"
_ALLOWED = (
    "media_type", "text", "image_url", "video_url", "alt_text", "is_carousel_item", "children", "link_attachment",
    "reply_to_id", "reply_control", "topic_tag",
)  # fmt: skip


class Making:
    """`files`: the pictures fetched, for the pages; by their SHA-256."""

    def __init__(self, world: World, containers: Containers) -> None:
        self._world, self._containers = world, containers
        self.files: dict[str, bytes] = {}

    async def create(self, account: Account, call: Call) -> Json:
        if call.text("auto_publish_text"):
            raise parameter("auto_publish_text", "auto_publish_text is not played here")
        call.require_only(*_ALLOWED)
        made = await self._made(account, call)
        return {"id": self._containers.create(account, "threads.create", made).subject}

    async def _made(self, account: Account, call: Call) -> Made:
        kind, is_child = call.text("media_type") or "", call.flag("is_carousel_item", False)
        if kind not in rules.TYPES:
            raise parameter("media_type", f"Param media_type must be one of {{{', '.join(rules.TYPES)}}}")
        if is_child and kind not in ("IMAGE", "VIDEO"):
            raise parameter("is_carousel_item", "Only images and videos are carousel items")
        text, more = self._words(call, kind, is_child)
        match kind:
            case "TEXT":
                if not text:
                    raise parameter("text", "The parameter text is required")
                return Made(kind, text, more=more)
            case "CAROUSEL":
                return self._carousel(account, call, text, more)
            case "IMAGE":
                return await self._image(account, call, text, is_child, more)
            case _:
                return await self._video(account, call, text, is_child, more)

    def _words(self, call: Call, kind: str, is_child: bool) -> tuple[str, Json]:
        text, link = call.text("text") or "", call.text("link_attachment")
        if is_child and text:
            raise parameter("text", "A carousel item has no text")
        if threads_units(text) > rules.TEXT:
            raise Refused(rules.TEXT_LONG, f"(#100) Param text must be at most {rules.TEXT} characters long.")
        if link and kind != rules.CARD:
            raise parameter("link_attachment", "link_attachment is for text posts only")
        found = set(re.findall(r"https?://[^\s<>]+", text)) | ({link} if link else set())
        if len(found) > rules.LINKS:
            raise parameter("text", f"At most {rules.LINKS} links")
        above = call.text("reply_to_id")
        if above and self._world.ledger.current.get(NAME, above) is None:
            raise missing(above, "post")
        return text, {"link": link, "reply_to": above}

    def _carousel(self, account: Account, call: Call, text: str, more: Json) -> Made:
        ids = [one.strip() for one in (call.text("children") or "").split(",") if one.strip()]
        children = [self._containers.own(account, one) for one in ids]
        least, most = rules.CAROUSEL
        if not least <= len(children) <= most or len(set(ids)) < len(ids):
            raise parameter("children", f"A carousel has {least} to {most} items")
        if not all(child.data["is_child"] for child in children):
            raise parameter("children", "children must be carousel items")
        if {self._containers.state(child) for child in children} != {State.FINISHED}:
            raise Refused(rules.NOT_READY[0], "Media not found", rules.CHILD_READY)
        return Made(
            "CAROUSEL",
            text,
            tuple(sha for child in children for sha in child.data["media_sha256"]),
            tuple(alt for child in children for alt in child.data["alts"]),
            tuple(ids),
            seconds=self._world.settings.threads.image_processing_seconds,
            more=more,
        )

    async def _image(self, account: Account, call: Call, text: str, is_child: bool, more: Json) -> Made:
        alt = _alt(call)
        try:
            pulled = await self._pulled(account, _required(call, "image_url"), rules.IMAGE_BYTES)
        except PullFailed:
            raise Refused(*rules.FETCH_FAILED) from None
        found = sniff(pulled.body)
        if found is None or found.mime not in rules.IMAGE_TYPES or not found.whole:
            raise Refused(rules.IMAGE_BAD, "(#100) The image format is not supported")
        edges = sorted((found.width or 1, found.height or 1))
        if edges[1] > rules.IMAGE_RATIO * edges[0]:
            raise Refused(rules.IMAGE_BAD, "(#100) The aspect ratio is not supported")
        self.files[pulled.sha256] = pulled.body
        seconds = self._world.settings.threads.image_processing_seconds
        return Made("IMAGE", text, (pulled.sha256,), (alt,), is_child=is_child, seconds=seconds, more=more)

    async def _video(self, account: Account, call: Call, text: str, is_child: bool, more: Json) -> Made:
        """Fetched in its own time at the platform, here at once; what is wrong with it is told by its state."""
        url, alt = _required(call, "video_url"), _alt(call)
        trouble, shas = rules.VIDEO_TROUBLE, tuple[str, ...]()
        try:
            pulled = await self._pulled(account, url, rules.VIDEO_BYTES)
        except PullFailed:
            error: str | None = trouble["fetch"]
        else:
            found, shas = sniff(pulled.body), (pulled.sha256,)
            error = None if found and found.mime in rules.VIDEO_TYPES and found.whole else trouble["form"]
        seconds = self._world.settings.threads.video_processing_seconds
        alts = (alt,) * len(shas)
        return Made("VIDEO", text, shas, alts, is_child=is_child, seconds=seconds, error=error, more=more)

    async def _pulled(self, account: Account, url: str, most: int) -> Pulled:
        return await self._world.puller.pull(NAME, account.id, url, PullPolicy(most, redirects=rules.NO_REDIRECT))


def _required(call: Call, name: str) -> str:
    value = call.text(name)
    if not value:
        raise parameter(name, f"The parameter {name} is required")
    return value


def _alt(call: Call) -> str:
    alt = call.text("alt_text") or ""
    if len(alt) > rules.ALT:
        raise parameter("alt_text", f"alt_text is over {rules.ALT} characters")
    return alt
