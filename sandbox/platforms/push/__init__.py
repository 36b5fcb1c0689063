"""Web push: a push service and the browsers behind it, from RFC 8030, 8188, 8291 and 8292."""

from sandbox.platforms.push.platform import build

__all__ = ["build"]
