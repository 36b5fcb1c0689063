"""The routes and the verb of alerts: who may do what, versions, test runs, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.app import Service
from libs.common.models.enums import Role
from services.classify.alerts.api import router
from services.classify.settings import ClassifySettings
from tests.classify.alerts.conftest import REPORTS, Room

API = "/api/classify/v1"
BODY = {"name": "Nhiều phản ánh ở một phường", "condition": REPORTS, "severity": "warning"}
SERVICE = Service("classify", ClassifySettings, routers=[router])


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


async def made(client: Any, who: Any, **more: Any) -> Any:
    answer = await client.post(f"{API}/alert-rules", json=BODY | more, headers=who)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.mission("M06")
async def test_a_rule_is_made_read_changed_and_removed(room: Room, client: Any, signed_in: Any) -> None:
    who, reader = await signed_in(Role.SPOKESPERSON), await signed_in(Role.VIEWER)
    rule = await made(client, who)
    url = f"{API}/alert-rules/{rule['id']}"
    assert (rule["version"], rule["kind"], rule["is_public"]) == (1, "threshold", False)
    changed = await client.put(url, json=BODY | {"severity": "urgent", "version": 1}, headers=who)
    assert (changed.json()["version"], changed.json()["severity"]) == (2, "urgent")
    stale = await client.put(url, json=BODY | {"version": 1}, headers=who)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:lantoa:problem:alert-rule-changed")
    assert stale.json()["title"] == "Quy tắc cảnh báo đã được người khác sửa"
    listed = (await client.get(f"{API}/alert-rules", headers=reader)).json()
    assert [one["id"] for one in listed["items"]] == [rule["id"]]
    assert (await client.delete(url, params={"version": 1}, headers=who)).status_code == 409
    assert (await client.delete(url, params={"version": 2}, headers=who)).status_code == 204
    assert (await client.get(url, headers=reader)).status_code == 404
    actions = [row.action for row in await room.rows(m.AuditEntry)]
    assert actions == ["alert_rule.created", "alert_rule.changed", "alert_rule.removed"]


async def test_a_rule_with_alerts_is_switched_off_and_not_removed(room: Room, client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.ADMIN)
    rule = await made(client, who)
    await room.told_of(3)
    url = f"{API}/alert-rules/{rule['id']}"
    refused = await client.delete(url, params={"version": 1}, headers=who)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:alert-rule-in-use")
    assert (await client.put(url, json=BODY | {"is_enabled": False, "version": 1}, headers=who)).status_code == 200


async def test_another_question_ends_what_the_old_one_found(room: Room, client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.ADMIN)
    rule = await made(client, who)
    await room.told_of(3)
    body = BODY | {"condition": {"kind": "burst", "dimensions": ["field"]}, "version": 1}
    assert (await client.put(f"{API}/alert-rules/{rule['id']}", json=body, headers=who)).json()["kind"] == "burst"
    assert (await room.alert()).state == "resolved"
    assert await room.sweep() == 0


async def test_who_may_do_what(room: Room, client: Any, signed_in: Any) -> None:
    allowed: dict[Role, set[str]] = {
        Role.INTEGRATOR: set(),
        Role.VIEWER: {"read"},
        Role.EDITOR: {"read", "acknowledge"},
        Role.FACT_CHECKER: {"read", "acknowledge"},
        Role.FEEDBACK_OFFICER: {"read", "acknowledge"},
        Role.SPOKESPERSON: {"read", "acknowledge", "keep"},
        Role.ADMIN: {"read", "acknowledge", "keep"},
    }
    for role, may in allowed.items():
        who = await signed_in(role)
        asked = {
            "read": await client.get(f"{API}/alerts", headers=who),
            "acknowledge": await client.post(f"{API}/alerts/{uuid4()}/acknowledge", json={}, headers=who),
            "keep": await client.post(f"{API}/alert-rules", json=BODY, headers=who),
        }
        assert {name for name, answer in asked.items() if answer.status_code != 403} == may, role


@pytest.mark.mission("M06")
async def test_a_rule_aimed_at_a_person_is_refused(client: Any, signed_in: Any) -> None:
    who, phrases = await signed_in(Role.ADMIN), ["facebook.com/lan", "lan@vd.vn", "CCCD 001085012345"]
    condition = {"kind": "first_appearance", "of": "phrase", "days": 7}
    refused: list[dict[str, Any]] = [{"condition": {**condition, "phrases": [phrase]}} for phrase in phrases]
    for words in ({"name": "Theo dõi 0912 345 678"}, *refused):
        for url in (f"{API}/alert-rules", f"{API}/alert-rules/test"):
            answer = await client.post(url, json=BODY | words, headers=who)
            assert (answer.status_code, answer.json()["type"]) == (422, "urn:lantoa:problem:alert-about-a-person")


@pytest.mark.mission("M06")
async def test_the_database_refuses_it_too(room: Room) -> None:
    rule = await room.rule()
    for change in (
        'condition = condition || \'{"phrases": ["@lan"]}\'',
        'condition = condition || \'{"phrases": ["0912345678"]}\'',
        "name = 'Theo 0912345678'",
        "kind = 'source_quiet', is_public = true",
    ):
        with pytest.raises(DBAPIError, match=r"asks_for_no_person|public_kinds"):
            async with room.db.transaction() as session:
                await session.execute(text(f"UPDATE alert_rules SET {change} WHERE id = :id"), {"id": rule.id})


async def test_what_may_not_be_public_is_refused(client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.ADMIN)
    for condition in ({"kind": "source_quiet"}, {"kind": "claim_seen"}):
        answer = await client.post(
            f"{API}/alert-rules", json=BODY | {"condition": condition, "is_public": True}, headers=who
        )
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:lantoa:problem:alert-not-for-outsiders")


async def test_bodies_that_make_no_sense_are_refused(client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.ADMIN)
    for wrong in (
        {"quiet_from": "22:00"},
        {"quiet_from": "25:00", "quiet_to": "06:00"},
        {"escalation": [{"after_minutes": 20, "role": "admin"}, {"after_minutes": 10, "role": "admin"}]},
        {"condition": {**REPORTS, "author": "lan"}},
        {"author": "lan"},
        {"role": "integrator"},
        {"escalation": [{"after_minutes": 20, "role": "integrator"}]},
        {"unit_id": str(uuid4())},
    ):
        assert (await client.post(f"{API}/alert-rules", json=BODY | wrong, headers=who)).status_code == 422


async def test_alerts_are_listed_read_acknowledged_and_resolved(room: Room, client: Any, signed_in: Any) -> None:
    who, editor = await signed_in(Role.ADMIN), await signed_in(Role.EDITOR)
    await made(client, who)
    for place in ("00001", "00002", "00003"):
        room.later(seconds=1)
        await room.told_of(3, places=[place])
    first = (await client.get(f"{API}/alerts?limit=2", headers=editor)).json()
    rest = (await client.get(f"{API}/alerts?limit=2&cursor={first['next_cursor']}", headers=editor)).json()
    assert [one["place"] for one in first["items"] + rest["items"]] == ["00003", "00002", "00001"]
    url = f"{API}/alerts/{first['items'][0]['id']}"
    done = await client.post(f"{url}/acknowledge", json={"note": "Gọi tôi 0912 345 678"}, headers=editor)
    assert done.json()["state"] == "acknowledged"
    again = await client.post(f"{url}/acknowledge", json={}, headers=editor)
    assert (again.status_code, again.json()["type"]) == (409, "urn:lantoa:problem:alert-already-settled")
    assert (await client.post(f"{url}/resolve", json={}, headers=editor)).json()["state"] == "resolved"
    shown = (await client.get(url, headers=editor)).json()
    assert [step["kind"] for step in shown["timeline"]] == ["raised", "acknowledged", "resolved"]
    assert "0912" not in str(shown)
    assert shown["rule_name"] == BODY["name"]
    still = (await client.get(f"{API}/alerts?state=open", headers=editor)).json()["items"]
    assert [one["place"] for one in still] == ["00002", "00001"]


async def test_a_rule_is_muted_and_spoken_again(room: Room, client: Any, signed_in: Any) -> None:
    who = await signed_in(Role.SPOKESPERSON)
    url = f"{API}/alert-rules/{(await made(client, who))['id']}"
    until = (room.clock.now() + timedelta(days=2)).isoformat()
    assert (await client.post(f"{url}/mute", json={"until": until, "reason": "ngắn"}, headers=who)).status_code == 422
    muted = await client.post(f"{url}/mute", json={"until": until, "reason": "Đang sửa đường ống"}, headers=who)
    assert muted.json()["mute_reason"] == "Đang sửa đường ống"
    too_long = (room.clock.now() + timedelta(days=31)).isoformat()
    answer = await client.post(f"{url}/mute", json={"until": too_long, "reason": "Đang sửa đường ống"}, headers=who)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:lantoa:problem:alert-mute-too-long")
    assert (await client.post(f"{url}/unmute", headers=who)).json()["mute_until"] is None


# --- test runs -----------------------------------------------------------------------------------------------


async def run(client: Any, who: Any, condition: dict[str, Any]) -> Any:
    answer = await client.post(f"{API}/alert-rules/test", json=BODY | {"condition": condition}, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.mission("M06")
async def test_a_test_run_says_what_the_rule_would_have_raised(room: Room, client: Any, signed_in: Any) -> None:
    """The same as it raises, when it is watching while the same comes in."""
    await room.rule()
    for hours in (1, 3, 1, 0.5, 30, 2):
        room.later(hours=hours)
        await room.sweep()
        for place in ("00001", "00002"):
            await room.told_of(2 if hours == 1 else 3, places=[place])
    raised = await room.alerts()
    who = await signed_in(Role.SPOKESPERSON)
    found = await run(client, who, REPORTS)
    assert found["total"] == len(raised) == len(found["alerts"])
    assert {(one["key"], one["count"]) for one in found["alerts"]} == {(one.event_key, one.count) for one in raised}
    assert found["is_complete"]
    assert len(await room.alerts()) == len(raised), "nothing is written"


async def test_test_runs_of_the_other_kinds(room: Room, client: Any, signed_in: Any) -> None:
    await room.content(places=["00009"])
    room.later(days=20)
    who = await signed_in(Role.ADMIN)
    await room.content(places=["00001"])
    first = await run(client, who, {"kind": "first_appearance", "of": "place_field", "days": 10})
    assert [one["key"] for one in first["alerts"]] == ["00001:do_thi"]
    for condition in (
        {"kind": "first_appearance", "of": "phrase", "days": 10, "phrases": ["vỡ đê"]},
        {"kind": "burst", "dimensions": ["field"]},
        {"kind": "claim_seen"},
        {"kind": "source_quiet"},
        {"kind": "saved_query", "query_ids": [str(uuid4())]},
        {"kind": "threshold", "by": "story", "count": 3, "window_minutes": 60},
    ):
        assert (await run(client, who, condition))["total"] == 0
