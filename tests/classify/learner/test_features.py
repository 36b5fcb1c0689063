"""Keys by numpy over a batch are the keys spelled one by one; writing habits that mean nothing change none."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classify.learner.features import Bags, Block, FeatureSpec, View, extract
from services.classify.learner.ngrams import spell
from services.classify.learner.vocabulary import Vocabulary, taken

EVERY = (Block("word", 1, 3), Block("plain", 1, 2), Block("skip"), Block("char", 1, 5), Block("word", 1, 2, first=3))
VIETNAMESE = "aăâđeêoôơuưyàảãáạặằẩấềểễếệòỏõóọộớợứựỳýAĐƠỨ 0123,.!?:)\n\t"
STRANGE = "😀❤️\u200b\x1e中ßİﬂ\u0301\u0323\ud800_…"
TEXTS = st.lists(st.text(st.sampled_from(VIETNAMESE + STRANGE), max_size=40) | st.text(max_size=20), max_size=5)


def counted(bags: Bags, row: int) -> dict[int, int]:
    kept = slice(bags.starts[row], bags.starts[row + 1])
    return dict(zip(bags.keys[kept].tolist(), bags.counts[kept].tolist(), strict=True))


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, symbols=st.booleans())
def test_keys_of_a_batch_are_the_keys_spelled(texts: list[str], symbols: bool) -> None:
    spec = FeatureSpec(EVERY, symbols=symbols)
    bags = extract(texts, spec)
    assert len(bags) == len(texts)
    for row, text in enumerate(texts):
        assert counted(bags, row) == dict(Counter(key for _, key in spell(text, spec)))


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from(VIETNAMESE), max_size=60))
def test_nfd_equals_nfc(text: str) -> None:
    spec = FeatureSpec(EVERY, symbols=True)
    nfc, nfd = (counted(extract([unicodedata.normalize(form, text)], spec), 0) for form in ("NFC", "NFD"))
    assert nfc == nfd


@pytest.mark.parametrize(
    ("one", "other", "view", "equal"),
    [
        ("Hoà bình, thuý", "hòa bình thúy", "word", True),
        ("má", "mà", "word", False),
        ("Đẹpppp quáaa!!!", "dep qua!", "plain", True),
        ("năm 2000", "năm 200", "plain", False),
        ("ba bốn", "bốn ba", "word", True),
    ],
)
def test_what_is_the_same_word(one: str, other: str, view: View, equal: bool) -> None:
    spec = FeatureSpec((Block(view),), symbols=view == "plain")
    assert (counted(extract([one], spec), 0) == counted(extract([other], spec), 0)) is equal


def test_no_ngram_reaches_into_the_next_text() -> None:
    spec = FeatureSpec(EVERY, symbols=True)
    texts = ["một", "", "hai ba", "!", "bốn"] * 40
    bags = extract(texts, spec)
    for row, text in enumerate(texts[:5]):
        assert counted(bags, row) == counted(extract([text], spec), 0)


def test_long_texts_are_cut_and_batches_joined() -> None:
    spec = FeatureSpec((Block("word"),), limit=1000)
    long = "từ " * 50_000
    bags = extract(["một", long, "hai"] * 3, spec)
    assert [int(bags.counts[bags.starts[row] : bags.starts[row + 1]].sum()) for row in range(9)] == [1, 334, 1] * 3
    assert counted(taken(bags, [8, 0]), 0) == counted(bags, 8)


def test_a_vocabulary_finds_its_keys_and_no_others() -> None:
    spec = FeatureSpec((Block("word", 1, 2), Block("char", 2, 4)))
    bags = extract([f"chữ số {number} và {number * 7}" for number in range(400)], spec)
    vocabulary = Vocabulary.over(bags, min_df=2)
    rows = vocabulary.find(bags.keys)
    known = set(rows[rows >= 0].tolist())
    assert known == set(range(len(vocabulary)))
    assert (vocabulary.find(extract(["hoàn toàn lạ"], FeatureSpec((Block("word", 1, 2),))).keys) == -1).all()


@pytest.mark.parametrize("blocks", [(), (Block("word", 2, 1),), (Block("char", 1, 9),), (Block("word"),) * 9])
def test_a_spec_that_makes_no_sense_is_refused(blocks: tuple[Block, ...]) -> None:
    with pytest.raises(ValueError, match=r"blocks|order"):
        FeatureSpec(blocks)
