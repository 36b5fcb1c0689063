"""Mastodon: the REST API of one instance, as far as a city's account meets it, and the public pages of its posts."""

from sandbox.platforms.mastodon.platform import build

__all__ = ["build"]
