from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.publish.credentials import CredentialsUnreadable, Vault

KEY = SecretStr("k" * 40)
SECRET = {"identifier": "thanhpho.example", "password": "mat-khau-ung-dung"}


def test_a_secret_comes_back_and_its_row_does_not_show_it() -> None:
    channel = uuid4()
    sealed = Vault(KEY).seal(channel, SECRET)
    assert Vault(KEY).open(channel, sealed) == SECRET
    assert b"mat-khau" not in sealed
    assert sealed != Vault(KEY).seal(channel, SECRET)


def test_another_channel_another_key_or_a_changed_byte_opens_nothing() -> None:
    channel = uuid4()
    sealed = Vault(KEY).seal(channel, SECRET)
    other = b"A" if sealed[-3:-2] != b"A" else b"B"
    for vault, owner, row in [
        (Vault(KEY), uuid4(), sealed),
        (Vault(SecretStr("z" * 40)), channel, sealed),
        (Vault(KEY), channel, sealed[:-3] + other + sealed[-2:]),
        (Vault(KEY), channel, b"not a token"),
    ]:
        with pytest.raises(CredentialsUnreadable) as raised:
            vault.open(owner, row)
        assert "mat-khau" not in str(raised.value)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Vault(SecretStr("short"))
