"""Pure rules of the register of programmes."""

from datetime import date

from libs.common.models.enums import AssignmentState, ProgrammeState


def is_overdue(*, programme_state: str, period_to: date, row_state: str, today: date) -> bool:
    """Only a running programme can be late; one that has ended raises nothing, whatever was left undone."""
    if programme_state != ProgrammeState.RUNNING or row_state == AssignmentState.DONE:
        return False
    return today > period_to
