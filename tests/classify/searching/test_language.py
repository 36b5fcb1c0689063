"""The language of questions: a table of readings, and properties that hold for whatever is typed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.ids import floor_id, id_time
from libs.common.local.paths import checkout
from libs.common.models.enums import Field, Tone
from libs.common.text import unmark
from services.classify.searching.language import (
    MAX_CHARS,
    MAX_TERMS,
    And,
    Bound,
    Filter,
    Name,
    Node,
    Not,
    Or,
    Term,
    Unreadable,
    leaves,
    parse,
)
from services.classify.searching.lexemes import forms, phrase, spellings, vector, written_words
from services.classify.searching.pairs import COMMON, pairs_of
from services.classify.searching.plans import plan
from services.classify.searching.rules import asks_for_a_person
from services.classify.searching.snippets import MAX_CHARS as SNIPPET_CHARS
from services.classify.searching.snippets import highlighter, snippet
from services.classify.searching.syllables import all_written, written_forms
from services.classify.searching.windows import ENOUGH, GROWTH, LEAST, MOST_DAYS, Seen, growth, next_window, times_of

calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that test are busy, and the stock of syllables is made at its first use."""


def bare(node: Node) -> object:
    """The tree as tuples, without positions."""
    match node:
        case Term(text):
            return text
        case Filter(name, value):
            return f"{name}:{value}"
        case Bound(day, is_before):
            return f"{'<' if is_before else '>='}{day}"
        case Not(inner):
            return ("not", bare(inner))
        case And(nodes):
            return ("and", *map(bare, nodes))
        case Or(nodes):
            return ("or", *map(bare, nodes))


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("cầu giấy", ("and", "cầu", "giấy")),
        ("a AND b OR c", ("or", ("and", "a", "b"), "c")),
        ("a (b OR c) d", ("and", "a", ("or", "b", "c"), "d")),
        ("a -b -“c d”", ("and", "a", ("not", "b"), ("not", "c d"))),
        ("-(a OR b)", ("not", ("or", "a", "b"))),
        ("a VÀ b HOẶC KHÔNG c", ("or", ("and", "a", "b"), ("not", "c"))),
        ("không và hoặc", ("and", "không", "và", "hoặc")),
        ("KHÔNG KHÍ", ("and", "KHÔNG", "KHÍ")),
        ("UBND OR HĐND", ("or", "UBND", "HĐND")),
        ("covid-19 - 14:30", ("and", "covid-19", "14:30")),
        ('field:"Giao thông" kind:news', ("and", "field:giao_thong", "kind:news")),
        ("lĩnhvực:y_te sắcthái:problem", ("and", "field:y_te", "tone:problem")),
        ('place:"Ba Đình" nguồn:"Báo A"', ("and", "place:Ba Đình", "source:Báo A")),
        ("after:2026-11-01 trước:24/11/2026", ("and", ">=2026-11-01", "<2026-11-24")),
        ("giờ:phút https://a.vn/x", ("and", "giờ:phút", "https://a.vn/x")),
        ("a & b | !", ("and", "a", "b")),
    ],
)
def test_questions_are_read_as_they_are_meant(asked: str, read: object) -> None:
    assert bare(parse(asked)) == read


leaf = st.one_of(
    st.text("abcđêòáộx19", min_size=1, max_size=8).map(lambda t: Term(t, 0)),
    st.sampled_from(Field).map(lambda f: Filter(Name.FIELD, f.value, 0)),
    st.sampled_from(Tone).map(lambda t: Filter(Name.TONE, t.value, 0)),
    st.builds(Bound, st.dates(), st.booleans(), st.just(0)),
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: And(tuple(nodes))),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: Or(tuple(nodes))),
    ),
    max_leaves=8,
)


def written(node: Node) -> str:
    match node:
        case Term(text):
            return f'"{text}"'
        case Filter(name, value):
            return f"{name.value}:{value}"
        case Bound(day, is_before):
            return f"{'before' if is_before else 'after'}:{day.isoformat()}"
        case Not(inner):
            return f"NOT ({written(inner)})"
        case And(nodes):
            return "(" + " AND ".join(map(written, nodes)) + ")"
        case Or(nodes):
            return "(" + " OR ".join(map(written, nodes)) + ")"


@calmly
@given(tree=trees)
def test_a_tree_that_is_written_down_is_read_back(tree: Node) -> None:
    try:
        assert bare(parse(written(tree))) == bare(tree)
    except Unreadable as error:
        assert "Lồng nhau" in error.why or "dài quá" in error.why  # noqa: PT017  (both limits may be met)


PIECES = st.sampled_from(
    ["(", ")", '"', "-", " OR ", " AND ", " NOT ", "field:", "x", " ", "y_te", "after:", "“", "KHÔNG "]
)


@calmly
@given(asked=st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_whatever_is_typed_is_read_or_refused_with_a_position_in_it(asked: str) -> None:
    position, found = read(asked)
    assert 1 <= position <= len(asked) + 1
    assert len(found) <= MAX_TERMS


def read(asked: str) -> tuple[int, list[Node]]:
    try:
        return 1, list(leaves(parse(asked)))
    except Unreadable as error:
        return error.position, []


@settings(calmly, max_examples=20)
@given(asked=st.text(min_size=MAX_CHARS + 200, max_size=3000))
def test_long_questions_are_refused_at_once(asked: str) -> None:
    with pytest.raises(Unreadable):
        parse(asked.replace("\u0300", "a") + "x" * MAX_CHARS)


@calmly
@given(tree=trees)
def test_what_the_index_is_asked_is_never_narrower_than_the_question(tree: Node) -> None:
    """Only the days of a question are read in the rows; all else the index knows."""
    made = plan(tree, {})
    assert made.candidates is None or made.candidates.strip("()!' ")
    has_days = any(isinstance(one, Bound) for one in leaves(tree))
    assert (made.condition is not None) == (has_days or made.candidates is None)


# --- words --------------------------------------------------------------------------------------------------


@calmly
@given(title=st.text(max_size=80), body=st.text(max_size=400))
def test_every_word_is_in_the_vector_once_for_each_place(title: str, body: str) -> None:
    told = [entry.rsplit(":", 1) for entry in vector(title, body).split() if ":" in entry]
    assert [word for word, _ in told] == written_words(title) + written_words(body)
    assert len({place.rstrip("A") for _, place in told}) == len(told)
    assert all(word and not set(word) & set("':\\ ") for word, _ in told)


MARKED = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạếợữịoòóc ", max_size=30)


@calmly
@given(text=MARKED)
def test_a_word_is_found_by_itself_and_by_its_unmarked_form(text: str) -> None:
    """Whatever it is: a syllable, or something that no list of syllables has."""
    for word in written_words(text):
        indexed = {entry.partition(":")[0] for entry in vector("", word).split()}
        assert indexed & set(forms(word))
        assert indexed & set(forms(unmark(word)))


def test_common_words_are_syllables_of_the_language_each_once() -> None:
    assert len(COMMON) == len(set(COMMON)) == 300
    assert set(COMMON) <= {unmark(word) for word in all_written()}


def test_only_pairs_of_common_words_are_kept_without_their_marks() -> None:
    told = pairs_of(written_words("Người dân Hà Nội, người dân Nghi Tàm; nguoi dan"))
    assert told == ["nguoi dan", "dan ha", "ha noi", "noi nguoi", "dan nghi", "nghi tam", "tam nguoi"]
    assert pairs_of(["xoong", "dân", "chảo"]) == []
    assert pairs_of(["dân"]) == pairs_of([]) == []


def test_a_title_and_its_text_make_no_pair_together() -> None:
    indexed = vector("Người", "dân Hà Nội")
    assert "'ha noi'" in indexed
    assert "'nguoi dan'" not in indexed


COMMON_WORDS = st.lists(
    st.sampled_from(COMMON).flatmap(lambda plain: st.sampled_from([plain, *written_forms(plain)])), max_size=8
)


@calmly
@given(before=COMMON_WORDS, told=COMMON_WORDS, after=COMMON_WORDS, data=st.data())
def test_a_phrase_asks_for_no_pair_that_a_text_with_it_lacks(
    before: list[str], told: list[str], after: list[str], data: st.DataObject
) -> None:
    """Whichever marks were left out, on either side."""
    asked = [data.draw(st.sampled_from([word, unmark(word)])) for word in told]
    assert set(pairs_of(asked)) <= set(pairs_of([*before, *told, *after]))
    if len(asked) > 1:
        assert all(f"'{pair}'" in phrase(asked) for pair in pairs_of(asked))


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("hoa", "hoa hòa hóa hỏa họa"), ("duong", "đường dương đương dưỡng"), ("nghieng", "nghiêng"),
        ("quy", "quý quỹ"),
        ("khuyen", "khuyến khuyên"), ("giuong", "giường"), ("xoong", "xoong"), ("gi", "gì"), ("y", "ý"),
        ("uong", "uống"),
        ("truong", "trường trưởng"), ("thuy", "thủy thúy"), ("gin", "gìn"), ("que", "quê quế"), ("loang", "loãng"),
    ],
)  # fmt: skip
def test_an_unmarked_word_stands_for_what_it_may_be(plain: str, written: str) -> None:
    assert set(written.split()) <= set(forms(plain))
    assert len(forms(plain)) <= 60


def test_the_stock_has_the_syllables_of_real_texts() -> None:
    """Of the training texts, all but names of elsewhere."""
    folder = checkout() / "services" / "classify" / "training"
    texts = " ".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file())
    found = [word for word in written_words(texts) if not word.isascii()]
    strange = [word for word in found if word not in all_written()]
    assert len(found) > 10_000
    assert len(strange) / len(found) < 0.005, Counter(strange).most_common(30)


@pytest.mark.parametrize(
    ("one", "other"), [("hòa", "hoà"), ("thuý", "thúy"), ("quý", "qúy"), ("toán", "tóan"), ("khoẻ", "khỏe")]
)
def test_a_word_is_spelled_in_both_places_of_its_tone(one: str, other: str) -> None:
    assert {one, other} <= spellings(one)
    assert {one, other} <= spellings(other)
    assert "hóa" not in spellings("hòa")


# --- what may be kept ---------------------------------------------------------------------------------------


@pytest.mark.mission("M37")
@pytest.mark.parametrize(
    "asked",
    [
        "0912345678", "gọi 0912 345 678", '"0912" "345" "678"', "(0912 AND 345) 678", "+84 912 345 678",
        "nguyen@vi.du.vn",
        "@nguyenvana", "tố cáo @ai-do", "cccd 001099012345", "001099012345", "facebook.com/nguyen.van.a",
        "https://www.tiktok.com/@abc", "fb.com/abc", "０９１２３４５６７８", "stk 19035678901234", "zalo.me/0912345678",
    ],
)  # fmt: skip
def test_a_question_about_a_person_cannot_be_kept(asked: str) -> None:
    assert asks_for_a_person(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "cầu giấy ngập after:2026-11-01 before:2026-11-24", "giá vàng 1.500.000 đồng", "hotline 1022", "quốc lộ 1A",
        "source:01a20bec-d480-7000-8656-f111b3f479e6 cháy", "Nghị định 168/2024/NĐ-CP", "covid-19 2026",
        "tuyến 3.1 (metro)",
    ],
)  # fmt: skip
def test_a_question_about_things_can_be_kept(asked: str) -> None:
    assert not asks_for_a_person(asked)


# --- snippets and windows -----------------------------------------------------------------------------------


@calmly
@given(
    text=st.text(max_size=900) | st.lists(st.sampled_from(["xe", "<b>", "&", "máy", '"']), max_size=300).map(" ".join)
)
def test_a_snippet_is_short_and_has_no_sign_of_html_but_its_marks(text: str) -> None:
    shown = snippet(text, highlighter(parse("xe OR máy")))
    assert len(shown) <= SNIPPET_CHARS
    plain = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in plain
    assert ">" not in plain
    assert shown.count("<mark>") == shown.count("</mark>")


@calmly
@given(
    rows=st.floats(1, 1e7), hits=st.integers(0, 50), wanted=st.integers(51, 101), hours=st.floats(1e-4, 1e4),
    ago=st.floats(0, 1e5), most=st.floats(0, 1e7),
)  # fmt: skip
def test_windows_grow_within_bounds_and_reach_the_beginning(
    rows: float, hits: int, wanted: int, hours: float, ago: float, most: float
) -> None:
    seen, now = Seen(rows, timedelta(hours=hours), hits), datetime(2026, 11, 24, tzinfo=UTC)
    assert (LEAST if hits >= ENOUGH else GROWTH[0]) <= growth(seen, wanted) <= GROWTH[1]
    assert min(LEAST, GROWTH[0]) <= growth(seen, wanted, most) <= max(growth(seen, wanted), LEAST)
    assert growth(seen, wanted, most) * rows <= max(most, LEAST * rows) * (1 + 1e-9), "no more than there is time for"
    high, oldest = floor_id(now), floor_id(now - timedelta(hours=ago))
    for _ in range(200):
        if high <= oldest:
            break
        low, more = next_window(high, seen, wanted, oldest)
        assert oldest <= low < high
        assert more > 0
        _is_told_whole(low, high, ago)
        seen, high = seen.with_more(more, 0), low
    assert high <= oldest


def _is_told_whole(low: UUID, high: UUID, share: float) -> None:
    """Whatever came in within the window is in one of the hours or days that the index is told; none is named for
    nothing but the first and the last."""
    told = times_of(low, high)
    began, ends = id_time(low), id_time(high) - timedelta(milliseconds=1)
    for at in (began, ends, began + (ends - began) * (share % 1)):
        hours = int(at.timestamp()) // 3600
        assert not told or {f"h={hours}", f"d={hours // 24}"} & set(told)
    assert len(told) <= MOST_DAYS + 1
    assert told or ends - began > timedelta(days=MOST_DAYS - 1)


def test_a_window_of_some_length_begins_with_an_hour_or_a_day() -> None:
    """So that the words of the index tell it from what is next to it."""
    high = floor_id(datetime(2026, 11, 24, 12, 34, tzinfo=UTC))
    oldest = floor_id(datetime(2026, 1, 1, tzinfo=UTC))
    begins = {
        timedelta(minutes=3): datetime(2026, 11, 24, 12, 22, tzinfo=UTC),
        timedelta(hours=1): datetime(2026, 11, 24, 8, tzinfo=UTC),
        timedelta(hours=20): datetime(2026, 11, 21, tzinfo=UTC),
    }
    for span, began in begins.items():
        low, _ = next_window(high, Seen(300, span, 7), 8, oldest)
        assert id_time(low) == began
    assert times_of(floor_id(begins[timedelta(hours=1)]), floor_id(datetime(2026, 11, 24, 9, tzinfo=UTC))) == [
        "h=498752"
    ]
