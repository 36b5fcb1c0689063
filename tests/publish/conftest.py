"""The newsroom (see newsroom.py), and the sandbox of platforms as a real server on loopback."""

import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from sandbox.main import create
from sandbox.settings import SandboxSettings
from services.publish.main import SERVICE
from services.publish.press import FOLDER
from services.publish.settings import PublishGroup, PushSettings, ReadersSettings
from tests.common.letterbox import running_letterbox
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import KEY, Newsroom
from tests.publish.officers import Officers
from tests.publish.pushing import SUBJECT, TOPIC, VAPID_KEY, PushRoom
from tests.publish.readers import BOUNCE_DOMAIN, READERS_KEY, RETURNS, Office
from tests.publish.scripted import KIND, PAGES, Page, platform
from tests.publish.stage import HANDLE, PASSWORD, Stage


@pytest.fixture(scope="session")
def empty_bulletin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages of a bulletin without news are kept, as the first newsroom printed them."""
    return tmp_path_factory.mktemp("empty") / FOLDER


@pytest.fixture
async def newsroom(
    client_for: Any,
    signed_in: Any,
    make: Make,
    db: Database,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
    files: FileStore,
    empty_bulletin: Path,
) -> Newsroom:
    if empty_bulletin.exists():
        shutil.copytree(empty_bulletin, files.root / FOLDER)  # to print them anew took a tenth of a test's time
    client = await client_for(
        SERVICE, public_url="https://tin.example.vn", publish=PublishGroup(credentials_key=SecretStr(KEY))
    )
    if not empty_bulletin.exists():
        shutil.copytree(files.root / FOLDER, empty_bulletin)
    client._transport.raise_app_exceptions = True
    return Newsroom(
        client=client,
        db=db,
        clock=clock,
        editor=await signed_in(Role.EDITOR),
        speaker=await signed_in(Role.SPOKESPERSON),
        second_speaker=await signed_in(Role.SPOKESPERSON),
        admin=await signed_in(Role.ADMIN),
        bulletin=await make.channel("own_site", name="Bản tin"),
        resources=client._transport.app.state.resources,
        worker_db=db_as("publish"),
    )


@pytest.fixture(scope="session")
def dkim_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that signs letters, as `openssl genrsa` makes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path_factory.mktemp("dkim") / "dkim.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return path


@pytest.fixture
async def office(
    newsroom: Newsroom, make: Make, client_for: Any, issuer: Path, dkim_key: Path
) -> AsyncIterator[Office]:
    """The digest with a real mail server, at noon."""
    await sign_in_for_long(newsroom, make, issuer)
    async with running_letterbox() as box:
        readers = ReadersSettings(
            key=SecretStr(READERS_KEY),
            sender="tin@tin.example.vn",
            bounce_domain=BOUNCE_DOMAIN,
            returns_token=SecretStr(RETURNS),
            dkim_domain="example.vn",
            dkim_selector="s1",
            dkim_key_file=dkim_key,
        )
        group = PublishGroup(credentials_key=SecretStr(KEY), readers=readers)
        client = await client_for(SERVICE, public_url="https://tin.example.vn", publish=group, mail=box.settings())
        room = replace(newsroom, client=client, resources=client._transport.app.state.resources)
        channel = await make.channel(
            "email", name="Bản tin hằng ngày", address="hang-ngay", settings={"list": "hang-ngay"}
        )
        yield Office(room, box, channel)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The sandbox, served by uvicorn in a thread: real sockets, so that answers can really be lost."""
    config = uvicorn.Config(create(SandboxSettings()), host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
async def stage(sandbox_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    """An empty stage with one account on it; its clock starts where the newsroom's stands."""
    async with httpx.AsyncClient(base_url=sandbox_url) as http:
        found = Stage(http, sandbox_url)
        await found.post("/control/reset", at=clock.now().isoformat())
        await found.put("/control/accounts", platform="bluesky", handle=HANDLE, password=PASSWORD)
        yield found


@pytest.fixture
async def pushroom(
    newsroom: Newsroom, make: Make, client_for: Any, issuer: Path, sandbox_url: str
) -> AsyncIterator[PushRoom]:
    """Web push with the sandbox's push service; its clock starts where the newsroom's stands."""
    await sign_in_for_long(newsroom, make, issuer)
    async with httpx.AsyncClient(base_url=sandbox_url) as http:
        assert (await http.post("/control/reset", json={"at": newsroom.clock.now().isoformat()})).is_success
        push = PushSettings(vapid_private_key=SecretStr(VAPID_KEY), subject=SUBJECT, services=[sandbox_url])
        group = PublishGroup(credentials_key=SecretStr(KEY), push=push)
        client = await client_for(SERVICE, public_url="https://tin.example.vn", publish=group)
        room = replace(newsroom, client=client, resources=client._transport.app.state.resources)
        channel = await make.channel("webpush", name="Tin khẩn", address=TOPIC, settings={"topic": TOPIC})
        yield PushRoom(room, http, sandbox_url, channel)


@pytest.fixture
async def bluesky(newsroom: Newsroom, stage: Stage) -> Any:
    """The city's account there, registered as a channel."""
    return await newsroom.register_bluesky(f"{stage.url}/bluesky", HANDLE, PASSWORD)


@pytest.fixture
def officers(make: Make, issuer: Path, clock: FrozenClock) -> Officers:
    """People whose identity matters: with their tokens and shifts."""
    return Officers(make, issuer, clock)


@pytest.fixture
def pages(make: Make) -> Iterator[Callable[..., Any]]:
    """`await pages("a", deletes="never")`: a channel on the scripted platform, and its page with what stands there."""

    async def page(name: str, **script: Any) -> tuple[m.Channel, Page]:
        PAGES[name] = Page(**script)
        return await make.channel(KIND, name=f"Kênh {name}", address=name, settings={"page": name}), PAGES[name]

    with platform():
        yield page
