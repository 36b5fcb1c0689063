"""What is believed of a hub, what is asked of it next, and where feeds name it."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.models.rhythm import SubscriptionState as S
from services.ingest.websub.discovery import Hub, find_hub
from services.ingest.websub.rules import HubKeys, Standing, Step, is_signed, judge_intent, lease_of, next_step

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)
URL = "https://bao.vn/tin/rss.xml"
FOUND = Hub("https://hub.vn/", "https://bao.vn/rss.xml")

FEEDS = {
    "headers": ({"Link": '<https://hub.vn/>; rel="hub", <https://bao.vn/rss.xml>; rel="self"'}, b""),
    "headers, unquoted and relative": ({"link": "<https://hub.vn/>; rel=hub,</rss.xml>;rel=self"}, b""),
    "atom": (
        {},
        b"<feed xmlns='http://www.w3.org/2005/Atom'><link rel='hub' href='https://hub.vn/'/>"
        b"<link href='/rss.xml' rel='self'/></feed>",
    ),
    "rss": (
        {},
        b'<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>https://bao.vn/</link>'
        b'<atom:link rel="hub" href="https://hub.vn/" /><atom:link rel="self" href="https://bao.vn/rss.xml"/>',
    ),
    "json feed": (
        {},
        b'{"version":"https://jsonfeed.org/version/1.1","feed_url":"https://bao.vn/rss.xml",'
        b'"hubs":[{"type":"rssCloud","url":"https://x/"},{"type":"WebSub","url":"https://hub.vn/"}]}',
    ),
    "headers go first": (
        {"Link": '<https://hub.vn/>; rel="hub"'},
        b"<link rel='hub' href='https://other.vn/'/><link rel='self' href='https://bao.vn/rss.xml'/>",
    ),
    "two words": (
        {"Link": '<https://hub.vn/>; rel="hub self2", <https://bao.vn/rss.xml>; title="a, b"; rel="self"'},
        b"",
    ),
}


@pytest.mark.parametrize("case", FEEDS)
def test_where_a_feed_names_its_hub(case: str) -> None:
    assert find_hub(*FEEDS[case], URL) == FOUND


NO_HUB = {
    "nothing": b"<rss><channel><title>hub</title></channel></rss>",
    "no name of its own": b"<link rel='hub' href='https://hub.vn/'/>",
    "no web address": b"<link rel='hub' href='javascript:alert(1)'/><link rel='self' href='/rss.xml'/>",
    "broken address": b"<link rel='hub' href='https://[hub/'/><link rel='self' href='/rss.xml'/>",
    "broken json": b'{"hubs": [{"type": "WebSub", "url": 1',
    "odd json": b'{"hubs": [1, {"type": "WebSub"}]}',
    "never ends": b"<link rel='hub' " + b"a='b' " * 40_000,
    "many beginnings": b"<link hub " * 25_000,
}


@pytest.mark.parametrize("case", NO_HUB)
def test_what_names_none(case: str) -> None:
    assert find_hub({}, NO_HUB[case], URL) is None


def test_secrets_and_addresses_are_derived_and_differ() -> None:
    keys = HubKeys(b"k" * 32)
    assert keys.secret(ONE) != keys.secret(OTHER) != HubKeys(b"l" * 32).secret(OTHER)
    assert len(keys.token(ONE)) == 32
    assert keys.is_token(ONE, keys.token(ONE))
    assert not keys.is_token(OTHER, keys.token(ONE))
    assert not keys.is_token(ONE, "đoán")
    assert "k" * 32 not in repr(keys)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_of_each_method_counts_for_its_body_alone(method: str) -> None:
    made = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()
    assert is_signed(f"{method}={made}", b"body", "secret")
    assert is_signed(f"{method}={made.upper()}", b"body", "secret")
    assert not is_signed(f"{method}={made}", b"body ", "secret")
    assert not is_signed(f"{method}={made[:-1]}", b"body", "secret")
    assert not is_signed(f"md5={made}", b"body", "secret")


@pytest.mark.parametrize("header", [None, "", "sha256", "sha256=", "=", "sha256=é", "md5=" + "0" * 32, "none=x"])
def test_what_is_no_signature(header: str | None) -> None:
    assert not is_signed(header, b"body", "secret")


def asked(mode: str, topic: str = "t", **more: str) -> dict[str, str]:
    return {"hub.mode": mode, "hub.topic": topic, "hub.challenge": "c"} | more


@pytest.mark.parametrize(
    ("state", "form", "answer"),
    [
        (S.ASKED, asked("subscribe"), "subscribed"),
        (S.ACTIVE, asked("subscribe"), "subscribed"),
        (S.WANTED, asked("subscribe"), "refused"),
        (S.LEAVING, asked("subscribe"), "refused"),
        (S.ENDED, asked("subscribe"), "refused"),
        (S.ASKED, asked("subscribe", "another"), "refused"),
        (S.ASKED, {"hub.mode": "subscribe", "hub.topic": "t"}, "refused"),
        (S.ACTIVE, asked("unsubscribe"), "refused"),
        (S.LEAVING, asked("unsubscribe"), "left"),
        (S.ASKED, {"hub.mode": "denied", "hub.topic": "t"}, "denied"),
        (S.ASKED, {}, "refused"),
    ],
)
def test_only_what_we_asked_for_is_confirmed(state: S, form: dict[str, str], answer: str) -> None:
    assert judge_intent(Standing(state, "t", NOW, True), form, NOW) == answer


def test_what_was_asked_long_ago_or_for_a_retired_source_is_not_confirmed() -> None:
    form = asked("subscribe")
    assert judge_intent(Standing(S.ACTIVE, "t", NOW - timedelta(days=2), True), form, NOW) == "refused"
    assert judge_intent(Standing(S.ACTIVE, "t", None, True), form, NOW) == "refused"
    assert judge_intent(Standing(S.ACTIVE, "t", NOW, False), form, NOW) == "refused"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("86400", 86400), ("", 1000), ("-5", 1000), ("1", 300), ("9" * 30, 60 * 86400), ("ba", 1000)],
)
def test_the_lease_is_the_hubs_within_measure(told: str, seconds: int) -> None:
    assert lease_of({"hub.lease_seconds": told}, timedelta(seconds=1000)) == timedelta(seconds=seconds)


LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("state", "active", "failures", "ends", "step"),
    [
        (S.WANTED, True, 0, None, Step("subscribe", S.ASKED)),
        (S.ACTIVE, True, 0, LATER, Step("subscribe", S.ACTIVE)),
        (S.ACTIVE, True, 3, BEFORE, Step("subscribe", S.ASKED)),
        (S.DENIED, True, 3, None, Step("subscribe", S.ASKED)),
        (S.ACTIVE, False, 0, LATER, Step("unsubscribe", S.LEAVING)),
        (S.ASKED, False, 0, None, Step(None, S.ENDED)),
        (S.LEAVING, False, 4, LATER, Step("unsubscribe", S.LEAVING)),
        (S.LEAVING, False, 5, LATER, Step(None, S.ENDED)),
        (S.LEAVING, True, 0, BEFORE, Step(None, S.ENDED)),
    ],
)
def test_what_is_asked_next(state: S, active: bool, failures: int, ends: datetime | None, step: Step) -> None:
    assert next_step(state, is_source_active=active, failures=failures, lease_ends_at=ends, now=NOW) == step
