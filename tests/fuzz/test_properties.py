"""The invariants of `targets`, over documents that hypothesis mutates; and over everything that once broke them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS, TOKENS
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parent / "found"
QUICK = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with some of it cut out, doubled or replaced, and tokens of the formats thrown in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        put = draw(st.sampled_from(TOKENS) | st.binary(max_size=8) | st.text(max_size=4).map(_as_bytes))
        times = draw(st.sampled_from([1, 1, 1, 2, 50]))
        data = data[:start] + put * times + data[end:]
    return data


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def test_every_target_has_seeds() -> None:
    assert set(SEEDS) == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_in_only_what_is_declared_comes_out(name: str) -> None:
    @QUICK
    @given(mutated(SEEDS[name]))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    for seed in SEEDS[name]:
        TARGETS[name](seed)
    holds()


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.bin")), ids=lambda path: path.stem)
def test_what_once_broke_a_parser_no_longer_does(path: Path) -> None:
    """`found/<target>-<what>.bin`, as the fuzzer left it."""
    TARGETS[path.stem.partition("-")[0]](path.read_bytes())
