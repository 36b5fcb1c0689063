"""Settings are built in each main.py, passed down. Prefix LANTOA_, nesting by two underscores, no default secrets."""

import json
import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseModel):
    url: SecretStr = Field(description="postgresql+asyncpg://role:password@host:port/database")
    pool_size: int = Field(default=8, ge=1, le=100)


class NatsSettings(BaseModel):
    url: str = Field(description="nats://host:port; nats://lantoa@host:port where the server knows subscribers")
    token: SecretStr | None = Field(default=None, description="the token, or the password of the user in the address")
    stream: str = "lantoa"
    max_bytes: int = Field(default=2 * 1024**3, description="size limit of the stream, bytes; discard=new")


MIN_KEY = 32
"""Characters of a key that seals rows."""
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
MAIL_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*"
)
"""An address as every mail server takes it: ASCII, without quotes, comments or anything that could begin a header."""


def is_safe_address(url: str, *, loopback: bool = True) -> bool:
    """Whether keys may be fetched from there: https, or plain http that does not leave this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and host in LOOPBACK_HOSTS)


def listed_keys(written: SecretStr | None, name: str) -> list[SecretStr]:
    """Keys of before, from a JSON list in one variable. Raises ValueError, without a word of what was written."""
    if written is None or not written.get_secret_value():
        return []
    try:
        found = json.loads(written.get_secret_value())
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(key, str) and len(key) >= MIN_KEY for key in found):
        raise ValueError(f"{name} is a JSON list of keys of at least {MIN_KEY} characters")
    return [SecretStr(key) for key in found]


class AuthSettings(BaseModel):
    """Who signs bearer tokens: keys in a file, or an OpenID Connect provider that is asked for them."""

    issuer: str = Field(description="expected `iss` of bearer tokens; for a provider also what discovery must say")
    audience: str = Field(default="lantoa", min_length=1, description="what `aud` of a token has to name")
    jwks_file: Path | None = Field(
        default=None, description="public keys (JWKS) of the issuer in a file; then nothing is fetched"
    )
    discovery_url: str | None = Field(
        default=None, description="without jwks_file; by default <issuer>/.well-known/openid-configuration"
    )
    ca_file: Path | None = Field(default=None, description="PEM of the authority that vouches for the provider's TLS")
    refresh_seconds: float = Field(
        default=300, ge=1, le=86400, description="keys are fetched again when so old; a withdrawn key counts no longer"
    )
    outage_seconds: float = Field(
        default=3600, ge=0, le=604800, description="while the provider is away, keys so old still serve; then 503"
    )
    retry_seconds: float = Field(
        default=5, ge=0.1, le=300, description="least time between two fetches, also for keys not seen yet"
    )
    fetch_seconds: float = Field(default=5, ge=0.1, le=60, description="a fetch of discovery and keys ends after this")

    @property
    def where_to_discover(self) -> str:
        return self.discovery_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    @model_validator(mode="after")
    def _keys_come_from_one_place(self) -> Self:
        if self.jwks_file is not None and self.discovery_url is not None:
            raise ValueError("jwks_file or discovery_url, not both")
        if self.jwks_file is None and not is_safe_address(self.where_to_discover):
            raise ValueError("without jwks_file, discovery needs an https address (http on loopback alone)")
        if self.retry_seconds > self.refresh_seconds:
            raise ValueError("retry_seconds is at most refresh_seconds")
        return self


class FilesSettings(BaseModel):
    root: Path = Field(description="folder of media, reports and the rendered bulletin")


class TelemetrySettings(BaseModel):
    """Where a process reports its traces and metrics, and how it writes its log."""

    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]+)?$",
        description="base address of an OTLP/HTTP collector, http://host:4318; empty: nothing is reported",
    )
    sampling: float = Field(default=0.01, ge=0, le=1, description="share of traces recorded, decided where one begins")
    log_format: Literal["text", "json"] = Field(default="text", description="text for a terminal, json for a collector")
    metrics: Literal["otlp", "off"] = Field(default="otlp", description="off: traces alone go to the endpoint")


class MailSettings(BaseModel):
    """The mail server that takes our letters, and who they are from."""

    host: str = Field(default="", description="name of an SMTP server; empty: no mail is sent")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="none: only to a server on this machine, or without a password"
    )
    username: str = Field(default="", description="empty: the server is not asked to let us in")
    password: SecretStr | None = None
    sender: str = Field(default="", description="address that letters come from; needed where there is a host")
    sender_name: str = Field(default="Lan Tỏa", max_length=200)
    ca_file: Path | None = Field(default=None, description="PEM of the authority that vouches for the server's TLS")
    timeout_seconds: float = Field(default=10, ge=0.1, le=120, description="a letter is handed over within this")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.host:
            return self
        if not MAIL_ADDRESS.fullmatch(self.sender):
            raise ValueError("mail.sender is an address, name@host, where there is a mail server")
        if bool(self.username) != (self.password is not None):
            raise ValueError("mail.username and mail.password go together")
        if not (self.username + (self.password.get_secret_value() if self.password else "")).isascii():
            raise ValueError("mail.username and mail.password are ASCII, as SMTP has it")
        if self.security == "none" and self.username and self.host not in LOOPBACK_HOSTS:
            raise ValueError("mail.security none would send the password in the open")
        return self


class CommonSettings(BaseSettings):
    """What every service reads; each adds its own group in a subclass."""

    model_config = SettingsConfigDict(env_prefix="LANTOA_", env_nested_delimiter="__", extra="ignore")

    db: DatabaseSettings
    nats: NatsSettings
    auth: AuthSettings
    files: FilesSettings
    telemetry: TelemetrySettings = TelemetrySettings()
    mail: MailSettings = MailSettings()
    public_url: str = Field(default="http://127.0.0.1:8080", description="origin readers and editors use")
    replay: bool = Field(default=False, description="replay: fetch from loopback and from nowhere else")
