"""Settings of the ingest service."""

from pydantic import BaseModel, Field, SecretStr

from libs.common.settings import CommonSettings


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
    articles_per_poll: int = Field(default=60, ge=0, description="article pages fetched for one source in one poll")
    articles_seconds: float = Field(
        default=120.0, gt=0, description="time for the article pages of one source in one poll; well under the lease"
    )
    host_delay_seconds: float = Field(default=0.5, ge=0, description="pause between two requests to one host")
    longest_pause_seconds: float = Field(
        default=300, gt=0, description="a longer crawl-delay of robots.txt counts as this many seconds"
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
        default=None, min_length=32, description="at least 32 characters; secrets told to hubs are derived from it"
    )
    lease_seconds: int = Field(default=864000, ge=3600, description="how long a subscription is asked for")
    body_bytes: int = Field(default=4 * 1024**2, ge=1024, description="largest body a hub may push, bytes")
    articles_seconds: float = Field(
        default=0.8, ge=0, description="time for article pages before a hub is answered; the next poll reads the others"
    )
    safety_poll_seconds: int = Field(
        default=3600, ge=60, le=604800, description="a source whose hub tells us is polled this seldom, as a safety net"
    )


class IngestSettings(CommonSettings):
    poll: PollSettings = PollSettings()
    websub: WebSubSettings = WebSubSettings()
    intake: IntakeSettings = IntakeSettings()
