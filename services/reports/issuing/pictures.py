"""The pictures of a report by themselves: drawn from its frozen figures, as in its papers, each with its words."""

from enum import StrEnum
from typing import Any

from libs.common.papers.content import Picture
from services.reports.kinds import KINDS
from services.reports.problems import PictureNotFound


class PictureForm(StrEnum):
    SVG = "svg"
    PNG = "png"


# An SVG that is opened by itself is a page: this one runs and loads nothing.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=3600",
}
MEDIA_TYPES = {PictureForm.SVG: "image/svg+xml", PictureForm.PNG: "image/png"}


def pictures_of(kind: str, data: dict[str, Any]) -> dict[str, Picture]:
    """By name. Blocking: they are drawn anew."""
    return dict(sorted(KINDS.get(kind)().pictures(data).items()))


def draw(kind: str, data: dict[str, Any], name: str, form: PictureForm) -> bytes:
    """Blocking. Raises PictureNotFound, where these figures have none of that name."""
    picture = pictures_of(kind, data).get(name)
    if picture is None:
        raise PictureNotFound(f"Tên hình: {name}.")
    return picture.png if form is PictureForm.PNG else (picture.svg or "").encode()


def told(kind: str, data: dict[str, Any]) -> list[dict[str, str]]:
    """Blocking. What each shows, in words, and where it is, beside the address of the report's content."""
    return [
        {"name": name, "alt": picture.alt, **{form.value: f"pictures/{name}.{form}" for form in PictureForm}}
        for name, picture in pictures_of(kind, data).items()
    ]
