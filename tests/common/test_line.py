"""The line the product does not cross, as far as the schema states it: told to the database in plain SQL, as the role
of the service that could do the harm."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models import Base
from libs.common.models.enums import PROTECTED_KINDS, Field, RiskClass, TextKind
from libs.common.testing.make import Make

DatabaseAs = Callable[[str], Database]
HASH, OTHER_HASH = b"a" * 32, b"b" * 32


# --- criticism is feedback -----------------------------------------------------------------------------------


@dataclass
class Firewall:
    classify: Database
    clock: FrozenClock
    content: UUID

    def label(self, kind: str, from_kind: str | None = None, **more: Any) -> m.LabelRecord:
        self.clock.advance(timedelta(seconds=1))
        now = self.clock.now()
        values: dict[str, Any] = {"id": new_id(now), "content_id": self.content, "labelled_at": now}
        return m.LabelRecord(**{**values, "kind": kind, "from_kind": from_kind, **more})

    def case(self, risk_class: str = "scam_link", **more: Any) -> m.LegalRiskCase:
        now = self.clock.now()
        values: dict[str, Any] = {
            "id": new_id(now),
            "content_id": self.content,
            "state": "suggested",
            "created_at": now,
        }
        return m.LegalRiskCase(**{**values, "risk_class": risk_class, **more})

    async def add(self, *rows: m.Base) -> None:
        async with self.classify.transaction() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def refuses(self, why: str, *rows: m.Base) -> None:
        with pytest.raises(DBAPIError, match=why):
            await self.add(*rows)

    async def refused(self, why: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=why):
            async with self.classify.transaction() as session:
                await session.execute(text(statement), values)

    async def states(self) -> list[str]:
        async with self.classify.transaction() as session:
            query = text("SELECT state FROM legal_risk_cases WHERE content_id = :id ORDER BY id")
            return list(await session.scalars(query, {"id": self.content}))


@pytest.fixture
def firewall(db_as: DatabaseAs, clock: FrozenClock) -> Firewall:
    return Firewall(db_as("classify"), clock, new_id(clock.now()))


DECIDED = {"decided_by": uuid4(), "reason": "Đường dẫn lừa đảo"}


def two_people(**more: Any) -> dict[str, Any]:
    reason = "Bài đăng lại thông báo, không phải ý kiến"
    return {"labelled_by": uuid4(), "second_by": uuid4(), "reason": reason, **more}


@pytest.mark.mission("M05")
async def test_criticism_never_becomes_a_case(firewall: Firewall) -> None:
    for kind in sorted(PROTECTED_KINDS):
        firewall.content = uuid4()
        await firewall.add(firewall.label(kind))
        for risk in RiskClass:
            case = firewall.case(risk, reported_by_harmed=True, claim_id=uuid4())
            await firewall.refuses("it is feedback", case)


@pytest.mark.mission("M05")
async def test_once_criticism_is_for_ever(firewall: Firewall) -> None:
    """Two people may relabel it, and relabel again: the whole history counts."""
    await firewall.add(firewall.label("criticism"))
    await firewall.add(firewall.label("news", "criticism", **two_people()))
    await firewall.add(firewall.label("scam_suspect", "news"))
    await firewall.refuses("it is feedback", firewall.case())
    await firewall.refuses("it is feedback", firewall.case(state="referred", decided_by=uuid4(), reason="x" * 20))


@pytest.mark.mission("M05")
async def test_what_was_moved_away_from_criticism_counts_too(firewall: Firewall) -> None:
    """A history that begins with the move, as where only an annotation had held the first label."""
    await firewall.add(firewall.label("news", "complaint", **two_people()))
    await firewall.refuses("it is feedback", firewall.case())


@pytest.mark.mission("M05")
async def test_a_case_whose_text_turns_out_to_be_criticism_is_released(firewall: Firewall) -> None:
    referred = {**DECIDED, "state": "referred", "decided_at": firewall.clock.now()}
    await firewall.add(firewall.case(), firewall.case("forged_document", **referred))
    await firewall.add(firewall.label("opinion"))
    assert await firewall.states() == ["released", "released"]
    for state in ("suggested", "referred", "dismissed"):
        change = "UPDATE legal_risk_cases SET state = :state, decided_by = :by, decided_at = :now, reason = :reason"
        values = {"state": state, "by": uuid4(), "now": firewall.clock.now(), "reason": DECIDED["reason"]}
        await firewall.refused("it is feedback", change, **values)


@pytest.mark.mission("M05")
async def test_a_case_cannot_be_moved_onto_criticism(firewall: Firewall) -> None:
    await firewall.add(firewall.label("criticism"))
    elsewhere = uuid4()
    await firewall.add(firewall.case(content_id=elsewhere))
    move = "UPDATE legal_risk_cases SET content_id = :to WHERE content_id = :at"
    await firewall.refused("it is feedback", move, to=firewall.content, at=elsewhere)


@pytest.mark.mission("M05")
@pytest.mark.parametrize("first", ["label", "case"])
async def test_a_label_and_a_case_that_arrive_together_meet(firewall: Firewall, first: str) -> None:
    """Two transactions, neither committed when the other writes: whichever comes first, no open case remains."""
    label, case = firewall.label("criticism"), firewall.case()
    one, other = (label, case) if first == "label" else (case, label)
    async with firewall.classify.transaction() as session:
        session.add(one)
        await session.flush()
        second = asyncio.create_task(firewall.add(other))
        await asyncio.sleep(0.2)
        assert not second.done()
    if first == "label":
        with pytest.raises(DBAPIError, match="it is feedback"):
            await second
        assert await firewall.states() == []
    else:
        await second
        assert await firewall.states() == ["released"]


@pytest.mark.mission("M05")
async def test_an_old_snapshot_cannot_overlook_a_label(firewall: Firewall) -> None:
    insert = text(
        "INSERT INTO legal_risk_cases (id, content_id, risk_class, state, created_at) "
        "VALUES (gen_random_uuid(), :id, 'scam_link', 'suggested', :now)"
    )
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        async with firewall.classify.engine.connect() as connection:
            await connection.execution_options(isolation_level=level)
            await connection.execute(text("SELECT count(*) FROM label_history"))
            await firewall.add(firewall.label("criticism"))
            with pytest.raises(DBAPIError, match="read committed"):
                await connection.execute(insert, {"id": firewall.content, "now": firewall.clock.now()})


@pytest.mark.mission("M05")
async def test_relabelling_away_takes_two_people_and_a_reason(firewall: Firewall) -> None:
    """Also where the writer leaves out, or lies about, what the text was before."""
    await firewall.add(firewall.label("complaint"))
    one, other, reason = UUID(int=1), UUID(int=2), "một lý do đủ dài"
    lacking: list[dict[str, Any]] = [
        {},
        {"labelled_by": one},
        {"labelled_by": one, "second_by": one, "reason": reason},
        {"labelled_by": one, "second_by": other},
        {"labelled_by": one, "second_by": other, "reason": "ngắn"},
        {"labelled_by": one, "second_by": other, "reason": " " * 40},
        {"second_by": other, "reason": reason},
    ]
    for by in lacking:
        for said in ("complaint", None, "advert"):
            await firewall.refuses("two_people_to_unprotect", firewall.label("news", said, **by))
    await firewall.add(firewall.label("criticism"), firewall.label("news", **two_people()))


@pytest.mark.mission("M05")
async def test_the_label_history_cannot_be_rewritten(firewall: Firewall) -> None:
    await firewall.add(firewall.label("criticism"))
    for statement in ("UPDATE label_history SET kind = 'news'", "DELETE FROM label_history"):
        await firewall.refused("permission denied", statement)


# --- the closed lists ----------------------------------------------------------------------------------------

FORBIDDEN_CLASSES = re.compile(
    r"hostile|reaction|negativ|dissent|extrem|oppos|anti|rebel|subver|propagand|distort|incite|sensitive|toxic|hate|"
    r"politic|regime|state_enemy|religio|ethnic|person$|author|thu_dich|phan_dong|chong_doi|tieu_cuc|xuyen_tac|nhay_cam"
)


def test_no_class_names_a_stance_a_group_or_a_person() -> None:
    words = [member.value for listed in (RiskClass, TextKind, Field) for member in listed]
    assert [word for word in words if FORBIDDEN_CLASSES.search(word)] == []


def test_the_risk_list_is_exactly_this() -> None:
    assert set(RiskClass) == {
        "scam_link",
        "impersonation",
        "forged_document",
        "false_emergency",
        "exposed_personal_data",
        "threat_of_violence",
        "reported_defamation",
    }


async def test_the_database_knows_no_other_class(firewall: Firewall) -> None:
    for word in ("hostile", "reactionary", "negative", "defamation", ""):
        await firewall.refuses("ck_legal_risk_cases_risk_class", firewall.case(word))
        await firewall.refuses("ck_label_history_kind", firewall.label(word))


async def test_false_information_needs_a_published_verdict(firewall: Firewall) -> None:
    await firewall.refuses("needs a claim|needs_claim", firewall.case("false_emergency"))
    for state, verdict in (("open", None), ("checked", "tin_gia"), ("published", "tin_xac_thuc")):
        claim = claim_row(firewall, state=state, verdict=verdict)
        await firewall.add(claim)
        await firewall.refuses("verdict has been published", firewall.case("false_emergency", claim_id=claim.id))
    claim = claim_row(firewall, state="published", verdict="tin_gia")
    await firewall.add(claim)
    await firewall.add(firewall.case("false_emergency", claim_id=claim.id))


async def test_defamation_is_reported_by_the_person_harmed(firewall: Firewall) -> None:
    await firewall.refuses("reported_by_harmed", firewall.case("reported_defamation"))
    await firewall.add(firewall.case("reported_defamation", reported_by_harmed=True))


@pytest.mark.mission("M09")
async def test_a_person_decides_with_a_reason(firewall: Firewall) -> None:
    now = firewall.clock.now()
    whole = {**DECIDED, "decided_at": now}
    for state in ("referred", "dismissed"):
        for lacking in ({}, {"decided_by": None}, {"reason": None}, {"reason": "ngắn"}, {"decided_at": None}):
            values = {**whole, **lacking} if lacking else {}
            await firewall.refuses("decided_by_a_person", firewall.case(state=state, **values))
    await firewall.add(firewall.case(state="referred", **whole))


def claim_row(firewall: Firewall, **more: Any) -> m.Claim:
    now = firewall.clock.now()
    values: dict[str, Any] = {
        "id": new_id(now),
        "text": "Hà Nội cấm xe máy từ mai",
        "created_at": now,
        "updated_at": now,
    }
    return m.Claim(**{**values, "evidence": [{"url": "https://hanoi.gov.vn/1"}], **more})


@pytest.mark.mission("M07", "M08")
async def test_an_unverified_or_unproved_verdict_cannot_be_made_public(firewall: Firewall) -> None:
    shown = [{"url": "https://hanoi.gov.vn/1"}]
    lacking: list[tuple[str | None, list[Any]]] = [("chua_xac_minh", shown), (None, shown), ("tin_gia", [])]
    for verdict, evidence in lacking:
        values: dict[str, Any] = {"verdict": verdict, "evidence": evidence}
        await firewall.refuses("published_with_evidence", claim_row(firewall, state="published", **values))
        await firewall.add(claim_row(firewall, state="checked", **values))
        await firewall.refused("published_with_evidence", "UPDATE claims SET state = 'published'")
    await firewall.add(claim_row(firewall, state="published", verdict="tin_xac_thuc", evidence=shown))


# --- no profiles of people -----------------------------------------------------------------------------------

NAMES_OF_PEOPLE = re.compile(
    r"author|handle|user|screen_name|nick|sharer|shared_by|phone|mobile|e?mail|address|cccd|cmnd|identity|citizen|"
    r"person|display_name|full_name|avatar|profile|birth|gender|sender|reporter|contact|ip$|ip_|device|cookie|fingerprint"
)
REVIEWED = {
    "people.subject": "the login of an official who works here",
    "people.display_name": "an official who works here",
    "people.email": "an official's own office address, where approvals are told",
    "role_grants.person_id": "an official who works here",
    "duty_rosters.person_id": "an official who works here",
    "pause_resumptions.person_id": "an official who works here",
    "notification_mails.person_id": "an official who works here",
    "notifications.person_id": "an official who works here, whom alone it is for",
    "watchdog_alerts.mailed_at": "when the city's own duty officers were told",
    "channels.address": "an official account of the city, checked by official_only",
    "mail_subscriptions.ciphertext": "the address a reader asked us to write to: sealed, and erased when it ends",
    "mail_subscriptions.key_hash": "the HMAC of it, by which it is found again; erased when it ends",
    "mail_subscriptions.domain_hash": "the HMAC of its provider's domain, to spread letters out; erased when it ends",
    "mail_suppressions.key_hash": "the HMAC of an address that we must not write to again",
    "push_subscriptions.ciphertext": "where a reader's browser asked to be told: sealed, deleted when it ends",
    "push_subscriptions.key_hash": "the HMAC of its endpoint, by which it is found again; deleted when it ends",
    "case_contacts.ciphertext": "who may be answered about a report: sealed, and deleted when its time has come",
    "report_recipients.email": "the address of an office that a paper is sent to, as the paper prints the office",
    "report_sendings.email": "where a paper went, as its proof: an office's address",
    "partners.contact_role": "the role that answers for a group or page, never a person: contact_by_role",
    "deliveries.handle": "what our own post is called by the platform; no person's handle",
}


@pytest.mark.mission("M37", "M26")
def test_no_column_can_name_who_wrote_shared_or_reported() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if NAMES_OF_PEOPLE.search(column.name) and f"{table.name}.{column.name}" not in REVIEWED
    }
    assert found == set()


@pytest.mark.mission("M37")
async def test_the_database_has_no_column_beyond_those_that_were_walked(db: Database) -> None:
    declared = {(t.name, c.name) for t in Base.metadata.sorted_tables for c in t.columns}
    async with db.transaction() as session:
        rows = await session.execute(
            text(
                "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
                "AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'"
            )
        )
        assert {tuple(row) for row in rows} == declared


@pytest.mark.mission("M37")
def test_every_reviewed_column_still_exists() -> None:
    declared = {f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in t.columns}
    assert set(REVIEWED) - declared == set()


@pytest.mark.mission("M26", "M37")
async def test_only_official_accounts_are_channels(make: Make, db_as: DatabaseAs) -> None:
    channel = await make.channel()
    for kind in ("private", "personal", "student", ""):
        with pytest.raises(DBAPIError, match="official_only"):
            async with db_as("publish").transaction() as session:
                await session.execute(text("UPDATE channels SET owner_kind = :kind"), {"kind": kind})
    with pytest.raises(DBAPIError, match="official_only"):
        await make.channel("facebook", owner_kind="private")
    assert channel.owner_kind == "official"
