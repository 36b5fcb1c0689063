"""What can be set from outside, prefix ``LANTOA_SANDBOX_``, nested with ``__``. No secret has a default."""

import re
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class BlueskySettings(BaseModel):
    accounts: SecretStr = SecretStr("")
    """Pairs ``handle:app-password`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/bluesky``); empty means the address the request came to."""
    appview_lag_seconds: float = 2.0
    limits: bool = True

    def rows(self) -> list[tuple[str, str]]:
        return [(handle.lower(), secret) for handle, secret in _rows(self.accounts, "handle:password")]


class Open311Settings(BaseModel):
    keys: SecretStr = SecretStr("")
    """Pairs ``name=api-key`` separated by commas: programs that may file reports."""

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.keys, "name=api-key")


class PushSettings(BaseModel):
    browsers: SecretStr = SecretStr("")
    """Pairs ``name:secret`` separated by commas; the secret is part of the endpoint and makes the browser's keys."""
    base_url: str = "http://127.0.0.1:8110/push"
    """Public address of the push service (``…/push``): endpoints are made of it."""

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.browsers, "name:secret")


class TelegramSettings(BaseModel):
    channels: SecretStr = SecretStr("")
    """Pairs ``username=bot-token`` separated by commas; each gets a linked discussion group."""
    base_url: str = ""
    """Public address of this platform (``…/telegram``); empty means the address the request came to."""
    limits: bool = True
    channel_posts_stay_deletable: bool = False
    """A bot that may post can delete its channel posts after 48 hours too (the documentation allows both readings)."""
    forward_lag_seconds: float = 1.0
    """How long a post takes to its copy in the discussion group."""

    def rows(self) -> list[tuple[str, str]]:
        return [
            (username.removeprefix("@"), f"{bot}:{secret}")
            for username, bot, secret in _rows(self.channels, "username=bot-id:secret")
        ]


class MastodonSettings(BaseModel):
    accounts: SecretStr = SecretStr("")
    """Pairs ``username:access-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/mastodon``); empty means the address the request came to."""
    configuration: dict[str, int] = {}
    """The instance's own limits, by the platform's names (``max_characters``, ``image_size_limit``, …)."""
    image_processing_seconds: float = 0.0
    video_processing_seconds: float = 20.0
    limits: bool = True

    def rows(self) -> list[tuple[str, str]]:
        return [(handle.lower(), secret) for handle, secret in _rows(self.accounts, "handle:password")]


class FacebookSettings(BaseModel):
    pages: SecretStr = SecretStr("")
    """Rows ``handle=page-id:page-token:app-secret`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/facebook``); empty means the address the request came to."""
    video_processing_seconds: float = 20.0
    limits: bool = True

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.pages, "handle=page-id:page-token:app-secret")


class InstagramSettings(BaseModel):
    accounts: SecretStr = SecretStr("")
    """Rows ``handle=account-id:access-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/instagram``); empty means the address the request came to."""
    image_processing_seconds: float = 0.0
    video_processing_seconds: float = 20.0
    limits: bool = True

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.accounts, "handle=account-id:access-token")


class ThreadsSettings(InstagramSettings):
    """The same, of another platform with tokens of its own."""

    replies_a_day: int | None = None
    deletes_a_day: int | None = None
    """None: as documented."""


class TiktokSettings(BaseModel):
    accounts: SecretStr = SecretStr("")
    """Rows ``handle=client-key:client-secret:refresh-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/tiktok``); empty means the address the request came to."""
    processing_seconds: float = 0.0
    moderation_seconds: float = 0.0
    """How long after it was processed a post becomes public, and its id is told."""
    limits: bool = True

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.accounts, "handle=client-key:client-secret:refresh-token")


class YoutubeSettings(BaseModel):
    channels: SecretStr = SecretStr("")
    """Rows ``handle=client-id:client-secret:refresh-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/youtube``); empty means the address the request came to."""
    processing_seconds: float = 0.0
    """How long a video takes from its last byte to being processed."""
    limits: bool = True

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.channels, "handle=client-id:client-secret:refresh-token")


class ZaloSettings(BaseModel):
    oas: SecretStr = SecretStr("")
    """Rows ``handle=app-id:app-secret:refresh-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/zalo``); empty means the address the request came to."""
    access_seconds: int = 90_000
    processing_seconds: float = 0.0
    """How long the platform takes to fetch an article's pictures."""
    limits: bool = True

    def rows(self) -> list[tuple[str, ...]]:
        return _rows(self.oas, "handle=app-id:app-secret:refresh-token")


class SandboxSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LANTOA_SANDBOX_", env_nested_delimiter="__", extra="ignore")

    data_dir: Path | None = None
    """Where the ledger and uploaded files are kept; without it everything is forgotten at exit."""
    control_token: SecretStr | None = None
    """When set, /control asks for it as a bearer token."""
    reachable_hosts: str = ""
    """Hosts beside loopback that the sandbox may call (media it pulls, webhooks it sends), separated by commas."""
    bluesky: BlueskySettings = BlueskySettings()
    facebook: FacebookSettings = FacebookSettings()
    instagram: InstagramSettings = InstagramSettings()
    mastodon: MastodonSettings = MastodonSettings()
    open311: Open311Settings = Open311Settings()
    push: PushSettings = PushSettings()
    telegram: TelegramSettings = TelegramSettings()
    threads: ThreadsSettings = ThreadsSettings()
    tiktok: TiktokSettings = TiktokSettings()
    youtube: YoutubeSettings = YoutubeSettings()
    zalo: ZaloSettings = ZaloSettings()

    def hosts(self) -> list[str]:
        return [host.strip() for host in self.reachable_hosts.split(",") if host.strip()]


def _rows(written: SecretStr, shape: str) -> list[tuple[str, ...]]:
    """The rows between commas, each split where `shape` has its `=` and `:`; raises ValueError naming the shape."""
    marks = re.findall("[=:]", shape)
    found = []
    for row in (row.strip() for row in written.get_secret_value().split(",")):
        parts, rest = [], row
        for mark in marks:
            part, _, rest = rest.partition(mark)
            parts.append(part.strip())
        parts.append(rest.strip())
        if row and not all(parts):
            raise ValueError(f"must be written as {shape}, separated by commas")
        if row:
            found.append(tuple(parts))
    return found
