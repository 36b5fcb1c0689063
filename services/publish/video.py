"""Videos that somebody sent (MP4 and MOV): how long, how large, and where they say what nobody should read.

Reads the boxes of ISO/IEC 14496-12 by seeking, never the pictures in them, so that memory stays flat. Nothing a file
says about itself is believed without holding it against the file: sizes stay within their parent, counts are bounded.
A video is not encoded anew; what tells of the camera, the place or the person is blanked where it stands (boxes keep
their length, so no offset changes).
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from services.publish.formats import FOREIGN, Reason, ends_as_archive
from services.publish.images import AI_MARK

MP4, MOV = "video/mp4", "video/quicktime"
TOP_LEVEL = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta", b"pnot", b"udta", b"moof", b"mfra",
     b"sidx", b"ssix", b"styp", b"prft", b"pdin", b"emsg"}
)  # fmt: skip
BLANKED = frozenset({b"udta", b"meta", b"uuid"})
"""Location, camera, names, comments, XMP and manifests; no player needs them."""
HEIF = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
MAX_BOXES = 20_000
MAX_ENTRIES = 200_000
"""Of one table of a metadata track; a telephone writes a few a second."""
MAX_SECONDS = 24 * 3600
SCANNED = 16 * 1024**2
"""Bytes of each box besides the pictures that are searched for marks."""

TRUNCATED = Reason("Video bị cắt cụt, chưa tải lên trọn vẹn; hãy lấy lại tệp gốc và gửi lại.", "truncated video")
DAMAGED = Reason("Không đọc được video này; hãy xuất lại thành MP4 (H.264, AAC) rồi gửi lại.", "damaged video")
FOREIGN_INSIDE = Reason(
    "Tệp video chứa kèm nội dung của một loại tệp khác; hãy xuất lại thành MP4 rồi gửi lại.", "another format inside"
)
STILL_PICTURE = Reason("Đây là ảnh HEIC hoặc AVIF; hãy lưu lại thành JPEG rồi gửi lại.", "a HEIF picture")
NO_PICTURES = Reason("Tệp không có hình; hãy gửi video có hình.", "no video track")
NO_DURATION = Reason(
    "Không đọc được thời lượng của video; hãy xuất lại thành MP4 thường (không chia đoạn) rồi gửi lại.", "no duration"
)
LOCKED = Reason("Video bị khóa bản quyền nên không đăng được; hãy xuất lại bản không khóa.", "encrypted video")


class BadVideo(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


Edit = tuple[int, int, bytes]


@dataclass(frozen=True)
class Video:
    """`width`, `height`: as shown, turned by the track's matrix. `edits`: byte ranges that become other bytes, or zeros
    where none are given, in order."""

    mime: str
    duration_ms: int
    width: int
    height: int
    is_ai_made: bool
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Box:
    kind: bytes
    start: int
    body: int
    end: int


@dataclass
class Track:
    handler: bytes = b""
    width: int = 0
    height: int = 0
    entry: bytes = b""
    tables: dict[bytes, Box] = field(default_factory=dict)


def is_video(head: bytes) -> bool:
    """By the first twelve bytes: a file type box of ISO media, or the boxes an old MOV begins with."""
    return len(head) >= 12 and head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"pnot", b"free", b"skip")


def read(file: IO[bytes], size: int) -> Video:
    """Raises BadVideo."""
    try:
        return _Reader(file, size).read()
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise BadVideo(DAMAGED) from error


class _Reader:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size, self._seen = file, size, 0
        self._renamed: list[int] = []
        self._blanks: list[tuple[int, int]] = []

    def read(self) -> Video:
        mime = self._mime(next(self._boxes(0, self._size)))
        top = list(self._boxes(0, self._size))
        if any(box.kind not in TOP_LEVEL for box in top):
            raise BadVideo(FOREIGN_INSIDE)
        self._refuse_foreign()
        movies = [box for box in top if box.kind == b"moov"]
        if not movies or not any(box.kind == b"mdat" for box in top):
            raise BadVideo(TRUNCATED)
        if len(movies) > 1:
            raise BadVideo(DAMAGED)
        is_ai_made = any(self._is_marked(box) for box in top if box.kind != b"mdat")
        duration, tracks = self._movie(movies[0], [box for box in top if box.kind == b"mdat"])
        shown = _picture_track(tracks)
        for box in top:
            self._blank_if_words(box)
        edits = _edits(self._renamed, self._blanks)
        return Video(mime, duration, shown.width, shown.height, is_ai_made, edits)

    def _mime(self, first: Box) -> str:
        if first.kind != b"ftyp":
            return MOV  # before there were file types, there was QuickTime
        told = self._bytes(first)
        brands = {told[at : at + 4] for at in (0, *range(8, len(told), 4))}
        if told[:4] in HEIF or (brands & HEIF and not brands & {b"isom", b"mp41", b"mp42", b"qt  "}):
            raise BadVideo(STILL_PICTURE)
        return MOV if told[:4] == b"qt  " else MP4

    # --- boxes ---

    def _boxes(self, start: int, end: int) -> Iterator[Box]:
        at = start
        while at < end:
            self._seen += 1
            if end - at < 8 and not self._at(at, end - at).strip(b"\0"):
                return  # QuickTime closes some lists with zeros
            if self._seen > MAX_BOXES or end - at < 8:
                raise BadVideo(DAMAGED)
            length, kind = struct.unpack(">I4s", self._at(at, 8))
            body = at + 8
            if length == 1:
                length, body = struct.unpack(">Q", self._at(body, 8))[0], body + 8
            elif length == 0 and end == self._size:
                length = end - at
            if length < body - at:
                raise BadVideo(DAMAGED)
            if at + length > end:
                raise BadVideo(TRUNCATED if end == self._size else DAMAGED)
            yield Box(kind, at, body, at + length)
            at += length

    def _children(self, box: Box) -> list[Box]:
        return list(self._boxes(box.body, box.end))

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)

    def _bytes(self, box: Box, most: int = 4096) -> bytes:
        return self._at(box.body, min(box.end - box.body, most))

    # --- the movie ---

    def _movie(self, moov: Box, pictures: list[Box]) -> tuple[int, list[Track]]:
        tracks: list[Track] = []
        scale, units = 0, 0
        for box in self._children(moov):
            match box.kind:
                case b"mvhd":
                    scale, units = _duration(self._bytes(box), 12, 20)
                case b"mvex":
                    units = units or self._fragments_duration(box)
                case b"trak":
                    tracks.append(self._track(box, pictures))
                case _:
                    self._blank_if_words(box)
        if not scale or not units:
            raise BadVideo(NO_DURATION)
        milliseconds = units * 1000 // scale
        if not 0 < milliseconds <= MAX_SECONDS * 1000:
            raise BadVideo(NO_DURATION)
        return milliseconds, tracks

    def _fragments_duration(self, mvex: Box) -> int:
        for box in self._children(mvex):
            if box.kind == b"mehd":
                told = self._bytes(box)
                return int(struct.unpack_from(">Q" if told[0] == 1 else ">I", told, 4)[0])
        return 0

    def _track(self, trak: Box, pictures: list[Box]) -> Track:
        track = Track()
        for box in self._children(trak):
            match box.kind:
                case b"tkhd":
                    track.width, track.height = _shown_size(self._bytes(box))
                case b"mdia":
                    self._media(box, track)
                case _:
                    self._blank_if_words(box)
        if track.handler == b"meta":
            self._blanks += self._samples(track, pictures)
            self._blank(trak)
        return track

    def _media(self, mdia: Box, track: Track) -> None:
        for box in self._children(mdia):
            self._blank_if_words(box)
            if box.kind == b"hdlr":
                track.handler = self._bytes(box)[8:12]
            elif box.kind == b"minf":
                for inner in self._children(box):
                    if inner.kind == b"stbl":
                        track.tables = {table.kind: table for table in self._children(inner)}
        if b"stsd" in track.tables:
            self._entry(track)

    def _entry(self, track: Track) -> None:
        told = self._bytes(track.tables[b"stsd"])
        track.entry = told[12:16]
        if track.handler == b"vide" and not (track.width and track.height):
            track.width, track.height = struct.unpack_from(">HH", told, 8 + 32)

    # --- what is blanked ---

    def _blank_if_words(self, box: Box) -> None:
        if box.kind in BLANKED:
            self._blank(box)

    def _blank(self, box: Box) -> None:
        self._renamed.append(box.start + 4)
        self._blanks.append((box.body, box.end))

    def _samples(self, track: Track, pictures: list[Box]) -> list[tuple[int, int]]:
        """Where the samples of a metadata track lie (a telephone or an action camera keeps its places there)."""
        offsets, runs, sizes = (self._table(track, *names) for names in (OFFSETS, RUNS, SIZES))
        found: list[tuple[int, int]] = []
        first = [run[0] for run in runs]
        sample = 0
        for number, (offset,) in enumerate(offsets, start=1):
            run = bisect_right(first, number) - 1
            count = runs[run][1] if run >= 0 else 0
            length = sum(one[0] for one in sizes[sample : sample + count])
            sample += count
            if any(box.body <= offset and offset + length <= box.end for box in pictures):
                found.append((offset, offset + length))
        return found

    def _table(self, track: Track, *forms: tuple[bytes, str, int]) -> list[tuple[int, ...]]:
        for kind, shape, header in forms:
            box = track.tables.get(kind)
            if box is not None:
                told = self._at(box.body, min(box.end - box.body, MAX_ENTRIES * 12 + 16))
                count = struct.unpack_from(">I", told, header - 4)[0]
                if kind == b"stsz" and (same := struct.unpack_from(">I", told, 4)[0]):
                    return [(same,)] * min(count, MAX_ENTRIES)
                step = struct.calcsize(shape)
                return [struct.unpack_from(shape, told, header + at * step) for at in range(min(count, MAX_ENTRIES))]
        return []

    # --- marks and foreign bodies ---

    def _is_marked(self, box: Box) -> bool:
        return AI_MARK.search(self._bytes(box, SCANNED)) is not None

    def _refuse_foreign(self) -> None:
        """Not encoded anew, so a second format at either end would reach the reader."""
        tail = self._at(max(self._size - 65_557, 0), 65_557)
        if FOREIGN.search(self._at(0, 1024)) or ends_as_archive(tail):
            raise BadVideo(FOREIGN_INSIDE)


OFFSETS = ((b"stco", ">I", 8), (b"co64", ">Q", 8))
RUNS = ((b"stsc", ">III", 8),)
SIZES = ((b"stsz", ">I", 12),)


def _duration(told: bytes, short: int, long: int) -> tuple[int, int]:
    """Units a second and how many, of a movie header of either version; all ones mean unknown."""
    if told[0] == 1:
        scale, units = struct.unpack_from(">IQ", told, long)
        return scale, 0 if units == 2**64 - 1 else units
    scale, units = struct.unpack_from(">II", told, short)
    return scale, 0 if units == 2**32 - 1 else units


def _shown_size(told: bytes) -> tuple[int, int]:
    """Whole pixels, with width and height changed over where the matrix turns the picture by a quarter."""
    at = 88 if told[0] == 1 else 76
    a, b, _, c, d = struct.unpack_from(">iiiii", told, at - 36)
    width, height = (number >> 16 for number in struct.unpack_from(">II", told, at))
    return (height, width) if not a and not d and b and c else (width, height)


def _picture_track(tracks: list[Track]) -> Track:
    shown = [track for track in tracks if track.handler == b"vide" and track.width and track.height]
    if not shown:
        raise BadVideo(NO_PICTURES)
    if any(track.entry == b"encv" for track in shown):
        raise BadVideo(LOCKED)
    return max(shown, key=lambda track: track.width * track.height)


def _edits(renamed: list[int], blanks: list[tuple[int, int]]) -> tuple[Edit, ...]:
    """In order and apart: what lies within a blanked range needs no name of its own."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(blanks):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    begins = [begin for begin, _ in merged]
    named = [at for at in renamed if not (here := bisect_right(begins, at)) or at >= merged[here - 1][1]]
    return tuple(sorted([*((b, e, b"") for b, e in merged), *((at, at + 4, b"free") for at in named)]))


def cleaned(video: Video, offset: int, piece: bytes) -> bytes:
    """The piece of the file that begins at `offset`, with what is to be blanked in it blanked."""
    end, edits = offset + len(piece), video.edits
    touched = bytearray(piece)
    for begin, stop, letters in edits[max(bisect_right(edits, (offset,)) - 1, 0) :]:
        if begin >= end:
            break
        left, right = max(begin, offset), min(stop, end)
        if left < right:
            touched[left - offset : right - offset] = letters[left - begin : right - begin] or bytes(right - left)
    return bytes(touched)
