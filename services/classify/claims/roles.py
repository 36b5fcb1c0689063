"""Who may do what with claims."""

from typing import Annotated

from libs.common.auth import Principal, require
from libs.common.models.enums import Role
from services.classify.api import STAFF

CheckerDep = Annotated[Principal, require(Role.FACT_CHECKER, Role.ADMIN)]
ClaimReaderDep = Annotated[Principal, require(*STAFF, Role.INTEGRATOR)]
