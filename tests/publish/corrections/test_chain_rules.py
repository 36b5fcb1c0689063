"""Whatever people try, a chain keeps its references, has no cycle and one head, and ends where it was cancelled."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.models.corrections import CorrectionStep
from services.publish.corrections.rules import FOLLOWS, Link, heads, may_follow, references_after

STEPS = st.sampled_from(list(CorrectionStep))
TRIES = st.lists(st.tuples(st.integers(0, 30), STEPS, st.booleans()), max_size=30)
"""Which message is to be followed, by what, and whether what comes of it is killed before it is out."""


def grown(tries: list[tuple[int, CorrectionStep, bool]]) -> list[Link]:
    """What the rules let through, in order; a new one follows the head alone."""
    chain = [Link(UUID(int=1), CorrectionStep.ALERT, ())]
    for at, step, is_killed in tries:
        before = chain[at % len(chain)]
        if before in heads(chain) and may_follow(before, step):
            chain.append(Link(UUID(int=len(chain) + 1), step, references_after(before), is_killed))
    return chain


@pytest.mark.mission("M08")
@given(TRIES)
def test_references_are_whole_and_in_order(tries: list[tuple[int, CorrectionStep, bool]]) -> None:
    chain = grown(tries)
    by_id = {link.publication_id: link for link in chain}
    for link in chain:
        assert len(set(link.reference_ids)) == len(link.reference_ids)
        assert link.publication_id not in link.reference_ids, "no cycle"
        if link.follows is None:
            assert link.step is CorrectionStep.ALERT
        else:
            assert link.reference_ids == (*by_id[link.follows].reference_ids, link.follows)
            assert link.step in FOLLOWS
            assert not by_id[link.follows].is_killed


@pytest.mark.mission("M08")
@given(TRIES)
def test_there_is_one_head_and_it_knows_all_that_went_out(tries: list[tuple[int, CorrectionStep, bool]]) -> None:
    chain = grown(tries)
    [head] = heads(chain)
    went_out = {link.publication_id for link in chain if not link.is_killed}
    assert {*head.reference_ids, head.publication_id} == went_out


@pytest.mark.mission("M08")
@given(TRIES)
def test_a_cancellation_ends_it(tries: list[tuple[int, CorrectionStep, bool]]) -> None:
    chain = grown(tries)
    cancelled = [link for link in chain if link.step is CorrectionStep.CANCEL and not link.is_killed]
    assert len(cancelled) <= 1
    for link in cancelled:
        assert [link] == heads(chain)
        assert not any(may_follow(link, step) for step in CorrectionStep)
