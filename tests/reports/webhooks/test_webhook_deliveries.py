"""What was sent and what came of it: signatures, retries under the clock, who is gone, tests, replays, history."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from standardwebhooks import Webhook, WebhookVerificationError

from libs.common import models as m
from libs.common import telemetry
from libs.common.db import Database
from libs.common.events.alert import AlertRaised
from libs.common.events.feedback import FeedbackResolved
from libs.common.events.publication import PublicationPublished
from libs.common.jobs import JobContext
from libs.common.models.webhooks import WebhookDeliveryState
from libs.common.outbox import emit_all
from libs.common.webhook import Poster
from services.reports.webhooks import jobs, recording, rules, sending
from tests.common.hook import running_hook
from tests.reports.city import City
from tests.reports.webhooks.office import BY_SUBJECT, PUBLISHED, RAISED, READY, RESOLVED, Office, key_of
from tests.reports.webhooks.strangers import answering, plain

WAITING, DELIVERED, FAILED = WebhookDeliveryState.WAITING, WebhookDeliveryState.DELIVERED, WebhookDeliveryState.FAILED


# --- what arrives -------------------------------------------------------------------------------------------


async def test_an_event_arrives_as_a_cloud_event_that_the_standards_own_library_signs_alike(office: Office) -> None:
    made = await office.subscribe()
    event_id = await office.happen()
    assert await office.send() == 1
    [call] = office.hook.calls
    at = office.clock.now()
    assert call.document == {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "/publish",
        "type": RESOLVED,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": BY_SUBJECT[RESOLVED].model_dump(mode="json"),
    }
    assert (call.method, call.path) == ("POST", "/nhan/khoa-rieng-cua-phuong")
    assert call.headers["content-type"] == "application/cloudevents+json"
    assert call.headers["webhook-id"] == str(event_id)
    theirs = Webhook(made["secret"]).sign(str(event_id), at.astimezone(UTC), call.body.decode())
    assert call.headers["webhook-signature"] == theirs
    assert await office.states() == [DELIVERED]
    assert (await office.seen(made))["delivered_at"] is not None


async def test_the_standards_own_library_verifies_it(office: Office) -> None:
    """It goes by the wall clock, so this sends by it, too."""
    secrets = [SecretStr(f"whsec_{name * 43}=") for name in "ab"]
    async with Poster(user_agent="test") as poster:
        await poster.send(SecretStr(office.hook.url()), secrets, {"a": "ế"}, uuid4(), datetime.now(UTC))
    [call] = office.hook.calls
    for secret in secrets:
        assert Webhook(secret.get_secret_value()).verify(call.body, dict(call.headers)) == {"a": "ế"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "c" * 43 + "=").verify(call.body, dict(call.headers))


async def test_each_subscription_gets_what_it_chose(office: Office) -> None:
    everything = await office.subscribe(events=[RESOLVED, RAISED, READY])
    narrow = await office.subscribe(events=[RESOLVED, RAISED], unit_codes=["00004"], fields=["moi_truong"])
    resolved = BY_SUBJECT[RESOLVED]
    assert isinstance(resolved, FeedbackResolved)
    raised = BY_SUBJECT[RAISED]
    assert isinstance(raised, AlertRaised)
    told = {
        "theirs": resolved,
        "another unit": resolved.model_copy(update={"unit_code": "00005"}),
        "no unit": resolved.model_copy(update={"unit_code": None}),
        "an alert has no unit, but a field": raised.model_copy(update={"field": "moi_truong"}),
        "of another field": raised,
        "not chosen": BY_SUBJECT[READY],
    }
    ids = {name: await office.happen(event) for name, event in told.items()}
    got: dict[str, set[UUID]] = {everything["id"]: set(), narrow["id"]: set()}
    for each in await office.deliveries():
        got[str(each.subscription_id)].add(each.event_id)
    assert got[everything["id"]] == set(ids.values())
    assert got[narrow["id"]] == {ids["theirs"], ids["an alert has no unit, but a field"]}


async def test_publications_are_chosen_by_their_unit_and_kind(office: Office, city: City) -> None:
    ward = await office.make.unit()
    of_ward = await city.publication("Tin của phường", unit_id=ward.id)
    of_city = await city.publication("Tin của thành phố")
    made = await office.subscribe(events=[PUBLISHED], unit_codes=[ward.code], kinds=["announcement"])
    await office.subscribe(events=[PUBLISHED], unit_codes=[ward.code], kinds=["reply"])
    ids = [
        await office.happen(
            PublicationPublished(publication_id=one.id, revision=1, title="Tin", url="https://a.example/1")
        )
        for one in (of_ward, of_city)
    ]
    delivery = await office.delivery()
    assert (str(delivery.subscription_id), delivery.event_id) == (made["id"], ids[0])


async def test_an_event_that_comes_twice_is_one_delivery(office: Office) -> None:
    await office.subscribe()
    event_id = await office.happen()
    async with office.reports.transaction() as session:
        await recording.record_event(session, event_id, office.clock.now())
    assert len(await office.deliveries()) == 1


# --- what fails ---------------------------------------------------------------------------------------------


async def test_retries_keep_to_the_schedule_and_then_it_has_failed(office: Office) -> None:
    await office.subscribe()
    event_id = await office.happen()
    office.hook.status = 503
    due = office.clock.now()
    for pause in rules.RETRIES:
        assert await office.send() == 1
        assert await office.send() == 0
        delivery = await office.delivery()
        waited = delivery.due_at - office.clock.now()
        assert (delivery.state, pause <= waited <= pause * 1.2) == (WAITING, True)
        office.clock.advance(waited - timedelta(seconds=1))
        assert await office.send() == 0
        office.clock.advance(timedelta(seconds=1))
    assert office.clock.now() - due < timedelta(days=5)
    assert await office.send() == 1
    assert await office.states() == [FAILED]
    office.clock.advance(timedelta(days=3))
    assert await office.send() == 0
    assert {call.headers["webhook-id"] for call in office.hook.calls} == {str(event_id)}
    attempts = await office.attempts()
    assert [each.number for each in attempts] == list(range(1, 11))
    assert {(each.outcome, each.status) for each in attempts} == {("refused", 503)}


@pytest.mark.parametrize(
    ("status", "said", "waits"),
    [
        (503, "90", timedelta(seconds=90)),
        (429, "Tue, 24 Nov 2026 06:00:00 GMT", timedelta(hours=1)),
        (429, "99999999", timedelta(days=1)),
        (503, "bao giờ cũng được".encode().decode("latin-1"), timedelta(seconds=5)),
        (500, "3600", timedelta(seconds=5)),
    ],
    ids=["seconds", "date", "too-long", "nonsense", "not-a-pause"],
)
async def test_who_asks_to_be_left_alone_is(office: Office, status: int, said: str, waits: timedelta) -> None:
    await office.subscribe()
    await office.happen()
    office.hook.status, office.hook.headers = status, {"Retry-After": said}
    assert await office.send() == 1
    waited = (await office.delivery()).due_at - office.clock.now()
    assert waits <= waited <= waits * 1.2


async def test_a_failure_passes_and_nobody_else_is_held_up(office: Office) -> None:
    async with running_hook() as other:
        first = await office.subscribe()
        await office.subscribe(url=other.url())
        await office.happen()
        office.hook.status = 500
        assert await office.send() == 2
        assert len(other.calls) == 1
        assert (await office.seen(first))["failing_since"] is not None
        await office.happen()
        assert await sending.send_due(office.reports, office.desk, office.clock, is_failing=False) == 1
        office.hook.status = 200
        office.clock.advance(timedelta(seconds=10))
        assert await office.send() == 2
        assert (await office.seen(first))["failing_since"] is None
        assert set(await office.states()) == {DELIVERED}


async def test_who_says_410_is_left_in_peace_and_people_are_told(office: Office) -> None:
    made = await office.subscribe()
    await office.happen()
    office.hook.status = 410
    assert await office.send() == 1
    seen = await office.seen(made)
    assert (seen["state"], seen["disabled_reason"]) == ("disabled", "gone")
    await office.happen()
    office.clock.advance(timedelta(days=1))
    assert await office.send() == 0
    assert await office.states() == [WAITING, WAITING]
    async with office.db.transaction() as session:
        [told] = (await session.scalars(select(m.Notification))).all()
        actions = (await session.scalars(text("SELECT action FROM audit_log ORDER BY seq"))).all()
    assert (told.role, str(told.unit_id), str(told.object_id)) == ("admin", made["unit_id"], made["id"])
    assert "410" in told.body
    assert "khoa-rieng" not in told.body
    assert list(actions) == ["webhook.added", "webhook.disabled"]
    office.hook.status = 204
    assert (await office.post(f"webhooks/{made['id']}/resume")).json()["disabled_reason"] is None
    assert await office.send() == 2


async def test_who_takes_nothing_for_days_is_disabled_and_what_waits_is_kept(office: Office) -> None:
    made = await office.subscribe()
    office.hook.status = 500
    while (await office.seen(made))["state"] == "active":
        await office.happen()
        await office.send()
        office.clock.advance(timedelta(hours=20))
        assert office.clock.now() < datetime(2026, 12, 2, tzinfo=UTC)
    seen = await office.seen(made)
    assert seen["disabled_reason"] == "failing"
    assert office.clock.now() - datetime.fromisoformat(seen["failing_since"]) > rules.GIVEN_UP_AFTER
    assert WAITING in await office.states()
    assert await office.send() == 0


async def test_two_workers_never_make_one_try_both(office: Office, db_as: Callable[[str], Database]) -> None:
    await office.subscribe()
    ids = [await office.happen() for _ in range(12)]
    workers = [db_as("reports") for _ in range(3)]

    async def work(db: Database) -> int:
        done = 0
        while now_done := await sending.send_due(db, office.desk, office.clock, is_failing=False):
            done += now_done
        return done

    assert sum(await asyncio.gather(*map(work, workers))) == 12
    sent = [call.headers["webhook-id"] for call in office.hook.calls]
    assert sorted(sent) == sorted(map(str, ids))
    assert set(await office.states()) == {DELIVERED}


async def test_who_dies_in_between_leaves_it_to_the_next_and_comes_too_late(office: Office) -> None:
    await office.subscribe()
    await office.happen()
    async with office.reports.transaction() as session:
        [dying] = await sending.claim(session, office.desk, office.clock.now(), is_failing=False)
    assert await office.send() == 0
    [attempt] = await office.attempts()
    assert (attempt.outcome, attempt.duration_ms) == (None, None)
    office.clock.advance(rules.CLAIMED_FOR)
    office.hook.status = 500
    assert await office.send() == 1
    tried = await sending.send(office.desk.poster, dying, office.clock.now())
    async with office.reports.transaction() as session:
        assert await sending.record(session, dying, tried, office.clock.now()) == "late"
    delivery = await office.delivery()
    assert (delivery.state, delivery.attempts) == (WAITING, 2)
    assert [each.outcome for each in await office.attempts()] == ["refused", "refused"]


async def test_what_was_being_sent_when_it_ended_changes_nothing(office: Office) -> None:
    made = await office.subscribe()
    await office.happen()
    async with office.reports.transaction() as session:
        [claimed] = await sending.claim(session, office.desk, office.clock.now(), is_failing=False)
    await office.client.delete(f"/api/reports/v1/webhooks/{made['id']}", headers=office.who)
    tried = await sending.send(office.desk.poster, claimed, office.clock.now())
    async with office.reports.transaction() as session:
        assert await sending.record(session, claimed, tried, office.clock.now()) == "late"
    assert await office.states() == [WebhookDeliveryState.DROPPED]


# --- tests and replays --------------------------------------------------------------------------------------


async def test_a_test_of_each_event_is_marked_and_tried_once(office: Office) -> None:
    made = await office.subscribe(events=["publication", "correction", "alert", "feedback.resolved", "report"])
    path = f"webhooks/{made['id']}"
    await office.post(f"{path}/pause")
    for subject, example in BY_SUBJECT.items():
        asked = await office.post(f"{path}/test", {"event": subject})
        assert (asked.status_code, asked.json()["is_test"]) == (202, True)
        assert await office.send() == 1
        call = office.hook.calls[-1]
        assert (call.document["test"], call.document["type"]) == (True, subject)
        assert type(example).model_validate(call.document["data"]) == example
        assert call.is_signed_by(key_of(made["secret"]))
    office.hook.status = 500
    asked = await office.post(f"{path}/test", {})
    await office.send()
    assert await office.send() == 0
    seen = (await office.get(f"{path}/deliveries/{asked.json()['id']}")).json()
    assert (seen["state"], seen["tried"][0]["status"]) == ("failed", 500)
    assert (await office.seen(made))["failing_since"] is None


async def test_a_test_of_what_was_not_chosen_is_refused(office: Office) -> None:
    made = await office.subscribe()
    for event in (PUBLISHED, "lantoa.content.ingested.v1"):
        refused = await office.post(f"webhooks/{made['id']}/test", {"event": event})
        assert refused.json()["type"].endswith("unknown-webhook-event")


async def test_one_delivery_is_sent_again_with_its_id(office: Office) -> None:
    made = await office.subscribe()
    await office.happen()
    delivery = await office.delivery()
    path = f"webhooks/{made['id']}/deliveries/{delivery.id}"
    assert (await office.post(f"{path}/replay")).json()["type"].endswith("still-waiting")
    await office.send()
    asked = await office.post(f"{path}/replay")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    await office.send()
    first, again = office.hook.calls
    assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)
    seen = (await office.get(path)).json()
    assert [each["number"] for each in seen["tried"]] == [1, 2]
    other = await office.subscribe()
    strange = await office.post(f"webhooks/{other['id']}/deliveries/{delivery.id}/replay")
    assert strange.json()["type"].endswith("webhook-delivery-not-found")


async def test_everything_since_a_moment_is_sent_again_also_what_was_never_told(office: Office) -> None:
    await office.emit()
    office.clock.advance(timedelta(hours=1))
    since = office.clock.now()
    never_told, of_others = await office.emit(), await office.emit(BY_SUBJECT[RAISED])
    made = await office.subscribe()
    told = await office.happen()
    waiting = await office.happen()
    path = f"webhooks/{made['id']}"
    later = text("UPDATE webhook_deliveries SET due_at = due_at + interval '1 hour' WHERE event_id = :id")
    async with office.db.transaction() as session:
        await session.execute(later, {"id": waiting})
    await office.send()
    asked = await office.post(f"{path}/replay", {"since": since.isoformat()})
    assert (asked.status_code, asked.json()) == (202, {"queued": 2})
    await office.send()
    assert [call.headers["webhook-id"] for call in office.hook.calls[:1]] == [str(told)]
    assert {call.headers["webhook-id"] for call in office.hook.calls[1:]} == {str(told), str(never_told)}
    assert str(of_others) not in {call.headers["webhook-id"] for call in office.hook.calls}
    for wrong in (office.clock.now() - timedelta(days=8), office.clock.now() + timedelta(hours=1)):
        refused = await office.post(f"{path}/replay", {"since": wrong.isoformat()})
        assert refused.json()["type"].endswith("replay-out-of-reach")
    assert (await office.post(f"{path}/replay", {"since": "2026-11-24T10:00:00"})).status_code == 422


async def test_too_much_at_once_is_refused(office: Office) -> None:
    made, since = await office.subscribe(), office.clock.now()
    async with office.publish.transaction() as session:
        await emit_all(session, [BY_SUBJECT[RESOLVED]] * (rules.MOST_REPLAYED + 1), now=since)
    refused = await office.post(f"webhooks/{made['id']}/replay", {"since": since.isoformat()})
    assert refused.json()["type"].endswith("replay-too-large")
    assert await office.deliveries() == []


# --- history ------------------------------------------------------------------------------------------------


async def test_the_history_is_pages_and_holds_no_secret_and_nobody(office: Office) -> None:
    made = await office.subscribe()
    for _ in range(3):
        await office.happen()
    told = f"Loi: {made['secret']} goi 0912345678 \x00\x07" + "x" * 9000
    async with answering(plain(400, told.encode())) as there:
        to = {"url": there.url("/rieng/khoa-rieng-cua-phuong")}
        await office.client.patch(f"/api/reports/v1/webhooks/{made['id']}", json=to, headers=office.who)
        await office.send()
    path = f"webhooks/{made['id']}/deliveries"
    first = (await office.get(path, limit=2)).json()
    rest = (await office.get(path, limit=2, cursor=first["next_cursor"])).json()
    ids = [str(each.id) for each in await office.deliveries()]
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert (await office.get(path, state="delivered")).json()["items"] == []
    assert len((await office.get(path, state="waiting")).json()["items"]) == 3
    assert (await office.get(path, state="lạ")).status_code == 422
    [tried] = (await office.get(f"{path}/{ids[0]}")).json()["tried"]
    assert (tried["status"], len(tried["answer"]), tried["outcome"]) == (400, 500, "refused")
    assert tried["duration_ms"] >= 0
    assert tried["answer"].startswith("Loi: [bí mật] goi [số điện thoại]")
    assert (await office.get(f"{path}/{uuid4()}")).status_code == 404


async def test_old_deliveries_are_forgotten_with_their_tries(office: Office, worker: JobContext[Any]) -> None:
    await office.subscribe()
    await office.happen()
    await office.send()
    office.clock.advance(timedelta(days=29))
    kept = await office.happen()
    assert await jobs.forget_webhook_deliveries(worker) == 0
    office.clock.advance(timedelta(days=2))
    assert await jobs.forget_webhook_deliveries(worker) == 1
    assert (await office.delivery()).event_id == kept
    assert await office.attempts() == []


async def test_the_loops_send(office: Office, worker: JobContext[Any]) -> None:
    await office.subscribe()
    await office.happen()
    office.hook.status = 500
    assert await jobs.send_webhooks(worker) == 1
    office.clock.advance(timedelta(seconds=10))
    assert await jobs.send_webhooks(worker) == 0
    assert await jobs.send_failing_webhooks(worker) == 1
    assert await jobs.reseal_webhooks(worker) == 0


async def test_the_operator_sees_who_takes_nothing_and_what_waits_for_the_worker(
    office: Office, worker: JobContext[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, float] = {}
    monkeypatch.setattr(telemetry, "gauge", lambda name, value, **_: told.update({name.split(".")[-1]: value}))
    await office.subscribe()
    await office.happen()
    office.clock.advance(timedelta(minutes=10))
    await jobs.tell_webhook_standing(worker)
    assert told == {"failing": 0, "overdue_age": 600}
    office.hook.status = 500
    await office.send()
    office.clock.advance(timedelta(minutes=59))
    await jobs.tell_webhook_standing(worker)
    assert told == {"failing": 0, "overdue_age": 0}, "who fails is no fault of the worker's"
    office.clock.advance(timedelta(minutes=1))
    await jobs.tell_webhook_standing(worker)
    assert told == {"failing": 1, "overdue_age": 0}
    office.hook.status = 204
    await office.send()
    await jobs.tell_webhook_standing(worker)
    assert told == {"failing": 0, "overdue_age": 0}
