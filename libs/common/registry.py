"""The few lines behind every adapters/ folder: a name, and the class that answers to it."""

from collections.abc import Callable
from typing import Generic, TypeVar

P = TypeVar("P")


class Registry(Generic[P]):
    """Adapters of one kind by name; registering a name twice is a programming error."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, P] = {}

    def register(self, name: str) -> Callable[[P], P]:
        def decorate(entry: P) -> P:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return decorate

    def get(self, name: str) -> P:
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self.names())
            raise LookupError(f"no {self.kind} named {name!r}; known: {known}") from None

    def names(self) -> list[str]:
        return sorted(self._entries)
