"""Settings are built in each main.py, passed down. Prefix LANTOA_, nesting by two underscores, no default secrets."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseModel):
    url: SecretStr = Field(description="postgresql+asyncpg://role:password@host:port/database")
    pool_size: int = Field(default=8, ge=1, le=100)


class NatsSettings(BaseModel):
    url: str = Field(description="nats://host:port")
    token: SecretStr | None = None
    stream: str = "lantoa"
    max_bytes: int = Field(default=2 * 1024**3, description="size limit of the stream, bytes; discard=new")


class AuthSettings(BaseModel):
    issuer: str = Field(description="expected `iss` of bearer tokens")
    audience: str = "lantoa"
    jwks_file: Path = Field(description="public keys (JWKS) of the issuer")


class FilesSettings(BaseModel):
    root: Path = Field(description="folder of media, reports and the rendered bulletin")


class CommonSettings(BaseSettings):
    """What every service reads; each adds its own group in a subclass."""

    model_config = SettingsConfigDict(env_prefix="LANTOA_", env_nested_delimiter="__", extra="ignore")

    db: DatabaseSettings
    nats: NatsSettings
    auth: AuthSettings
    files: FilesSettings
    public_url: str = Field(default="http://127.0.0.1:8080", description="origin readers and editors use")
    replay: bool = Field(default=False, description="replay: fetch from loopback and from nowhere else")
