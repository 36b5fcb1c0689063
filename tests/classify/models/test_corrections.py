"""People correct field, tone and kind, and dismiss risks: theirs hold, and are kept, masked, to learn from."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import LateReason, Role
from services.classify.adapters.base import CLASSIFIERS
from services.classify.main import SERVICE
from services.classify.models import queries
from services.classify.models.jobs import forget_corrections
from tests.classify.conftest import Desk

API = "/api/classify/v1"
TEXT = "Đèn đường trước ngõ 12 hỏng cả tuần nay, tối om, gọi tôi 0912 345 678, mong phường sửa giúp."


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


@pytest.fixture
async def report(desk: Desk) -> UUID:
    desk.held.classifier = CLASSIFIERS.get("linear")()
    content = await desk.content("", TEXT, group="citizen")
    await desk.annotate([content])
    return content


async def annotation(desk: Desk, content: UUID) -> m.Annotation:
    [row] = await desk.rows(m.Annotation, m.Annotation.content_id == content)
    return row  # type: ignore[no-any-return]


async def correct(client: Any, who: Any, content: UUID, **said: str) -> Any:
    return await client.post(f"{API}/contents/{content}/label", json=said, headers=who)


async def test_a_persons_field_and_tone_hold_when_the_text_is_labelled_again(
    desk: Desk, client: Any, signed_in: Any, report: UUID
) -> None:
    before = await annotation(desk, report)
    assert before.field == "do_thi"
    done = await correct(client, await signed_in(Role.EDITOR), report, field="giao_thong", tone="neutral")
    assert done.status_code == 200, done.text
    assert done.json()["outcome"] == "at_once"
    await desk.revise(report, TEXT + " Đã ba lần gọi điện lực.")
    await desk.annotate([report])
    after = await annotation(desk, report)
    assert (after.field, after.tone, after.field_score) == ("giao_thong", "neutral", 1.0)
    assert after.model_versions["field"] == after.model_versions["tone"] == "person"
    assert after.kind == before.kind
    assert [one["items"][0]["field"] for one in await desk.events("lantoa.content.classified.v1")][-1] == "giao_thong"


async def test_a_correction_is_kept_masked_with_what_the_model_said(
    desk: Desk, client: Any, signed_in: Any, report: UUID
) -> None:
    await correct(client, await signed_in(Role.EDITOR), report, field="giao_thong", kind="complaint")
    kept = {row.head: row for row in await desk.rows(m.LabelCorrection)}
    assert kept.keys() == {"field", "kind"}
    assert (kept["field"].model_label, kept["field"].label) == ("do_thi", "giao_thong")
    assert (kept["kind"].model_label, kept["kind"].label) == ("report_of_problem", "complaint")
    assert kept["field"].model.startswith("linear ")
    assert "0912" not in kept["field"].text
    assert "Đèn đường" in kept["field"].text


@pytest.mark.mission("M05")
async def test_a_field_is_no_way_around_the_second_person(
    desk: Desk, client: Any, signed_in: Any, report: UUID
) -> None:
    who = await signed_in(Role.EDITOR)
    await correct(client, who, report, kind="criticism")
    done = await correct(client, who, report, kind="news", field="y_te", reason="Văn bản này chỉ kể lại một việc")
    assert done.json()["outcome"] == "second_person"
    after = await annotation(desk, report)
    assert (after.kind, after.field) == ("criticism", "y_te")


async def test_a_label_must_say_something_and_be_of_the_list(client: Any, signed_in: Any, report: UUID) -> None:
    who = await signed_in(Role.EDITOR)
    assert (await correct(client, who, report)).status_code == 422
    assert (await correct(client, who, report, field="thu_dich")).status_code == 422
    assert (await correct(client, who, uuid4(), field="y_te")).status_code == 404
    assert (await correct(client, await signed_in(Role.VIEWER), report, field="y_te")).status_code == 403


async def test_a_dismissed_risk_is_an_example_of_none(desk: Desk, client: Any, signed_in: Any) -> None:
    desk.held.classifier = CLASSIFIERS.get("linear")()
    text = "Tài khoản ngân hàng của bạn bị khóa, bấm link http://vcb-xacminh.top nhập mã OTP ngay kẻo mất tiền."
    content = await desk.content("", text, group="forum")
    await desk.annotate([content])
    case, *_ = await desk.rows(m.LegalRiskCase)
    body = {"decision": "dismissed", "reason": "Bài chép lại để cảnh báo bà con"}
    done = await client.post(
        f"{API}/legal-risk-cases/{case.id}/decide", json=body, headers=await signed_in(Role.FACT_CHECKER)
    )
    assert done.status_code == 200, done.text
    [kept] = await desk.rows(m.LabelCorrection)
    assert (kept.head, kept.model_label, kept.label) == ("risk", case.risk_class, "none")


async def test_the_newest_correction_of_a_head_teaches(desk: Desk, client: Any, signed_in: Any, report: UUID) -> None:
    who = await signed_in(Role.EDITOR)
    for field in ("y_te", "giao_thong"):
        desk.clock.advance(timedelta(minutes=1))
        await correct(client, who, report, field=field)
    async with desk.db.transaction() as session:
        [row] = await queries.list_corrections(session)
    assert (row.head, row.label) == ("field", "giao_thong")


async def test_corrections_are_forgotten_in_time(desk: Desk, client: Any, signed_in: Any, report: UUID) -> None:
    await correct(client, await signed_in(Role.EDITOR), report, field="y_te")
    async with desk.db.transaction() as session:
        assert await queries.forget_corrections(session, desk.clock.now() - timedelta(days=730)) == 0
        assert await queries.forget_corrections(session, desk.clock.now() + timedelta(days=1)) == 1
    assert forget_corrections.__doc__


async def test_why_a_content_has_its_labels(desk: Desk, client: Any, signed_in: Any, report: UUID) -> None:
    who = await signed_in(Role.VIEWER)
    told = await client.get(f"{API}/contents/{report}/explanation", headers=who)
    assert told.status_code == 200, told.text
    heads = {head["head"]: head for head in told.json()["heads"]}
    assert heads["field"]["label"] == "do_thi"
    assert "đèn" in " ".join(one["words"] for one in heads["field"]["features"])
    assert (await client.get(f"{API}/contents/{uuid4()}/explanation", headers=who)).status_code == 404


async def test_a_model_without_weights_cannot_explain(
    desk: Desk, client_for: Any, signed_in: Any, report: UUID
) -> None:
    plain = await client_for(SERVICE, classifier="lexicon")
    told = await plain.get(f"{API}/contents/{report}/explanation", headers=await signed_in(Role.VIEWER))
    assert told.status_code == 409


async def test_a_damaged_model_leaves_the_service_up(
    desk: Desk, client_for: Any, signed_in: Any, report: UUID, damaged: Any
) -> None:
    hurt = await client_for(SERVICE, classifier_model=damaged)
    who = await signed_in(Role.VIEWER)
    assert (await hurt.get(f"{API}/contents/{report}/annotation", headers=who)).status_code == 200
    assert (await hurt.get(f"{API}/contents/{report}/explanation", headers=who)).status_code == 503


@pytest.mark.parametrize("other", ["1", "2"], ids=["the same model", "two models"])
async def test_two_workers_that_start_at_once_leave_one_current_model(db_as: Any, clock: Any, other: str) -> None:
    """The second waits for the first: neither fails, and the later one is in use."""
    database = db_as("classify")
    async with database.transaction() as first:
        await queries.install(first, "linear", "1", {}, clock.now())

        async def start() -> None:
            async with database.transaction() as second:
                await queries.install(second, "linear", other, {}, clock.now())

        starting = asyncio.create_task(start())
        done, _ = await asyncio.wait([starting], timeout=0.3)
        assert not done
    await starting
    async with database.transaction() as session:
        assert [one.version for one in await queries.list_models(session) if one.is_current] == [other]


async def test_the_models_in_use_are_known_by_their_cards(desk: Desk, client_for: Any, signed_in: Any) -> None:
    who = await signed_in(Role.INTEGRATOR)
    first = await client_for(SERVICE)
    await client_for(SERVICE, classifier="lexicon")
    models = (await first.get(f"{API}/models", headers=who)).json()
    assert [(one["name"], one["is_current"]) for one in models] == [("lexicon", True), ("linear", False)]
    assert models[1]["card"]["frozen"]["criticism"]["suggested"] == 0
    assert models[1]["card"]["licence"] == "Apache-2.0"


async def test_what_another_model_labelled_goes_into_the_slow_lane(
    desk: Desk, client: Any, signed_in: Any, report: UUID
) -> None:
    who = await signed_in(Role.ADMIN)
    again = f"{API}/models/label-again"
    assert (await client.post(again, json={"days": 7}, headers=who)).json() == {"queued": 0}
    desk.held.classifier = CLASSIFIERS.get("lexicon")()
    other = await desk.content("", "Cháy chợ lúc rạng sáng.")
    await desk.annotate([other])
    assert (await client.post(again, json={"days": 7}, headers=who)).json() == {"queued": 1}
    [late] = await desk.rows(m.LateContent)
    assert (late.content_id, late.reason) == (other, LateReason.AGAIN)
    assert (await client.post(again, json={"days": 7}, headers=await signed_in(Role.EDITOR))).status_code == 403
    assert new_id(desk.clock.now()) > late.content_id
