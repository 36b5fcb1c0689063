"""Partners: at least 50,000 followers, 10 to 20 of them, with papers that are young enough; and who drops out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.partners import jobs, rules
from services.publish.partners.rules import Standing, Unfit
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers
from tests.publish.partners.shortlist import DECISION, Shortlist, open_shortlist

DatabaseAs = Callable[[str], Database]
DAY = timedelta(days=1)
pytestmark = pytest.mark.mission("M24")


async def run(db_as: DatabaseAs, statement: str, **values: Any) -> None:
    async with db_as("publish").transaction() as session:
        await session.execute(text(statement), values)


# --- one partner ---


async def test_49999_followers_are_refused_and_50000_are_enough(shortlist: Shortlist) -> None:
    small, large = await shortlist.fit("nho", 49_999), await shortlist.fit("vua", 50_000)
    refused = await shortlist.select(small)
    assert (refused.status_code, refused.json()["title"]) == (409, "Đối tác chưa đủ số người theo dõi")
    assert "49999" in refused.json()["detail"]
    assert (await shortlist.select(large)).json()["state"] == "selected"


async def test_each_paper_is_asked_for_and_named(shortlist: Shortlist) -> None:
    partner = await shortlist.candidate("trang")
    seen = []
    for step in (shortlist.clear, shortlist.agree, shortlist.measure):
        seen.append((await shortlist.select(partner)).json()["title"])
        assert (await step(partner)).is_success
    assert seen == [
        "Chưa kiểm tra, hoặc có xung đột lợi ích",
        "Chưa có thư đồng ý của đối tác",
        "Chưa có minh chứng quy mô",
    ]
    assert (await shortlist.select(partner)).is_success
    assert (await shortlist.select(partner)).json()["title"] == "Đối tác không còn ở trạng thái này"


async def test_evidence_of_90_days_serves_and_older_does_not(shortlist: Shortlist) -> None:
    old, young = await shortlist.fit("cu", days=90.01), await shortlist.fit("moi", days=89.9)
    refused = await shortlist.select(old)
    assert (refused.status_code, refused.json()["title"]) == (409, "Minh chứng quy mô đã quá hạn")
    assert (await shortlist.select(young)).is_success


async def test_a_conflict_of_interest_is_recorded_and_keeps_a_partner_out(shortlist: Shortlist) -> None:
    partner = await shortlist.fit("trang")
    told = (await shortlist.clear(partner, "conflicted")).json()
    assert (told["conflict_result"], told["unfit"]) == ("conflicted", "conflict")
    assert (await shortlist.select(partner)).status_code == 409
    assert told["conflict_checked_at"]


async def test_the_newest_measure_counts_also_where_an_older_one_is_added_later(shortlist: Shortlist) -> None:
    partner = await shortlist.fit("trang", 60_000, days=1)
    told = (await shortlist.measure(partner, 40_000, days=30)).json()
    assert (told["followers"], told["unfit"]) == (60_000, None)
    proofs = await shortlist.room.client.get(f"{API}/partners/{partner['id']}/proofs", headers=shortlist.room.editor)
    assert [each["followers"] for each in proofs.json()] == [60_000, 40_000]


NOBODYS: list[dict[str, Any]] = [
    {"url": "https://www.facebook.com/profile.php?id=1"},
    {"url": "https://www.facebook.com/people/Nguyen-Van-A/1"},
    {"url": "https://zalo.me/0912345678"},
    {"url": "http://trang.example.vn/a"},
    {"url": "https://a:b@trang.example.vn/a"},
    {"url": "https://127.0.0.1/nhom"},
    {"url": "https://trang.example.vn:8443/"},
    {"url": "javascript:alert(1)//"},
    {"contact_role": "Anh A, 0912345678"},
    {"contact_role": "a@trang.example"},
    {"contact": "Nguyễn Văn A"},
]


async def test_a_partner_is_a_page_known_by_role_and_nobodys_profile(shortlist: Shortlist) -> None:
    for changes in NOBODYS:
        assert (await shortlist.add("trang", **changes)).status_code == 422, changes
    made = await shortlist.add("trang", url="https://forum.example.vn/nhom?fbclid=abc&id=7#top")
    assert made.json()["url"] == "https://forum.example.vn/nhom?id=7"


async def test_the_same_page_twice_is_refused(shortlist: Shortlist) -> None:
    await shortlist.candidate("trang")
    assert (await shortlist.add("trang")).json()["title"] == "Địa chỉ này đã có trong đợt chọn"


async def test_a_letter_is_a_picture_of_the_units_own_library(shortlist: Shortlist) -> None:
    partner = await shortlist.candidate("trang")
    at = shortlist.room.clock.now().isoformat()
    refused = await shortlist.post(f"/partners/{partner['id']}/consent", medium_id=str(uuid4()), consent_at=at)
    assert refused.status_code == 404
    later = (shortlist.room.clock.now() + DAY).isoformat()
    told = {"medium_id": str(shortlist.letter.id), "consent_at": later}
    assert (await shortlist.post(f"/partners/{partner['id']}/consent", **told)).status_code == 422
    unshown = await shortlist.post(f"/partners/{partner['id']}/proofs", followers=60_000, measured_at=at)
    assert unshown.status_code == 422


# --- the list ---


@pytest.mark.parametrize("count", [9, 21])
async def test_nine_or_twenty_one_are_not_decided(shortlist: Shortlist, db_as: DatabaseAs, count: int) -> None:
    await shortlist.selected(count)
    refused = await shortlist.decide()
    assert refused.status_code == 409
    assert refused.json()["title"] == "Số đối tác không đúng quy định, chưa chốt được"
    assert f"Đang chọn {count}" in refused.json()["detail"]
    async with shortlist.room.db.transaction() as session:
        speaker = await session.scalar(select(m.RoleGrant.person_id).where(m.RoleGrant.role == "spokesperson").limit(1))
    forced = "UPDATE partner_selections SET state = 'decided', decided_by = :by, decided_at = :now WHERE id = :id"
    with pytest.raises(DBAPIError, match=f"{count} partners are selected"):
        await run(db_as, forced, id=shortlist.selection["id"], by=speaker, now=shortlist.room.clock.now())


async def test_ten_are_decided_by_a_spokesperson_and_evidence_that_aged_meanwhile_blocks_it(
    shortlist: Shortlist,
) -> None:
    partners = await shortlist.selected(10, days=60)
    assert (await shortlist.decide(shortlist.room.editor)).status_code == 403
    shortlist.room.clock.advance(31 * DAY)
    refused = await shortlist.decide()
    assert (refused.status_code, len(refused.json()["errors"])) == (409, 10)
    assert refused.json()["errors"][0]["type"] == "stale"
    for partner in partners:
        assert (await shortlist.measure(partner)).is_success
    decided = await shortlist.decide()
    assert decided.status_code == 200, decided.text
    assert (decided.json()["state"], decided.json()["decision"]) == ("decided", DECISION)
    async with shortlist.room.db.transaction() as session:
        actions = set(await session.scalars(select(m.AuditEntry.action)))
    assert {
        "partner-selection.opened", "partner.added", "partner.measured", "partner.conflict-checked",
        "partner.consented", "partner.selected", "partner-selection.decided",
    } <= actions  # fmt: skip


async def test_whoever_opened_the_selection_does_not_decide_it(
    newsroom: Newsroom, make: Make, officers: Officers
) -> None:
    both = await officers.sign_in(Role.ADMIN, Role.SPOKESPERSON)
    newsroom.admin = both.headers
    shortlist = await open_shortlist(newsroom, make, min_partners=1)
    await shortlist.selected(1)
    assert (await shortlist.decide(both.headers)).json()["title"] == "Người lập không được tự ký, tự chốt"
    assert (await shortlist.decide()).is_success


async def test_the_numbers_are_the_programmes_and_stay(newsroom: Newsroom, make: Make, db_as: DatabaseAs) -> None:
    shortlist = await open_shortlist(newsroom, make, min_followers=1000, min_partners=1, max_partners=2)
    partners = [await shortlist.fit(f"trang.{n}", 1000) for n in range(3)]
    for partner in partners[:2]:
        assert (await shortlist.select(partner)).is_success
    assert (await shortlist.decide()).is_success
    full = await shortlist.select(partners[2])
    assert "đã đủ 2" in full.json()["detail"]
    with pytest.raises(DBAPIError, match="takes no more partners"):
        await run(db_as, SELECTED, id=partners[2]["id"], now=newsroom.clock.now())
    with pytest.raises(DBAPIError, match="cannot go from decided to decided"):
        await run(db_as, "UPDATE partner_selections SET min_partners = 5 WHERE id = :id", id=shortlist.selection["id"])
    second = await open_shortlist_again(newsroom, shortlist)
    refused = await second.decide()
    assert refused.json()["title"] == "Chương trình đã có danh sách đối tác được chốt"


async def open_shortlist_again(newsroom: Newsroom, first: Shortlist) -> Shortlist:
    body = {"title": "Đợt hai", "min_followers": 1000, "min_partners": 1}
    made = await newsroom.client.post(f"{API}/partner-selections", json=body, headers=newsroom.admin)
    second = Shortlist(newsroom, first.make, made.json(), first.letter)
    await second.selected(1)
    return second


async def test_another_unit_sees_nothing_of_it(shortlist: Shortlist, signed_in: Any) -> None:
    ward = await shortlist.make.unit()
    stranger = await signed_in(Role.ADMIN, unit_id=ward.id)
    partner = await shortlist.candidate("trang")
    assert (await shortlist.room.client.get(shortlist.url, headers=stranger)).status_code == 404
    refused = await shortlist.post(f"/partners/{partner['id']}/remove", stranger)
    assert refused.status_code == 404


# --- dropping out ---


async def test_a_partner_that_falls_below_the_size_drops_out_and_people_are_told(shortlist: Shortlist) -> None:
    partners = await shortlist.decided(10)
    told = (await shortlist.measure(partners[0], 49_999, days=0)).json()
    assert (told["state"], told["drop_reason"]) == ("dropped", "too_small")
    kinds = dict(await shortlist.tasks())
    assert "Trang trang.0" in kinds["partner_dropped"]
    assert "còn 9, ít hơn 10" in kinds["partners_too_few"]
    async with shortlist.room.db.transaction() as session:
        rows = (await session.scalars(select(m.Notification).where(m.Notification.kind.like("task_partner%")))).all()
    assert {(row.kind, row.role) for row in rows} == {
        ("task_partner_dropped", "admin"),
        ("task_partners_too_few", "admin"),
    }
    fresh = await shortlist.fit("thay.the")
    assert (await shortlist.select(fresh)).is_success, "another one takes its place"
    assert (await shortlist.seen())["selected"] == 10


async def test_a_withdrawn_letter_takes_the_partner_off_the_list(shortlist: Shortlist) -> None:
    partners = await shortlist.decided(11)
    told = (await shortlist.post(f"/partners/{partners[0]['id']}/withdraw-consent")).json()
    assert (told["state"], told["drop_reason"]) == ("dropped", "consent_withdrawn")
    assert [kind for kind, _ in await shortlist.tasks()] == ["partner_dropped"], "ten are left"
    conflicted = (await shortlist.clear(partners[1], "conflicted")).json()
    assert (conflicted["state"], conflicted["drop_reason"]) == ("dropped", "conflict")
    assert "partners_too_few" in dict(await shortlist.tasks())


async def test_each_quarter_somebody_is_asked_to_measure_again_once(shortlist: Shortlist) -> None:
    partners = await shortlist.decided(10)
    room = shortlist.room
    assert await jobs.recheck_partners(room.context) == 0
    room.clock.advance(90 * DAY)
    assert await jobs.recheck_partners(room.context) == 10
    assert await jobs.recheck_partners(room.context) == 0, "once a quarter"
    tasks = [title for kind, title in await shortlist.tasks() if kind == "partner_recheck"]
    assert len(tasks) == 10
    assert (await shortlist.measure(partners[0], 70_000, days=0)).is_success
    assert len([kind for kind, _ in await shortlist.tasks() if kind == "partner_recheck"]) == 9, "it was measured"
    room.clock.advance(90 * DAY)
    assert await jobs.recheck_partners(room.context) == 10
    assert len([kind for kind, _ in await shortlist.tasks() if kind == "partner_recheck"]) == 10


# --- held by the database, and by one rule ---

SELECTED = "UPDATE partners SET state = 'selected', selected_at = :now WHERE id = :id"


KNOWN: list[tuple[str | None, bool, int | None, float]] = [
    ("clear", True, 50_000, 90),
    ("clear", True, 49_999, 1),
    ("clear", True, 50_000, 90.001),
    ("clear", False, 50_000, 1),
    ("conflicted", True, 50_000, 1),
    (None, True, 50_000, 1),
    ("clear", True, None, 0),
    (None, False, None, 0),
    ("clear", True, 49_999, 100),
]


async def test_the_database_and_the_code_say_the_same_of_every_partner(shortlist: Shortlist, db_as: DatabaseAs) -> None:
    now, reasons = shortlist.room.clock.now(), set()
    for number, (conflict, consents, followers, days) in enumerate(KNOWN):
        partner = await shortlist.candidate(f"trang.{number}")
        if conflict:
            await shortlist.clear(partner, conflict)
        if consents:
            await shortlist.agree(partner)
        if followers is not None:
            await shortlist.measure(partner, followers, days)
        measured_at = now - timedelta(days=days) if followers is not None else None
        expected = rules.unfit(Standing(conflict, consents, followers, measured_at), 50_000, 90, now)
        reasons.add(expected)
        if expected is None:
            await run(db_as, SELECTED, id=partner["id"], now=now)
        else:
            with pytest.raises(DBAPIError, match=f"not fit: {expected}"):
                await run(db_as, SELECTED, id=partner["id"], now=now)
    assert reasons == {None, *Unfit}


AGREED = {
    "UPDATE partners SET consent_withdrawn_at = selected_at": "selected_as_agreed",
    "UPDATE partners SET conflict_result = 'conflicted'": "selected_as_agreed",
    "UPDATE partners SET state = 'candidate'": "cannot go from selected",
    "UPDATE partners SET contact_role = '0912345678'": "contact_by_role",
    "UPDATE partners SET url = 'https://facebook.com/profile.php?id=1'": "no_persons_page",
    "UPDATE partner_proofs SET followers = 90000": "append-only",
    "DELETE FROM partner_proofs": "append-only|permission denied",
}


async def test_a_selected_partner_stays_as_agreed_by_sql(shortlist: Shortlist, db_as: DatabaseAs) -> None:
    partner = await shortlist.fit("trang")
    assert (await shortlist.select(partner)).is_success
    for statement, why in AGREED.items():
        with pytest.raises(DBAPIError, match=why):
            await run(db_as, statement)


async def test_nothing_begins_selected_or_decided_by_sql(shortlist: Shortlist, db_as: DatabaseAs) -> None:
    copied = """
        INSERT INTO partner_selections (id, unit_id, title, state, created_by, created_at, decided_by, decided_at)
        SELECT :new, unit_id, title, 'decided', created_by, created_at, NULL, created_at FROM partner_selections"""
    with pytest.raises(DBAPIError, match="begins open"):
        await run(db_as, copied, new=uuid4())
    await shortlist.candidate("trang")
    copied = """
        INSERT INTO partners (id, selection_id, kind, platform, name, url, contact_role, state, selected_at, created_by,
                              created_at)
        SELECT :new, selection_id, kind, platform, name, url || 'x', contact_role, 'selected', created_at, created_by,
               created_at FROM partners"""
    with pytest.raises(DBAPIError, match="begins as a candidate"):
        await run(db_as, copied, new=uuid4())
    async with shortlist.room.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.Partner)) == 1


def test_every_reason_has_its_problem() -> None:
    from services.publish.partners.selecting import REFUSED

    assert set(REFUSED) == set(Unfit)
