"""A model directory: `model.npz` (numbers only, no pickle) and `card.json` (where they come from, how good they are).

Loading trusts nothing: sizes are checked before anything is unpacked, then types, shapes and every number. The version
of a model is the hash of `model.npz`; the card names it, so that a card beside another model is noticed.
"""

import hashlib
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classify.encoder import SIZE
from services.classify.learner.features import FeatureSpec
from services.classify.learner.heads import Head
from services.classify.learner.kernel import LANDMARKS, Kernel
from services.classify.learner.model import Model
from services.classify.learner.second import SecondStage
from services.classify.learner.vocabulary import Vocabulary

WEIGHTS, CARD = "model.npz", "card.json"
FORMAT = 1
MOST_BYTES = 1 << 28
"""Of a model in memory, and of its file."""
_MEMBERS = {"about.npy", "gaps.npy", "idf.npy", "weights.npy", "tops.npy", "intercepts.npy"}
_KERNEL = {"centre": "f4", "scale": "f4", "landmarks": "f2", "weights": "f4", "intercepts": "f4"}
"""Arrays of the second stage, with their types."""
_SECOND = {f"second_{name}.npy" for name in _KERNEL}
_STEPS = 127


class ModelBroken(ValueError):
    """A model directory that cannot be used, with the reason."""


def save(model: Model, folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    """Write both files, the model first; answers the card as written, with its version."""
    folder.mkdir(parents=True, exist_ok=True)
    packed, tops = _packed(model.weights)
    second = model.second
    told = {"spec": model.spec.as_dict(), "heads": [head.as_dict() for head in model.heads]}
    about = json.dumps(told | ({"second": second.about()} if second else {}))
    arrays: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(about.encode(), np.uint8),
        "gaps": np.diff(model.vocabulary.slots, prepend=np.uint32(0)),
        "idf": model.vocabulary.idf.astype(np.float16),
        "weights": packed,
        "tops": tops,
        "intercepts": model.intercepts,
    }
    if second:
        arrays |= {f"second_{name}": getattr(second.kernel, name).astype(kind) for name, kind in _KERNEL.items()}
    path = folder / WEIGHTS
    with _replacing(path) as fresh:
        np.savez_compressed(fresh, **arrays)  # type: ignore[arg-type]  # its stubs take `allow_pickle` for an array
    written = {"format": FORMAT, "version": version_of(path), **card}
    with _replacing(folder / CARD) as fresh:
        fresh.write(json.dumps(written, ensure_ascii=False, indent=1).encode() + b"\n")
    return written


def load(folder: Path) -> Model:
    """The model of a directory, or `ModelBroken`."""
    path = folder / WEIGHTS
    try:
        _check_size(path)
        with np.load(path, allow_pickle=False) as arrays:
            model = _model({name: arrays[name] for name in arrays.files}, version_of(path))
    except ModelBroken:
        raise
    except FileNotFoundError as error:
        raise ModelBroken(f"{path}: không có tệp (no such file)") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelBroken(f"{path}: tệp hỏng (broken): {error}") from error
    stated = card_of(folder).get("version")
    if stated != model.version:
        raise ModelBroken(f"{folder / CARD}: thẻ của mô hình khác (of another model): {stated} ≠ {model.version}")
    return model


def card_of(folder: Path) -> dict[str, Any]:
    """The card of a model directory."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelBroken(f"{path}: không đọc được thẻ (unreadable card): {error}") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelBroken(f"{path}: không phải thẻ định dạng {FORMAT} (not a card of format {FORMAT})")
    return card


def version_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class _replacing:
    """A file that takes the place of another only once it is whole."""

    def __init__(self, path: Path) -> None:
        self.path, self.fresh = path, path.with_name(path.name + ".new")

    def __enter__(self) -> Any:
        self.file = self.fresh.open("wb")
        return self.file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.file.close()
        if kind is None:
            os.replace(self.fresh, self.path)
        else:
            self.fresh.unlink()


def _packed(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A byte a weight, on a scale of squares: small weights keep their differences."""
    tops = np.maximum(np.abs(weights).max(axis=0, initial=0), 1e-12).astype(np.float32)
    steps = np.sqrt(np.abs(weights) / tops) * _STEPS
    return (np.sign(weights) * np.rint(steps)).astype(np.int8), tops


def _unpacked(packed: NDArray[np.int8], tops: NDArray[np.float32]) -> NDArray[np.float32]:
    steps = packed.astype(np.float32) / _STEPS
    return np.ascontiguousarray(steps * np.abs(steps) * tops)


def _check_size(path: Path) -> None:
    if path.stat().st_size > MOST_BYTES:
        raise ModelBroken(f"{path}: quá lớn (too large)")
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
        names = {one.filename for one in members}
        if names not in (_MEMBERS, _MEMBERS | _SECOND) or len(members) != len(names):
            raise ModelBroken(f"{path}: không phải mô hình của lantoa (not one of our models)")
        if sum(one.file_size for one in members) > MOST_BYTES:
            raise ModelBroken(f"{path}: quá lớn khi mở ra (too large once unpacked)")


def _model(arrays: dict[str, NDArray[Any]], version: str) -> Model:
    kinds = {"about": "u1", "gaps": "u4", "idf": "f2", "weights": "i1", "tops": "f4", "intercepts": "f4"}
    for name, kind in kinds.items():
        if arrays[name].dtype != np.dtype(kind):
            raise ModelBroken(f"mảng {name}: kiểu {arrays[name].dtype} (array of a wrong type)")
    about = json.loads(arrays["about"].tobytes())
    spec, heads = FeatureSpec.of(about["spec"]), tuple(Head.of(head) for head in about["heads"])
    rows, columns = len(arrays["gaps"]), sum(len(head.labels) for head in heads)
    shapes = {"gaps": (rows,), "idf": (rows,), "weights": (rows, columns), "tops": (columns,), "intercepts": (columns,)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ModelBroken(f"mảng {name}: cần {shape} số hữu hạn (an array of a wrong shape, or not finite)")
    slots = np.cumsum(arrays["gaps"], dtype=np.uint64)
    if rows and (slots[-1] >> np.uint64(32) or (arrays["gaps"][1:] == 0).any()):
        raise ModelBroken("từ vựng không tăng dần (the vocabulary does not ascend)")
    vocabulary = Vocabulary(slots.astype(np.uint32), arrays["idf"].astype(np.float32))
    if rows and vocabulary.blocks.max() >= len(spec.blocks):
        raise ModelBroken("từ vựng có khối lạ (the vocabulary has keys of an unknown block)")
    weights, second = _unpacked(arrays["weights"], arrays["tops"]), _second(arrays, about, heads)
    return Model(spec, vocabulary, heads, weights, arrays["intercepts"], version, second)


def _second(arrays: dict[str, NDArray[Any]], about: dict[str, Any], heads: tuple[Head, ...]) -> SecondStage | None:
    if "second" not in about:
        return None
    count, landmarks = len(heads[0].labels), min(len(arrays["second_landmarks"]), LANDMARKS)
    shapes = {"centre": (SIZE,), "scale": (SIZE,), "landmarks": (landmarks, SIZE)}
    shapes |= {"weights": (landmarks, count), "intercepts": (count,)}
    parts = {}
    for name, kind in _KERNEL.items():
        array = arrays[f"second_{name}"]
        if array.dtype != np.dtype(kind) or array.shape != shapes[name] or not np.isfinite(array).all():
            raise ModelBroken(f"mảng second_{name}: cần {shapes[name]} số hữu hạn (a wrong shape, or not finite)")
        parts[name] = array.astype(np.float32)
    told = about["second"]
    own, share, below = (float(told[name]) for name in ("own", "share", "below"))
    offsets = tuple(map(float, told["offsets"]))
    is_whole = np.isfinite([own, share, below, *offsets]).all() and (parts["scale"] > 0).all()
    if len(offsets) != count or not is_whole:
        raise ModelBroken("tầng thứ hai hỏng (the second stage is broken)")
    return SecondStage(Kernel(**parts), own, share, below, offsets)
