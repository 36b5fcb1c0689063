"""Who listens where on one machine, and which path belongs to whom (the Ingress of the chart maps the same paths)."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
SERVICES = ("ingest", "classify", "publish", "reports")
_SANDBOX_OFFSET = 9

ROUTES: tuple[tuple[str, str], ...] = (
    ("/api/ingest", "ingest"),
    ("/api/classify", "classify"),
    ("/api/publish", "publish"),
    ("/api/reports", "reports"),
    ("/gui-phan-anh", "ingest"),
    ("/minh-bach", "reports"),
    ("/minh-bach.json", "reports"),
    ("/en/minh-bach", "reports"),
    ("/du-lieu-mo", "reports"),
    ("/en/du-lieu-mo", "reports"),
    ("/", "publish"),
)
"""Path prefix and the service behind it; the first that fits wins."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """One origin for people and programs; behind it one port for each service and for the sandbox."""

    origin_port: int = 8080
    first_port: int = 8101

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.origin_port}"

    @property
    def sandbox_port(self) -> int:
        return self.first_port + _SANDBOX_OFFSET

    @property
    def sandbox(self) -> str:
        return f"http://{LOOPBACK}:{self.sandbox_port}"

    def port(self, service: str) -> int:
        return self.first_port + SERVICES.index(service)

    def service(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.port(service)}"

    def all_ports(self) -> dict[str, int]:
        return {
            "proxy": self.origin_port,
            **{name: self.port(name) for name in SERVICES},
            "sandbox": self.sandbox_port,
        }


def service_for(path: str) -> str | None:
    """The service that answers a path, matching whole segments."""
    for prefix, service in ROUTES:
        if prefix == "/" or path == prefix or path.startswith(f"{prefix}/"):
            return service
    return None
