"""Every registered channel, as a class: complete, typed, described, and pure where the interface says so."""

import inspect
import json
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings

from sandbox import counting
from sandbox.main import create
from sandbox.platforms import load
from sandbox.settings import SandboxSettings
from services.publish.adapters import CHANNELS
from services.publish.adapters.base import (
    Capabilities,
    Channel,
    Composed,
    Corrected,
    Draft,
    NotPostable,
    Prepared,
)
from services.publish.limits import Limit, Shape
from tests.publish.conformance.case import KINDS, case_of, cases
from tests.publish.conformance.drafts import LONG, NOW, drafts, plain, shown, unconnected

HERE = Path(__file__).resolve().parents[3]
METHODS = [name for name, _ in inspect.getmembers(Channel, inspect.isfunction) if not name.startswith("_")]
ID = UUID("01930000-0000-7000-8000-00000000abcd")
OPERATIONS = {"publish", "stage", "delete", "read", "reply", "hide"}
pytestmark = pytest.mark.parametrize("kind", KINDS)


def test_it_is_described_and_has_a_stage_and_a_page(kind: str) -> None:
    case = case_of(kind)
    platforms = {build(create(SandboxSettings()).state.world).name for build in load()}
    assert case.platform is None or case.platform in platforms, "the sandbox does not play it"
    assert case.platform is None or (case.publishes and case.reads and case.deletes and case.dead)
    page = HERE / "docs" / "channels" / f"{kind}.md"
    assert page.is_file(), f"what a person sets up once is not written: docs/channels/{kind}.md"
    assert set(cases()) == set(KINDS), "a description without a channel"


def test_it_keeps_to_the_interface(kind: str) -> None:
    found = CHANNELS.get(kind)
    assert isinstance(found.name_vi, str)
    assert found.name_vi.strip()
    for names in (found.needs_secret, found.needs_settings):
        assert isinstance(names, tuple)
        assert all(isinstance(name, str) and name for name in names)
    for name in METHODS:
        wanted, made = getattr(Channel, name), getattr(found, name)
        assert inspect.iscoroutinefunction(made) == inspect.iscoroutinefunction(wanted), name
        assert list(inspect.signature(made).parameters) == list(inspect.signature(wanted).parameters), name


def test_its_caps_are_caps(kind: str) -> None:
    limits = CHANNELS.get(kind).limits
    assert len({limit.name for limit in limits}) == len(limits)
    for limit in limits:
        assert isinstance(limit, Limit)
        assert limit.name != "*"
        assert limit.points > 0
        assert limit.window > timedelta()
        assert set(limit.costs) <= OPERATIONS
        assert all(0 < cost <= limit.points for cost in limit.costs.values())
        assert limit.shape is not Shape.DAY or limit.window == timedelta(days=1)


def test_its_settings_and_secrets_are_those_of_its_description(kind: str) -> None:
    found, seat = CHANNELS.get(kind), case_of(kind).seat(7, "http://127.0.0.1:1")
    assert set(found.needs_secret) <= set(seat.secret)
    assert set(found.needs_settings) <= set(seat.settings)
    other = case_of(kind).seat(8, "http://127.0.0.1:1")
    assert other.address != seat.address
    assert not seat.secret or other.secret != seat.secret


def test_its_capabilities_are_whole_without_asking_anybody(kind: str) -> None:
    can = unconnected(kind).capabilities()
    assert isinstance(can, Capabilities)
    assert can.repeatable_for is None or can.repeatable_for > timedelta(minutes=1)
    assert len({metric.name for metric in can.metrics}) == len(can.metrics)
    assert all(metric.definition.strip() for metric in can.metrics)


@given(draft=drafts())
@example(draft=plain(title=LONG[1][:200], body=LONG[1], summary=LONG[0]))
@example(draft=plain(title="a", body="b", summary=None, link=None))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_composed_fits_and_is_always_the_same(kind: str, draft: Draft) -> None:
    adapter = unconnected(kind)
    draft = shown(kind, draft)
    try:
        made = adapter.compose(draft)
    except NotPostable as refused:
        _require_reason(refused)
        return
    _require_fits(kind, adapter.capabilities(), made.text)
    assert unconnected(kind).compose(draft) == made
    assert json.loads(json.dumps(made.payload)) == made.payload
    assert unicodedata.is_normalized("NFC", made.text), "half of the letters count double"
    if draft.link is not None and case_of(kind).platform is not None:
        assert draft.link in json.dumps(made.payload, ensure_ascii=False), "the link is never cut"
    _require_prepared(kind, made)


def _require_fits(kind: str, can: Capabilities, text: str) -> None:
    counts = case_of(kind).counts
    for most, count in (
        (can.text.graphemes, counts),
        (can.text.utf8_bytes, counting.utf8_bytes),
        (can.text.utf16_units, counting.utf16_units),
    ):
        assert most is None or count(text) <= most, f"{count(text)} of {most}"


def _require_prepared(kind: str, made: Composed) -> None:
    """Pure, and the same key for the same delivery whenever it is prepared."""
    before = json.dumps(made.payload, sort_keys=True)
    first = unconnected(kind).prepare(made.payload, ID, NOW)
    again = unconnected(kind).prepare(json.loads(json.dumps(made.payload)), ID, NOW)
    assert first == again
    assert unconnected(kind).prepare(made.payload, ID, NOW + timedelta(minutes=5)).key == first.key
    assert json.dumps(made.payload, sort_keys=True) == before, "what was approved is not touched"
    handle = json.loads(json.dumps(first.as_handle()))
    assert Prepared.from_handle(handle) == first


def _require_reason(refused: NotPostable) -> None:
    assert refused.reason.vi.strip()
    assert refused.reason.en.strip()
    assert refused.reason.vi != refused.reason.en
    assert any(ord(letter) > 127 for letter in refused.reason.vi), "the reason is not Vietnamese"


def test_what_is_is_ai_made_says_so(kind: str) -> None:
    """Law 134/2025: on every channel, whatever else has to be left out."""
    adapter = unconnected(kind)
    for body in ("Ngắn.", "Dài. " * 2000):
        plainly = adapter.compose(shown(kind, plain(body=body, summary=body)))
        labelled = adapter.compose(shown(kind, plain(body=body, summary=body, ai_label="Ảnh do AI tạo")))
        told = json.dumps(labelled.payload, ensure_ascii=False)
        assert labelled.payload != plainly.payload
        assert "AI" in told or "trí tuệ nhân tạo" in told


def test_two_deliveries_of_the_same_words_are_two_sendings(kind: str) -> None:
    adapter = unconnected(kind)
    if adapter.capabilities().repeatable_for is None or case_of(kind).platform is None:
        pytest.skip("no handle to tell them apart, or a page by its own address")
    made: dict[str, Any] = adapter.compose(shown(kind, plain())).payload
    other = UUID("01930000-0000-7000-8000-00000000abce")
    assert adapter.prepare(made, ID, NOW).key != adapter.prepare(made, other, NOW).key


def test_a_correction_says_what_it_corrects(kind: str) -> None:
    adapter = unconnected(kind)
    first = adapter.compose(shown(kind, plain()))
    if case_of(kind).platform is None:
        pytest.skip("the bulletin links corrections by the publication itself")
    original = _original(kind)
    fixed = plain(kind="correction", title="Đính chính: tuyến 32", corrects=original)
    made = adapter.compose(shown(kind, fixed))
    told = json.dumps(made.payload, ensure_ascii=False)
    assert "ính chính" in told
    if adapter.capabilities().can_edit:
        assert made.payload.get("edits") == original.id
    else:
        assert original.id in told, "a reply to the original"
    assert adapter.compose(shown(kind, plain(kind="correction", corrects=None))).payload != first.payload


def _original(kind: str) -> Corrected:
    post = case_of(kind).a_post
    assert post is not None, "the description names no post id (a_post)"
    return Corrected(post, "https://noi.example/bai")
