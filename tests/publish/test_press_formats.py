"""What newsrooms' own formats say of a version: ninjs 3.1 by its schema, NewsML-G2 by IPTC's own library."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from lxml import etree
from NewsMLG2 import document as newsmlg2

from libs.common.models.press import PressStatus
from services.publish.adapters.base import Account, Draft
from services.publish.adapters.presskit import PressKit
from services.publish.presskit import atom, newsml, ninjs
from services.publish.presskit.edition import Edition, Masthead
from services.publish.presskit.mediatopics import TOPICS
from tests.publish.conformance.drafts import drafts, plain, unconnected
from tests.publish.ninjs31 import OFFICIAL, SCHEMA, faults, official, valid

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
ITEM = UUID("01933b1e-0000-7000-8000-000000000001")
SITE = "https://tin.example.vn"
HEAD = Masthead(
    "Thành phố Hà Nội",
    "https://tin.example.vn/api/publish/v1/press/1",
    "Ghi nguồn.",
    place="Hà Nội",
    rights_url=f"{SITE}/dieu-kien",
)
NAR = {"n": "http://iptc.org/std/nar/2006-10-01/", "h": "http://www.w3.org/1999/xhtml"}


def edition(draft: Draft, version: int = 1, status: PressStatus = PressStatus.USABLE, **more: Any) -> Edition:
    payload = unconnected("press").compose(draft).payload
    at = NOON + timedelta(minutes=version)
    return Edition(ITEM, version, status, payload, at, NOON, more.get("until"), HEAD)


@settings(max_examples=30, deadline=None)
@given(draft=drafts())
def test_every_draft_becomes_a_good_document_in_every_format(draft: Draft) -> None:
    made = edition(draft)
    document = valid(ninjs.written(made))
    read = newsmlg2.NewsMLG2Document(newsml.written(made)).get_item()
    feed = etree.fromstring(atom.written(HEAD, [made], NOON))
    assert str(read.guid) == document["uri"] == feed.findtext("{*}entry/{*}id")
    assert str(read.version) == document["version"] == "1"
    shown = etree.fromstring(newsml.written(made)).find(".//h:body", NAR)
    assert shown is not None
    assert feed.findtext("{*}entry/{*}content") == newsml.allowed(document["bodies"][0]["value"])


def test_newsml_comes_back_from_iptcs_library_as_it_went_in() -> None:
    made = edition(plain(), 3, until=NOON + timedelta(hours=2))
    once = newsmlg2.NewsMLG2Document(newsml.written(made))
    again = etree.fromstring(once.to_xml_string().encode())
    ours = etree.fromstring(newsml.written(made))
    for path in (
        "n:itemMeta/n:pubStatus/@qcode",
        "n:itemMeta/n:itemClass/@qcode",
        "n:itemMeta/n:versionCreated/text()",
        "n:itemMeta/n:embargoed/text()",
        "n:itemMeta/n:provider/n:name/text()",
        "n:contentMeta/n:urgency/text()",
        "n:contentMeta/n:headline/text()",
        "n:contentMeta/n:slugline/text()",
        "n:contentMeta/n:creditline/text()",
        "n:contentMeta/n:subject/@qcode",
    ):
        assert again.xpath(path, namespaces=NAR) == ours.xpath(path, namespaces=NAR) != [], path


def test_a_kill_keeps_the_identity_and_loses_the_content() -> None:
    made = edition(plain(), 2, PressStatus.CANCELED)
    document, xml = valid(ninjs.written(made)), etree.fromstring(newsml.written(made))
    assert (document["pubStatus"], document["urgency"], document["representationType"]) == ("canceled", 1, "partial")
    assert not {"bodies", "descriptions", "associations"} & set(document)
    assert xml.xpath("n:itemMeta/n:pubStatus/@qcode", namespaces=NAR) == ["stat:canceled"]
    assert xml.find("n:contentSet", NAR) is None
    assert str(made.payload["body"])[:20] not in etree.tostring(xml, encoding="unicode")


@pytest.mark.mission("M38")
def test_what_a_model_made_says_so_in_every_format() -> None:
    made = edition(plain(ai_label="tóm tắt bằng mô hình"))
    document, xml = valid(ninjs.written(made)), newsml.written(made).decode()
    code = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    assert document["digitalSourceType"]["uri"] == code
    assert code in xml
    for text in (document["bodies"][0]["value"], xml, atom.written(HEAD, [made], NOON).decode()):
        assert "Có sử dụng trí tuệ nhân tạo: tóm tắt bằng mô hình" in text
    assert "digitalSourceType" not in ninjs.written(edition(plain()))


def test_every_qcode_is_one_of_the_kept_copy() -> None:
    assert len(TOPICS) == 17
    assert all(code in TOPICS for code in HEAD.subjects)
    strange = Masthead.of("TP", None, "https://tin.example.vn", {"subjects": ["99999999"]})
    assert strange.subjects == ("11000000",)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"headline": "chuỗi của ninjs 1.x"}, "headline"),
        ({"pubstatus": "usable"}, "pubstatus"),
        ({"pubStatus": "killed"}, "pubStatus"),
        ({"urgency": 0}, "urgency"),
        ({"version": 1}, "version"),
        ({"versionCreated": "hôm nay"}, "versionCreated"),
        ({"associations": [{"uri": "urn:a"}]}, "associations"),
        ({"renditions": [{"href": "https://a.vn/x"}]}, "renditions"),
    ],
)
def test_the_profile_refuses_what_it_must(change: dict[str, Any], where: str) -> None:
    """What IPTC's schema refuses too, where it is at hand."""
    good = ninjs.written(edition(plain()))
    assert any(where in each for each in faults(good | change))
    if OFFICIAL is not None:
        assert any(where in each for each in faults(good | change, official()))
    assert faults({name: value for name, value in good.items() if name != "uri"}, SCHEMA)


def test_what_is_shown_is_the_whole_text() -> None:
    composed = unconnected("press").compose(plain(body="Dòng một.\n\n## Mục\n\n- hai"))
    assert isinstance(unconnected("press"), PressKit)
    assert "• hai" in composed.text
    assert composed.payload["body"] == "Dòng một.\n\n## Mục\n\n- hai"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"partners": [{"id": "Báo A", "name": "x"}]}, "`id`"),
        ({"partners": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]}, "cùng `id`"),
        ({"partners": [{"id": "a", "name": "A", "mail": "không phải"}]}, "địa chỉ thư"),
        ({"partners": [{"id": "a", "name": "A", "embargo": "yes"}]}, "true hoặc false"),
        ({"embargo_minutes": -1}, "embargo_minutes"),
    ],
)
async def test_what_is_wrong_with_the_partners_is_said(changes: dict[str, Any], told: str) -> None:
    adapter = unconnected("press")
    assert isinstance(adapter, PressKit)
    health = await PressKit(Account(ITEM, changes), adapter._tools).health()
    assert health.problem is not None
    assert told in health.problem.vi
