"""CAP 1.2 under our own schema, which is cited to the OASIS text: order, required elements, references, instants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from libs.common.models.corrections import CorrectionStep, PublicVerdict
from services.publish.corrections import cap
from services.publish.corrections.queries import Earlier
from services.publish.corrections.rules import Evidence, Told
from tests.publish.corrections.factcheck import CAP
from tests.publish.entries import SITE

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("cap-1.2.xsd")))
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
REVIEW = Told(
    CorrectionStep.ALERT,
    PublicVerdict.TIN_GIA,
    "Đập sắp vỡ",
    (Evidence("Thông báo", "https://so.example.vn/1?a=1&b=2"),),
    None,
    AT,
)
NOTICE = cap.Message(
    publication_id=UUID(int=7),
    slug="so-tan",
    title="Sơ tán vùng bãi & ven đê",
    text="Rời vùng trũng trước 18 giờ.",
    language="vi",
    unit_name="Sở Nông nghiệp",
    sent=AT,
    is_urgent=True,
)
BEFORE = (
    Earlier(UUID(int=5), "tin-5", True, AT - timedelta(hours=2)),
    Earlier(UUID(int=6), "tin-6", True, AT - timedelta(hours=1)),
)


def read(message: cap.Message) -> Any:
    root = etree.fromstring(cap.document(SITE, message))
    SCHEMA.assertValid(root)
    return root


def told(root: Any, name: str) -> Any:
    return root.findtext(f"{CAP}{name}") or root.findtext(f"{CAP}info/{CAP}{name}")


@pytest.mark.mission("M08")
def test_an_urgent_notice_is_an_alert() -> None:
    root = read(NOTICE)
    names = ("identifier", "sender", "sent", "status", "msgType", "scope", "references")
    assert [told(root, name) for name in names] == [
        UUID(int=7).urn, "tin.example.vn", "2026-11-24T13:00:00+07:00", "Actual", "Alert", "Public", None,
    ]  # fmt: skip
    info = {name: told(root, name) for name in ("language", "category", "urgency", "headline", "web")}
    assert info == {
        "language": "vi-VN",
        "category": "Safety",
        "urgency": "Immediate",
        "headline": "Sơ tán vùng bãi & ven đê",
        "web": "https://tin.example.vn/tin/so-tan",
    }


@pytest.mark.mission("M08")
def test_an_update_refers_to_every_message_before_it_the_oldest_first() -> None:
    root = read(replace(NOTICE, earlier=BEFORE))
    assert told(root, "msgType") == "Update"
    assert (told(root, "references") or "").split() == [
        f"tin.example.vn,{UUID(int=5).urn},2026-11-24T11:00:00+07:00",
        f"tin.example.vn,{UUID(int=6).urn},2026-11-24T12:00:00+07:00",
    ]


@pytest.mark.mission("M08")
def test_a_correction_of_a_claim_carries_its_verdict_and_evidence() -> None:
    root = read(replace(NOTICE, is_urgent=False, review=REVIEW))
    pairs = [[one.text for one in each] for each in root.iter(f"{CAP}parameter")]
    assert pairs == [["verdict", "Tin giả"], ["claim", "Đập sắp vỡ"], ["evidence", "https://so.example.vn/1?a=1&b=2"]]
    assert (told(root, "urgency"), told(root, "severity"), told(root, "certainty")) == ("Unknown",) * 3
    cancelled = read(replace(NOTICE, review=replace(REVIEW, step=CorrectionStep.CANCEL), earlier=BEFORE))
    assert told(cancelled, "msgType") == "Cancel"


@pytest.mark.mission("M08", "M30")
def test_what_was_withdrawn_is_cancelled_without_a_word_of_it() -> None:
    gone = replace(NOTICE, withdrawn_at=AT + timedelta(hours=1), withdrawn_reason="Nhầm vùng", earlier=BEFORE[:1])
    root = read(gone)
    assert (told(root, "msgType"), told(root, "note"), root.find(f"{CAP}info")) == ("Cancel", "Nhầm vùng", None)
    assert told(root, "identifier") != UUID(int=7).urn
    assert (told(root, "references") or "").endswith(f"tin.example.vn,{UUID(int=7).urn},2026-11-24T13:00:00+07:00")
    assert "Rời vùng trũng" not in etree.tostring(root, encoding="unicode")


@pytest.mark.parametrize("broken", ["no sender", "wrong order", "Z", "space in the identifier", "no certainty"])
def test_the_schema_refuses_what_the_standard_does(broken: str) -> None:
    root: Any = etree.fromstring(cap.document(SITE, NOTICE))
    info = root.find(f"{CAP}info")
    match broken:
        case "no sender":
            root.remove(root.find(f"{CAP}sender"))
        case "wrong order":
            root.insert(0, root.find(f"{CAP}scope"))
        case "Z":
            root.find(f"{CAP}sent").text = "2026-11-24T06:00:00Z"
        case "space in the identifier":
            root.find(f"{CAP}identifier").text = "a b"
        case _:
            info.remove(info.find(f"{CAP}certainty"))
    assert not SCHEMA.validate(root)
