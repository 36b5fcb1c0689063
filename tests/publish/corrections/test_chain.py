"""Alert → Update → Correction → Cancel: each a publication of its own that refers to all before it, in public, too."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from services.classify.claims.announced import take_back, take_over
from tests.publish.corrections.factcheck import CAP, NEWER, FactCheck, ids, slug_of
from tests.publish.corrections.test_cap import SCHEMA
from tests.publish.corrections.test_corrected_claims import claim_review_of
from tests.publish.newsroom import API
from tests.publish.officers import Officers
from tests.publish.test_takedown_cases import events, withdrawn

DatabaseAs = Callable[[str], Database]
URGENT = {"is_urgent": True, "urgent_reason": "Vỡ đê bối, cần báo dân sơ tán ngay"}


async def references(desk: FactCheck, publication: dict[str, Any]) -> list[str]:
    """Of its CAP message: the identifiers, in order."""
    root = await desk.cap(publication)
    SCHEMA.assertValid(root)
    told = root.findtext(f"{CAP}references")
    return [one.split(",")[1] for one in told.split()] if told else []


@pytest.mark.mission("M08")
async def test_a_whole_chain(desk: FactCheck, db_as: DatabaseAs) -> None:
    claim = await desk.claim()
    alert = await desk.out(await desk.drafted(claim))
    update = await desk.out(await desk.followed(alert, "update"))
    assert claim_review_of(await desk.page(alert)) is None, "what was followed is no verdict any more"
    assert claim_review_of(await desk.page(update)) is not None
    corrected = await desk.out(await desk.followed(update, "correction", verdict="tin_sai_su_that", evidence=[NEWER]))
    review = claim_review_of(await desk.page(corrected))
    assert review is not None
    assert (review["reviewRating"]["ratingValue"], review["citation"][0]["url"]) == (2, NEWER["url"])
    cancel = await desk.out(await desk.followed(corrected, "cancel"))
    last = await desk.page(cancel)
    assert claim_review_of(last) is None
    assert "Tin này thu hồi tin" in last
    assert "Kết luận:" not in last
    messages = [alert, update, corrected, cancel]
    urns = [one.urn for one in ids(messages)]
    assert [await references(desk, one) for one in messages] == [urns[:at] for at in range(4)]
    kinds = [(await desk.cap(one)).findtext(f"{CAP}msgType") for one in messages]
    assert kinds == ["Alert", "Update", "Update", "Cancel"]
    found = await desk.read(corrected)
    assert ([one["publication_id"] for one in found["chain"]], found["head_id"]) == (
        [one["id"] for one in messages], cancel["id"],
    )  # fmt: skip
    assert [(await desk.room.read(one))["state"] for one in messages] == ["corrected"] * 3 + ["published"]
    told = await events(desk.room, "lantoa.correction.published.v1")
    assert [len(one["reference_ids"]) for one in told] == [0, 1, 2, 3]
    assert [one["step"] for one in told] == ["alert", "update", "correction", "cancel"]
    ended = await desk.post(f"/{cancel['id']}/follow-ups", step="update", reason="Thêm một điều nữa cần nói")
    assert (ended.status_code, slug_of(ended)) == (409, "chain-ended")
    assert (await desk.post("", claim_id=str(claim.id))).status_code == 201, "a new chain may begin"


@pytest.mark.mission("M08")
async def test_only_the_newest_is_followed(desk: FactCheck) -> None:
    alert = await desk.out(await desk.drafted(await desk.claim()))
    update = await desk.followed(alert, "update")
    second = await desk.post(f"/{alert['id']}/follow-ups", step="cancel", reason="Người khác cũng đang soạn bản này")
    assert (second.status_code, slug_of(second)) == (409, "not-the-head")
    assert update["id"] in second.json()["detail"]
    plain = {"title": "x", "body": "y", "kind": "correction", "corrects_id": alert["id"], "channel_ids": []}
    beside = await desk.room.client.post(f"{API}/publications", json=plain, headers=desk.room.editor)
    assert (beside.status_code, slug_of(beside)) == (409, "part-of-a-chain")
    await desk.room.act("withdraw", update, desk.room.speaker, reason="Soạn lại từ đầu")
    assert (await desk.followed(alert, "cancel"))["state"] == "draft", "what was killed is followed by nobody"


MAY_NOT_FOLLOW: list[tuple[dict[str, Any], int, str]] = [
    ({"step": "correction"}, 409, "verdict-not-public"),
    ({"step": "correction", "verdict": "tin_gia", "evidence": [NEWER]}, 409, "same-verdict"),
    ({"step": "correction", "verdict": "tin_xac_thuc"}, 409, "evidence-missing"),
    ({"step": "correction", "verdict": "chua_xac_minh", "evidence": [NEWER]}, 422, "invalid-payload"),
    ({"step": "update", "verdict": "tin_xac_thuc"}, 422, "invalid-payload"),
    ({"step": "alert"}, 422, "invalid-payload"),
    ({"step": "update", "reason": "ngắn"}, 422, "invalid-payload"),
]


@pytest.mark.mission("M08")
async def test_what_may_not_follow(desk: FactCheck) -> None:
    alert = await desk.out(await desk.drafted(await desk.claim()))
    for body, status, slug in MAY_NOT_FOLLOW:
        refused = await desk.post(f"/{alert['id']}/follow-ups", **{"reason": "Có căn cứ mới từ sở ngành", **body})
        assert (refused.status_code, slug_of(refused)) == (status, slug), body


@pytest.mark.mission("M08")
async def test_nothing_follows_what_is_not_out(desk: FactCheck) -> None:
    draft = await desk.drafted(await desk.claim())
    refused = await desk.post(f"/{draft['id']}/follow-ups", step="update", reason="Chưa đăng đã muốn cập nhật")
    assert (refused.status_code, slug_of(refused)) == (409, "state-conflict")


@pytest.mark.mission("M08", "M30")
async def test_a_withdrawn_urgent_notice_becomes_a_cancel(desk: FactCheck, officers: Officers) -> None:
    draft = await desk.room.draft(**URGENT)
    await desk.room.act("submit", draft, desk.room.editor)
    for officer in (await officers.on_duty(), await officers.on_duty()):
        answer = await desk.room.act("approve", draft, officer.headers, content_hash=draft["content_hash"])
        assert answer.status_code == 200, answer.text
    await desk.room.deliver()
    root = await desk.cap(draft)
    SCHEMA.assertValid(root)
    assert (root.findtext(f"{CAP}msgType"), root.findtext(f"{CAP}info/{CAP}urgency")) == ("Alert", "Immediate")
    await withdrawn(desk.room, draft)
    await desk.room.take_down()
    root = await desk.cap(draft)
    SCHEMA.assertValid(root)
    assert (root.findtext(f"{CAP}msgType"), await references(desk, draft)) == ("Cancel", [UUID(draft["id"]).urn])
    assert draft["title"] not in etree.tostring(root, encoding="unicode")


async def test_there_is_no_message_where_nothing_is_told(desk: FactCheck) -> None:
    plain = await desk.room.published()
    for name in (plain["slug"], "khong-co", "..%2f..%2findex", "A"):
        assert (await desk.room.client.get(f"/cap/{name}.xml")).status_code == 404
    alert = await desk.out(await desk.drafted(await desk.claim()))
    first = await desk.room.client.get(f"/cap/{alert['slug']}.xml")
    again = await desk.room.client.get(f"/cap/{alert['slug']}.xml", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.mission("M08")
async def test_the_book_of_claims_follows_what_was_announced(desk: FactCheck, db_as: DatabaseAs) -> None:
    claim = await desk.claim()

    async def told(publication: dict[str, Any], change: Any = take_over) -> tuple[str, str]:
        async with db_as("classify").transaction() as session:
            await change(session, UUID(publication["id"]), desk.now)
        async with desk.room.db.transaction() as session:
            row = await session.get_one(m.Claim, claim.id)
            return row.state, str(row.verdict)

    alert = await desk.out(await desk.drafted(claim))
    assert await told(alert) == ("published", "tin_gia")
    corrected = await desk.out(await desk.followed(alert, "correction", verdict="tin_xac_thuc", evidence=[NEWER]))
    assert await told(alert) == ("published", "tin_gia"), "what is told late changes nothing"
    assert await told(corrected) == ("published", "tin_xac_thuc")
    await withdrawn(desk.room, corrected)
    assert await told(corrected, take_back) == ("checked", "tin_xac_thuc")


# --- by direct SQL, as the service's own role ---

BEGUN = """
    INSERT INTO publications (id, unit_id, kind, title, summary, body, slug, state, revision, content_hash, created_by,
                              created_at, updated_at, corrects_id)
    SELECT CAST(:new AS uuid), unit_id, 'correction', title, summary, body, CAST(:new AS text), 'draft', 1,
           content_hash, created_by, created_at, updated_at, CAST(:corrects AS uuid)
    FROM publications WHERE id = CAST(:like AS uuid)"""
SAID = """
    INSERT INTO corrections (publication_id, chain_id, claim_id, step, verdict, claim_text, evidence, reason,
                             reference_ids, created_by, created_at)
    SELECT CAST(:new AS uuid), CAST(:chain AS uuid), claim_id, :step, :verdict, claim_text,
           CAST(:evidence AS jsonb), 'một lý do đủ dài', CAST(:refs AS uuid[]), created_by, created_at
    FROM corrections WHERE publication_id = CAST(:like AS uuid)"""


async def smuggled(db_as: DatabaseAs, like: UUID, corrects: UUID | None, **more: Any) -> UUID:
    new = uuid4()
    told = {
        "new": str(new), "like": str(like), "corrects": str(corrects) if corrects else None, "chain": str(like),
        "step": "update", "verdict": "tin_gia", "refs": [str(like)],
        "evidence": '[{"title": "x", "url": "https://x.example"}]', **more,
    }  # fmt: skip
    async with db_as("publish").transaction() as session:
        await session.execute(text(BEGUN), {name: told[name] for name in ("new", "like", "corrects")})
        await session.execute(text(SAID), {name: value for name, value in told.items() if name != "corrects"})
    return new


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"refs": []}, "refers to every one before it"),
    ({"refs": [str(UUID(int=1))]}, "refers to every one before it"),
    ({"chain": str(UUID(int=1))}, "refers to every one before it"),
    ({"verdict": "tin_xac_thuc"}, "another verdict is a correction"),
    ({"verdict": "chua_xac_minh", "step": "correction"}, "ck_corrections_verdict"),
    ({"evidence": "[]"}, "ck_corrections_with_evidence"),
    ({"step": "alert"}, "ck_corrections_later_with_references"),
]


@pytest.mark.mission("M08")
async def test_the_service_role_cannot_break_the_chain(desk: FactCheck, db_as: DatabaseAs) -> None:
    alert = UUID((await desk.out(await desk.drafted(await desk.claim())))["id"])
    for more, why in BROKEN:
        with pytest.raises(DBAPIError, match=why):
            await smuggled(db_as, alert, alert, **more)


CHANGES = (
    "UPDATE corrections SET verdict = 'tin_xac_thuc'",
    "UPDATE corrections SET reference_ids = '{}'",
    "DELETE FROM corrections",
    "TRUNCATE corrections CASCADE",
    "DELETE FROM correction_targets",
    "UPDATE correction_targets SET reason = 'added'",
)


@pytest.mark.mission("M08")
async def test_what_was_said_and_where_it_has_to_be_stays(desk: FactCheck, db_as: DatabaseAs) -> None:
    await desk.drafted(await desk.claim())
    for statement in CHANGES:
        with pytest.raises(DBAPIError, match=r"append-only|stays|permission denied|only appended"):
            async with db_as("publish").transaction() as session:
                await session.execute(text(statement))


@pytest.mark.mission("M08")
@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_tried_by_sql_the_chain_holds(desk: FactCheck, db_as: DatabaseAs, seed: int) -> None:
    """Random attempts past the service, against the database alone."""
    chance = random.Random(seed)
    alert = UUID((await desk.out(await desk.drafted(await desk.claim())))["id"])
    known, refused = [alert], 0
    for _ in range(40):
        before = chance.choice(known)
        refs = chance.choice([await _references(desk, before), [before], [*known]])
        step = chance.choice(["update", "update", "update", "correction", "cancel", "alert"])
        verdict = "tin_sai_su_that" if step == "correction" else chance.choice(["tin_gia", "tin_sai_su_that"])
        told = {"refs": [str(one) for one in refs], "step": step, "verdict": verdict, "chain": str(alert)}
        try:
            known.append(await smuggled(db_as, alert, before, **told))
        except DBAPIError:
            refused += 1
    assert refused > 10
    assert len(known) > 1
    async with desk.room.db.transaction() as session:
        rows = {row.publication_id: row for row in await session.scalars(select(m.Correction))}
        pairs = await session.execute(select(m.Publication.id, m.Publication.corrects_id))
        follows = {row[0]: row[1] for row in pairs}
    assert set(rows) == set(known)
    followed = {follows[one] for one in known if follows[one]}
    heads = [one for one in known if one not in followed]
    assert len(heads) == 1
    assert set(rows[heads[0]].reference_ids) | set(heads) == set(known)
    cancelled = [one for one in known if rows[one].step == "cancel"]
    assert cancelled in ([], heads)


async def _references(desk: FactCheck, before: UUID) -> list[UUID]:
    async with desk.room.db.transaction() as session:
        row = await session.get_one(m.Correction, before)
        return [*row.reference_ids, before]


@pytest.mark.mission("M08")
async def test_what_follows_a_correction_without_its_chain_is_not_released_by_sql(
    desk: FactCheck, db_as: DatabaseAs
) -> None:
    """A plain correction of a message of a chain, and a correction of nothing without evidence."""
    alert = await desk.out(await desk.drafted(await desk.claim()))
    for corrects, why in ((alert["id"], "is one itself"), (None, "needs evidence")):
        new = str(uuid4())
        async with db_as("publish").transaction() as session:
            await session.execute(text(BEGUN), {"new": new, "like": alert["id"], "corrects": corrects})
            for statement in (REVISED, SUBMITTED, APPROVED, APPROVED):
                await session.execute(text(statement), {"new": new, "like": alert["id"]})
        with pytest.raises(DBAPIError, match=why):
            async with db_as("publish").transaction() as session:
                await session.execute(text("UPDATE publications SET state = 'approved' WHERE id = :new"), {"new": new})


REVISED = """
    INSERT INTO publication_revisions (id, publication_id, revision, content_hash, edited_by, edited_at)
    SELECT gen_random_uuid(), id, revision, content_hash, created_by, created_at FROM publications
    WHERE id = CAST(:new AS uuid) AND CAST(:like AS text) IS NOT NULL"""
SUBMITTED = "UPDATE publications SET state = 'in_review' WHERE id = CAST(:new AS uuid) AND CAST(:like AS text) <> ''"
APPROVED = """
    INSERT INTO approvals (id, publication_id, revision, content_hash, approver_id, approved_at)
    SELECT gen_random_uuid(), p.id, 1, p.content_hash, a.approver_id, a.approved_at
    FROM publications p, approvals a
    WHERE p.id = CAST(:new AS uuid) AND a.publication_id = CAST(:like AS uuid)
      AND NOT EXISTS (SELECT FROM approvals done WHERE done.publication_id = p.id AND done.approver_id = a.approver_id)
    LIMIT 1"""
