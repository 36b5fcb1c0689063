"""Places put right by people hold and are kept; the names they give to places are used once another person agrees."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.units import load_gazetteer
from services.classify.main import SERVICE
from services.classify.models import queries as model_queries
from services.classify.models.retraining import Names, _on_places
from services.classify.naming import queries
from services.classify.naming.jobs import read_names
from services.classify.naming.rules import why_not
from tests.classify.conftest import Desk

API = "/api/classify/v1"
CAU_GIAY, HOAN_KIEM = "00166", "00070"
TITLE, TEXT = "Phố đi bộ đông khách", "Cuối tuần, quanh Bờ Hồ chật kín người; gọi 0912 345 678 để gửi xe. Chi tiết sau."


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


@pytest.fixture
async def content(desk: Desk) -> UUID:
    made = await desk.content(TITLE, TEXT)
    await desk.annotate([made])
    return made


async def annotation(desk: Desk, content: UUID) -> m.Annotation:
    [row] = await desk.rows(m.Annotation, m.Annotation.content_id == content)
    return row  # type: ignore[no-any-return]


async def correct(client: Any, who: Any, content: UUID, *places: str, **more: Any) -> Any:
    return await client.post(f"{API}/contents/{content}/places", json={"places": places, **more}, headers=who)


async def test_a_persons_places_hold_when_the_text_is_read_again_and_are_kept(
    desk: Desk, client: Any, signed_in: Any, content: UUID
) -> None:
    assert (await annotation(desk, content)).places == []
    who = await signed_in(Role.EDITOR)
    assert (await correct(client, who, content, HOAN_KIEM)).json() == {"places": [HOAN_KIEM], "alias_id": None}
    await desk.revise(content, TEXT + " Phường Cầu Giấy cũng vậy.")
    await desk.annotate([content])
    await desk.index([content])
    after = await annotation(desk, content)
    assert (after.places, after.model_versions["places"]) == ([HOAN_KIEM], "person")
    [indexed] = await desk.rows(m.SearchDocument)
    assert indexed.places == [HOAN_KIEM]
    await correct(client, who, content)
    kept = (await client.get(f"{API}/contents/{content}/corrections", headers=who)).json()
    assert [(one["head"], one["model_label"], one["label"]) for one in kept] == [
        ("places", HOAN_KIEM, "none"),
        ("places", "none", HOAN_KIEM),
    ]
    await desk.annotate([content])
    assert (await annotation(desk, content)).places == [], "that it is about no place is a person's word too"
    [first, _] = await desk.rows(m.LabelCorrection)
    assert "0912" not in first.text
    assert "Bờ Hồ" in first.text
    trail = await desk.rows(m.AuditEntry, m.AuditEntry.action == "places.corrected")
    assert [(row.facts["from"], row.facts["to"]) for row in trail] == [([], ["unit:00070"]), (["unit:00070"], [])]
    assert len(await desk.events("lantoa.content.classified.v1")) >= 4, "the index and the trends hear of it"


async def test_what_people_call_a_place_is_read_in_every_text_once_another_person_agrees(
    desk: Desk, client: Any, signed_in: Any, content: UUID
) -> None:
    first, other = await signed_in(Role.EDITOR), await signed_in(Role.FACT_CHECKER)
    alias = (await correct(client, first, content, HOAN_KIEM, name="Bờ  Hồ")).json()["alias_id"]
    later = await desk.content("Đèn hoa", "Người dân đổ về Bờ Hồ xem trang trí.")
    await desk.annotate([later])
    assert (await annotation(desk, later)).places == [], "one person's word is not yet a name"
    assert (await client.post(f"{API}/place-aliases/{alias}/confirm", headers=first)).status_code == 403
    assert (await client.post(f"{API}/place-aliases/{alias}/confirm", headers=other)).json()["state"] == "confirmed"
    assert (await client.post(f"{API}/place-aliases/{alias}/confirm", headers=other)).status_code == 409
    await read(desk)
    await desk.annotate([later])
    await desk.index([later, content])
    assert (await annotation(desk, later)).places == [HOAN_KIEM]
    found = (await client.get(f"{API}/search", params={"q": 'place:"bo ho"'}, headers=first)).json()["items"]
    assert {row["title"] for row in found} == {TITLE, "Đèn hoa"}
    listed = (await client.get(f"{API}/place-aliases", params={"state": "confirmed"}, headers=other)).json()["items"]
    assert [row["id"] for row in listed] == [alias]
    assert (await client.post(f"{API}/place-aliases/{alias}/end", headers=first)).json()["state"] == "ended"
    await read(desk)
    await desk.annotate([later])
    assert (await annotation(desk, later)).places == []


async def read(desk: Desk) -> None:
    """What a worker does every minute."""
    await read_names(JobContext(db=desk.db, clock=desk.clock, resources=desk.held, stopping=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("places", "name", "status"),
    [
        (["99999"], None, 422),
        ([HOAN_KIEM], "Hồ", 422),
        ([HOAN_KIEM], "bờ hồ", 422),
        ([HOAN_KIEM], "Hồ Tây", 422),
        ([HOAN_KIEM, CAU_GIAY], "Bờ Hồ", 422),
        ([], "Bờ Hồ", 422),
        ([HOAN_KIEM], "gọi 0912 345 678", 422),
        ([HOAN_KIEM] * 21, None, 422),
    ],
)
async def test_what_names_no_place_is_refused_and_leaves_nothing(
    desk: Desk, client: Any, signed_in: Any, content: UUID, places: list[str], name: str | None, status: int
) -> None:
    more = {"name": name} if name else {}
    assert (await correct(client, await signed_in(Role.EDITOR), content, *places, **more)).status_code == status
    assert (await annotation(desk, content)).places == []
    assert await desk.rows(m.PlaceAlias) == []
    assert await desk.rows(m.LabelCorrection) == []


async def test_a_name_means_one_place(desk: Desk, client: Any, signed_in: Any, content: UUID) -> None:
    who = await signed_in(Role.EDITOR)
    alias = (await correct(client, who, content, HOAN_KIEM, name="Bờ Hồ")).json()["alias_id"]
    other = await desk.content("Hội", "Hội chợ ở Bờ Hồ và Phường Ba Đình.")
    await desk.annotate([other])
    assert (await correct(client, who, other, CAU_GIAY, name="Bờ Hồ")).status_code in (409, 422)
    assert (await client.post(f"{API}/place-aliases/{alias}/refuse", headers=who)).json()["state"] == "refused"
    before = (await annotation(desk, other)).places
    assert (await correct(client, who, other, *before, CAU_GIAY, name="Bờ Hồ")).status_code == 200
    assert (await correct(client, who, other, *before, HOAN_KIEM, name="Ba Đình")).status_code == 409
    assert (await correct(client, await signed_in(Role.VIEWER), other)).status_code == 403


async def test_the_database_itself_asks_for_a_second_person(
    desk: Desk, client: Any, signed_in: Any, content: UUID
) -> None:
    alias = (await correct(client, await signed_in(Role.EDITOR), content, HOAN_KIEM, name="Bờ Hồ")).json()["alias_id"]
    with pytest.raises(DBAPIError, match="two_people"):
        async with desk.db.transaction() as session:
            await session.execute(
                text("UPDATE place_aliases SET state='confirmed', decided_by=proposed_by, decided_at=proposed_at")
            )
    assert alias


async def test_retraining_tells_what_the_names_of_people_add_and_trains_no_head_on_places(
    desk: Desk, client: Any, signed_in: Any, content: UUID
) -> None:
    first, other = await signed_in(Role.EDITOR), await signed_in(Role.FACT_CHECKER)
    alias = (await correct(client, first, content, HOAN_KIEM, name="Bờ Hồ")).json()["alias_id"]
    await client.post(f"{API}/place-aliases/{alias}/confirm", headers=other)
    async with desk.db.transaction() as session:
        corrections = await model_queries.list_corrections(session)
        names = Names(load_gazetteer(), await queries.confirmed_names(session))
    [row] = _on_places(names, corrections)
    assert (row.present, row.new, row.is_worse) == (0.0, 1.0, False)
    assert [one.head for one in corrections] == ["places"]


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("Bờ Hồ", True), ("Bờ Hồ Gươm", False), ("Hồ", False), ("bờ hồ", False), ("quanh Bờ Hồ", False),
        ("Cuối tuần", False), ("0912 345 678", False),
    ],
)  # fmt: skip
def test_a_name_is_of_two_words_and_written_as_one(name: str, fits: bool) -> None:
    assert (why_not(name, TEXT) is None) == fits
