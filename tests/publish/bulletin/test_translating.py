"""An English text that stands for a Vietnamese one: told by one person, confirmed by another, shown in both pages."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.chrome import EN, VI
from tests.publish.bulletin.structure import tree
from tests.publish.newsroom import API, Newsroom


@pytest.fixture
async def both(newsroom: Newsroom) -> tuple[dict[str, Any], dict[str, Any]]:
    """An English text and a Vietnamese one, both on the bulletin."""
    original = await newsroom.published()
    made = await newsroom.published(language="en", title="Bus 32 changes its route", body="From 1 December.")
    return made, original


def path(made: dict[str, Any], rest: str = "") -> str:
    return f"{API}/publications/{made['id']}/translation{rest}"


async def propose(newsroom: Newsroom, made: dict[str, Any], original: dict[str, Any]) -> int:
    body = {"translates_id": original["id"]}
    return (await newsroom.client.put(path(made), json=body, headers=newsroom.editor)).status_code


async def shown(newsroom: Newsroom, where: str) -> str:
    got = await newsroom.client.get(where)
    return " ".join(tree(got.text).text_content().split())


@pytest.mark.mission("M36")
async def test_each_page_speaks_of_the_other_once_a_second_person_confirmed(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    made, original = both
    assert await propose(newsroom, made, original) == 200
    assert VI["in_other"] not in await shown(newsroom, f"/tin/{original['slug']}")
    done = await newsroom.client.post(path(made, "/confirm"), headers=newsroom.speaker)
    assert done.status_code == 204, done.text
    assert f"{VI['in_other']} {made['title']}" in await shown(newsroom, f"/tin/{original['slug']}")
    assert f"{EN['in_other']} {original['title']}" in await shown(newsroom, f"/en/tin/{made['slug']}")
    assert made["title"] in await shown(newsroom, "/en")
    assert original["title"] not in await shown(newsroom, "/en")
    assert made["title"] not in await shown(newsroom, "/")
    again = await newsroom.client.post(path(made, "/confirm"), headers=newsroom.speaker)
    assert again.status_code == 204


@pytest.mark.mission("M30")
async def test_a_withdrawn_english_text_is_spoken_of_no_more(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    made, original = both
    await propose(newsroom, made, original)
    await newsroom.client.post(path(made, "/confirm"), headers=newsroom.speaker)
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Bản dịch có chỗ sai nghĩa")
    await newsroom.take_down()
    assert made["title"] not in await shown(newsroom, f"/tin/{original['slug']}")
    assert original["title"] in await shown(newsroom, "/en")


async def test_taken_back_it_is_gone_from_both_pages(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    made, original = both
    await propose(newsroom, made, original)
    await newsroom.client.post(path(made, "/confirm"), headers=newsroom.speaker)
    assert (await newsroom.client.delete(path(made), headers=newsroom.editor)).status_code == 204
    assert made["title"] not in await shown(newsroom, f"/tin/{original['slug']}")
    assert original["title"] not in await shown(newsroom, f"/en/tin/{made['slug']}")
    gone = await newsroom.client.delete(path(made), headers=newsroom.editor)
    assert (gone.status_code, gone.json()["title_en"]) == (404, "The item is no translation")


async def test_who_may_and_what_may_not_be_joined(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]], make: Make, signed_in: Any
) -> None:
    made, original = both
    assert await propose(newsroom, original, made) == 409, "the wrong way round"
    assert await propose(newsroom, made, made) == 409
    ward = (await make.unit()).id
    outsider = await signed_in(Role.EDITOR, unit_id=ward)
    body = {"translates_id": original["id"]}
    assert (await newsroom.client.put(path(made), json=body, headers=outsider)).status_code == 403
    assert (await newsroom.client.put(path(made), json=body, headers=newsroom.speaker)).status_code == 403
    assert await propose(newsroom, made, original) == 200
    assert await propose(newsroom, made, original) == 409, "once"
    stranger = await signed_in(Role.SPOKESPERSON, unit_id=ward)
    assert (await newsroom.client.post(path(made, "/confirm"), headers=stranger)).status_code == 403
    assert (await newsroom.client.post(path(made, "/confirm"), headers=newsroom.editor)).status_code == 403


async def test_whoever_proposed_it_cannot_confirm_it(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]], signed_in: Any
) -> None:
    made, original = both
    alone = await signed_in(Role.EDITOR, Role.SPOKESPERSON)
    body = {"translates_id": original["id"]}
    assert (await newsroom.client.put(path(made), json=body, headers=alone)).status_code == 200
    own = await newsroom.client.post(path(made, "/confirm"), headers=alone)
    assert (own.status_code, own.json()["title_en"]) == (409, "Whoever proposed it can't confirm it")


INSERT = """INSERT INTO publication_translations
(publication_id, translates_id, proposed_by, proposed_at, confirmed_by, confirmed_at)
SELECT :made, :original, created_by, created_at, CAST(:confirmed AS uuid),
CASE WHEN CAST(:confirmed AS uuid) IS NULL THEN NULL ELSE created_at END FROM publications WHERE id = :made"""
CONFIRM = "UPDATE publication_translations SET confirmed_by = proposed_by, confirmed_at = proposed_at"
MOVE = "UPDATE publication_translations SET proposed_at = proposed_at + interval '1 day'"


async def test_the_database_holds_the_same_rules(
    newsroom: Newsroom, both: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Told in plain SQL, as the service's own role."""
    made, original = (UUID(each["id"]) for each in both)

    async def tell(statement: str, **values: Any) -> None:
        async with newsroom.worker_db.transaction() as session:
            await session.execute(text(statement), values)

    async def refused(why: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=why):
            await tell(statement, **values)

    await refused("stands for a Vietnamese one", INSERT, made=original, original=made, confirmed=None)
    await refused("proposed first", INSERT, made=made, original=original, confirmed=uuid4())
    await tell(INSERT, made=made, original=original, confirmed=None)
    await refused("two_people", CONFIRM)
    await refused("does not change", MOVE)
