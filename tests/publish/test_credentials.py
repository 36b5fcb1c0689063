"""Secrets at rest: what opens a row and what does not, and the rotation of the key that wraps them."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import typer
from joserfc import jwe
from joserfc.jwk import OctKey
from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.envelope import derived
from libs.common.testing.make import Make
from services.publish import cli, queries
from services.publish.credentials import CredentialsUnreadable, Vault, key_id_of
from services.publish.rotation import count_under_others, rotate
from services.publish.settings import PublishGroup

KEY, NEXT = SecretStr("k" * 40), SecretStr("n" * 40)
SECRET = {"identifier": "thanhpho.example", "password": "mat-khau-ung-dung"}


def header_of(sealed: bytes) -> dict[str, Any]:
    first = sealed.split(b".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4))))


def of_before(channel: UUID, key: SecretStr = KEY) -> bytes:
    """A row as it was written until envelopes came."""
    header = {"alg": "dir", "enc": "A256GCM", "kid": str(channel)}
    direct = OctKey.import_key(derived(key.get_secret_value(), b"lantoa-publish"))
    return jwe.encrypt_compact(header, json.dumps(SECRET).encode(), direct, algorithms=["dir", "A256GCM"]).encode()


def test_a_secret_comes_back_and_its_row_does_not_show_it() -> None:
    channel = uuid4()
    sealed = Vault(KEY).seal(channel, SECRET)
    assert Vault(KEY).open(channel, sealed) == SECRET
    assert b"mat-khau" not in sealed
    assert sealed != Vault(KEY).seal(channel, SECRET)


def test_each_row_has_a_key_of_its_own_wrapped_by_the_one_it_names() -> None:
    channel, vault = uuid4(), Vault(KEY)
    one, two = (vault.seal(channel, SECRET) for _ in range(2))
    header = header_of(one)
    assert (header["alg"], header["enc"]) == ("A256GCMKW", "A256GCM")
    assert (header["kid"], header["channel"]) == (vault.key_id, str(channel))
    assert key_id_of(one) == vault.key_id
    assert one.split(b".")[1] != two.split(b".")[1]
    assert Vault(NEXT).key_id != vault.key_id == Vault(KEY).key_id
    assert "k" * 8 not in vault.key_id


def test_another_channel_another_key_or_a_changed_byte_opens_nothing() -> None:
    channel = uuid4()
    sealed = Vault(KEY).seal(channel, SECRET)
    _, wrapped, iv, text, tag = sealed.split(b".")
    other = b"A" if sealed[-3:-2] != b"A" else b"B"
    forged = base64.urlsafe_b64encode(json.dumps({**header_of(sealed), "channel": str(UUID(int=1))}).encode())
    for vault, owner, row in [
        (Vault(KEY), uuid4(), sealed),
        (Vault(NEXT), channel, sealed),
        (Vault(NEXT, [SecretStr("z" * 40)]), channel, sealed),
        (Vault(KEY), channel, sealed[:-3] + other + sealed[-2:]),
        (Vault(KEY), UUID(int=1), b".".join((forged.rstrip(b"="), wrapped, iv, text, tag))),
        (Vault(KEY), channel, b"not a token"),
        (Vault(KEY), channel, b""),
        (Vault(KEY), channel, b"W10.a.b.c.d"),
        (Vault(KEY), uuid4(), of_before(channel)),
        (Vault(NEXT), channel, of_before(channel)),
    ]:
        with pytest.raises(CredentialsUnreadable) as raised:
            vault.open(owner, row)
        assert "mat-khau" not in str(raised.value)


def test_rows_of_before_and_of_the_key_before_still_open() -> None:
    channel = uuid4()
    both = Vault(NEXT, [KEY])
    assert Vault(KEY).open(channel, of_before(channel)) == SECRET
    assert both.open(channel, of_before(channel)) == SECRET
    assert both.open(channel, Vault(KEY).seal(channel, SECRET)) == SECRET
    assert key_id_of(both.seal(channel, SECRET)) == Vault(NEXT).key_id
    assert key_id_of(of_before(channel)) is None


def test_a_short_key_is_refused() -> None:
    short = SecretStr("short")
    for key, old in ((short, []), (KEY, [short])):
        with pytest.raises(ValueError, match="at least 32"):
            Vault(key, old)


@pytest.mark.parametrize("written", ["bi-mat-khong-phai-json", '{"a": 1}', '["a", 1]', '"bi-mat"'])
def test_old_keys_are_a_json_list_and_a_mistake_shows_none_of_it(written: str) -> None:
    with pytest.raises(ValidationError, match="JSON list") as raised:
        PublishGroup(credentials_keys_old=SecretStr(written))
    assert "bi-mat" not in str(raised.value)


def test_old_keys_are_read() -> None:
    group = PublishGroup(credentials_keys_old=SecretStr(json.dumps(["a" * 32, "b" * 32])))
    assert [key.get_secret_value() for key in group.old_keys] == ["a" * 32, "b" * 32]
    assert PublishGroup(credentials_keys_old=SecretStr("")).old_keys == PublishGroup().old_keys == []


# --- rotation ---------------------------------------------------------------------------------------------


async def stored(db: Database, clock: FrozenClock, channel: m.Channel, sealed: bytes) -> None:
    async with db.transaction() as session:
        await queries.store_credentials(session, channel.id, sealed, clock.now())


async def rows(db: Database) -> dict[UUID, m.ChannelCredential]:
    async with db.transaction() as session:
        return {row.channel_id: row for row in await session.scalars(select(m.ChannelCredential))}


async def test_every_row_comes_under_the_current_key_and_again_changes_nothing(
    make: Make, db_as: Callable[[str], Database], clock: FrozenClock
) -> None:
    db = db_as("publish")
    channels = [await make.channel() for _ in range(4)]
    for channel in channels[:2]:
        await stored(db, clock, channel, of_before(channel.id))
    for channel, key in zip(channels[2:], (KEY, NEXT), strict=True):
        await stored(db, clock, channel, Vault(key).seal(channel.id, SECRET))
    vault, told = Vault(NEXT, [KEY]), list[int]()
    before = await rows(db)
    done = await rotate(db, vault, told.append)
    assert (done.key_id, done.rotated, done.remaining, done.unreadable) == (vault.key_id, 3, 0, [])
    assert told == [2, 1, 0]
    after = await rows(db)
    assert {row.key_id for row in after.values()} == {vault.key_id}
    only_new = Vault(NEXT)
    assert [only_new.open(c.id, after[c.id].ciphertext) for c in channels] == [SECRET] * 4
    assert after[channels[3].id].ciphertext == before[channels[3].id].ciphertext
    assert [after[c.id].updated_at for c in channels] == [before[c.id].updated_at for c in channels]
    again = await rotate(db, vault)
    assert (again.rotated, again.remaining) == (0, 0)


async def test_a_row_that_nothing_opens_is_named_and_holds_up_no_other(
    make: Make, db_as: Callable[[str], Database], clock: FrozenClock
) -> None:
    db = db_as("publish")
    lost, good = await make.channel(), await make.channel()
    await stored(db, clock, lost, Vault(SecretStr("lost" * 10)).seal(lost.id, SECRET))
    await stored(db, clock, good, of_before(good.id))
    done = await rotate(db, Vault(NEXT, [KEY]))
    assert (done.rotated, done.remaining, done.unreadable) == (1, 1, [lost.id])


async def test_beside_writers_no_secret_is_lost_or_taken_back(
    make: Make, db_as: Callable[[str], Database], clock: FrozenClock
) -> None:
    """Editors store fresh secrets under the old key while everything is rotated, twice at once."""
    db, other = db_as("publish"), db_as("publish")
    channels = [await make.channel() for _ in range(12)]
    for channel in channels:
        await stored(db, clock, channel, of_before(channel.id))
    fresh = {channel.id: {**SECRET, "password": f"mới {n}"} for n, channel in enumerate(channels)}

    async def write() -> None:
        for channel in reversed(channels):
            await stored(other, clock, channel, Vault(KEY).seal(channel.id, fresh[channel.id]))

    vault = Vault(NEXT, [KEY])
    await asyncio.gather(rotate(db, vault), write(), rotate(other, vault))
    done = await rotate(db, vault)
    assert done.remaining == 0
    after = await rows(db)
    assert {c.id: Vault(NEXT).open(c.id, after[c.id].ciphertext) for c in channels} == fresh


async def test_what_waits_for_a_lock_is_the_one_row_alone(
    make: Make, db_as: Callable[[str], Database], clock: FrozenClock
) -> None:
    db = db_as("publish")
    one = await make.channel()
    await stored(db, clock, one, of_before(one.id))
    vault = Vault(NEXT, [KEY])
    async with db.transaction() as session:
        await queries.store_credentials(session, one.id, vault.seal(one.id, {"password": "mới"}), clock.now())
        waiting = asyncio.create_task(rotate(db_as("publish"), vault))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert (await waiting).rotated == 0
    assert vault.open(one.id, (await rows(db))[one.id].ciphertext) == {"password": "mới"}
    async with db.transaction() as session:
        assert await count_under_others(session, vault.key_id) == 0


def run_verb(*words: str) -> Any:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, ["channels", "rotate-key", *words])


async def test_the_command_says_how_many_it_did_and_how_many_remain(
    make: Make,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
    database: str,
    postgres: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, lost = await make.channel(), await make.channel()
    await stored(db_as("publish"), clock, one, of_before(one.id))
    monkeypatch.setenv("LANTOA_DB__URL", postgres.url(database, "lantoa_publish"))
    monkeypatch.setenv("LANTOA_NATS__URL", "nats://127.0.0.1:9")
    monkeypatch.setenv("LANTOA_PUBLISH__CREDENTIALS_KEY", NEXT.get_secret_value())
    monkeypatch.setenv("LANTOA_PUBLISH__CREDENTIALS_KEYS_OLD", json.dumps([KEY.get_secret_value()]))
    done = await asyncio.to_thread(run_verb, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "key_id": Vault(NEXT).key_id,
        "rotated": 1,
        "remaining": 0,
        "unreadable": [],
    }
    await stored(db_as("publish"), clock, lost, Vault(SecretStr("lost" * 10)).seal(lost.id, SECRET))
    done = await asyncio.to_thread(run_verb)
    assert done.exit_code == 1
    assert str(lost.id) in done.output
    assert "Còn dưới khóa cũ: 1 kênh" in done.output
    monkeypatch.setenv("LANTOA_PUBLISH__CREDENTIALS_KEY", "ngan")
    done = await asyncio.to_thread(run_verb)
    assert done.exit_code == 2
    assert "at least 32" in done.output


async def test_what_the_api_stores_names_its_key(newsroom: Any) -> None:
    channel = await newsroom.register_bluesky("http://127.0.0.1:9/bluesky", "thanhpho.example", "abcd-efgh")
    row = (await rows(newsroom.db))[channel.id]
    assert row.key_id == key_id_of(row.ciphertext) == newsroom.resources.vault.key_id
