"""Pictures that somebody sent, made clean: decoded, turned upright, brought to sRGB and written anew without metadata.

Decoders of picture formats are where hostile files strike, so this module is run as a program of its own, with little
memory, little time and nothing but the picture: it reads standard input, writes the files it makes to the descriptors
it was given, and says on standard output what it made of it. It imports nothing of ours but formats.py.
"""

import io
import json
import mmap
import os
import re
import resource
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin

from services.publish.formats import (
    DAMAGED,
    END_OF,
    FOREIGN,
    FOREIGN_INSIDE,
    HEAD,
    TRUNCATED,
    BadPicture,
    Buffer,
    Reason,
    ends_as_archive,
    gif_without_words,
    mime_of,
)

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
ROLES = ("original", "large", "small")
LARGE = (2048, 1_900_000)
"""Longest edge and most bytes; a little under the 2,000,000 that Bluesky takes."""
SMALL = (1280, 950_000)
PROGRESSIVE = 8_000_000
"""Pixels up to which a JPEG is written progressively."""
QUALITIES = (88, 82, 75, 66, 56, 46)
EDGES = {"image/webp": 16_383}
AI_MARK = re.compile(rb"rainedAlgorithmicMedia|compositeSynthetic")
"""IPTC's digitalSourceType, in XMP or in a C2PA manifest: a model made it, or a part of it. A manifest alone says
nothing of the kind: cameras write one, too."""
MAX_MEMORY, MAX_SECONDS = 1_200 * 1024**2, 60


@dataclass(frozen=True)
class Limits:
    """`pixels`: of one picture, or of all frames of a moving one together."""

    pixels: int = 50_400_000
    frames: int = 1000


@dataclass(frozen=True)
class Made:
    """One file that was made; `same_as`: the role whose file serves here, too."""

    role: str
    mime: str
    width: int
    height: int
    same_as: str | None = None


@dataclass(frozen=True)
class Cleaned:
    mime: str
    width: int
    height: int
    is_ai_made: bool
    files: tuple[Made, ...]


def clean(data: Buffer, limits: Limits, outs: Sequence[IO[bytes]]) -> Cleaned:
    """Write the clean original and its smaller renditions to `outs`, in the order of ROLES; raises BadPicture."""
    mime = mime_of(data[:16])
    if mime is None:
        raise BadPicture(DAMAGED)
    end = END_OF[mime](data)
    if FOREIGN.search(data[:HEAD]) or FOREIGN.search(data[end:]) or ends_as_archive(data):
        raise BadPicture(FOREIGN_INSIDE)
    source = io.BytesIO(data[:end])
    Image.MAX_IMAGE_PIXELS = None  # we ask the header ourselves, and say how large is too large
    with Image.open(source, formats=(FORMATS[mime],)) as picture:
        moves = _frames(picture, mime) > 1
        _require_size(picture, mime, limits)
        is_ai_made = is_marked_as_ai(data, picture)
        first = _upright(picture) if not moves else picture.copy()
        still = _srgb(first)
        size = _original(picture, mime, still, moves, source, outs[0])
        files = [Made("original", mime, *size), *_renditions(still, mime, outs, size)]
    return Cleaned(mime, *size, is_ai_made, tuple(files))


def is_marked_as_ai(data: Buffer, picture: Image.Image) -> bool:
    """Also where a PNG keeps the words compressed, which Pillow has unpacked."""
    if AI_MARK.search(data):
        return True
    told = (value if isinstance(value, bytes) else str(value).encode() for value in picture.info.values())
    return any(AI_MARK.search(value) for value in told)


# --- sizes and colours -------------------------------------------------------------------------------


def _frames(picture: Image.Image, mime: str) -> int:
    """A telephone's JPEG may carry a second picture (MPF); it is a still for all that."""
    return 1 if mime == "image/jpeg" else int(getattr(picture, "n_frames", 1))


def _require_size(picture: Image.Image, mime: str, limits: Limits) -> None:
    """Told by the header, before a single pixel is decoded."""
    width, height = picture.size
    if width * height > limits.pixels or max(width, height) > EDGES.get(mime, 65_535):
        most = f"{limits.pixels / 1_000_000:.0f} triệu điểm ảnh"
        raise BadPicture(
            Reason(f"Ảnh {width} × {height} lớn quá, tối đa {most}; hãy thu nhỏ rồi gửi lại.", "too many pixels")
        )
    frames = _frames(picture, mime)
    if frames > limits.frames or frames * width * height > limits.pixels * 4:
        raise BadPicture(
            Reason(f"Ảnh động có {frames} khung hình, nặng quá; hãy gửi dưới dạng video MP4.", "too many frames")
        )


def _upright(picture: Image.Image) -> Image.Image:
    picture.load()
    with suppress(ValueError, SyntaxError, TypeError, struct.error, OSError, KeyError):  # broken EXIF says nothing
        ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _srgb(picture: Image.Image) -> Image.Image:
    """In sRGB, as L, LA, RGB or RGBA, and bare of everything else."""
    profile = picture.info.get("icc_profile")
    plain = _eight_bits(picture)
    alpha = plain.getchannel("A") if plain.mode in ("LA", "RGBA") else None
    colours = plain.convert("RGB") if plain.mode == "RGBA" else plain.convert("L") if plain.mode == "LA" else plain
    result = _by_profile(colours, profile)
    if alpha is not None:
        result.putalpha(alpha)
    result.info = {}
    return result


def _eight_bits(picture: Image.Image) -> Image.Image:
    mode = picture.mode
    if mode in ("P", "PA"):
        return picture.convert("RGBA" if mode == "PA" or "transparency" in picture.info else "RGB")
    if mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if mode == "1":
        return picture.convert("L")
    if mode in ("L", "RGB") and "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture


def _by_profile(picture: Image.Image, profile: bytes | None) -> Image.Image:
    fallback = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    if not profile:
        return fallback
    try:
        own, wanted = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(picture, own, wanted, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return fallback
    return made if made is not None else fallback


# --- writing -----------------------------------------------------------------------------------------


def _original(
    picture: Image.Image, mime: str, still: Image.Image, moves: bool, source: io.BytesIO, out: IO[bytes]
) -> tuple[int, int]:
    """In its own format, with nothing but what is seen; its width and height."""
    match mime:
        case "image/gif":
            _decode_all(picture)
            out.write(b"".join(gif_without_words(source.getvalue())))
            return picture.size
        case "image/jpeg":
            sampling = JpegImagePlugin.get_sampling(picture)
            _save_jpeg(still, out, 92, subsampling=max(sampling, 0))
        case "image/webp":
            lossless = b"VP8L" in source.getvalue()[:64]
            options: dict[str, Any] = {"quality": 92, "lossless": lossless, "method": 2}
            _save_moving(picture, out, options) if moves else still.save(out, "WEBP", **options)
        case _:
            options = {"compress_level": 6}
            _save_moving(picture, out, options) if moves else still.save(out, "PNG", **options)
    return picture.size if moves else still.size


def _save_moving(picture: Image.Image, out: IO[bytes], options: dict[str, Any]) -> None:
    durations = []
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        picture.load()
        durations.append(int(picture.info.get("duration", 100)))
    picture.seek(0)
    loop = int(picture.info.get("loop", 0))
    bare: dict[str, Any] = {"exif": b"", "xmp": b"", "icc_profile": None}
    for name in ("exif", "xmp", "XML:com.adobe.xmp", "comment"):
        picture.info.pop(name, None)
    picture.save(out, picture.format, save_all=True, duration=durations, loop=loop, **bare, **options)


def _decode_all(picture: Image.Image) -> None:
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        picture.load()


def _renditions(still: Image.Image, mime: str, outs: Sequence[IO[bytes]], size: tuple[int, int]) -> Iterator[Made]:
    """`large` and `small`, JPEG on white; where a file made before fits already, it serves again."""
    made = Made("original", mime, *size)
    weight = outs[0].tell()
    base = _on_white(still)
    for role, out, (edge, most) in zip(ROLES[1:], outs[1:], (LARGE, SMALL), strict=True):
        if made.mime == "image/jpeg" and max(made.width, made.height) <= edge and weight <= most:
            yield Made(role, made.mime, made.width, made.height, same_as=made.same_as or made.role)
            continue
        data, base = _jpeg(base, edge, most)
        out.write(data)
        made, weight = Made(role, "image/jpeg", *base.size), len(data)
        yield made


def _save_jpeg(picture: Image.Image, out: IO[bytes], quality: int, **options: int) -> None:
    """Progressive where that costs little: the encoder then holds the whole picture once more, and needs room for the
    whole file, which Pillow guesses too small for a noisy one."""
    small = picture.width * picture.height <= PROGRESSIVE
    ImageFile.MAXBLOCK = max(1 << 16, 3 * picture.width * picture.height if small else 0)
    picture.save(out, "JPEG", quality=quality, optimize=small, progressive=small, **options)


def _on_white(still: Image.Image) -> Image.Image:
    if still.mode in ("L", "RGB"):
        return still
    ground = Image.new("RGB", still.size, "white")
    ground.paste(still.convert("RGB"), mask=still.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image, edge: int, most: int) -> tuple[bytes, Image.Image]:
    """The best that is within both limits, never larger than the picture itself; and the picture it shows."""
    while True:
        fitted = _within(picture, edge)
        for quality in QUALITIES:
            out = io.BytesIO()
            _save_jpeg(fitted, out, quality)
            if out.tell() <= most:
                return out.getvalue(), fitted
        edge = max(fitted.size) * 3 // 4


def _within(picture: Image.Image, edge: int) -> Image.Image:
    longest = max(picture.size)
    if longest <= edge:
        return picture
    width, height = (max(round(side * edge / longest), 1) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


# --- as a program ------------------------------------------------------------------------------------


def _confine() -> None:
    """A hostile picture may use up this much, and then this process ends alone."""
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, 1024**3),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(words: list[str]) -> None:
    _confine()
    pixels, *descriptors = (int(word) for word in words)
    outs = [os.fdopen(number, "w+b", closefd=False) for number in descriptors]
    try:
        with mmap.mmap(0, 0, access=mmap.ACCESS_READ) as data:
            told: dict[str, Any] = asdict(clean(data, Limits(pixels), outs))
        for out in outs:
            out.flush()
    except BadPicture as bad:
        told = {"refused": asdict(bad.reason)}
    except Exception as error:  # whatever a decoder raises on a hostile file
        reason = TRUNCATED if "truncated" in str(error) else DAMAGED
        told = {"refused": {**asdict(reason), "en": f"{reason.en}: {type(error).__name__}"}}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
