"""Receivers that are slow, hostile or somewhere else: where nothing may go, and what cannot hold us up."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from libs.common.http import Address
from libs.common.models.webhooks import WebhookDeliveryState
from libs.common.webhook import Poster, PostRefused
from services.reports.webhooks.desk import Desk
from tests.reports.webhooks.office import Office
from tests.reports.webhooks.strangers import Behave, answering, cut_off, dripping, endless, nonsense, plain, silent

DELIVERED, WAITING = WebhookDeliveryState.DELIVERED, WebhookDeliveryState.WAITING


def poster(*resolves_to: str, **more: Any) -> Poster:
    """As the service has it: the open internet, what was listed, and not this machine."""

    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(each) for each in resolves_to or (host,)]

    return Poster(user_agent="test", **({"loopback": False, "resolve": resolve, "timeout_seconds": 1} | more))


@pytest.mark.parametrize(
    ("behave", "state", "outcome", "status"),
    [
        (endless, DELIVERED, "delivered", 200),
        (plain(200, b"x" * 100_000), DELIVERED, "delivered", 200),
        (plain(204), DELIVERED, "delivered", 204),
        (dripping, WAITING, "silent", None),
        (silent, WAITING, "silent", None),
        (nonsense, WAITING, "silent", None),
        (cut_off, WAITING, "silent", None),
        (plain(200, b"\x1f\x8b rac", "Content-Encoding: gzip"), WAITING, "silent", None),
        (plain(302, b"", "Location: http://169.254.169.254/latest/meta-data/"), WAITING, "refused", 302),
        (plain(307, b"", "Location: http://127.0.0.1:1/"), WAITING, "refused", 307),
        (plain(404, b"khong co"), WAITING, "refused", 404),
        (plain(999), WAITING, "silent", None),
        (plain(410, b"\xff\xfe\x00"), WAITING, "refused", 410),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
async def test_what_a_stranger_may_do(
    office: Office, behave: Behave, state: WebhookDeliveryState, outcome: str, status: int | None
) -> None:
    async with answering(behave) as there:
        await office.subscribe(url=there.url())
        await office.happen()
        began = time.monotonic()
        await office.send()
        assert time.monotonic() - began < 5
        assert there.asked == 1
    assert await office.states() == [state]
    [attempt] = await office.attempts()
    assert (attempt.outcome, attempt.status) == (outcome, status)
    assert (attempt.trouble is None) == (status is not None)
    assert attempt.answer is None or len(attempt.answer) <= 500
    if outcome == "silent":
        assert "127.0.0.1" in str(attempt.trouble) or "999" in str(attempt.trouble)


async def test_who_is_away_is_tried_again(office: Office) -> None:
    await office.subscribe(url="http://127.0.0.1:1/x")
    await office.happen()
    await office.send()
    [attempt] = await office.attempts()
    assert (attempt.outcome, attempt.trouble) == ("silent", "Không kết nối được tới 127.0.0.1.")


@pytest.mark.parametrize(
    "address",
    [
        "https://169.254.169.254/latest", "https://10.1.2.3/", "https://127.0.0.1/", "https://[::1]/", "https://[fd00::1]/",
        "https://192.168.1.1/", "https://[::ffff:10.1.2.3]/", "https://0.0.0.0/", "http://1.1.1.1/", "http://tin.example.vn/",
        "https://tin.example.vn:22/", "https://u:p@tin.example.vn/", "file:///etc/passwd", "",
    ],
)  # fmt: skip
def test_what_is_refused_before_it_is_stored(address: str) -> None:
    with pytest.raises(PostRefused) as refused:
        poster().host_of(address)
    assert "latest" not in refused.value.vi


def test_what_an_administrator_listed_is_open() -> None:
    listed = poster(networks=["10.0.0.0/8"], ports=[443, 8443])
    assert listed.host_of("https://10.1.2.3:8443/x") == "10.1.2.3:8443"
    assert listed.host_of("http://so-tttt.example:443/x") == "so-tttt.example:443"
    assert listed.host_of("https://tin.example.vn/x?y") == "tin.example.vn"
    for closed in ("https://11.0.0.1:22/", "https://192.168.1.1/", "http://1.1.1.1:443/", "http://10.1.2.3/"):
        with pytest.raises(PostRefused):
            listed.host_of(closed)


@pytest.mark.parametrize(
    ("networks", "resolves_to", "outcome"),
    [
        ([], ["10.1.2.3"], "not_sent"),
        ([], ["169.254.169.254"], "not_sent"),
        ([], ["1.1.1.1", "10.1.2.3"], "not_sent"),
        ([], ["::ffff:127.0.0.1"], "not_sent"),
        ([], ["127.0.0.1"], "not_sent"),
        (["10.0.0.0/8"], ["127.0.0.1"], "not_sent"),
        (["127.0.0.0/8"], ["127.0.0.1"], "delivered"),
    ],
)
async def test_a_name_that_leads_elsewhere_is_met_when_it_is_called(
    office: Office, networks: list[str], resolves_to: list[str], outcome: str
) -> None:
    """Whatever it led to when it was stored."""
    async with answering(plain(200, b"ok")) as there:
        await office.subscribe(url=there.url(host="localhost"))
        await office.happen()
        desk = Desk(poster(*resolves_to, networks=networks, ports=[there.port]), office.desk.vault)
        await office.send(desk)
        assert there.asked == (outcome == "delivered")
    [attempt] = await office.attempts()
    assert attempt.outcome == outcome
    assert outcome == "delivered" or "Không được gọi localhost" in str(attempt.trouble)


async def test_a_public_name_is_called_over_https_alone() -> None:
    """Though a network is listed, so that what the name leads to had to be seen first."""
    async with poster("1.1.1.1", networks=["10.0.0.0/8"], ports=[80]) as out:
        assert out.host_of("http://tin.example.vn/") == "tin.example.vn"
        with pytest.raises(PostRefused):
            await out.send(SecretStr("http://tin.example.vn/"), [SecretStr("s" * 32)], {}, uuid4(), datetime.now(UTC))
