"""Who may subscribe to what and where to: the closed list, the secret shown once, the unit's own, the states."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from libs.common.db import Database
from libs.common.envelope import RowVault
from libs.common.events import ALL_EVENTS
from libs.common.events.outside import EXAMPLES, OUTSIDE
from libs.common.models.enums import Role
from libs.common.models.webhooks import WebhookDeliveryState
from services.reports.main import SERVICE
from services.reports.settings import WebhookSettings
from services.reports.webhooks import rules
from services.reports.webhooks.desk import Desk
from services.reports.webhooks.subscribing import reseal_webhooks
from tests.reports.webhooks.conftest import KEY
from tests.reports.webhooks.office import API, PUBLISHED, RESOLVED, Office, key_of

TOKEN = "khoa-rieng-cua-phuong"


async def test_the_secret_is_shown_once_and_the_address_never(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await office.subscribe(events=["publication", "feedback.resolved"])
    assert made["secret"].startswith("whsec_")
    assert made["host"] == f"127.0.0.1:{office.hook.port}"
    moves = [f"lantoa.publication.{move}.v1" for move in ("approved", "published", "withdrawn")]
    assert made["events"] == [RESOLVED, *moves]
    seen, listed = await office.seen(made), (await office.get("webhooks")).json()
    assert listed == {"items": [seen], "next_cursor": None}
    assert {**seen, "secret": made["secret"]} == made
    plain = "SELECT s::text || convert_from(ciphertext, 'UTF8') FROM webhook_subscriptions s"
    async with office.db.transaction() as session:
        rows = str([await session.scalar(text(each)) for each in (plain, "SELECT facts::text FROM audit_log")])
    for shown in (json.dumps(listed), rows, caplog.text):
        assert TOKEN not in shown
        assert made["secret"] not in shown


async def test_only_what_is_on_the_closed_list(office: Office, db_as: Callable[[str], Database]) -> None:
    closed = [event.subject for event in ALL_EVENTS if event.subject not in OUTSIDE]
    assert len(closed) > 10
    for name in [*closed, "content.ingested", "content.classified", "content", "*", "lantoa.>", "feedback", ""]:
        refused = await office.post("webhooks", office.asked(events=[name]))
        assert refused.status_code == (201 if name == "feedback" else 422), name
    made = await office.subscribe()
    again = await office.client.patch(f"{API}/webhooks/{made['id']}", json={"events": ["claim"]}, headers=office.who)
    assert again.json()["type"].endswith("unknown-webhook-event")
    for statement in (
        "UPDATE webhook_subscriptions SET events = ARRAY['lantoa.content.ingested.v1']",
        "UPDATE webhook_subscriptions SET events = events || ARRAY['lantoa.content.classified.v1']",
        "UPDATE webhook_subscriptions SET events = '{}'",
    ):
        with pytest.raises(IntegrityError, match="closed_list"):
            async with db_as("reports").transaction() as session:
                await session.execute(text(statement))
    await office.happen()
    with pytest.raises(IntegrityError, match="closed_list"):
        async with db_as("reports").transaction() as session:
            await session.execute(text("UPDATE webhook_deliveries SET subject = 'lantoa.content.ingested.v1'"))
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with db_as("publish").transaction() as session:
            await session.execute(text("SELECT ciphertext FROM webhook_subscriptions"))


async def test_the_list_of_events_says_what_is_sent_and_how_it_can_be_narrowed(office: Office) -> None:
    told = {each["type"]: each for each in (await office.get("webhook-events")).json()}
    assert set(told) == set(OUTSIDE)
    assert told[RESOLVED]["filters"] == ["unit_codes", "kinds", "fields"]
    assert told[PUBLISHED]["filters"] == ["unit_codes", "kinds"]
    assert told["lantoa.alert.raised.v1"]["filters"] == ["kinds", "fields"]
    assert told["lantoa.report.ready.v1"]["filters"] == ["kinds"]
    for example in EXAMPLES:
        sent = told[example.subject]["example"]
        assert (sent["specversion"], sent["type"], sent["test"]) == ("1.0", example.subject, True)
        assert type(example).model_validate(sent["data"]) == example


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"organisation": "Nguyễn Văn A, a@example.vn"}, 422),
        ({"purpose": "Gọi 0912345678 khi có tin mới"}, 422),
        ({"purpose": "ngắn"}, 422),
        ({"organisation": "UBND\u0000phường"}, 422),
        ({"events": []}, 422),
        ({"unit_codes": ["x"] * 201}, 422),
        ({"url": "https://10.1.2.3/x"}, 422),
        ({"url": "https://user:pass@127.0.0.1/x"}, 422),
        ({"url": "ftp://127.0.0.1/x"}, 422),
        ({"url": "khong phai dia chi"}, 422),
        ({"unit_id": str(uuid4())}, 403),
        ({"secret": "whsec_tu-chon"}, 422),
    ],
)
async def test_what_is_refused(office: Office, wrong: dict[str, Any], status: int) -> None:
    wrong = {**wrong, "url": wrong["url"] + f"?{TOKEN}"} if "url" in wrong else wrong
    got = await office.post("webhooks", office.asked(**wrong))
    assert got.status_code == status, got.text
    assert got.json()["title"]
    assert TOKEN not in got.text
    assert (await office.get("webhooks")).json()["items"] == []


async def test_roles_and_units(office: Office, signed_in: Any) -> None:
    made = await office.subscribe()
    ward = await office.make.unit()
    theirs = await signed_in(Role.ADMIN, unit_id=ward.id)
    for role in set(Role) - {Role.INTEGRATOR, Role.ADMIN}:
        staff = await signed_in(role)
        assert (await office.get("webhooks", who=staff)).status_code == 403
        assert (await office.post("webhooks", office.asked(), who=staff)).status_code == 403
    path = f"webhooks/{made['id']}"
    assert (await office.get("webhooks", who=theirs)).json()["items"] == []
    assert (await office.get(path, who=theirs)).json()["type"].endswith("webhook-not-found")
    for verb, body in (
        ("pause", None), ("resume", None), ("rotate-secret", {}), ("test", {}),
        ("replay", {"since": office.clock.now().isoformat()}), (f"deliveries/{uuid4()}/replay", None),
    ):  # fmt: skip
        assert (await office.post(f"{path}/{verb}", body, who=theirs)).status_code == 404, verb
    assert (await office.client.delete(f"{API}/{path}", headers=theirs)).status_code == 404
    for part in ("deliveries", f"deliveries/{uuid4()}"):
        assert (await office.get(f"{path}/{part}", who=theirs)).status_code == 404
    assert (await office.seen(made))["state"] == "active"
    mine = await office.post("webhooks", office.asked(unit_id=str(ward.id)), who=theirs)
    assert (mine.status_code, mine.json()["unit_id"]) == (201, str(ward.id))


async def test_without_a_key_nobody_subscribes_and_nothing_is_sent(client_for: Any, office: Office) -> None:
    closed = await client_for(SERVICE)
    got = await closed.post(f"{API}/webhooks", json=office.asked(), headers=office.who)
    assert (got.status_code, got.json()["type"]) == (503, "urn:lantoa:problem:webhooks-off")
    await office.subscribe()
    await office.happen()
    assert await office.send(Desk(office.desk.poster)) == 0
    assert await office.states() == [WebhookDeliveryState.WAITING]


async def test_a_change_counts_from_now_on_and_what_waits_goes_to_the_new_address(office: Office) -> None:
    made = await office.subscribe(kinds=["problem"])
    await office.happen()
    body = {"url": office.hook.url("/moi"), "kinds": ["complaint"], "purpose": "Một mục đích khác hẳn trước"}
    changed = await office.client.patch(f"{API}/webhooks/{made['id']}", json=body, headers=office.who)
    assert (changed.status_code, changed.json()["kinds"]) == (200, ["complaint"])
    assert changed.json()["organisation"] == made["organisation"]
    await office.happen()
    assert await office.send() == 1
    assert [call.path for call in office.hook.calls] == ["/moi"]
    refused = await office.client.patch(
        f"{API}/webhooks/{made['id']}", json={"url": "https://169.254.169.254/"}, headers=office.who
    )
    assert refused.json()["type"].endswith("webhook-address-refused")


async def test_while_paused_nothing_goes_out_and_nothing_is_lost(office: Office) -> None:
    made = await office.subscribe()
    path = f"webhooks/{made['id']}"
    assert (await office.post(f"{path}/pause")).json()["state"] == "paused"
    assert (await office.post(f"{path}/pause")).status_code == 409
    await office.happen()
    assert await office.send() == 0
    assert (await office.post(f"{path}/resume")).json()["state"] == "active"
    assert (await office.post(f"{path}/resume")).status_code == 409
    assert await office.send() == 1
    assert len(office.hook.calls) == 1


async def test_who_ends_is_told_nothing_more_and_their_secret_is_gone(office: Office) -> None:
    made = await office.subscribe()
    path = f"webhooks/{made['id']}"
    await office.happen()
    assert (await office.client.delete(f"{API}/{path}", headers=office.who)).status_code == 204
    await office.happen()
    assert await office.send() == 0
    assert await office.states() == [WebhookDeliveryState.DROPPED]
    seen = await office.seen(made)
    assert (seen["state"], seen["ended_at"] is not None) == ("ended", True)
    async with office.db.transaction() as session:
        assert await session.scalar(text("SELECT ciphertext IS NULL FROM webhook_subscriptions")) is True
    delivery = await office.delivery()
    for verb in ("resume", "test", "rotate-secret", f"deliveries/{delivery.id}/replay"):
        assert (await office.post(f"{path}/{verb}", {})).json()["type"].endswith("webhook-settled"), verb


async def test_both_secrets_sign_until_the_old_ones_time_is_over(office: Office) -> None:
    made = await office.subscribe()
    path = f"webhooks/{made['id']}"
    turned = await office.post(f"{path}/rotate-secret", {"keep_old_hours": 2})
    assert (turned.status_code, turned.json()["old_secret_ends_at"] is not None) == (200, True)
    old, new = key_of(made["secret"]), key_of(turned.json()["secret"])
    assert old != new
    await office.happen()
    await office.send()
    office.clock.advance(timedelta(hours=2))
    await office.happen()
    await office.send()
    both, alone = office.hook.calls
    assert (both.is_signed_by(new), both.is_signed_by(old)) == (True, True)
    assert (alone.is_signed_by(new), alone.is_signed_by(old)) == (True, False)
    seen = await office.post(f"{path}/rotate-secret", {"keep_old_hours": 0})
    await office.happen()
    await office.send()
    assert not office.hook.calls[-1].is_signed_by(new)
    assert office.hook.calls[-1].is_signed_by(key_of(seen.json()["secret"]))
    assert (await office.post(f"{path}/rotate-secret", {"keep_old_hours": 169})).status_code == 422


async def test_a_unit_has_so_many_and_lists_are_pages(office: Office) -> None:
    made = [(await office.subscribe())["id"] for _ in range(rules.MOST_OF_A_UNIT)]
    assert (await office.post("webhooks", office.asked())).json()["type"].endswith("too-many-webhooks")
    first = (await office.get("webhooks", limit=12)).json()
    rest = (await office.get("webhooks", limit=12, cursor=first["next_cursor"])).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


async def test_the_worker_seals_anew_under_the_key_that_counts(office: Office) -> None:
    made = await office.subscribe()
    new = RowVault("webhook", b"lantoa-webhooks", SecretStr("n" * 40), [KEY])
    desk = Desk(office.desk.poster, new)
    async with office.reports.transaction() as session:
        assert await reseal_webhooks(session, desk) == 1
        assert await reseal_webhooks(session, desk) == 0
    lost = Desk(office.desk.poster, RowVault("webhook", b"lantoa-webhooks", SecretStr("m" * 40)))
    async with office.reports.transaction() as session:
        assert await reseal_webhooks(session, lost) == 0
    await office.happen()
    await office.send(desk)
    assert office.hook.calls[0].is_signed_by(key_of(made["secret"]))
    await office.happen()
    await office.send()
    [*_, attempt] = await office.attempts()
    assert (attempt.outcome, attempt.status) == ("not_sent", None)
    turned = await office.post(f"webhooks/{made['id']}/rotate-secret", {})
    assert turned.json()["type"].endswith("webhook-lost")


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "ngan"},
        {"keys_old": '["ngan-qua"]'},
        {"keys_old": "khong-phai-json"},
        {"networks": ["10.0.0.1/8"]},
        {"ports": []},
    ],
)
def test_wrong_settings_stop_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(**wrong)
