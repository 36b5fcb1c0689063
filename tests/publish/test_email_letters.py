"""Rules of the digest that need no server: when an issue closes, what a letter weighs, and what a token is good for."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from libs.common.logs import clean
from libs.common.mail import MailFailed, MailRefused, MailUnclear
from libs.common.models.readers import SendState
from libs.common.settings import MailSettings
from libs.common.web import Site
from services.publish.adapters.email import EmailDigest
from services.publish.readers import letters, rules
from services.publish.readers.keys import ReadersKeys
from services.publish.readers.letters import Issue, Sender, Signer
from services.publish.readers.rules import Due, Timetable
from services.publish.settings import ReadersSettings
from tests.publish.conformance.drafts import LONG, plain, unconnected
from tests.publish.readers import READERS_KEY

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
"""12:00 in Hà Nội, a Tuesday."""
KEYS = ReadersKeys.of(SecretStr(READERS_KEY))
ONE, TWO = UUID(int=7), UUID(int=8)
SITE = Site("https://tin.example.vn", "Bản tin", "Thành phố", "Tin", "1022")
SENDER = Sender(SITE, MailSettings(), ReadersSettings(sender="tin@tin.example.vn"), KEYS)


# --- when ---


@pytest.mark.parametrize(
    ("told", "last", "following"),
    [
        ({}, (23, 17), (24, 17)),
        ({"at": "12:00"}, (24, 12), (25, 12)),
        ({"at": "07:30", "days": [0]}, (23, 7), (30, 7)),
        ({"at": "17:00", "days": [1]}, (17, 17), (24, 17)),
        ({"at": "không phải giờ", "days": "nào"}, (23, 17), (24, 17)),
        ({"days": [9]}, (23, 17), (24, 17)),
    ],
)
def test_a_list_closes_at_its_hour_on_its_days(
    told: dict[str, Any], last: tuple[int, int], following: tuple[int, int]
) -> None:
    table = Timetable.of(told)
    assert [(at.day, at.hour) for at in (table.last(NOON), table.next(NOON))] == [last, following]
    assert table.at == time.fromisoformat(told["at"]) if told.get("at", "x")[0].isdigit() else table.at == time(17)


# --- what becomes of a letter that was not taken ---


@pytest.mark.parametrize(
    ("error", "age", "state", "code"),
    [
        (MailFailed("", 451, "4.7.1"), 0, SendState.QUEUED, "451 4.7.1"),
        (MailFailed("", 421), 71, SendState.QUEUED, "421"),
        (MailFailed("no way there"), 72, SendState.REFUSED, None),
        (MailRefused("", 550, "5.1.1"), 0, SendState.REFUSED, "550 5.1.1"),
        (MailUnclear("lost"), 0, SendState.UNCLEAR, None),
        (MailUnclear("lost"), 100, SendState.UNCLEAR, None),
    ],
)
def test_only_what_was_certainly_not_taken_goes_again(
    error: MailFailed, age: int, state: SendState, code: str | None
) -> None:
    found = rules.verdict(error, 1, NOON - timedelta(hours=age), NOON)
    assert (found.state, found.code) == (state, code)
    assert (found.not_before is not None) == (state == SendState.QUEUED)


def test_which_codes_end_a_subscription() -> None:
    assert [rules.is_gone(code) for code in ("550 5.1.1", "5.1.1", "550", "552 5.2.2", "550 5.7.1", None)] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert [rules.is_strike(code) for code in ("552 5.2.2", "550 5.7.1", "554", None)] == [True, False, False, False]


def test_letters_of_one_provider_are_spread_and_the_others_are_not_held_up() -> None:
    due = [Due(UUID(int=n), b"a" if n < 6 else b"b") for n in range(9)]
    go, wait = rules.spread(due, {b"a": 3}, per_domain=5, most=4)
    assert [one.int for one in go] == [0, 1, 6, 7]
    assert [one.int for one in wait] == [2, 3, 4, 5], "and 8 stays due"


# --- what a letter says and weighs ---


def issue(*items: dict[str, Any]) -> Issue:
    told = tuple({"kind": "news", **one} for one in items)
    return Issue("Bản tin hằng ngày", "hang-ngay", 12, NOON, False, told)


def payload(**changes: Any) -> dict[str, Any]:
    adapter = unconnected("email")
    assert isinstance(adapter, EmailDigest)
    return adapter.compose(plain(**changes)).payload


@pytest.mark.parametrize("word", LONG)
def test_the_heaviest_item_fits_a_letter_alone(word: str) -> None:
    heavy = payload(
        title=word, summary=word * 5, source_note=word * 5, unit_name="Sở & Ban " * 20, link="https://a.vn/" + "&" * 500
    )
    assert letters.fits(issue(heavy), SENDER)


def test_no_line_is_longer_than_mail_allows_and_all_of_it_is_ascii() -> None:
    words = {"title": "ệ" * 200, "summary": "W" * 3000, "link": "https://a.vn/" + "d" * 1500}
    raw = letters.written(issue(payload(**words)), SENDER, ONE, TWO, "an@mot.example", NOON)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n")


@given(title=st.text(min_size=1, max_size=120), lead=st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_nothing_an_editor_writes_becomes_a_header_or_a_tag(title: str, lead: str) -> None:
    hostile = {**payload(), "title": f"{title}\r\nBcc: x@y.example", "lead": f"{lead}<script>alert(1)</script>"}
    raw = letters.written(issue(hostile), SENDER, ONE, TWO, "an@mot.example", NOON)
    message = message_from_bytes(raw, policy=default)
    assert "Bcc" not in message
    assert sorted({name.lower() for name in message}) == sorted(HEADERS)
    body = message.get_body(("html",))
    assert body is not None
    assert "<script" not in body.get_content()


HEADERS = (
    "from to subject date message-id list-id list-unsubscribe list-unsubscribe-post auto-submitted precedence "
    "feedback-id content-type mime-version"
).split()


def test_the_same_letter_is_the_same_bytes() -> None:
    first, again = (letters.written(issue(payload()), SENDER, ONE, TWO, "an@mot.example", NOON) for _ in range(2))
    assert first == again
    assert letters.send_id(ONE, TWO) == letters.send_id(ONE, TWO) != letters.send_id(TWO, ONE)


def test_who_writes_and_how_to_refuse_stands_in_both_forms() -> None:
    told = letters.text_of(issue(payload()), SENDER, "https://tin.example.vn/nhan-tin/thoi/x")
    html = letters.html_of(issue(payload()), SENDER, "https://tin.example.vn/nhan-tin/thoi/x")
    for form in (told, html):
        for words in ("Thôi nhận", "/nhan-tin/thoi/x", "Thành phố", "1022", "đã đăng ký và xác nhận"):
            assert words in form


# --- tokens ---


def test_a_token_is_good_for_one_thing_and_for_one_reader() -> None:
    leaving, returned = KEYS.token("unsubscribe", ONE), KEYS.token("return", ONE)
    assert (KEYS.told_by("unsubscribe", leaving), KEYS.told_by("return", returned)) == (ONE, ONE)
    assert KEYS.told_by("return", leaving) is None
    assert KEYS.told_by("unsubscribe", returned) is None
    assert KEYS.confirmed(leaving, NOON) is None
    other = ReadersKeys.of(SecretStr(READERS_KEY + "x"))
    assert other.told_by("unsubscribe", leaving) is None
    assert len(f"b-{returned}") <= 64, "a local part"
    assert returned.isalnum()
    assert returned == returned.lower(), "mail servers change the case"
    assert KEYS.told_by("return", returned.upper()) == ONE


def test_every_changed_letter_of_a_token_makes_it_none() -> None:
    token = KEYS.confirm_token(ONE, NOON)
    assert KEYS.confirmed(token, NOON + timedelta(hours=47)) == ONE
    assert KEYS.confirmed(token, NOON + timedelta(hours=48)) is None
    for place in range(len(token)):
        changed = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        assert KEYS.confirmed(changed, NOON) is None


@given(st.text(max_size=80))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert KEYS.told_by("unsubscribe", text) is None
    assert KEYS.confirmed(text, NOON) is None


def test_an_address_is_found_again_in_either_case_and_not_from_its_hash() -> None:
    assert KEYS.hash_of("An@Mot.example ") == KEYS.hash_of("an@mot.example") != KEYS.hash_of("an@hai.example")
    assert KEYS.hash_of("an@mot.example") != ReadersKeys.of(SecretStr("y" * 40)).hash_of("an@mot.example")
    assert KEYS.domain_hash_of("an@mot.example") == KEYS.domain_hash_of("b@MOT.example")


def test_an_address_with_a_token_stands_in_no_log() -> None:
    for path in ("xac-nhan/" + KEYS.confirm_token(ONE, NOON), "thoi/" + KEYS.token("unsubscribe", TWO)):
        told = clean(f"GET https://tin.example.vn/nhan-tin/{path} failed")
        assert path.partition("/")[2] not in told
        assert "/nhan-tin/" in told


# --- the key that signs ---


def pem(key: Any) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return bytes(key.private_bytes(*form))


def weak_keys() -> dict[str, bytes]:
    return {
        "short": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        "other": pem(ed25519.Ed25519PrivateKey.generate()),
        "none": b"khong phai khoa",
    }


def test_a_weak_key_or_none_is_refused_at_the_start(tmp_path: Path) -> None:
    for name, written in weak_keys().items():
        path = tmp_path / f"{name}.pem"
        path.write_bytes(written)
        where = {"dkim_domain": "example.vn", "dkim_selector": "s1"}
        for key in ({"dkim_key_file": path}, {"dkim_key": SecretStr(written.decode())}):
            with pytest.raises(ValueError, match="dkim_key"):
                Signer.of(ReadersSettings.model_validate({**where, **key}))


def test_a_key_may_be_a_file_or_a_secret_and_stands_in_no_repr(dkim_key: Path) -> None:
    where = {"dkim_domain": "example.vn", "dkim_selector": "s1"}
    filed = Signer.of(ReadersSettings.model_validate({**where, "dkim_key_file": dkim_key}))
    told = Signer.of(ReadersSettings.model_validate({**where, "dkim_key": SecretStr(dkim_key.read_text())}))
    assert filed == told is not None
    assert "PRIVATE" not in repr(told)


def relaxed(name: str, value: str) -> bytes:
    """RFC 6376, 3.4.2, written here once more: the library that signs does not judge itself."""
    unfolded = re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip()
    return f"{name.lower()}:{unfolded}".encode()


def body_hash(body: bytes) -> str:
    """RFC 6376, 3.4.4: no space at the end of a line, no empty lines at the end."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    plain = b"\r\n".join(lines).rstrip(b"\r\n")
    return b64encode(sha256(plain + b"\r\n").digest()).decode()


def test_the_signature_holds_by_the_words_of_the_standard(dkim_key: Path) -> None:
    where = {"dkim_domain": "example.vn", "dkim_selector": "s1", "dkim_key_file": dkim_key}
    told = ReadersSettings.model_validate({**where, "sender": "tin@tin.example.vn", "reply_to": "hoi@example.vn"})
    sender = Sender(SITE, MailSettings(), told, KEYS, Signer.of(told))
    raw = letters.written(issue(payload()), sender, ONE, TWO, "an@mot.example", NOON)
    head, _, body = raw.partition(b"\r\n\r\n")
    found = [line.partition(":") for line in re.split(r"\r\n(?![ \t])", head.decode())]
    headers = {name.lower(): value for name, _, value in found}
    signature = headers["dkim-signature"]
    tags = dict(tag.strip().partition("=")[::2] for tag in re.sub(r"\s", "", signature).strip(";").split(";"))
    assert (tags["d"], tags["s"], tags["c"], tags["a"]) == ("example.vn", "s1", "relaxed/relaxed", "rsa-sha256")
    assert tags["bh"] == body_hash(body)
    names = tags["h"].split(":")
    assert {"from", "to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post", "reply-to"} <= set(names)
    once = dict.fromkeys(name for name in names if name in headers)
    signed = b"".join(relaxed(name, headers[name]) + b"\r\n" for name in once)
    unsigned = re.sub(r"(b=)[^;]*$", r"\1", signature.rstrip())
    key = load_pem_private_key(dkim_key.read_bytes(), None).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(tags["b"]), signed + relaxed("dkim-signature", unsigned), PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "told",
    [
        {"key": "ngắn"},
        {"dkim_domain": "example.vn"},
        {"dkim_domain": "example.vn", "dkim_selector": "s1", "dkim_key_file": "k", "dkim_key": "k"},
        {"bounce_domain": "tra.example.vn"},
        {"returns_token": "x" * 40},
        {"sender": "khong phai dia chi"},
        {"bounce_domain": "a b", "returns_token": "x" * 40},
    ],
)
def test_settings_that_are_half_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReadersSettings(**told)


def test_nothing_is_signed_by_default() -> None:
    assert Signer.of(ReadersSettings()) is None
    assert not SENDER.may_send
