"""Tokens that are signed by the right key and still not ours to believe: what is read strictly, and what is refused."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey, RSAKey

from libs.common.auth.tokens import MAX_CHARACTERS, TokenVerifier, read_token
from libs.common.errors import Unauthenticated
from libs.common.settings import AuthSettings

NOW = 1_795_000_000
AT = datetime.fromtimestamp(NOW, UTC)
CLAIMS = {"iss": "https://sso.example", "aud": "lantoa", "sub": "can-bo-1", "iat": NOW, "exp": NOW + 600}
KEY = OKPKey.generate_key("Ed25519", auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)
HEADER = {"alg": "Ed25519", "kid": KEY.kid, "typ": "at+jwt"}


@pytest.fixture
def verifier(tmp_path: Path) -> TokenVerifier:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in (KEY, RSA)]}))
    return TokenVerifier(AuthSettings(issuer="https://sso.example", jwks_file=file))


def raw(header: str | dict[str, Any], claims: str | dict[str, Any]) -> str:
    """Any two texts, signed by the right key: what a provider that errs, or was led on, could send."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    body = b".".join(encoded(part.encode("utf-8", "surrogateescape")) for part in parts)
    private = KEY.private_key
    assert isinstance(private, Ed25519PrivateKey)
    return (body + b"." + encoded(private.sign(body))).decode()


def encoded(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def claims(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (CLAIMS | changes).items() if value is not None}


def text_of(**changes: Any) -> str:
    return json.dumps(claims(**changes))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADER, CLAIMS),
        ({**HEADER, "typ": "JWT"}, CLAIMS),
        ({**HEADER, "typ": "application/at+JWT"}, CLAIMS),
        ({name: HEADER[name] for name in ("alg", "kid")}, CLAIMS),
        ({"alg": "Ed25519"}, CLAIMS),  # no key is named, and one fits
        (HEADER, claims(aud=["other", "lantoa"])),
        (HEADER, claims(typ="Bearer", scope="openid", roles=["admin"])),
        (HEADER, claims(exp=NOW + 600.5, nbf=NOW - 1)),
        (HEADER, claims(exp=NOW - 29)),  # within the leeway
    ],
)
async def test_what_is_good_is_let_in(verifier: TokenVerifier, header: dict[str, Any], told: dict[str, Any]) -> None:
    assert await verifier.subject(raw(header, told), AT) == "can-bo-1"


def badly_read() -> Iterator[tuple[str, str]]:
    twice = text_of()[:-1]
    yield "sub twice", raw(HEADER, twice + ', "sub": "quan-tri"}')
    yield "sub twice, by an escape", raw(HEADER, twice + ', "\\u0073ub": "quan-tri"}')
    yield "exp twice", raw(HEADER, twice + f', "exp": {NOW + 10**6}}}')
    yield "a member twice further in", raw(HEADER, twice + ', "act": {"sub": "a", "sub": "b"}}')
    yield "alg twice", raw(json.dumps(HEADER)[:-1] + ', "alg": "none"}', CLAIMS)
    yield "kid twice", raw(json.dumps(HEADER)[:-1] + f', "kid": "{RSA.kid}"}}', CLAIMS)
    yield "not UTF-8", raw(HEADER, text_of(name="\udcff").replace("\\udcff", "\udcff"))
    yield "UTF-16", raw(HEADER, text_of().encode("utf-16").decode("utf-8", "surrogateescape"))
    for constant in ("NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, "true", '"9"', "null", "[9]", "-1"):
        yield f"exp is {constant[:9]}", raw(HEADER, twice.replace(str(NOW + 600), constant) + "}")
        yield f"nbf is {constant[:9]}", raw(HEADER, twice + f', "nbf": {constant}}}')
    yield "a list", raw(HEADER, f"[{text_of()}]")
    yield "a token within", raw(HEADER, json.dumps(raw(HEADER, CLAIMS)))
    yield "a token within, said so", raw({**HEADER, "cty": "JWT"}, raw(HEADER, CLAIMS))
    yield "nested deeply", raw(HEADER, '{"a":' * 1500 + "1" + "}" * 1500)
    yield "empty", raw(HEADER, "")


def of_another_kind() -> Iterator[tuple[str, str]]:
    for kind in ("ID", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "application/jwt-evil", "", 1, None, ["JWT"]):
        yield f"header typ {kind}", raw({**HEADER, "typ": kind}, CLAIMS)
    for kind in ("ID", "Refresh", "Logout", 7, ["Bearer"]):
        yield f"claim typ {kind}", raw(HEADER, claims(typ=kind))
    for name in ("events", "at_hash", "c_hash", "cnf"):
        yield f"with {name}", raw(HEADER, claims(**{name: {}}))
    for extra in (
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
    ):
        yield f"header {extra}", raw({**HEADER, **extra}, CLAIMS)


def for_somebody_else() -> Iterator[tuple[str, str]]:
    for issuer in ("https://sso.example/", "HTTPS://sso.example", ["https://sso.example"], "", 1):
        yield f"iss {issuer}", raw(HEADER, claims(iss=issuer))
    for audience in ("LANTOA", "lantoa ", "", [], [1], {"lantoa": 1}, 1, ["lantoa", 1]):
        yield f"aud {audience}", raw(HEADER, claims(aud=audience))
    for subject in (1, "", None, [], {"a": 1}, "a\0b", "a\nb", "x" * 256):
        yield f"sub {str(subject)[:9]}", raw(HEADER, claims(sub=subject))
    yield "issued in the future", raw(HEADER, claims(iat=NOW + 31))
    yield "expired", raw(HEADER, claims(exp=NOW - 30))


def of_another_key() -> Iterator[tuple[str, str]]:
    for algorithm in (
        "none",
        "HS256",
        "HS512",
        "RS1",
        "EdDSA",
        "ES256K",
        "ed25519",
        "dir",
        "RSA-OAEP",
        "",
        None,
        ["Ed25519"],
        1,
    ):
        yield f"alg {algorithm}", raw({**HEADER, "alg": algorithm}, CLAIMS)
    yield "kid of another kind of key", raw({**HEADER, "kid": RSA.kid}, CLAIMS)
    for key_id in ("other", "", 1, ["x"], "x" * 300, "../../etc/passwd"):
        yield f"kid {str(key_id)[:9]}", raw({**HEADER, "kid": key_id}, CLAIMS)
    yield "RS256 of an Ed25519 key", raw({**HEADER, "alg": "RS256"}, CLAIMS)
    for material in (
        RSA.as_pem(private=False),
        json.dumps(RSA.as_dict(private=False)).encode(),
        RSA.as_pem(False).strip(),
    ):
        for algorithm in ("HS256", "RS256"):
            body = encoded(json.dumps({"alg": algorithm, "kid": RSA.kid}).encode()) + b"." + encoded(text_of().encode())
            yield f"HMAC as {algorithm}", (body + b"." + encoded(hmac.digest(material, body, "sha256"))).decode()


def of_another_form() -> Iterator[tuple[str, str]]:
    good = raw(HEADER, CLAIMS)
    first, second, third = good.split(".")
    yield "padded", f"{first}=.{second}.{third}"
    yield "with a space within", f"{first}.{second[:4]} {second[4:]}.{third}"
    yield "with other letters within", f"{first}.{second[:4]}!{second[4:]}.{third}"
    yield "in the other alphabet", f"{first}.{second}+.{third}"
    yield "unsigned", f"{first}.{second}."
    yield "two parts", f"{first}.{second}"
    yield "four parts", f"{good}.x"
    yield "encrypted", f"{first}.{second}.{third}.{second}.{third}"
    yield "detached", f"{first}..{third}"
    yield "JSON form", json.dumps({"payload": second, "protected": first, "signature": third})
    yield "huge", raw(HEADER, claims(padding="x" * MAX_CHARACTERS))


BAD = [*badly_read(), *of_another_kind(), *for_somebody_else(), *of_another_key(), *of_another_form()]


@pytest.mark.mission("M22")
@pytest.mark.parametrize("token", [token for _, token in BAD], ids=[name for name, _ in BAD])
async def test_what_is_doubtful_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.subject(token, AT)


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="too long"):
        read_token("a" * 10_000_000)


async def test_many_checks_leave_the_loop_free(verifier: TokenVerifier) -> None:
    """Something else on the loop runs again and again while five hundred tokens are checked."""
    token = raw(HEADER, CLAIMS)

    async def on_the_loop() -> str:
        return str(read_token(token).claims["sub"])

    async def turns_during(check: Callable[[], Awaitable[str]]) -> int:
        turns, ending = 0, asyncio.Event()

        async def other_work() -> None:
            nonlocal turns
            while not ending.is_set():
                turns += 1
                await asyncio.sleep(0)

        work = asyncio.create_task(other_work())
        assert set(await asyncio.gather(*(check() for _ in range(500)))) == {"can-bo-1"}
        ending.set()
        await work
        return turns

    with_nothing_to_wait_for = await turns_during(on_the_loop)
    assert await turns_during(lambda: verifier.subject(token, AT)) > with_nothing_to_wait_for
