"""What the hub takes and what it doesn't; leases, pauses, addresses and signatures."""

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from libs.common.models.bulletin import HubMode, HubTopic
from services.publish.hub import rules

TOPIC = "https://tin.example.vn/feed.rss"
ADDRESSES = {TOPIC: HubTopic.RSS}
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": "https://nghe.example.vn/nhan?so=1"}


def wish(plain: bool = False, **changes: str) -> rules.Wish:
    return rules.wish_of(urlencode(GOOD | changes).encode(), ADDRESSES, may_be_plain=plain)


def test_a_whole_wish() -> None:
    made = wish(**{"hub.secret": "s" * 199, "hub.lease_seconds": "86400", "hub.else": "x"})
    assert (made.mode, made.topic, made.host) == (HubMode.SUBSCRIBE, HubTopic.RSS, "nghe.example.vn")
    assert (made.secret, made.lease) == ("s" * 199, timedelta(days=1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hub.mode", "publish"),
        ("hub.mode", ""),
        ("hub.topic", "https://tin.example.vn/"),
        ("hub.topic", "https://khac.example.vn/feed.rss"),
        ("hub.callback", ""),
        ("hub.callback", "http://nghe.example.vn/"),
        ("hub.callback", "ftp://nghe.example.vn/"),
        ("hub.callback", "https://ten:mat@nghe.example.vn/"),
        ("hub.callback", "https://nghe.example.vn/#khuc"),
        ("hub.callback", "https://nghe.example.vn/\r\nX: y"),
        ("hub.callback", "https://nghe.example.vn:99999/"),
        ("hub.callback", "https:///nhan"),
        ("hub.callback", "https://[::1"),
        ("hub.callback", "https://nghe.example.vn/" + "x" * 2000),
        ("hub.secret", "s" * 200),
        ("hub.secret", "ă" * 100),
    ],
)
def test_what_is_not_taken_is_told_by_its_field(field: str, value: str) -> None:
    with pytest.raises(rules.NotTaken, match=field):
        wish(**{field: value})


def test_plain_http_only_where_all_of_outside_is_played() -> None:
    assert wish(plain=True, **{"hub.callback": "http://127.0.0.1:9/x"}).host == "127.0.0.1"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a=1" for _ in range(50)), b""])
def test_a_form_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(rules.NotTaken, match=r"hub\.mode"):
        rules.wish_of(body, ADDRESSES, may_be_plain=False)


@pytest.mark.parametrize(
    ("told", "lease"),
    [
        ("", timedelta(days=10)),
        ("0", timedelta(days=10)),
        ("-5", timedelta(days=10)),
        ("nine", timedelta(days=10)),
        ("١٢٣٤٥", timedelta(days=10)),
        ("1", timedelta(minutes=10)),
        ("86400", timedelta(days=1)),
        ("9" * 400, timedelta(days=30)),
    ],
)
def test_leases_keep_within_bounds(told: str, lease: timedelta) -> None:
    assert rules.lease_of(told) == lease


def test_what_the_callback_asked_for_stays_in_its_address() -> None:
    url = rules.asking("https://nghe.example.vn/nhan?so=1&x=%20", "subscribe", TOPIC, "thử", timedelta(days=1))
    parts = urlsplit(url)
    assert parts.query.startswith("so=1&x=%20&")
    told = dict(parse_qsl(parts.query))
    assert (told["hub.topic"], told["hub.challenge"], told["hub.lease_seconds"]) == (TOPIC, "thử", "86400")
    bare = rules.asking("https://nghe.example.vn/nhan", "unsubscribe", TOPIC, "c", timedelta(days=1))
    assert dict(parse_qsl(urlsplit(bare).query)) == {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "c",
    }


def test_signed_with_the_secret_over_the_body_as_it_is() -> None:
    body = b"tin\n"
    assert rules.signature(body, "bí mật") == "sha256=" + hmac.digest("bí mật".encode(), body, hashlib.sha256).hex()


def test_pauses_double_to_an_hour() -> None:
    pauses = [rules.pause_after(failures).total_seconds() for failures in (1, 2, 3, 9, 10, 29)]
    assert pauses == [10, 20, 40, 2560, 3600, 3600]
    whole = sum(rules.pause_after(failures).total_seconds() for failures in range(1, rules.MOST_FAILURES))
    assert 18 * 3600 < whole < 30 * 3600
