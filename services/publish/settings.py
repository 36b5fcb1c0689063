"""Settings of the publish service; `LANTOA_PUBLISH__…` in the environment."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator

from libs.common.settings import MAIL_ADDRESS, CommonSettings, listed_keys
from libs.common.web.site import SiteSettings
from libs.common.webhook import secret_bytes
from services.publish.push.endpoints import is_listable
from services.publish.push.vapid import Vapid
from services.publish.watchdog_rules import Windows


class BulletinSettings(BaseModel):
    """What strangers may ask of the bulletin in an hour, counted by network (/24, /48) and not kept; and its hub."""

    feeds_per_hour: int = Field(
        default=600, ge=1, description="whole feeds handed to one network in an hour; what is unchanged is not counted"
    )
    searches_per_hour: int = Field(default=600, ge=1, description="searches of one network in an hour")
    hub_per_host: int = Field(default=20, ge=1, description="most subscriptions of the hub that lead to one host")
    hub_most: int = Field(default=5000, ge=1, description="most subscriptions of the hub")
    hub_asks_per_hour: int = Field(
        default=60, ge=1, description="most requests to the hub in an hour from one network, and about one host"
    )
    hub_networks: list[str] = Field(
        default=[], description="private networks (CIDR) in which the city's own subscribers may be told"
    )

    @model_validator(mode="after")
    def _networks_are_networks(self) -> Self:
        for block in self.hub_networks:
            _ = ip_network(block)
        return self


class WaitingSettings(BaseModel):
    """When somebody is told again that an approval waits, in minutes after it was asked for; and what counts as old."""

    remind_minutes: int = Field(default=30, ge=1, description="the unit's spokespersons again, and its admins")
    escalate_minutes: int = Field(default=120, ge=1, description="spokespersons and admins of the unit above")
    urgent_remind_minutes: int = Field(default=5, ge=1)
    urgent_escalate_minutes: int = Field(default=10, ge=1)
    stale_minutes: int = Field(
        default=120, ge=1, description="a post held back by a pause is named stale when its time is so long ago"
    )

    def reminders(self, is_urgent: bool) -> tuple[timedelta, timedelta]:
        if is_urgent:
            return timedelta(minutes=self.urgent_remind_minutes), timedelta(minutes=self.urgent_escalate_minutes)
        return timedelta(minutes=self.remind_minutes), timedelta(minutes=self.escalate_minutes)

    @property
    def stale_after(self) -> timedelta:
        return timedelta(minutes=self.stale_minutes)


class MediaSettings(BaseModel):
    """How large a picture or video may be that editors upload."""

    image_bytes: int = Field(default=40_000_000, gt=0, description="most bytes of a picture as uploaded")
    image_pixels: int = Field(
        default=50_400_000, gt=0, le=100_000_000, description="most pixels of a picture; known before it is decoded"
    )
    video_bytes: int = Field(default=4_000_000_000, gt=0, description="most bytes of a video")


class WatchdogSettings(BaseModel):
    """How long things may take before the watchdog tells somebody, and whom it tells."""

    window_seconds: float = Field(default=300, gt=0, description="a due post is seen on its platform within this")
    urgent_window_seconds: float = Field(default=120, gt=0, description="the same for an urgent one")
    held_seconds: float = Field(
        default=21600, gt=0, description="a platform's cap is a reason to wait for at most this long"
    )
    takedown_window_seconds: float = Field(default=900, gt=0, description="a take-down is over within this")
    approval_window_seconds: float = Field(
        default=300, gt=0, description="an urgent publication is approved within this"
    )
    interval_seconds: float = Field(default=15, gt=0, le=300, description="between two looks")
    retry_seconds: float = Field(
        default=30, gt=0, description="a way that failed rests this long, doubling to 5 minutes"
    )
    database_seconds: float = Field(default=10, gt=0, le=120, description="a look at Postgres ends after this")
    outage_seconds: float = Field(default=60, ge=0, description="Postgres may be away this long before it is told")
    outage_repeat_seconds: float = Field(default=1800, gt=0, description="while it stays away it is told again")
    mail_to: list[str] = Field(default=[], description="addresses, as a JSON list; mail needs LANTOA_MAIL__HOST")
    webhook_url: SecretStr | None = Field(
        default=None, description="https, or http on this machine or a listed network"
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="signs the webhook: whsec_<base64>, or 24 characters"
    )
    webhook_networks: list[str] = Field(default=[], description="private networks (CIDR) that the webhook may reach")

    @property
    def windows(self) -> Windows:
        return Windows(
            timedelta(seconds=self.window_seconds),
            timedelta(seconds=self.urgent_window_seconds),
            timedelta(seconds=self.held_seconds),
            timedelta(seconds=self.takedown_window_seconds),
            timedelta(seconds=self.approval_window_seconds),
        )

    @property
    def stale_seconds(self) -> float:
        """Standing still for so long, the process is started again by whoever watches it."""
        return self.interval_seconds + 4 * self.database_seconds + 120

    @model_validator(mode="after")
    def _can_tell(self) -> Self:
        for address in self.mail_to:
            if not MAIL_ADDRESS.fullmatch(address):
                raise ValueError("watchdog.mail_to is a list of mail addresses")
        if (self.webhook_url is None) != (self.webhook_secret is None):
            raise ValueError("watchdog.webhook_url and watchdog.webhook_secret go together")
        if self.webhook_secret is not None:
            _ = secret_bytes(self.webhook_secret)
        for block in self.webhook_networks:
            _ = ip_network(block)
        return self


class ReadersSettings(BaseModel):
    """Letters to readers who asked for them; without a key and a mail server nobody can ask, and nothing is sent."""

    key: SecretStr | None = Field(
        default=None, description="at least 32 characters; finds addresses again and makes tokens: never changes"
    )
    sender: str = Field(default="", description="address the letters come from; by default LANTOA_MAIL__SENDER")
    reply_to: str = Field(default="", description="address that answers of readers go to")
    bounce_domain: str = Field(
        default="", description="domain whose mail is handed to /nhan-tin/thu-tra; letters that bounce go there"
    )
    returns_token: SecretStr | None = Field(
        default=None, description="at least 32 characters: what the mail server shows that hands over what came back"
    )
    dkim_domain: str = Field(default="", description="domain that signs (d=); the one of the sender, or above it")
    dkim_selector: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,63}$", description="name of the key in DNS (s=)")
    dkim_key_file: Path | None = Field(default=None, description="PEM of the RSA key that signs, at least 2048 bits")
    dkim_key: SecretStr | None = Field(default=None, description="the same PEM itself, where it is no file")
    is_signed_by_relay: bool = Field(
        default=False, description="the mail server signs with DKIM; otherwise nothing leaves without a key of ours"
    )
    imprint: str = Field(
        default="", description="name, address and telephone of who writes, in every letter (Decree 91/2020)"
    )
    per_domain: int = Field(default=60, ge=1, le=100_000, description="most letters to one provider in a minute")
    at_once: int = Field(default=10, ge=1, le=100, description="letters handed over side by side")
    asks_per_hour: int = Field(default=30, ge=1, description="most sign-ups from one network address in an hour")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if any(secret and len(secret) < 32 for secret in (self.key, self.returns_token)):
            raise ValueError("readers.key and readers.returns_token need at least 32 characters")
        if any(address and not MAIL_ADDRESS.fullmatch(address) for address in (self.sender, self.reply_to)):
            raise ValueError("readers.sender and readers.reply_to are addresses, name@host")
        if self.dkim_key_file is not None and self.dkim_key:
            raise ValueError("readers.dkim_key_file or dkim_key, not both")
        has_key = self.dkim_key_file is not None or bool(self.dkim_key)
        if len({bool(self.dkim_domain), bool(self.dkim_selector), has_key}) > 1:
            raise ValueError("readers.dkim_domain, dkim_selector and a key (dkim_key_file or dkim_key) go together")
        if bool(self.bounce_domain) != bool(self.returns_token):
            raise ValueError("readers.bounce_domain and readers.returns_token go together")
        if self.bounce_domain and not MAIL_ADDRESS.fullmatch(f"b@{self.bounce_domain}"):
            raise ValueError("readers.bounce_domain is a domain of mail")
        return self


class PushSettings(BaseModel):
    """Web push to readers' browsers; without a key pair nobody can subscribe, and nothing is sent."""

    vapid_private_key: SecretStr | None = Field(
        default=None,
        description="32 bytes in base64url (`lantoa push new-key`); another one voids every subscription",
    )
    subject: str = Field(
        default="", description="whom push services may write to: mailto:name@host or https://…; needed with the key"
    )
    services: list[str] = Field(
        default=[
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "web.push.apple.com",
            "*.notify.windows.com",
        ],
        description="hosts of push services, as a JSON list; nothing else is ever written to",
    )
    ttl_seconds: int = Field(
        default=86_400, ge=60, le=2_419_200, description="how long a push service keeps a notice for a browser"
    )
    at_once: int = Field(default=20, ge=1, le=200, description="notices handed over side by side")
    asks_per_hour: int = Field(default=60, ge=1, description="most sign-ups from one network address in an hour")
    most: int = Field(default=200_000, ge=1, description="most browsers that are kept")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        is_contact = self.subject.startswith("https://") or (
            self.subject.startswith("mailto:") and MAIL_ADDRESS.fullmatch(self.subject.removeprefix("mailto:"))
        )
        if self.vapid_private_key is not None:
            if not is_contact:
                raise ValueError("publish.push.subject is mailto:name@host or https://…, and goes with the key")
            _ = Vapid.of(self.vapid_private_key, self.subject)
        if not all(map(is_listable, self.services)):
            raise ValueError("publish.push.services is a list of hosts, also *.host; http only for 127.0.0.1:port")
        return self


class DrillSettings(BaseModel):
    """Where drills go; without an address they go to a sandbox on this machine alone."""

    sandbox: list[str] = Field(
        default=[], description="addresses of the sandbox (https://host), as a JSON list; this machine's own always is"
    )

    @model_validator(mode="after")
    def _are_addresses(self) -> Self:
        for address in self.sandbox:
            parts = urlsplit(address)
            if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.username:
                raise ValueError("publish.drills.sandbox is a list of https://host[:port]")
        return self


class KitSettings(BaseModel):
    """Partners' kits, which open by a token in their address."""

    wrong_tokens_per_hour: int = Field(
        default=20, ge=1, description="wrong addresses from one network address in an hour that are still answered 404"
    )


class PublishGroup(BaseModel):
    credentials_key: SecretStr | None = Field(
        default=None, description="at least 32 characters; without it no channel secret can be stored or used"
    )
    credentials_keys_old: SecretStr | None = Field(
        default=None, description="keys of before, as a JSON list; they only read, until everything is rotated"
    )
    site: SiteSettings = SiteSettings()
    bulletin: BulletinSettings = BulletinSettings()
    media: MediaSettings = MediaSettings()
    waiting: WaitingSettings = WaitingSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    readers: ReadersSettings = ReadersSettings()
    push: PushSettings = PushSettings()
    kits: KitSettings = KitSettings()
    drills: DrillSettings = DrillSettings()

    @property
    def old_keys(self) -> list[SecretStr]:
        return listed_keys(self.credentials_keys_old, "publish.credentials_keys_old")

    @model_validator(mode="after")
    def _old_keys_are_a_list(self) -> Self:
        _ = self.old_keys
        return self


class PublishSettings(CommonSettings):
    publish: PublishGroup = PublishGroup()
