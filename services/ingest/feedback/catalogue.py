"""The services that citizens may report, as data: Open311's service list and the choices of the public form.

One YAML file, checked when it is read; a wrong one stops the process at its start, not the first citizen.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import libs.common
from libs.common.models.enums import Field as PolicyField
from libs.common.models.enums import TextKind, Urgency

FILE = Path(libs.common.__file__).parent / "data" / "services.yaml"

Text = Annotated[str, Field(min_length=1, max_length=300)]


class Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    name_en: Text


class Service(Named):
    """One kind of matter; `code` is what other systems know it by."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    description: Text
    description_en: Text
    group: str
    field: PolicyField
    urgency: Urgency
    kind: Literal[TextKind.REPORT_OF_PROBLEM, TextKind.COMPLAINT] = TextKind.REPORT_OF_PROBLEM
    keywords: tuple[str, ...] = ()


class Catalogue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    services: tuple[Service, ...]
    groups: dict[str, Named]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        codes = [one.code for one in self.services]
        if len(codes) != len(set(codes)):
            raise ValueError("a service code stands twice")
        if unknown := {one.group for one in self.services} - set(self.groups):
            raise ValueError(f"groups that are not listed: {', '.join(sorted(unknown))}")
        return self

    def get(self, code: str | None) -> Service | None:
        return next((one for one in self.services if one.code == code), None)

    def grouped(self) -> list[tuple[Named, list[Service]]]:
        """In the order of the file, for a form."""
        return [(named, [one for one in self.services if one.group == key]) for key, named in self.groups.items()]


def read_catalogue(text: str) -> Catalogue:
    return Catalogue.model_validate(yaml.safe_load(text))


@cache
def catalogue() -> Catalogue:
    """The shipped list."""
    return read_catalogue(FILE.read_text(encoding="utf-8"))
