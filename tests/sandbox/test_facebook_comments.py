"""Comments on the sandbox's Facebook: answered by the page, hidden and shown again, each by its own errors."""

import pytest

from tests.sandbox.city import City
from tests.sandbox.test_facebook import PAGE, Book


@pytest.fixture
async def book(city: City) -> Book:
    made = Book(city)
    await made.put()
    return made


async def comment_under(book: Book, post: str, words: str = "Bao giờ xong?") -> str:
    await book.city.control("POST", "facebook/engage", post=post, replies=[{"text": words, "author": "Bạn đọc"}])
    return str((await book.get(f"{post}/comments")).json()["data"][-1]["id"])


@pytest.fixture
async def post(book: Book) -> str:
    return str((await book.post(f"{PAGE}/feed", message="Tin mới")).json()["id"])


async def test_an_answer_to_an_answer_stands_under_the_first_comment(book: Book, post: str) -> None:
    first = await comment_under(book, post)
    answer = (await book.post(f"{first}/comments", message="Trong tuần này")).json()["id"]
    below = (await book.post(f"{answer}/comments", message="Sẽ báo thêm")).json()["id"]
    listed = (await book.get(f"{first}/comments", fields="id,message,parent")).json()["data"]
    assert [one["id"] for one in listed] == [answer, below]
    assert {one["parent"]["id"] for one in listed} == {first}
    assert (await book.get(below, fields="id,parent")).json() == {"id": below, "parent": {"id": first}}


async def test_a_readers_comment_is_hidden_and_shown_and_the_pages_own_is_not(book: Book, post: str) -> None:
    comment = await comment_under(book, post)
    for is_hidden in ("true", "true", "false"):
        assert (await book.post(comment, is_hidden=is_hidden)).json() == {"success": True}
        told = (await book.get(comment, fields="id,is_hidden")).json()
        assert told["is_hidden"] is (is_hidden == "true")
    own = (await book.post(f"{comment}/comments", message="Của trang")).json()["id"]
    refused = await book.post(own, is_hidden="true")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 200)


async def test_what_is_empty_too_long_or_under_nothing_is_refused(book: Book, post: str) -> None:
    comment = await comment_under(book, post)
    for values in ({}, {"message": ""}, {"message": "x" * 8001}, {"message": "x", "attachment_id": "1"}):
        assert (await book.post(f"{comment}/comments", **values)).json()["error"]["code"] == 100
    gone = await book.post("1_2/comments", message="x")
    assert (gone.json()["error"]["code"], gone.json()["error"]["error_subcode"]) == (100, 33)
