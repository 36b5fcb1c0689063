"""Threads: its API of one account, containers and posts, replies below them, and their pages."""

from sandbox.platforms.threads.platform import build

__all__ = ["build"]
