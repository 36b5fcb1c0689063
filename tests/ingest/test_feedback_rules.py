"""The rules of feedback without a database: steps, reopening, codes, seals, routes, counts by place."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from libs.common import working_time
from libs.common.envelope import RowUnreadable, RowVault
from libs.common.models.enums import PROTECTED_KINDS, CaseState, Field, TextKind, Urgency
from libs.common.units import load_register, load_units
from services.ingest.feedback import codes, lifecycle, routing
from services.ingest.feedback.catalogue import catalogue
from services.ingest.feedback.codes import DigestKey
from services.ingest.feedback.contacts import without_sender
from services.ingest.feedback.lifecycle import Action, Standing, after
from services.ingest.feedback.reading import ward_named

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
LIMITS = working_time.load().limits
CASE, OTHER = UUID(int=1), UUID(int=2)
KEY, NEXT = SecretStr("k" * 32), SecretStr("n" * 32)
STEPS = [one for one in Action if one in lifecycle._AFTER]


# --- steps --------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_whatever_is_tried_a_case_lives_by_its_order(tried: list[Action]) -> None:
    state, taken = CaseState.RECEIVED, list[Action]()
    for action in tried:
        following = after(state, action)
        if following is None:
            continue
        assert state is not CaseState.MERGED, "nothing follows a merge"
        round_ = taken[max((n + 1 for n, one in enumerate(taken) if one is Action.REOPENED), default=0) :]
        if action in (Action.STARTED, Action.ANSWERED):
            assert Action.ACCEPTED in round_, "nobody answers what nobody accepted"
        if action is Action.CLOSED:
            assert Action.ANSWERED in round_, "nothing closes unanswered"
        if action is Action.REOPENED:
            assert state in lifecycle.FINISHED
        if following in lifecycle.UNACCEPTED:
            assert Action.ACCEPTED not in round_ or action is Action.REOPENED
        state = following
        taken.append(action)


def test_passing_a_case_round_does_not_stop_its_clock() -> None:
    assert after(CaseState.RECEIVED, Action.FORWARDED) is CaseState.RECEIVED
    assert after(CaseState.REOPENED, Action.FORWARDED) is CaseState.REOPENED
    assert after(CaseState.IN_PROGRESS, Action.FORWARDED) is CaseState.ASSIGNED


def standing(state: CaseState = CaseState.ANSWERED, **more: object) -> Standing:
    told: dict[str, object] = {
        "state": state, "urgency": Urgency.NORMAL, "received_at": NOW, "accept_due_at": NOW + timedelta(hours=8),
        "due_at": None, "finished_at": NOW,
    }  # fmt: skip
    return Standing(**(told | more))  # type: ignore[arg-type]


@pytest.mark.mission("M10")
def test_a_sender_may_reopen_within_days_and_not_for_ever() -> None:
    last = NOW + timedelta(days=LIMITS.reopen_days)
    assert lifecycle.may_reopen(standing(), LIMITS, last)
    assert not lifecycle.may_reopen(standing(), LIMITS, last + timedelta(seconds=1))
    assert lifecycle.may_reopen(standing(reopened=LIMITS.reopen_times - 1), LIMITS, NOW)
    assert not lifecycle.may_reopen(standing(reopened=LIMITS.reopen_times), LIMITS, NOW)
    for state in set(CaseState) - lifecycle.FINISHED:
        assert not lifecycle.may_reopen(standing(state), LIMITS, NOW)


@pytest.mark.mission("M10")
def test_overdue_is_what_nobody_accepted_or_dealt_with_in_time() -> None:
    late = NOW + timedelta(days=1)
    for state in CaseState:
        assert lifecycle.is_unaccepted_too_long(standing(state), late) is (state in lifecycle.UNACCEPTED)
        assert lifecycle.is_undone_too_long(standing(state, due_at=NOW), late) is (state in lifecycle.OPEN)
        assert not lifecycle.is_overdue(standing(state, due_at=NOW), NOW)


def test_a_changed_urgency_gives_nobody_more_time() -> None:
    clocks = working_time.load()
    four = clocks.due_times(NOW, urgent=True).handle_by
    became = lifecycle.due_after_change(standing(), Urgency.URGENT, None, clocks, NOW)
    assert became == four
    soon = standing(due_at=NOW + timedelta(minutes=5))
    assert lifecycle.due_after_change(soon, Urgency.URGENT, None, clocks, NOW) == soon.due_at
    later = NOW + timedelta(days=5)
    normal = lifecycle.due_after_change(standing(), Urgency.NORMAL, "rac-thai", clocks, later)
    assert normal == clocks.due_times(NOW, urgent=False, service_code="rac-thai").handle_by


def test_away_from_criticism_takes_a_second_person_for_ever() -> None:
    for before in TextKind:
        for to in TextKind:
            needed = lifecycle.needs_second_person(before, to, was_relabelled=False)
            assert needed is (before in PROTECTED_KINDS and to not in PROTECTED_KINDS)
    assert lifecycle.needs_second_person(TextKind.QUESTION, TextKind.PRAISE, was_relabelled=True)


# --- codes and seals ----------------------------------------------------------------------------------------


def test_codes_are_long_random_and_easy_to_copy() -> None:
    made = {codes.new_code() for _ in range(500)}
    assert len(made) == 500
    for code in made:
        letters = codes.normal(code)
        assert letters is not None
        assert len(letters) == 10
        assert not set(letters) & set("ILOU")
        assert codes.normal(f" {code.lower()} ") == letters


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("oIl2345678", "0112345678"), ("abcde fghjk", "ABCDEFGHJK"), ("ABCDEFGHJU", None), ("ABC", None), ("", None)],
)
def test_what_was_typed(typed: str, meant: str | None) -> None:
    assert codes.normal(typed) == meant


def test_a_code_fits_its_own_case_and_key_alone() -> None:
    old, new = DigestKey.of(KEY), DigestKey.of(NEXT)
    code = codes.new_code()
    digest = old.of_code(CASE, codes.normal(code) or "")
    assert codes.fits([old], old.id, CASE, code, digest)
    assert codes.fits([new, old], old.id, CASE, code, digest)
    assert not codes.fits([old], old.id, OTHER, code, digest)
    assert not codes.fits([new], old.id, CASE, code, digest)
    assert not codes.fits([old], old.id, CASE, codes.new_code(), digest)
    assert not codes.fits([old], old.id, CASE, "", old.of_code(CASE, "0" * 10))
    assert "k" * 8 not in repr(old)


def contact_vault(key: SecretStr, old: Sequence[SecretStr] = ()) -> RowVault:
    return RowVault("case", b"lantoa-contacts", key, old)


def test_a_contact_opens_for_its_case_with_its_key_also_after_a_new_one() -> None:
    contact = {"name": "Trần Thị Gieo", "email": "gieo@example.vn"}
    before, now = contact_vault(KEY), contact_vault(NEXT, [KEY])
    sealed = before.seal(CASE, contact)
    assert b"gieo" not in sealed
    assert before.open(CASE, sealed) == now.open(CASE, sealed) == contact
    assert before.key_id != now.key_id
    for vault, case, row in (
        (contact_vault(NEXT), CASE, sealed),
        (before, OTHER, sealed),
        (before, CASE, sealed[:-4] + b"AAAA"),
        (before, CASE, b""),
        (before, CASE, b"e30.a.b.c.d"),
    ):
        with pytest.raises(RowUnreadable) as told:
            vault.open(case, row)
        assert "Gieo" not in str(told.value)


@pytest.mark.mission("M37")
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Tôi là TRẦN  THỊ GIEO, gửi lại.", "Tôi là [người gửi], gửi lại."),
        ("Kính gửi bà Gieo", "Kính gửi [người gửi]"),
        ("Gieo hạt ở vườn hoa", "Gieo hạt ở vườn hoa"),
        ("Bà Gieone bán hoa", "Bà Gieone bán hoa"),
        ("Gọi 0912 345 678", "Gọi [người gửi]"),
        ("gieo@example.vn.", "[người gửi]."),
    ],
)
def test_a_text_that_is_kept_does_not_name_its_sender(text: str, kept: str) -> None:
    contact = {"name": "Trần Thị Gieo", "phone": "0912 345 678", "email": "gieo@example.vn"}
    assert without_sender(text, contact) == kept
    assert without_sender(text, {"name": "An"}) == text


def test_a_short_key_is_refused_without_showing_it() -> None:
    for make in (contact_vault, DigestKey.of):
        with pytest.raises(ValueError, match="at least 32") as told:
            make(SecretStr("bimat"))
        assert "bimat" not in str(told.value)


# --- routes -------------------------------------------------------------------------------------------------

ROUTES = routing.load()


def test_every_route_leads_to_a_unit_that_is_there() -> None:
    today = NOW.date()
    there = {one.code for one in load_units() if one.valid_on(today)}
    named = {rule.department for rule in (*ROUTES.services.values(), *ROUTES.fields.values())} | {ROUTES.duty_desk}
    assert named - there == set()
    assert set(ROUTES.services) - {one.code for one in catalogue().services} == set()
    assert {one for one in Field if one not in ROUTES.fields} == {Field.KHAC}


@pytest.mark.mission("M10")
@pytest.mark.parametrize(
    ("service", "topic", "ward", "first"),
    [
        ("rac-thai", "moi_truong", "00070", "00070"),
        ("rac-thai", "moi_truong", None, "HN-SNNMT"),
        ("den-tin-hieu", "giao_thong", "00070", "HN-SXD"),
        (None, "giao_thong", "00070", "00070"),
        (None, "y_te", "00070", "HN-SYT"),
        (None, "giao_duc", None, "HN-SGDDT"),
        (None, "khac", "00070", "00070"),
        (None, None, "00070", "00070"),
        (None, "khac", None, "HN-VPUB"),
        (None, None, None, "HN-VPUB"),
    ],
)
def test_who_answers(service: str | None, topic: str | None, ward: str | None, first: str) -> None:
    found = ROUTES.units(service, topic, ward)
    assert found[0] == first
    assert found[-1] == "HN-VPUB"


def test_a_wrong_table_of_routes_stops_at_once(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    for wrong in ("first: somebody", "department: hn sxd"):
        file.write_text(f"duty_desk: HN-VPUB\nservices: {{}}\nfields: {{y_te: {{{wrong}}}}}\n", encoding="utf-8")
        with pytest.raises(ValueError, match="validation error"):
            routing.load(Path(file))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("Số 12 ngõ 5, phố Hàng Bài, phường Hoàn Kiếm, Hà Nội", "00070"),
        ("phuong Hoan Kiem", "00070"),
        ("Phường Hoàn Kiếm; gần hồ", "00070"),
        ("Hà Nội", None),
        ("trước cổng trường", None),
        ("", None),
    ],
)
def test_the_ward_that_a_place_names(place: str, code: str | None) -> None:
    assert ward_named(place, load_register(), NOW) == code
