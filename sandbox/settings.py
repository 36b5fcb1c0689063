"""What can be set from outside, prefix ``LANTOA_SANDBOX_``, nested with ``__``. No secret has a default."""

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

    def account_pairs(self) -> list[tuple[str, SecretStr]]:
        written = [pair.strip() for pair in self.accounts.get_secret_value().split(",")]
        return [_account_pair(pair) for pair in written if pair]


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

    def channel_pairs(self) -> list[tuple[str, SecretStr]]:
        written = [pair.strip() for pair in self.channels.get_secret_value().split(",")]
        return [_channel_pair(pair) for pair in written if pair]


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

    def account_pairs(self) -> list[tuple[str, SecretStr]]:
        written = [pair.strip() for pair in self.accounts.get_secret_value().split(",")]
        return [_account_pair(pair) for pair in written if pair]


class FacebookSettings(BaseModel):
    pages: SecretStr = SecretStr("")
    """Rows ``handle=page-id:page-token:app-secret`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/facebook``); empty means the address the request came to."""
    video_processing_seconds: float = 20.0
    limits: bool = True

    def page_rows(self) -> list[tuple[str, str, SecretStr, SecretStr]]:
        written = [row.strip() for row in self.pages.get_secret_value().split(",")]
        return [_page_row(row) for row in written if row]


class InstagramSettings(BaseModel):
    accounts: SecretStr = SecretStr("")
    """Rows ``handle=account-id:access-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/instagram``); empty means the address the request came to."""
    image_processing_seconds: float = 0.0
    video_processing_seconds: float = 20.0
    limits: bool = True

    def account_rows(self) -> list[tuple[str, str, SecretStr]]:
        return _numbered_rows(self.accounts)


class ThreadsSettings(InstagramSettings):
    """The same, of another platform with tokens of its own."""


class ZaloSettings(BaseModel):
    oas: SecretStr = SecretStr("")
    """Rows ``handle=app-id:app-secret:refresh-token`` separated by commas."""
    base_url: str = ""
    """Public address of this platform (``…/zalo``); empty means the address the request came to."""
    access_seconds: int = 90_000
    processing_seconds: float = 0.0
    """How long the platform takes to fetch an article's pictures."""
    limits: bool = True

    def oa_rows(self) -> list[tuple[str, str, SecretStr, SecretStr]]:
        written = [row.strip() for row in self.oas.get_secret_value().split(",")]
        return [_oa_row(row) for row in written if row]


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
    telegram: TelegramSettings = TelegramSettings()
    zalo: ZaloSettings = ZaloSettings()
    threads: ThreadsSettings = ThreadsSettings()

    def hosts(self) -> list[str]:
        return [host.strip() for host in self.reachable_hosts.split(",") if host.strip()]


def _account_pair(written: str) -> tuple[str, SecretStr]:
    handle, colon, password = written.partition(":")
    if not colon or not handle or not password:
        raise ValueError("accounts must be written as handle:secret, separated by commas")
    return handle.strip().lower(), SecretStr(password.strip())


def _channel_pair(written: str) -> tuple[str, SecretStr]:
    username, equals, token = written.partition("=")
    if not equals or not username or ":" not in token:
        raise ValueError("channels must be written as username=bot-token, separated by commas")
    return username.strip().removeprefix("@"), SecretStr(token.strip())


def _page_row(written: str) -> tuple[str, str, SecretStr, SecretStr]:
    handle, equals, rest = written.partition("=")
    parts = rest.split(":")
    if not equals or not handle or len(parts) != 3 or not all(parts):
        raise ValueError("pages must be written as handle=page-id:page-token:app-secret, separated by commas")
    return handle.strip(), parts[0].strip(), SecretStr(parts[1].strip()), SecretStr(parts[2].strip())


def _numbered_rows(rows: SecretStr) -> list[tuple[str, str, SecretStr]]:
    found = []
    for row in (row.strip() for row in rows.get_secret_value().split(",") if row.strip()):
        handle, equals, rest = row.partition("=")
        number, colon, token = rest.partition(":")
        if not equals or not colon or not handle or not number.isdecimal() or not token:
            raise ValueError("accounts must be written as handle=account-id:access-token, separated by commas")
        found.append((handle.strip(), number.strip(), SecretStr(token.strip())))
    return found


def _oa_row(written: str) -> tuple[str, str, SecretStr, SecretStr]:
    handle, equals, rest = written.partition("=")
    parts = rest.split(":")
    if not equals or not handle or len(parts) != 3 or not all(parts):
        raise ValueError("oas must be written as handle=app-id:app-secret:refresh-token, separated by commas")
    return handle.strip(), parts[0].strip(), SecretStr(parts[1].strip()), SecretStr(parts[2].strip())
