"""What a process of the publish service holds while it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from libs.common import models as m
from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.doorman import Doorman
from libs.common.files import FileStore
from libs.common.mail import Mailer
from libs.common.shelf import Shelf
from libs.common.tls import trust
from libs.common.web import Site
from services.publish import adapters
from services.publish.adapters.base import Account, Channel, Json, Tools
from services.publish.credentials import Vault
from services.publish.crisis.sandbox import Sandbox, open_sandbox
from services.publish.hearing.base import HearingKeys
from services.publish.hub import service as hubs
from services.publish.hub.rules import PATH as HUB
from services.publish.hub.service import Hub
from services.publish.press import BulletinPress
from services.publish.presskit.desk import StoredPress
from services.publish.presskit.sending import PressSender, open_sender
from services.publish.pull import PullSigner
from services.publish.push.board import StoredNotices
from services.publish.push.service import PushService, open_fetcher
from services.publish.readers.basket import StoredBasket
from services.publish.readers.keys import ReadersKeys
from services.publish.readers.letters import Sender, Signer
from services.publish.settings import BulletinSettings, PublishSettings, WaitingSettings
from services.publish.tokens import StoredTokens

log = logging.getLogger("lantoa.publish")


class StoredMedia:
    """The media library's files, read in a thread so that a large one never holds up the loop."""

    def __init__(self, files: FileStore, clock: Clock, signer: PullSigner | None) -> None:
        self._files, self._clock, self._signer = files, clock, signer

    def link(self, sha256: str, mime: str, lasts: timedelta) -> str:
        if self._signer is None:
            raise RuntimeError("media can be pulled only where LANTOA_PUBLISH__CREDENTIALS_KEY is set")
        return self._signer.link(sha256, mime, lasts, self._clock.now())

    async def read(self, sha256: str) -> bytes:
        return await asyncio.to_thread(self._path(sha256).read_bytes)

    async def stream(self, sha256: str, chunk: int = 1 << 20, start: int = 0) -> AsyncIterator[bytes]:
        with self._path(sha256).open("rb") as file:
            file.seek(start)
            while piece := await asyncio.to_thread(file.read, chunk):
                yield piece

    def _path(self, sha256: str) -> Path:
        return self._files.path(f"objects/{sha256[:2]}/{sha256}")


@dataclass(frozen=True)
class PublishResources:
    tools: Tools
    press: BulletinPress
    site: Site
    files: FileStore
    clock: Clock
    vault: Vault | None = field(repr=False)
    mailer: Mailer = field(repr=False)
    press_sender: PressSender = field(repr=False)
    drills: Sandbox = field(repr=False)
    """The one place that channels of drills can reach."""
    signer: PullSigner | None = None
    """Signs the addresses from which platforms fetch our media."""
    waiting: WaitingSettings = field(default_factory=WaitingSettings)
    checkpoint: Checkpoint = no_checkpoint
    """Between the steps of sending, so that a test can end the worker exactly there."""
    cleaning: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2), repr=False)
    """Pictures decoded at the same time: each may use much memory for a moment."""
    sender: Sender | None = field(default=None, repr=False)
    """Whose letters to readers they are; None where readers cannot be written to."""
    doorman: Doorman = field(default_factory=Doorman, repr=False)
    hearing: HearingKeys | None = field(default=None, repr=False)
    """Tell apart what platforms send; None where no key is set."""
    push: PushService | None = field(default=None, repr=False)
    """The way to readers' browsers; None without a key pair."""
    hub: Hub | None = field(default=None, repr=False)
    """Tells subscribers of the feeds; None without a key."""
    english: Site | None = field(default=None, repr=False)
    """The site by its names in English."""
    bulletin: BulletinSettings = field(default_factory=BulletinSettings, repr=False)
    shelf: Shelf = field(default_factory=Shelf, repr=False)
    feed_doorman: Doorman = field(default_factory=Doorman, repr=False)
    search_doorman: Doorman = field(default_factory=Doorman, repr=False)
    replay: bool = False
    """Other sites are looked for on this machine alone."""

    def open(self, channel: m.Channel, secret: Json | None = None) -> Channel:
        """A channel's adapter, for its account."""
        account = Account(channel.id, channel.settings, secret or {}, channel.capabilities, channel.capabilities_at)
        tools = replace(self.tools, http=self.drills.http) if channel.is_drill else self.tools
        return adapters.CHANNELS.get(channel.kind)(account, tools)

    def forget_session(self, channel_id: UUID) -> None:
        self.tools.sessions.pop(channel_id, None)


def sender_of(settings: PublishSettings, site: Site) -> Sender | None:
    """Of letters to readers, where a key is set. Raises ValueError where the one that signs them does not serve."""
    readers = settings.publish.readers
    if not readers.key:
        return None
    sender = Sender(site, settings.mail, readers, ReadersKeys.of(readers.key), Signer.of(readers))
    if settings.mail.host and not sender.may_send:
        log.warning("no DKIM key is set (LANTOA_PUBLISH__READERS__DKIM_KEY_FILE): readers get no letters")
    return sender


@asynccontextmanager
async def open_resources(settings: PublishSettings, db: Database, clock: Clock) -> AsyncIterator[PublishResources]:
    told, files = settings.publish.site, FileStore(settings.files.root)
    site, english = told.site(settings.public_url), told.english(settings.public_url)
    mailer = Mailer(settings.mail, clock)
    key = settings.publish.credentials_key
    press = BulletinPress(db, files, clock, site, english, site.url(HUB) if key else None)
    async with (
        httpx.AsyncClient(follow_redirects=False, trust_env=False, verify=trust()) as http,
        open_fetcher(settings.publish.push, replay=settings.replay) as fetcher,
        hubs.open_fetcher(settings.publish.bulletin, replay=settings.replay) as hub_fetcher,
        open_sender(settings.mail, mailer, clock) as press_sender,
        open_sandbox(settings.publish.drills.sandbox) as sandbox,
    ):
        vault = Vault(key, settings.publish.old_keys) if key else None
        signer = PullSigner.of(settings.public_url, key) if key else None
        tools = Tools(
            http=http,
            clock=clock,
            press=press,
            public_url=settings.public_url,
            media=StoredMedia(files, clock, signer),
            tokens=StoredTokens(db, clock, vault),
            letters=StoredBasket(db, clock),
            notices=StoredNotices(db, clock, timedelta(seconds=settings.publish.push.ttl_seconds)),
            press_desk=StoredPress(db, clock),
        )
        mailer.say_if_off()
        if not press.is_current_design():
            log.info("bulletin printed anew: %d pages", await press.print_all())
        yield PublishResources(
            tools,
            press,
            site,
            files,
            clock,
            vault,
            mailer,
            press_sender,
            sandbox,
            signer,
            waiting=settings.publish.waiting,
            hearing=HearingKeys.of(key, settings.publish.old_keys) if key else None,
            sender=sender_of(settings, site),
            push=PushService.of(settings.publish.push, vault, fetcher),
            hub=Hub.of(settings.publish.bulletin, site, vault, hub_fetcher, replay=settings.replay),
            english=english,
            bulletin=settings.publish.bulletin,
            replay=settings.replay,
        )
