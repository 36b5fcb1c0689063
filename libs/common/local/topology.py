"""The processes of one machine and what each is told: the same image and roles that the chart deploys."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.auth.dev import DEV_ISSUER, PUBLIC_FILE
from libs.common.local import accounts
from libs.common.local.addresses import LOOPBACK, SERVICES, Addresses
from libs.common.local.nats import PID_FILE, USERS_FILE, NatsInfo
from libs.common.local.paths import LocalPaths
from libs.common.local.postgres import ConnectionInfo
from libs.common.local.process import kept_secret, write_private
from libs.common.local.supervisor import Command
from libs.common.roles import RELAY, role_name

DATABASE, OWNER = "lantoa", "lantoa_owner"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
_LETTERS = ("LANTOA_MAIL__", "LANTOA_PUBLISH__WATCHDOG__", "LANTOA_PUBLISH__READERS__")
_TELEMETRY = tuple(f"LANTOA_TELEMETRY__{key}" for key in ("OTLP_ENDPOINT", "SAMPLING", "LOG_FORMAT", "METRICS"))


@dataclass(frozen=True)
class Setup:
    """Everything that is known once Postgres and NATS run."""

    paths: LocalPaths
    addresses: Addresses
    postgres: ConnectionInfo
    nats: NatsInfo
    replay: bool = True
    """Fetch from loopback and from nowhere else."""
    press: Mapping[str, str] = field(default_factory=dict)
    """What the newsstand shows: its settings by name; empty where real sources are read."""

    def secret(self, name: str) -> str:
        return kept_secret(self.paths.secrets / name)

    def url(self, role: str) -> str:
        return self.postgres.url(DATABASE, role, self.secret(f"db-{role}"))

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)


def service_environment(setup: Setup, role: str, service: str) -> dict[str, str]:
    """The settings of one process; each knows the password of its own database role and no other."""
    told = {
        "LANTOA_DB__URL": setup.url(role),
        "LANTOA_NATS__URL": setup.nats.url,
        "LANTOA_NATS__TOKEN": setup.nats.token,
        "LANTOA_AUTH__ISSUER": DEV_ISSUER,
        "LANTOA_AUTH__JWKS_FILE": str(setup.paths.secrets / PUBLIC_FILE),
        "LANTOA_FILES__ROOT": str(setup.paths.files),
        "LANTOA_PUBLIC_URL": setup.addresses.origin,
        "LANTOA_REPLAY": str(setup.replay).lower(),
    }
    if setup.replay:
        # Loopback answers at once: what a killed worker had claimed is free again after half a minute.
        told |= {
            "LANTOA_POLL__PORTS": f"[80, 443, {setup.addresses.sandbox_port}]",
            "LANTOA_POLL__LEASE_SECONDS": "30",
            "LANTOA_POLL__DEADLINE_SECONDS": "5",
            "LANTOA_POLL__ARTICLES_SECONDS": "15",
        }
    if service == "ingest":
        told["LANTOA_WEBSUB__KEY"] = setup.secret("websub-key")
        told["LANTOA_FEEDBACK__KEY"] = setup.secret("feedback-key")
    if service == "ingest" and setup.replay:  # elsewhere the fetcher reaches the open internet alone
        told |= accounts.open311_settings(setup.addresses.sandbox, setup.secret)
    if service in ("publish", "operator"):
        told["LANTOA_PUBLISH__CREDENTIALS_KEY"] = setup.secret("credentials-key")
        told["LANTOA_PUBLISH__READERS__KEY"] = setup.secret("readers-key")
        told |= accounts.push_settings(setup.addresses.sandbox, setup.secret)
    if service == "reports":
        told["LANTOA_REPORTS__WEBHOOKS__KEY"] = setup.secret("webhooks-key")
    return _inherited() | _telemetry() | _letters(service) | told


def _letters(service: str) -> dict[str, str]:
    """What the shell says of the mail server, and of whom the watchdog and the digest tell; nobody is by default."""
    told = {"publish": _LETTERS, "ingest": _LETTERS[:1], "reports": _LETTERS[:1]}.get(service, ())
    return {name: value for name, value in os.environ.items() if name.startswith(told)}


def _telemetry() -> dict[str, str]:
    """What the shell says of telemetry; the endpoint also by the name that every OpenTelemetry program reads."""
    told = {name: os.environ[name] for name in _TELEMETRY if name in os.environ}
    common = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return {_TELEMETRY[0]: common} | told if common else told


def sandbox_environment(setup: Setup) -> dict[str, str]:
    told = {
        "LANTOA_SANDBOX_DATA_DIR": str(setup.paths.press),
        "LANTOA_SANDBOX_CONTROL_TOKEN": setup.secret("sandbox-control"),
    }
    told |= accounts.sandbox_settings(setup.addresses.sandbox, setup.secret)
    return _inherited() | told | {f"LANTOA_SANDBOX_PRESS__{key}": value for key, value in setup.press.items()}


def commands(setup: Setup) -> list[Command]:
    """Doors before workers, so that a page answers while the queues are still filling."""
    origin, addresses = setup.addresses.origin, setup.addresses
    made = [
        _uvicorn("sandbox", "sandbox.main:app", addresses.sandbox_port, sandbox_environment(setup)),
        Command("relay", _python("libs.common.relay"), service_environment(setup, role_name(RELAY), RELAY), stage=0),
    ]
    for service in SERVICES:
        environment = service_environment(setup, role_name(service), service)
        module = f"services.{service}.main"
        made.append(_uvicorn(f"{service}-api", f"{module}:app", addresses.port(service), environment))
        made.append(Command(f"{service}-worker", _python("libs.common.worker", module), environment, grace=20))
    told = service_environment(setup, role_name("publish"), "publish")
    made.append(Command("publish-watchdog", _python("services.publish.watchdog"), told, grace=10))
    proxy = _inherited() | {
        "LANTOA_PROXY_ORIGIN_PORT": str(addresses.origin_port),
        "LANTOA_PROXY_FIRST_PORT": str(addresses.first_port),
    }
    ready = f"{origin}/api/publish/v1/openapi.json"
    return [*made, Command("proxy", _python("libs.common.local.proxy"), proxy, stage=1, ready_url=ready)]


def _uvicorn(name: str, factory: str, port: int, environment: Mapping[str, str]) -> Command:
    argv = _python("uvicorn", "--factory", factory, "--host", LOOPBACK, "--port", str(port))
    argv += ["--no-access-log", "--no-server-header", "--log-level", "warning", "--timeout-graceful-shutdown", "10"]
    return Command(name, argv, environment, ready_url=f"http://{LOOPBACK}:{port}/health/ready", grace=15)


def _python(module: str, *more: str) -> list[str]:
    return [sys.executable, "-m", module, *more]


def _inherited() -> dict[str, str]:
    """Little of the shell's environment, so that a stray setting there changes nothing here."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {"PYTHONUNBUFFERED": "1"}


def write_operator_settings(setup: Setup) -> Path:
    """A private file with the settings of the operator's verbs, so that they find this installation by themselves."""
    told = service_environment(setup, OWNER, "operator")
    told |= {"LANTOA_NATS_USERS_FILE": str(setup.paths.nats / USERS_FILE)}
    told |= {"LANTOA_NATS_PID_FILE": str(setup.paths.nats / PID_FILE)}
    lines = [f"{key}={value}" for key, value in sorted(told.items()) if key.startswith("LANTOA_")]
    write_private(setup.paths.operator, "\n".join(lines) + "\n")
    return setup.paths.operator
