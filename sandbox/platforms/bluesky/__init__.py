"""Bluesky: a PDS and its AppView behind one address, as far as a city's account meets them."""

from sandbox.platforms.bluesky.platform import build

__all__ = ["build"]
