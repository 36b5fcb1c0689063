"""What may be said about an exception where it is kept: dead letters and logs hold no author's words.

A message can quote what it choked on (a driver's parameters, a row, a payload), so it is kept only where we wrote it
ourselves: `Permanent` and the problems. Of everything else the class, the place in our code and a database's own names
stay.
"""

import traceback
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from libs.common.errors import Problem

_ROOT = Path(__file__).parents[2]
_LIMIT = 2000


class Permanent(Exception):
    """Raised by a handler when no further try can help: the event goes to dead letters at once.

    Its message is kept: name ids in it, never what somebody wrote.
    """


def describe(error: BaseException) -> str:
    """One line: what failed and where, without a word of the data."""
    return _clean(f"{type(error).__name__}{_about(error)}{_place(error)}")


def _about(error: BaseException) -> str:
    if isinstance(error, Permanent | Problem):
        return f": {error}"
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_context=False, include_url=False)
        return ": " + "; ".join(f"{'.'.join(map(str, e['loc']))} {e['type']}" for e in found[:5])
    if isinstance(error, DBAPIError):
        return f": {type(error.orig).__name__} {_database_names(error)}".rstrip()
    return ""


def _database_names(error: DBAPIError) -> str:
    """The SQLSTATE and the names of table and constraint; not the message, which quotes values."""
    cause = getattr(error.orig, "__cause__", None)
    names = ("sqlstate", "table_name", "column_name", "constraint_name")
    return " ".join(str(value) for name in names if (value := getattr(cause, name, None)))


def _place(error: BaseException) -> str:
    """The innermost frame in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(_ROOT)) and "site-packages" not in f.filename]
    if not ours:
        return ""
    return f" ({Path(ours[-1].filename).relative_to(_ROOT)}:{ours[-1].lineno} {ours[-1].name})"


def _clean(text: str) -> str:
    """Postgres keeps no NUL in text."""
    return text.replace("\x00", "\ufffd")[:_LIMIT]
