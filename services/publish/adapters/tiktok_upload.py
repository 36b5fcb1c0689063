"""A video in chunks: which bytes go when, and how far TikTok has come; nothing is posted before the last byte."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.publish.adapters.base import MediaStore

LEAST, MOST, MOST_LAST = 5_000_000, 64_000_000, 128_000_000
"""Bytes of a chunk, and of the last one, which takes the rest along."""
USUAL = 10_000_000
PIECE = 1 << 20
"""What is in memory at a time."""


@dataclass(frozen=True)
class Chunks:
    """`size` bytes in `count` chunks of `chunk`; the last one is longer by what is left over."""

    size: int
    chunk: int
    count: int

    @property
    def last(self) -> int:
        """Where the last chunk begins: it makes the post."""
        return (self.count - 1) * self.chunk

    def length(self, first: int) -> int:
        """Of the chunk that begins at `first`; 0 where none does."""
        if first == self.last:
            return self.size - first
        return self.chunk if 0 <= first < self.last and first % self.chunk == 0 else 0


def chunks(size: int) -> Chunks:
    """The documented arithmetic: the number is the floor of size over chunk, so that the last one is never small. They
    are short all the same: a cut within the last one costs the whole of it."""
    count = max(1, size // USUAL)
    return Chunks(size, USUAL if count > 1 else size, count)


async def pieces(media: MediaStore, sha256: str, first: int, count: int) -> AsyncIterator[bytes]:
    """`count` bytes of a file from `first`, a piece at a time."""
    left = count
    async for piece in media.stream(sha256, PIECE, first):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
