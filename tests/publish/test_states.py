"""Any order of edits, approvals, crashes and withdrawals, by the pure rules alone: two people, one post, down is down.

The machine plays the use cases the way service/ does, with a platform beside it that knows what truly stands there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from libs.common import approval
from libs.common.models.enums import DeliveryState, PublicationState
from services.publish import domain

P, D = PublicationState, DeliveryState
PEOPLE = st.integers(0, 4)
CHANNELS = 2
MOSTLY = st.sampled_from([True, True, True, False])


def has(*states: D, in_flight: bool | None = None) -> Callable[["Publishing"], bool]:
    """Some delivery is in one of these states, so that a rule is tried only where it can do something."""

    def check(machine: "Publishing") -> bool:
        return any(s.state in states and in_flight in (None, s.in_flight) for s in machine.sent)

    return check


@dataclass
class Sent:
    """One channel: our row, and what stands on the platform."""

    state: D = D.PENDING
    posts: int = 0
    looks: int = 0
    in_flight: bool = False
    with_person: bool = False
    """Given up after the withdrawal: a person has the task, and the case stays open."""

    def move(self, after: D) -> None:
        self.state = domain.delivery_moved(self.state, after)


class Publishing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state, self.kind, self.is_urgent = P.DRAFT, "announcement", False
        self.revision, self.editors, self.approvers = 1, {0}, set[int]()
        self.sent: list[Sent] = []
        self.was_withdrawn = False

    # --- people ---

    @rule(kind=st.sampled_from(["announcement", "correction"]), is_urgent=st.booleans())
    @precondition(lambda self: self.revision == 1 and self.state is P.DRAFT)
    def choose_kind(self, kind: str, is_urgent: bool) -> None:
        self.kind, self.is_urgent = kind, self.is_urgent or is_urgent

    @rule(who=PEOPLE)
    @precondition(lambda self: self.revision < 3)
    def edit(self, who: int) -> None:
        if not domain.may_edit(self.state, [s.state for s in self.sent]):
            return
        assert all(s.posts == 0 and not s.in_flight for s in self.sent), "edited although it may be out"
        self.state = domain.moved(self.state, P.DRAFT)
        self.revision, self.approvers, self.sent = self.revision + 1, set(), []
        self.editors.add(who)

    @rule()
    @precondition(lambda self: self.state is P.DRAFT)
    def submit(self) -> None:
        self.state = domain.moved(self.state, P.IN_REVIEW)

    @rule(who=PEOPLE, is_current=MOSTLY, speaks=MOSTLY, on_duty=MOSTLY, later=st.booleans())
    @precondition(lambda self: self.state is P.IN_REVIEW)
    def approve(self, who: int, is_current: bool, speaks: bool, on_duty: bool, later: bool) -> None:
        seen = b"current" if is_current else b"older"
        editors = frozenset(UUID(int=e) for e in self.editors)
        attempt = approval.ApprovalAttempt(
            UUID(int=who), speaks, editors, self.state, b"current", seen, self.kind, self.is_urgent, on_duty
        )
        if approval.refusal(attempt) is not None or who in self.approvers:
            return
        self.approvers.add(who)
        if not approval.is_enough(self.kind, self.is_urgent, (UUID(int=a) for a in self.approvers), editors):
            return
        self.state = domain.moved(self.state, P.APPROVED)
        if later:
            self.state = domain.moved(self.state, P.SCHEDULED)
        self.sent = [Sent() for _ in range(CHANNELS)]

    @rule(sure=st.sampled_from([True, False, False, False]))
    def withdraw(self, sure: bool) -> None:
        if not sure:
            return
        after = domain.taken_back(self.state, [s.state for s in self.sent])
        if not domain.may_move(self.state, after):
            return
        assert after is P.WITHDRAWN or all(s.posts == 0 and not s.in_flight for s in self.sent), "killed, but out"
        self.state, self.was_withdrawn = domain.moved(self.state, after), True
        for one in self.sent:
            if one.state in domain.NOT_SENT:
                one.move(D.WITHDRAWN)
            elif one.state is D.PUBLISHED:
                one.move(D.WITHDRAWING)
            elif one.state is D.MANUAL:
                one.move(D.UNKNOWN)
                one.looks = 0

    @rule(n=st.integers(0, CHANNELS - 1))
    @precondition(has(D.MANUAL))
    def person_decides(self, n: int) -> None:
        """Somebody looked, and says truly what is there."""
        if n >= len(self.sent) or self.sent[n].state is not D.MANUAL:
            return
        one = self.sent[n]
        one.with_person = False
        if one.posts:
            one.move(D.PUBLISHED)
            if self.state is P.WITHDRAWN:
                one.move(D.WITHDRAWING)
        else:
            one.move(D.WITHDRAWN if self.state in (P.WITHDRAWN, P.CORRECTED) else D.PENDING)
        self._settle()

    @rule()
    @precondition(has(D.PUBLISHED))
    def correct(self) -> None:
        """A correction of it is out: what was not sent of it never is."""
        if self.state is P.CORRECTED or not domain.may_move(self.state, P.CORRECTED):
            return
        self.state = domain.moved(self.state, P.CORRECTED)
        for one in self.sent:
            if one.state in domain.NOT_SENT:
                one.move(D.WITHDRAWN)

    # --- the worker ---

    @rule(n=st.integers(0, CHANNELS - 1))
    @precondition(has(D.PENDING, D.THROTTLED))
    def claim_and_arm(self, n: int) -> None:
        if n >= len(self.sent) or self.sent[n].state not in (D.PENDING, D.THROTTLED):
            return
        if self.state not in (P.APPROVED, P.SCHEDULED, P.PUBLISHING, P.PARTLY_PUBLISHED, P.FAILED):
            return
        self.sent[n].move(D.PREPARED)
        self.sent[n].move(D.ARMED)
        self.sent[n].in_flight, self.sent[n].looks = True, 0
        self.state = domain.moved(self.state, P.PUBLISHING)

    @rule(n=st.integers(0, CHANNELS - 1), executed=st.booleans(), answer=st.sampled_from(["yes", "lost", "crash"]))
    @precondition(has(D.ARMED, in_flight=True))
    def commit(self, n: int, executed: bool, answer: str) -> None:
        """The platform does it or not, and its answer comes or not; a crash leaves the row armed."""
        if n >= len(self.sent) or self.sent[n].state is not D.ARMED or not self.sent[n].in_flight:
            return
        one = self.sent[n]
        one.in_flight = False
        one.posts += executed
        if answer == "yes":
            self._seen(one) if executed else one.move(D.UNKNOWN)
        elif answer == "lost":
            one.move(D.UNKNOWN)
        self._settle()

    @rule(n=st.integers(0, CHANNELS - 1), after=st.sampled_from([D.THROTTLED, D.AUTH_REQUIRED, D.REJECTED, D.PENDING]))
    @precondition(has(D.ARMED, in_flight=True))
    def refused(self, n: int, after: D) -> None:
        """A clear no: nothing was posted."""
        if n >= len(self.sent) or self.sent[n].state is not D.ARMED or not self.sent[n].in_flight:
            return
        self.sent[n].in_flight = False
        self.sent[n].move(D.WITHDRAWN if self.state in (P.WITHDRAWN, P.CORRECTED) else after)
        self._settle()

    @rule(n=st.integers(0, CHANNELS - 1), can_tell=st.booleans())
    @precondition(has(D.ARMED, D.UNKNOWN, in_flight=False))
    def look(self, n: int, can_tell: bool) -> None:
        if n >= len(self.sent) or self.sent[n].in_flight or self.sent[n].state not in (D.ARMED, D.UNKNOWN):
            return
        one = self.sent[n]
        one.looks += 1
        if can_tell and one.posts:
            self._seen(one)
        elif can_tell and one.looks >= 2:
            one.move(D.WITHDRAWN if self.state in (P.WITHDRAWN, P.CORRECTED) else D.PENDING)
        elif one.looks >= 4:
            one.move(D.MANUAL)
            one.with_person = self.was_withdrawn
        elif one.state is D.ARMED:
            one.move(D.UNKNOWN)
        self._settle()

    @rule(n=st.integers(0, CHANNELS - 1), gone=st.booleans())
    @precondition(has(D.WITHDRAWING))
    def take_down(self, n: int, gone: bool) -> None:
        if n < len(self.sent) and self.sent[n].state is D.WITHDRAWING and gone:
            self.sent[n].posts = 0
            self.sent[n].move(D.WITHDRAWN)

    @rule()
    @precondition(has(D.AUTH_REQUIRED))
    def reconnect(self) -> None:
        for one in self.sent:
            if one.state is D.AUTH_REQUIRED:
                one.move(D.PENDING)

    def _seen(self, one: Sent) -> None:
        one.move(D.WITHDRAWING if self.state is P.WITHDRAWN else D.PUBLISHED)

    def _settle(self) -> None:
        """Never an illegal move, whatever came before."""
        self.state = domain.moved(self.state, domain.derived_state(self.state, [s.state for s in self.sent]))

    def teardown(self) -> None:
        """Once the platform answers again, whatever was withdrawn comes down, but for what a person has in hand."""
        for n, one in enumerate(self.sent if self.was_withdrawn else []):
            if one.in_flight:
                self.commit(n, executed=True, answer="lost")
            for _ in range(2):
                self.look(n, can_tell=True)
            self.take_down(n, gone=True)
            assert one.with_person or (one.state, one.posts) == (D.WITHDRAWN, 0)

    # --- what always holds ---

    @invariant()
    def nothing_is_out_without_enough_others(self) -> None:
        if any(s.posts for s in self.sent) and not self.was_withdrawn:
            others = self.approvers - self.editors
            assert len(self.approvers) >= 2 or not (self.is_urgent or self.kind == "correction")
            assert len(others) >= (2 if self.kind == "correction" else 1)

    @invariant()
    def never_a_second_post(self) -> None:
        assert all(s.posts <= 1 for s in self.sent)

    @invariant()
    def what_we_call_certain_is_true(self) -> None:
        for one in self.sent:
            if one.state is D.PUBLISHED:
                assert one.posts == 1
            if one.state in domain.NOT_SENT or one.state is D.WITHDRAWN:
                assert one.posts == 0

    @invariant()
    def what_is_withdrawn_stays_so_and_nothing_of_it_is_shown_as_published(self) -> None:
        if self.was_withdrawn:
            assert self.state in (P.WITHDRAWN, P.KILLED)
            assert all(s.state not in (D.PUBLISHED, D.PENDING, D.THROTTLED, D.AUTH_REQUIRED) for s in self.sent)

    @invariant()
    def nothing_of_what_was_corrected_is_sent_further(self) -> None:
        if self.state is P.CORRECTED:
            assert all(s.state not in domain.NOT_SENT for s in self.sent)

    @invariant()
    def published_means_everywhere(self) -> None:
        if self.state is P.PUBLISHED:
            assert self.sent
            assert all(s.state is D.PUBLISHED for s in self.sent)


Publishing.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestPublishing = pytest.mark.mission("M28", "M30")(Publishing.TestCase)
