"""An event is declared once: emitter, subscriber and reference all read the class."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Frozen facts about a change, with ids rather than rows. A change may only add optional fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    subject: ClassVar[str]
