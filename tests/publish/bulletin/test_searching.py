"""Search on the bulletin: with and without marks, and only what stands there."""

import httpx
import pytest

from libs.common import models as m
from libs.common.lexemes import asked_of, lexemes_of
from tests.publish.bulletin.structure import faults, tree
from tests.publish.newsroom import Newsroom


async def found(newsroom: Newsroom, question: str, path: str = "/tim") -> list[str]:
    got = await newsroom.client.get(path, params={"q": question})
    assert got.status_code == 200
    assert faults(tree(got.text), "en" if "/en" in path else "vi") == []
    return [heading.text_content().strip() for heading in tree(got.text).iter("h3")]


@pytest.mark.mission("M36")
async def test_a_page_is_found_with_marks_and_without(newsroom: Newsroom) -> None:
    await newsroom.published(title="Hoãn thu phí đỗ xe ở phường Hòa Xuân", body="Người dân chưa phải nộp.")
    await newsroom.published(title="Hoa xuân trên phố", body="Chợ hoa mở cửa.")
    both = ["Hoa xuân trên phố", "Hoãn thu phí đỗ xe ở phường Hòa Xuân"]
    assert sorted(await found(newsroom, "hoa xuan")) == both
    assert await found(newsroom, "Hoà Xuân") == both[1:], "the other placing of the tone is the same word"
    assert await found(newsroom, "hoa xuân") == both, "only the second word has marks to go by"
    assert await found(newsroom, "hoãn THU phi") == both[1:]
    assert await found(newsroom, "hoãn thu", "/en/tim") == both[1:]
    assert await found(newsroom, "nguoi dan") == both[1:], "what the text says, too"
    assert await found(newsroom, "metro") == []


@pytest.mark.mission("M30")
async def test_what_is_withdrawn_is_found_no_more(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    assert await found(newsroom, "lộ trình") == [done["title"]]
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai ngày, sẽ đăng lại sau")
    await newsroom.take_down()
    assert await found(newsroom, "lộ trình") == []
    async with newsroom.db.transaction() as session:
        assert await session.get(m.BulletinText, done["id"]) is None


async def test_a_draft_is_not_found(newsroom: Newsroom) -> None:
    await newsroom.approved()
    assert await found(newsroom, "lộ trình") == []


@pytest.mark.parametrize(
    "question", ["", "   ", "!!! ???", "' & | <-> \\", "\x00", "x" * 5000, "a " * 3000, "=", "=xe"]
)
async def test_no_question_breaks_it(newsroom: Newsroom, question: str) -> None:
    got: httpx.Response = await newsroom.client.get("/tim", params={"q": question})
    assert got.status_code == 200
    assert faults(tree(got.text), "vi") == []


async def test_what_was_typed_stands_on_the_page_as_text(newsroom: Newsroom) -> None:
    got = await newsroom.client.get("/tim", params={"q": '"><script>alert(1)</script>'})
    page = tree(got.text)
    assert page.findall(".//script") == []
    assert page.get_element_by_id("tim").get("value") == '"><script>alert(1)</script>'
    assert got.headers["cache-control"] == "no-store"


async def test_printing_everything_again_makes_all_of_it_findable(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    async with newsroom.db.transaction() as session:
        row = await session.get(m.BulletinText, done["id"])
        assert row is not None
        await session.delete(row)
    assert await found(newsroom, "lộ trình") == []
    await newsroom.resources.press.print_all()
    assert await found(newsroom, "lộ trình") == [done["title"]]


def test_words_without_marks_are_looked_for_without_and_others_as_they_are() -> None:
    assert asked_of("Hoà xuan 32") == ["=hòa", "xuan", "32"]
    assert set(asked_of("hòa xuan")) <= set(lexemes_of("Phường HOÀ Xuân"))
    assert "=hòa" not in lexemes_of("hoa")
