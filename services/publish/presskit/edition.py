"""One version of an item with all that its formats say of it; the formats themselves only write it down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.models.press import PressStatus
from services.publish import markup
from services.publish.presskit.mediatopics import DEFAULT, TOPICS

Json = dict[str, Any]
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE_BY_AI = "trainedAlgorithmicMedia"
PARTLY_BY_AI = "compositeWithTrainedAlgorithmicMedia"
CORRECTED = "CORRECTION / ĐÍNH CHÍNH: bản này thay cho mọi phiên bản trước; xin sửa nơi đã đăng."
KILLED = "KILL / RÚT TIN: xin không dùng tin này nữa và gỡ khỏi mọi nơi đã đăng."


@dataclass(frozen=True)
class Masthead:
    """Whose items they are. `base`: the address of the channel's feed, under which its files lie too."""

    publisher: str
    base: str
    usage_terms: str
    subjects: tuple[str, ...] = (DEFAULT,)
    place: str | None = None
    contact: str | None = None
    rights_url: str | None = None
    """A page that says what may be done with the items."""

    @classmethod
    def of(cls, publisher: str, contact: str | None, base: str, settings: Mapping[str, Any]) -> "Masthead":
        terms = settings.get("usage_terms") or f"Được đăng lại nguyên văn, miễn phí, khi ghi nguồn: {publisher}."
        subjects = tuple(str(code) for code in settings.get("subjects") or (DEFAULT,) if str(code) in TOPICS)
        place, rights = settings.get("place") or None, settings.get("rights_url") or None
        return cls(publisher, base, str(terms), subjects or (DEFAULT,), place, contact, rights)


@dataclass(frozen=True)
class Edition:
    item: UUID
    version: int
    status: PressStatus
    payload: Json
    created_at: datetime
    first_created_at: datetime
    embargoed_until: datetime | None
    masthead: Masthead

    @property
    def uri(self) -> str:
        """The same for every version."""
        return f"urn:uuid:{self.item}"

    @property
    def is_killed(self) -> bool:
        return self.status is PressStatus.CANCELED

    @property
    def ednote(self) -> str | None:
        if self.is_killed:
            return KILLED
        return CORRECTED if self.version > 1 else None

    @property
    def urgency(self) -> int:
        """1 is the most urgent of nine."""
        return 1 if self.is_killed or self.payload.get("is_urgent") else 5

    @property
    def source_line(self) -> str:
        note, unit = self.payload.get("source_note"), self.payload.get("unit_name")
        return str(note or unit or self.masthead.publisher)

    @property
    def source_type(self) -> str | None:
        """Of the text: where a model had a part in it, it says so."""
        return PARTLY_BY_AI if self.payload.get("ai_label") else None

    @property
    def paragraphs(self) -> str:
        """The body as HTML, with the label of what a model did."""
        label = self.payload.get("ai_label")
        told = markup.to_html(str(self.payload["body"]))
        return str(told + markup.to_html(f"Có sử dụng trí tuệ nhân tạo: {label}") if label else told)

    def file(self, rendition: Mapping[str, Any]) -> str:
        """Where a partner fetches it, with its token."""
        return f"{self.masthead.base}/files/{rendition['sha256']}"

    def picture_uri(self, picture: Mapping[str, Any]) -> str:
        """By its content: the same picture has the same name in every item."""
        return f"urn:sha256:{picture['renditions'][0]['sha256']}"
