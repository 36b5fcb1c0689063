"""Tokens as platforms rotate them: with a grace, dead at once, or with a theft in mind."""

from datetime import datetime, timedelta

import pytest

from sandbox.clock import VirtualClock
from sandbox.tokens import Kind, Policy, Reason, TokenRefused, Tokens, Which

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock() -> VirtualClock:
    made = VirtualClock()
    made.freeze()
    return made


def tokens(clock: VirtualClock, **policy: object) -> Tokens:
    return Tokens(clock, Policy(**{"access": HOUR, "refresh": 90 * DAY, **policy}))  # type: ignore[arg-type]


def refusal(of: Tokens, token_id: str, kind: Kind = Kind.ACCESS) -> Reason | None:
    try:
        of.check(token_id, kind)
    except TokenRefused as refused:
        return refused.reason
    return None


def test_an_access_token_lives_as_long_as_the_policy_says(clock: VirtualClock) -> None:
    made = tokens(clock)
    access = made.open("a").access
    clock.advance(HOUR - timedelta(microseconds=1))
    assert made.check(access.id).account == "a"
    clock.advance(timedelta(microseconds=1))
    assert refusal(made, access.id) is Reason.EXPIRED


def test_one_kind_is_not_the_other(clock: VirtualClock) -> None:
    made = tokens(clock)
    pair = made.open("a")
    assert pair.refresh
    assert refusal(made, pair.refresh.id) is Reason.UNKNOWN
    assert refusal(made, pair.access.id, Kind.REFRESH) is Reason.UNKNOWN
    assert refusal(made, "la", Kind.REFRESH) is Reason.UNKNOWN


def test_without_grace_a_used_token_is_dead_at_once(clock: VirtualClock) -> None:
    """A lost answer to a refresh locks the account out: the old one is dead and nobody knows the new one."""
    made = tokens(clock)
    first = made.open("a").refresh
    assert first
    second = made.rotate(first.id).refresh
    with pytest.raises(TokenRefused) as refused:
        made.rotate(first.id)
    assert refused.value.reason is Reason.USED
    assert second
    assert made.rotate(second.id).refresh


def test_within_the_grace_a_repeat_leads_to_the_same_successor(clock: VirtualClock) -> None:
    made = tokens(clock, grace=2 * HOUR)
    first = made.open("a").refresh
    assert first
    second = made.rotate(first.id)
    clock.advance(2 * HOUR - timedelta(seconds=1))
    again = made.rotate(first.id)
    assert again.refresh == second.refresh
    assert again.access != second.access
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenRefused) as refused:
        made.rotate(first.id)
    assert refused.value.reason is Reason.USED


def test_the_grace_never_makes_a_token_older_than_it_may_be(clock: VirtualClock) -> None:
    made = tokens(clock, refresh=DAY, grace=2 * HOUR)
    first = made.open("a").refresh
    assert first
    clock.advance(DAY - HOUR)
    made.rotate(first.id)
    clock.advance(HOUR)
    assert refusal(made, first.id, Kind.REFRESH) is Reason.USED


def test_a_stolen_token_ends_the_family_and_no_other(clock: VirtualClock) -> None:
    made = tokens(clock, reuse_ends_family=True)
    first, other = made.open("a"), made.open("a")
    assert first.refresh
    assert other.refresh
    second = made.rotate(first.refresh.id)
    with pytest.raises(TokenRefused):
        made.rotate(first.refresh.id)
    assert second.refresh
    assert refusal(made, second.refresh.id, Kind.REFRESH) is Reason.REVOKED
    assert refusal(made, second.access.id) is Reason.REVOKED
    assert refusal(made, other.access.id) is None


def test_a_reusable_token_stays_the_same_and_a_platform_may_have_none(clock: VirtualClock) -> None:
    reusable = tokens(clock, rotates=False)
    first = reusable.open("a").refresh
    assert first
    assert reusable.rotate(first.id).refresh == reusable.rotate(first.id).refresh == first
    bare = tokens(clock, access=None, refresh=None)
    pair = bare.open("a")
    clock.advance(3650 * DAY)
    assert (pair.refresh, refusal(bare, pair.access.id)) == (None, None)


@pytest.mark.parametrize(
    ("which", "access", "refresh"),
    [(Which.ACCESS, Reason.EXPIRED, None), (Which.REFRESH, None, Reason.EXPIRED), (Which.ALL, *[Reason.EXPIRED] * 2)],
)
def test_tokens_of_an_account_end_when_told(
    clock: VirtualClock, which: Which, access: Reason | None, refresh: Reason | None
) -> None:
    made = tokens(clock)
    pair, other = made.open("a"), made.open("b")
    assert pair.refresh
    assert made.end("a", which) == (2 if which is Which.ALL else 1)
    assert refusal(made, pair.access.id) is access
    assert refusal(made, pair.refresh.id, Kind.REFRESH) is refresh
    assert refusal(made, other.access.id) is None


def test_a_logout_ends_its_own_token(clock: VirtualClock) -> None:
    made = tokens(clock)
    pair = made.open("a")
    assert pair.refresh
    made.forget(pair.refresh.id)
    assert refusal(made, pair.refresh.id, Kind.REFRESH) is Reason.REVOKED
    assert refusal(made, pair.access.id) is None


def test_times_are_the_sandboxs(clock: VirtualClock) -> None:
    clock.reset(datetime.fromisoformat("2027-01-01T00:00:00+07:00"))
    clock.freeze()
    access = tokens(clock).open("a").access
    assert access.issued_at.isoformat()[:16] == "2026-12-31T17:00"
    assert access.expires_at == access.issued_at + HOUR
