"""Offline verbs of the classify service."""

import typer


def register(app: typer.Typer) -> None:
    """No verb yet."""
