"""Verbs of the reports service in the `lantoa` command."""

import typer

from services.reports.programmes import cli as programmes
from services.reports.totals import cli as totals


def register(app: typer.Typer) -> None:
    programmes.register(app)
    totals.register(app)
