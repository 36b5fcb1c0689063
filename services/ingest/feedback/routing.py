"""Who answers a case: a table, read from data, of services and policy areas. Pure but for `load`."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

import libs.common
from libs.common.models.enums import Field as PolicyField

FILE = Path(libs.common.__file__).parent / "data" / "routes.yaml"
Code = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,39}$")]


class Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Literal["ward", "department"]
    department: Code


class Routes(BaseModel):
    """Rules by service code and by policy area; the more exact one, the service's, goes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duty_desk: Code
    services: dict[str, Rule]
    fields: dict[PolicyField, Rule]

    def units(self, service_code: str | None, topic: str | None, ward: str | None) -> list[str]:
        """Codes of the units that could have it, the first that exists today is the one; never empty.

        A place alone (no rule fits) is reason enough for its ward.
        """
        rule = self.services.get(service_code or "") or (self.fields.get(PolicyField(topic)) if topic else None)
        wards = [ward] if ward else []
        if rule is None:
            return _once([*wards, self.duty_desk])
        both = [*wards, rule.department] if rule.first == "ward" else [rule.department, *wards]
        return _once([*both, self.duty_desk])


@cache
def load(file: Path = FILE) -> Routes:
    """Raises ValueError that names what is wrong."""
    return Routes.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def _once(codes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(codes))
