"""The shipped model by itself: what it says, when it is silent, why, and what becomes of a broken one."""

import json
from pathlib import Path

import pytest

from libs.common.models.enums import ContentKind, Field, RiskClass, TextKind, Tone
from libs.common.text import unmark
from services.classify.adapters.base import Document
from services.classify.adapters.linear import DEFAULT, LinearClassifier
from services.classify.domain import guard
from services.classify.learner.storage import version_of
from services.classify.models import training
from services.classify.models.explaining import explain
from services.classify.models.texts import Example
from services.classify.models.wording import ADDRESS, LINK, NUMBER, PHONE, TITLE, TRAP, reading
from services.classify.resources import load_classifier

SCAM = "Ngân hàng thông báo: tài khoản của quý khách bị khóa, bấm vào link http://vcb-xacminh.top và nhập mã OTP ngay."


def test_it_labels_what_anybody_would_label_so(shipped: LinearClassifier) -> None:
    news, report, thanks = shipped.annotate(
        [
            Document(
                "Cháy xưởng gỗ ở Thạch Thất", "Lửa bùng lên lúc 2h, cảnh sát chữa cháy dập tắt.", ContentKind.ARTICLE
            ),
            Document("", "Đèn đường trước ngõ 12 hỏng cả tuần nay, tối om, mong phường sửa giúp.", ContentKind.REPORT),
            Document("", "Cảm ơn các bác sĩ khoa nhi đã tận tình cứu cháu.", ContentKind.POST),
        ]
    )
    assert (news.field, news.kind, news.tone) == (Field.CHAY_NO, TextKind.NEWS, Tone.PROBLEM)
    assert (report.field, report.kind) == (Field.DO_THI, TextKind.REPORT_OF_PROBLEM)
    assert (thanks.field, thanks.kind, thanks.tone) == (Field.Y_TE, TextKind.PRAISE, Tone.POSITIVE)
    assert all(0 <= one.field_score <= 1 and one.toxicity is not None for one in (news, report, thanks))


def test_chat_spelling_is_read_as_the_words_it_stands_for(shipped: LinearClassifier) -> None:
    chat = "đg này ngập quáaaa 😡😡 ko ai dc đi, mn gọi phường mãi k thấy"
    written = "đường này ngập quá không ai được đi, mọi người gọi phường mãi không thấy"
    assert reading(Document("", chat)) == reading(Document("", written))
    assert shipped.annotate([Document("", chat)]) == shipped.annotate([Document("", written)])
    trap = reading(Document("", "mn ơi ko vào http://vcb-xacminh.top nhé, mik mất 5tr"))
    assert "không vào" in trap
    assert TRAP in trap
    assert "ko" in reading(Document("Ban nhạc ko ko", "ko ko ra mắt", ContentKind.ARTICLE))


def test_no_batch_and_no_words_are_no_trouble(shipped: LinearClassifier) -> None:
    assert shipped.annotate([]) == []
    [nothing] = shipped.annotate([Document("", "")])
    assert nothing.risk == ()
    batch = [Document("", f"Xe buýt số {number} bỏ bến") for number in range(3)]
    assert shipped.annotate(batch) == [shipped.annotate([one])[0] for one in batch]


def test_a_head_that_is_not_sure_says_so(shipped: LinearClassifier) -> None:
    [said] = shipped.annotate([Document("", "zxqw")])
    assert said.field == Field.KHAC
    assert "field" in said.abstained or said.field_score >= shipped.model.head("field").floor


def test_press_and_agencies_show_no_risk(shipped: LinearClassifier) -> None:
    post, article = shipped.annotate([Document("", SCAM), Document("", SCAM, ContentKind.ARTICLE)])
    assert RiskClass.SCAM_LINK in post.risk
    assert article.risk == ()


@pytest.mark.mission("M05")
@pytest.mark.parametrize(
    "text",
    [
        "Tôi phản đối cách làm của phường, ứng dụng bắt bấm link nhập mã mãi không được, cán bộ vô trách nhiệm.",
        "Theo tôi ngân hàng bắt quét mã QR cập nhật sinh trắc học là hành dân, nên bỏ.",
    ],
)
def test_criticism_that_sounds_like_a_fraud_is_protected(shipped: LinearClassifier, text: str) -> None:
    [said] = shipped.annotate([Document("", text)])
    assert guard(said.kind, said.risk).risk == ()


def test_signs_stand_for_what_no_word_shows() -> None:
    read = reading(Document("Tìm chủ", "nhà số 5 ngõ 20 phố Vọng, 0912 345 678, CCCD 001099000123, xem a-b.example/x"))
    assert all(sign in read for sign in (ADDRESS, PHONE, NUMBER, LINK, TITLE))
    masked = reading(Document("", "gọi [số điện thoại], giấy tờ [số giấy tờ]"))
    assert PHONE in masked
    assert NUMBER in masked
    assert PHONE not in reading(Document("", "gọi 0912345678", ContentKind.ARTICLE))


def test_without_the_word_that_decided_the_label_is_less_likely(shipped: LinearClassifier) -> None:
    text = "Bệnh viện Nhi quá tải, cháu chờ khám từ sáng"
    [field] = [head for head in explain(shipped, Document("", text))["heads"] if head["head"] == "field"]
    assert field["label"] == "y_te"
    words = field["features"][0]["words"]
    weights = [one["weight"] for one in field["features"]]
    assert weights == sorted(weights, reverse=True)
    without = " ".join(word for word in text.split() if unmark(word).lower().strip(",") not in unmark(words).split())
    assert without != text
    after = shipped.model.predict([without])["field"]
    assert after.probabilities[0][after.head.labels.index("y_te")] < field["probability"]


def test_an_explanation_tells_thresholds_signs_and_rules(shipped: LinearClassifier) -> None:
    told = explain(shipped, Document("", SCAM))
    [risk, *_] = [head for head in told["heads"] if head["label"] == "scam_link"]
    assert risk["probability"] >= risk["threshold"]
    assert any("link" in rule for rule in told["rules"])
    assert told["model"] == f"linear {shipped.version}"


def test_a_damaged_model_is_refused_with_its_reason(damaged: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load_classifier("linear", damaged) is None
    assert str(damaged) in caplog.text
    assert load_classifier("linear", damaged / "nowhere") is None
    assert load_classifier("linear") is not None


def test_the_card_is_of_this_model_and_of_these_texts(shipped: LinearClassifier, written: list[Example]) -> None:
    card = json.loads((DEFAULT / "card.json").read_text(encoding="utf-8"))
    assert card["version"] == shipped.version == version_of(DEFAULT / "model.npz")
    assert card["texts"]["hash"] == training.hash_of(written), "run `lantoa models build` and `judge`"
    assert shipped.version in (DEFAULT / "CARD.md").read_text(encoding="utf-8")
    assert (DEFAULT / "model.npz").stat().st_size < 6_000_000


def test_the_same_texts_give_the_same_model(few: list[Example], small: LinearClassifier, tmp_path: Path) -> None:
    from services.classify.learner.storage import save

    again = save(training.train(few).model, tmp_path, {})
    assert again["version"] == small.version


@pytest.mark.slow
def test_the_shipped_model_can_be_made_again(written: list[Example]) -> None:
    """Bit by bit on a machine like the one that made it; by its figures everywhere."""
    card = json.loads((DEFAULT / "card.json").read_text(encoding="utf-8"))
    outcome = training.train(written)
    for head, figures in outcome.metrics.items():
        assert figures["macro_f1"] == pytest.approx(card["metrics"][head]["macro_f1"], abs=0.003)
