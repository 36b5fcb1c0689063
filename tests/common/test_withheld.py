"""A secret that the process has in hand is shown nowhere, however it is written."""

import io
import json
import logging

import pytest
from pydantic import BaseModel, SecretStr

from libs.common import logs, withheld
from libs.common.withheld import SECRET, withhold, withhold_address, withhold_settings, without_secrets

WORD = 'Zq7-bímật"x/9 k'
TOKEN = "6612345678:AAHq-khong_AiDuocThayMaNay1"


@pytest.mark.parametrize(
    "written",
    [
        WORD,
        f"token {WORD} refused",
        "a=Zq7-b%C3%ADm%E1%BA%ADt%22x/9%20k&b",
        "a=Zq7-b%C3%ADm%E1%BA%ADt%22x%2F9%20k&b",
        json.dumps({"password": WORD}),
        repr({"password": WORD}),
        "Basic WnE3LWLDrW3huq10Ingv",
        "the answer was cut off: Zq7-bímật",
    ],
)
def test_however_it_is_written(written: str) -> None:
    withhold(WORD)
    said = without_secrets(written)
    assert SECRET in said
    assert "Zq7-" not in said
    assert "WnE3" not in said


def test_a_bots_token_is_known_by_its_form() -> None:
    said = without_secrets(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage")
    assert said == f"POST https://api.telegram.org/bot{SECRET}/sendMessage"
    assert without_secrets("lúc 20261124:0930 có 6612345678 bài") == "lúc 20261124:0930 có 6612345678 bài"
    withhold(TOKEN)
    assert without_secrets("bot 6612345678 answered") == "bot 6612345678 answered"
    assert without_secrets("bot6612345678:AAHq-kho") == f"bot{SECRET}"


class Inner(BaseModel):
    key: SecretStr = SecretStr("khoa-trong-cung-881")
    url: SecretStr = SecretStr("postgresql+asyncpg://lantoa_publish:mat%20ma9x@db:5432/lantoa")
    hook: SecretStr | None = SecretStr("https://chat.example.vn/hooks/Xy12AbCdEfGh34?key=Qw98ErTyUi76")

    servers: SecretStr = SecretStr('[{"name": "ben", "url": "http://127.0.0.1:8110/open311/v2", "key": "may-ben-71"}]')
    old: SecretStr = SecretStr('["khoa-cu-nam-ngoai-01", "khoa-cu-nam-kia-02"]')


class Outer(BaseModel):
    name: str = "lantoa"
    inner: Inner = Inner()


def test_every_secret_of_settings_and_what_an_address_lets_in_by() -> None:
    withhold_settings(Outer())
    for secret in ("khoa-trong-cung-881", "mat%20ma9x", "mat ma9x", "Xy12AbCdEfGh34", "Qw98ErTyUi76"):
        assert secret not in without_secrets(f"failed at {secret}!")
    plain = "postgres is away: lantoa at db:5432 chat.example.vn /hooks/ answered 500"
    assert without_secrets(plain) == plain
    assert Inner().servers.get_secret_value() not in without_secrets(f"read {Inner().servers.get_secret_value()}")
    for alone in ("may-ben-71", "khoa-cu-nam-ngoai-01", "khoa-cu-nam-kia-02"):
        assert alone not in without_secrets(f"POST api_key={alone}: 403"), "a key of a list is one by itself too"
    beside = "hãy mở http://127.0.0.1:8110/tiktok/@thanhpho/photo/75"
    assert without_secrets(beside) == beside, "where a server of a list stands is no secret"


def test_short_ones_and_broken_addresses_are_let_be() -> None:
    withhold("abc", "")
    withhold_address("http://[::1")
    assert without_secrets("abc is a word") == "abc is a word"


def test_a_line_of_the_log_has_none_of_them() -> None:
    withhold("bi-mat-cua-dong-nay-5")
    for form in ("json", "text"):
        said = io.StringIO()
        handler = logs.handler(form, said)
        record = logging.LogRecord(
            "httpx", logging.INFO, __file__, 1, "%s %s", ("POST", "http://x/bi-mat-cua-dong-nay-5?q"), None
        )
        handler.emit(record)
        assert "bi-mat" not in said.getvalue()
        assert SECRET in said.getvalue()


def test_tokens_that_rotate_do_not_pile_up_and_those_of_the_settings_last() -> None:
    held = withheld._Withheld()
    held.add(["khoa-cua-cai-dat"], lasts=True)
    for number in range(withheld._MOST + 50):
        held.add([f"ma-xoay-vong-{number:06d}"])
        held.add(["van-dang-dung-hom-nay"])
    said = held.taken_out(f"khoa-cua-cai-dat ma-xoay-vong-{withheld._MOST + 49:06d} van-dang-dung-hom-nay")
    assert said == " ".join([SECRET] * 3)
    assert len(held._named) == withheld._MOST + 1
