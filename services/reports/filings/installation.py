"""What the settings say about this installation, without a secret: addresses, and what is switched on."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from libs.common import working_time
from libs.common.settings import LOOPBACK_HOSTS, MailSettings
from libs.common.working_time import Clocks
from services.reports.settings import ReportsSettings

SECURE = frozenset({"https", "tls", "wss"})


@dataclass(frozen=True)
class Endpoint:
    """One address that processes talk to: host:port, never a user or a password."""

    code: str
    address: str
    is_encrypted: bool | None
    """None: the setting does not say; of the database only the connection itself tells."""
    is_local: bool

    @property
    def is_covered(self) -> bool:
        """What is said there is read by nobody on the way."""
        return self.is_local or bool(self.is_encrypted)


@dataclass(frozen=True)
class Installation:
    agency: str
    authority: str | None
    endpoints: tuple[Endpoint, ...]
    has_provider: bool
    """An OpenID Connect provider vouches for people, and not a file of keys."""
    contents_days: int
    clocks: Clocks

    def endpoint(self, code: str) -> Endpoint | None:
        return next((one for one in self.endpoints if one.code == code), None)


def installation_of(settings: ReportsSettings) -> Installation:
    paper = settings.reports.paper
    found = [
        _endpoint("web", settings.public_url),
        _database(settings.db.url.get_secret_value()),
        _endpoint("nats", settings.nats.url),
        _endpoint("identity", settings.auth.issuer),
        _mail(settings.mail),
        _endpoint("telemetry", settings.telemetry.otlp_endpoint),
    ]
    return Installation(
        agency=paper.agency,
        authority=paper.authority or None,
        endpoints=tuple(one for one in found if one is not None),
        has_provider=settings.auth.jwks_file is None,
        contents_days=settings.reports.retention.contents_days,
        clocks=working_time.load(settings.feedback.clocks_file or working_time.FILE),
    )


def _endpoint(code: str, url: str) -> Endpoint | None:
    """Of an address; None where none is set."""
    at = urlsplit(url)
    if not at.hostname:
        return None
    address = at.hostname if at.port is None else f"{at.hostname}:{at.port}"
    return Endpoint(code, address, at.scheme in SECURE, at.hostname in LOOPBACK_HOSTS)


def _database(url: str) -> Endpoint:
    at = make_url(url)
    host = at.host or ""
    return Endpoint("database", f"{host}:{at.port or 5432}/{at.database}", None, host in LOOPBACK_HOSTS)


def _mail(mail: MailSettings) -> Endpoint | None:
    if not mail.host:
        return None
    return Endpoint("mail", f"{mail.host}:{mail.port}", mail.security != "none", mail.host in LOOPBACK_HOSTS)
