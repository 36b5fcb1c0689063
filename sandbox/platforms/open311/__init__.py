"""Open311 GeoReport v2: another city's server, as programs that pass reports on to it meet it."""

from sandbox.platforms.open311.platform import build

__all__ = ["build"]
