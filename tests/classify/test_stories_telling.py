"""The title and the summary of a story: words of its own contents, each with where it stands."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.classify.storytelling.telling import LONGEST, Member, heard, tell
from tests.classify.test_stories import COPIES, FLOODS

AT = datetime(2026, 11, 29, 2, tzinfo=UTC)


def member(number: int, title: str, body: str, source: int | None = None, public: bool = True) -> Member:
    at = AT + timedelta(minutes=number)
    return Member(UUID(int=number), UUID(int=1000 + (number if source is None else source)), public, title, body, at)


BRIDGE = [
    member(
        1, "Thông xe cầu Mễ Trì", "Sáng nay cầu vượt Mễ Trì chính thức thông xe sau hai năm thi công. Vốn 350 tỷ đồng."
    ),
    member(
        2,
        "Cầu vượt Mễ Trì thông xe",
        "Cầu vượt Mễ Trì dài 600 m thông xe sáng nay. Xe tải bị cấm giờ cao điểm trên cầu.",
    ),
    member(
        3,
        "Hết cảnh chôn chân ở nút giao phía tây",
        "Nút giao phía tây hết ùn tắc khi cầu vượt Mễ Trì thông xe sáng nay.",
    ),
    member(
        4,
        "Cầu vượt Mễ Trì đi vào hoạt động",
        "Người dân khu vực cho biết giờ đi làm đã bớt được hai mươi phút mỗi ngày.",
    ),
]


@pytest.mark.mission("M03")
def test_the_title_is_the_headline_that_says_what_most_say() -> None:
    assert tell(BRIDGE).title == "Cầu vượt Mễ Trì thông xe"


@pytest.mark.mission("M03")
def test_the_summary_quotes_different_sources_and_each_sentence_is_theirs() -> None:
    summary = tell(BRIDGE).summary
    by_id = {one.content_id: one for one in BRIDGE}
    assert 2 <= len(summary) <= 3
    assert all(one.text in by_id[one.content_id].text for one in summary)
    assert len({by_id[one.content_id].source_id for one in summary}) == len(summary)


def test_copies_of_one_sentence_are_not_told_twice() -> None:
    copies = [member(n, title, body) for n, (title, body) in enumerate(COPIES)]
    texts = [one.text for one in tell(copies).summary]
    assert len(texts) == len(set(texts))


def test_the_order_in_which_members_are_given_does_not_matter() -> None:
    shuffled = list(BRIDGE)
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        assert tell(shuffled) == tell(BRIDGE)


def test_a_forum_is_quoted_only_where_nobody_published() -> None:
    rumour = member(
        0, "CẦU SẬP!!!", "Cầu vượt Mễ Trì thông xe sáng nay mà nghe nói sập rồi mọi người ơi.", public=False
    )
    told = tell([rumour, *BRIDGE])
    assert told.title != rumour.title
    assert rumour.content_id not in {one.content_id for one in told.summary}
    assert tell([rumour]).title == rumour.title


def test_nothing_is_longer_than_what_may_be_quoted() -> None:
    long = "rất dài " * 200
    told = tell([member(1, long, f"{long}. {FLOODS[0][1]}"), member(2, "", long)])
    assert len(told.title) <= LONGEST
    assert all(len(one.text) <= LONGEST for one in told.summary)
    assert len(tell([member(1, "", long)]).title) <= LONGEST
    assert tell([member(1, "", "")]) == ("", [])


def test_a_story_is_told_anew_when_it_has_grown_by_a_third() -> None:
    told = [count for count in range(1, 60) if heard(count) == count]
    assert told == [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50]
    assert heard(0) == 0
    assert all(heard(count) <= count < heard(count) * 4 / 3 + 2 for count in range(1, 3000))
