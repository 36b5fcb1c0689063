"""M05: criticism is feedback. Two hundred lawful critical texts, the database itself, and the two people it takes."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.text import unmark
from services.classify.main import SERVICE
from tests.classify.conftest import Desk

API = "/api/classify/v1"
FEEDBACK = {"criticism", "opinion", "complaint", "report_of_problem", "question"}
"""The kinds that are answered; the first three are also protected for ever."""

SUBJECTS = [
    "việc lát lại vỉa hè phố cũ",
    "dự án cải tạo thoát nước khu tập thể",
    "quy định thu phí đỗ xe mới",
    "thủ tục cấp phép sửa nhà ở phường",
    "tuyến buýt bị cắt mất hai điểm dừng",
    "kế hoạch di dời chợ dân sinh",
    "cách thu gom rác ban đêm",
    "lịch cấp nước luân phiên",
    "đề án hạn chế xe máy",
    "việc chặt hàng cây trước trường học",
]
VOICES = [
    "Tôi thấy {} là lãng phí tiền thuế của dân, lãnh đạo thành phố cần xem lại.",
    "Thật thất vọng về {}. Cán bộ vô trách nhiệm, hỏi ai cũng đùn đẩy.",
    "Theo tôi {} không hợp lý, nên lấy ý kiến người dân trước khi làm.",
    "Năm nào cũng nói về {}, năm nào cũng làm cho có. Quản lý yếu kém quá!",
    "Tôi phản đối {}: thiếu minh bạch, không ai chịu trách nhiệm giải trình.",
    "Chúng tôi đã phản ánh nhiều lần về {} mà không ai trả lời, vô cùng bức xúc.",
    "Ai nghĩ ra {} vậy? Xa rời thực tế, chỉ khổ dân nghèo.",
    "Cán bộ phụ trách {} quan liêu, hách dịch, đề nghị cách chức.",
    "{} là một quyết định sai lầm, lãnh đạo phải nhận lỗi và xin lỗi người dân.",
    "toi phan doi {}, lang phi tien thue cua dan, can bo vo trach nhiem",
    "Đọc tin về {} mà chán: hứa suông, nói một đằng làm một nẻo.",
    "Tôi ủng hộ chủ trương nhưng {} làm ẩu, gây khó khăn cho tôi và cả khu phố, kêu mãi không được giải quyết.",
    "Dân góp ý về {} thì bị coi như không. Cửa quyền! Mất niềm tin vào chính quyền phường.",
    "Kiến nghị thành phố dừng {}, thiết nghĩ nên chăng dùng số tiền đó xây trường.",
    "Xin hỏi ai chịu trách nhiệm về {}? Tiền của dân chứ đâu phải của mấy ông.",
    "Nghe giải thích về {} thật nực cười, không thuyết phục được ai.",
    "Đăng ký họp dân về {} mà phường đóng cửa, thái độ coi thường dân.",
    "Đừng đổ tại thời tiết nữa, {} hỏng là do tắc trách, buông lỏng quản lý.",
    "Ý kiến cá nhân: {} đầu voi đuôi chuột, bệnh thành tích.",
    "Tôi viết đơn khiếu nại về {} ba tháng rồi, quá hạn vẫn không trả lời. Quá tệ!",
]
TEXTS = [
    voice.format(unmark(subject) if voice.isascii() else subject)  # who types without marks does so throughout
    for voice, subject in product(VOICES, SUBJECTS)
]


@pytest.mark.mission("M05")
async def test_of_two_hundred_lawful_critical_texts_none_reaches_the_legal_queue(desk: Desk) -> None:
    assert len(set(TEXTS)) == 200
    ids = {await desk.content("", words, group="forum"): words for words in TEXTS}
    await desk.annotate(ids)
    found = {row.content_id: row for row in await desk.rows(m.Annotation)}
    assert await desk.rows(m.LegalRiskCase) == []
    assert all(row.risk == [] for row in found.values())
    astray = [(found[i].kind, words) for i, words in ids.items() if found[i].kind not in FEEDBACK]
    assert astray == []
    protected = [i for i in ids if found[i].kind in {"criticism", "opinion", "complaint"}]
    assert len(protected) >= 195
    assert {row.content_id for row in await desk.rows(m.LabelRecord)} == set(protected)


async def _critical(desk: Desk) -> UUID:
    content = await desk.content("", TEXTS[0], group="forum")
    await desk.annotate([content])
    return content


INSERT = (
    "INSERT INTO legal_risk_cases (id, content_id, risk_class, state, created_at) "
    "VALUES (:id, :c, :k, 'suggested', :now)"
)


async def _sql(desk: Desk, statement: str, values: dict[str, Any]) -> None:
    async with desk.db.transaction() as session:
        await session.execute(text(statement), values)


@pytest.mark.mission("M05")
@pytest.mark.parametrize("risk", ["scam_link", "impersonation", "forged_document", "threat_of_violence"])
async def test_the_database_refuses_the_step_even_to_direct_sql(desk: Desk, risk: str) -> None:
    content, now = await _critical(desk), desk.clock.now()
    values = {"id": new_id(now), "c": content, "k": risk, "now": now}
    with pytest.raises(DBAPIError, match="it is feedback"):
        await _sql(desk, INSERT, values)
    assert await desk.rows(m.LegalRiskCase) == []


@pytest.mark.mission("M05")
@pytest.mark.parametrize(
    "statement", ["DELETE FROM label_history", "UPDATE label_history SET kind = 'news'", "TRUNCATE label_history"]
)
async def test_the_history_cannot_be_rewritten_by_the_service(desk: Desk, statement: str) -> None:
    await _critical(desk)
    with pytest.raises(DBAPIError):
        await _sql(desk, statement, {})
    assert len(await desk.rows(m.LabelRecord)) == 1


@pytest.mark.mission("M05")
async def test_relabelling_away_takes_two_people_and_a_reason(desk: Desk, client_for: Any, signed_in: Any) -> None:
    client, content = await client_for(SERVICE), await _critical(desk)
    one, other = await signed_in(Role.FEEDBACK_OFFICER), await signed_in(Role.EDITOR)
    path = f"{API}/contents/{content}/label"
    short = await client.post(path, json={"kind": "scam_suspect", "reason": "sai"}, headers=one)
    assert (short.status_code, short.json()["type"]) == (422, "urn:lantoa:problem:reason-needed")
    body = {"kind": "scam_suspect", "reason": "Đây là tin nhắn lừa đảo"}
    proposed = (await client.post(path, json=body, headers=one)).json()
    assert (proposed["outcome"], proposed["kind"]) == ("second_person", (await _kind(desk)))
    assert (await client.post(path, json=body, headers=other)).status_code == 409
    confirm = f"{API}/label-proposals/{proposed['proposal_id']}/confirm"
    listed = (await client.get(f"{API}/label-proposals", headers=other)).json()["items"]
    assert [row["id"] for row in listed] == [proposed["proposal_id"]]
    assert (await client.post(confirm, headers=one)).status_code == 403
    done = await client.post(confirm, headers=other)
    assert done.json()["kind"] == "scam_suspect"
    assert await _kind(desk) == "scam_suspect"
    assert (await client.post(confirm, headers=other)).status_code == 409
    last = max(await desk.rows(m.LabelRecord), key=lambda row: row.id)
    assert last.labelled_by != last.second_by
    assert last.second_by is not None
    assert {row.action for row in await desk.rows(m.AuditEntry)} == {"label.proposed", "label.changed"}


@pytest.mark.mission("M05")
async def test_what_was_ever_criticism_is_never_suggested(desk: Desk, client_for: Any, signed_in: Any) -> None:
    """Even after two people moved it away, and even if its text becomes a scam."""
    client, content = await client_for(SERVICE), await _critical(desk)
    one, other = await signed_in(Role.FEEDBACK_OFFICER), await signed_in(Role.EDITOR)
    body = {"kind": "scam_suspect", "reason": "Đây là tin nhắn lừa đảo"}
    proposed = (await client.post(f"{API}/contents/{content}/label", json=body, headers=one)).json()
    await client.post(f"{API}/label-proposals/{proposed['proposal_id']}/confirm", headers=other)
    await desk.revise(content, "Bạn đã trúng thưởng! Bấm vào link http://vietcombank-qua.top/otp và nhập mã OTP ngay.")
    await desk.annotate([content])
    [row] = await desk.rows(m.Annotation)
    assert (row.kind, row.risk) == ("scam_suspect", [])
    assert await desk.rows(m.LegalRiskCase) == []


async def test_moving_towards_protection_counts_at_once(desk: Desk, client_for: Any, signed_in: Any) -> None:
    client = await client_for(SERVICE)
    scam = "Bạn đã trúng thưởng! Bấm vào link http://vietcombank-qua.top/otp và nhập mã OTP ngay."
    content = await desk.content("", scam, group="forum")
    await desk.annotate([content])
    answer = await client.post(
        f"{API}/contents/{content}/label", json={"kind": "complaint"}, headers=await signed_in(Role.FEEDBACK_OFFICER)
    )
    assert answer.json() == {"outcome": "at_once", "kind": "complaint", "proposal_id": None}
    assert [row.state for row in await desk.rows(m.LegalRiskCase)] == ["released"]
    assert len(await desk.events("lantoa.content.classified.v1")) == 2


async def test_a_rejected_proposal_leaves_the_label(desk: Desk, client_for: Any, signed_in: Any) -> None:
    client, content = await client_for(SERVICE), await _critical(desk)
    who, before = await signed_in(Role.EDITOR), await _kind(desk)
    body = {"kind": "news", "reason": "Đây là một bài báo"}
    proposed = (await client.post(f"{API}/contents/{content}/label", json=body, headers=who)).json()
    answer = await client.post(f"{API}/label-proposals/{proposed['proposal_id']}/reject", headers=who)
    assert answer.json()["kind"] == before == await _kind(desk)
    again = await client.post(f"{API}/contents/{content}/label", json=body, headers=who)
    assert again.json()["outcome"] == "second_person"


async def _kind(desk: Desk) -> str:
    [row] = await desk.rows(m.Annotation)
    return str(row.kind)


# --- people decide --------------------------------------------------------------------------------------------


async def test_a_person_decides_with_a_reason_once(desk: Desk, client_for: Any, signed_in: Any) -> None:
    client = await client_for(SERVICE)
    scam = "Bạn đã trúng thưởng! Bấm vào link http://vietcombank-qua.top/otp và nhập mã OTP ngay."
    await desk.annotate([await desk.content("Nhận quà", scam, group="forum")])
    who = await signed_in(Role.FACT_CHECKER)
    [case] = (await client.get(f"{API}/legal-risk-cases?state=suggested", headers=who)).json()["items"]
    assert (case["title"], case["risk_class"]) == ("Nhận quà", "scam_link")
    decide = f"{API}/legal-risk-cases/{case['id']}/decide"
    assert (await client.post(decide, json={"decision": "referred", "reason": "ngắn"}, headers=who)).status_code == 422
    assert (
        await client.post(decide, json={"decision": "released", "reason": "x" * 20}, headers=who)
    ).status_code == 422
    body = {"decision": "referred", "reason": "Liên kết giả mạo ngân hàng"}
    done = await client.post(decide, json=body, headers=who)
    assert (done.status_code, done.json()["state"]) == (200, "referred")
    assert (await client.post(decide, json=body, headers=who)).status_code == 409
    [entry] = await desk.rows(m.AuditEntry)
    assert (entry.action, entry.object_id) == ("legal_risk.referred", UUID(case["id"]))
