"""What the newsstand serves, from the environment (prefix ``LANTOA_SANDBOX_PRESS__``)."""

from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime
from pydantic_settings import BaseSettings, SettingsConfigDict


class Mode(StrEnum):
    SAMPLE = "sample"
    DIR = "dir"
    ARTICLES = "articles"


class PressSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LANTOA_SANDBOX_PRESS__", extra="ignore")

    mode: Mode = Mode.SAMPLE
    path: Path | None = None
    """The directory or archive (dir), or the JSON Lines file (articles)."""
    ends_at: AwareDatetime | None = None
    """When the sample day ends; without it, at the start of the newsstand."""
    max_bytes: int = 1024**3
    """The most that an archive may unpack to."""
