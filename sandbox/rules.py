"""Every rule the platforms of the sandbox enforce, with the evidence for it.

A rule carries the number or name that the code uses, so that a rule in the list is a rule in force. Those known only
from memory or from other people's code are the worklist of the first live check (``sandbox/rules.md``, printed by
``python -m sandbox.rules``).
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Mark(StrEnum):
    SDK = "sdk"
    DOCS = "docs"
    PEER = "peer"
    MEMORY = "memory"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    key: str
    mark: Mark
    statement: str
    value: T


REGISTERED: dict[str, Rule[object]] = {}


def rule(key: str, mark: Mark, statement: str, value: T) -> Rule[T]:
    """Registers at import; the platform is the first word of the key."""
    made = Rule(key, mark, statement, value)
    if key in REGISTERED:
        raise ValueError(f"rule {key} is registered twice")
    REGISTERED[key] = made  # type: ignore[assignment]  # a registry of rules of every value type
    return made


def with_marks(*marks: Mark) -> list[Rule[object]]:
    return sorted((r for r in REGISTERED.values() if r.mark in marks), key=lambda r: r.key)


def worklist() -> str:
    """The text of rules.md."""
    return "\n".join(
        [
            "# Rules of the sandbox to check against the live platforms",
            "",
            "Printed by `python -m sandbox.rules`; a test keeps it equal to the code.",
            "",
            "## Worklist of the first live check: known from memory or from other people's code",
            "",
            *_table(with_marks(Mark.MEMORY, Mark.PEER)),
            "",
            "## Ours: stricter than the platform on purpose, or a choice the platform leaves open",
            "",
            *_table(with_marks(Mark.OURS)),
            "",
        ]
    )


def _table(rules: list[Rule[object]]) -> list[str]:
    rows = [f"| `{r.key}` | {r.mark.value} | {r.statement} |" for r in rules]
    return ["| rule | mark | what the sandbox does |", "|---|---|---|", *rows]


def main() -> None:
    from sandbox.platforms import load

    load()
    sys.stdout.write(worklist())


if __name__ == "__main__":
    # Run as a script this module has a second name, and the platforms register under the first.
    from sandbox.rules import main as print_worklist

    print_worklist()
