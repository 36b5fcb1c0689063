"""Settings of the ingest service."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from libs.common import working_time
from libs.common.settings import CommonSettings, listed_keys
from libs.common.web.site import PublicFace
from services.ingest.feedback import routing
from services.ingest.feedback.settings import FormSettings, Open311Settings
from services.ingest.mailbox.settings import MailboxSettings
from services.ingest.platforms import PlatformSettings


class PollSettings(BaseModel):
    """How sources are polled."""

    agent: str = Field(default="LanToaBot", description="name by which robots.txt may address us")
    contact: str | None = Field(
        default=None, description="page or address of the operator; default: the public register"
    )
    lease_seconds: int = Field(default=300, ge=30, description="a claimed source is free again after this long")
    deadline_seconds: float = Field(default=20.0, gt=0, description="one fetch from first to last byte")
    feed_bytes: int = Field(default=8 * 1024**2, description="largest feed or sitemap, bytes")
    page_bytes: int = Field(default=4 * 1024**2, description="largest article page, bytes")
    parsers: int = Field(
        default=2, ge=0, le=32, description="processes that parse what sources answer; 0 parses in the service itself"
    )
    parse_seconds: float = Field(default=10.0, gt=0, description="one document in its parser; then it is stopped")
    parser_megabytes: int = Field(default=1024, ge=256, description="address space of one parser process, MB")
    articles_per_poll: int = Field(default=60, ge=0, description="article pages fetched for one source in one poll")
    articles_seconds: float = Field(
        default=120.0, gt=0, description="time for the article pages of one source in one poll; well under the lease"
    )
    host_delay_seconds: float = Field(default=0.5, ge=0, description="pause between two requests to one host")
    longest_pause_seconds: float = Field(
        default=300, gt=0, description="a longer crawl-delay of robots.txt counts as this many seconds"
    )
    pollers: int = Field(
        default=24, ge=2, le=256, description="polls side by side in a worker; failing sources get half of them at most"
    )
    patience_seconds: float = Field(
        default=10.0,
        gt=0,
        description="a poll waits so long for its turn at a host; later it is due again",
    )
    slowest_seconds: int = Field(
        default=7200, ge=60, le=604800, description="a quiet source is read at least so often, unless it wants less"
    )
    expected_items: float = Field(
        default=0.2, gt=0, le=10, description="a source is read when so many new items are to be expected"
    )
    moved_polls: int = Field(
        default=3, ge=1, description="polls in a row that a move to another site must hold before it is believed"
    )
    ports: list[int] = Field(default=[80, 443, 8080, 8443], description="ports a source may use")


class IntakeSettings(BaseModel):
    """What the push API takes."""

    body_bytes: int = Field(default=32 * 1024**2, description="largest request body, bytes")
    pending_events: int = Field(default=2000, ge=1, description="unpublished events at which intake answers 503")
    pending_seconds: int = Field(default=120, ge=1, description="age of the oldest unpublished event, the same")
    retry_after: int = Field(default=5, ge=1, description="seconds a refused sender is asked to wait")
    keep_days: int = Field(default=90, ge=1, description="how long an address is remembered")
    hotlines: list[str] = Field(default=[], description="further published numbers and mailboxes that stay unmasked")


class WebSubSettings(BaseModel):
    """Being told by hubs (W3C WebSub); off without a key or an https public address."""

    key: SecretStr | None = Field(
        default=None, description="at least 32 characters; secrets told to hubs are derived from it"
    )
    lease_seconds: int = Field(default=864000, ge=3600, description="how long a subscription is asked for")
    body_bytes: int = Field(default=4 * 1024**2, ge=1024, description="largest body a hub may push, bytes")
    articles_seconds: float = Field(
        default=0.8, ge=0, description="time for article pages before a hub is answered; the next poll reads the others"
    )
    safety_poll_seconds: int = Field(
        default=3600, ge=60, le=604800, description="a source whose hub tells us is polled this seldom, as a safety net"
    )

    @model_validator(mode="after")
    def _has_a_key_worth_the_name(self) -> Self:
        if self.key is not None and 0 < len(self.key.get_secret_value()) < 32:
            raise ValueError("websub.key needs at least 32 characters")
        return self


class FeedbackSettings(BaseModel):
    """Feedback cases: the key of what identifies their senders, and the city's own clocks and routes."""

    key: SecretStr | None = Field(
        default=None,
        description="at least 32 characters; seals senders' contacts, guards follow-up codes; without it none is taken",
    )
    keys_old: SecretStr | None = Field(
        default=None, description="keys of before, as a JSON list; they only read, until what they sealed is purged"
    )
    clocks_file: Path | None = Field(default=None, description="YAML as libs/common/data/clocks.yaml; default: that")
    routes_file: Path | None = Field(default=None, description="YAML as libs/common/data/routes.yaml; default: that")

    @field_validator("clocks_file", "routes_file", mode="before")
    @classmethod
    def _nothing_is_no_file(cls, told: object) -> object:
        return told or None

    @property
    def old_keys(self) -> list[SecretStr]:
        return listed_keys(self.keys_old, "feedback.keys_old")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Here, so that a wrong file stops the process at its start, and not the first citizen."""
        _ = self.old_keys
        if self.key is not None and 0 < len(self.key.get_secret_value()) < 32:
            raise ValueError("feedback.key needs at least 32 characters")
        if self.clocks_file is not None:
            working_time.load(self.clocks_file)
        if self.routes_file is not None:
            routing.load(self.routes_file)
        return self


class IngestSettings(CommonSettings):
    model_config = SettingsConfigDict(hide_input_in_errors=True)  # some lists of keys are texts in one variable

    poll: PollSettings = PollSettings()
    websub: WebSubSettings = WebSubSettings()
    intake: IntakeSettings = IntakeSettings()
    feedback: FeedbackSettings = FeedbackSettings()
    open311: Open311Settings = Open311Settings()
    form: FormSettings = FormSettings()
    mailbox: MailboxSettings = MailboxSettings()
    platforms: PlatformSettings = PlatformSettings()
    publish: PublicFace = PublicFace()
