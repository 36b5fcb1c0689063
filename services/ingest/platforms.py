"""Platforms whose public pages are read through their own APIs, because nothing else is allowed or works."""

from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from libs.common.settings import is_safe_address


class PlatformSettings(BaseModel):
    """Keys of the APIs by which public channels and pages are read; without a key sources of that kind are not read."""

    youtube_key: SecretStr | None = Field(default=None, description="API key of a YouTube Data API v3 project")
    youtube_url: str = Field(default="https://youtube.googleapis.com", description="address of that API")
    facebook_token: SecretStr | None = Field(
        default=None,
        description="token of an app that may read pages' public content, and that asks for no appsecret_proof",
    )
    facebook_url: str = Field(default="https://graph.facebook.com/v26.0", description="Graph API and its version")

    @model_validator(mode="after")
    def _keeps_keys_to_itself(self) -> Self:
        for secret, url in ((self.youtube_key, self.youtube_url), (self.facebook_token, self.facebook_url)):
            if secret is None:
                continue
            if not is_safe_address(url):
                raise ValueError("an API that is sent a key has an https address (http on loopback alone)")
            if not secret.get_secret_value().isascii() or not secret.get_secret_value().isprintable():
                raise ValueError("keys of platforms are ASCII, as a header carries them")
        return self
