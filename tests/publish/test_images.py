"""Pictures and videos from strangers: what is taken is clean, what is refused is refused with the way out."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from services.publish import formats, images, video
from services.publish.formats import BadPicture
from services.publish.images import Cleaned, Limits

SAMPLES = Path(__file__).parent / "samples"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description Iptc4xmpExt:DigitalSourceType="%s"/></x:xmpmeta>'
TRAINED = XMP % b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PHOTO = XMP % b"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def encoded(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def noise(width: int = 320, height: int = 200) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


def cleaned(data: bytes, limits: Limits | None = None) -> tuple[Cleaned, list[bytes]]:
    outs = [io.BytesIO() for _ in images.ROLES]
    told = images.clean(data, limits or Limits(), outs)
    return told, [out.getvalue() for out in outs]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def located() -> bytes:
    """A photo with its place, its maker, a comment and a caption."""
    exif = Image.Exif()
    exif[0x010F] = "Máy của một người"
    exif.get_ifd(0x8825)[2] = (21.0, 1.0, 42.6)
    return encoded(noise(), exif=exif, comment=b"nha toi", xmp=PHOTO)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_format_comes_back_as_itself_with_smaller_jpegs(form: str) -> None:
    told, (original, large, small) = cleaned(encoded(noise(2600, 1000), form))
    assert (told.mime, told.width, told.height) == (f"image/{form.lower()}", 2600, 1000)
    assert opened(original).format == form
    assert [(f.role, f.width) for f in told.files] == [("original", 2600), ("large", 2048), ("small", 1280)]
    assert [opened(data).format for data in (large, small)] == ["JPEG", "JPEG"]
    assert len(large) <= images.LARGE[1]
    assert len(small) <= images.SMALL[1]


def test_a_small_jpeg_serves_in_every_role() -> None:
    told, (_, large, small) = cleaned(encoded(noise()))
    assert [file.same_as for file in told.files] == [None, "original", "original"]
    assert large == small == b""


def test_a_heavy_picture_is_pressed_under_the_limit_of_bytes() -> None:
    raw = Image.frombytes("RGB", (2048, 2048), os.urandom(2048 * 2048 * 3))
    _, (_, large, small) = cleaned(encoded(raw, "PNG"))
    assert images.LARGE[1] * 0.4 < len(large) <= images.LARGE[1]
    assert len(small) <= images.SMALL[1]


def test_nothing_of_the_photographer_is_left() -> None:
    data = located()
    assert opened(data).getexif().get_ifd(0x8825)
    _, outs = cleaned(data)
    for out in filter(None, outs):
        again = opened(out)
        assert not dict(again.getexif())
        assert not {"comment", "xmp", "exif", "icc_profile"} & set(again.info)
        assert b"xmpmeta" not in out


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_words_in_png_and_webp_go_too(form: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "ghi chu rieng"
    options: dict[str, Any] = {"exif": exif} if form == "PNG" else {"exif": exif, "xmp": PHOTO}
    data = encoded(noise(), form, **options)
    assert b"ghi chu rieng" in data
    _, (original, *_) = cleaned(data)
    assert b"ghi chu rieng" not in original
    assert not dict(opened(original).getexif())


def test_a_moving_gif_still_moves_and_says_nothing() -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    data = encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], comment=b"rieng"
    )
    told, (original, large, _) = cleaned(data)
    assert opened(original).n_frames == 3
    assert b"rieng" in data
    assert b"rieng" not in original
    assert (told.mime, opened(large).format) == ("image/gif", "JPEG")


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_moving_webp_and_png_still_move(form: str) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=[100, 200, 300])
    _, (original, *_) = cleaned(data)
    assert opened(original).n_frames == 3


def test_what_was_held_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste("black", (0, 0, 150, 100))
    told, (original, *_) = cleaned(encoded(picture, exif=exif, quality=95))
    assert (told.width, told.height) == (100, 300)
    again = opened(original).convert("L")
    assert again.getpixel((50, 20)) < 40
    assert again.getpixel((50, 280)) > 200


def test_colours_are_brought_to_srgb() -> None:
    """A wide-gamut profile makes the same numbers another colour; what is kept shows that colour without it."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    plain = Image.new("RGB", (40, 40), (200, 60, 60))
    wide = _swapped_profile(lab.tobytes())
    _, (same, *_) = cleaned(encoded(plain, quality=98, subsampling=0, icc_profile=lab.tobytes()))
    _, (changed, *_) = cleaned(encoded(plain, quality=98, subsampling=0, icc_profile=wide))
    near = opened(same).getpixel((20, 20))
    far = opened(changed).getpixel((20, 20))
    assert all(abs(a - b) <= 4 for a, b in zip(near, (200, 60, 60), strict=True))
    assert far[1] > far[0] + 60  # red and green changed over, as the profile says
    assert "icc_profile" not in opened(changed).info


def _swapped_profile(profile: bytes) -> bytes:
    """sRGB with the tags of red and green changed over."""
    return profile.replace(b"rXYZ", b"tmp!").replace(b"gXYZ", b"rXYZ").replace(b"tmp!", b"gXYZ")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_is_brought_to_eight_bits(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    told, outs = cleaned(encoded(Image.new(mode, (50, 40)), form))
    assert opened(outs[0]).mode in ("L", "LA", "RGB", "RGBA")
    jpeg = next(out for out in outs if out and opened(out).format == "JPEG")
    assert opened(jpeg).size == (told.width, told.height)


def test_what_is_transparent_becomes_white_in_a_jpeg() -> None:
    _, (_, large, _) = cleaned(encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG"))
    assert min(opened(large).convert("RGB").getpixel((20, 20))) > 245


def test_the_same_bytes_give_the_same_bytes() -> None:
    data = encoded(noise())
    assert cleaned(data) == cleaned(data)


# --- marks that a model made it ----------------------------------------------------------------------


@pytest.mark.mission("M38")
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
@pytest.mark.parametrize(("words", "is_ai_made"), [(TRAINED, True), (PHOTO, False)])
def test_the_source_type_of_iptc_is_read(form: str, words: bytes, is_ai_made: bool) -> None:
    told, _ = cleaned(encoded(noise(), form, xmp=words))
    assert told.is_ai_made is is_ai_made


@pytest.mark.mission("M38")
def test_it_is_read_where_a_png_keeps_it_compressed() -> None:
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(TRAINED)
    data = encoded(noise(), "PNG")
    at = data.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(text)) + b"iTXt" + text + struct.pack(">I", zlib.crc32(b"iTXt" + text))
    assert b"rainedAlgorithmicMedia" not in chunk
    told, _ = cleaned(data[:at] + chunk + data[at:])
    assert told.is_ai_made


@pytest.mark.mission("M38")
def test_a_manifest_of_c2pa_is_read_and_alone_says_nothing() -> None:
    def with_manifest(words: bytes) -> bytes:
        body = b"JP\0\1\0\0\0\1" + b"jumb....jumdc2pa\0" + words
        data = encoded(noise())
        return data[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + data[2:]

    made, _ = cleaned(with_manifest(b"digitalSourceType/trainedAlgorithmicMedia"))
    taken, _ = cleaned(with_manifest(b"digitalSourceType/digitalCapture"))
    assert made.is_ai_made
    assert not taken.is_ai_made


# --- hostile -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_picture_is_refused_as_that(form: str, part: float) -> None:
    data = encoded(noise(), form)
    with pytest.raises(BadPicture) as refused:
        cleaned(data[: int(len(data) * part)])
    assert refused.value.reason == formats.TRUNCATED
    assert "gửi lại" in refused.value.reason.vi


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header says how large it is and whose pixels are not even there."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    )


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BadPicture, match="too many pixels") as refused:
        cleaned(bomb(60_000, 60_000))
    assert "60000 × 60000" in refused.value.reason.vi
    assert "thu nhỏ" in refused.value.reason.vi


def test_too_many_frames_are_refused() -> None:
    frames = [Image.new("RGB", (8, 8), (n * 8, 0, 0)) for n in range(30)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20)
    with pytest.raises(BadPicture, match="too many frames"):
        cleaned(data, Limits(frames=20))


FOREIGN = [
    b"<html><script>alert(1)</script>",
    b"<?php system($_GET[0]);",
    b"%PDF-1.7\n",
    b"<svg onload=x>",
    b"\x7fELF\2",
]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("more", FOREIGN)
def test_a_picture_that_is_something_else_too_is_refused(form: str, more: bytes) -> None:
    with pytest.raises(BadPicture) as refused:
        cleaned(encoded(noise(), form) + more)
    assert refused.value.reason == formats.FOREIGN_INSIDE


def test_a_script_in_a_comment_and_an_archive_behind_are_refused() -> None:
    behind = b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(18)
    for data in (encoded(noise(), comment=b"*/<script>alert(1)</script>"), encoded(noise(), "PNG") + behind):
        with pytest.raises(BadPicture) as refused:
            cleaned(data)
        assert refused.value.reason == formats.FOREIGN_INSIDE


def test_what_a_telephone_adds_behind_is_left_off() -> None:
    data = encoded(noise())
    _, (original, *_) = cleaned(data + b"\0\0MotionPhoto_Data" + bytes(5000))
    assert b"MotionPhoto" not in original


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_changed_byte_does_worse_than_a_refusal(which: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL_ONES[which])
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(BadPicture, *DECODERS_RAISE):
        cleaned(bytes(data))


DECODERS_RAISE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
)
"""Caught where the decoder runs apart (see the next test); a crash or a memory error would not be."""
SMALL_ONES = [encoded(Image.linear_gradient("L").resize((40, 30)), form) for form in ("JPEG", "PNG", "WEBP", "GIF")]


def run_apart(data: bytes, pixels: int = 64_000_000) -> bytes:
    """As the service runs it: a process of its own that ends, and says what it made of it."""
    command = [sys.executable, "-I", "-m", images.__name__, str(pixels)]
    with os.fdopen(_as_file(data), "rb") as upload:
        done = subprocess.run(command, stdin=upload, capture_output=True, check=False)
    return done.stdout


def _as_file(data: bytes) -> int:
    number = os.memfd_create("upload")
    os.write(number, data)
    os.lseek(number, 0, os.SEEK_SET)
    return number


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a" + bytes(20), b"RIFF\xff\xff\xff\xffWEBP", bomb(9, 9)])
def test_apart_it_always_answers_in_words(data: bytes) -> None:
    assert b'"refused"' in run_apart(data) or data == b""


# --- videos ------------------------------------------------------------------------------------------


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def read(data: bytes) -> video.Video:
    return video.read(io.BytesIO(data), len(data))


def clean_video(data: bytes) -> bytes:
    return video.cleaned(read(data), 0, data)


def movie(*, turned: bool = False, handler: bytes = b"vide", **more: bytes) -> bytes:
    """A whole MP4 by hand: file type, movie header of 12.5 seconds, one track, and its pictures last."""
    width, height = 1920, 1080
    matrix = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30) if turned else (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 600, 7500) + bytes(80))
    header = struct.pack(">IIIIII", 0, 0, 0, 1, 0, 7500) + bytes(16) + struct.pack(">9i", *matrix)
    tkhd = box(b"tkhd", header + struct.pack(">II", width << 16, height << 16))
    hdlr = box(b"hdlr", bytes(8) + handler + bytes(13))
    stbl = box(b"stbl", more.get("tables", b""))
    trak = box(b"trak", tkhd + box(b"mdia", hdlr + box(b"minf", stbl)) + more.get("trak", b""))
    moov = box(b"moov", mvhd + trak + more.get("moov", b""))
    return box(b"ftyp", b"isom\0\0\2\0isommp41") + moov + box(b"mdat", more.get("mdat", bytes(64)))


def test_duration_and_size_of_a_video() -> None:
    assert read(movie()) == video.Video(video.MP4, 12_500, 1920, 1080, False)
    turned = read(movie(turned=True))
    assert (turned.width, turned.height) == (1080, 1920)


@pytest.mark.parametrize(("name", "mime"), [("clip.mp4", video.MP4), ("clip.mov", video.MOV)])
def test_videos_of_a_real_muxer(name: str, mime: str) -> None:
    data = (SAMPLES / name).read_bytes()
    seen = read(data)
    assert (seen.mime, seen.duration_ms, seen.width, seen.height) == (mime, 2000, 64, 48)
    clean = clean_video(data)
    assert len(clean) == len(data)
    assert read(clean).duration_ms == 2000
    for words in (b"Ten nguoi quay", b"bi mat", b"21.0285"):
        assert words not in clean
    assert b"bi mat" in data or b"21.0285" in data


def test_in_pieces_of_any_size_the_same_is_blanked() -> None:
    data = (SAMPLES / "clip.mov").read_bytes()
    seen = read(data)
    for size in (1, 7, 4096):
        pieces = (video.cleaned(seen, at, data[at : at + size]) for at in range(0, len(data), size))
        assert b"".join(pieces) == clean_video(data)


def test_the_places_a_telephone_records_along_the_video_are_blanked() -> None:
    places = b"+21.0285+105.8542" * 2
    head = movie(moov=b"x" * 0)
    mdat_at = len(head) - 64 - 8
    meta_trak = _metadata_track(0, len(places))
    data = movie(moov=meta_trak, mdat=bytes(16) + places + bytes(14))
    offset = data.index(places)
    data = movie(moov=_metadata_track(offset, len(places)), mdat=bytes(16) + places + bytes(14))
    assert data.index(places) == offset > mdat_at
    clean = clean_video(data)
    assert b"21.0285" not in clean
    assert read(clean).width == 1920


def _metadata_track(offset: int, size: int) -> bytes:
    tables = (
        box(b"stsd", struct.pack(">II", 0, 1) + box(b"mebx"))
        + box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1))
        + box(b"stsz", struct.pack(">IIII", 0, 0, 1, size))
        + box(b"stco", struct.pack(">III", 0, 1, offset))
    )
    hdlr = box(b"hdlr", bytes(8) + b"meta" + bytes(13))
    return box(b"trak", box(b"mdia", hdlr + box(b"minf", box(b"stbl", tables))))


@pytest.mark.mission("M38")
def test_a_video_says_that_a_model_made_it() -> None:
    assert read(movie(moov=box(b"uuid", bytes(16) + TRAINED))).is_ai_made
    assert not read(movie(moov=box(b"uuid", bytes(16) + PHOTO))).is_ai_made


REFUSED_VIDEOS = {
    "cut": (movie()[:-10], video.TRUNCATED),
    "without its movie box": (box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(50)), video.TRUNCATED),
    "only sound": (movie(handler=b"soun"), video.NO_PICTURES),
    "HEIC": (box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta") + box(b"mdat"), video.STILL_PICTURE),
    "a script behind": (movie() + b"<html><script>x</script>", video.TRUNCATED),
    "an unknown box": (movie() + box(b"evil", b"x"), video.FOREIGN_INSIDE),
    "an archive in its end": (movie(mdat=bytes(50) + b"PK\x05\x06" + bytes(18)), video.FOREIGN_INSIDE),
    "a box larger than its parent": (movie(trak=struct.pack(">I4s", 5000, b"udta")), video.DAMAGED),
    "a box of no length": (movie(trak=struct.pack(">I4s", 3, b"udta") + bytes(8)), video.DAMAGED),
    "no length": (movie().replace(struct.pack(">II", 600, 7500), struct.pack(">II", 600, 0)), video.NO_DURATION),
    "no clock": (movie().replace(struct.pack(">II", 600, 7500), struct.pack(">II", 0, 7500)), video.NO_DURATION),
    "two movies": (movie() + box(b"moov"), video.DAMAGED),
    "countless boxes": (movie(moov=box(b"free") * (video.MAX_BOXES + 1)), video.DAMAGED),
}


@pytest.mark.parametrize("case", sorted(REFUSED_VIDEOS))
def test_what_is_wrong_with_a_video_is_said(case: str) -> None:
    data, reason = REFUSED_VIDEOS[case]
    with pytest.raises(video.BadVideo) as refused:
        read(data)
    assert refused.value.reason == reason


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
def test_no_changed_byte_breaks_the_reader(changes: list[tuple[int, int]], is_sample: bool) -> None:
    data = bytearray((SAMPLES / "clip.mp4").read_bytes() if is_sample else movie(moov=_metadata_track(900, 20)))
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(video.BadVideo):
        assert len(clean_video(bytes(data))) == len(data)
