"""Who is asking, and what they may do. A token proves identity only; roles come from role_grants."""

from libs.common.auth.principal import (
    ClockDep,
    Principal,
    PrincipalDep,
    public,
    require,
    require_first,
    signed_in,
)

__all__ = ["ClockDep", "Principal", "PrincipalDep", "public", "require", "require_first", "signed_in"]
