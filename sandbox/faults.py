"""Fault plans: what shall go wrong, on which platform and operation, and how many times."""

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock

ANY = "*"


class FaultKind(StrEnum):
    EXECUTED_RESPONSE_LOST = "executed_response_lost"
    """Done, then the connection breaks before an answer."""
    NOT_EXECUTED_TIMEOUT = "not_executed_timeout"
    """Not done, and no answer until the caller gives up."""
    EXECUTED_TWICE_ON_RETRY = "executed_twice_on_retry"
    """No answer and nothing to be seen; done later, just before the next request of the same operation."""
    EXECUTED_TWICE = "executed_twice"
    """Done twice at once by the platform itself, past any key against doubles, and answered as if done once."""
    HTTP_STATUS = "http_status"
    THROTTLE = "throttle"
    LATENCY = "latency"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault


@dataclass(frozen=True, slots=True)
class Fault:
    platform: str
    operation: str
    kind: FaultKind
    times: int = 1
    status: int = 503
    seconds: float = 30.0
    executed: bool = False
    """For http_status: do the work before answering with the error."""
    after: int = 0
    """How many fitting requests pass unharmed before the first is hit."""
    passed: int = 0
    hits: int = 0
    id: int = 0

    def fits(self, platform: str, operation: str) -> bool:
        return self.platform in (ANY, platform) and self.operation in (ANY, operation) and self.hits < self.times


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """A request whose caller has gone, waiting to be done late."""

    scope: dict[str, object]
    body: bytes


class FaultBook:
    def __init__(self) -> None:
        self._lock = Lock()
        self._plans: list[Fault] = []
        self._made = 0
        self._held: dict[tuple[str, str], deque[HeldRequest]] = {}

    def plan(self, fault: Fault) -> Fault:
        with self._lock:
            self._made += 1
            self._plans.append(replace(fault, id=self._made, passed=0, hits=0))
            return self._plans[-1]

    def take(self, platform: str, operation: str) -> Fault | None:
        """The first plan that fits and is not still waiting, used up by one."""
        with self._lock:
            for index, fault in enumerate(self._plans):
                if not fault.fits(platform, operation):
                    continue
                if fault.passed == fault.after:
                    self._plans[index] = replace(fault, hits=fault.hits + 1)
                    return fault
                self._plans[index] = replace(fault, passed=fault.passed + 1)
            return None

    def plans(self) -> list[Fault]:
        with self._lock:
            return list(self._plans)

    def hold(self, platform: str, operation: str, request: HeldRequest) -> None:
        with self._lock:
            self._held.setdefault((platform, operation), deque()).append(request)

    def release(self, platform: str, operation: str) -> list[HeldRequest]:
        with self._lock:
            return list(self._held.pop((platform, operation), ()))

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()
            self._held.clear()
