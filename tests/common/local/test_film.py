"""The sample film: read by the product's reader and by the sandbox's own, and its pictures found where it says."""

import io
import struct

from PIL import Image

from libs.common.local.film import HEIGHT, RATE, SECONDS, WIDTH, sample_film
from sandbox.platforms.facebook.film import Film
from services.publish import video


def test_both_readers_see_six_seconds_of_film() -> None:
    data = sample_film()
    seen = video.read(io.BytesIO(data), len(data))
    assert (seen.mime, seen.duration_ms, seen.width, seen.height) == (video.MP4, SECONDS * 1000, WIDTH, HEIGHT)
    assert video.cleaned(seen, 0, data) == data, "nothing in it tells of anybody"
    theirs = Film()
    theirs.feed(data)
    sniffed = theirs.seen()
    assert sniffed is not None
    assert (sniffed.mime, sniffed.whole, theirs.seconds()) == ("video/mp4", True, SECONDS)


def test_its_index_leads_to_pictures_that_move() -> None:
    data = sample_film()
    [first] = struct.unpack(">I", data[data.index(b"stco") + 12 :][:4])
    sizes = data[data.index(b"stsz") + 12 :]
    lengths = struct.unpack(f">{RATE * SECONDS}I", sizes[4 : 4 + 4 * RATE * SECONDS])
    pictures, at = [], first
    for length in lengths:
        with Image.open(io.BytesIO(data[at : at + length])) as picture:
            picture.load()
            assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
            pictures.append(picture.tobytes())
        at += length
    assert at == len(data)
    assert len(set(pictures)) == len(pictures)


def test_it_is_the_same_every_time() -> None:
    assert sample_film() == sample_film()
