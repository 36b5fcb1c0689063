"""The cryptography of web push by the RFCs' own vectors, tokens by a verifier of their kind, and what answers mean."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from libs.common.cli.main import build
from services.publish.push import rules
from services.publish.push.encryption import (
    MOST_PLAINTEXT,
    RECORD,
    BrowserKeys,
    KeyInvalid,
    PlaintextTooLong,
    _coded,
    _derived,
    encrypt,
)
from services.publish.push.endpoints import EndpointRefused, PushServices
from services.publish.push.rules import Accepted, Gone, Later, Refused
from services.publish.push.vapid import Vapid, VapidKeyInvalid, b64, new_private_key, unb64
from services.publish.settings import PushSettings
from tests.publish.pushing import SUBJECT, VAPID_KEY

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
RECEIVER = BrowserKeys(
    unb64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
    unb64("BTBZMqHH6r4Tts7J_aSIgg"),
)


def test_the_vector_of_rfc_8291() -> None:
    """Appendix A."""
    ours = ec.derive_private_key(
        int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    sent = encrypt(b"When I grow up, I want to be a watermelon", RECEIVER, unb64("DGv6ra1nlYgDCS1FRnbzlw"), ours)
    assert b64(sent) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_vector_of_rfc_8188() -> None:
    """Section 3.1: the coding alone, under a key that is given."""
    sent = _coded(b"I am the walrus", unb64("yqdlZ-tYemfogSmv7Ws5PQ"), unb64("I1BsxtFttlv3u_Oo94xnmw"), b"")
    assert b64(sent) == "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"
    assert len(_derived(b"salt", b"secret", b"info", 16)) == 16


def test_the_longest_message_fills_the_record() -> None:
    assert MOST_PLAINTEXT == 3993
    assert len(encrypt(b"x" * MOST_PLAINTEXT, RECEIVER)) == RECORD
    with pytest.raises(PlaintextTooLong):
        encrypt(b"x" * (MOST_PLAINTEXT + 1), RECEIVER)


def test_no_two_messages_are_alike() -> None:
    assert len({encrypt(b"x", RECEIVER) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [(b"", b"a" * 16), (b"\x04" * 65, b"a" * 16), (RECEIVER.p256dh, b"a" * 15), (RECEIVER.p256dh[:33], b"a" * 16)],
)
def test_keys_that_are_none(p256dh: bytes, auth: bytes) -> None:
    with pytest.raises(KeyInvalid):
        BrowserKeys(p256dh, auth)


# --- tokens ---


def test_a_token_names_the_push_service_and_lasts_less_than_a_day() -> None:
    vapid = Vapid.of(SecretStr(VAPID_KEY), SUBJECT)
    header = vapid.authorization("https://fcm.googleapis.com", NOW)
    scheme, _, rest = header.partition(" ")
    told = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, told["k"]) == ("vapid", vapid.public_text)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(told["k"]))
    token = jwt.decode(told["t"], ECKey.import_key(public), algorithms=["ES256"])
    assert token.header == {"typ": "JWT", "alg": "ES256"}
    assert token.claims["aud"] == "https://fcm.googleapis.com"
    assert token.claims["sub"] == SUBJECT
    assert 0 < token.claims["exp"] - NOW.timestamp() <= 86_400
    assert vapid.authorization("https://fcm.googleapis.com", NOW + timedelta(hours=10)) == header
    assert vapid.authorization("https://fcm.googleapis.com", NOW + timedelta(hours=11, minutes=30)) != header
    assert vapid.authorization("https://web.push.apple.com", NOW) != header


def test_the_key_is_told_by_nothing() -> None:
    vapid = Vapid.of(SecretStr(VAPID_KEY), SUBJECT)
    assert VAPID_KEY not in repr(vapid)
    for wrong in ("", "ngắn", "AAAA", "A" * 43, VAPID_KEY + "AA", VAPID_KEY[:-2]):
        with pytest.raises(VapidKeyInvalid) as refused:
            Vapid.of(SecretStr(wrong), SUBJECT)
        assert not wrong or wrong not in str(refused.value)


def test_a_subscription_is_found_by_the_key_pair_it_was_made_for() -> None:
    first, other = (Vapid.of(SecretStr(key), SUBJECT) for key in (VAPID_KEY, new_private_key()))
    assert first.digest("https://x/1") == Vapid.of(SecretStr(VAPID_KEY), "https://a.vn").digest("https://x/1")
    assert len({first.digest("https://x/1"), first.digest("https://x/2"), other.digest("https://x/1")}) == 3


def test_a_key_pair_is_made_by_a_verb() -> None:
    made = CliRunner().invoke(build(), ["push", "new-key", "--json"])
    assert made.exit_code == 0, made.output
    told = json.loads(made.output)
    assert Vapid.of(SecretStr(told["private"]), SUBJECT).public_text == told["public"]


@pytest.mark.parametrize(
    "told",
    [
        {"vapid_private_key": VAPID_KEY},
        {"vapid_private_key": VAPID_KEY, "subject": "truc-ban@tin.example.vn"},
        {"vapid_private_key": VAPID_KEY, "subject": "mailto:khong-phai-thu"},
        {"vapid_private_key": "AAAA", "subject": SUBJECT},
        {"services": ["https://fcm.googleapis.com"]},
        {"services": ["*"]},
        {"services": ["http://10.0.0.1:80"]},
        {"services": ["*.com.*"]},
    ],
)
def test_settings_that_cannot_work_are_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PushSettings.model_validate(told)


# --- where to ---


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:APA91", "https://fcm.googleapis.com"),
        ("https://fcm.googleapis.com:443/fcm/send/abc", "https://fcm.googleapis.com"),
        ("https://updates.push.services.mozilla.com/wpush/v2/gAAAA", "https://updates.push.services.mozilla.com"),
        ("https://web.push.apple.com/QGx", "https://web.push.apple.com"),
        ("https://wns2-par02p.notify.windows.com/w/?token=BQ", "https://wns2-par02p.notify.windows.com"),
    ],
)
def test_push_services_are_known(endpoint: str, origin: str) -> None:
    assert PushServices(tuple(PushSettings().services)).origin_of(endpoint) == origin


@pytest.mark.parametrize(
    "endpoint", ["https://notify.windows.com/x", "https://xnotify.windows.com/x", "http://127.0.0.1:80/x"]
)
def test_and_nothing_beside_them(endpoint: str) -> None:
    with pytest.raises(EndpointRefused):
        PushServices(tuple(PushSettings().services)).origin_of(endpoint)


# --- what answers mean ---


@pytest.mark.parametrize("status", [200, 201, 202])
def test_taken(status: int) -> None:
    assert rules.verdict(status, None, 1, NOW) == Accepted(status)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 413, 422])
def test_refused(status: int) -> None:
    assert rules.verdict(status, "5", 1, NOW) == Refused(status)


@pytest.mark.parametrize("status", [404, 410])
def test_gone(status: int) -> None:
    assert rules.verdict(status, None, 3, NOW) == Gone()


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("0", 10),
        ("Tue, 24 Nov 2026 05:05:00 GMT", 300),
        ("999999999999", 86_400),
        ("mai", 10),
        (None, 10),
        ("-5", 10),
        ("Tue, 24 Nov 2020 05:05:00 GMT", 10),
    ],
)
def test_a_push_service_says_how_long_it_wants_rest(asked: str | None, seconds: int) -> None:
    assert rules.verdict(429, asked, 1, NOW) == Later(NOW + timedelta(seconds=seconds), 429, is_host=True)


def test_pauses_grow_to_an_hour() -> None:
    pauses = [rules.pause_after(tries) for tries in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    told = rules.verdict(503, None, 2, NOW)
    assert told == Later(NOW + pauses[1], 503)
