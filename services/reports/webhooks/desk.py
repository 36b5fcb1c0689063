"""What a process of webhooks holds: the keys that seal, and the one door to the subscribers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import SecretStr

from libs.common.envelope import RowVault
from libs.common.webhook import Poster
from services.reports.settings import WebhookSettings
from services.reports.webhooks.problems import WebhooksOff

AGENT = "lantoa-webhooks/1"


@dataclass(frozen=True)
class Desk:
    poster: Poster = field(repr=False)
    vault: RowVault | None = field(default=None, repr=False)
    """None where no key is set: then nobody can subscribe, and nothing is sent."""

    def require_vault(self) -> RowVault:
        if self.vault is None:
            raise WebhooksOff("Hãy đặt LANTOA_REPORTS__WEBHOOKS__KEY (ít nhất 32 ký tự).")
        return self.vault


@dataclass(frozen=True)
class Sealed:
    """What is sealed of a subscription. `old`: signs beside the other until its time is over."""

    url: SecretStr
    secret: SecretStr
    old: SecretStr | None = None

    @classmethod
    def opened(cls, vault: RowVault, subscription_id: UUID, ciphertext: bytes) -> "Sealed":
        """Raises RowUnreadable."""
        told = {name: SecretStr(value) for name, value in vault.open(subscription_id, ciphertext).items()}
        return cls(told["url"], told["secret"], told.get("old_secret"))

    def under(self, vault: RowVault, subscription_id: UUID) -> bytes:
        told: Mapping[str, SecretStr | None] = {"url": self.url, "secret": self.secret, "old_secret": self.old}
        plain = {name: value.get_secret_value() for name, value in told.items() if value is not None}
        return vault.seal(subscription_id, plain)


@asynccontextmanager
async def open_desk(settings: WebhookSettings, *, replay: bool) -> AsyncIterator[Desk]:
    """Public addresses and the networks an administrator listed; this machine alone where all of outside is played."""
    key = settings.key if settings.key and settings.key.get_secret_value() else None
    poster = Poster(
        user_agent=AGENT,
        networks=() if replay else settings.networks,
        public=not replay,
        loopback=replay,
        ports=settings.ports,
        timeout_seconds=settings.timeout_seconds,
    )
    async with poster:
        yield Desk(poster, RowVault("webhook", b"lantoa-webhooks", key, settings.old_keys) if key else None)
