"""What the city's verdicts are exported with: the page that announces them, and the evidence beside it."""

from typing import Any

import pytest
from sqlalchemy import update

from libs.common import models as m
from libs.common.models.enums import Role
from services.classify.main import SERVICE
from tests.publish.corrections.factcheck import NEWER, PROOF, FactCheck

ORIGIN = "https://tin.example.vn"


async def exported(desk: FactCheck, client_for: Any, signed_in: Any, claim: m.Claim) -> dict[str, Any]:
    """Classify hears of a correction by an event; here it is told by hand that the claim is public."""
    async with desk.room.db.transaction() as session:
        await session.execute(update(m.Claim).where(m.Claim.id == claim.id).values(state="published"))
    client = await client_for(SERVICE, public_url=ORIGIN + "/")
    headers = await signed_in(Role.FACT_CHECKER)
    answer = await client.get("/api/classify/v1/claims/export", headers=headers)
    assert answer.status_code == 200, answer.text
    [element] = answer.json()["dataFeedElement"]
    return dict(element["item"])


@pytest.mark.mission("M08")
async def test_the_review_is_at_the_page_that_stands_and_cites_the_evidence(
    desk: FactCheck, client_for: Any, signed_in: Any
) -> None:
    claim = await desk.claim(evidence=[PROOF, NEWER])
    first = await desk.out(await desk.drafted(claim))
    review = await exported(desk, client_for, signed_in, claim)
    assert review["url"] == f"{ORIGIN}/tin/{first['slug']}"
    assert review["headline"] == first["title"]
    assert [one["url"] for one in review["citation"]] == [PROOF["url"], NEWER["url"]]
    newer = await desk.out(await desk.followed(first, "update"))
    again = await exported(desk, client_for, signed_in, claim)
    assert again["url"] == f"{ORIGIN}/tin/{newer['slug']}"


@pytest.mark.mission("M08")
async def test_without_a_page_of_ours_the_evidence_is_where_it_can_be_read(
    desk: FactCheck, client_for: Any, signed_in: Any
) -> None:
    claim = await desk.claim()
    await desk.released(await desk.drafted(claim))
    review = await exported(desk, client_for, signed_in, claim)
    assert review["url"] == PROOF["url"], "approved, and not out yet"


@pytest.mark.mission("M30")
async def test_a_page_that_was_withdrawn_is_not_led_to(desk: FactCheck, client_for: Any, signed_in: Any) -> None:
    claim = await desk.claim()
    made = await desk.out(await desk.drafted(claim))
    done = await desk.room.act("withdraw", made, desk.room.speaker, reason="Kết luận đã được xem xét lại")
    assert done.is_success, done.text
    await desk.room.take_down()
    review = await exported(desk, client_for, signed_in, claim)
    assert review["url"] == PROOF["url"]
